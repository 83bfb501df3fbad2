"""The newest hits of a search: what a word that a million articles have costs is bounded here.

Hits in queues that the agent may not read do not count: where hardly any of the newest may be read, further ones are
looked at, and the newest of a search are never cut off by others' (`fulltext` says what is a hit).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal_column, select

from ticketctl.query import And, Or, Query, Term
from ticketctl.store import fulltext
from ticketctl.store import tables as t
from ticketctl.store.find import readable
from ticketctl.store.fulltext import WHERE, Lookup, Where
from ticketctl.store.indexing import Which, key_of, table_of

NARROW = 2_000  # so few tickets are gone through, where hardly any hit may be read
_READ = 10  # so many hits cost as much as a text that is read
_ENOUGH = 10  # of so many hits one that the agent may read


class Window(Struct, frozen=True, kw_only=True):
    """A part of a resolved query within its newest hits: `query` stands for it, and finds none but these tickets.
    `more`: what the part finds may go on behind them."""

    query: Query
    ids: Sequence[int]
    more: bool


def window(connection: Connection, query: Query, most: int, queues: Collection[str] | None) -> Window | None:
    """A resolved query within the newest `most` hits of its words; those in these queues (None: in all), and further
    ones where hardly any are. None where it may find what has no hit, and where the agent may read so few tickets that
    they are better gone through."""
    match query:
        case Term(field="id", values=values):
            return Window(query=query, ids=[int(str(each)) for each in values], more=False)
        case Term(field="has", values=(lookup,)):
            assert isinstance(lookup, Lookup)
            newest = _newest(connection, lookup, most, queues)
            if newest is None:
                return None
            ids, more = newest
            known = Term(field="id", values=tuple(ids))
            return Window(query=And((known, query)) if lookup.needle.loose else known, ids=ids, more=more)
        case Or(parts=parts):
            found = [window(connection, part, most, queues) for part in parts]
            known_ = [each for each in found if each is not None]
            if len(known_) < len(found):
                return None
            ids = [*dict.fromkeys(ticket_id for each in known_ for ticket_id in each.ids)]
            return Window(query=fulltext.either([each.query for each in known_]), ids=ids,
                          more=any(each.more for each in known_))  # fmt: skip
        case And(parts=parts):
            return _narrowest([(part, window(connection, part, most, queues)) for part in parts])
        case _:
            return None


def _narrowest(parts: Sequence[tuple[Query, Window | None]]) -> Window | None:
    """All of the parts, within the window of that which has the fewest tickets."""
    ways = [way for _, way in parts if way is not None]
    if not ways:
        return None
    best = min(ways, key=lambda way: (way.more, len(way.ids)))
    rest = tuple(_known(part, way) for part, way in parts if way is not best)
    return Window(query=And((best.query, *rest)), ids=best.ids, more=best.more)


def _known(part: Query, way: Window | None) -> Query:
    """The part; where SQLite would read the texts, of those whose hits are not known alone."""
    if way is not None and isinstance(part, Term) and part.field == "has" and way.query != part:
        lookup = part.values[0]
        if isinstance(lookup, Lookup) and lookup.dialect == "sqlite":
            return Or((way.query, part))
    return part


def _newest(
    connection: Connection, lookup: Lookup, most: int, queues: Collection[str] | None
) -> tuple[list[int], bool] | None:
    found: dict[int, None] = {}
    more = False
    for which in WHERE[lookup.field]:
        known, asked = table_of(which, lookup.dialect), lookup.needle
        if fulltext.is_read(connection, which, lookup):
            hits = _among_texts(connection, which, lookup, max(most // _READ, 1), queues)
        else:
            has = fulltext.match(f"{which}_words", asked, lookup.dialect)
            if lookup.dialect == "mariadb" and fulltext.is_common(connection, known, asked):
                has = fulltext.is_in(known.c.words, asked)  # from the newest text on, instead of every hit
            hits = _readable(connection, which, lookup.dialect, has, most, queues)
        if hits is None:
            return None
        ids, ended = hits
        more = more or not ended
        found |= dict.fromkeys(ids if which == "ticket" else fulltext.tickets_of(connection, ids))
    return list(found), more


def _readable(
    connection: Connection, which: Which, dialect: str, has: Where, most: int, queues: Collection[str] | None
) -> tuple[list[int], bool] | None:
    """The newest hits in these queues, and whether there are no more: of the newest `most`; where hardly any of these
    are, some of them wherever they stand, or None where there are few tickets in these queues."""
    key = key_of(table_of(which, dialect))
    some = select(key).where(has).order_by(key.desc())
    if queues is None:
        ids = list(connection.execute(some.limit(most)).scalars())
        return ids, len(ids) < most
    one_by_one = dialect == "mariadb"
    newest = some.limit(most).subquery()
    seen = _may_be_read(which, newest.c[0], queues, one_by_one=one_by_one)
    ids = list(connection.execute(select(newest.c[0]).where(seen).order_by(newest.c[0].desc())).scalars())
    enough = max(most // _ENOUGH, 1)
    if len(ids) < most and connection.execute(select(func.count()).select_from(newest)).scalar_one() < most:
        return ids, True
    if len(ids) >= enough:
        return ids, False
    if _are_few(connection, queues):
        return None
    wherever = some.where(_may_be_read(which, key, queues, one_by_one=one_by_one)).limit(enough)
    ids = list(connection.execute(wherever).scalars())
    return ids, len(ids) < enough


def _among_texts(
    connection: Connection, which: Which, lookup: Lookup, most: int, queues: Collection[str] | None
) -> tuple[list[int], bool] | None:
    """SQLite: the newest titles or articles in these queues that have it, by reading, and whether these are all; None
    where there are few tickets in these queues."""
    if queues is not None and _are_few(connection, queues):
        return None
    key, has = fulltext.text_of(which, lookup)
    seen = readable(queues)
    if which == "article" and queues is not None:
        seen = exists(select(literal_column("1")).where(t.ticket.c.id == t.article.c.ticket_id, seen))
    ids = list(connection.execute(select(key).where(seen, has).order_by(key.desc()).limit(most)).scalars())
    return ids, len(ids) < most


def _may_be_read(which: Which, key: ColumnElement[int], queues: Collection[str], *, one_by_one: bool) -> Where:
    """The row of the index is of a ticket in these queues. Looked up hit by hit: they come in their order, and no more
    of them than are needed."""
    c, a = t.ticket.c, t.article.c
    of = c.id == key if which == "ticket" else and_(a.id == key, c.id == a.ticket_id)
    if one_by_one:  # MariaDB would begin with every ticket, and sort
        return select(c.queue).where(of).scalar_subquery().in_(sorted(queues))
    return exists(select(literal_column("1")).where(of, c.queue.in_(sorted(queues))))


def _are_few(connection: Connection, queues: Collection[str]) -> bool:
    """Are there no more tickets in these queues than would be looked at anyway?"""
    c = t.ticket.c
    some = select(c.id).where(c.live.in_((False, True)), readable(queues)).limit(NARROW + 1)
    return connection.execute(select(func.count()).select_from(some.subquery())).scalar_one() <= NARROW
