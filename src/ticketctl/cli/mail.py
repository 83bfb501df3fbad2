"""`mail`: letters as they were received; those that are held can be placed, tried again, dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ticketctl.cli import completing, output, saving
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family
from ticketctl.cli.words import given
from ticketctl.errors import Refusal, Usage

if TYPE_CHECKING:
    from ticketctl.receive import Received

Value = dict[str, Any]
Became = tuple[Value, str | None]  # a letter as it is now, and why it is held, if it is

VERDICTS = ("new", "follow-up", "held", "dropped")  # of letters that are kept
KINDS = ("personal", "auto", "bounce", "mdn", "feedback", "list", "bulk", "loop")
COLUMNS = ("id", "received", "verdict", "kind", "from", "subject", "number", "article", "rule")

command = Family("mail", help="Letters as they came: see, place, retry, drop those that are held.", examples="""
ticketctl mail list                    what is held
ticketctl mail list --all --since 7d   all of the last week
ticketctl mail explain 12              why
ticketctl mail accept 12 -Q Support    a new ticket made of it
ticketctl mail accept 12 --ticket 17   an article on that ticket
""")  # fmt: skip


@command.word("list")
@click.option("--all", "everything", is_flag=True, help="Every letter ever received, not only those that are held.")
@click.option("--since", metavar="WHEN", help="Received since then: 7d, fri, 'yesterday 14:00', 2026-12-01.")
@click.option("-Q", "--queue", metavar="QUEUE", shell_complete=completing.queues, help="Of this queue.")
@click.option("--verdict", type=click.Choice(VERDICTS), help="What became of it; looks among all.")
@click.option("--kind", type=click.Choice(KINDS), help="Of this kind.")
@click.option("--rule", metavar="RULE", help="Where this row (A5) or rule of the policy fired.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many, the newest.")
def list_(frame: Frame, everything: bool, limit: int | None, **sought: str | None) -> None:
    """List held letters, newest first."""
    from msgspec import structs

    from ticketctl import page
    from ticketctl.desk import mail

    found = frame.do(mail.mails, everything=everything, limit=limit, **sought)
    if found.held and output.form(frame) == "table":  # people want to know why; the machine's object is the contract's
        found = structs.replace(found, mails=[{**each, "held": found.held.get(each["id"])} for each in found.mails])
    columns = page.HELD_COLUMNS if all(each["verdict"] == "held" for each in found.mails) else page.MAIL_COLUMNS
    output.rows(frame, found.mails, columns=COLUMNS, table=columns, zone=found.zone)
    asked = everything or sought["verdict"] is not None or not any(sought.values())
    if not found.mails and not asked:
        output.remark(frame, "no such letter is held; --all looks among every letter ever received")


@command.word("show")
@click.argument("mail")
@click.option("--raw", is_flag=True, help="The bytes exactly as they came.")
def show(frame: Frame, mail: str, raw: bool) -> None:
    """Show a letter, by id or <message-id>, and what became of it."""
    from ticketctl.desk import mail as letters
    from ticketctl.desk.reading import File

    if raw:
        content = frame.do(letters.raw, mail)
        saving.to_stdout(File(name="mail.eml", content_type="message/rfc822", content=content), force_text=True)
        return
    value, held, zone = frame.do(letters.mail, mail)
    told = {**value, "why": None, **({"held": held} if held else {})}
    reasons = output.reasons(value["why"], wide=max(map(len, value)))
    output.one(frame, value, lambda: output.fields(told, zone) + reasons, key="id")


@command.word("explain")
@click.argument("mail")
def explain(frame: Frame, mail: str) -> None:
    """Tell the story of a letter: how it came, what was tried, found and decided."""
    from ticketctl import page
    from ticketctl.desk import telling

    told = frame.do(telling.explained, mail)
    output.one(frame, told.value, lambda: page.story_page(told.value["steps"], told.end), key="id")
    if told.twins:
        others = ", ".join(map(str, told.twins[:10]))
        output.remark(frame, f"this is mail {told.value['id']}; the same Message-ID have: {others}")


@command.word("retry", changes=True)
@click.argument("mails", nargs=-1, required=True, metavar="MAIL...")
def retry(frame: Frame, mails: tuple[str, ...]) -> int:
    """Let held letters go through intake once more, as if they came today."""
    from ticketctl import receive
    from ticketctl.desk import mail

    def again(word: str) -> Became:
        number, actor = frame.do(mail.may_place, word)
        return _became(frame, number, receive.retry(frame.store, number, frame.now, actor.name))

    return _each(frame, given(mails), again)


@command.word("accept", changes=True)
@click.argument("mail")
@click.option("-Q", "--queue", metavar="QUEUE", shell_complete=completing.queues,
              help="Make it a new ticket there.")  # fmt: skip
@click.option("--ticket", metavar="TICKET", help="Make it an article on that ticket.")
def accept(frame: Frame, mail: str, queue: str | None, ticket: str | None) -> int:
    """Place a held letter by hand."""
    from ticketctl import receive
    from ticketctl.desk import mail as letters

    if (queue is None) == (ticket is None):
        raise Usage("where to? either -Q QUEUE or --ticket TICKET")

    def place(word: str) -> Became:
        number, actor = frame.do(letters.may_place, word)
        goal = frame.do(letters.ticket_id, ticket) if ticket is not None else None
        if queue is not None:
            frame.do(letters.queue, queue)
        placed = receive.accept(frame.store, number, queue=queue, ticket=goal, actor=actor, now=frame.now)
        return _became(frame, number, placed)

    return _each(frame, [mail], place)


@command.word("drop", changes=True)
@click.argument("mails", nargs=-1, required=True, metavar="MAIL...")
def drop(frame: Frame, mails: tuple[str, ...]) -> int:
    """Drop held letters: no longer shown as held, their bytes stay (mail list --all)."""
    from ticketctl.desk import mail

    return _each(frame, given(mails), lambda word: (frame.do(mail.drop, word), None))


def _became(frame: Frame, number: int, received: Received) -> Became:
    """A letter as it is now; in a rehearsal, as it would be."""
    from ticketctl.desk import mail

    value, held, _ = frame.do(mail.mail, str(number))
    article = f"{received.ticket}/{received.n}" if received.n is not None else None
    now = {**value, "verdict": received.decision.verdict, "number": received.number, "article": article}
    return now, held if received.decision.verdict == "held" else None


def _each(frame: Frame, words: Sequence[str], act: Callable[[str], Became]) -> int:
    """Every letter by itself, as it is then; gives the exit status of those that were refused."""
    refused: list[Refusal] = []
    became: list[Became] = []
    for each in words:
        try:
            became.append(act(each))
        except Refusal as refusal:
            refused.append(refusal)
    _print(frame, became)
    return output.refused(frame, refused)


def _print(frame: Frame, became: list[Became]) -> None:
    """Letters as they are now: a line each, with the reason of those that are held still."""
    values = [value for value, _ in became]
    if frame.options.quiet and frame.options.output in (None, "table"):
        return
    values = [{**value, "dry_run": True} for value in values] if frame.options.dry_run else values
    chosen = output.form(frame, otherwise="table")
    if not output.machine(frame, values, chosen, columns=COLUMNS, key="id"):
        tried = "would be " if frame.options.dry_run else ""
        output.lines(
            f"mail {value['id']} {tried}{value['verdict']}"
            + (f", article {value['article']} of {value['number']}" if value["article"] else "")
            + (f": {held}" if held else "")
            for value, (_, held) in zip(values, became, strict=True)
        )
