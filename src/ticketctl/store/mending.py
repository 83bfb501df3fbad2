"""What follows from other rows, made as the writer makes it: `db reindex`, and the end of `db upgrade`.

The full text, the derived columns of a ticket, its rows of `tag`. A program of before that goes on while an upgrade is
at work writes none of them: MariaDB keeps each step at once, PostgreSQL lets articles in until a step locks them out.
On a server all is done a few at a time, each few in a transaction of its own, beside those who work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from ticketctl.errors import TryAgain
from ticketctl.store import alone, engine, indexing, parsed, rows, schema, transaction
from ticketctl.store import tables as t
from ticketctl.store.trouble import translated
from ticketctl.store.types import cleaned
from ticketctl.store.url import unhurried

BATCH = 500
_TRIES = 5
Said = Callable[[str], None]
_T = TypeVar("_T")
_DERIVED = select(t.ticket.c.id, *(t.ticket.c[name] for name in rows.DERIVED))


def reindex(url: str, progress: Said | None = None) -> None:
    """The full text index made anew from what it indexes, then all that `mend` knows."""
    where = parsed(url)
    made = engine(unhurried(where), 30.0)
    try:
        with translated(), alone.exclusive(made, alone.PATIENCE, progress):
            with made.connect() as connection, connection.begin():
                schema.check(connection, where.render_as_string(hide_password=True))
            if made.dialect.name == "sqlite":
                _kept(made, _all_anew, progress)
            else:
                _anew(made, progress)
            mend(made, progress)
    finally:
        made.dispose()


def _all_anew(connection: Connection, progress: Said | None) -> None:
    """In one transaction: what FTS5 has forgotten must not be forgotten again by who changes a title meanwhile."""
    indexing.empty(connection)
    indexing.fill(connection, progress)


def _anew(made: Engine, progress: Said | None) -> None:
    for which in indexing.BOTH:
        batch, last = 0, 0
        while (reached := _kept(made, indexing.anew, which, last)) is not None:
            if progress is not None and batch % indexing.TOLD == 0:
                progress(f"full text: {which}s from #{last + 1} on")
            batch, last = batch + 1, reached
        _kept(made, _without_strays, which)


def _without_strays(connection: Connection, which: indexing.Which) -> None:
    """What is indexed and not there in one look never will be: ids are given once."""
    indexing.forget(connection, which, indexing.strays(connection, which))


def complete(made: Engine, progress: Said | None = None) -> None:
    """What `mend` does, once for each schema: the end of an upgrade, however often it is begun."""
    with alone.exclusive(made, alone.PATIENCE, progress):
        with transaction(made, writes=False) as connection:
            if schema.is_whole(connection):
                return
        mend(made, progress)
        _kept(made, schema.mark_whole)


def mend(made: Engine, progress: Said | None = None) -> int:
    """Puts right what is not as the writer makes it; gives how many tickets that were.

    Only what is wrong is locked and written.
    """
    last, mended = 0, 0
    while True:
        with transaction(made, writes=False) as connection:
            found = _ids(connection, last)
            wrong = _wrong(connection, found)
        if not found:
            break
        if wrong:
            _kept(made, _put_right, wrong)
            mended += len(wrong)
        last = found[-1]
    if mended and progress is not None:
        progress(f"put right what lists go along: {mended} tickets")
    _kept(made, indexing.fill)
    return mended


def _ids(connection: Connection, last: int) -> Sequence[int]:
    c = t.ticket.c.id
    return connection.execute(select(c).where(c > last).order_by(c).limit(BATCH)).scalars().all()


def _wrong(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of the tickets whose derived columns, tags or words are not what they follow from."""
    c = t.ticket.c.id
    found = connection.execute(rows.TICKET.where(c.in_(ids)).order_by(c)).all()
    stored = {row.id: row._asdict() for row in connection.execute(_DERIVED.where(c.in_(ids)))}
    tags: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute(select(t.tag).where(t.tag.c.ticket_id.in_(ids))):
        tags[row.ticket_id].add(row.tag)
    wrong = {
        row.id
        for row in found
        if stored[row.id] != _derived(row) or tags[row.id] != {each["tag"] for each in rows.tag_rows(row.id, row.tags)}
    }
    if connection.dialect.name != "sqlite":
        wrong |= {*indexing.unlike(connection, "ticket", [row._asdict() for row in found])}
    return sorted(wrong)


def _derived(row: Any) -> dict[str, Any]:
    made = {"id": row.id} | rows.derived(rows.ticket_of(row))
    return {name: cleaned(value) if isinstance(value, str) else value for name, value in made.items()}


def _put_right(connection: Connection, ids: Sequence[int]) -> None:
    c = t.ticket.c.id
    found = connection.execute(rows.TICKET.where(c.in_(ids)).order_by(c).with_for_update()).all()
    values = [_derived(row) for row in found]
    changed = update(t.ticket).where(c == bindparam("mark"))
    connection.execute(changed, [{"mark": each.pop("id"), **each} for each in values])
    connection.execute(delete(t.tag).where(t.tag.c.ticket_id.in_(ids)))
    if tags := [each for row in found for each in rows.tag_rows(row.id, row.tags)]:
        connection.execute(insert(t.tag), tags)
    if connection.dialect.name != "sqlite":
        indexing.forget(connection, "ticket", ids)
        indexing.put_tickets(connection, [row._asdict() for row in found])


def _kept(made: Engine, work: Callable[..., _T], *given: Any) -> _T:
    """What `work` gives in a transaction of its own, begun anew where others were faster."""
    for left in reversed(range(_TRIES)):
        try:
            with transaction(made, writes=True) as connection:
                return work(connection, *given)
        except TryAgain:
            if not left:
                raise
    raise AssertionError
