"""Pages of tickets that cost what they show, not what the desk holds.

Where every row of the walks is wanted, the page is their first rows. Else some rows are looked at in vain, and how many
depends on the desk: what hardly any ticket has is found by what has it (a stretch of an index, a set of ids), what many
have is soon found in order, within a budget. Only what is neither, many tickets of which few are wanted and no index
knows which, is walked to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    union_all,
)

from ticketctl.query import And, Not, Or, Query, Term, TicketRef
from ticketctl.store import tables as t
from ticketctl.store import walk
from ticketctl.store.among import ids_in
from ticketctl.store.find import Page, Where, condition, readable
from ticketctl.store.hints import by_id, indexed
from ticketctl.store.rows import TICKET
from ticketctl.store.walk import Walk, Way

SOON = 250  # rows looked at in order before anything else is asked
FEW = 200  # so few are driven from at once
BUDGET = 2000  # rows looked at in order before another way is tried
MANY = 20_000  # more are not driven from
Ids = Select[Any] | CompoundSelect[Any]

# What a term has in a table of its own: the ids of its tickets. Full text has its place here.
SETS: dict[str, Callable[[Term], Select[Any]]] = {
    "tag": lambda term: select(t.tag.c.ticket_id).where(t.tag.c.tag.in_([str(x) for x in term.values])),
    "kind": lambda term: select(t.article.c.ticket_id).where(t.article.c.kind.in_([str(x) for x in term.values])),
}


def tickets(connection: Connection, asked: Page) -> Sequence[Row[Any]]:
    """The page, as rows of TICKET."""
    readable_too = asked.queues if asked.readable is None else asked.readable
    asked = replace(asked, query=_named(connection, asked.query, readable_too))
    if any(isinstance(part, Term) and part.field in ("id", "number") for part in walk.parts(asked.query)):
        return connection.execute(plain(asked)).all()
    found = walk.held(asked)
    if not all(found.values.values()):
        return []  # nothing can be all of that
    way = walk.best(asked, found)
    if way is not None and way.exact:
        return _shown(connection, asked, merged(asked, way.walks))
    return _searched(connection, asked, way, _drivers(asked, found))


def _searched(
    connection: Connection, asked: Page, way: Way | None, drivers: Sequence[Select[Any]]
) -> Sequence[Row[Any]]:
    """The page, of rows of which not all are wanted: at once in order, by what is rare, in order within a budget, by
    what is rather rare (in order first, as long as that is cheaper), in order whatever it costs."""
    ordered = way.walks if way is not None and asked.limit is not None else ()
    page, likely = _within(connection, asked, ordered, SOON)
    if page is not None:
        return page
    rare, size = _rarest(connection, drivers, FEW)
    if rare is None:
        page, _ = _within(connection, asked, ordered, min(BUDGET, likely))
        if page is None and likely < BUDGET:
            page, _ = _within(connection, asked, ordered, BUDGET)
        if page is not None:
            return page
        rare, size = _rarest(connection, drivers, MANY)
    if rare is not None:
        page, _ = _within(connection, asked, ordered if size > 2 * BUDGET else (), size // 2)
        return _shown(connection, asked, rare, _wanted(asked)) if page is None else page
    if ordered:
        return _shown(connection, asked, merged(asked, ordered, _wanted(asked)))
    return connection.execute(plain(asked)).all()


def plain(asked: Page) -> Select[Any]:
    """The page, however the database likes to find it."""
    return _cut(TICKET.where(_wanted(asked)).order_by(*walk.order(asked)), asked)


def merged(asked: Page, walks: Sequence[Walk], where: Where | None = None) -> Ids:
    """The ids of the first rows of each walk; of those that are so, with `where`."""
    deep = None if asked.limit is None else asked.limit + asked.offset
    beside = [] if where is None else [where]
    short = [_hinted(each).where(*beside).order_by(*walk.along(asked)).limit(deep).subquery() for each in walks]
    ids = [select(part.c.id) for part in short]
    return union_all(*ids) if len(ids) > 1 else ids[0]


def firsts(asked: Page, walks: Sequence[Walk], most: int, where: Where | None = None) -> Select[Any]:
    """The ids of the first rows of all walks together, `most` of them; of those that are so, with `where`."""
    columns, beside = walk.ORDERS[asked.sort], [] if where is None else [where]
    short = [
        _hinted(each).where(*beside).add_columns(*(t.ticket.c[name] for name in columns if name != "id"))
        .order_by(*walk.along(asked)).limit(most).subquery()
        for each in walks
    ]  # fmt: skip
    if len(short) == 1:
        return select(short[0].c.id)
    together = union_all(*(select(part) for part in short)).subquery()
    return select(together.c.id).order_by(*walk.order(asked, together.c)).limit(most)


def _wanted(asked: Page) -> Where:
    return and_(condition(asked.query, asked.agent), readable(asked.queues))


def listed(connection: Connection, ids: Ids) -> Ids | list[int]:
    """The ids, or on MariaDB what they are: it would read the whole table beside them, if that looks cheap."""
    if connection.dialect.name in ("mysql", "mariadb"):
        return list(connection.execute(ids).scalars())
    return ids


def _shown(connection: Connection, asked: Page, ids: Ids, where: Where | None = None) -> Sequence[Row[Any]]:
    """The page, of tickets with these ids; of those that are so, with `where`."""
    found = _by_id(TICKET, listed(connection, ids)).where(*([] if where is None else [where]))
    return connection.execute(_cut(found.order_by(*walk.order(asked)), asked)).all()


def _within(
    connection: Connection, asked: Page, walks: Sequence[Walk], most: int
) -> tuple[Sequence[Row[Any]] | None, int]:
    """The page, None where it is not whole after `most` rows of the walks, or there is none to go along; and of how
    many rows it may be, as these are."""
    if not walks:
        return None, 0
    first, deep = firsts(asked, walks, most), (asked.limit or 0) + asked.offset
    ids = listed(connection, first)
    wanted = _by_id(TICKET, ids).where(_wanted(asked)).order_by(*walk.order(asked)).limit(deep)
    found = connection.execute(wanted).all()
    if len(found) < deep:
        size = len(ids) if isinstance(ids, list) else connection.execute(_size(first)).scalar_one()
        if size >= most:
            return None, 2 * most * deep // max(len(found), 1)
    return found[asked.offset :], most


def _size(ids: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(ids.subquery())


def _named(connection: Connection, query: Query, queues: Collection[str] | None) -> Query:
    """The query with `customer:of:17` as that ticket's customer; one of other queues than these has none."""
    match query:
        case And(parts=parts):
            return And(tuple(_named(connection, part, queues) for part in parts))
        case Or(parts=parts):
            return Or(tuple(_named(connection, part, queues) for part in parts))
        case Not(part=part):
            return Not(_named(connection, part, queues))
        case Term(field="customer", values=values) if any(isinstance(value, TicketRef) for value in values):
            named = [address for value in values for address in _customers(connection, value, queues)]
            return Term(field="customer", values=tuple(named)) if named else Or(())
        case _:
            return query


