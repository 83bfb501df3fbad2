"""Pages of tickets that cost what they show, not what the desk holds.

Where every row of the walks is wanted, the page is their first rows. Else some rows are looked at in vain, and how many
depends on the desk: what hardly any ticket has is found by what has it (a stretch of an index, a set of ids), what many
have is soon found in order, within a budget. Only what is neither, many tickets of which few are wanted and no index
knows which, is walked to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.types import Integer

from ticketctl.query import And, Not, Or, Query, Term, TicketRef
from ticketctl.store import tables as t
from ticketctl.store import walk
from ticketctl.store.dialects import ids_in, indexed
from ticketctl.store.find import Page, Where, condition, readable
from ticketctl.store.rows import TICKET
from ticketctl.store.walk import Walk

FEW = 200  # so few are driven from at once
BUDGET = 2000  # rows looked at in order before another way is tried
MANY = 20_000  # more are not driven from
Ids = Select[Any]

# What a term has in a table of its own: the ids of its tickets. Full text has its place here.
SETS: dict[str, Callable[[Term], Ids]] = {
    "tag": lambda term: select(t.tag.c.ticket_id).where(t.tag.c.tag.in_([str(each) for each in term.values])),
    "kind": lambda term: select(t.article.c.ticket_id).where(
        t.article.c.kind.in_([str(each) for each in term.values])
    ),
}


def tickets(connection: Connection, asked: Page) -> Sequence[Row[Any]]:
    """The page, as rows of TICKET."""
    asked = replace(asked, query=_named(connection, asked.query))
    if any(isinstance(part, Term) and part.field in ("id", "number") for part in walk.parts(asked.query)):
        return connection.execute(plain(asked)).all()
    found = walk.held(asked)
    if not all(found.values.values()):
        return []  # nothing can be all of that
    way = walk.best(asked, found)
    if way is not None and way.exact:
        return connection.execute(walked(asked, way.walks)).all()
    drivers = _drivers(asked, found)
    sizes = _sizes(connection, drivers, FEW)
    if sizes and min(sizes) <= FEW:
        return connection.execute(driven(asked, drivers[sizes.index(min(sizes))])).all()
    if way is not None and asked.limit is not None:
        page = _within_budget(connection, asked, way.walks)
        if page is not None:
            return page
    sizes = _sizes(connection, drivers, MANY)
    if sizes and min(sizes) <= MANY:
        return connection.execute(driven(asked, drivers[sizes.index(min(sizes))])).all()
    if way is not None and asked.limit is not None:
        return connection.execute(walked(asked, way.walks, where=condition(asked.query, asked.agent))).all()
    return connection.execute(plain(asked)).all()


def plain(asked: Page) -> Select[Any]:
    """The page, however the database likes to find it."""
    where = condition(asked.query, asked.agent)
    return _cut(TICKET.where(where, readable(asked.queues)).order_by(*walk.order(asked)), asked)


def walked(asked: Page, walks: Sequence[Walk], where: Where | None = None) -> Select[Any]:
    """The first rows of walks, merged; of those that are so, with `where`."""
    deep = None if asked.limit is None else asked.limit + asked.offset
    beside = [] if where is None else [where, readable(asked.queues)]
    short = [_hinted(each).where(*beside).order_by(*walk.along(asked)).limit(deep) for each in walks]
    return _cut(TICKET.where(ids_in(t.ticket.c.id, _all(short))).order_by(*walk.order(asked)), asked)


def driven(asked: Page, ids: Ids) -> Select[Any]:
    """The page, of tickets with these ids."""
    where = and_(condition(asked.query, asked.agent), readable(asked.queues))
    return _cut(_by_id(TICKET, ids).where(where).order_by(*walk.order(asked)), asked)


def budgeted(asked: Page, walks: Sequence[Walk]) -> Select[Any]:
    """For each walk: its place (`at`), how many rows it has up to the budget (in a row with no `id`), and the ids of
    those among them that are wanted, up to the limit."""
    each_way = max(FEW, BUDGET // len(walks))
    where = and_(condition(asked.query, asked.agent), readable(asked.queues))
    deep = (asked.limit or 0) + asked.offset
    rows: list[Select[Any]] = []
    for at, each in enumerate(walks):
        first = _hinted(each).order_by(*walk.along(asked)).limit(each_way)
        wanted = _by_id(select(t.ticket.c.id), first).where(where).order_by(*walk.order(asked)).limit(deep).subquery()
        rows.append(select(literal(at, Integer).label("at"), wanted.c.id, literal(0, Integer).label("size")))
        size = select(func.count()).select_from(first.subquery()).scalar_subquery()
        rows.append(select(literal(at, Integer), type_coerce(literal(None), Integer), size))
    return union_all(*rows)  # type: ignore[return-value]  # a select as well


def _within_budget(connection: Connection, asked: Page, walks: Sequence[Walk]) -> Sequence[Row[Any]] | None:
    """The page, None where a walk went on when the budget was spent, and had not given all that it might."""
    each_way = max(FEW, BUDGET // len(walks))
    deep = (asked.limit or 0) + asked.offset
    found: list[list[int]] = [[] for _ in walks]
    sizes = [0] * len(walks)
    for row in connection.execute(budgeted(asked, walks)):
        if row.id is None:
            sizes[row.at] = row.size
        else:
            found[row.at].append(row.id)
    if any(size == each_way and len(ids) < deep for size, ids in zip(sizes, found, strict=True)):
        return None
    ids = [each for some in found for each in some]
    if not ids:
        return []
    wanted = TICKET.where(t.ticket.c.id.in_(ids)).with_hint(t.ticket, "NOT INDEXED", "sqlite")
    return connection.execute(_cut(wanted.order_by(*walk.order(asked)), asked)).all()


def _named(connection: Connection, query: Query) -> Query:
    """The query with `customer:of:17` as that ticket's customer."""
    match query:
        case And(parts=parts):
            return And(tuple(_named(connection, part) for part in parts))
        case Or(parts=parts):
            return Or(tuple(_named(connection, part) for part in parts))
        case Not(part=part):
            return Not(_named(connection, part))
        case Term(field="customer", values=values) if any(isinstance(value, TicketRef) for value in values):
            named = [address for value in values for address in _customers(connection, value)]
            return Term(field="customer", values=tuple(named)) if named else Or(())
        case _:
            return query


