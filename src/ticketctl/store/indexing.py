"""The full text index of each database, filled in the transaction that writes what it indexes.

Two tables of (id, words), one for titles and one for articles: contentless FTS5 on SQLite, a tsvector with GIN on
PostgreSQL, FULLTEXT on MariaDB. All hold the same words, which `ticketctl.words` makes, so that all find the same.
No metadata knows them: they differ too much, and `fill` makes them from what the other tables hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Table,
    TableClause,
    Text,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    select,
    table,
    text,
    update,
)

from ticketctl import words
from ticketctl.store import tables as t
from ticketctl.store.types import cleaned

Which = Literal["ticket", "article"]
BOTH: tuple[Which, ...] = ("ticket", "article")
TABLES = ("ticket_words", "article_words")
BATCH = 500
TOLD = 20  # one batch of so many is told of
_AT_ONCE = 100  # words of a MATCH
_DIFFERS = "is in the full text index with other words than its own: see `ticketctl db reindex`"


def put_ticket(connection: Connection, ticket_id: int, number: str, title: str, before: str | None = None) -> None:
    """Indexes a ticket's title; `before`: the title that was indexed, where there is one."""
    dialect = dialect_of(connection)
    row = {"id": ticket_id, "words": words.of_ticket(title, number)}
    if before is None:
        _insert(connection, "ticket", row)
    elif dialect == "sqlite":
        old = {"id": ticket_id, "words": words.of_ticket(before, number)}
        connection.execute(_FORGET, old)
        _insert(connection, "ticket", row)
    else:
        known = table_of("ticket", dialect)
        connection.execute(
            update(known).where(known.c.id == ticket_id).values(words=_stored(dialect)), {"words": row["words"]}
        )


def put_article(connection: Connection, article_id: int, row: Mapping[str, Any]) -> None:
    """Indexes an article, from the columns of its row."""
    _insert(connection, "article", {"id": article_id, "words": _article_words(row)})


def _insert(connection: Connection, which: Which, row: dict[str, Any]) -> None:
    if dialect_of(connection) == "sqlite":  # as it is: a filter makes its statements anew for every mail
        statement = f"INSERT INTO {which}_words (rowid, words) VALUES (?, ?)"  # noqa: S608  a name of ours
        connection.exec_driver_sql(statement, (row["id"], row["words"]))
    else:
        connection.execute(_put(which, dialect_of(connection)), row)


def marks(connection: Connection) -> dict[Which, int]:
    """The last ids that are there: what this transaction adds has greater ones, and so may `fill` begin behind them."""
    return {which: connection.execute(select(func.max(source.c.id))).scalar() or 0 for which, source in _TABLES.items()}


def fill(
    connection: Connection, progress: Callable[[str], None] | None = None, after: Mapping[Which, int] | None = None
) -> None:
    """Indexes every ticket and article that is not indexed; `after`: of those behind these ids alone."""
    for which in BOTH:
        for batch, rows in enumerate(missing(connection, which, (after or {}).get(which, 0))):
            put(connection, which, rows)
            if progress is not None and batch % TOLD == 0:
                progress(f"full text: {which}s from #{rows[0]['id']} on")


def put(connection: Connection, which: Which, rows: list[dict[str, Any]]) -> None:
    """Indexes these; one that another has indexed meanwhile is left as it is."""
    connection.execute(_put(which, dialect_of(connection), harmless=True), rows)


def wrong(connection: Connection, *, contents: bool = False) -> Iterator[tuple[str, int, str]]:
    """What the index has too little or too much of: which, its id, and what is wrong; with `contents` of each word."""
    for which in BOTH:
        known, source = table_of(which, dialect_of(connection)), _TABLES[which]
        key, c = key_of(known), source.c.id
        bare = select(c).where(~exists(select(1).select_from(known).where(key == c)))
        lost = set(connection.execute(bare).scalars())
        yield from ((which, each, "is not in the full text index") for each in sorted(lost))
        for each in strays(connection, which):
            yield which, each, "is in the full text index, and not there"
        if contents:
            yield from ((which, each, _DIFFERS) for each in _differing(connection, which) if each not in lost)


