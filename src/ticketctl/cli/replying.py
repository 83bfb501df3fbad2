"""What `reply` asks between lock and commit: the text, the review, what to do about news; and what it keeps of a text
that could not be stored."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ticketctl.cli import editor, output, saving
from ticketctl.errors import GivenUp, NotThere, Refusal, TryAgain, Usage

if TYPE_CHECKING:
    from ticketctl.cli.frame import Frame

Value = dict[str, Any]
Files = list[tuple[str, str, bytes]]


def reply(frame: Frame, word: str, given: Mapping[str, Any]) -> Value:
    """The reply, done; what was locked for it is given back where it comes to nothing."""
    from ticketctl.desk import answering

    files = [attachment(path) for path in given["attach"]]
    said = editor.optional(frame, given["message"], given["file"], words=[word], empty=given["edit"])
    opens = _opens(frame, given, said)
    wish = answering.Wish(
        template=given["template"], text=said or "", to=given["to"], cc=given["cc"], bcc=given["bcc"],
        keep_cc=not given["no_cc"], quote=not given["no_quote"], if_version=given["if_version"],
        until=given["pend"], files=tuple((name, kind) for name, kind, _ in files),
    )  # fmt: skip
    begun = frame.do(answering.begin, word, wish)
    number = begun["ticket"]["number"]
    draft = begun["draft"]
    untouched = draft["body"]
    for text in undelivered(begun):
        output.warn(text)
    try:
        if opens:
            _edit(frame, begun, draft, given)
        if frame.interactive and begun["confirm"] and not frame.options.yes:
            _review(frame, begun, draft, files)
        return _commit(frame, number, begun, files, given)
    except BaseException as trouble:
        path = _kept(draft["body"], untouched, said, trouble)
        _give_back(frame, number, begun)
        if path is not None:
            output.warn(f"the text is kept in {path}")
        raise


def _opens(frame: Frame, given: Mapping[str, Any], said: str | None) -> bool:
    """Does the editor open? Raises Usage (2) where there is no text and no terminal."""
    if given["edit"]:
        if not frame.interactive:
            raise Usage("-e wants a terminal")
        return True
    if said is not None or (given["template"] is not None and (frame.options.yes or not frame.interactive)):
        return False
    if not frame.interactive:
        raise Usage("no text: give -m TEXT, -F FILE (- is stdin) or -t TEMPLATE; without a terminal no editor opens")
    return True


def _edit(frame: Frame, begun: Value, draft: Value, given: Mapping[str, Any]) -> None:
    """The draft in the editor. What comes back as it was says nothing, unless a template or -m said something."""
    comment = [f"An answer to ticket {begun['ticket']['number']}: {begun['ticket']['title']}", *head(draft)]
    comment += undelivered(begun)
    before = draft["body"]
    draft["body"] = editor.edited(frame, before, comment)
    empty = given["template"] is None and given["message"] is None and given["file"] is None
    if not draft["body"].strip() or (empty and draft["body"].strip() == before.strip()):
        raise GivenUp("given up: nothing was written")


def show(draft: Value, attached: Sequence[str]) -> None:
    """What would be sent: headers, attachments, the text."""
    output.lines([*head(draft), *(f"Attached: {os.path.basename(path)}" for path in attached), ""])
    output.lines([*draft["body"].rstrip("\n").split("\n"), ""])


def undelivered(begun: Value) -> list[str]:
    """What is to be known before one writes: to whom mail came back for good."""
    return [
        f"mail to {each['recipient']} came back: {each['code']}, {each['at']}; it may come back again"
        for each in begun["undelivered"]
    ]


def head(draft: Value) -> list[str]:
    from ticketctl.page.thread import person

    lines = [f"From: {person(draft['from'])}"]
    lines += [f"{name.title()}: {', '.join(map(person, draft[name]))}" for name in ("to", "cc", "bcc") if draft[name]]
    return [*lines, f"Subject: {draft['subject']}"]


def _review(frame: Frame, begun: Value, draft: Value, files: Files) -> None:
    """Headers, attachments, `Send?`; yes goes on, edit and attach come back here, quit gives up (130)."""
    import click

    while True:
        output.lines(["", *head(draft), *(f"Attached: {name} ({len(content)} bytes)" for name, _, content in files)])
        answer = click.prompt("Send? [y]es [e]dit [a]ttach [q]uit", default="y", show_default=False, err=True)
        match answer.strip().lower()[:1]:
            case "y":
                return
            case "e":
                draft["body"] = editor.edited(frame, draft["body"], head(draft))
                if not draft["body"].strip():
                    raise GivenUp("given up: nothing was written")
            case "a":
                try:
                    files.append(attachment(click.prompt("File", err=True)))
                except Refusal as refusal:
                    output.warn(refusal.message)
            case "q":
                raise GivenUp(f"given up: nothing was sent on ticket {begun['ticket']['number']}")


def _commit(frame: Frame, number: str, begun: Value, files: Files, given: Mapping[str, Any]) -> Value:
    """All of it in one transaction; an article that came meanwhile is shown and asked about."""
    from ticketctl.desk import answering

    state = "closed successful" if given["close"] else "closed unsuccessful" if given["close_unsuccessful"] else None
    state = given["state"] or state
    seen: int | None = begun["seen"]
    while True:
        done = frame.do(
            answering.commit, number, begun["draft"], attachments=files, state=state, until=given["pend"], seen=seen
        )
        if not done["meanwhile"]:
            return {**done, "draft": begun["draft"], "undelivered": begun["undelivered"]}
        _meanwhile(frame, number, done["meanwhile"], given["if_version"] is not None)
        seen = None


def _meanwhile(frame: Frame, number: str, news: list[Value], strict: bool) -> None:
    """Raises TryAgain (75) with --if-version, GivenUp (130) for a no."""
    if strict:
        raise TryAgain(f"ticket {number}: another article came meanwhile", ticket=number)
    for article in news:
        who = article["from"]["name"] or article["from"]["address"] or "somebody"
        output.warn(f"ticket {number}: article {article['n']} by {who} came meanwhile")
    if not frame.interactive or frame.options.yes:
        return
    for article in news:
        output.lines(article["body"].splitlines())
    import click

    if not click.confirm("Send all the same?", default=False, err=True):
        raise GivenUp("given up: nothing was sent")


def attachment(path: str) -> tuple[str, str, bytes]:
    """Name, type and bytes of a file. NotThere (66) where it cannot be read."""
    import mimetypes

    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as why:
        raise NotThere(f"{path}: cannot be read: {why.strerror}") from None
    kind, encoding = mimetypes.guess_type(path)
    name = os.path.basename(path).encode("utf-8", "replace").decode()
    return name, kind if kind and not encoding else "application/octet-stream", content


def _kept(body: str, untouched: str, said: str | None, trouble: BaseException) -> str | None:
    """A text that could not be stored is kept in a file; gives its path. One that was given up (by a `no`, by the end
    of the terminal) is kept where it was written in the editor, and stands nowhere else."""
    given_up = isinstance(trouble, GivenUp) or not isinstance(trouble, Exception)
    if not body.strip() or (body.strip() == untouched.strip() and (given_up or not said)):
        return None
    return saving.draft(body)


def _give_back(frame: Frame, number: str, begun: Value) -> None:
    """Lock and owner as they were, if this command took them."""
    from ticketctl.desk import answering

    if begun["before"] is None or frame.options.dry_run:
        return
    try:
        frame.do(answering.give_back, number, begun["before"])
    except Refusal as refusal:
        output.warn(f"ticket {number} stays locked: {refusal.message}")
