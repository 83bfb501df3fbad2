"""The same mails and verbs come to the same on each database: what is printed, what is sent, every row."""

from __future__ import annotations

import json
import os
import pwd
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

import servers
from servers import sql
from system.home import POLICY, SENDMAIL
from ticketctl.store import tables

BEGIN = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
SORTS = ("created", "changed", "due", "priority", "number", "title", "queue", "state", "owner", "customer")
QUERIES = """\
queue:Support
queue:Sales
not queue:Sales
state:new
state:closed
type:open
owner:me
owner:none
owner:agent1
customer:Emma@SHOP.test
customer:@shop.test
customer:of:1
from:émile
from:EMMA
from:STRASSE
subject:straße
subject:"a b"
subject:printer
subject:%
subject:_
subject:\\
tag:x
priority:high..
priority:..low
lock:locked
kind:bounce
kind:auto
age:..1h
age:1h..
changed:2026-11-22
created:2026-11
waiting:us
waiting:customer
due:..2026-12-01
printer
PRINTER
Ärger
ärger
🖨
ss
ß
É or printer
(printer or toner) not owner:me
"""


def letter(name: str, subject: bytes, body: bytes = b"It burns.\n", *, to: str = "support@example.org",
           sender: bytes = b"Emma <emma@shop.test>", more: bytes = b"") -> bytes:  # fmt: skip
    return (b"From: %s\nTo: %s\nSubject: %s\nMessage-ID: <%s@shop.test>\nDate: Sun, 22 Nov 2026 09:00:00 +0100\n%s\n%s"
            % (sender, to.encode(), subject, name.encode(), more, body))  # fmt: skip


BIG = letter("big", b"A big one", b"", more=b"Content-Type: application/octet-stream\n") + random.Random(1).randbytes(
    25 << 20
)
MAILS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "plain": (letter("1", b"Printer"), ()),
    "again": (letter("1", b"Printer"), ()),
    "NUL": (letter("2", b"NUL \0 in it", b"and \0 here\n"), ()),
    "four bytes": (letter("3", "🖨 Straße É Ärger".encode(), sender="Émile Straße <emile@shop.test>".encode()), ()),
    "encoded": (letter("4", b"=?utf-8?q?=F0=9F=96=A8_=C3=84R?=", sender=b"=?utf-8?q?E=CC=81m?= <EMILE@SHOP.test>"), ()),
    "blanks": (letter("5", b"a b   ", sender=b'"Emma  " <Emma@SHOP.TEST>'), ()),
    "fewer blanks": (letter("6", b"a b"), ()),
    "capitals": (letter("7", b"A B"), ()),
    "signs": (letter("8", b"100% of _under_ \\ 'quoted' \"twice\""), ()),
    "empty": (letter("9", b"", b""), ()),
    "two": (letter("10", b"For both", to="support@example.org, sales@example.org"),
            ("--recipient", "support@example.org", "--recipient", "sales@example.org")),
    "blind": (letter("11", b"Blind"), ("--recipient", "sales@example.org", "--sender", "bcc@Other.test ")),
    "follow-up": (letter("12", b"Re: Printer", more=b"In-Reply-To: <1@shop.test>\n"), ()),
    "stranger": (letter("13", b"Re: Printer", sender=b"kim@other.test", more=b"In-Reply-To: <1@shop.test>\n"), ()),
    "auto": (letter("14", b"Away", more=b"Auto-Submitted: auto-replied\n"), ()),
    "latin": (letter("15", b"\xc4rger \xff", b"\xe4\xf6\xfc\n"), ()),
    "rubbish": (bytes(range(256)) * 40, ()),
    "big": (BIG, ()),
    "copies": (letter("16", b"Copies", sender=b"zoe@copy.test", more=b"Cc: Boss@copy.test, sales@example.org\n"), ()),
}  # fmt: skip
VERBS = """\
list
list --all -o json
show 1
show 2 -o json
show 4 -o json
history 1
take 1
note 1 -m \U0001f5a8-seen
priority 2 high
priority 3 very-low
reply 1 -m Danke,-Straße -y
flush
title 5 Ärger
title 6 ärger
move 4 -Q Sales
reassign 6 --to agent1
pend 7 -u tomorrow
close 8
close 8
reopen 8
accept 5 Lee@copy.test
customer set 7 Zoë@shop.test
show 7 -o json
close 9 --unsuccessful
take --next
new -Q Sales --customer Émile@shop.test --title Phone -m rang
steal 6
unlock 6
take 99
customer list
customer show emma@shop.test
mail list --all -o json
mail explain 3
outbox list --all -o json
outbox hold --auto
flush
outbox release --all
flush
status
status -o json
policy log
agent list
queue list -o json
fsck --contents
whoami
"""


