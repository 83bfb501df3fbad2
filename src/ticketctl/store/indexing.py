"""The full text index of each database, filled in the transaction that writes what it indexes.

Two tables of (id, words), one for titles and one for articles: contentless FTS5 on SQLite, a tsvector with GIN on
PostgreSQL, FULLTEXT on MariaDB. All hold the same words, which `ticketctl.words` makes, so that all find the same.
No metadata knows them: they differ too much, and `fill` makes them from what the other tables hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    TableClause,
    Text,
    bindparam,
    column,
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


def fill(connection: Connection, progress: Callable[[str], None] | None = None) -> None:
    """Indexes every ticket and article that came after the last one that is indexed: all of them in a new index."""
    for which in BOTH:
        for batch, (first, rows) in enumerate(missing(connection, which)):
            connection.execute(_put(which, dialect_of(connection)), rows)
            if progress is not None and batch % TOLD == 0:
                progress(f"full text: {which}s from #{first} on")


def wrong(connection: Connection, *, contents: bool = False) -> Iterator[tuple[str, int, str]]:
    """What the index has too little or too much of: which, its id, and what is wrong; with `contents` of each word."""
    for which in BOTH:
        known, source = table_of(which, dialect_of(connection)), _TABLES[which]
        key, c = key_of(known), source.c.id
        bare = select(c).where(~exists(select(1).select_from(known).where(key == c)))
        strange = select(key).select_from(known).where(~exists(select(1).select_from(source).where(c == key)))
        lost = set(connection.execute(bare).scalars())
        yield from ((which, each, "is not in the full text index") for each in sorted(lost))
        for each in connection.execute(strange).scalars():
            yield which, each, "is in the full text index, and not there"
        if contents:
            yield from ((which, each, _DIFFERS) for each in _differing(connection, which) if each not in lost)


def _differing(connection: Connection, which: Which) -> Iterator[int]:
    """The ids of those that are indexed by other words than theirs."""
    last = 0
    while rows := [row._asdict() for row in connection.execute(_source(which), {"last": last, "most": BATCH})]:
        made = _article_words if which == "article" else _ticket_words
        wanted = {row["id"]: made(row).split() for row in rows}
        last = rows[-1]["id"]
        if dialect_of(connection) == "sqlite":
            yield from (each for each, have in wanted.items() if not _holds(connection, which, each, have))
        else:
            known = table_of(which, dialect_of(connection))
            found = connection.execute(select(key_of(known), known.c.words).where(key_of(known).in_(wanted)))
            yield from (row[0] for row in found if set(re.findall("[0-9a-z]+", row[1])) != set(wanted[row[0]]))


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


def missing(connection: Connection, which: Which) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    known = table_of(which, dialect_of(connection))
    last = connection.execute(select(func.max(key_of(known)))).scalar() or 0
    while rows := [row._asdict() for row in connection.execute(_source(which), {"last": last, "most": BATCH})]:
        made = _article_words if which == "article" else _ticket_words
        yield rows[0]["id"], [{"id": row["id"], "words": made(row)} for row in rows]
        last = rows[-1]["id"]


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
    c = t.ticket.c if which == "ticket" else t.article.c
    wanted = select(c.id, c.number, c.title) if which == "ticket" else select(*ARTICLE)
    return wanted.where(c.id > bindparam("last")).order_by(c.id).limit(bindparam("most"))


_TABLES = {"ticket": t.ticket, "article": t.article}
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
def _put(which: Which, dialect: str) -> Any:
    known = table_of(which, dialect)
    return insert(known).values({key_of(known).name: bindparam("id"), "words": _stored(dialect)})


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
