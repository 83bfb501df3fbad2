"""The table of contract section 8, as far as it is built: our programs beside their floors, in one run.

Run by `make bench`, on the installed programs. A floor is what the platform costs: the interpreter, the imports that
the work needs, one durable commit. Figures are medians of whole processes; rounds of floor and program alternate, so
that a busy machine slows both.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench import growing, growth

ROUNDS = int(os.environ.get("ROUNDS", "25"))
MAIL = (
    "From: Carla <carla{n}@customer.test>\nTo: support@example.org\nSubject: Printer {n}\n"
    "Message-ID: <bench.{n}@customer.test>\nDate: Mon, 23 Nov 2026 08:00:00 +0100\n\n" + "It burns.\n" * 400
)
# What our filter imports of others to read, decide and store one mail; held by tests/meta/test_imports.py.
NEEDED = "getopt, hashlib, json, msgspec, re, resource, signal, sqlalchemy, sqlite3, syslog, tomllib, zlib, zoneinfo"
COMMIT = """
import sqlite3, sys
raw = sys.stdin.buffer.read()
base = sqlite3.connect({path!r}, isolation_level=None)
base.execute("PRAGMA synchronous=FULL")
base.execute("BEGIN IMMEDIATE")
base.execute("INSERT INTO raw (data) VALUES (?)", (raw,))
base.execute("COMMIT")
"""


def timed(command: Sequence[str], stdin: bytes = b"") -> float:
    """Milliseconds of wall time of a whole process that must end well."""
    begun = time.perf_counter()
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    spent = (time.perf_counter() - begun) * 1000
    if done.returncode:
        raise SystemExit(f"{command}: {done.returncode}\n{done.stderr.decode()}")
    return spent


class Table:
    """Rows: the work, its time, the floor's, the ratio, the target."""

    def __init__(self) -> None:
        print(f"{'work':42} {'ours ms':>9} {'floor ms':>9} {'ratio':>7}  target")

    def row(self, work: str, ours: float, floor: float, target: float, unit: str = "") -> None:
        ratio = ours / floor
        verdict = "" if ratio <= target else "  MISSED"
        print(f"{work:42} {ours:9.1f} {floor:9.1f} {ratio:7.2f}  {target}{unit}{verdict}", flush=True)

    def compare(self, work: str, ours: list[Sequence[str]], floor: Sequence[str], target: float,
                stdin: list[bytes] | None = None, floor_stdin: bytes = b"") -> None:  # fmt: skip
        """Medians of alternating rounds; `ours` has a command a round, so that each may take a fresh ticket."""
        mine, theirs = [], []
        for number, command in enumerate(ours):
            theirs.append(timed(floor, floor_stdin))
            mine.append(timed(command, stdin[number] if stdin else b""))
        self.row(work, statistics.median(mine), statistics.median(theirs), target)


def main() -> None:
    """All rows on a fresh desk of a thousand tickets."""
    root = Path(tempfile.mkdtemp(prefix="ticketctl-bench-"))
    try:
        os.environ |= {
            "TICKETCTL_CONFIG": str(root / "ticketctl.toml"),
            "TICKETCTL_DATABASE": f"sqlite:///{root}/desk.db",
            "TICKETCTL_SEND": "0",
        }
        (root / "ticketctl.toml").write_text("")
        rows(root)
    finally:
        shutil.rmtree(root)


