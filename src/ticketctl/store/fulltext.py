"""How the full text index is asked, on SQLite, PostgreSQL and MariaDB alike (`indexing` fills it).

A query costs what it shows: a term that few tickets have becomes their ids, one that many have a condition that is
looked up ticket by ticket, and which of both it is shows after FEW hits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    TableClause,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
)

from ticketctl import words
from ticketctl.query import And, Not, Or, Query, Term
from ticketctl.store import tables as t
from ticketctl.store.indexing import ARTICLE, BATCH, Which, author, dialect_of, key_of, table_of
from ticketctl.words import Needle

Where = ColumnElement[bool]
FEW = 2_000  # hits that are fetched; more are many
_SAMPLE, _OFTEN = 500, 25  # MariaDB reads every hit of a word: one in so many of the newest texts is not asked for
_FIELDS: dict[str, words.Field] = {"word": "title", "from": "from", "subject": "subject"}
_ANYWHERE: dict[str, words.Field] = _FIELDS | {"word": "any"}
_LONGEST_ID = 9  # figures


class Lookup(Struct, frozen=True):
    """The value of a term `has`, which `resolved` puts for a word or a phrase that many tickets have."""

    dialect: str
    field: words.Field
    needle: Needle

    @property
    def is_rough(self) -> bool:
        """Whether `on_row` knows the words of a phrase alone; SQLite reads the texts anyway."""
        return self.needle.loose and self.dialect != "sqlite"


def resolved(connection: Connection, query: Query, *, anywhere: bool = False) -> Query:
    """The query with every term that the index knows (`word`, `from`, `subject`) as what `find` understands: the ids
    of the tickets that have it where these are few, else a term `has`.

    A word is in the title; with `anywhere` in the title, the subject, the author or the text of an article.
    """
    match query:
        case And(parts=parts):
            return And(tuple(resolved(connection, part, anywhere=anywhere) for part in parts))
        case Or(parts=parts):
            return Or(tuple(resolved(connection, part, anywhere=anywhere) for part in parts))
        case Not(part=part):
            return Not(resolved(connection, part, anywhere=anywhere))
        case Term(field=field) if field in _FIELDS:
            fields = _ANYWHERE if anywhere else _FIELDS
            each = [_resolved(connection, str(value), fields[field]) for value in query.values]
            return each[0] if len(each) == 1 else either(each)
        case _:
            return query


def either(terms: Sequence[Query]) -> Query:
    """One of them; ids with ids are a list of ids, which is the better way in."""
    if all(isinstance(each, Term) and each.field == "id" for each in terms):
        return Term(field="id", values=tuple(dict.fromkeys(v for each in terms for v in cast("Term", each).values)))
    return Or(tuple(terms))


def _resolved(connection: Connection, value: str, field: words.Field) -> Query:
    asked = words.needle(value, field)
    found: Query = Term(field="id", values=())
    if asked is not None:
        ids = tickets(connection, asked, field)
        lookup: Any = Lookup(dialect=dialect_of(connection), field=field, needle=asked)
        found = Term(field="has", values=(lookup,)) if ids is None else Term(field="id", values=tuple(ids))
    named = _named(connection, value) if field == "title" else []
    return either([found, Term(field="id", values=tuple(named))]) if named else found


def _named(connection: Connection, value: str) -> list[int]:
    """The tickets that a bare word of figures names: by number, by id."""
    digits = value.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()):
        return []
    c = t.ticket.c
    ways = [c.number == digits] + ([c.id == int(digits)] if len(digits) <= _LONGEST_ID else [])
    return list(connection.execute(select(c.id).where(or_(*ways))).scalars())


def tickets(connection: Connection, asked: Needle, field: words.Field) -> list[int] | None:
    """The tickets that have what is asked, whoever may read them; None where more than FEW have its words."""
    found: dict[int, None] = {}
    for which in WHERE[field]:
        ids = hits(connection, which, field, asked, FEW + 1)
        if len(ids) > FEW:
            return None
        if asked.loose:
            ids = _verified(connection, which, asked, ids)
        found |= dict.fromkeys(ids if which == "ticket" else tickets_of(connection, ids))
    return sorted(found)


WHERE: dict[str, tuple[Which, ...]] = {
    "any": ("ticket", "article"), "title": ("ticket",), "subject": ("article",), "from": ("article",),
}  # fmt: skip


def is_read(connection: Connection, which: Which, lookup: Lookup) -> bool:
    """FTS5 gathers every hit of the beginning of a word before it gives the first one: where many of the newest texts
    have it, they are read instead."""
    if lookup.dialect != "sqlite" or not lookup.needle.begins:
        return False
    key, has = text_of(which, lookup)
    newest = select(has.label("has")).order_by(key.desc()).limit(_SAMPLE).subquery()
    return connection.execute(select(func.count()).where(newest.c.has)).scalar_one() >= _OFTEN


def text_of(which: Which, lookup: Lookup) -> tuple[ColumnElement[int], Where]:
    """SQLite: the id of a title or an article, and the condition that its text itself has what is looked for."""
    if which == "ticket":
        return t.ticket.c.id, _reads_ticket(lookup.field, _pattern(lookup.field, lookup.needle))
    return t.article.c.id, _reads_article(lookup.field, _pattern(lookup.field, lookup.needle))


def hits(connection: Connection, which: Which, field: words.Field, asked: Needle, most: int) -> list[int]:
    """The newest ids of tickets (their titles) or articles that have the words; at most so many.

    Where a database would go through a long list for it, it gives `most` ids that mean no more than that there are
    many.
    """
    dialect = dialect_of(connection)
    known = table_of(which, dialect)
    if dialect == "mariadb" and is_common(connection, known, asked):
        return [0] * most
    if is_read(connection, which, Lookup(dialect=dialect, field=field, needle=asked)):
        return [0] * most
    key, has = key_of(known), match(f"{which}_words", asked, dialect)
    return list(connection.execute(select(key).where(has).order_by(key.desc()).limit(most)).scalars())


def is_common(connection: Connection, known: TableClause, asked: Needle) -> bool:
    """MariaDB: do many of the newest texts have the words?"""
    newest = select(known.c.words).order_by(key_of(known).desc()).limit(_SAMPLE).subquery()
    have = select(func.count()).select_from(newest).where(is_in(newest.c.words, asked))
    return connection.execute(have).scalar_one() >= _OFTEN


def match(name: str, asked: Needle, dialect: str) -> Any:
    """The condition that the index answers. The words are ours, of letters and figures: nothing is to be quoted."""
    match dialect:
        case "sqlite":
            said = " AND ".join(asked.words) + ("*" if asked.begins else "")
            return literal_column(name).op("MATCH")(said)
        case "postgresql":
            return literal_column(f"{name}.words").op("@@")(_tsquery(asked))
        case _:
            said = " ".join(f"+{word}" for word in asked.words) + ("*" if asked.begins else "")
            against = text(f"MATCH ({name}.words) AGAINST (:asked IN BOOLEAN MODE)")
            return against.bindparams(bindparam("asked", said, unique=True))


def _tsquery(asked: Needle) -> Any:
    return func.tsquery(" & ".join(asked.words) + (":*" if asked.begins else ""))


def is_in(stored: ColumnElement[Any], asked: Needle) -> Where:
    """MariaDB: the words of one row, without its index."""
    ends = [" "] * len(asked.words)
    ends[-1] = "" if asked.begins else " "
    return and_(*(stored.like(f"% {word}{end}%") for word, end in zip(asked.words, ends, strict=True)))


def on_row(lookup: Lookup) -> Where:
    """The condition on a row of `ticket` that a term `has` stands for, to be looked up row by row."""
    ways: list[Where] = []
    a, ticket_id = t.article.c, t.ticket.c.id
    if lookup.dialect == "sqlite":
        return _reads(lookup)
    if "ticket" in WHERE[lookup.field]:
        ways.append(_has("ticket", ticket_id, lookup.needle, lookup.dialect))
    if "article" in WHERE[lookup.field]:
        has = _has("article", a.id, lookup.needle, lookup.dialect)
        ways.append(exists().where(a.ticket_id == ticket_id, has))
    return or_(*ways)


def _reads(lookup: Lookup) -> Where:
    """SQLite: the texts themselves are read."""
    field, pattern = lookup.field, _pattern(lookup.field, lookup.needle)
    ways = [_reads_ticket(field, pattern)] if "ticket" in WHERE[field] else []
    if "article" in WHERE[field]:
        ways.append(exists().where(t.article.c.ticket_id == t.ticket.c.id, _reads_article(field, pattern)))
    return or_(*ways)


def _pattern(field: words.Field, asked: Needle) -> str:
    """What is looked for in one text: anywhere it is any of the words of a phrase's pattern, in a field all of them."""
    if field == "any":
        return asked.pattern
    return "(?s)" + "".join(f"(?=.*(?:{each}))" for each in asked.pattern.split("|"))


