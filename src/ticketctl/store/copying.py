"""A desk from one database into another, row by row, and proven by a digest of every table: `db copy`.

The rows are those of one snapshot of the source, which others go on using. Until all is verified the target is no
desk: on a server its revision says so (`schema.COPYING`), an SQLite file is made beside its place under another name.
So one that was killed is simply begun anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Connection, Engine, MetaData, Row, String, Table, delete, func, insert, inspect, select

from ticketctl.errors import BadData, TryAgain, Unavailable
from ticketctl.store import Store, alone, engine, indexing, migrate, parsed, schema, serials, sqlite, transaction
from ticketctl.store import tables as t
from ticketctl.store.trouble import translated
from ticketctl.store.types import LongBytes
from ticketctl.store.url import unhurried
from ticketctl.store.value import ALL_BRAKE

Progress = Callable[[int, int], None]  # rows done, of
# What stands beside `tables.metadata` and is made of it (a full text index): made anew where the rows have come.
REBUILD: tuple[Callable[[Connection], None], ...] = (indexing.fill,)
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
_HELD = (
    "a copy: the old desk may have sent what this one owes; see `ticketctl outbox list`, then"
    " `ticketctl outbox release --all`"
)


class Copied(Struct, frozen=True, kw_only=True):
    """A table: its rows, and the SHA-256 over them in the order of their keys; `same`: the copy's are equal."""

    name: str
    rows: int
    digest: str
    same: bool


class Copies(Struct, frozen=True, kw_only=True):
    """Every table. `stale`: the source was written to meanwhile, which is not in the copy."""

    tables: tuple[Copied, ...]
    stale: bool

    @property
    def differing(self) -> list[str]:
        return [each.name for each in self.tables if not each.same]


class Digest:
    """The SHA-256 of a table: its columns' names, then each row's typed values as MessagePack, times as ISO 8601."""

    def __init__(self, table: Table) -> None:
        self.rows = 0
        self._sha = hashlib.sha256(msgspec.msgpack.encode([str(column.name) for column in table.columns]))

    def add(self, row: Any) -> None:
        self.rows += 1
        self._sha.update(msgspec.msgpack.encode([_said(value) for value in row]))

    def __str__(self) -> str:
        return self._sha.hexdigest()


def copy(
    source: Store, url: str, now: datetime, *, author: str, progress: Progress | None = None, mode: int = 0o600
) -> Copies:
    """The desk of `source` at `url`, with all its mail held until `ticketctl outbox release --all`.

    Refuses (65) a target that is not empty, unless an earlier copy was stopped there. Where a table of the copy
    differs it stays what it is, no desk. `mode` is that of a new SQLite file.
    """
    with translated(), _target(parsed(url), mode) as (target, keep):
        with source.reading() as tx:
            began = _tally(tx._connection)
            total = sum(began[table.name] for table in _tables())
            _built(target)
            step = _Steps(2 * total, progress)
            digests = {table: _copied(tx._connection, target, table, step) for table in _tables()}
            marks = {table: serials.mark(tx._connection, table) for table in _tables() if serials.has(table)}
        again = {table: _digest(target, table, step) for table in digests}
        with source.reading() as tx:
            stale = _tally(tx._connection) != began
        found = tuple(
            Copied(name=table.name, rows=each.rows, digest=str(each), same=str(each) == str(again[table]))
            for table, each in digests.items()
        )
        copies = Copies(tables=found, stale=stale)
        if not copies.differing:
            _opened(target, marks, now, author)
            keep()
    return copies


