"""`policy check` with mail: the rules tried on mails at hand, the last letters decided again under another policy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Command
from ticketctl.errors import NotThere, Usage

if TYPE_CHECKING:
    from datetime import tzinfo

    from ticketctl.intake import Envelope
    from ticketctl.policy import Policy
    from ticketctl.receive.replaying import Otherwise
    from ticketctl.receive.trial import Trial

Value = dict[str, Any]
TRIAL = ("mail", "kind", "verdict", "queue", "rules")
REPLAY = ("id", "received", "from", "subject", "differs")
_BOX = b"From "


class Check(Command):
    """`--mail` takes every word up to the next option, as a shell gives them for `--mail *.eml`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args))


def spread(args: Sequence[str]) -> list[str]:
    """The words with a --mail in front of each that one --mail stands for."""
    found: list[str] = []
    several = False
    for n, word in enumerate(args):
        if word == "--":
            return [*found, *args[n:]]
        option = word.startswith("-") and word != "-"
        if several and not option and args[n - 1] != "--mail":
            found.append("--mail")
        several = word == "--mail" or (several and not option)
        found.append(word)
    return found


# -- mails at hand ----------------------------------------------------------------------------------------------


def on_mails(frame: Frame, policy: Policy, paths: Sequence[str], envelope: Envelope) -> None:
    """Prints for each mail which rules fire, and what would become of it."""
    from ticketctl.receive.trial import trial

    chosen = output.form(frame, otherwise="table")
    values = (trial_value(name, trial(raw, envelope, policy, frame.now), policy) for name, raw in mails(paths))
    _each(frame, values, chosen, TRIAL, lambda value: _trial_text(value, everything=frame.options.verbose))


