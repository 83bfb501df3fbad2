"""PostgreSQL and MariaDB as themselves: a private server each, on a unix socket, in a folder that goes when tests end.

The first test that wants one starts it, whichever process that test runs in; what stands in the folder tells the
others. `places("postgresql", folder)` gives URLs of fresh, empty databases; the SQLite ones are files.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, select

DATABASES = ("sqlite", "postgresql", "mariadb")
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what no server has
_STARTED: list[subprocess.Popen[bytes]] = []  # who started them ends after them
ROOM = 2 << 30  # bytes
_serial = itertools.count(1)


def _program(name: str) -> str | None:
    """Where Debian keeps the servers' programs; the newest of several."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: -float(path.parts[4]))
    return str(newest[0]) if newest else shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def is_here(database: str) -> bool:
    """Whether this machine has the server's programs and its driver."""
    import importlib.util

    needs = {
        "postgresql": (("initdb", "postgres"), "psycopg"),
        "mariadb": (("mariadb-install-db", "mariadbd"), "pymysql"),
    }
    programs, driver = needs[database]
    return all(map(_program, programs)) and importlib.util.find_spec(driver) is not None


class Server:
    """A server in a folder of its own: `start`, `stop`, `kill`, `url(database)`. As root it runs as `user`."""

    user: str
    orderly = signal.SIGINT  # ends it at once, but not as a power cut

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"

    def command(self) -> list[str]:
        raise NotImplementedError

    def make(self) -> None:
        """The empty cluster."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.run("SELECT 1")
        except Exception:
            return False
        return True

    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        """What one statement gives, by the driver alone and in autocommit."""
        raise NotImplementedError

    def url(self, database: str) -> str:
        raise NotImplementedError

    def start(self, *options: str, timeout: float = 60) -> None:
        """Starts it and waits until it answers."""
        if not (self.folder / "made").exists():
            self.folder.mkdir(mode=0o755, exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(self.folder, self.user)
            self.make()
            (self.folder / "made").touch()
        with self.log.open("ab") as log:
            started = subprocess.Popen([*self.command(), *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)  # fmt: skip
        _STARTED.append(started)
        (self.folder / "pid").write_text(str(started.pid))
        until = time.monotonic() + timeout
        while not self.answers():
            if started.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{type(self).__name__} did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def send(self, number: int) -> None:
        """A signal to the server's first process, if it runs."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(self.pid, number)

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def stop(self, number: int | None = None, timeout: float = 30) -> None:
        """Ends it (in order, or by SIGKILL: as a power cut) and waits until it is gone."""
        self.send(number or self.orderly)
        if not self._gone(timeout):
            self.send(signal.SIGKILL)
            self._gone(10)

    def _gone(self, timeout: float) -> bool:
        until = time.monotonic() + timeout
        while _alive(self.pid) and time.monotonic() < until:
            time.sleep(0.02)
        return not _alive(self.pid)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    for started in _STARTED:  # ours, perhaps
        started.poll()
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _as(user: str, command: list[str]) -> list[str]:
    drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return [*drop, *command] if os.geteuid() == 0 else command


class Postgresql(Server):
    user = "postgres"

    def make(self) -> None:
        done = subprocess.run(
            _as(self.user, [str(_program("initdb")), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust",
                            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]),
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"initdb: {done.stderr}")

    def command(self) -> list[str]:
        return _as(self.user, [
            str(_program("postgres")), "-D", str(self.folder / "data"), "-c", f"unix_socket_directories={self.folder}",
            "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200", "-c", "full_page_writes=off",
            "-c", "dynamic_shared_memory_type=mmap",  # one that is killed leaves nothing outside of its folder
        ])  # fmt: skip

    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="postgres", dbname=database or "postgres", autocommit=True,
                             connect_timeout=5) as connection:  # fmt: skip
            found = connection.execute(statement)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"


