"""What has to be said otherwise on another database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, CompoundSelect, Select, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def indexed(wanted: Select[Any], table: Table, index: str) -> Select[Any]:
    """The select along that index. SQLite knows no figures of ours to choose by, MariaDB guesses; PostgreSQL takes no
    advice: there the statement has to leave no choice."""
    wanted = wanted.with_hint(table, f"INDEXED BY {index}", "sqlite")
    for dialect in ("mysql", "mariadb"):
        wanted = wanted.with_hint(table, f"FORCE INDEX ({index})", dialect)
    return wanted


def by_id(wanted: Select[Any], table: Table) -> Select[Any]:
    """The select that looks its rows up by the ids that it names."""
    wanted = wanted.with_hint(table, "NOT INDEXED", "sqlite")
    for dialect in ("mysql", "mariadb"):
        wanted = wanted.with_hint(table, "FORCE INDEX (PRIMARY)", dialect)
    return wanted


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLAlchemy says `= 1` behind it, and SQLite reads every row


def ids_in(column: ColumnElement[int], ids: Select[Any] | CompoundSelect[Any]) -> ColumnElement[bool]:
    """The column is one of these few ids, which are found first, on their own.

    PostgreSQL joins what IN says as it thinks best, and reads a whole table where it thinks wrong: there it is given an
    array, which it can only look up.
    """
    alone = ids.correlate(None) if isinstance(ids, Select) else ids
    return _Among(column, alone.scalar_subquery())


@compiles(_Among)
def _in(element: _Among, compiler: Any, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN {ids}"


@compiles(_Among, "postgresql")
def _any(element: _Among, compiler: Any, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY(ARRAY{ids})"


@compiles(_Among, "mysql", "mariadb")
def _derived(element: _Among, compiler: Any, **options: Any) -> str:
    """MariaDB takes no LIMIT in IN, but in what IN selects from."""
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT * FROM {ids} AS few)"  # noqa: S608  SQLAlchemy's own text