def _reads_ticket(field: words.Field, pattern: str) -> Where:
    c = t.ticket.c
    return or_(_has_words(c.title, pattern), *([_has_words(c.number, pattern)] if field == "any" else []))


def _reads_article(field: words.Field, pattern: str) -> Where:
    a = t.article.c
    authors = func.coalesce(a.author_name, "") + " " + func.coalesce(a.author_address, "")
    texts = {"subject": _has_words(a.subject, pattern), "from": _has_words(authors, pattern)}
    return texts[field] if field in texts else or_(*texts.values(), _has_words(a.body, pattern, words.LONGEST))


def _has_words(column: ColumnElement[Any], pattern: str, most: int = words.HEAD) -> Where:
    return cast("Where", func.has_words(column, pattern, most))


def on_article(dialect: str, asked: Needle) -> Where:
    """The condition on a row of `article`."""
    if dialect == "sqlite":  # the few of a ticket are read: to look up one row's words costs the more, the more have it
        return _reads_article("any", asked.pattern)
    return _has("article", t.article.c.id, asked, dialect)


def _has(which: Which, of: ColumnElement[int], asked: Needle, dialect: str) -> Where:
    known = table_of(which, dialect)
    holds = is_in(known.c.words, asked) if dialect == "mariadb" else match(f"{which}_words", asked, dialect)
    return exists(select(literal_column("1")).select_from(known).where(key_of(known) == of, holds))


