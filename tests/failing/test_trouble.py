"""What real servers do to us, and what is said of it: 69, 75 or 78, in one line, without a password."""

from __future__ import annotations

import base64
import gc
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from failing import many
from failing.conftest import SERVERS
from servers import KINDS, Server
from store.conftest import NOW, SYSTEM, make_store, opened
from system.home import mail
from ticketctl.desk import founding
from ticketctl.errors import Failed, Misconfigured, Refusal, TryAgain, Unavailable
from ticketctl.intake import Envelope
from ticketctl.receive import receive
from ticketctl.store import Store
from ticketctl.store.fsck import fsck

# PyMySQL leaves the socket open where it cannot connect
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SECRET = "oPen5esame"
OURS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = 'desk' AND pid <> pg_backend_pid()",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db = 'desk'",
}
FULL = "the database's disk is full: nothing was stored"
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}
CANCEL = {"postgresql": "SELECT pg_cancel_backend({})", "mariadb": "KILL QUERY {}"}
Said = tuple[type[Refusal], str]


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What a driver left open is gone before another test begins."""
    yield
    gc.collect()


class Failing:
    """A server of this module's own, with a desk on it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.server: Server = KINDS[kind](folder)
        self.server.start()
        self.server.run("CREATE DATABASE desk")
        self.url = self.server.url("desk")
        make_store(self.url).close()
        self.user = "postgres@" if kind == "postgresql" else "root@"

    def each(self, statement: str) -> None:
        """That statement for every connection to the desk."""
        for (number,) in self.server.run(OURS[self.kind]):
            self.server.run(statement.format(number))

    def said(self, work: Callable[[], object]) -> Said:
        """The refusal, and its words."""
        with pytest.raises(Refusal) as caught:
            work()
        assert "\n" not in caught.value.message
        assert SECRET not in caught.value.message
        return type(caught.value), caught.value.message

    def write(self, url: str = "", between: Callable[[], object] = bool) -> None:
        store = Store(url or self.url)
        try:
            with store.writing(SYSTEM, NOW) as tx:
                opened(tx)
                between()
                opened(tx)
        finally:
            store.close()


@pytest.fixture(scope="module", params=[pytest.param(each, marks=pytest.mark.requires(each)) for each in SERVERS])
def failing(request: pytest.FixtureRequest) -> Iterator[Failing]:
    root = Path(tempfile.mkdtemp(prefix="f", dir=os.environ["TICKETCTL_TEST_SERVERS"]))
    root.chmod(0o755)
    made = Failing(request.param, root / "s")
    yield made
    made.server.remove()


def test_a_server_that_is_not_there_is_69(failing):
    nowhere = failing.url.replace(str(failing.server.folder), "/nowhere")
    kind, words = failing.said(lambda: failing.write(nowhere))
    assert (kind, words.partition(":")[0], "No such file or directory" in words) == (
        Unavailable, "the database is away", True,
    )  # fmt: skip
    host = f"{failing.kind}://me:{SECRET}@127.0.0.1:1/desk"
    kind, words = failing.said(lambda: failing.write(host))
    assert (kind, words.partition(":")[0], "Connection refused" in words) == (Unavailable, "the database is away", True)
    assert failing.said(lambda: failing.write(host.replace("127.0.0.1", "no.host.invalid")))[0] is Unavailable


def test_no_such_database_and_no_desk_are_78(failing):
    assert failing.said(lambda: failing.write(failing.server.url("nope"))) == (
        Misconfigured, "there is no such database on the server: create it, then run `ticketctl init`",
    )  # fmt: skip
    failing.server.run("CREATE DATABASE empty")
    kind, words = failing.said(lambda: failing.write(failing.server.url("empty")))
    assert (kind, words.rpartition(": ")[2]) == (Misconfigured, "run `ticketctl init`")


def test_who_is_not_let_in_or_may_not_use_the_tables_is_69(failing):
    closed = (Unavailable, "the database does not let us in: see user and password in `database`")
    rights = (Unavailable, "the database's user may not use the desk's tables: see its rights (GRANT)")
    stranger = failing.url.replace(failing.user, f"stranger:{SECRET}@")
    assert failing.said(lambda: failing.write(stranger)) == closed
    if failing.kind == "postgresql":
        failing.server.run("CREATE ROLE weak LOGIN")
    else:
        failing.server.run("CREATE USER weak@localhost")
        assert failing.said(lambda: failing.write(failing.url.replace(failing.user, "weak@"))) == closed
        failing.server.run("GRANT SELECT ON desk.* TO weak@localhost")
    assert failing.said(lambda: failing.write(failing.url.replace(failing.user, "weak@"))) == rights


def test_init_fills_an_empty_database_and_twice_is_harmless(failing):
    failing.server.run("CREATE DATABASE founded")
    plan = founding.Plan(url=failing.server.url("founded"), domain="example.org", queues={}, admin="ada")
    first, second = (founding.found(plan, NOW, root=False) for _ in range(2))
    assert [each.partition(" in ")[0].partition(":")[0] for each in first.made] == [
        "made the tables", "made the first policy",
    ]  # fmt: skip
    assert (second.made, second.fresh) == ((), False)


