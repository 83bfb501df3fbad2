"""The query tree as SQL, and lists that cost what they show, not what the desk holds.

A page in the order of creation, of priority or of due times is made of short walks of an index, one for each queue (and
each state type, lock, priority that is asked for), each cut at the limit, then merged: ten thousand open tickets cost
no more than fifty. What still reads every live ticket of the agent's queues: the other orders, and a filter that hardly
any of them passes. Terms that look into texts are `fulltext`'s: it makes ids or conditions of them first.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple, assert_never

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Select, and_, exists, false, func, not_, or_, select, true, union_all

from ticketctl.query import ME, NOBODY, And, Not, Or, Query, Span, Term, TicketRef
from ticketctl.store import fulltext
from ticketctl.store import tables as t
from ticketctl.store.rows import LIVE, TICKET, address_key
from ticketctl.store.value import Sort
from ticketctl.ticket import Priority, State, StateType

Where = ColumnElement[bool]
EVERY: Query = And(())
_WALKS = 60  # SQLite takes no more than 500 in a select, and each has its price
_FEW_TYPES = 2
_LIVE, _QUEUE = "ix_ticket_live_created_id", "ix_ticket_live_queue_created_id"
_TYPE, _OWNER = "ix_ticket_state_type_queue_created_id", "ix_ticket_owner_live_created_id"
_CUSTOMER = "ix_ticket_customer_key_created_id"
_DUE, _URGENT = "ix_ticket_live_queue_due_created_id", "ix_ticket_live_queue_locked_priority_rank_created_id"
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


class _Walk(NamedTuple):
    """A stretch of an index, in the order of the page: `at` is what its first columns are."""

    along: str
    at: tuple[Where, ...]
    queued: bool = True  # the queue is among them


class Page(Struct, frozen=True, kw_only=True):
    """Which tickets, and how many of them: what `Reader.find` was asked.

    `queues`: those that the agent may read, None for all. `agent` is who `owner:me` means.
    """

    query: Query = EVERY
    queues: Collection[str] | None = None
    agent: str | None = None
    sort: Sort = "created"
    reverse: bool = False
    limit: int | None = None
    offset: int = 0


def page(asked: Page) -> Select[Any]:
    """The select that gives a page of tickets, as rows of TICKET."""
    where = condition(asked.query, asked.agent)
    walks = _walks(asked)
    if not walks:
        return _cut(TICKET.where(where, _readable(asked.queues)).order_by(*_order(asked, missing=True)), asked)
    deep = None if asked.limit is None else asked.limit + asked.offset
    short = [
        select(t.ticket.c.id)
        .with_hint(t.ticket, f"INDEXED BY {walk.along}", "sqlite")  # it knows no figures of ours to choose by
        .where(*walk.at, where, *([] if walk.queued else [_readable(asked.queues)]))
        .order_by(*_order(asked, missing=walk.along != _DUE))
        .limit(deep)
        .subquery()
        for walk in walks
    ]
    ids = union_all(*(select(each.c.id) for each in short)) if len(short) > 1 else select(short[0].c.id)
    return _cut(TICKET.where(t.ticket.c.id.in_(ids)).order_by(*_order(asked, missing=True)), asked)


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
            return [c.state_type.in_([state.value for state in states])]
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
            return _customer(value)
        case "has":
            assert isinstance(value, fulltext.Lookup)
            return fulltext.on_row(value)
        case "tag":
            return c.tags.contains(f'"{text}"', autoescape=True)
        case "created" | "changed" | "due":
            return _span(c[field], value)
        case "number":
            return c.number == text
        case _:
            raise ValueError(f"no such term: {field}; `fulltext.resolved` takes those that look into texts")


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


def _readable(queues: Collection[str] | None) -> Where:
    return true() if queues is None else t.ticket.c.queue.in_(sorted(queues))


def _order(asked: Page, *, missing: bool = False) -> list[ColumnElement[Any]]:
    """`missing`: what has none comes last; a walk has either."""
    c, column = t.ticket.c, _ORDER[asked.sort]
    keys = [column, c.created, c.id] if asked.sort in ("priority", "due") else [column, c.id]
    last = [column.is_(None).asc()] if missing and column.nullable else []
    return [*last, *(key.desc() if asked.reverse else key.asc() for key in keys)]


def _cut(found: Select[Any], asked: Page) -> Select[Any]:
    if asked.limit is not None:
        found = found.limit(asked.limit)
    return found.offset(asked.offset) if asked.offset else found


def _walks(asked: Page) -> list[_Walk]:
    """The walks that a page is made of, none where another way in is better."""
    c, terms = t.ticket.c, [part for part in all_of(asked.query) if isinstance(part, Term)]
    if any(term.field in ("id", "number") for term in terms):
        return []
    customer = next((term for term in terms if _is_customer(term)), None)
    if customer is not None:
        return [_Walk(_CUSTOMER, (or_(*_term(customer, asked.agent)),), queued=False)]
    queues, types = asked.queues, set(StateType)
    locks, ranks = [False, True], [each.rank for each in Priority]
    for term in terms:
        match term.field:
            case "queue":
                queues = _narrowed(queues, [str(value) for value in term.values])
            case "state" | "type":
                types &= {_type(value) for value in term.values}
            case "lock":
                locks = [lock for lock in locks if lock in {value == "locked" for value in term.values}]
            case "priority":
                ranks = [rank for rank in ranks if rank in {Priority(str(value)).rank for value in term.values}]
            case _:
                pass
    lives = sorted({each in LIVE for each in types})
    owner = next((term for term in terms if term.field == "owner" and len(term.values) == 1), None)
    if owner is not None and (asked.sort == "created" or owner.values[0] != NOBODY):
        return [_Walk(_OWNER, (*_term(owner, asked.agent), c.live == live), queued=False) for live in lives]
    if asked.limit is None or asked.sort not in ("created", "priority", "due"):
        return []
    if queues is not None:
        places = [(c.live == live, c.queue == queue) for live in lives for queue in sorted(queues)]
        walks = _queue_walks(asked, terms, places, types, locks, ranks)
        if walks and len(walks) <= _WALKS:
            return walks
    return [_Walk(_LIVE, (c.live == live,), queued=False) for live in lives] if asked.sort == "created" else []


def _queue_walks(
    asked: Page, terms: list[Term], places: list[tuple[Where, Where]], types: set[StateType], locks: list[bool],
    ranks: list[int],
) -> list[_Walk]:  # fmt: skip
    """For each queue, along the index that has the tightest hold on what is asked."""
    c, fields = t.ticket.c, {term.field for term in terms}
    if asked.sort == "due":
        has = (c.due.is_not(None), c.due.is_(None))
        return [_Walk(_DUE, (*place, each)) for place in places for each in has]
    if asked.sort == "priority":
        return [_Walk(_URGENT, (*place, c.locked == lock)) for place in places for lock in locks]
    if any(term.field == "due" and _ends(term) for term in terms):
        return [_Walk(_DUE, place) for place in places]
    tight = [(c.locked == lock, c.priority_rank == rank) for lock in locks for rank in ranks]
    held = [_Walk(_URGENT, (*place, *each)) for place in places for each in tight]
    if fields >= {"lock", "priority"} and len(held) <= _WALKS:
        return held
    if types != set(LIVE) and fields & {"state", "type"} and len(types) <= _FEW_TYPES:
        queues = dict.fromkeys(queue for _, queue in places)
        return [_Walk(_TYPE, (c.state_type == each.value, queue)) for each in sorted(types) for queue in queues]
    if fields & {"lock", "priority"} and len(held) <= _WALKS:
        return held
    return [_Walk(_QUEUE, place) for place in places]


def _is_customer(term: Term) -> bool:
    """Does the term name whole addresses?"""
    return term.field == "customer" and not any(str(value).startswith("@") for value in term.values)


def _ends(term: Term) -> bool:
    """Overdue tickets are few, those that will be due are not."""
    return all(isinstance(value, Span) and value.until is not None for value in term.values)


def all_of(query: Query) -> list[Query]:
    """What must all hold."""
    if isinstance(query, And):
        return [each for part in query.parts for each in all_of(part)]
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

