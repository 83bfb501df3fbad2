"""Between a program and its database: passes all through, and cuts the connection around a COMMIT it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

WRITES = (b"INSERT INTO", b"UPDATE ")
COMMITS = {"postgresql": b"Q\0\0\0\x0bCOMMIT\0", "mariadb": b"\x07\0\0\0\x03COMMIT"}
SOCKETS = {"postgresql": "/.s.PGSQL.5432", "mariadb": ""}  # what comes behind that which the URL says
When = Literal["before", "after"]  # the server has heard of the COMMIT


class Proxy:
    """Listens on a unix socket. `cut(n, when)`: the n-th COMMIT from now of a transaction that wrote is not answered;
    `after`: the server has done it, `before`: it never hears of it. `cuts` counts them."""

    def __init__(self, kind: str, target: str, path: Path) -> None:
        self.commit = COMMITS[kind]
        self.target = target
        self.path = path
        self.left = 0
        self.when: When = "after"
        self.cuts = 0
        self._lock = threading.Lock()
        self._ears = socket.socket(socket.AF_UNIX)
        self._ears.bind(str(path))
        self._ears.listen(64)
        path.chmod(0o777)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, n: int = 1, when: When = "after") -> None:
        with self._lock:
            self.left, self.when = n, when

    def close(self) -> None:
        self._ears.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._ears.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(self.target)
            mute = threading.Event()
            back = threading.Thread(target=self._back, args=(server, client, mute), daemon=True)
            back.start()
            written = False
            while data := client.recv(1 << 16):
                written = written or any(word in data for word in WRITES)
                if self.commit in data:
                    if written and self._is_due():
                        self.cuts += 1
                        mute.set()  # no answer any more
                        self._end(server, data)
                        back.join(10)
                        return
                    written = False
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _is_due(self) -> bool:
        with self._lock:
            self.left -= 1
            return self.left == 0

    def _end(self, server: socket.socket, data: bytes) -> None:
        """The session ends, with the COMMIT or without. The client hears of that when the server has ended it: before,
        the rows would still be locked, and who looks next would look too early."""
        if self.when == "after":
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)

    def _back(self, server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if not mute.is_set():
                    client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(kind: str, url: str, folder: Path) -> Iterator[tuple[Proxy, str]]:
    """A proxy before the server of that URL, and the URL that leads through it."""
    name = {"postgresql": "host", "mariadb": "unix_socket"}[kind]
    there = url.partition(f"{name}=")[2].partition("&")[0]
    made = Proxy(kind, f"{there}{SOCKETS[kind]}", Path(f"{folder}{SOCKETS[kind] or '/s'}"))
    try:
        yield made, url.replace(there, f"{folder}{'' if SOCKETS[kind] else '/s'}")
    finally:
        made.close()
