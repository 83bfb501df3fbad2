"""Tickets as they were when a letter came: folded from the history up to then, as `show --at` would have them."""

from __future__ import annotations

from sqlalchemy import Connection

from ticketctl.change import ArticleAdded, fold
from ticketctl.store import rows
from ticketctl.store import tables as t
from ticketctl.store.value import Entry, LetterRow
from ticketctl.ticket import Ticket


def tickets(connection: Connection, found: dict[int, Ticket], letter: LetterRow) -> dict[int, Ticket]:
    """Those that were there, as they were; not the one that the letter itself opened."""
    then: dict[int, Ticket] = {}
    for ticket_id in found:
        c = t.history.c
        entries = connection.execute(rows.HISTORY.where(c.ticket_id == ticket_id).order_by(c.version))
        before = _before([rows.entry_of(row) for row in entries], letter)
        ticket = fold((entry.change, entry.at) for entry in before)
        if ticket is not None and not _own(ticket, letter):
            then[ticket_id] = ticket
    return then


def _before(entries: list[Entry], letter: LetterRow) -> list[Entry]:
    """What had happened: nothing from the letter's own article on, nothing that happened later."""
    before = []
    for entry in entries:
        own = letter.ticket == entry.ticket and isinstance(entry.change, ArticleAdded) and entry.change.n == letter.n
        if own or entry.at > letter.received:
            break
        before.append(entry)
    return before


def _own(ticket: Ticket, letter: LetterRow) -> bool:
    """Was the ticket opened by this letter?"""
    return ticket.id == letter.ticket and ticket.articles == 0