def _differing(connection: Connection, which: Which) -> Iterator[int]:
    """The ids of those that are indexed by other words than theirs."""
    last = 0
    while rows := [row._asdict() for row in connection.execute(_source(which), {"last": last, "most": BATCH})]:
        last = rows[-1]["id"]
        wanted = _wanted(which, rows)
        if dialect_of(connection) == "sqlite":
            yield from (each for each, have in wanted.items() if not _holds(connection, which, each, have))
        else:
            found = _found(connection, which, wanted)
            yield from (each for each in found if found[each] != set(wanted[each]))


def unlike(connection: Connection, which: Which, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Which of these are not indexed, or by other words than theirs. Not for SQLite."""
    wanted = _wanted(which, rows)
    found = _found(connection, which, wanted)
    return [each for each in wanted if found.get(each) != set(wanted[each])]


def _wanted(which: Which, rows: Sequence[Mapping[str, Any]]) -> dict[int, list[str]]:
    return {row["id"]: _words(which, row)["words"].split() for row in rows}


def _found(connection: Connection, which: Which, ids: Iterable[int]) -> dict[int, set[str]]:
    """By which words a server has indexed these."""
    known = table_of(which, dialect_of(connection))
    found = connection.execute(select(key_of(known), known.c.words).where(key_of(known).in_(ids)))
    return {row[0]: set(re.findall("[0-9a-z]+", row[1])) for row in found}


def _holds(connection: Connection, which: Which, each: int, have: list[str]) -> bool:
    """SQLite: no words can be read back; has it as many, and each of these?"""
    row = connection.execute(text(f"SELECT sz FROM {which}_words_docsize WHERE id = :id"), {"id": each}).first()  # noqa: S608
    size = 0
    for byte in row[0] if row is not None else b"":  # https://www.sqlite.org/fileformat.html#varint
        size = size << 7 | byte & 0x7F
    asked = text(f"SELECT 1 FROM {which}_words WHERE {which}_words MATCH :words AND rowid = :id")  # noqa: S608  ours
    parts = (" AND ".join(have[at : at + _AT_ONCE]) for at in range(0, len(have), _AT_ONCE))
    return size == len(have) and all(connection.execute(asked, {"words": each_, "id": each}).first()
                                     for each_ in parts)  # fmt: skip


def empty(connection: Connection) -> None:
    """Forgets all words, for `fill` to begin anew."""
    for name in TABLES:
        if dialect_of(connection) == "sqlite":
            connection.exec_driver_sql(f"INSERT INTO {name}({name}) VALUES ('delete-all')")  # noqa: S608  a name of ours
        else:
            connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608  as above


def missing(connection: Connection, which: Which, last: int = 0) -> Iterator[list[dict[str, Any]]]:
    """What is to be put for those behind `last` that are not indexed, some at a time, in the order of their ids.

    By ranges of ids, each along two primary keys: the greatest id that is indexed says nothing of those before it.
    """
    known, c = table_of(which, dialect_of(connection)), _TABLES[which].c.id
    key = key_of(known)
    while ids := connection.execute(select(c).where(c > last).order_by(c).limit(BATCH)).scalars().all():
        there = set(connection.execute(select(key).where(key > last, key <= ids[-1])).scalars())
        last = ids[-1]
        if lost := [each for each in ids if each not in there]:
            found = connection.execute(_columns(which).where(c.in_(lost)).order_by(c))
            yield [_words(which, row._asdict()) for row in found]


def put_tickets(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Indexes these tickets, which are not."""
    put(connection, "ticket", [_words("ticket", row) for row in rows])


def anew(connection: Connection, which: Which, last: int) -> int | None:
    """Indexes the next few behind `last` anew, and gives the last of them; None where there are none. Not for SQLite,
    which forgets all or nothing.

    Their rows are locked: a title may be changed meanwhile. By their ids and not from one to another: between them
    may be some that another is just adding, words included.
    """
    found = connection.execute(_source(which).with_for_update(), {"last": last, "most": BATCH})
    rows = [_words(which, row._asdict()) for row in found]
    if not rows:
        return None
    forget(connection, which, [row["id"] for row in rows])
    put(connection, which, rows)
    return int(rows[-1]["id"])


def forget(connection: Connection, which: Which, ids: Sequence[int]) -> None:
    """Takes the words of these away. Not for SQLite."""
    known = table_of(which, dialect_of(connection))
    for at in range(0, len(ids), BATCH):
        connection.execute(delete(known).where(key_of(known).in_(ids[at : at + BATCH])))


def strays(connection: Connection, which: Which) -> Sequence[int]:
    """The ids that are indexed and not there."""
    key, c = key_of(table_of(which, dialect_of(connection))), _TABLES[which].c.id
    return connection.execute(select(key).where(~exists(select(1).where(c == key)))).scalars().all()


def _words(which: Which, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "words": _article_words(row) if which == "article" else _ticket_words(row)}


def _ticket_words(row: Mapping[str, Any]) -> str:
    return words.of_ticket(cleaned(row["title"]), row["number"])


def _article_words(row: Mapping[str, Any]) -> str:
    return words.of_article(cleaned(author(row)), cleaned(row["subject"]), cleaned(row["body"]))


def author(row: Mapping[str, Any]) -> str:
    """An author as he is indexed, from the columns of an article."""
    return " ".join(filter(None, (row["author_name"], row["author_address"])))


ARTICLE = (t.article.c.id, t.article.c.author_name, t.article.c.author_address, t.article.c.subject, t.article.c.body)


@cache
def _source(which: Which) -> Any:
    """What is indexed of those behind `last`, `most` of them."""
    c = _TABLES[which].c.id
    return _columns(which).where(c > bindparam("last")).order_by(c).limit(bindparam("most"))


def _columns(which: Which) -> Any:
    return select(*(ARTICLE if which == "article" else (t.ticket.c.id, t.ticket.c.number, t.ticket.c.title)))


_TABLES: dict[Which, Table] = {"ticket": t.ticket, "article": t.article}
_FORGET = text("INSERT INTO ticket_words (ticket_words, rowid, words) VALUES ('delete', :id, :words)")


def dialect_of(connection: Connection) -> str:
    name = connection.dialect.name
    return "mariadb" if name == "mysql" else name


@cache
def table_of(which: Which, dialect: str) -> TableClause:
    return table(f"{which}_words", column("rowid" if dialect == "sqlite" else "id", Integer), column("words", Text))


def key_of(known: TableClause) -> ColumnElement[int]:
    return known.c[0]


@cache
def _put(which: Which, dialect: str, *, harmless: bool = False) -> Any:
    """The INSERT; `harmless`: it leaves a row alone that is there (an SQLite file has one writer)."""
    known = table_of(which, dialect)
    made: Any = insert(known)
    if harmless and dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as their_insert

        made = their_insert(known).on_conflict_do_nothing()
    elif harmless and dialect == "mariadb":
        from sqlalchemy.dialects.mysql import insert as its_insert

        made = its_insert(known).on_duplicate_key_update(id=key_of(known))
    return made.values({key_of(known).name: bindparam("id"), "words": _stored(dialect)})


def _stored(dialect: str) -> Any:
    """The words as the column holds them."""
    given = bindparam("words", type_=Text)
    match dialect:
        case "postgresql":
            return func.array_to_tsvector(func.string_to_array(given, " "))
        case "mariadb":
            return func.concat(" ", given, " ")  # a word has blanks on both sides, for LIKE
        case _:
            return given
