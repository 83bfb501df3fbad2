"""What has to be said otherwise on another database: which index a select goes along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table


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