def test_settings_that_break_a_promise_are_named(failing):
    store = Store(failing.url)
    found = [each.partition(" ")[0] for each in store.doubts()]
    store.close()
    assert found == {
        "postgresql": ["fsync", "full_page_writes"],
        "mariadb": ["innodb_flush_log_at_trx_commit", "innodb_doublewrite"],
    }[failing.kind]


def test_a_database_of_another_encoding_is_78_with_the_way_out(failing):
    if failing.kind == "postgresql":
        failing.server.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
        kind, words = failing.said(lambda: make_store(failing.server.url("latin")))
        way_out = "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, then run `ticketctl init`"
        assert (kind, words) == (Misconfigured, f"the database's encoding is LATIN1: {way_out}")
    else:  # the tables have their own
        failing.server.run("CREATE DATABASE latin CHARACTER SET latin1")
        store = make_store(failing.server.url("latin"))
        with store.writing(SYSTEM, NOW) as tx:
            assert opened(tx, title="\N{SNOWMAN}\U0001f600").title == "\N{SNOWMAN}\U0001f600"
        with store.reading() as tx:
            assert tx.ticket(1).title == "\N{SNOWMAN}\U0001f600"
        store.close()


def test_what_was_to_be_stored_is_not_in_the_words(failing):
    store = Store(failing.url)

    def put(name: str) -> None:
        row = text("INSERT INTO brake (name, at, author, reason) VALUES (:name, :at, 'x', 'x')")
        with store.writing(SYSTEM, NOW) as tx:
            for _ in range(2):
                tx._connection.execute(row, {"name": name, "at": NOW})

    assert failing.said(lambda: put(SECRET)) == (TryAgain, "somebody else was faster: try again")
    kind, words = failing.said(lambda: put(SECRET * 20))
    store.close()
    assert (kind, words) == (Failed, {
        "postgresql": "database: StringDataRightTruncation (22001)", "mariadb": "database: DataError (1406)",
    }[failing.kind])  # fmt: skip


def test_an_option_that_the_driver_does_not_know_is_78_and_named(failing):
    kind, words = failing.said(lambda: failing.write(f"{failing.url}&colour=blue"))
    assert (kind, "colour" in words) == (Misconfigured, True)
    kind, words = failing.said(lambda: failing.write(f"{failing.url}&read_timeout=soon"))
    assert (kind, "read_timeout" in words) == (Misconfigured, True)


def test_a_connection_that_is_killed_or_cancelled_stores_nothing_and_the_next_goes_on(failing):
    kind, _ = failing.said(lambda: failing.write(between=lambda: failing.each(KILL[failing.kind])))
    assert kind is (TryAgain if failing.kind == "postgresql" else Unavailable)
    failing.write()


def test_a_connection_that_was_killed_while_nobody_used_it_is_made_anew(failing):
    store = Store(failing.url)
    with store.reading() as tx:
        before = tx.count_all()
    failing.each(KILL[failing.kind])
    with store.writing(SYSTEM, NOW) as tx:
        opened(tx)
    with store.reading() as tx:
        assert tx.count_all() == before + 1
    store.close()


def test_a_statement_that_is_cancelled_is_75(failing):
    with Store(failing.url).writing(SYSTEM, NOW) as first:
        first.brake("auto", True)
        cancel = threading.Timer(1, failing.each, [CANCEL[failing.kind]])
        cancel.start()

        def second() -> None:
            store = Store(failing.url)
            with store.writing(SYSTEM, NOW) as tx:
                tx.brake("auto", True)

        assert failing.said(second) == (TryAgain, "the database stopped what we asked: try again")
        cancel.join()


def test_a_lock_that_is_not_to_be_had_is_75(failing):
    with Store(failing.url).writing(SYSTEM, NOW) as first:
        first.brake("all", True)

        def second() -> None:
            with Store(failing.url, timeout=1).writing(SYSTEM, NOW) as tx:
                tx.brake("all", True)

        assert failing.said(second) == (TryAgain, "the database is busy: try again")


def test_a_database_that_is_read_only_is_69_and_is_still_read(failing):
    if failing.kind == "postgresql":
        url = f"{failing.url}&options=-c%20default_transaction_read_only%3Don"
    else:
        failing.server.run("CREATE USER plain@localhost")
        failing.server.run("GRANT ALL ON desk.* TO plain@localhost")
        failing.server.run("SET GLOBAL read_only = 1")
        url = failing.url.replace(failing.user, "plain@")
    kind, words = failing.said(lambda: failing.write(url))
    with Store(url).reading() as tx:
        assert tx.policy().revision == 1
    if failing.kind == "mariadb":
        failing.server.run("SET GLOBAL read_only = 0")
    assert (kind, words) == (Unavailable, "the database is read-only: is it a standby?")


