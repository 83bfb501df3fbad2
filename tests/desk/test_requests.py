"""The doing half by itself: races, rehearsals, and what a request promises whoever calls it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from servers import cast
from store.conftest import added, opened
from ticketctl import desk as doing
from ticketctl.change import Created, Prioritised, Retitled, Taken, Unlocked
from ticketctl.desk import Caller, Desk, Plan, answering, locking, moving, noting, reading
from ticketctl.desk.rehearsal import Rehearsal
from ticketctl.errors import BadData, Locked, NotAllowed, TryAgain
from ticketctl.store import Store
from ticketctl.ticket import SYSTEM, Priority, State

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
POLICY = """
[desk]
name = "D"
domain = "example.org"
default-queue = "Raw"
[queues.Raw]
addresses = ["raw@example.org"]
[agents.anna]
name = "Anna"
logins = ["anna"]
admin = true
[agents.anna.queues]
"*" = ["rw"]
[agents.bert]
name = "Bert"
logins = ["bert"]
[agents.bert.queues]
"*" = ["rw"]
"""


@pytest.fixture
def url(place: Callable[[Path], str], tmp_path: Path) -> str:
    """A desk with one ticket."""
    made = place(tmp_path / "desk.db")
    cast(made)
    store = Store(made)
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(POLICY, "anna", "for a test", 0)
    with store.writing(SYSTEM, NOW) as tx:
        ticket_id, number = tx.number(tx.policy().desk)
        tx.change(None, Created(id=ticket_id, number=number, title="T", queue="Raw", state=State.NEW))
    store.close()
    return made


@pytest.fixture
def anna(url: str) -> Iterator[Desk]:
    store = Store(url)
    yield Desk(store=store, caller=Caller(uid=1, login="anna"), now=NOW)
    store.close()


def test_a_lost_race_is_run_again_from_a_new_snapshot(anna: Desk) -> None:
    tries = []

    def plan(_view: doing.View, ticket: object) -> Plan:
        tries.append(ticket)
        if len(tries) < 3:
            raise TryAgain("ticket 1 was changed by somebody else meanwhile", ticket="1", race=True)
        return Plan(steps=[Retitled(title="third")])

    outcome = doing.each(anna, ["1"], plan)
    assert ([value["title"] for value in outcome.done], outcome.refused, len(tries)) == (["third"], [], 3)


def test_a_race_that_is_lost_every_time_is_75(anna: Desk) -> None:
    def plan(_view: doing.View, _ticket: object) -> Plan:
        raise TryAgain("ticket 1 was changed by somebody else meanwhile", ticket="1", race=True)

    (refused,) = doing.each(anna, ["1"], plan).refused
    assert refused.status == 75


def test_a_busy_database_is_not_waited_for_again(anna: Desk) -> None:
    tries = []

    def plan(_view: doing.View, _ticket: object) -> Plan:
        tries.append(1)
        raise TryAgain("the database is busy")

    assert [refusal.status for refusal in doing.each(anna, ["1"], plan).refused] == [75]
    assert tries == [1]


def test_another_version_than_was_asked_for_is_no_race(anna: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    monkeypatch.setattr("ticketctl.desk.time.sleep", tries.append)
    with pytest.raises(TryAgain, match="look again"):
        answering.begin(anna, "1", answering.Wish(if_version=9))
    assert tries == []


def test_status_counts_what_it_does_not_list(anna: Desk) -> None:
    with anna.store.writing(SYSTEM, NOW) as tx:
        for _ in range(104):
            ticket_id, number = tx.number(tx.policy().desk)
            tx.change(None, Created(id=ticket_id, number=number, title="T", queue="Raw", state=State.NEW))
    standing = reading.status(anna)
    assert (len(standing.sections["new"]), standing.counts["new"], standing.counts["held"]) == (100, 105, 0)


def test_one_of_many_takes_and_the_others_are_told_who(url: str) -> None:
    results: list[object] = []

    def take(login: str) -> None:
        store = Store(url)
        outcome = locking.take(Desk(store=store, caller=Caller(uid=1, login=login), now=NOW), ["1"])
        results.append(outcome.refused[0].by if outcome.refused else login)
        assert all(isinstance(refusal, Locked) for refusal in outcome.refused)
        store.close()

    threads = [threading.Thread(target=take, args=(login,)) for login in ("anna", "bert") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1
    assert len(results) == 8


def test_a_rehearsal_keeps_nothing_and_shows_all(url: str) -> None:
    store = Rehearsal(url)
    desk = Desk(store=store, caller=Caller(uid=1, login="anna"), now=NOW, dry_run=True)
    outcome = moving.priority(desk, ["1"], level=Priority.HIGH, text="why")
    assert [(each["priority"], each["articles"], each["dry_run"]) for each in outcome.done] == [("high", 1, True)]
    value = reading.show(desk, "1").value
    assert (value["priority"], value["articles"]) == ("normal", [])
    store.close()


def test_what_is_done_already_must_be_allowed_all_the_same(anna: Desk, url: str) -> None:
    locking.take(anna, ["1"])
    store = Store(url)
    bert = Desk(store=store, caller=Caller(uid=2, login="bert"), now=NOW)
    outcome = moving.priority(bert, ["1"], level=Priority.NORMAL)
    assert [refusal.status for refusal in outcome.refused] == [79]
    assert outcome.remarks == []
    store.close()


def test_as_another_agent_the_admins_name_is_kept(anna: Desk) -> None:
    desk = Desk(store=anna.store, caller=Caller(uid=1, login="anna", as_agent="bert"), now=NOW)
    noting.note(desk, ["1"], text="x")
    with anna.store.reading() as tx:
        entry = tx.history(1)[-1]
    assert (entry.actor, entry.as_, entry.uid) == ("anna", "bert", 1)


def test_the_system_is_for_owners_and_admins(anna: Desk) -> None:
    assert anna.system().system
    store = anna.store
    assert Desk(store=store, caller=Caller(uid=5, login=None, owns=True), now=NOW).system().real is None
    with pytest.raises(NotAllowed):
        Desk(store=store, caller=Caller(uid=2, login="bert"), now=NOW).system()


def test_a_time_that_is_past_is_bad_data(anna: Desk) -> None:
    with pytest.raises(BadData, match="is past"):
        moving.pend(anna, ["1"], until="2026-11-22T09:00Z")


def test_a_plan_of_several_steps_is_all_or_nothing(anna: Desk) -> None:
    def plan(_view: doing.View, _ticket: object) -> Plan:
        return Plan(steps=[Prioritised(priority=Priority.HIGH), Created(id=1, number="1", title="", queue="Raw",
                                                                       state=State.NEW)])  # fmt: skip

    assert [refusal.status for refusal in doing.each(anna, ["1"], plan).refused] == [65]
    assert reading.show(anna, "1").value["priority"] == "normal"


CARL = """
[queues.Sales]
addresses = ["sales@example.org"]
[queues.Closed]
addresses = ["closed@example.org"]
[agents.carl]
name = "Carl"
logins = ["carl"]
my-queues = ["Sales"]
[agents.carl.queues]
Raw = ["ro"]
Sales = ["ro"]
"""


def test_the_counts_of_a_status_are_of_the_same_tickets_as_its_sections(url, monkeypatch):
    answered = added(1, received=NOW)
    owners = [(), (Taken(owner="carl"),), (Taken(owner="bert"),), (Taken(owner="carl"), Unlocked())]
    dues = [{}, {"solution_due": NOW - timedelta(hours=1)}, {"solution_due": NOW}]
    with closing(Store(url)) as store:
        with store.writing(SYSTEM, NOW) as tx:
            tx.apply(POLICY + CARL + 'Closed = ["ro"]', "anna", "more queues", 1)
        with store.writing(SYSTEM, NOW) as tx:
            for queue, held, due in itertools.product(("Raw", "Sales", "Closed"), owners, dues):
                opened(tx, answered, *held, queue=queue, **due)
                opened(tx, answered, *held, queue=queue, state=State.OPEN, **due)
        with store.writing(SYSTEM, NOW) as tx:
            tx.apply(POLICY + CARL, "anna", "Carl has left that queue, and tickets in it", 2)
        desk = Desk(store=store, caller=Caller(uid=3, login="carl"), now=NOW)
        whole = reading.status(desk)
        monkeypatch.setattr(reading, "GLANCE", 1)
        short = reading.status(desk)
    assert {key: len(rows) for key, rows in whole.sections.items()} == short.counts
    assert short.counts == {"new": 9, "answered": 24, "overdue": 8, "reminders": 0, "unsent": 0, "held": 0}
    assert {each["queue"] for each in whole.sections["answered"]} == {"Raw", "Sales"}
