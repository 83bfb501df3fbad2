"""Results to stdout in the form that was asked for, remarks and refusals to stderr; nothing in them acts on a
terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ticketctl.cli import terminal
from ticketctl.errors import Refusal, Usage, worst

if TYPE_CHECKING:
    from datetime import tzinfo

    from ticketctl.cli.frame import Frame
    from ticketctl.desk import Outcome

BLIND = "you have no rights on any queue"  # why a list is empty

Value = dict[str, Any]
Rows = Sequence[Value]


def form(frame: Frame, *, otherwise: str | None = None) -> str:
    """The form to print: the one asked for; else `otherwise`, or a table on a terminal and TSV in a pipe."""
    chosen = frame.options.output or otherwise or ("table" if sys.stdout.isatty() else "tsv")
    if frame.options.null and chosen != "ids":
        raise Usage("-0 goes with -o ids")
    return chosen


def machine(frame: Frame, values: Rows, chosen: str, *, columns: Sequence[str], key: str = "number") -> bool:
    """Prints rows as JSON, JSON lines, TSV or ids; False for a form that people read."""
    from ticketctl import page

    match chosen:
        case "json":
            sys.stdout.write(page.json_(list(values)) + "\n")
        case "jsonl":
            sys.stdout.write(page.jsonl(values))
        case "tsv":
            sys.stdout.write(page.tsv(values, columns, header=frame.options.header))
        case "ids":
            named = [{"number": value[key]} for value in values if value[key] is not None]
            sys.stdout.write(page.ids(named, nul=frame.options.null))
        case _:
            return False
    return True


def rows(
    frame: Frame,
    values: Rows,
    *,
    columns: Sequence[str],
    table: Sequence[str] | None = None,
    key: str = "id",
    zone: tzinfo | None = None,
) -> None:
    """A list: a table on a terminal, TSV in a pipe, or as asked. `key` is what `-o ids` prints."""
    if machine(frame, values, form(frame), columns=columns, key=key):
        return
    from datetime import UTC

    from ticketctl import page

    sys.stdout.write(
        page.table(values, table or columns, width=terminal.width(), color=terminal.color(frame), now=frame.now,
                   zone=zone or UTC)
    )  # fmt: skip


def one(frame: Frame, value: Value, text: Callable[[], str], *, key: str = "number") -> None:
    """A single thing: JSON as an object, ids as its number or name, else a page of text."""
    from ticketctl import page

    chosen = form(frame, otherwise="table")
    match chosen:
        case "json":
            sys.stdout.write(page.json_(value) + "\n")
        case "jsonl":
            sys.stdout.write(page.jsonl([value]))
        case "ids":
            sys.stdout.write(page.ids([{"number": value[key]}], nul=frame.options.null))
        case "tsv":
            sys.stdout.write(page.tsv([value], tuple(value), header=frame.options.header))
        case _:
            terminal.page(frame, text())


def fields(value: Value, zone: tzinfo) -> str:
    """A value as lines of `key  what`, for people: times in the agent's zone."""
    from ticketctl.page import escape
    from ticketctl.page.table import shown

    wide = max(map(len, value), default=0)
    return "".join(
        f"{key.replace('_', ' '):<{wide}}  {escape(shown(key, content, zone=zone))}\n"
        for key, content in value.items()
        if content not in (None, [], {})
    )


def reasons(why: Sequence[str], *, wide: int) -> str:
    """Reasons below `fields`, a line each."""
    from ticketctl.page import escape

    return "".join(f"{'' if n else 'why':<{wide}}  {escape(each)}\n" for n, each in enumerate(why))


def changed(frame: Frame, outcome: Outcome, *also: str) -> int:
    """What a verb did to tickets: a line each (`also`: keys that it tells besides), remarks, refusals; gives the exit
    status."""
    tickets(frame, outcome.done, *also)
    for each in outcome.remarks:
        remark(frame, each)
    return refused(frame, outcome.refused)


def tickets(frame: Frame, values: Rows, *also: str) -> None:
    """Tickets as they are now, after a change; with --quiet only in a form that was asked for by a program."""
    from ticketctl import page

    if frame.options.quiet and frame.options.output in (None, "table"):
        return
    if not machine(frame, values, form(frame, otherwise="table"), columns=page.TSV_COLUMNS):
        for value in values:
            sys.stdout.write(page.change_line(value, *also))


def refused(frame: Frame, refusals: list[Refusal]) -> int:
    """Says each refusal once, and gives the status of them all."""
    said = set()
    for refusal in refusals:
        key = (refusal.message, refusal.ticket)
        if key not in said:
            complain(frame, refusal)
        said.add(key)
    return worst(refusals)


def complain(frame: Frame, refusal: Refusal) -> None:
    """A refusal on stderr: a line for people, the contract's error object where JSON was asked for."""
    from ticketctl import page

    _after_results()
    if frame.form in ("json", "jsonl"):
        say(page.jsonl([refusal.as_value()]))
    else:
        say(f"ticketctl: {page.escape(refusal.message, lines=True)}\n")


def remark(frame: Frame, text: str) -> None:
    """What an agent may like to know, on stderr; not with --quiet."""
    if frame.options.quiet:
        return
    from ticketctl.page import escape

    _after_results()
    say(f"ticketctl: {escape(text)}\n")


def warn(text: str) -> None:
    """What an agent must know, on stderr, also with --quiet."""
    from ticketctl.page import escape

    _after_results()
    say(f"ticketctl: {escape(text, lines=True)}\n")


def lines(texts: Iterable[str]) -> None:
    """Lines of our own making, text from outside in them escaped."""
    from ticketctl.page import escape

    sys.stdout.write("".join(f"{escape(text)}\n" for text in texts))


def say(text: str) -> None:
    """To stderr. Where nobody can be told (it is full, its reader went away), the status still tells."""
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _after_results() -> None:
    """stdout first: on a terminal both streams are one."""
    sys.stdout.flush()