def test_no_free_connection_is_75(failing):
    crowded = (TryAgain, "the database has no free connection: try again")
    if failing.kind == "postgresql":
        failing.server.run("CREATE ROLE one LOGIN CONNECTION LIMIT 1 IN ROLE pg_read_all_data")
    else:
        failing.server.run("CREATE USER one@localhost WITH MAX_USER_CONNECTIONS 1")
        failing.server.run("GRANT ALL ON desk.* TO one@localhost")
    url = failing.url.replace(failing.user, "one@")
    with Store(url).reading():
        assert failing.said(lambda: failing.write(url)) == crowded


def test_a_server_that_keeps_silent_is_not_waited_for_for_ever(failing):
    url = f"{failing.url}&read_timeout=2"
    store = Store(url)

    def work() -> None:
        with store.writing(SYSTEM, NOW) as tx:
            opened(tx)
            frozen.extend(_all(failing.server.pid))
            for each in frozen:
                os.kill(each, signal.SIGSTOP)
            opened(tx)

    frozen: list[int] = []
    begun = time.monotonic()
    try:
        kind, _ = failing.said(work)
    finally:
        for each in frozen:
            os.kill(each, signal.SIGCONT)
    assert (kind, 2 <= time.monotonic() - begun < 10) == (Unavailable, True)
    store.close()


def test_the_filter_leaves_a_frozen_server_within_its_own_time_with_75(failing, program):
    frozen = _all(failing.server.pid)
    environment = {**os.environ, "TICKETCTL_DATABASE": failing.url, "TICKETCTL_TIME_LIMIT": "5"}
    for each in frozen:
        os.kill(each, signal.SIGSTOP)
    try:
        done = subprocess.run(program("ticketctl-postmaster"), input=mail(1), env=environment, capture_output=True,
                              check=False, timeout=60)  # fmt: skip
    finally:
        for each in frozen:
            os.kill(each, signal.SIGCONT)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (75, b"", 1)


def _all(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


@pytest.mark.requires("root")
def test_a_full_disk_is_69_and_what_was_kept_is_whole(failing):
    if failing.kind == "mariadb":
        return  # it ends itself where InnoDB cannot write: a server that is away
    disk = failing.server.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=True)
    try:
        shutil.chown(disk, failing.server.user)
        failing.server.run(f"CREATE TABLESPACE small LOCATION '{disk}'")
        failing.server.run("CREATE DATABASE small TABLESPACE small")
        store = make_store(failing.server.url("small"))

        def fill() -> None:
            for n in range(40):
                body = base64.b64encode(os.urandom(400_000))
                receive(store, mail(f"full{n}") + body, Envelope(recipient=None, sender=None), NOW)

        said = failing.said(fill)
        with store.reading() as tx:
            kept = tx.count_all()
        found = fsck(store)
        store.close()
        failing.server.run("DROP DATABASE small WITH (FORCE)")
        failing.server.run("DROP TABLESPACE small")
        assert (said, 3 < kept < 40, found) == ((Unavailable, FULL), True, [])
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("number", [None, signal.SIGKILL], ids=["in-order", "killed"])
def test_a_server_that_ends_in_the_middle_stores_nothing_and_is_back_later(failing, number):
    with Store(failing.url).reading() as tx:
        before = tx.count_all()
    kind, _ = failing.said(lambda: failing.write(between=lambda: failing.server.stop(number, timeout=3)))
    down, _ = failing.said(failing.write)
    with pytest.raises(Unavailable):
        receive(Store(failing.url), mail(1), Envelope(recipient=None, sender=None), NOW)
    failing.server.start()
    with Store(failing.url).reading() as tx:
        assert (kind in (TryAgain, Unavailable), down, tx.count_all()) == (True, Unavailable, before)


def test_a_server_that_is_killed_under_load_keeps_what_it_acknowledged_once(failing):
    durable = ["--innodb-flush-log-at-trx-commit=2"] if failing.kind == "mariadb" else []
    failing.server.stop()
    failing.server.start(*durable)
    failing.server.run("CREATE DATABASE burst")
    url = failing.server.url("burst")
    store = make_store(url, many.POLICY.format(queue='auto-reply = "received"'))
    store.close()
    found: list[Counter[str]] = []
    stream = threading.Thread(target=lambda: found.append(many.arrivals([url], 30, 4)))
    stream.start()
    for _ in range(3):
        time.sleep(0.4)
        failing.server.stop(signal.SIGKILL)
        failing.server.start(*durable)
    stream.join()
    with Store(url).reading() as tx:
        titles = Counter(each.title for each in tx.find(None, queues=None))
        answers = len(tx.outbox())
    assert titles == Counter(f"Printer a{n}" for n in range(30))
    assert found[0]["new"] + found[0]["duplicate"] == 120
    assert answers == 3  # all to one envelope sender (G13)
    store = Store(url)
    assert fsck(store) == []
    store.close()
