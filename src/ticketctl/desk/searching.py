"""`search`: tickets by what was said on them, with the places where it was found."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Literal

from msgspec import Struct

from ticketctl import query
from ticketctl.desk import Desk, Value, unread
from ticketctl.desk.reading import known
from ticketctl.errors import Usage
from ticketctl.page import hit_value
from ticketctl.query import Query, Term
from ticketctl.words import needle

Order = Literal["rank", "newest"]
IN_TEXTS = ("word", "from", "subject")


class Findings(Struct, frozen=True, kw_only=True):
    """Tickets with the key `hits`, whether there are more than were asked for, and the agent's time zone."""

    tickets: list[Value]
    more: bool
    zone: tzinfo
    blind: bool = False  # the agent has no rights on any queue


def search(
    desk: Desk, text: str, *, order: Order = "rank", limit: int | None = None, places: bool = True
) -> Findings:
    """Tickets that match, closed ones too, of all queues that the agent may read. `places`: tell where, too.

    Usage (2) for a query that looks for no word.
    """
    with desk.reading() as view:
        asked = query.parse(text, now=desk.now, zone=view.zone())
        _checked(asked)
        known(view, asked)
        found = view.tx.search(
            asked, queues=view.queues(), agent=view.agent, order=order, places=places,
            limit=None if limit is None else limit + 1,
        )  # fmt: skip
        shown = found if limit is None else found[:limit]
        tickets = [
            hit_value(hit.ticket, [_find(hit.ticket.id, each) for each in hit.finds], places=places,
                      unread=unread(hit.ticket, view.agent))
            for hit in shown
        ]  # fmt: skip
        return Findings(tickets=tickets, more=len(shown) < len(found), zone=view.zone(), blind=not view.queues())


def _find(ticket_id: int, find: Any) -> Value:
    return {
        "article": None if find.n is None else f"{ticket_id}/{find.n}",
        "in": find.where,
        "snippet": find.text,
        "marks": [list(each) for each in find.marks],
    }


def _checked(asked: Query) -> None:
    """Refuses a query without a word, a word without a letter, and the beginning of nearly every word."""
    looking: list[Term] = [term for term in query.terms(asked) if term.field in IN_TEXTS]
    if not looking:
        raise Usage("search wants a word to look for; `ticketctl list` takes a query without one")
    for term in looking:
        for value in map(str, term.values):
            made = needle(value)
            if made is None:
                raise Usage(f"no letter or figure to look for in {value!r}")
            if term.field == "word" and made.begins and len(made.words[-1]) < SHORTEST:
                raise Usage(f"{value!r} is the beginning of too many words: write at least 3 letters before the *")


SHORTEST = 5  # of an index word with a star behind it: what it is, and 3 letters
