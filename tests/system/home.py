"""A desk in a folder, worked through the programs of the tree as whoever runs the tests."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

POLICY = """\
[desk]
name = "Example Help Desk"
domain = "example.org"
default-queue = "Support"
{desk}
[queues.Support]
addresses = ["support@example.org"]
{queue}
[queues.Sales]
addresses = ["sales@example.org"]
[agents.admin]
name = "Ada Admin"
logins = ["{login}"]
admin = true
roles = ["all"]
{agents}
[roles.all.queues]
"*" = ["rw"]
[templates.received]
kind = "auto"
subject = "We have your mail"
body = "Your request has number {{{{ ticket.number }}}}."
"""

SENDMAIL = """\
#!/bin/sh
# Keeps what it gets.
name=$(mktemp "{sent}/XXXXXXXX")
echo "$*" > "$name.arguments"
cat > "$name.partial" && mv "$name.partial" "$name.eml"
rm "$name"
"""


class Home:
    """`run` a verb, `deliver` a mail, look at what was `sent`."""

    def __init__(
        self, root: Path, program: Callable[[str], list[str]], *, agents: int = 2, desk: str = "", queue: str = "",
        url: str = "",
    ) -> None:  # fmt: skip
        self.root = root
        self.url = url or f"sqlite:///{root}/desk.db"
        self.program = program
        self.sent_folder = root / "sent"
        self.sent_folder.mkdir()
        sendmail = root / "sendmail"
        sendmail.write_text(SENDMAIL.format(sent=self.sent_folder))
        sendmail.chmod(0o755)
        (root / "ticketctl.toml").write_text("")
        self.environment = {
            **os.environ,
            "TICKETCTL_CONFIG": str(root / "ticketctl.toml"),
            "TICKETCTL_DATABASE": self.url,
            "TICKETCTL_SENDMAIL": str(sendmail),
        }
        self.run("init", "--domain", "example.org", "--queue", "Support=support@example.org")
        people = "".join(
            f'[agents.agent{n}]\nname = "Agent {n}"\nemail = "agent{n}@example.org"\nroles = ["all"]\n'
            for n in range(1, agents + 1)
        )
        login = pwd.getpwuid(os.geteuid()).pw_name
        policy = root / "policy.toml"
        policy.write_text(POLICY.format(login=login, agents=people, desk=desk, queue=queue))
        self.run("policy", "apply", "--force", "-m", "for a test", str(policy))

    def start(self, name: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """A program, not waited for."""
        command = [*self.program(name), *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment, **{**pipes, **options})

    def run(self, *arguments: str, status: int = 0, stdin: bytes = b"") -> str:
        """A verb's standard output."""
        done = self.start("ticketctl", *arguments)
        out, err = done.communicate(stdin, timeout=60)
        assert done.returncode == status, (arguments, done.returncode, out, err)
        return out.decode()

    def json(self, *arguments: str) -> Any:
        """What a verb prints with -o json."""
        return json.loads(self.run("-o", "json", *arguments))

    def deliver(self, mail: bytes, *options: str, status: int = 0) -> Any:
        """Through the filter: the mail's object."""
        done = self.start("ticketctl-postmaster", "-o", "json", *options)
        out, err = done.communicate(mail, timeout=60)
        assert done.returncode == status, (done.returncode, out, err)
        return json.loads(out) if out else None

    def sent(self) -> list[bytes]:
        """Every mail that left, oldest first."""
        files = sorted(self.sent_folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in files]


def mail(number: object = 1, *, sender: str = "carla@customer.test", subject: str = "", **headers: str) -> bytes:
    """A made-up mail; `number` makes it one of its kind."""
    lines = {
        "From": f"Carla <{sender}>",
        "To": "support@example.org",
        "Subject": subject or f"Printer {number}",
        "Message-ID": f"<{number}.made.up@customer.test>",
        "Date": "Mon, 23 Nov 2026 08:00:00 +0100",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return ("".join(f"{name}: {value}\n" for name, value in lines.items()) + f"\nIt burns, says {number}.\n").encode()
