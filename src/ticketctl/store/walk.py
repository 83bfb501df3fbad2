"""The ways through the ticket's indexes: which stretches of which index give a page in its order.

An index serves an order where its first columns are held to one value each and the next ones are the order: then the
page is the first rows of a few such stretches (one for each queue, state ... that is asked for), merged. A walk is
exact where every row on it is one of those asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, and_, true

from ticketctl.query import ME, NOBODY, And, Query, Span, Term
from ticketctl.store import tables as t
from ticketctl.store.find import Page, Where, span
from ticketctl.store.rows import LIVE, address_key, domain_key
from ticketctl.store.value import Sort
from ticketctl.ticket import Priority, State

MOST = 60  # walks of a page: SQLite takes no more than 500 parts in a select, and each has its price
FEW = 6  # of them, where the rows on them are looked at one by one
ORDERS: dict[Sort, tuple[str, ...]] = {
    "created": ("created", "id"),
    "changed": ("changed", "id"),
    "due": ("due", "created", "id"),
    "priority": ("priority_rank", "created", "id"),
    "number": ("number", "id"),
    "title": ("title_key", "id"),
    "queue": ("queue", "created", "id"),
    "state": ("state", "created", "id"),
    "owner": ("owner", "created", "id"),
    "customer": ("customer_key", "created", "id"),
}
INDEXES = tuple(
    ("live", *columns)
    for columns in (
        ("created", "id"),
        ("changed", "id"),
        ("number", "id"),
        ("title_key", "id"),
        ("queue", "created", "id"),
        ("queue", "due", "created", "id"),
        ("queue", "locked", "priority_rank", "created", "id"),
        ("owner", "created", "id"),
        ("customer_key", "created", "id"),
        ("customer_domain", "created", "id"),
        ("waiting_on", "created", "id"),
    )
) + (("state", "queue", "created", "id"),)
_SPANS = ("created", "changed", "due")
# How much holding a column to a value narrows a desk down; what is left over is looked at row by row.
_WORTH = {"customer_key": 9, "customer_domain": 8, "owner": 7, "state": 5, "created": 4, "changed": 4, "due": 6,
          "priority_rank": 3, "waiting_on": 3, "queue": 2, "locked": 1, "live": 1}  # fmt: skip


class Walk(NamedTuple):
    """A stretch of an index, in the order of the page."""

    along: str
    at: Where


class Way(NamedTuple):
    """Walks that together hold the page. `exact`: and nothing else."""

    walks: tuple[Walk, ...]
    exact: bool
    worth: int


class Held(NamedTuple):
    """What a query holds columns to: `values` by column; `spans` by column; `left`: what no column says."""

    values: dict[str, list[Any]]
    spans: dict[str, list[Span]]
    said: frozenset[str]  # the columns that a term speaks of
    left: bool


def name(index: Sequence[str]) -> str:
    """An index's name, as the tables' naming convention makes it."""
    return f"ix_ticket_{'_'.join(index)}"


def order(asked: Page, of: Any = t.ticket.c) -> list[ColumnElement[Any]]:
    """The order of a page: what has no value comes last, ties by id. `of`: the columns of what is ordered."""
    columns = [of[column] for column in ORDERS[asked.sort]]
    last = [columns[0].is_(None).asc()] if t.ticket.c[ORDERS[asked.sort][0]].nullable else []
    return [*last, *_directed(columns, asked)]


def along(asked: Page) -> list[ColumnElement[Any]]:
    """The same order within a walk, where all have a value or none."""
    return _directed([t.ticket.c[column] for column in ORDERS[asked.sort]], asked)


def _directed(columns: Sequence[Column[Any]], asked: Page) -> list[ColumnElement[Any]]:
    return [column.desc() if asked.reverse else column.asc() for column in columns]


def parts(query: Query) -> Iterator[Query]:
    """What must all hold."""
    if isinstance(query, And):
        for part in query.parts:
            yield from parts(part)
    else:
        yield query


def held(asked: Page) -> Held:
    """What the terms that must all hold say of the columns."""
    states, live = set(State), {True, False}
    values: dict[str, list[Any]] = {}
    spans: dict[str, list[Span]] = {}
    said: set[str] = set()
    left = False
    if asked.queues is not None:
        values["queue"] = sorted(asked.queues)
    for part in parts(asked.query):
        if not isinstance(part, Term):
            left = True
        elif part.field in ("state", "type"):
            states &= _states(part)
            said.add("state")
        elif part.field in _SPANS and len(part.values) == 1:
            spans.setdefault(part.field, []).append(part.values[0])  # type: ignore[arg-type]  # a Span
        elif (found := _values(part, asked, values.get("queue"))) is not None:
            column, wanted = found
            values[column] = [each for each in wanted if each in values.get(column, wanted)]
            said.add(column)
        else:
            left = True
    live &= {state.type in LIVE for state in states}
    whole = {state for state in State if (state.type in LIVE) in live}
    if states == whole:
        said.discard("state")  # `live` says it
    values |= {"state": sorted(state.value for state in states), "live": sorted(live)}
    values.setdefault("locked", [False, True])
    values.setdefault("priority_rank", [each.rank for each in Priority])
    return Held(values=values, spans=spans, said=frozenset(said), left=left)


def _states(term: Term) -> set[State]:
    return {
        state for state in State for value in term.values if value == state or value == state.type
    }  # fmt: skip


def _values(term: Term, asked: Page, queues: list[str] | None) -> tuple[str, list[Any]] | None:
    """The column that a term holds, and to what; None where it is no such term."""
    texts = [str(value) for value in term.values]
    match term.field:
        case "queue":
            names = _queues(texts, queues)
            return None if names is None else ("queue", names)
        case "lock":
            return "locked", [text == "locked" for text in texts]
        case "priority":
            return "priority_rank", [Priority(text).rank for text in texts]
        case "waiting":
            return "waiting_on", texts
        case "owner":
            return "owner", [None if text == NOBODY else asked.agent if text == ME else text for text in texts]
        case "customer" if all(isinstance(value, str) for value in term.values):
            if all(text.startswith("@") for text in texts):
                return "customer_domain", [domain_key(text) for text in texts]
            return None if any(text.startswith("@") for text in texts) else (
                "customer_key", [address_key(text) for text in texts])  # fmt: skip
        case _:
            return None


def _queues(names: list[str], queues: Collection[str] | None) -> list[str] | None:
    """The queues meant, None where only the tickets know: `Sales::` of an agent who may read all."""
    if queues is None:
        return None if any(name.endswith("::") for name in names) else sorted(set(names))
    return [
        queue
        for queue in queues
        if any(queue == name.removesuffix("::") or (name.endswith("::") and queue.startswith(name)) for name in names)
    ]


def best(asked: Page, found: Held) -> Way | None:
    """The way that holds the page most tightly, None where none is in its order."""
    ways = [way for index in INDEXES for way in _ways(index, asked, found)]
    return max(ways, key=lambda way: (way.exact, way.worth, -len(way.walks)), default=None)


def _ways(index: tuple[str, ...], asked: Page, found: Held) -> Iterator[Way]:
    """Where the order begins after the first 1, 2 ... columns of the index."""
    wanted = ORDERS[asked.sort]
    for fixed in range(1, len(index)):
        first, rest = index[:fixed], index[fixed:]
        if any(column not in found.values for column in first):
            return
        if rest[0] in _SPANS or rest[0] in wanted:
            tail = tuple(column for column in wanted if column not in first)
            if rest[: len(tail)] == tail:
                way = _way(index, first, rest[0], asked, found)
                if way is not None:
                    yield way


def _way(index: tuple[str, ...], first: tuple[str, ...], then: str, asked: Page, found: Held) -> Way | None:
    c = t.ticket.c
    size = 1
    for column in first:
        size *= len(found.values[column])
    if size > MOST:
        return None
    beside: list[Where] = [true()]
    if then in found.spans:
        beside = [and_(*(span(c[then], each) for each in found.spans[then]))]
    elif then == ORDERS[asked.sort][0] and c[then].nullable:
        beside = [c[then].is_not(None), c[then].is_(None)]
    walks = tuple(
        Walk(name(index), and_(*(is_(column, value) for column, value in zip(first, values, strict=True)), each))
        for values in product(*(found.values[column] for column in first))
        for each in beside
    )
    covered = {*first, *([then] if then in found.spans else [])}
    covered |= {"live"} if "state" in covered else set()
    needed = found.said | found.spans.keys() | ({"queue"} if asked.queues is not None else set()) | {"live"}
    worth = sum(_WORTH[column] for column in covered & needed)
    exact = not found.left and needed <= covered
    return Way(walks=walks, exact=exact, worth=worth) if exact or len(walks) <= FEW else None


def is_(column: str, value: Any) -> Where:
    c: Column[Any] = t.ticket.c[column]
    return c.is_(None) if value is None else c == value


def stretches(asked: Page, found: Held) -> list[tuple[str, Where]]:
    """For each index that the query holds beyond `live`, its name and all of the stretch, in whatever order."""
    c = t.ticket.c
    made: dict[frozenset[str], tuple[str, Where]] = {}
    narrow = found.said | found.spans.keys() | ({"queue"} if asked.queues is not None else set())
    for index in INDEXES:
        ends = next((at for at, column in enumerate(index) if column not in found.values), len(index))
        held = [*index[:ends]]
        at = [_among(column, found.values[column]) for column in held]
        if ends < len(index) and index[ends] in found.spans:
            held.append(index[ends])
            at += [and_(*(span(c[index[ends]], each) for each in found.spans[index[ends]]))]
        while held and held[-1] not in narrow:  # what it does not narrow it need not say
            del held[-1], at[-1]
        if held:
            made.setdefault(frozenset(held) & narrow, (name(index), and_(*at)))
    if found.values["live"] == [True]:
        made.setdefault(frozenset(), (name(INDEXES[0]), c.live == true()))
    return [*made.values()]


def _among(column: str, values: list[Any]) -> Where:
    c: Column[Any] = t.ticket.c[column]
    known = [value for value in values if value is not None]
    return c.in_(known) if len(known) == len(values) else c.is_(None) | c.in_(known)