def _customers(connection: Connection, value: Any) -> list[str]:
    if not isinstance(value, TicketRef):
        return [str(value)]
    c = t.ticket.c
    ways = [c.id == value.id] if value.id is not None else []
    ways += [c.number == value.number] if value.number is not None else []
    found = connection.execute(select(c.customer_key).where(or_(false(), *ways), c.customer_key.is_not(None)))
    return [str(address) for address in found.scalars()]


def _drivers(asked: Page, found: walk.Held) -> list[Ids]:
    """What has all that may be wanted: stretches of indexes, sets of ids."""
    sets = [each for part in walk.parts(asked.query) if (each := _set(part)) is not None]
    return [*sets, *(_hinted(Walk(*each)) for each in walk.stretches(asked, found))]


def _set(part: Query) -> Ids | None:
    if isinstance(part, Term) and part.field in SETS:
        return SETS[part.field](part)
    return None


def _sizes(connection: Connection, drivers: Sequence[Ids], most: int) -> list[int]:
    """How many ids each has; one more than `most` where there are more."""
    if not drivers:
        return []
    counts = [
        select(func.count()).select_from(each.limit(most + 1).subquery()).scalar_subquery() for each in drivers
    ]
    return [*connection.execute(select(*counts)).one()]


def _hinted(each: Walk) -> Ids:
    """The ids of a walk."""
    return indexed(select(t.ticket.c.id).where(each.at), t.ticket, each.along)


def _by_id(wanted: Select[Any], ids: Ids) -> Select[Any]:
    return wanted.where(ids_in(t.ticket.c.id, ids)).with_hint(t.ticket, "NOT INDEXED", "sqlite")


def _all(short: Sequence[Ids]) -> Any:
    """Together; each keeps its own order and limit."""
    parts = [each.subquery() for each in short]
    return union_all(*(select(part.c.id) for part in parts)) if len(parts) > 1 else select(parts[0].c.id)


def _cut(found: Select[Any], asked: Page) -> Select[Any]:
    if asked.limit is not None:
        found = found.limit(asked.limit)
    return found.offset(asked.offset) if asked.offset else found
