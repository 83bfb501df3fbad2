"""Ids that are found first, on their own, and then looked up: said otherwise on every database.

Apart from `hints`: SQLAlchemy's extension for it is imported for lists alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, CompoundSelect, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


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
