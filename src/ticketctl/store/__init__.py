"""The desk's memory: the only SQL. A transaction begins and ends here, and nowhere else.

`Store.reading()` gives a snapshot to ask, `Store.writing()` the one writer; both translate every trouble of the
database into `errors`. What is one database's alone is in `sqlite`, `postgresql` or `mariadb`.

What correctness rests on, so that all three are equals:
- SQLite has one writer at a time (BEGIN IMMEDIATE). The others have many, in READ COMMITTED.
- A ticket: `UPDATE ... WHERE version`, and its row locked by whoever reads it to write (`Writer.ticket`, `known`).
- A letter: unique over its key, and over its content where it is the first of that content (`letter.first`).
- Counters (G13) and the policy's queues: a row of `gate`, which a writer passes before it counts or opens.
- In a Galera cluster a lock is one node's alone: all of these write what must not be written twice (see `mariadb`).
- What was read without a lock is written under a condition on what was read (outbox, held letters).
A race that is lost is `TryAgain(race=True)`, and the caller begins anew from a new snapshot.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine  # noqa: TID251  the one place
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ticketctl.errors import Misconfigured, Unavailable
from ticketctl.policy import Policy
from ticketctl.store import schema, sqlite
from ticketctl.store.read import Reader
from ticketctl.store.trouble import committing, translated
from ticketctl.store.url import EXTRAS, parsed, seconds
from ticketctl.store.value import (
    AHEAD,
    ALL_BRAKE,
    AUTO_BRAKE,
    Again,
    Brake,
    CustomerRow,
    Entry,
    LetterRow,
    Link,
    OutboxRow,
    Revision,
    Standing,
)
from ticketctl.store.write import Writer
from ticketctl.ticket import Actor

__all__ = [
    "AHEAD",
    "ALL_BRAKE",
    "AUTO_BRAKE",
    "Again",
    "Brake",
    "CustomerRow",
    "Entry",
    "LetterRow",
    "Link",
    "OutboxRow",
    "Reader",
    "Revision",
    "Standing",
    "Store",
    "Writer",
    "parsed",
    "transaction",
]


class Store:
    """A desk's database, by its SQLAlchemy URL.

    `timeout`: seconds to wait for a lock, then TryAgain (75); `?timeout=` in the URL of an SQLite file goes before.
    """

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self.url, self.timeout = _patience(parsed(url), timeout)
        self._checked = False
        self._policies: dict[int, Policy] = {}
        if self.path is not None and not _is_there(self.path):
            raise Misconfigured(f"no database at {self.path}: run `ticketctl init`")
        self._engine = engine(self.url, self.timeout)
        weakref.finalize(self, self._engine.dispose)  # who forgets `close` leaves a server no connection
        self._reads, self._writes = options(self.url)

    @classmethod
    def create(
        cls, url: str, *, timeout: float = 30.0, mode: int = 0o600, progress: Callable[[str], None] | None = None
    ) -> Store:
        """The desk's database, made if it is not there (for `init` alone). `mode` is that of a new SQLite file.

        One that is there already is left as it is; Misconfigured (78) where it is of another schema.
        """
        from ticketctl.store.migrate import migrate

        where = parsed(url)
        path = _path(where)
        with translated():
            if path is not None and (not path.exists() or path.stat().st_size == 0):
                sqlite.make_file(path, mode)
            store = cls(url, timeout=timeout)
            if store.schema() is None:
                if why := store._asked("unfit"):
                    raise Misconfigured(f"{why}, then run `ticketctl init`")
                migrate(store._engine, progress)
            with store.reading():
                return store

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database, None for others."""
        return _path(self.url)

    @property
    def place(self) -> str:
        """Where the database is, without a password."""
        return str(self.path or self.url.render_as_string(hide_password=True))

    def schema(self) -> str | None:
        """The revision of the schema, None where there is no desk."""
        with translated(), self._engine.connect() as connection, connection.begin():
            return schema.found(connection)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A snapshot of the desk."""
        with translated(), self._engine.connect() as connection:
            connection = connection.execution_options(**self._reads)
            with connection.begin():
                self._check(connection)
                yield Reader(connection, self._policies)

    @contextmanager
    def writing(self, actor: Actor, now: datetime, policy: Policy | None = None) -> Iterator[Writer]:
        """A transaction of one actor: kept, durably, when the block ends; undone by any exception of the block.

        Unavailable (69) with words of its own where a server went away before it had said that it is kept.

        `now`: UTC, the time of all that is written. `policy`: what permits, by default the current one.
        """
        with translated(), self._engine.connect() as connection:
            connection = connection.execution_options(**self._writes)
            with connection.begin() as transaction:
                schema.check(connection, self.place)  # each time: an upgrade may come while an editor is open
                self._checked = True
                yield Writer(connection, self._policies, actor, now, policy)
                with committing():
                    transaction.commit()

    def doubts(self) -> list[str]:
        """What of the server's settings breaks a promise of ours; a sentence each."""
        return list(self._asked("doubts") or [])

    def _asked(self, name: str) -> Any:
        """What the server's own module says by that function; None for an SQLite file."""
        if self.path is not None:
            return None
        with translated(), self._engine.connect() as connection:
            return getattr(_server(self.url), name)(connection)

    def close(self) -> None:
        """Gives every connection back."""
        self._engine.dispose()

    def _check(self, connection: Connection) -> None:
        if not self._checked:
            schema.check(connection, self.place)
            self._checked = True