def inlined(key: ColumnElement[int], ids: Sequence[int]) -> Where:
    """The ids in the statement itself: drivers take only so many parameters."""
    return key.in_(bindparam("ids", list(ids), expanding=True, literal_execute=True, unique=True))


def tickets_of(connection: Connection, articles: Sequence[int]) -> list[int]:
    """Whose articles these are, each ticket once."""
    c = t.article.c
    return list(connection.execute(select(c.ticket_id).where(inlined(c.id, articles)).distinct()).scalars())


def having(connection: Connection, lookup: Lookup, ids: Sequence[int]) -> set[int]:
    """Those of the tickets that have what is looked for: of a phrase, that have it word for word."""
    found: set[int] = set()
    for at in range(0, len(ids), BATCH):
        found |= _having(connection, lookup, ids[at : at + BATCH])
    return found


def _having(connection: Connection, lookup: Lookup, ids: Sequence[int]) -> set[int]:
    c = t.ticket.c
    have = select(c.id).where(inlined(c.id, ids), on_row(lookup))
    if not lookup.is_rough:
        return set(connection.execute(have).scalars())
    a, needle = t.article.c, lookup.needle
    said = select(a.id).where(inlined(a.ticket_id, ids), on_article(lookup.dialect, needle))
    articles = _verified(connection, "article", needle, list(connection.execute(said).scalars()))
    return {*_verified(connection, "ticket", needle, ids), *tickets_of(connection, articles)}


def _verified(connection: Connection, which: Which, asked: Needle, ids: Sequence[int]) -> list[int]:
    """Those of which the text has the phrase."""
    found: list[int] = []
    for at in range(0, len(ids), BATCH):
        part = ids[at : at + BATCH]
        source = select(t.ticket.c.id, t.ticket.c.title) if which == "ticket" else select(*ARTICLE)
        key = t.ticket.c.id if which == "ticket" else t.article.c.id
        for row in connection.execute(source.where(key.in_(part))):
            texts = [row.title] if which == "ticket" else article_texts(row).values()
            if any(re.search(asked.pattern, words.folded(each[: words.LONGEST])) for each in texts if each):
                found.append(row.id)
    return found


def article_texts(row: Any) -> dict[str, str]:
    """What of an article is searched, by the name of where it stands."""
    return {"subject": row.subject, "from": author(row._asdict()), "text": row.body}

