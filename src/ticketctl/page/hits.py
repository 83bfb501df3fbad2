"""What `search` found: each ticket's line, and below it the places with what was found marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from ticketctl.page.safe import escape
from ticketctl.page.table import BOLD, PLAIN, clip, table, width_of
from ticketctl.page.value import Value, ticket_value
from ticketctl.ticket import Ticket

_INDENT = "    "


def hit_value(ticket: Ticket, hits: Sequence[Value], *, places: bool = True, unread: bool = False) -> Value:
    """A ticket with where it was found: `article` (null: the title), `in`, `snippet`, `marks`."""
    value = ticket_value(ticket, unread=unread)
    return {**value, "hits": list(hits)} if places else value


def hits_page(
    tickets: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    width: int,
    color: bool,
    now: datetime,
    zone: tzinfo,
) -> str:
    """A table of tickets with the articles that have what was asked for below each; no tickets, nothing at all."""
    lines = table(tickets, columns, width=width, color=color, now=now, zone=zone).splitlines()
    shown = lines[:1]
    for ticket, line in zip(tickets, lines[1:], strict=True):
        shown.append(line)
        shown += [_place(hit, width, color) for hit in ticket["hits"] if hit["article"] is not None]
    return "".join(f"{line}\n" for line in shown)


def _place(hit: Mapping[str, Any], width: int, color: bool) -> str:
    """An article's address and the line, escaped, in at most `width` cells; marked in bold, or by « »."""
    head = f"{_INDENT}{hit['article']}  "
    line, room = "", max(width - width_of(head), 1)
    for text, marked in _parts(hit["snippet"], hit["marks"], room):
        signs = 2 if marked and not color else 0
        kept = clip(escape(text), max(room - signs, 0))
        room -= width_of(kept) + signs
        if kept:
            line += (f"{BOLD}{kept}{PLAIN}" if color else f"«{kept}»") if marked else kept
        if room <= 0 or kept != escape(text):
            break
    return head + line


def _parts(text: str, marks: Sequence[Sequence[int]], room: int) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and which are marked; from a little before the first mark where that would be cut off."""
    begin = 0
    if marks and width_of(escape(text[: marks[0][1]])) > room - 2:
        begin = max(marks[0][0] - room // 3, 0)
        yield "…", False
    for one, other in marks:
        yield text[begin:one], False
        yield text[one:other], True
        begin = other
    yield text[begin:], False