def engine(url: URL, timeout: float) -> Engine:
    """The engine for a parsed URL; an SQLite file is never made by opening it."""
    path = _path(url)
    if path is not None:
        made = create_engine(url, creator=lambda: sqlite.connect(path, timeout))
        sqlite.prepare(made)
        return made
    server, silence = _server(url), seconds(url, "read_timeout")
    url = url.difference_update_query(["read_timeout"])
    try:
        # pinged: an agent sat in the editor while the server was restarted
        made = create_engine(url, connect_args=server.arguments(url, timeout), pool_pre_ping=True)
    except (ImportError, NoSuchModuleError):
        driver, extra = url.get_driver_name(), EXTRAS[url.get_backend_name()]
        raise Misconfigured(f"the driver {driver} of the database is not here: pip install 'ticketctl[{extra}]'") \
            from None  # fmt: skip
    except ArgumentError as wrong:
        raise Misconfigured(f"`database` is wrong: {wrong}") from None
    server.prepare(made, silence)
    return made


@contextmanager
def transaction(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """A bare one, for who cares for the whole database: kept when the block ends, undone by any exception."""
    with translated(), engine.connect() as connection:
        connection = connection.execution_options(**options(engine.url)[writes])
        with connection.begin():
            yield connection


def options(url: URL) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a connection is told of a transaction that reads, and of one that writes."""
    reads: dict[str, Any] = {}
    writes: dict[str, Any] = {"writes": True}
    if url.get_backend_name() == "postgresql":
        from ticketctl.store import postgresql

        return reads | postgresql.READS, writes | postgresql.WRITES
    return reads, writes


def _server(url: URL) -> Any:
    """The module of what is that server's alone; imported late, since a desk has but one."""
    return import_module(f"ticketctl.store.{EXTRAS[url.get_backend_name()]}")


def _patience(url: URL, timeout: float) -> tuple[URL, float]:
    """The URL of an SQLite file without its `?timeout=`, and that as seconds; else what is given."""
    said = seconds(url, "timeout") if _path(url) is not None else None
    return (url, timeout) if said is None else (url.difference_update_query(["timeout"]), said)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        raise Unavailable(f"you may not enter {path.parent}, where the database is: are you in its group?") from None


def _path(url: URL) -> Path | None:
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
