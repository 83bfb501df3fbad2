"""Ids that a database counts itself: how far it has counted, which is further than its rows where some were deleted."""

from __future__ import annotations

from sqlalchemy import Connection, Table, text

from ticketctl.store import mariadb


def has(table: Table) -> bool:
    """Are its ids counted by the database?"""
    return any(column.autoincrement is True for column in table.primary_key)


def mark(connection: Connection, table: Table) -> int:
    """The highest id that was ever given, 0 for none."""
    known = {"table": table.name}
    match connection.dialect.name:
        case "sqlite":
            found = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :table"), known).scalar()
        case "postgresql":
            last = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {_sequence(connection, table)}"  # noqa: S608
            found = connection.exec_driver_sql(last).scalar()
        case _:
            found = connection.execute(
                text("SELECT AUTO_INCREMENT - 1 FROM information_schema.TABLES"
                     " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = :table"), known
            ).scalar()  # fmt: skip
    return int(found or 0)


def advance(connection: Connection, table: Table, to: int) -> None:
    """The next id is above `to`. MariaDB commits what was before."""
    if to < 1:
        return
    values = {"table": table.name, "to": to}
    if connection.dialect.name == "sqlite":
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), values)
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :to)"), values)
    elif connection.dialect.name in mariadb.DIALECTS:
        connection.exec_driver_sql(f"ALTER TABLE {table.name} AUTO_INCREMENT = {to + 1}")
    else:
        connection.execute(text("SELECT setval(CAST(:name AS regclass), :to)"),
                           {"name": _sequence(connection, table), "to": to})  # fmt: skip


def _sequence(connection: Connection, table: Table) -> str:
    (key,) = table.primary_key
    asked = text("SELECT pg_get_serial_sequence(:table, :key)")
    return str(connection.execute(asked, {"table": table.name, "key": key.name}).scalar())
