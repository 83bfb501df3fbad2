"""The filter as mail systems run it: which status, what is kept, what is printed (contract sections 2 and 3)."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from servers import SQLITE, rows
from system.desks import USER, Desk
from system.home import mail
from ticketctl.intake import Envelope
from ticketctl.receive import receive
from ticketctl.store import Store
from ticketctl.ticket import SYSTEM

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
POLICY = """
[desk]
name = "Example Help Desk"
domain = "example.org"
{desk}
[queues.Raw]
addresses = ["raw@example.org"]
[queues.Support]
addresses = ["support@example.org"]
auto-reply = "received"
[queues.Sales]
addresses = ["sales@example.org"]
[templates.received]
kind = "auto"
subject = "We have it"
body = "Your number is {{{{ ticket.number }}}}."
"""
KEYS = ["id", "received", "recipient", "sender", "message_id", "from", "subject", "verdict", "kind", "rule", "why",
        "number", "article", "raw_sha256"]  # fmt: skip
TO_SUPPORT = ("--recipient", "support@example.org", "--sender", "carla@customer.test")


class Filter:
    """A desk of its own, and the filter on it."""

    def __init__(self, root: Path, program: Callable[[str], list[str]], desk: str = "", *, url: str = "") -> None:
        self.root = root
        self.database = root / "desk.db"
        self.url = url or f"sqlite:///{self.database}"
        self.command = program("ticketctl-postmaster")
        self.store = Store.create(self.url)
        with self.store.writing(SYSTEM, NOW) as tx:
            tx.apply(POLICY.format(desk=desk), "root", "first", 0)
        (root / "ticketctl.toml").write_text(f'database = "{self.url}"\n')
        self.environment = {"PATH": os.environ["PATH"], "TICKETCTL_CONFIG": str(root / "ticketctl.toml")}

    def run(
        self, raw: bytes, *options: str | bytes, shell: str = "exec", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """The filter behind a line of shell that ends in `exec`."""
        command = ["/bin/sh", "-c", f'{shell} "$@"', "sh", *self.command, *options]
        return subprocess.run(
            command, input=raw, capture_output=True, env=self.environment | environment, timeout=120, check=False
        )

    def status(self, raw: bytes, *options: str | bytes, **more: str) -> int:
        """Its exit status; it said nothing on stdout."""
        done = self.run(raw, *options, **more)
        assert done.stdout == b""
        return done.returncode

    def letters(self) -> list[tuple[Any, ...]]:
        with self.store.reading() as tx:
            found = tx.letters(held_only=False)
        return [(each.verdict, each.queue, each.subject) for each in reversed(found)]


@pytest.fixture
def filter_(tmp_path: Path, place: Callable[[Path], str], program) -> Iterator[Filter]:
    made = Filter(tmp_path, program, url=place(tmp_path / "desk.db"))
    yield made
    made.store.close()


# -- statuses ---------------------------------------------------------------------------------------------------


def test_0_a_mail_is_ours_again_and_again_and_nothing_is_said(filter_):
    assert filter_.status(mail(), *TO_SUPPORT) == 0
    assert filter_.status(mail(), *TO_SUPPORT) == 0
    assert filter_.run(mail(), *TO_SUPPORT).stderr == b""
    assert filter_.letters() == [("new", "Support", "Printer 1")]


def test_0_rubbish_is_a_mail_too(filter_):
    for raw in (b"\n", b"\0" * 1000, b"From ", bytes(range(256)) * 40, b"From: \xff\xfe\n\n\x80"):
        assert filter_.status(raw, *TO_SUPPORT) == 0
    assert len(filter_.letters()) == 5


@pytest.mark.parametrize(
    ("recipients", "status", "kept"),
    [
        (("nobody@example.org",), 67, 0),
        (("nobody@example.org", "no@elsewhere.test"), 67, 0),
        (("nobody@example.org", "support@example.org"), 0, 1),
        (("support@example.org", "sales@example.org"), 0, 2),
        ((), 0, 1),
    ],
)
def test_67_only_where_every_recipient_is_unknown_and_the_policy_says_so(
    tmp_path, place, program, recipients, status, kept
):
    desk = Filter(tmp_path, program, 'unknown-recipient = "reject"', url=place(tmp_path / "desk.db"))
    options = [word for each in recipients for word in ("--recipient", each)]
    assert desk.status(mail(), *options) == status
    assert len(desk.letters()) == kept
    (tmp_path / "other").mkdir()
    kind = Filter(tmp_path / "other", program, url=place(tmp_path / "other" / "desk.db"))
    assert kind.status(mail(), *options) == 0


@pytest.mark.parametrize(
    ("raw", "options", "words"),
    [
        (b"", TO_SUPPORT, "no mail on stdin"),
        (mail(), ("--queue", "Nowhere"), "no queue 'Nowhere'"),
        (mail(), ("--no-such-option",), "see ticketctl-postmaster --help"),
        (mail(), ("support@example.org",), "recipients are given by --recipient"),
        (mail(), ("-o", "table"), "json only"),
        (mail(), ("--database", "sqlite:////nowhere/desk.db"), "ticketctl init"),
        (mail(), ("--database", "oracle://there/desk"), "use sqlite, postgresql or mariadb"),
        (mail(), ("--config", "/nowhere/ticketctl.toml"), "/nowhere/ticketctl.toml"),
        (mail(), ("--recipient", "support@example.org", "--queue", "\x1b[31m5.7.1"), "no queue"),
    ],
)
def test_75_with_words_for_what_is_not_a_matter_of_the_mail(filter_, raw, options, words):
    done = filter_.run(raw, *options)
    assert (done.returncode, done.stdout) == (75, b"")
    assert done.stderr.startswith(b"ticketctl-postmaster: ")
    assert words in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert b"\x1b" not in done.stderr
    assert filter_.letters() == []


def test_75_a_configuration_that_is_none(filter_):
    (filter_.root / "ticketctl.toml").write_text("databse = 1\n")
    done = filter_.run(mail())
    assert done.returncode == 75
    assert b"databse" in done.stderr


@SQLITE
def test_75_a_database_that_is_no_desk_or_damaged(filter_):
    (filter_.root / "empty.db").touch()
    assert filter_.status(mail(), "--database", f"sqlite:///{filter_.root}/empty.db") == 75
    (filter_.root / "text.db").write_text("not a database at all, but long enough to be looked at\n" * 100)
    assert filter_.status(mail(), "--database", f"sqlite:///{filter_.root}/text.db") == 75


@SQLITE
@pytest.mark.parametrize("limit", ["2", "100"])
def test_75_a_database_that_another_holds_locked_and_afterwards_the_mail_is_new(filter_, limit):
    with closing(sqlite3.connect(filter_.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert filter_.status(mail(), *TO_SUPPORT, TICKETCTL_TIME_LIMIT=limit) == 75
        assert time.monotonic() - begun < 45  # below the launcher's own limit and postfix's 60 s
        other.execute("ROLLBACK")
    assert filter_.status(mail(), *TO_SUPPORT) == 0
    assert [verdict for verdict, *_ in filter_.letters()] == ["new"]


@SQLITE
def test_75_a_disk_that_takes_no_more_and_afterwards_the_mail_is_new(filter_):
    filter_.store.close()
    assert filter_.status(mail(), *TO_SUPPORT, shell="ulimit -f 0; exec") == 75
    assert filter_.status(mail(), *TO_SUPPORT) == 0
    assert [verdict for verdict, *_ in filter_.letters()] == ["new"]


@pytest.mark.requires("root")
def test_75_a_file_system_that_is_full_keeps_what_was_accepted(tmp_path, program):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=False).returncode:
        pytest.fail("root cannot mount a tmpfs here: run as root of a machine, or as a user")
    try:
        desk = Filter(small, program)
        noise = os.urandom(40_000).hex()
        ends = [desk.status(mail(n) + noise.encode() + b"%d" % n, *TO_SUPPORT) for n in range(12)]
        assert set(ends) == {0, 75}
        assert [verdict for verdict, *_ in desk.letters()] == ["new"] * ends.count(0)
        subprocess.run(["mount", "-o", "remount,size=32m", small], check=True)
        assert desk.status(mail(99), *TO_SUPPORT) == 0
        desk.store.close()
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@SQLITE
@pytest.mark.requires("root", "system-python")
def test_75_a_database_that_may_not_be_written(desk: Desk):
    command = desk.filter("--recipient=support@tickets.test").split()

    def end() -> int:
        done = subprocess.run(command, input=mail(), user=USER, group=0, extra_groups=[], check=False,
                              env={"PATH": "/usr/bin:/bin"}, cwd="/")  # fmt: skip
        return done.returncode

    files = [desk.data, *desk.data.iterdir()]
    modes = [path.stat().st_mode for path in files]
    for path in files:
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert end() == 75
    for path in files:
        path.chmod(0)
    assert end() == 75
    for path, mode in zip(files, modes, strict=True):
        path.chmod(mode)
    assert end() == 0


# -- what is printed --------------------------------------------------------------------------------------------


def test_o_json_is_the_contracts_mail_object(filter_):
    value = json.loads(filter_.run(mail(), "-o", "json", *TO_SUPPORT).stdout)
    assert list(value) == KEYS
    assert (value["verdict"], value["article"], value["recipient"]) == ("new", "1/1", "support@example.org")
    again = json.loads(filter_.run(mail(), "-o", "json", *TO_SUPPORT).stdout)
    assert (again["verdict"], again["id"], again["number"]) == ("duplicate", value["id"], value["number"])


def test_v_says_a_line_a_recipient_that_steers_no_terminal_and_no_mail_system(filter_):
    raw = mail(subject="5.7.1 \x1b[31m=?utf-8?q?=1b[31m_=e2=80=ae?=")
    done = filter_.run(raw, "-v", "--recipient", "support@example.org", "--recipient", "5.7.1\x1b\u202e@example.org")
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("mail=") and line.isprintable() for line in lines)
    assert done.stderr == b""


@pytest.mark.parametrize("form", [(), ("-o", "json")])
def test_explain_says_every_step_writes_nothing_and_ends_with_0(tmp_path, place, program, form):
    desk = Filter(tmp_path, program, 'unknown-recipient = "reject"', url=place(tmp_path / "desk.db"))
    desk.status(mail(1), *TO_SUPPORT)
    before = rows(desk.url)
    for options in (TO_SUPPORT, ("--recipient", "nobody@example.org")):
        for raw in (mail(1), mail(2), b"\xff"):
            done = desk.run(raw, "--explain", *form, *options)
            assert (done.returncode, done.stderr) == (0, b"")
            assert done.stdout
    assert "refused, queue Raw, kind personal: status 67" in desk.run(
        mail(2), "--explain", "--recipient", "nobody@example.org"
    ).stdout.decode()
    assert rows(desk.url) == before


# -- where it runs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shell", "options", "environment"),
    [
        ("exec >&- 2>&-; exec", (), {}),
        ("exec >/dev/full 2>/dev/full; exec", ("-v",), {}),
        ("exec >/dev/full 2>/dev/full; exec", ("--explain",), {}),
        ("exec", ("-o", "json"), {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}),
        ("exec", ("-v",), {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        ("exec env -u HOME -u PATH", (), {}),
        ("umask 777; exec", (), {}),
        ("mkdir /tmp/gone.$$; cd /tmp/gone.$$; rmdir /tmp/gone.$$; exec", (), {}),
        ("ulimit -n 24; exec", (), {}),
    ],
)
def test_where_and_how_it_is_run_changes_nothing(filter_, shell, options, environment):
    raw = mail(subject="Gr\u00fc\u00dfe \u2603")
    assert filter_.run(raw, *TO_SUPPORT, *options, shell=shell, **environment).returncode == 0
    if "--explain" not in options:
        assert filter_.letters() == [("new", "Support", "Gr\u00fc\u00dfe \u2603")]


def test_bytes_of_an_envelope_that_are_no_text_are_kept_as_well_as_may_be(filter_):
    for options in ((b"--recipient=\xff\x1b@example.org",), (b"--sender=\xfe@customer.test", *TO_SUPPORT[:2])):
        done = filter_.run(mail(len(options)), *options, "-o", "json")
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)
    assert [queue for _, queue, _ in filter_.letters()] == ["Raw", "Support"]


def test_a_from_line_stands_in_for_the_sender_and_is_no_part_of_the_mail(filter_):
    line = b"From carla@customer.test Mon Nov 23 08:00:00 2026\n"
    first = json.loads(filter_.run(line + mail(), "-o", "json").stdout)
    again = json.loads(filter_.run(mail(), "-o", "json").stdout)
    assert (first["sender"], again["verdict"]) == ("carla@customer.test", "duplicate")


# -- the corpus, and what is made to hurt -----------------------------------------------------------------------


def corpus_mails(corpus: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(corpus.glob("*/**/*")) if path.is_file()]


def taken(store: Store, raws: list[bytes]) -> Counter[str]:
    """Every mail through one transaction: its verdicts. The bytes come back; one article, or held, or a duplicate."""
    verdicts: Counter[str] = Counter()
    for raw in raws:
        found = receive(store, raw, Envelope(recipient="support@example.org"), NOW)
        verdict = found.decision.verdict
        verdicts[verdict] += 1
        assert (verdict in ("new", "follow-up")) == (found.decision.article is not None)
        with store.reading() as tx:
            kept = tx.letter(found.mail)
            assert verdict == "duplicate" or tx.raw(kept.raw_sha256) == raw
            assert (kept.n is not None) == (kept.verdict in ("new", "follow-up"))
    return verdicts


@SQLITE
@pytest.mark.requires("corpus")
def test_every_mail_of_the_corpus_is_one_article_and_its_bytes_come_back(filter_, corpus):
    raws = corpus_mails(corpus)
    assert len(raws) > 800
    verdicts = taken(filter_.store, raws)
    assert verdicts["held"] == 0
    again = taken(filter_.store, raws)
    # without Message-ID and queue id nothing tells a second delivery
    assert again["duplicate"] > 0.6 * len(raws)
    assert set(verdicts + again) <= {"new", "follow-up", "duplicate"}


@SQLITE
@pytest.mark.requires("corpus")
def test_mails_cut_off_at_every_97th_byte_are_kept(filter_, corpus):
    sample = [raw for raw in corpus_mails(corpus)[::40] if len(raw) < 8000][:12]
    cut = [raw[:end] for raw in sample for end in range(97, len(raw), 97)]
    assert taken(filter_.store, cut)["held"] == 0


# A process of its own asks: a child's peak begins with that of whom it was forked from, and these tests are large.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=0)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@SQLITE
@pytest.mark.requires("corpus")
def test_hostile_mails_take_their_share_and_no_more(filter_, corpus, tmp_path):
    folder = tmp_path / "hostile"
    subprocess.run([shutil.which("python3") or "python3", corpus / "hostile.py", folder], check=True)
    hurt = []
    limited = ["/bin/sh", "-c", 'ulimit -t 20; exec "$@"', "sh", sys.executable, "-c", MEASURED]
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stdin:
            asked = subprocess.run([*limited, *filter_.command, *TO_SUPPORT], stdin=stdin, env=filter_.environment,
                                   capture_output=True, text=True, check=True)  # fmt: skip
        status, seconds, resident = asked.stdout.split()
        peak = int(resident) * 1024 - 2 * path.stat().st_size
        expected = "75" if path.name == "empty.eml" else "0"
        if status != expected or float(seconds) > 10 or peak > 300 * 2**20:
            hurt.append((path.name, status, seconds, peak >> 20))
        path.unlink()
    assert hurt == []
    assert len(filter_.letters()) >= 50
