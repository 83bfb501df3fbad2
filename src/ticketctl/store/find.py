"""The query tree as SQL, and lists that cost what they show, not what the desk holds.

A page of a list in the order of creation is made of one short walk of an index for each queue (`live, queue, created,
id`), each cut at the limit, then merged: ten thousand open tickets cost no more than fifty.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, assert_never

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Select, and_, exists, false, func, not_, or_, select, true, union_all

from ticketctl.query import ME, NOBODY, And, Not, Or, Query, Span, Term, TicketRef
from ticketctl.store import tables as t
from ticketctl.store.rows import LIVE, TICKET, address_key
from ticketctl.store.value import Sort
from ticketctl.ticket import State, StateType

Where = ColumnElement[bool]
EVERY: Query = And(())
_WALKS = 40  # more queues than that, and one sorted select is cheaper
_SMALL = ("owner", "customer", "id", "number")  # terms whose own index is the better way in
_ORDER: dict[str, Column[Any]] = {
    "created": t.ticket.c.created,
    "changed": t.ticket.c.changed,
    "due": t.ticket.c.due,
    "priority": t.ticket.c.priority_rank,
    "number": t.ticket.c.number,
    "title": t.ticket.c.title_fold,
    "queue": t.ticket.c.queue,
    "state": t.ticket.c.state,
    "owner": t.ticket.c.owner,
    "customer": t.ticket.c.customer_key,
}


class Page(Struct, frozen=True, kw_only=True):
    """Which tickets, and how many of them: what `Reader.find` was asked.

    `queues`: those that the agent may read, None for all. `agent` is who `owner:me` means.
    `after`: created and id of the last ticket of the page before (sort `created` alone).
    """

    query: Query = EVERY
    queues: Collection[str] | None = None
    agent: str | None = None
    sort: Sort = "created"
    reverse: bool = False
    limit: int | None = None
    offset: int = 0
    after: tuple[datetime, int] | None = None


def page(asked: Page) -> Select[Any]:
    """The select that gives a page of tickets, as rows of TICKET."""
    where = condition(asked.query, asked.agent)
    if asked.after is not None:
        created, last = asked.after
        c = t.ticket.c
        later = c.created < created if asked.reverse else c.created > created
        beside = c.id < last if asked.reverse else c.id > last
        where = and_(where, or_(later, and_(c.created == created, beside)))
    walks = _walks(asked)
    if walks is None:
        found = _ordered(TICKET.where(where, _readable(asked.queues)), asked)
        return _cut(found, asked)
    deep = None if asked.limit is None else asked.limit + asked.offset
    short = [
        _ordered(select(t.ticket.c.id).where(t.ticket.c.live == live, t.ticket.c.queue == queue, where), asked)
        .limit(deep)
        .subquery()
        for live, queue in walks
    ]
    ids = union_all(*(select(each.c.id) for each in short)) if len(short) > 1 else select(short[0].c.id)
    return _cut(_ordered(TICKET.where(t.ticket.c.id.in_(ids)), asked), asked)


def number_of(asked: Page) -> Select[Any]:
    """The select that counts them, limit and offset aside."""
    where = condition(asked.query, asked.agent)
    return select(func.count()).select_from(t.ticket).where(where, _readable(asked.queues))


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
        case "state" | "priority":
            return [c[term.field].in_([str(value) for value in term.values])]
        case "type":
            states = [StateType(str(value)) for value in term.values]
            live = {state in LIVE for state in states}
            kinds = c.state_type.in_([state.value for state in states])
            if live == {True} and set(states) == set(LIVE):
                return [c.live == true()]
            return [and_(c.live == live.pop(), kinds) if len(live) == 1 else kinds]
        case "lock":
            return [c.locked == (value == "locked") for value in term.values]
        case "waiting":
            return [c.waiting_on.in_([str(value) for value in term.values])]
        case "kind":
            kinds = t.article.c.kind.in_([str(value) for value in term.values])
            return [exists().where(t.article.c.ticket_id == c.id, kinds)]
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
            return _customer(value)
        case "from" | "subject":
            column = t.article.c.author_fold if field == "from" else t.article.c.subject_fold
            return exists().where(t.article.c.ticket_id == c.id, column.contains(text.casefold(), autoescape=True))
        case "tag":
            return c.tags.contains(f'"{text}"', autoescape=True)
        case "created" | "changed" | "due":
            return _span(c[field], value)
        case "id":
            return c.id == int(text)
        case "number":
            return c.number == text
        case "word":
            return _word(text)
        case _:
            raise ValueError(f"no such term: {field}")


def _queue(name: str) -> Where:
    c = t.ticket.c.queue
    if name.endswith("::"):
        return or_(c == name[:-2], func.substr(c, 1, len(name)) == name)
    return c == name


def _customer(value: object) -> Where:
    c = t.ticket.c
    if isinstance(value, TicketRef):
        other = t.ticket.alias()
        named = other.c.id == value.id if value.number is None else other.c.number == value.number
        if value.number is not None and value.id is not None:
            named = or_(named, other.c.id == value.id)
        return c.customer_key.in_(select(other.c.customer_key).where(named))
    text = str(value)
    if text.startswith("@"):
        return c.customer_key.endswith(text.lower(), autoescape=True)
    return c.customer_key == address_key(text)


def _span(column: ColumnElement[Any], value: object) -> Where:
    assert isinstance(value, Span)
    bounds: list[Where] = [column.is_not(None)]
    if value.since is not None:
        bounds.append(column >= value.since)
    if value.until is not None:
        bounds.append(column < value.until)
    return and_(*bounds)


def _word(text: str) -> Where:
    c = t.ticket.c
    ways = [c.title_fold.contains(text.casefold(), autoescape=True)]
    digits = text.removeprefix("#")
    if digits.isascii() and digits.isdigit():
        ways.append(c.number == digits)
        if len(digits) < 10:
            ways.append(c.id == int(digits))
    return or_(*ways)


def _readable(queues: Collection[str] | None) -> Where:
    return true() if queues is None else t.ticket.c.queue.in_(sorted(queues))


def _ordered(found: Select[Any], asked: Page) -> Select[Any]:
    column, last = _ORDER[asked.sort], t.ticket.c.id
    missing = column.is_(None).asc() if column.nullable else None
    keys = [column.desc(), last.desc()] if asked.reverse else [column.asc(), last.asc()]
    return found.order_by(*([missing] if missing is not None else []), *keys)


def _cut(found: Select[Any], asked: Page) -> Select[Any]:
    if asked.limit is not None:
        found = found.limit(asked.limit)
    return found.offset(asked.offset) if asked.offset else found


def _walks(asked: Page) -> list[tuple[bool, str]] | None:
    """The pairs of `live` and queue to walk, None where another way in is better."""
    if asked.sort != "created" or asked.limit is None:
        return None
    terms = [part for part in _parts(asked.query) if isinstance(part, Term)]
    if any(term.field in _SMALL for term in terms):
        return None
    queues, lives = asked.queues, {True, False}
    for term in terms:
        if term.field == "queue":
            queues = _narrowed(queues, [str(value) for value in term.values])
        elif term.field in ("state", "type"):
            lives &= {_type(value) in LIVE for value in term.values}
    if queues is None or not queues or not lives or len(queues) * len(lives) > _WALKS:
        return None
    return [(live, queue) for live in sorted(lives) for queue in sorted(queues)]


def _parts(query: Query) -> list[Query]:
    """What must all hold."""
    if isinstance(query, And):
        return [each for part in query.parts for each in _parts(part)]
    return [query]


def _narrowed(queues: Collection[str] | None, names: list[str]) -> Collection[str] | None:
    if queues is None:
        return None if any(name.endswith("::") for name in names) else set(names)
    return {
        queue
        for queue in queues
        for name in names
        if queue == name.removesuffix("::") or (name.endswith("::") and queue.startswith(name))
    }


def _type(value: object) -> StateType:
    return value.type if isinstance(value, State) else StateType(str(value))

