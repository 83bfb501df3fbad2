"""What a database can do to us, as our refusals: the one place where its exceptions are translated."""

from __future__ import annotations

import re
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
_BUSY = (TryAgain, "the database is busy: try again")
_CROWDED = (TryAgain, "the database has no free connection: try again")
_STOPPED = (TryAgain, "the database stopped what we asked: try again")
_MOVING = (TryAgain, "the database is starting or stopping: try again")
_FULL = (Unavailable, "the database's disk is full: nothing was stored")
_CLOSED = (Unavailable, "the database does not let us in: see user and password in `database`")
_RIGHTS = (Unavailable, "the database's user may not use the desk's tables: see its rights (GRANT)")
_READ_ONLY = (Unavailable, "the database is read-only: is it a standby?")
_NO_DATABASE = (Misconfigured, "there is no such database on the server: create it, then run `ticketctl init`")
_Word = tuple[type[Refusal], str]
# by SQLSTATE, the longest beginning that fits, https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: dict[str, _Word] = {
    "40": (TryAgain, _RACE),  # serialization failure, deadlock
    "23": (TryAgain, _RACE),  # a unique key
    "55P03": _BUSY,  # a lock was not to be had in time
    "53300": _CROWDED,
    "57P03": _MOVING,
    "57P02": _MOVING,  # another backend crashed
    "57": _STOPPED,  # an admin, a time limit, a shutdown
    "53100": _FULL,
    "53": (Unavailable, "the database is out of memory or disk: nothing was stored"),
    "25006": _READ_ONLY,
    "0A000": _READ_ONLY,  # BEGIN READ WRITE on a standby
    "25P02": _STOPPED,  # what came before failed
    "25P03": _STOPPED,  # idle for too long
    "25P04": _STOPPED,
    "28": _CLOSED,
    "42501": _RIGHTS,
    "3D000": _NO_DATABASE,
    "08": (Unavailable, "the database went away: nothing was stored"),
    "58": (Unavailable, "the database's disk failed: see its log"),
    "XX": (Unavailable, "the database is damaged: see its log"),
}
# While it connects psycopg has no SQLSTATE, only the server's words, which may speak any language: what is not known
# here is `away`, with those words.
_CONNECTING: tuple[tuple[str, _Word], ...] = (
    (r"too many (clients|connections)|remaining connection slots", _CROWDED),
    (r"the database system is|not (yet )?accepting connections|terminating connection", _MOVING),
    (r'database "[^"]*" does not exist', _NO_DATABASE),
    (r'password|authentication|pg_hba\.conf|role "[^"]*"|permission denied for database', _CLOSED),
    (r"session is (not )?read-only|hot standby mode",
     (Unavailable, "no host in `database` is what target_session_attrs asks for: is there a primary?")),
    (r"timeout expired|timed out", (Unavailable, "the database does not answer: is its host up, or the server stuck?")),
)  # fmt: skip
# by number, https://mariadb.com/kb/en/mariadb-error-codes/
_MARIADB: dict[int, _Word] = {
    1205: _BUSY,  # a lock was not to be had in time, or a node of a cluster did not catch up
    1213: (TryAgain, _RACE),  # deadlock; in a cluster also a conflict at commit
    1020: (TryAgain, _RACE),  # record has changed since last read
    1062: (TryAgain, _RACE),  # duplicate key
    1451: (TryAgain, _RACE),  # foreign keys
    1452: (TryAgain, _RACE),
    1040: _CROWDED,
    1203: _CROWDED,
    1226: _CROWDED,  # of this user
    1129: (Unavailable, "the database has locked this host out after too many errors: see `mariadb-admin flush-hosts`"),
    1047: (TryAgain, "this node of the database's cluster is not ready: try again"),
    1053: _MOVING,
    1927: _STOPPED,  # connection was killed
    1317: _STOPPED,
    1969: _STOPPED,
    1180: (Unavailable, "the database could not commit: see its log"),
    1021: _FULL,
    1114: _FULL,
    3: _FULL,  # EE_WRITE
    1026: _FULL,  # error writing file
    28: _FULL,  # ENOSPC
    1290: _READ_ONLY,  # --read-only, --innodb-read-only
    1792: _READ_ONLY,
    1836: _READ_ONLY,
    1130: _CLOSED,  # this host
    1044: _CLOSED,
    1045: _CLOSED,
    1698: _CLOSED,
    4151: _CLOSED,  # account locked
    1142: _RIGHTS,
    1143: _RIGHTS,
    1049: _NO_DATABASE,
    1153: (Unavailable, "max_allowed_packet of the database is too small: see ticketctl.toml(5)"),
    2006: (Unavailable, "the database went away: nothing was stored"),
    2013: (Unavailable, "the database went away, or did not answer in time: nothing was stored"),
}
UNKNOWN = (
    "the connection to the database ended while it was to keep this, and nobody knows whether it did: "
    "look (`ticketctl show`, `ticketctl history`) before you do it again"
)
# What is certainly not kept, though COMMIT was asked for; all else that ends a connection leaves it open.
_UNDONE = {"22", "23", "25", "40", "42", "53", "55"}
_UNDONE_NUMBERS = {0, 1020, 1021, 1047, 1062, 1114, 1205, 1213, 1290, 1451, 1452, 1792, 1836, 2006}


