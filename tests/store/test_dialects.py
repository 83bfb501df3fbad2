"""PostgreSQL and MariaDB are to follow: the tables and the list can be said in their words, within their limits."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from ticketctl import words
from ticketctl.query import And, Term
from ticketctl.store import find, fulltext, seek, tables, walk

DIALECTS = [postgresql.dialect(), mysql.dialect()]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_tables_and_lists_compile(dialect):
    for table in tables.metadata.sorted_tables:
        said = str(CreateTable(table).compile(dialect=dialect))
        assert dialect.name != "mysql" or (" TEXT" not in said and " BLOB" not in said), "64 KB there"
        for index in table.indexes:
            CreateIndex(index).compile(dialect=dialect)
    name = "mariadb" if dialect.name == "mysql" else dialect.name
    lookups = [fulltext.Lookup(name, field, words.needle("x*", field)) for field in ("any", "title", "from")]
    asked = find.Page(query=And((Term(field="has", values=tuple(lookups)),)), queues=("A", "B"), limit=5)
    way = walk.best(asked, walk.held(asked))
    wanted = find.condition(asked.query, None)
    assert "UNION ALL" in str(seek.merged(asked, way.walks, wanted).compile(dialect=dialect))


def test_no_key_is_longer_than_mariadb_takes():
    for table in tables.metadata.sorted_tables:
        keys = [[*index.columns] for index in table.indexes]
        keys += [[*each.columns] for each in table.constraints]
        for key in keys:
            bytes_ = sum(4 * getattr(column.type, "length", 2) for column in key)
            assert bytes_ <= 3072, (table.name, key)


def test_every_name_fits_postgresql():
    names = [each.name for table in tables.metadata.sorted_tables for each in (*table.indexes, *table.constraints)]
    assert [name for name in names if name is None or len(name) > 63] == []
