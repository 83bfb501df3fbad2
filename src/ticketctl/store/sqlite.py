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
from sqlalchemy.sql.compiler import SQLCompiler

from ticketctl.errors import Unavailable


def file_uri(path: Path, mode: str = "rw") -> str:
    """The URI that opens a file that is there (`rw`, `ro`), and never makes one."""
    return f"file:{quote(os.fspath(path.absolute()))}?mode={mode}"


def connect(path: Path, timeout: float, mode: str = "rw") -> sqlite3.Connection:
    """A connection in autocommit: the caller says BEGIN. `timeout`: seconds to wait for a lock."""
    return sqlite3.connect(
        file_uri(path, mode), uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )


def _compiler() -> type[SQLCompiler]:
    """SQLAlchemy's, which leaves out the hints on tables (INDEXED BY), with these."""
    from sqlalchemy.dialects.sqlite.base import SQLiteCompiler  # late: of no use to the desk of a server

    class Hinting(SQLiteCompiler):
        def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002  its shape
            return text

    return Hinting


def prepare(engine: Engine) -> None:
    """Has every new connection set up, and every transaction begun as what it is."""

    engine.dialect.statement_compiler = _compiler()

    @event.listens_for(engine, "connect")
    def _connected(driver: Any, _record: Any) -> None:
        driver.execute("PRAGMA synchronous=FULL")
        driver.execute("PRAGMA foreign_keys=ON")
        driver.create_function("has_words", 3, _has_words, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _has_words(text: str | None, pattern: str, most: int) -> bool:
    """Does a text have what a needle of `words` looks for? A row costs a tenth of what FTS5 takes to look one up."""
    import re

    from ticketctl import words

    return bool(text) and re.search(pattern, words.folded(str(text)[:most])) is not None


def roomy(connection: Connection) -> None:
    """200 MB of cache for who writes much at once: digests and tokens go everywhere in their indexes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size=-200000")


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
