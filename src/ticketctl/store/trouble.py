"""What a database can do to us, as our refusals: the one place where its exceptions are translated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from ticketctl.errors import Failed, Refusal, TryAgain, Unavailable

# by the primary result code (the low byte), https://www.sqlite.org/rescode.html
_SQLITE: dict[int, tuple[type[Refusal], str]] = {
    sqlite3.SQLITE_BUSY: (TryAgain, "the database is busy: try again"),
    sqlite3.SQLITE_LOCKED: (TryAgain, "the database is busy: try again"),
    sqlite3.SQLITE_PERM: (Unavailable, "the database may not be opened: see its owner and mode"),
    sqlite3.SQLITE_AUTH: (Unavailable, "the database may not be opened: see its owner and mode"),
    sqlite3.SQLITE_READONLY: (Unavailable, "the database is read-only: see the mode of its file and directory"),
    sqlite3.SQLITE_CANTOPEN: (Unavailable, "the database cannot be opened: see the mode of its file and directory"),
    sqlite3.SQLITE_FULL: (Unavailable, "the disk is full: nothing was stored"),
    sqlite3.SQLITE_IOERR: (Unavailable, "the disk failed, or is full: nothing was stored"),
    sqlite3.SQLITE_NOMEM: (Unavailable, "no memory left: nothing was stored"),
    sqlite3.SQLITE_CORRUPT: (Unavailable, "the database is damaged: see `ticketctl fsck`, or restore a backup"),
    sqlite3.SQLITE_NOTADB: (Unavailable, "the database file is no database: restore a backup, or name another file"),
}
_RACES = ("40001", "40P01", "55P03")  # PostgreSQL: serialization failure, deadlock, lock not available
_MARIADB_RACES = (1205, 1213)  # lock wait timeout, deadlock


@contextmanager
def translated() -> Iterator[None]:
    """Runs its block; every exception of SQLAlchemy or the driver leaves it as one of `errors`."""
    try:
        yield
    except exc.SQLAlchemyError as trouble:
        raise refusal(trouble) from trouble
    except sqlite3.Error as trouble:
        raise _of_driver(trouble) from trouble


def is_damage(trouble: BaseException | None) -> bool:
    """Does an exception, or the refusal made of it, say that the file is damaged?"""
    if isinstance(trouble, Refusal):
        trouble = trouble.__cause__
    if isinstance(trouble, exc.DBAPIError):
        trouble = trouble.orig
    code = getattr(trouble, "sqlite_errorcode", None) or 0
    return isinstance(trouble, sqlite3.Error) and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def refusal(trouble: exc.SQLAlchemyError) -> Refusal:
    """The refusal that an exception of SQLAlchemy stands for."""
    if isinstance(trouble, exc.TimeoutError):
        return TryAgain("no free connection to the database: try again")
    if isinstance(trouble, exc.DBAPIError) and trouble.orig is not None:
        return _of_driver(trouble.orig)
    return Failed(f"database: {type(trouble).__name__}: {trouble}")


def _of_driver(trouble: BaseException) -> Refusal:
    if isinstance(trouble, sqlite3.Error):
        code = (getattr(trouble, "sqlite_errorcode", None) or 0) & 0xFF
        if code in _SQLITE:
            kind, message = _SQLITE[code]
            return kind(message)
    if type(trouble).__name__.endswith("IntegrityError") or _is_race(trouble):
        return TryAgain(f"somebody else was faster: try again ({trouble})", race=True)
    if type(trouble).__name__.endswith(("OperationalError", "InterfaceError")) and not isinstance(
        trouble, sqlite3.Error
    ):
        return Unavailable(f"the database is away: {trouble}")
    return Failed(f"database: {trouble}")


def _is_race(trouble: BaseException) -> bool:
    first = trouble.args[0] if trouble.args else None
    return getattr(trouble, "sqlstate", None) in _RACES or first in _MARIADB_RACES
