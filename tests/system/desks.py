"""A desk of a test's own, worked through the installed programs by an unprivileged user."""

from __future__ import annotations

import json
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from servers import sql

USER = "daemon"  # not nobody: an alias file that it owns has to prove that the owner counts

POLICY = """\
[desk]
name = "Example Help Desk"
domain = "tickets.test"
default-queue = "Raw"
{desk}
[queues.Raw]
addresses = ["raw@tickets.test"]
[queues.Support]
addresses = ["support@tickets.test", "support@local.test"]
{support}
[agents.admin]
name = "Anna Martin"
email = "anna@example.test"
logins = ["{user}"]
admin = true
roles = ["all"]
[roles.all.queues]
"*" = ["rw"]
[templates.got-it]
kind = "auto"
body = "Number {{{{ ticket.number }}}}."
"""


class Desk:
    """A desk that belongs to an unprivileged user, who is its admin, with queues at tickets.test and local.test."""

    def __init__(self, public: Path, programs: Path, place: Callable[[Path], str]) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="desk", dir=public))
        self.programs = programs
        self.data = self.root / "data"
        self.data.mkdir()
        self.config = self.root / "ticketctl.toml"
        self.url = place(self.data / "ticketctl.db")
        self.config.write_text(f'database = "{self.url}"\nsend = false\n')
        self.config.chmod(0o644)
        self.root.chmod(0o755)
        shutil.chown(self.data, USER)
        self.run("init", "--domain", "tickets.test", "--queue", "Support=support@tickets.test", "--admin", USER)
        self.apply('unknown-recipient = "default-queue"')

    def filter(self, *options: str) -> str:
        """The command line of the filter for this desk."""
        return " ".join([str(self.programs / "ticketctl-postmaster"), "--config", str(self.config), *options])

    def run(self, *arguments: str, status: int = 0) -> str:
        """Run ticketctl as the desk's user; its standard output."""
        done = subprocess.run(
            [self.programs / "ticketctl", "--config", self.config, *arguments],
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.root)},
            cwd=self.root,
            user=USER,
            group=pwd.getpwnam(USER).pw_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def apply(self, desk: str, support: str = "") -> None:
        """Make a policy current in which [desk] has these lines, too, and queue Support those."""
        policy = self.root / "policy.toml"
        policy.write_text(POLICY.format(desk=desk, support=support, user=USER))
        policy.chmod(0o644)
        self.run("policy", "apply", "--force", "-m", "for a test", str(policy))

    def tickets(self) -> list[dict[str, object]]:
        """All tickets, closed ones too, oldest first."""
        return list(json.loads(self.run("-o", "json", "list", "--all")))

    def titles(self) -> list[object]:
        """The subjects of all tickets, oldest first."""
        return [ticket["title"] for ticket in self.tickets()]

    def letters(self) -> list[dict[str, object]]:
        """Every mail that was ever accepted."""
        return list(json.loads(self.run("-o", "json", "mail", "list", "--all")))

    def hide(self) -> None:
        """Take the database away: what the filter would write cannot be stored."""
        if self.url.startswith("sqlite:"):
            self.data.rename(self.root / "away")
            return
        with sql(self.url) as connection:
            connection.exec_driver_sql("ALTER TABLE alembic_version RENAME TO away")

    def restore(self) -> None:
        """Bring it back."""
        if self.url.startswith("sqlite:"):
            (self.root / "away").rename(self.data)
            return
        with sql(self.url) as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO alembic_version")