@contextmanager
def translated() -> Iterator[None]:
    """Runs its block; every exception of SQLAlchemy or the driver leaves it as one of `errors`."""
    try:
        yield
    except exc.SQLAlchemyError as trouble:
        raise refusal(trouble) from trouble
    except sqlite3.Error as trouble:
        raise _of_driver(trouble) from trouble


@contextmanager
def committing() -> Iterator[None]:
    """Runs a commit. Where the connection ends before the answer, nobody knows what became of it: Unavailable (69)
    and not TryAgain, since what is done again would perhaps be done twice."""
    try:
        yield
    except exc.DBAPIError as trouble:
        if _is_open(trouble.orig):
            raise Unavailable(UNKNOWN) from trouble
        raise


def _is_open(trouble: BaseException | None) -> bool:
    """Did a commit fail in a way that leaves open whether it is kept?"""
    if trouble is None or isinstance(trouble, sqlite3.Error):
        return False
    number = _number(trouble)
    if number is not None:
        return number not in _UNDONE_NUMBERS
    state = getattr(trouble, "sqlstate", None) or ""
    return state[:2] not in _UNDONE or state == "40003"


def is_missing_table(trouble: BaseException | None) -> bool:
    """Does a driver's exception say that there is no such table, and nothing worse?"""
    if trouble is None or isinstance(trouble, sqlite3.Error):
        return "no such table" in str(trouble)
    number = _number(trouble)
    return number == 1146 if number is not None else getattr(trouble, "sqlstate", None) == "42P01"


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
    return Failed(f"database: {type(trouble).__name__}")


def _of_driver(trouble: BaseException, wrapped: exc.DBAPIError | None = None) -> Refusal:
    """What a driver's exception stands for, by its code; else by its class.

    A server's own words are shown only where it does not let us connect: later they may quote what a mail said.
    """
    kind, message = _coded(trouble) or (None, "")
    if kind is TryAgain:
        return TryAgain(message, race=message is _RACE)
    if kind is not None:
        return kind(message)
    if isinstance(wrapped, exc.IntegrityError) or isinstance(trouble, sqlite3.IntegrityError):
        return TryAgain(_RACE, race=True)
    if isinstance(trouble, sqlite3.Error):
        return Failed(f"database: {trouble}")
    if isinstance(wrapped, exc.OperationalError | exc.InterfaceError) and not getattr(trouble, "sqlstate", None):
        return Unavailable(f"the database is away: {_said(trouble)}; does it run, and is `database` right?")
    return Failed(f"database: {type(trouble).__name__} ({_number(trouble) or getattr(trouble, 'sqlstate', '?')})")


def _coded(trouble: BaseException) -> _Word | None:
    if isinstance(trouble, sqlite3.Error):
        return _SQLITE.get((getattr(trouble, "sqlite_errorcode", None) or 0) & 0xFF)
    number = _number(trouble)  # first: PyMySQL's exceptions have a SQLSTATE, too, and it says less
    if number is not None:
        return _MARIADB.get(number)
    state = getattr(trouble, "sqlstate", None)
    if isinstance(state, str):
        return next((_POSTGRESQL[state[:n]] for n in (5, 2) if state[:n] in _POSTGRESQL), None)
    text = str(trouble)
    return next((word for pattern, word in _CONNECTING if re.search(pattern, text)), None)


def _number(trouble: BaseException) -> int | None:
    """MariaDB's number of an exception."""
    number = trouble.args[0] if trouble.args else None
    return number if isinstance(number, int) else None


def _said(trouble: BaseException) -> str:
    """A driver's words about a connection that was not to be had, in one line."""
    text = str(trouble.args[1]) if _number(trouble) is not None and len(trouble.args) > 1 else str(trouble)
    line = text.strip().partition("\n")[0]
    return re.sub(r"^(connection is bad|connection failed): ", "", line)[:300] or "the connection is closed"
