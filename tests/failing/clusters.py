"""Several servers as one: a PostgreSQL primary with its standby, a Galera cluster of MariaDB nodes on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import Mariadb, Postgresql, Server, _as, _program

GALERA = "/usr/lib/galera/libgalera_smm.so"


def free_ports(n: int) -> list[int]:
    """That many ports of the loopback that nobody has at the moment, below those that the kernel hands out."""
    found: list[int] = []
    port = 20_000 + os.getpid() % 8_000
    while len(found) < n:
        port += 1
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


class Standby(Postgresql):
    """A streaming copy of a primary."""

    def __init__(self, folder: Path, primary: Postgresql) -> None:
        super().__init__(folder)
        self.primary = primary

    def make(self) -> None:
        done = subprocess.run(
            _as(self.user, [str(_program("pg_basebackup")), "-D", str(self.folder / "data"), "-U", "postgres", "-R",
                            "-h", str(self.primary.folder), "-c", "fast", "-X", "stream", "--no-sync"]),
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"pg_basebackup: {done.stderr}")

    def promote(self) -> None:
        """It is the primary from now on."""
        self.run("SELECT pg_promote(true, 60)")


@contextmanager
def pair(root: Path) -> Iterator[tuple[Postgresql, Standby]]:
    """A primary that acknowledges only what its standby has, too."""
    primary = Postgresql(root / "one")
    standby = Standby(root / "two", primary)
    try:
        primary.start("-c", "wal_level=replica", "-c", "max_wal_senders=4")
        standby.start("-c", "hot_standby=on")
        primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.run("SELECT pg_reload_conf()")
        until = time.monotonic() + 30
        while primary.run("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
            assert time.monotonic() < until, "the standby does not follow"
            time.sleep(0.05)
        yield primary, standby
    finally:
        for each in (primary, standby):
            if (each.folder / "pid").exists():
                each.remove()


class Node(Mariadb):
    """A node of a Galera cluster: clients on a unix socket, the others on a port of the loopback."""

    def __init__(self, folder: Path, ports: tuple[int, int, int], seeds: list[int]) -> None:
        super().__init__(folder)
        self.group, self.ist, self.sst = ports
        self.seeds = seeds

    def command(self) -> list[str]:
        options = ";".join((
            f"gmcast.listen_addr=tcp://127.0.0.1:{self.group}", f"ist.recv_addr=127.0.0.1:{self.ist}",
            "gcache.size=16M", "evs.suspect_timeout=PT4S", "evs.inactive_timeout=PT8S",
        ))  # fmt: skip
        return [
            *super().command(), "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON",
            f"--wsrep-provider={GALERA}", "--wsrep-cluster-name=desk", f"--wsrep-node-name={self.folder.name}",
            f"--wsrep-cluster-address=gcomm://{','.join(f'127.0.0.1:{port}' for port in self.seeds)}",
            "--wsrep-node-address=127.0.0.1", f"--wsrep-provider-options={options}", "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{self.sst}", "--wsrep-slave-threads=2",
        ]  # fmt: skip

    def make(self) -> None:
        """The first is an empty server; the others get all that they have from it."""
        if self.group == self.seeds[0]:
            super().make()
            return
        data = self.folder / "data"
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(data, self.user)

    def answers(self) -> bool:
        ready = False
        with contextlib.suppress(Exception):
            ready = super().answers() and self.run("SHOW STATUS LIKE 'wsrep_ready'") == [("wsrep_ready", "ON")]
        return ready


@contextmanager
def galera(root: Path, size: int = 3) -> Iterator[list[Node]]:
    """A cluster of that many nodes; those that are left at the end are ended."""
    ports = free_ports(3 * size)
    seeds = ports[:size]
    nodes = [Node(root / f"n{i}", (ports[i], ports[size + i], ports[2 * size + i]), seeds) for i in range(size)]
    try:
        _join(nodes[0], "--wsrep-new-cluster")
        for each in nodes[1:]:
            _join(each)
        yield nodes
    finally:
        for node in nodes:
            _end(node)


def _join(node: Node, *options: str) -> None:
    """Starts it, anew where it gave up: on a busy machine the others may not have heard of it in time."""
    for left in (2, 1, 0):
        try:
            node.start(*options, timeout=60)
            return
        except RuntimeError:
            if not left:
                raise
            _end(node)


def _end(server: Server) -> None:
    if (server.folder / "pid").exists():
        server.stop(9)
        shutil.rmtree(server.folder, ignore_errors=True)
