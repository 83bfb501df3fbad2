"""The connection ends between COMMIT and its answer: nobody knows whether it was kept, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from failing.conftest import SERVERS
from failing.proxy import Proxy, When, between
from store.conftest import ANNA, NOW, POLICY, make_store, opened, reply
from system.home import Home, mail
from ticketctl.errors import Unavailable
from ticketctl.flush import flush
from ticketctl.intake import Envelope
from ticketctl.post import Sendmail
from ticketctl.receive import receive
from ticketctl.store import Store

pytestmark = pytest.mark.parametrize("database", SERVERS, indirect=True)
NOBODY_KNOWS = "nobody knows whether it did: look (`ticketctl show`, `ticketctl history`) before you do it again"
SUPPORT = 'addresses = ["support@example.org"]\n'
ANSWERING = (
    POLICY.replace(SUPPORT, f'{SUPPORT}auto-reply = "received"\n')
    + '[templates.received]\nkind = "auto"\nsubject = "We have it"\nbody = "{{ ticket.number }}"\n'
)
BOTH: tuple[When, When] = ("after", "before")  # the server has heard of the COMMIT


class Cut(NamedTuple):
    home: Home
    proxy: Proxy
    direct: str
    through: str

    def ended(self, when: When, name: str, *words: str, stdin: bytes = b"") -> tuple[int, str]:
        """Status and words of a program whose first COMMIT is not answered."""
        self.proxy.cut(1, when)
        self.home.environment["TICKETCTL_DATABASE"] = self.through
        done = self.home.start(name, *words)
        _, err = done.communicate(stdin, timeout=60)
        self.home.environment["TICKETCTL_DATABASE"] = self.direct
        return done.returncode, err.decode()


@pytest.fixture
def cut(
    database: str, place: Callable[[Path], str], program: Callable[[str], list[str]], tmp_path: Path, folder: Path
) -> Iterator[Cut]:
    url = place(tmp_path / "desk.db")
    home = Home(tmp_path, program, queue='auto-reply = "received"', url=url)
    with between(database, url, folder) as (proxy, through):
        yield Cut(home, proxy, url, through)
    assert proxy.cuts == 2


def test_the_filter_says_75_and_redelivery_makes_it_one_article_and_one_answer(cut):
    verdicts = []
    for n, when in enumerate(BOTH):
        letter = mail(n, sender=f"c{n}@customer.test")
        status, said = cut.ended(when, "ticketctl-postmaster", stdin=letter)
        assert (status, "nobody knows whether it did" in said) == (75, True)
        verdicts.append(cut.home.deliver(letter)["verdict"])
    cut.home.run("flush")
    assert verdicts == ["duplicate", "new"]
    assert [each["articles"] for each in cut.home.json("list", "--all")] == [1, 1]
    assert len(cut.home.sent()) == 2


def test_a_verb_says_69_and_how_to_look_and_does_it_once_or_not_at_all(cut):
    cut.home.deliver(mail(1))
    articles = []
    for when in BOTH:
        status, said = cut.ended(when, "ticketctl", "note", "1", "-m", when)
        assert (status, said.count("\n"), NOBODY_KNOWS in said) == (69, 1, True)
        articles.append([each["body"].strip() for each in cut.home.json("show", "1")["articles"][1:]])
    assert articles == [["after"], ["after"]]


class Owing(NamedTuple):
    """A desk that owes one mail, met through a proxy; `by` keeps what it is given in a folder."""

    store: Store
    cut: Store
    proxy: Proxy
    by: Sendmail
    folder: Path

    def flush(self, store: Store, minutes: int = 0) -> None:
        with self.store.reading() as tx:
            policy = tx.policy()
        flush(store, self.by, policy, now=NOW + timedelta(minutes=minutes))

    def broken(self, n: int, when: When) -> None:
        """A pass whose n-th COMMIT is not answered: the first keeps the claim, the second the stamp."""
        self.proxy.cut(n, when)
        with pytest.raises(Unavailable, match="nobody knows"):
            self.flush(self.cut)

    def ids(self) -> list[bytes]:
        """The Message-ID of every mail that left."""
        found = [each.read_bytes().splitlines() for each in self.folder.glob("mail.*")]
        return [line for lines in found for line in lines if line.startswith(b"Message-ID:")]

    def status(self) -> list[str]:
        with self.store.reading() as tx:
            return [row.status for row in tx.outbox(unsent_only=False)]


@pytest.fixture
def owing(database: str, place: Callable[[Path], str], tmp_path: Path, folder: Path) -> Iterator[Owing]:
    url = place(tmp_path / "desk.db")
    store = make_store(url, ANSWERING)
    program = folder / "sendmail"
    program.write_text(f"#!/bin/sh\ncat > $(mktemp {folder}/mail.XXXXXX)\n")
    program.chmod(0o755)
    with between(database, url, folder) as (proxy, through):
        cut = Store(through)
        yield Owing(store, cut, proxy, Sendmail(argv=(str(program),)), folder)
        cut.close()
    store.close()


def answer(owing: Owing) -> None:
    receive(owing.store, mail(1), Envelope(recipient="support@example.org", sender="carla@customer.test"), NOW)


@pytest.mark.parametrize(("when", "before", "then"), [("after", "sent", "sent"), ("before", "sending", "unknown")])
def test_an_automatic_answer_whose_stamp_is_lost_is_not_sent_again(owing, when, before, then):
    answer(owing)
    owing.broken(2, when)
    assert (owing.status(), len(owing.ids())) == ([before], 1)
    owing.flush(owing.store, 16)
    owing.flush(owing.store, 17)
    assert (owing.status(), len(owing.ids())) == ([then], 1)


@pytest.mark.parametrize(("when", "then", "mails"), [("after", "unknown", 0), ("before", "sent", 1)])
def test_an_automatic_answer_whose_claim_is_lost_goes_out_at_most_once(owing, when, then, mails):
    answer(owing)
    owing.broken(1, when)
    assert owing.ids() == []
    owing.flush(owing.store, 16)
    assert (owing.status(), len(owing.ids())) == ([then], mails)


@pytest.mark.parametrize(("n", "when", "mails"), [(1, "after", 1), (2, "after", 1), (1, "before", 1), (2, "before", 2)])
def test_an_agents_mail_goes_out_at_least_once_under_one_message_id(owing, n, when, mails):
    with owing.store.writing(ANNA, NOW) as tx:
        ticket = opened(tx)
        tx.change(ticket.id, reply(1, raw=b"Message-ID: <t.one@example.org>\n\nHere I am.\n"))
    owing.broken(n, when)
    owing.flush(owing.store, 16)
    assert (owing.status(), owing.ids()) == (["sent"], [b"Message-ID: <t.one@example.org>"] * mails)
