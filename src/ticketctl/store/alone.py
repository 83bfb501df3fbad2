"""One process at a time where a schema is made, upgraded, copied into or indexed: the database's own lock, which a dead
process gives back. SQLite has none but the writer's: there BEGIN IMMEDIATE does it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from ticketctl.errors import TryAgain
from ticketctl.store import mariadb

_KEY = 0x7469636B  # any number, and always this; PostgreSQL's locks are each database's own
_NAME = "CONCAT('ticketctl.', MD5(DATABASE()))"  # MariaDB's are the server's
PATIENCE = 600  # seconds to wait for another who is at it
_PAUSE = 0.2  # seconds between two who ask: one that waited in the server would be taken for a server that is stuck
_BUSY = (
    "another `ticketctl init`, `db upgrade`, `db reindex` or `db copy` is at work on the database: try again when it"
    " has ended"
)


@contextmanager
def exclusive(engine: Engine, patience: int, said: Callable[[str], None] | None = None) -> Iterator[None]:
    """Runs its block while nobody else runs one on that database; TryAgain (75) after `patience` seconds.

    `said` is told that we wait. The lock is a session's, on a connection of its own: what the block does is committed
    as it likes.
    """
    ways = {"postgresql": _postgresql} | dict.fromkeys(mariadb.DIALECTS, _mariadb)
    take = ways.get(engine.dialect.name)
    if take is None:
        yield
        return
    with engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT", writes=True)
        connection.detach()  # closed, not given to the next one, when we end
        until = time.monotonic() + patience
        if not take(connection):
            if said is not None and patience:
                said("another is at work on the database: waiting")
            while not take(connection):
                if time.monotonic() >= until:
                    raise TryAgain(_BUSY)
                time.sleep(_PAUSE)
        yield


def _postgresql(connection: Connection) -> bool:
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}).scalar())


def _mariadb(connection: Connection) -> bool:
    """In a Galera cluster the lock is one node's. Two nodes may both be at it: what is said can be said twice
    (`mariadb.again`), and of two who write the revision one is told to try again."""
    return connection.exec_driver_sql(f"SELECT GET_LOCK({_NAME}, 0)").scalar() == 1
