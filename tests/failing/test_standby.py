"""PostgreSQL with two hosts in the URL: the primary dies under a stream of mails and verbs, the standby takes over."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from failing import many
from failing.clusters import Standby, pair
from servers import Postgresql
from store.conftest import NOW, SYSTEM, make_store, opened
from system.home import Home, mail
from ticketctl.errors import TryAgain, Unavailable
from ticketctl.store import Store
from ticketctl.store.fsck import fsck

pytestmark = pytest.mark.requires("postgresql")


@pytest.fixture
def two() -> Iterator[tuple[Postgresql, Standby]]:
    root = Path(tempfile.mkdtemp(prefix="p", dir=os.environ["TICKETCTL_TEST_SERVERS"]))
    root.chmod(0o755)
    with pair(root) as made:
        yield made


class Counted(NamedTuple):
    """What was said during the stream, and what the desk holds when all that was refused has been delivered again."""

    filtered: Counter[int]  # statuses of the filter
    noted: Counter[int]  # statuses of `note`
    articles: Counter[str]  # how often each mail is an article
    notes: Counter[str]
    acknowledged: list[str]  # mails that the first delivery took


def takeover(home: Home, one: Postgresql, two: Standby, *, mails: int, notes: int, senders: int = 2) -> Counted:
    """The stream; the primary is killed when a third of it is through, the standby promoted when some were refused."""
    through = threading.Semaphore(0)
    home.deliver(mail("first"))

    def ended(name: str, *words: str, stdin: bytes = b"") -> int:
        done = home.start(name, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done.communicate(stdin, timeout=120)
        through.release()
        return done.returncode

    def arrive(n: int) -> int:
        return ended("ticketctl-postmaster", stdin=mail(n))

    def note(n: int) -> int:
        return ended("ticketctl", "note", "1", "-m", f"note {n}")

    with ThreadPoolExecutor(senders) as filters, ThreadPoolExecutor(1) as agent:
        arriving, noting = filters.map(arrive, range(mails)), agent.map(note, range(notes))
        for _ in range((mails + notes) // 3):
            through.acquire(timeout=60)
        one.stop(signal.SIGKILL)
        for _ in range(2 * senders + 2):  # those on the way, and those that begin now
            through.acquire(timeout=60)
        two.promote()
        filtered, noted = list(arriving), list(noting)
    for n, status in enumerate(filtered):
        if status:
            home.deliver(mail(n))
    store = Store(two.url("desk"))
    with store.reading() as tx:
        tickets = tx.find(None, queues=None)
        articles = Counter(each.title for each in tickets)
        said = Counter(each.body.strip() for each in tx.articles(1) if each.channel == "note")
    store.close()
    return Counted(Counter(filtered), Counter(noted), articles, said,
                   [f"Printer {n}" for n, status in enumerate(filtered) if status == 0])  # fmt: skip


def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice_when_the_standby_takes_over(
    two: tuple[Postgresql, Standby], program: Callable[[str], list[str]], tmp_path: Path
) -> None:
    primary, standby = two
    primary.run("CREATE DATABASE desk")
    hosts = f"{str(primary.folder).replace('/', '%2F')},{str(standby.folder).replace('/', '%2F')}"
    url = f"postgresql://postgres@{hosts}/desk?target_session_attrs=read-write"
    home = Home(tmp_path, program, url=url)
    found = takeover(home, primary, standby, mails=16, notes=6)
    assert found.filtered.keys() == {0, 75}
    assert found.noted.keys() <= {0, 69, 75}
    assert found.articles == Counter(["Printer first", *(f"Printer {n}" for n in range(16))])
    assert set(found.acknowledged) <= found.articles.keys()
    assert max(found.notes.values()) == 1
    assert found.noted[0] <= len(found.notes) <= 6
    assert home.run("fsck", "-q") == ""


def test_of_a_dense_stream_nothing_is_lost_or_doubled_when_the_standby_takes_over(
    two: tuple[Postgresql, Standby],
) -> None:
    primary, standby = two
    primary.run("CREATE DATABASE desk")
    url = f"postgresql://postgres@/desk?host={primary.folder}&host={standby.folder}&target_session_attrs=read-write"
    make_store(url, many.POLICY.format(queue="")).close()
    found: list[Counter[str]] = []
    stream = threading.Thread(target=lambda: found.append(many.arrivals([url], 40, 4)))
    stream.start()
    time.sleep(0.5)
    primary.stop(signal.SIGKILL)
    standby.promote()
    stream.join()
    store = Store(standby.url("desk"))
    with store.reading() as tx:
        titles = Counter(each.title for each in tx.find(None, queues=None))
    faults = fsck(store)
    store.close()
    assert (titles, faults) == (Counter(f"Printer a{n}" for n in range(40)), [])
    assert found[0]["new"] + found[0]["duplicate"] == 160


def test_the_primary_is_found_whichever_host_stands_first_and_none_is_69(two: tuple[Postgresql, Standby]) -> None:
    primary, standby = two
    primary.run("CREATE DATABASE desk")
    both = f"postgresql://postgres@/desk?host={standby.folder}&host={primary.folder}&target_session_attrs="
    Store.create(f"{both}read-write").close()
    primary.stop()
    with pytest.raises(Unavailable) as caught:
        Store(f"{both}read-write").schema()
    assert caught.value.message == (
        "no host in `database` is what target_session_attrs asks for: is there a primary?"
    )  # fmt: skip
    store = Store(f"{both}any")
    assert store.schema() is not None
    store.close()


def test_a_standby_is_read_only_69_and_one_that_lets_nobody_in_yet_is_75(two: tuple[Postgresql, Standby]) -> None:
    primary, standby = two
    primary.run("CREATE DATABASE desk")
    make_store(primary.url("desk")).close()
    copy = Store(standby.url("desk"))
    with copy.reading() as tx:
        assert tx.policy().revision == 1
    with pytest.raises(Unavailable) as caught, copy.writing(SYSTEM, NOW) as tx:
        opened(tx)
    assert caught.value.message == "the database is read-only: is it a standby?"
    copy.close()
    standby.stop()
    with pytest.raises(RuntimeError):  # it runs, but nobody is let in
        standby.start("-c", "hot_standby=off", timeout=2)
    with pytest.raises(TryAgain) as starting:
        Store(standby.url("desk")).schema()
    assert starting.value.message == "the database is starting or stopping: try again"