def _said(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


class _Steps:
    """Counts rows, and tells now and then."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def add(self, rows: int) -> None:
        self._done += rows
        if self._progress is not None:
            self._progress(self._done, max(self._done, self._total))


def _tables() -> list[Table]:
    """Every table, those that others point to first."""
    return [*t.metadata.sorted_tables]


def _tally(connection: Connection) -> dict[str, int]:
    """What differs where somebody did anything: the rows of each table, and of those that are only updated (mail is
    sent, put off, held or let go; held mail is dropped) the sum of the ids in each state."""
    found = {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
             for table in _tables()}  # fmt: skip
    for column in (t.outbox.c.status, t.letter.c.verdict):
        each = connection.execute(select(column, func.sum(column.table.c.id)).group_by(column))
        found |= {f"{column} {row[0]}": int(row[1]) for row in each}
    for column in (t.outbox.c.tries, t.ticket.c.version):
        found[str(column)] = int(connection.execute(select(func.sum(column))).scalar() or 0)
    return found


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """The rows in the order of their keys, a few at a time: at most 8 MiB of mail, or 100 texts of at most 1 MiB."""
    most = 8 if any(isinstance(column.type, LongBytes) for column in table.columns) else 100
    wanted = select(table).order_by(*table.primary_key)
    yield from connection.execute(wanted, execution_options={"yield_per": most}).partitions()


def _copied(source: Connection, target: Engine, table: Table, step: _Steps) -> Digest:
    digest = Digest(table)
    for batch in _batches(source, table):
        for row in batch:
            digest.add(row)
        with transaction(target, writes=True) as connection:
            connection.execute(insert(table), [dict(row._mapping) for row in batch])
        step.add(len(batch))
    return digest


def _digest(target: Engine, table: Table, step: _Steps) -> Digest:
    digest = Digest(table)
    with transaction(target, writes=False) as connection:
        for batch in _batches(connection, table):
            for row in batch:
                digest.add(row)
            step.add(len(batch))
    return digest


def _built(target: Engine) -> None:
    """The tables by the migrations, empty; the revision says what is going on before the first of them is there."""
    with transaction(target, writes=True) as connection:
        _VERSION.create(connection, checkfirst=True)
        connection.execute(delete(_VERSION))
        connection.execute(insert(_VERSION).values(version_num=schema.COPYING))
    with transaction(target, writes=True) as connection:
        migrate.build(connection, migrate.revisions())
        for table in reversed(_tables()):
            connection.execute(delete(table))  # what a revision put in: the source has its own


def _opened(target: Engine, marks: dict[Table, int], now: datetime, author: str) -> None:
    """From now on it is a desk, and its ids go on where the source's are."""
    for table, mark in marks.items():
        with transaction(target, writes=True) as connection:
            serials.advance(connection, table, mark)
    with transaction(target, writes=True) as connection:
        for each in REBUILD:
            each(connection)
        brake = t.brake.c.name == ALL_BRAKE
        if connection.execute(select(t.brake).where(brake)).first() is None:
            held = {"name": ALL_BRAKE, "at": now, "author": author, "reason": _HELD}
            connection.execute(insert(t.brake).values(**held))
        connection.execute(_VERSION.update().values(version_num=schema.HEAD))


@contextmanager
def _target(where: Any, mode: int) -> Iterator[tuple[Engine, Callable[[], None]]]:
    """An empty database that is ours alone, and what to call when it is to be the desk."""
    if where.get_backend_name() == "sqlite":
        with _file(Path(str(where.database)), mode) as made:
            yield made
        return
    target = engine(unhurried(where), 30.0)
    try:
        with alone.exclusive(target, 0):
            _cleared(target, where.render_as_string(hide_password=True))
            yield target, lambda: None
    finally:
        target.dispose()


def _cleared(target: Engine, place: str) -> None:
    """Takes away what a stopped copy left; BadData (65) where anything else is there."""
    with target.connect() as connection, connection.begin():
        found = schema.found(connection) if inspect(connection).has_table(_VERSION.name) else None
        names = {*inspect(connection).get_table_names()} - {_VERSION.name}
    if found == schema.COPYING:
        with transaction(target, writes=True) as connection:
            known = MetaData()
            known.reflect(connection, only=sorted(names))
            known.drop_all(connection)
    elif found is not None:
        raise BadData(f"there is a desk at {place}: name an empty database")
    elif names:
        raise BadData(f"the database at {place} is not empty (it has {min(names)}): name an empty one")


@contextmanager
def _file(path: Path, mode: int) -> Iterator[tuple[Engine, Callable[[], None]]]:
    """A file beside `path`, which takes its name at the end. One that a stopped copy left is made anew."""
    beside = path.with_name(f"{path.name}.copying")
    with _locked(path.absolute().parent):
        if path.exists() and path.stat().st_size:
            raise BadData(f"there is a database at {path}: name another file")
        _removed(beside)
        sqlite.make_file(beside, mode)
        target = engine(parsed(f"sqlite:///{beside}"), 30.0)

        def keep() -> None:
            target.dispose()
            _whole(beside)
            _durable(beside)
            if path.exists() and path.stat().st_size:
                raise BadData(f"there is a database at {path}: name another file")
            _removed(path)  # an empty file, and what a database that is gone left beside it
            try:
                os.link(beside, path)  # unlike `rename` it overwrites nothing that came meanwhile
            except FileExistsError:
                raise BadData(f"there is a database at {path}: name another file") from None
            beside.unlink()
            _durable(path.absolute().parent)

        try:
            yield target, keep
        finally:
            target.dispose()
            _removed(beside)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One copy at a time into a directory."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as trouble:
        raise Unavailable(f"cannot write to {folder}: {trouble.strerror}") from trouble
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise TryAgain(f"another `ticketctl db copy` into {folder} is at work") from None
    finally:
        os.close(descriptor)


def _removed(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _whole(file: Path) -> None:
    """Has all that was written in the file itself: what stands beside it does not take the new name."""
    with closing(sqlite.connect(file, 1.0)) as connection:
        busy, pages, moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy or pages != moved:
        raise TryAgain(f"somebody else reads {file}, which is only being made: try again")


def _durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