def rows(root: Path) -> None:
    ticketctl, postmaster = str(shutil.which("ticketctl")), str(shutil.which("ticketctl-postmaster"))
    python = sys.executable
    subprocess.run([ticketctl, "init", "--domain", "example.org", "--queue", "Support=support@example.org"],
                   check=True, capture_output=True)  # fmt: skip
    filled(1000)
    table = Table()
    click = [python, "-c", "import click"]
    table.compare("ticketctl --help", [[ticketctl, "--help"]] * ROUNDS, click, 1.5)
    os.environ["_TICKETCTL_COMPLETE"] = "bash_complete"
    os.environ |= {"COMP_WORDS": "ticketctl li", "COMP_CWORD": "1"}
    table.compare("completion of a verb", [[ticketctl]] * ROUNDS, click, 1.5)
    for name in ("_TICKETCTL_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
        del os.environ[name]
    base = root / "floor.db"
    table_of_floor = "PRAGMA journal_mode=WAL; CREATE TABLE raw (data BLOB)"
    make = f"import sqlite3; sqlite3.connect({str(base)!r}).executescript({table_of_floor!r})"
    subprocess.run([python, "-c", make], check=True)
    mails = [MAIL.format(n=f"b{n}").encode() for n in range(ROUNDS)]
    floor = [python, "-c", f"import {NEEDED}\n" + COMMIT.format(path=str(base))]
    table.compare("ticketctl-postmaster alone, SQLite", [[postmaster]] * ROUNDS, floor, 1.25, mails, mails[0])
    alchemy = [python, "-c", "import click, sqlalchemy"]
    numbers = subprocess.run(
        [ticketctl, "list", "-o", "ids"], check=True, capture_output=True, text=True
    ).stdout.split()
    for verb, commands in {
        "list": [[ticketctl, "list", "--limit", "50"]] * ROUNDS,
        "show": [[ticketctl, "show", number] for number in numbers[:ROUNDS]],
        "take": [[ticketctl, "take", number] for number in numbers[:ROUNDS]],
        "note -m": [[ticketctl, "note", number, "-m", "a note"] for number in numbers[:ROUNDS]],
    }.items():
        table.compare(f"ticketctl {verb}, alone", commands, alchemy, 1.25)
    memory(table, [postmaster])
    reading(table)
    growing.growing()
    grown(root, (ticketctl, postmaster))


def grown(root: Path, programs: tuple[str, str]) -> None:
    """From a thousand tickets to TICKETS: in SQLite files, or in the empty databases that FEW_URL and MANY_URL name."""
    import pwd

    login = pwd.getpwuid(os.getuid()).pw_name
    sizes = {growth.FEW: "FEW_URL", growth.MANY: "MANY_URL"}
    desks = {size: os.environ.get(name) or f"sqlite:///{root}/growth{size}.db" for size, name in sizes.items()}
    print()
    for size, url in desks.items():
        begun = time.perf_counter()
        growth.fill(url, size, login).close()
        print(f"{size:,} tickets made in {time.perf_counter() - begun:.0f} s")
    growth.growth(desks, login, rounds=min(ROUNDS, 5), programs=programs)


def filled(tickets: int) -> None:
    """A desk with that many tickets, by the job that the filter runs."""
    from datetime import UTC, datetime

    from ticketctl.intake import Envelope
    from ticketctl.receive import receive
    from ticketctl.store import Store

    store = Store(os.environ["TICKETCTL_DATABASE"])
    for number in range(tickets):
        receive(store, MAIL.format(n=number).encode(), Envelope(), datetime.now(UTC))


def memory(table: Table, command: Sequence[str]) -> None:
    """The peak of a process that takes a 25 MB mail, in MB, against 200."""
    import base64

    body = base64.encodebytes(os.urandom(25_000_000 * 3 // 4))
    mail = (
        b"From: a@customer.test\nTo: support@example.org\nSubject: large\nMessage-ID: <large@customer.test>\n"
        b"MIME-Version: 1.0\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" + body
    )
    with tempfile.TemporaryFile() as stdin:
        stdin.write(mail)
        stdin.seek(0)
        running = subprocess.Popen(command, stdin=stdin)
        _, status, usage = os.wait4(running.pid, 0)
    if status:
        raise SystemExit(f"the large mail: {status}")
    table.row("a 25 MB mail, MB resident at most", usage.ru_maxrss / 1024, 200, 1.0)


def reading(table: Table) -> None:
    """Reading mail against stdlib's compat32 with all parts decoded: a mail of the corpus, and ten times a mail."""
    from email import message_from_bytes

    from ticketctl import letter

    corpus = Path(os.environ.get("TICKETCTL_CORPUS") or Path(__file__).parents[3] / "shared" / "mail")
    mails = [path.read_bytes() for path in sorted(corpus.glob("*/*")) if path.is_file()]
    if mails:

        def theirs(raw: bytes) -> None:
            for part in message_from_bytes(raw).walk():
                if not part.is_multipart():
                    part.get_payload(decode=True)

        ours, floor = cpu(letter.read, mails), cpu(theirs, mails)
        table.row("reading the corpus, ms of CPU a mail", ours / len(mails), floor / len(mails), 2.0)
    else:
        print("reading the corpus: TICKETCTL_CORPUS is not here")
    part = b"--b\nContent-Type: text/plain\n\n" + b"words and words\n" * 200
    one, ten = (
        b"From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + part * n + b"--b--\n" for n in (20, 200)
    )
    table.row(
        "ten times the mail, ms of CPU", cpu(letter.read, [ten] * 5) / 5, 10 * cpu(letter.read, [one] * 50) / 50, 1.5
    )


def cpu(function: object, values: list[bytes]) -> float:
    """Milliseconds of CPU, the best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        for value in values:
            try:
                function(value)  # type: ignore[operator]  # any reader
            except (LookupError, ValueError):  # compat32 raises on some of them
                continue
        best = min(best, (time.process_time() - begun) * 1000)
    return best


if __name__ == "__main__":
    main()
