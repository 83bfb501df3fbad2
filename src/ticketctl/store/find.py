"""The query tree as a condition on a row of `ticket`; `walk` and `seek` make cheap pages of it.

Terms that look into texts are `fulltext`'s, which makes ids or conditions of them first.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, assert_never

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, true

from ticketctl.query import ME, NOBODY, And, Not, Or, Query, Span, Term
from ticketctl.store import fulltext
from ticketctl.store import tables as t
from ticketctl.store.rows import LIVE, address_key, domain_key
from ticketctl.store.value import Sort
from ticketctl.ticket import Priority, State, StateType

Where = ColumnElement[bool]
EVERY: Query = And(())
class Page(Struct, frozen=True, kw_only=True):
    """Which tickets, and how many of them: what `Reader.find` was asked.

    `queues`: those that the agent may read, None for all. `agent` is who `owner:me` means. `readable`: where a ticket
    that the query names (`customer:of:17`) may be, if that is more than `queues`.
    """

    query: Query = EVERY
    queues: Collection[str] | None = None
    readable: Collection[str] | None = None
    agent: str | None = None
    sort: Sort = "created"
    reverse: bool = False
    limit: int | None = None
    offset: int = 0


def condition(query: Query, agent: str | None) -> Where:
    """The tree as a condition on a row of `ticket`."""
    match query:
        case And(parts=parts):
            return and_(true(), *(condition(part, agent) for part in parts))
        case Or(parts=parts):
            return or_(false(), *(condition(part, agent) for part in parts))
        case Not(part=part):
            # a column may be unknown: what is not known to be so, is not so
            return not_(func.coalesce(condition(part, agent), false()))
        case Term():
            return or_(false(), *_term(query, agent))
        case _:
            assert_never(query)


def _term(term: Term, agent: str | None) -> list[Where]:
    c = t.ticket.c
    match term.field:
        case "state":
            return [c.state.in_([str(value) for value in term.values])]
        case "priority":
            return [c.priority_rank.in_([Priority(str(value)).rank for value in term.values])]
        case "type":
            states = [StateType(str(value)) for value in term.values]
            if set(states) == set(LIVE):
                return [c.live == true()]
            return [c.state.in_([state.value for state in State if state.type in states])]
        case "lock":
            return [c.locked == (value == "locked") for value in term.values]
        case "waiting":
            return [c.waiting_on.in_([str(value) for value in term.values])]
        case "kind":
            kinds = t.article.c.kind.in_([str(value) for value in term.values])
            return [exists().where(t.article.c.ticket_id == c.id, kinds)]
        case "id":
            return [fulltext.inlined(c.id, [int(str(value)) for value in term.values])]
        case _:
            return [_value(term.field, value, agent) for value in term.values]


def _value(field: str, value: object, agent: str | None) -> Where:
    c, text = t.ticket.c, str(value)
    match field:
        case "queue":
            return _queue(text)
        case "owner":
            owner = agent if text == ME else text
            return c.owner.is_(None) if text == NOBODY or owner is None else c.owner == owner
        case "customer":
            return _customer(text)  # `seek` has put an address for a ticket's
        case "has":
            assert isinstance(value, fulltext.Lookup)
            return fulltext.on_row(value)
        case "tag":
            return exists().where(t.tag.c.ticket_id == c.id, t.tag.c.tag == text)
        case "created" | "changed" | "due":
            return span(c[field], value)
        case "number":
            return c.number == text
        case _:
            raise ValueError(f"no such term: {field}; `fulltext.resolved` takes those that look into texts")


def _queue(name: str) -> Where:
    c = t.ticket.c.queue
    if name.endswith("::"):
        return or_(c == name[:-2], func.substr(c, 1, len(name)) == name)
    return c == name


def _customer(text: str) -> Where:
    c = t.ticket.c
    if text.startswith("@"):
        return c.customer_domain == domain_key(text)
    return c.customer_key == address_key(text)


def span(column: ColumnElement[Any], value: object) -> Where:
    assert isinstance(value, Span)
    bounds: list[Where] = [column.is_not(None)]
    if value.since is not None:
        bounds.append(column >= value.since)
    if value.until is not None:
        bounds.append(column < value.until)
    return and_(*bounds)


def readable(queues: Collection[str] | None) -> Where:
    return true() if queues is None else t.ticket.c.queue.in_(sorted(queues))
