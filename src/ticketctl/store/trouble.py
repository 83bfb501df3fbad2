"""What a database can do to us, as our refusals: the one place where its exceptions are translated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from ticketctl.errors import Failed, Misconfigured, Refusal, TryAgain, Unavailable

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
_RACE = "somebody else was faster: try again"
# by SQLSTATE, the longest beginning that fits, https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: dict[str, tuple[type[Refusal], str]] = {
    "40": (TryAgain, _RACE),  # serialization failure, deadlock
    "23": (TryAgain, _RACE),  # a unique key
    "55P03": (TryAgain, "the database is busy: try again"),  # a lock was not to be had in time
    "53300": (TryAgain, "the database has no free connection: try again"),
    "57P03": (TryAgain, "the database is starting or stopping: try again"),
    "57": (TryAgain, "the database stopped what we asked: try again"),  # an admin, a time limit, a shutdown
    "53100": (Unavailable, "the database's disk is full: nothing was stored"),
    "53": (Unavailable, "the database is out of memory or disk: nothing was stored"),
    "25006": (Unavailable, "the database is read-only: is it a standby?"),
    "28": (Unavailable, "the database does not let us in: see user and password in `database`"),
    "42501": (Unavailable, "the database's user may not use its tables: see its rights"),
    "3D000": (Misconfigured, "there is no such database on the server: create it, then run `ticketctl init`"),
    "08": (Unavailable, "the database is away"),
    "58": (Unavailable, "the database's disk failed"),
    "XX": (Unavailable, "the database is damaged: see its log"),
}
# by number, https://mariadb.com/kb/en/mariadb-error-codes/
_MARIADB: dict[int, tuple[type[Refusal], str]] = {
    1205: (TryAgain, "the database is busy: try again"),  # a lock was not to be had in time
    1213: (TryAgain, _RACE),  # deadlock; in a cluster also a conflict at commit
    1020: (TryAgain, _RACE),  # record has changed since last read
    1062: (TryAgain, _RACE),  # duplicate key
    1451: (TryAgain, _RACE),  # foreign keys
    1452: (TryAgain, _RACE),
    1040: (TryAgain, "the database has no free connection: try again"),
    1203: (TryAgain, "the database has no free connection: try again"),
    1047: (Unavailable, "this node of the database's cluster is not ready"),
    1053: (TryAgain, "the database is stopping: try again"),
    1927: (TryAgain, "the database stopped what we asked: try again"),  # connection was killed
    1317: (TryAgain, "the database stopped what we asked: try again"),
    1969: (TryAgain, "the database stopped what we asked: try again"),
    1021: (Unavailable, "the database's disk is full: nothing was stored"),
    1114: (Unavailable, "the database's disk is full: nothing was stored"),
    1290: (Unavailable, "the database is read-only"),
    1792: (Unavailable, "the database is read-only"),
    1836: (Unavailable, "the database is read-only"),
    1044: (Unavailable, "the database does not let us in: see user and password in `database`"),
    1045: (Unavailable, "the database does not let us in: see user and password in `database`"),
    1142: (Unavailable, "the database's user may not use its tables: see its rights"),
    1698: (Unavailable, "the database does not let us in: see user and password in `database`"),
    1049: (Misconfigured, "there is no such database on the server: create it, then run `ticketctl init`"),
}


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
        return _of_driver(trouble.orig, trouble)
    return Failed(f"database: {type(trouble).__name__}: {trouble}")


def _of_driver(trouble: BaseException, wrapped: exc.DBAPIError | None = None) -> Refusal:
    """What a driver's exception stands for, by its code; else by its class."""
    kind, message = _coded(trouble) or (None, "")
    if kind is TryAgain:
        return TryAgain(message, race=message is _RACE)
    if kind is not None:
        return kind(message)
    if isinstance(wrapped, exc.IntegrityError) or isinstance(trouble, sqlite3.IntegrityError):
        return TryAgain(f"{_RACE} ({trouble})", race=True)
    if isinstance(wrapped, exc.OperationalError | exc.InterfaceError) and not isinstance(trouble, sqlite3.Error):
        return Unavailable(f"the database is away: {trouble}")
    return Failed(f"database: {trouble}")


def _coded(trouble: BaseException) -> tuple[type[Refusal], str] | None:
    if isinstance(trouble, sqlite3.Error):
        return _SQLITE.get((getattr(trouble, "sqlite_errorcode", None) or 0) & 0xFF)
    state = getattr(trouble, "sqlstate", None)
    if isinstance(state, str):
        return next((_POSTGRESQL[state[:n]] for n in (5, 2) if state[:n] in _POSTGRESQL), None)
    number = trouble.args[0] if trouble.args else None
    return _MARIADB.get(number) if isinstance(number, int) else None
