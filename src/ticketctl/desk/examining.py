"""`doctor`: is this host fit to run the desk? Each check is a line: what, how it stands, what to do."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ticketctl.config import Config
from ticketctl.desk import Value
from ticketctl.errors import Misconfigured, Refusal

if TYPE_CHECKING:
    from ticketctl.policy import Policy
    from ticketctl.store import Reader

Standing = Literal["ok", "warning", "wrong"]
OLD = timedelta(hours=4)  # mail that is owed for longer is worth a word
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs")


class Doctor:
    """Collects what it finds; `status` is the exit status that the worst of it has."""

    def __init__(self, config: Config, now: datetime) -> None:
        self.config = config
        self.now = now
        self.found: list[Value] = []
        self.status = 0

    def say(self, check: str, standing: Standing, text: str, *, status: int = 1) -> None:
        self.found.append({"check": check, "standing": standing, "text": text})
        if standing == "wrong" and self.status in (0, status):
            self.status = status
        elif standing == "wrong":
            self.status = 1

    def examine(self, *, programs: Path) -> list[Value]:
        """Every check; one that fails does not stop the rest. `programs`: where our programs lie."""
        checks: list[Callable[[], None]] = [self._files, self._database, self._way_out]
        for check in checks:
            try:
                check()
            except Refusal as refusal:
                self.say(check.__name__.strip("_").replace("_", " "), "wrong", refusal.message, status=refusal.status)
        self._programs(programs)
        return self.found

    def _files(self) -> None:
        names = ", ".join(self.config.files) or "none: the defaults hold"
        self.say("configuration", "ok", f"files read: {names}")
        for name in self.config.files:
            mode = os.stat(name).st_mode
            if mode & stat.S_IWOTH:
                self.say("configuration", "wrong", f"{name} can be written by everybody: chmod o-w", status=78)

    def _database(self) -> None:
        from ticketctl.store import Store

        store = Store(self.config.database)
        with store.reading() as tx:
            policy = tx.policy()
            self.say("database", "ok", f"{store.place}, policy revision {policy.revision}")
            self._mail_owed(tx)
        if store.path is not None:
            self._file(store.path)
        for doubt in store.doubts():
            self.say("database", "wrong", doubt, status=78)
        self._policy(policy)

    def _file(self, path: Path) -> None:
        mode = path.stat().st_mode
        if mode & (stat.S_IWOTH | stat.S_IROTH):
            self.say("database", "wrong", f"{path} is open to everybody: chmod o-rw", status=78)
        folder = path.parent.stat().st_mode
        if mode & stat.S_IWGRP and not (folder & stat.S_ISGID and folder & stat.S_IWGRP):
            text = f"{path} is for a group, {path.parent} is not: chmod 2770, or SQLite's other files lock people out"
            self.say("database", "wrong", text, status=78)
        kind = _filesystem(path)
        if kind in NETWORK:
            text = f"{path} is on {kind}: SQLite's locks are not to be trusted there; use PostgreSQL"
            self.say("database", "wrong", text, status=78)
        free = shutil.disk_usage(path.parent).free
        if free < 100 * 1024 * 1024:
            self.say("disk", "warning", f"{free // 2**20} MB are free beside {path}")

    def _mail_owed(self, tx: Reader) -> None:
        for brake in tx.brakes():
            way = f"`ticketctl outbox release --{brake.name}` lets it go"
            self.say("outbox", "warning", f"{brake.name} mail is held by {brake.author}: {brake.reason}; {way}")
        rows = tx.outbox()
        tried = [row for row in rows if row.status == "owed" and row.last_error]
        late = [row for row in rows if row.status in ("owed", "sending") and row.created < self.now - OLD]
        stuck = [row for row in rows if row.status in ("failed", "unknown")]
        if tried:
            self.say("outbox", "warning", f"tried and not sent: {len(tried)}; the last said: {tried[-1].last_error}")
        if late and self.config.send:
            self.say("outbox", "warning", f"owed for more than 4 hours: {len(late)}; does cron run flush?")
        if stuck:
            self.say("outbox", "warning", f"failed or unknown: {len(stuck)}; see `ticketctl outbox list`")
        if not tried and not late and not stuck:
            self.say("outbox", "ok", f"mails owed: {len(rows)}")
        held = tx.letters(limit=1)
        if held:
            self.say("mail", "warning", "letters are held: see `ticketctl mail list`")

    def _policy(self, policy: Policy) -> None:
        if policy.desk.unknown_recipient == "reject":
            text = "unknown-recipient = reject: behind pipe(8) that makes bounces to forged senders; refuse at RCPT"
            self.say("policy", "warning", text)
        empty = [queue.name for queue in policy.queues.values() if not queue.addresses]
        if empty:
            self.say("policy", "warning", f"queues without an address: {', '.join(empty)}")
        reached = {agent.name for agent in policy.agents.values() if agent.email}
        for name in sorted(policy.agents.keys() - reached):
            self.say("policy", "warning", f"agent {name} has no email and is told nothing")

    def _way_out(self) -> None:
        if not self.config.send:
            self.say("sending", "warning", "send = false: nothing leaves this host")
            return
        if self.config.sendmail:
            program = self.config.sendmail[0]
            if os.access(program, os.X_OK) and os.path.isfile(program):
                self.say("sending", "ok", f"by {program}")
            else:
                self.say("sending", "wrong", f"no program {program}: set `sendmail` or [smtp]", status=69)
        elif self.config.smtp:
            self._smtp(self.config.smtp.host or "", self.config.smtp.port)
        else:
            self.say("sending", "wrong", "no way to send mail: set `sendmail` or [smtp]", status=69)

    def _smtp(self, host: str, port: int) -> None:
        import smtplib

        try:
            with smtplib.SMTP(host, port, timeout=10) as server:
                server.noop()
        except OSError as trouble:
            self.say("sending", "wrong", f"{host}:{port} does not answer: {type(trouble).__name__}", status=69)
        else:
            self.say("sending", "ok", f"by SMTP at {host}:{port}")

    def _programs(self, folder: Path) -> None:
        program = folder / "ticketctl-postmaster"
        if not program.exists():
            self.say("programs", "warning", f"no ticketctl-postmaster beside {folder}")
            return
        closed = [each for each in _above(program.resolve()) if not each.stat().st_mode & stat.S_IXOTH]
        if closed:
            text = f"{program}: {closed[0]} is closed to other users; a mail system's user could not run it"
            self.say("programs", "warning", text)
        else:
            self.say("programs", "ok", str(program))


def examine(config: Config, now: datetime, *, programs: Path) -> tuple[list[Value], int]:
    """What was found, and the exit status for it: 0 where nothing is wrong."""
    doctor = Doctor(config, now)
    found = doctor.examine(programs=programs)
    return found, doctor.status


def unconfigured(refusal: Misconfigured) -> tuple[list[Value], int]:
    """What there is to say where the configuration cannot even be read."""
    return [{"check": "configuration", "standing": "wrong", "text": refusal.message}], refusal.status


def _above(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _filesystem(path: Path) -> str | None:
    """The type of the filesystem that a path is on, as /proc tells it."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return None
    mounts = [line.split()[1:3] for line in lines]
    fitting = [(len(where), kind) for where, kind in mounts if path.resolve().is_relative_to(where)]
    return max(fitting)[1] if fitting else None