def mails(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each mail with its name: of a file, of a Maildir or another folder, of a box in mbox form, of stdin. Raises
    NotThere."""
    for path in paths:
        if path == "-":
            yield "-", sys.stdin.buffer.read()
        elif os.path.isdir(path):
            for file in _folder(path):
                yield file, _bytes(file)
        else:
            yield from _file(path)


def _folder(path: str) -> list[str]:
    """The files of a folder; of a Maildir those in new and cur."""
    kept = [inner for name in ("new", "cur") if os.path.isdir(inner := os.path.join(path, name))]
    found = [os.path.join(folder, name) for folder in kept or [path] for name in sorted(os.listdir(folder))]
    return [file for file in found if os.path.isfile(file) and not os.path.basename(file).startswith(".")]


def _file(path: str) -> Iterator[tuple[str, bytes]]:
    with _opened(path) as opened:
        box = opened.read(len(_BOX)) == _BOX
    if not box:
        yield path, _bytes(path)
        return
    import mailbox
    from contextlib import closing

    with closing(mailbox.mbox(path, create=False)) as letters:
        for n, key in enumerate(letters.iterkeys(), 1):
            yield f"{path}:{n}", letters.get_bytes(key, from_=True)


def _bytes(path: str) -> bytes:
    with _opened(path) as opened:
        content: bytes = opened.read()
    return content


def _opened(path: str) -> Any:
    try:
        return open(path, "rb")
    except OSError as why:
        raise NotThere(f"{path}: cannot be read: {why.strerror}") from None


def trial_value(name: str, tried: Trial, policy: Policy) -> Value:
    letter, decision = tried.letter, tried.decision
    opening = decision.opening
    return {
        "mail": name,
        "message_id": letter.message_id,
        "from": {"address": letter.author.address, "name": letter.author.name},
        "subject": letter.subject,
        "kind": decision.kind.value,
        "verdict": decision.verdict,
        "queue": decision.queue,
        "title": opening.title if opening else None,
        "priority": opening.priority.value if opening else None,
        "state": opening.state.value if opening else None,
        "external": tried.ruled.ticket,
        "rules": tried.rules(policy),
        "why": list(decision.why),
    }


def _trial_text(value: Value, *, everything: bool) -> Iterator[str]:
    from ticketctl.intake.wishes import told

    yield f"{value['mail']}: {value['kind']}, from {value['from']['address'] or 'nobody'}, {value['subject']!r}"
    for rule in value["rules"]:
        if rule["fires"]:
            yield f"  rule {rule['name']} fires: {told(rule['set'])}"
            yield from (f"    {each}" for each in rule["passed_over"])
        elif everything:
            yield f"  rule {rule['name']} " + ("is not tried" if rule["fires"] is None else "does not fire")
    if everything:
        yield from (f"  {n:2} {each}" for n, each in enumerate(value["why"], 1))
    yield f"  => {value['verdict']}, queue {value['queue']}" + (
        f", title {value['title']!r}, priority {value['priority']}, state {value['state']}" if value["title"] else ""
    )


# -- letters of the last days -----------------------------------------------------------------------------------


def replayed(frame: Frame, policy: Policy, span: str) -> None:
    """Prints the letters of that time that would fare otherwise under the policy. Raises NotAllowed, Usage."""
    from ticketctl.desk import governing
    from ticketctl.query.when import duration
    from ticketctl.receive.replaying import replay

    back = duration(span)
    if back is None:
        raise Usage(f"--replay {span}: write a duration, like 7d or 12h")
    zone = frame.do(governing.may_replay)
    chosen, count = output.form(frame, otherwise="table"), Count(frame)
    found = (otherwise_value(each) for each in replay(frame.store, policy, frame.now - back, count.decided))
    _each(frame, count.passing(found), chosen, REPLAY,
          lambda value: _otherwise_text(value, zone, everything=frame.options.verbose))  # fmt: skip
    output.remark(frame, f"{count.otherwise} of {count.done} letters would fare otherwise")


class Count:
    """How many were decided, told on a terminal, and how many would fare otherwise."""

    def __init__(self, frame: Frame) -> None:
        self.tells = sys.stderr.isatty() and not frame.options.quiet
        self.done = self.otherwise = 0

    def decided(self, done: int) -> None:
        self.done = done
        if self.tells:
            sys.stderr.write(f"\r{done} letters\r")
            sys.stderr.flush()

    def passing(self, values: Iterator[Value]) -> Iterator[Value]:
        for value in values:
            self.otherwise += 1
            yield value


def otherwise_value(found: Otherwise) -> Value:
    from ticketctl.page import moment

    letter = found.letter
    return {
        "id": letter.id,
        "received": moment(letter.received),
        "message_id": letter.message_id,
        "from": {"address": letter.author.address, "name": letter.author.name},
        "subject": letter.subject,
        "number": letter.number,
        "differs": list(found.would),
        "was": found.was,
        "would": found.would,
        "why": list(found.why),
    }


def _otherwise_text(value: Value, zone: tzinfo, *, everything: bool) -> Iterator[str]:
    from ticketctl.page.machine import plain
    from ticketctl.page.table import local

    author = value["from"]["address"] or "nobody"
    yield f"mail {value['id']}  {local(value['received'], zone)}  {author}  {value['subject']!r}"
    for key in value["differs"]:
        before, after = (plain(value[side][key]) or "none" for side in ("was", "would"))
        yield f"  {key}: {before} -> {after}"
    if everything:
        yield from (f"  {n:2} {each}" for n, each in enumerate(value["why"], 1))


def _each(
    frame: Frame, values: Iterator[Value], chosen: str, columns: Sequence[str], text: Callable[[Value], Iterator[str]]
) -> None:
    """Each value as it comes; an array of JSON alone is made whole first."""
    if chosen == "json":
        output.machine(frame, list(values), chosen, columns=columns)
        return
    header = frame.options.header
    for value in values:
        shown = {**value, "rules": _names(value["rules"])} if chosen == "tsv" and "rules" in value else value
        if not output.machine(frame, [shown], chosen, columns=columns, key=columns[0]):
            output.lines(text(value))
        frame.options.header = False
    frame.options.header = header


def _names(rules: list[Value]) -> list[str]:
    return [rule["name"] for rule in rules if rule["fires"]]