class Mariadb(Server):
    user = "mysql"
    orderly = signal.SIGTERM  # it hears no SIGINT

    def make(self) -> None:
        data = self.folder / "data"
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(data, self.user)
        done = subprocess.run(
            [str(_program("mariadb-install-db")), "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", *(["--user=mysql"] if os.geteuid() == 0 else [])],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"mariadb-install-db: {done.stdout}{done.stderr}")

    def command(self) -> list[str]:
        return _as(self.user, [
            str(_program("mariadbd")), "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/sock",
            f"--pid-file={self.folder}/data/pid", "--skip-networking", "--max-connections=200",
            "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M", "--skip-log-bin",
        ])  # fmt: skip

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:  # the driver leaves its own open where it fails
            return probe.connect_ex(f"{self.folder}/sock") == 0 and super().answers()

    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        with self.connection(database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    @contextmanager
    def connection(self, database: str = "") -> Iterator[Any]:
        """The driver's own, in autocommit."""
        import pymysql

        made = pymysql.connect(unix_socket=f"{self.folder}/sock", user="root", database=database or None,
                               autocommit=True, connect_timeout=5)  # fmt: skip
        with contextlib.closing(made):
            yield made

    def url(self, database: str) -> str:
        return f"mariadb://root@/{database}?unix_socket={self.folder}/sock"


KINDS: dict[str, type[Server]] = {"postgresql": Postgresql, "mariadb": Mariadb}


def folder(beside: Path) -> str:
    """A new folder for the servers that every user may enter: in memory where there is room, else in `beside`."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    made = tempfile.mkdtemp(prefix="ticketctl-servers-", dir=memory if roomy else beside)
    os.chmod(made, 0o755)
    return made


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One process of the tests at a time."""
    with (root / "servers.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def shared(kind: str, root: Path) -> Server:
    """The server of that kind that all tests share; `root` is a folder that every user may enter."""
    server = KINDS[kind](root / kind)
    with _alone(root):
        if not (server.folder / "made").exists() or not _alive(server.pid):
            server.start()
    return server


def stop_all(root: Path) -> None:
    """Ends the shared servers."""
    for kind, made in KINDS.items():
        if (root / kind / "pid").exists():
            made(root / kind).stop(signal.SIGKILL)


def fresh_name() -> str:
    return f"desk_{os.getpid()}_{next(_serial)}"


@contextmanager
def places(kind: str, root: Path) -> Iterator[Callable[[Path], str]]:
    """Gives the URL of a new database: for SQLite the file that is asked for, elsewhere an empty one on the server,
    which is gone at the end."""
    if kind == "sqlite":
        yield lambda path: f"sqlite:///{path}"
        return
    server, made = shared(kind, root), []

    def place(_path: Path) -> str:
        made.append(fresh_name())
        server.run(f"CREATE DATABASE {made[-1]}")
        return server.url(made[-1])

    yield place
    for name in made:
        server.run(f"DROP DATABASE {name}{' WITH (FORCE)' if kind == 'postgresql' else ''}")


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of a desk, but the marks of those who passed a gate."""
    from ticketctl.store import tables  # late: what starts servers needs none of ours

    with sql(url) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in tables.metadata.sorted_tables
            if table.name != "gate"
        }


@contextmanager
def sql(url: str) -> Iterator[Connection]:
    """A connection that goes round the store, in one transaction that is kept."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:").replace("mariadb:", "mariadb+pymysql:"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


_moulds: dict[tuple[str, Path | None], Any] = {}  # by kind and server, of this process: what `cast` makes a desk from


def cast(url: str) -> None:
    """An empty desk in that place, as `Store.create` makes it, but quickly: the first is the mould of the rest."""
    from ticketctl.store import Store  # late: what starts servers needs none of ours

    kind = url.partition(":")[0]
    where = kind, None if kind == "sqlite" else _parts(url)[1]
    if where in _moulds:
        _CAST[kind](url, _moulds[where])
        return
    Store.create(url).close()
    _moulds[where] = _MOULD[kind](url)


def _mould_of_postgresql(url: str) -> str:
    name, folder = _parts(url)
    mould = f"mould_{fresh_name()}"
    Postgresql(folder).run(f"CREATE DATABASE {mould} TEMPLATE {name}")
    return mould


def _cast_on_postgresql(url: str, mould: str) -> None:
    name, folder = _parts(url)
    server = Postgresql(folder)
    server.run(f"DROP DATABASE {name}")
    server.run(f"CREATE DATABASE {name} TEMPLATE {mould}")


def _mould_of_mariadb(url: str) -> list[str]:
    """The statements that make its tables, and the few rows of a new desk."""
    name, folder = _parts(url)
    server, made = Mariadb(folder), ["SET FOREIGN_KEY_CHECKS = 0"]
    with server.connection(name) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SHOW CREATE TABLE `{table}`")
            made.append(cursor.fetchone()[1])
            cursor.execute(f"SELECT * FROM `{table}`")
            made += [cursor.mogrify(f"INSERT INTO `{table}` VALUES ({', '.join(['%s'] * len(row))})", row)
                     for row in cursor.fetchall()]  # fmt: skip
    return made


def _cast_on_mariadb(url: str, mould: list[str]) -> None:
    name, folder = _parts(url)
    with Mariadb(folder).connection(name) as connection, connection.cursor() as cursor:
        for statement in mould:
            cursor.execute(statement)


def _parts(url: str) -> tuple[str, Path]:
    """Database and folder of a URL that `places` gave."""
    found = re.fullmatch(r".*@/(\w+)\?\w+=(/[^?&]*)", url)
    assert found
    folder = Path(found[2])
    return found[1], folder.parent if folder.name == "sock" else folder


def _bytes(url: str) -> bytes:
    return Path(url.removeprefix("sqlite:///")).read_bytes()


def _write(url: str, mould: bytes) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    file.touch(0o600)
    file.write_bytes(mould)


_MOULD: dict[str, Callable[[str], Any]] = {
    "sqlite": _bytes, "postgresql": _mould_of_postgresql, "mariadb": _mould_of_mariadb,
}  # fmt: skip
_CAST: dict[str, Callable[[str, Any], None]] = {
    "sqlite": _write, "postgresql": _cast_on_postgresql, "mariadb": _cast_on_mariadb,
}  # fmt: skip