class Ran(NamedTuple):
    words: str
    status: int
    out: bytes
    err: bytes


class Still:
    """A desk whose programs run in a world that stands still (tests/system/still.py)."""

    def __init__(self, root: Path, url: str, checkout: Path) -> None:
        root.mkdir()
        self.root, self.url, self.bin, self.count = root, url, checkout / "bin", 0
        (root / "sent").mkdir()
        (root / "sendmail").write_text(SENDMAIL.format(sent=root / "sent"))
        (root / "sendmail").chmod(0o755)
        (root / "ticketctl.toml").write_text("")
        environment = {
            **os.environ,
            "TICKETCTL_CONFIG": str(root / "ticketctl.toml"),
            "TICKETCTL_DATABASE": url,
            "TICKETCTL_SENDMAIL": str(root / "sendmail"),
            "PYTHONPATH": str(checkout / "src"),
            "PYTHONHASHSEED": "0",
        }
        command = [sys.executable, str(Path(__file__).with_name("still.py"))]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
        )

    def run(self, program: str, *argv: str, stdin: bytes = b"") -> Ran:
        """One run, 1.000001 s after the one before."""
        assert self.process.stdin
        assert self.process.stdout
        self.count += 1
        paths = {name: self.root / name for name in ("stdin", "stdout", "stderr")}
        for path in paths.values():
            path.write_bytes(b"")
        paths["stdin"].write_bytes(stdin)
        at = BEGIN + self.count * timedelta(seconds=1, microseconds=1)
        told = {"program": str(self.bin / program), "argv": argv, "at": f"{at:%Y-%m-%dT%H:%M:%S.%f}"}
        self.process.stdin.write(json.dumps(told | {name: str(path) for name, path in paths.items()}) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        return Ran(
            f"{self.count}: {' '.join(argv)}"[:100],
            status,
            *(paths[name].read_bytes() for name in ("stdout", "stderr")),
        )

    def sent(self) -> list[bytes]:
        files = sorted((self.root / "sent").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in files]

    def close(self) -> None:
        self.process.communicate(timeout=10)


def bounce(sent: bytes) -> bytes:
    """A mail system's report that a mail of ours did not arrive."""
    return (
        b"From: MAILER-DAEMON@mx.test\nTo: support@example.org\nSubject: Undelivered Mail\nMessage-ID: <b@mx.test>\n"
        b'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n--x\n\nno\n'
        b"--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n"
        b"Final-Recipient: rfc822; emma@shop.test\nAction: failed\nStatus: 5.1.1\n\n--x\n"
        b"Content-Type: message/rfc822\n\n" + sent + b"\n--x--\n"
    )


GROUPED = """
[[rules]]
name = "monitoring"
when = { subject = '/^PROBLEM (?P<host>\\S+)/' }
set = { ticket = "external:{host}", priority = "high", tags = ["monitor"] }
"""


def played(desk: Still) -> Iterator[Ran]:
    """The whole play: a desk is made, mail comes, agents work, more mail comes."""
    yield desk.run("ticketctl", "init", "--domain", "example.org", "--queue", "Support=support@example.org")
    people = "".join(
        f'[agents.agent{n}]\nname = "Agent {n}"\nemail = "a{n}@example.org"\nroles = ["all"]\n' for n in (1, 2)
    )
    login = pwd.getpwuid(os.geteuid()).pw_name
    policy = POLICY.format(login=login, agents=people, desk="", queue='auto-reply = "received"')
    policy = policy.replace('name = "Ada Admin"', 'name = "Ada Admin"\nemail = "ada@example.org"')
    (desk.root / "policy.toml").write_text(policy + GROUPED)
    yield desk.run("ticketctl", "policy", "apply", "--force", "-m", "test", "policy.toml")
    for mail, options in MAILS.values():
        yield desk.run("ticketctl-postmaster", "-v", "-o", "json", *options, stdin=mail)
    for line in VERBS.splitlines():
        yield desk.run("ticketctl", *line.split(" "))
    yield desk.run("ticketctl-postmaster", "-o", "json", "--sender", "", stdin=bounce(desk.sent()[-1]))
    number = json.loads(desk.run("ticketctl", "show", "1", "-o", "json").out)["number"]
    for subject in (f"Re: [Ticket#{number}] Printer", f"Re: [Ticket#{number}] PRINTER", "PROBLEM h1", "PROBLEM h1 !"):
        yield desk.run("ticketctl-postmaster", "-o", "json", stdin=letter(subject[-3:], subject.encode()))
    for sort in SORTS:
        yield desk.run("ticketctl", "list", "--all", "--sort", sort)
        yield desk.run("ticketctl", "list", "--all", "--sort", sort, "--reverse", "--limit", "5")
    for query in QUERIES.splitlines():
        yield desk.run("ticketctl", "list", "--all", "-o", "ids", query)
    yield desk.run("ticketctl", "fsck", "--contents")


def dump(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as typed values, in the order of their keys."""
    with sql(url) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in tables.metadata.sorted_tables
            if table.name != "gate"  # SQLite has nobody to let through one by one
        }


@pytest.mark.requires("postgresql", "mariadb")
def test_the_same_mails_and_verbs_come_to_the_same_on_each_database(tmp_path: Path, checkout: Path) -> None:
    with ExitStack() as stack:
        desks: dict[str, Still] = {}
        for kind in servers.DATABASES:
            place: Callable[[Path], str] = stack.enter_context(
                servers.places(kind, Path(os.environ["TICKETCTL_TEST_SERVERS"]))
            )
            desks[kind] = Still(tmp_path / kind, place(tmp_path / "desk.db"), checkout)
            stack.callback(desks[kind].close)
        runs = 0
        for each in zip(*map(played, desks.values()), strict=True):
            first, *others = (
                ran._replace(**_placeless(ran, desk)) for ran, desk in zip(each, desks.values(), strict=True)
            )
            for kind, other in zip([*desks][1:], others, strict=True):
                assert other == first, kind
            assert b"fault of ours" not in first.err, first
            assert first.status in (0, 66, 79), first
            runs += 1
        assert runs > 120
        dumps = {kind: dump(desk.url) for kind, desk in desks.items()}
        sent = {kind: desk.sent() for kind, desk in desks.items()}
        for kind in [*desks][1:]:
            for name, rows in dumps["sqlite"].items():
                assert dumps[kind][name] == rows, (kind, name)
            assert sent[kind] == sent["sqlite"]
        assert all(rows for name, rows in dumps["sqlite"].items() if name not in ("link", "brake", "tag"))
        assert len(sent["sqlite"]) == 10


MADE = (b"ticketctl: made the database", b"ticketctl: made the tables in")


def _placeless(ran: Ran, desk: Still) -> dict[str, bytes]:
    """What was said, without where that desk lies."""
    found = {}
    for name in ("out", "err"):
        lines = getattr(ran, name).replace(str(desk.root).encode(), b"ROOT").splitlines(keepends=True)
        found[name] = b"".join(line for line in lines if not line.startswith(MADE))
    return found
