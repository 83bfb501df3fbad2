"""Copies of a desk, and a newer schema: `db backup`, `db restore`, `db upgrade`."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from ticketctl.errors import BadData, Misconfigured, NotThere, Unavailable
from ticketctl.store import Store, engine, mending, parsed, schema, sqlite
from ticketctl.store.trouble import translated
from ticketctl.store.url import unhurried
from ticketctl.store.value import ALL_BRAKE

_PAGES = 4096  # a step of the copy: others may write between two
_HELD = (
    "restored from a backup: what it owes may have been sent since; see `ticketctl outbox list`, then"
    " `ticketctl outbox release --all`"
)


def backup(store: Store, path: Path) -> None:
    """A copy of the desk as of now, while others work: one file, whole or not there at all.

    Refuses (65) a file that is there; PostgreSQL and MariaDB have tools of their own (65).
    """
    source = _file(store.path)
    if path.exists():
        raise BadData(f"{path} is there already: name another file")
    with store.reading():
        pass  # a desk, and of our schema
    with translated():
        _snapshot(source, path, store.timeout)


def _snapshot(source: Path, path: Path, timeout: float = 30.0) -> None:
    """The database of one moment as one file, durable and whole or not there at all."""
    with _Beside(path) as copy:
        with closing(sqlite.connect(source, timeout)) as live, closing(sqlite.connect(copy.path, 0)) as target:
            live.backup(target, pages=_PAGES)
            target.execute("PRAGMA journal_mode=DELETE")
        copy.keep()


def restore(path: Path, url: str, now: datetime, *, author: str, force: bool = False, mode: int = 0o600) -> None:
    """The desk of a backup, at `url`, with all its mail held until `ticketctl outbox release --all`.

    Refuses (65) what is no whole desk, and (65) to overwrite a database unless `force`; then others see the old desk
    until they see the new one.
    """
    target = _file(parsed(url).database and Path(str(parsed(url).database)))
    if not path.exists():
        raise NotThere(f"no backup {path}")
    there = target.exists() and target.stat().st_size > 0
    if there and not force:
        raise BadData(f"there is a database at {target}: `--force` overwrites it, `ticketctl db backup` keeps it first")
    with translated(), _Beside(target) as copy:
        with closing(sqlite.connect(path, 0, "ro")) as source, closing(sqlite.connect(copy.path, 0)) as held:
            _verify(source, path)
            source.backup(held)
            values = (ALL_BRAKE, f"{now:%Y-%m-%d %H:%M:%S.%f}", author, _HELD)
            held.execute("INSERT OR REPLACE INTO brake (name, at, author, reason) VALUES (?, ?, ?, ?)", values)
        if there:
            _set_aside_if_damaged(target)
        sqlite.make_file(target, mode)
        with closing(sqlite.connect(copy.path, 0, "ro")) as held, closing(sqlite.connect(target, 30.0)) as live:
            held.backup(live)
            live.execute("PRAGMA journal_mode=WAL")
            live.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def upgrade(
    url: str, progress: Callable[[str], None] | None = None, *, stamp: str | None = None, to: str = "head"
) -> list[str]:
    """Brings an older schema to this program's; gives the revisions applied, none where it was current.

    `stamp`: an SQLite file is kept as it was, under its name with the revision and this behind it.
    """
    from ticketctl.store.migrate import migrate

    where = parsed(url)
    path = Path(str(where.database)) if where.get_backend_name() == "sqlite" else None
    if path is not None and not path.exists():
        raise Misconfigured(f"no database at {path}: run `ticketctl init`")

    def before(revision: str) -> None:
        if path is not None and stamp is not None:
            kept = path.with_name(f"{path.name}.{revision}-{stamp}")
            _snapshot(path, kept)
            if progress is not None:
                progress(f"kept the desk as it was: {kept}")

    made = engine(unhurried(where), 30.0)
    try:
        with translated():
            with made.connect() as connection, connection.begin():
                if schema.found(connection) is None:
                    raise Misconfigured(f"no desk in the database at {where.database}: run `ticketctl init`")
            applied = migrate(made, progress, to=to, before=before)
        if to == "head":  # also with nothing to do: the last one may have been killed before this
            mending.complete(made, progress)
        return applied
    finally:
        made.dispose()


def _verify(source: sqlite3.Connection, path: Path) -> None:
    """A whole desk of our schema, or of an older one that `db upgrade` knows."""
    try:
        revision = source.execute("SELECT version_num FROM alembic_version").fetchone()
        whole = source.execute("PRAGMA integrity_check(1)").fetchone()[0]
        holds = source.execute("SELECT count(*) FROM policy").fetchone()
    except sqlite3.DatabaseError as trouble:
        raise BadData(f"{path} is no backup of a desk: {trouble}") from trouble
    if not revision or not holds:
        raise BadData(f"{path} is no backup of a desk")
    if revision[0] not in schema.KNOWN:
        raise Misconfigured(f"{path} was made by a newer ticketctl: install that one")
    if whole != "ok":
        raise BadData(f"{path} is damaged: {whole}")


def _set_aside_if_damaged(target: Path) -> None:
    """What is no database cannot be overwritten as one: it stays, as NAME.damaged."""
    try:
        with closing(sqlite.connect(target, 0)) as live:
            live.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as trouble:
        if (trouble.sqlite_errorcode & 0xFF) not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise
        for suffix in ("", "-wal", "-shm"):
            file = target.with_name(target.name + suffix)
            if file.exists():
                file.rename(target.with_name(f"{target.name}.damaged{suffix}"))


def _file(path: Path | str | None) -> Path:
    if not path:
        raise BadData("only an SQLite desk is copied by ticketctl: use pg_dump or mariadb-dump")
    return Path(path)


class _Beside:
    """An empty file in the directory of `path`, that becomes `path` when `keep` is called, else vanishes."""

    def __init__(self, path: Path) -> None:
        self._wanted = path

    def __enter__(self) -> _Beside:
        directory = self._wanted.absolute().parent
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{self._wanted.name}.", dir=directory)
        except OSError as trouble:
            raise Unavailable(f"cannot write to {directory}: {trouble.strerror}") from trouble
        os.close(descriptor)
        self.path = Path(name)
        return self

    def keep(self) -> None:
        """Durable under the wanted name, unless somebody took that meanwhile."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        try:
            os.link(self.path, self._wanted)
        except FileExistsError:
            raise BadData(f"{self._wanted} is there already: name another file") from None
        directory = os.open(self._wanted.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def __exit__(self, *_trouble: object) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
