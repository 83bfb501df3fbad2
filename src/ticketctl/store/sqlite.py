"""What is SQLite's alone: opening without creating, PRAGMAs, BEGIN IMMEDIATE for those who write.

By default the driver's transactions lose updates (a read, then a write after another's commit); `isolation_level=None`
and our own BEGIN do not.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, FromClause, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from ticketctl.errors import Unavailable


def file_uri(path: Path, mode: str = "rw") -> str:
    """The URI that opens a file that is there (`rw`, `ro`), and never makes one."""
    return f"file:{quote(os.fspath(path.absolute()))}?mode={mode}"


def connect(path: Path, timeout: float, mode: str = "rw") -> sqlite3.Connection:
    """A connection in autocommit: the caller says BEGIN. `timeout`: seconds to wait for a lock."""
    return sqlite3.connect(
        file_uri(path, mode), uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )


class _Compiler(SQLiteCompiler):
    """Says the hints on tables (INDEXED BY), which SQLAlchemy leaves out for SQLite."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002  its shape
        return text


def prepare(engine: Engine) -> None:
    """Has every new connection set up, and every transaction begun as what it is."""

    engine.dialect.statement_compiler = _Compiler

    @event.listens_for(engine, "connect")
    def _connected(driver: Any, _record: Any) -> None:
        driver.execute("PRAGMA synchronous=FULL")
        driver.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def wait(connection: Connection, seconds: int) -> None:
    """Has a connection to a file wait that long for a lock; others are as they were."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA busy_timeout = {seconds * 1000}")


def make_file(path: Path, mode: int) -> None:
    """An empty database file in WAL mode, unless it is there; its directories too."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, mode)
        try:
            if os.fstat(descriptor).st_size == 0:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
    except OSError as trouble:
        raise Unavailable(f"cannot make the database {path}: {trouble.strerror}") from trouble
    connection = connect(path, 30.0)
    try:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
    finally:
        connection.close()