def _customers(connection: Connection, value: Any, queues: Collection[str] | None) -> list[str]:
    if not isinstance(value, TicketRef):
        return [str(value)]
    c = t.ticket.c
    ways = [c.id == value.id] if value.id is not None else []
    ways += [c.number == value.number] if value.number is not None else []
    of = select(c.customer_key).where(or_(false(), *ways), c.customer_key.is_not(None), readable(queues))
    return [str(address) for address in connection.execute(of).scalars()]


def _drivers(asked: Page, found: walk.Held) -> list[Select[Any]]:
    """What has all that may be wanted: stretches of indexes, sets of ids."""
    sets = [each for part in walk.parts(asked.query) if (each := _set(part)) is not None]
    return [*sets, *(_hinted(Walk(*each)) for each in walk.stretches(asked, found))]


def _set(part: Query) -> Select[Any] | None:
    if isinstance(part, Term) and part.field in SETS:
        return SETS[part.field](part)
    return None


def _rarest(connection: Connection, drivers: Sequence[Select[Any]], most: int) -> tuple[Select[Any] | None, int]:
    """The driver with the fewest ids and how many these are, None where all have more than `most`."""
    if not drivers:
        return None, 0
    counts = [_size(each.limit(most + 1)).scalar_subquery() for each in drivers]
    sizes = [*connection.execute(select(*counts)).one()]
    least = min(sizes)
    return (drivers[sizes.index(least)] if least <= most else None), least


def _hinted(each: Walk) -> Select[Any]:
    """The ids of a walk."""
    return indexed(select(t.ticket.c.id).where(each.at), t.ticket, each.along)


def _by_id(wanted: Select[Any], ids: Ids | list[int]) -> Select[Any]:
    return by_id(wanted.where(among(ids)), t.ticket)


def among(ids: Ids | list[int]) -> Where:
    """A ticket with one of these ids."""
    c = t.ticket.c.id
    return c.in_(ids) if isinstance(ids, list) else ids_in(c, ids)


def _cut(found: Select[Any], asked: Page) -> Select[Any]:
    if asked.limit is not None:
        found = found.limit(asked.limit)
    return found.offset(asked.offset) if asked.offset else found
