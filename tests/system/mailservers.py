"""Real mail servers of the tests' own, on loopback: a private Postfix and a sink for what it sends.

Everything lies in one directory, nothing in /etc/postfix is read, and only processes that were started here are ended.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, condition: Callable[[], object], *, seconds: float = 30) -> object:
    """Poll until `condition` is true and return its value; AssertionError with `what` when the time is over."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return value


def send(port: int, mail: bytes, *, sender: str, to: str) -> tuple[int, str]:
    """Hand a mail (LF line ends, kept as they are otherwise) to the server; the last reply that it gave."""
    import smtplib

    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo()
        for step in (lambda: client.mail(sender), lambda: client.rcpt(to)):
            code, text = step()
            if code >= 400:
                return code, text.decode()
        code, text = client.data(mail.replace(b"\n", b"\r\n"))
        return code, text.decode()


class Sink:
    """smtp-sink: takes every mail and keeps it, a file each."""

    def __init__(self, root: Path) -> None:
        self.port = free_port()
        self.folder = root / "sink"
        self.folder.mkdir()
        shutil.chown(self.folder, "nobody")

    def __enter__(self) -> Sink:
        address = f"127.0.0.1:{self.port}"
        command = ["smtp-sink", "-u", "nobody", "-d", f"{self.folder}/%M.", address, "100"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the sink", lambda: _answers(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def mails(self) -> list[str]:
        """What came so far, each with smtp-sink's X-Mail-Args and X-Rcpt-Args lines in front."""
        return [path.read_text(errors="replace") for path in sorted(self.folder.iterdir())]


class Postfix:
    """A private Postfix: `main` and `master` are added to its own configuration, `files` are written into its `etc`.

    In all of them @ETC@ stands for that directory. Files named *addresses and *aliases become hash tables, the latter
    belong to `owner`.
    """

    def __init__(
        self,
        public: Path,
        *,
        sink: int,
        owner: str = "root",
        main: Mapping[str, str],
        master: str = "",
        files: Mapping[str, str],
    ) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pf", dir=public))
        self.etc = self.root / "etc"
        self.port = free_port()
        self.owner = owner
        self.root.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (self.root / name).mkdir()
        shutil.chown(self.root / "data", "postfix")
        settings = {  # each name once: a warning about a second one blocks postlogd
            "compatibility_level": "3.6",
            "myhostname": "mx.example.test",
            "mydestination": "localhost, local.test",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "smtp_host_lookup": "native",
            "queue_directory": f"{self.root}/queue",
            "data_directory": f"{self.root}/data",
            "maillog_file": f"{self.root}/maillog",
            "maillog_file_prefixes": f"{self.root}",
            "alias_maps": "",
            "local_recipient_maps": "$alias_maps",
            "default_transport": f"smtp:[127.0.0.1]:{sink}",
            "relay_transport": "$default_transport",
            "recipient_delimiter": "+",
            "local_header_rewrite_clients": "",
            # Retries are the tests' own business: flush().
            "queue_run_delay": "600s",
            "minimal_backoff_time": "600s",
            "maximal_backoff_time": "600s",
        } | dict(main)
        self._write("main.cf", "".join(f"{name} = {value}\n" for name, value in settings.items()))
        self._write("master.cf", SERVICES.format(port=self.port) + master)
        for name, text in files.items():
            self._write(name, text)

    def _write(self, name: str, text: str) -> None:
        (self.etc / name).write_text(text.replace("@ETC@", str(self.etc)))

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=self.root)
        assert done.returncode == 0, (command, done.returncode, done.stderr, self.log())
        return done

    def __enter__(self) -> Postfix:
        for path in self.etc.glob("*addresses"):
            self._run("postmap", "-c", str(self.etc), f"hash:{path}")
        for path in self.etc.glob("*aliases"):
            self._run("postalias", "-c", str(self.etc), f"hash:{path}")
            for owned in (path, path.with_name(f"{path.name}.db")):
                shutil.chown(owned, self.owner)
        self._run("postfix", "-c", str(self.etc), "start")
        wait_for("Postfix", lambda: _answers(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        master = int((self.root / "queue/pid/master.pid").read_text())
        stop = ["postfix", "-c", str(self.etc), "stop"]
        try:
            subprocess.run(stop, capture_output=True, timeout=15, check=False)
        except subprocess.TimeoutExpired:
            if os.path.realpath(f"/proc/{master}/cwd") == str(self.root / "queue"):  # ours, and not a reused number
                os.kill(master, signal.SIGKILL)

    def log(self) -> str:
        """The mail log so far."""
        path = self.root / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def queue(self) -> list[dict[str, object]]:
        """What is queued, as `postqueue -j` tells it."""
        return [json.loads(line) for line in self._run("postqueue", "-c", str(self.etc), "-j").stdout.splitlines()]

    def flush(self) -> None:
        """Try everything again, now."""
        self._run("postqueue", "-c", str(self.etc), "-f")

    def deliver(self, mail: bytes, *, sender: str, to: str) -> str:
        """Send a mail and wait for its fate: the log line that tells the status of its (first) delivery."""
        code, text = send(self.port, mail, sender=sender, to=to)
        assert code == 250, (code, text)
        return self.fate(text.rsplit(maxsplit=1)[-1])

    def fate(self, queue_id: str, *, after: int = 0) -> str:
        """The first log line with a status for this queue id, `after` as many that were seen before."""

        def told() -> str | None:
            lines = [line for line in self.log().splitlines() if f" {queue_id}: to=" in line and "status=" in line]
            return lines[after] if len(lines) > after else None

        return str(wait_for(f"a status of {queue_id}", told))


def _answers(port: int) -> bool:
    """Whether an SMTP greeting comes from this port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            return client.recv(3) == b"220"
    except OSError:
        return False
