"""Processes that want the same thing: one gets it, the others are told, nothing is lost or given twice."""

from __future__ import annotations

import threading
from collections import Counter

from store.conftest import ANNA, LATER, NOW, POLICY, SYSTEM, added, mail, opened, quick_store
from store.crowd import claim, crowd, deliver, make_many, take
from ticketctl.change import Retitled
from ticketctl.errors import Refusal, TryAgain
from ticketctl.store.fsck import fsck

MANY = POLICY + "".join(
    f'[agents.a{i}]\nname = "A{i}"\nlogins = ["a{i}"]\nroles = ["all"]\n' for i in range(20)
)  # fmt: skip


def test_of_twenty_processes_that_take_a_ticket_one_wins_and_the_others_are_told_who(place, tmp_path):
    made = quick_store(place(tmp_path / "desk.db"), MANY)
    with made.writing(SYSTEM, NOW) as tx:
        opened(tx)
    said = Counter(crowd(20, take, str(made.url)))
    with made.reading() as tx:
        winner = tx.ticket(1).owner
        assert len(tx.history(1)) == 2
    assert said == {winner: 1, f"locked by {winner}": 19}
    assert fsck(made) == []


def test_numbers_are_unique_over_processes(place, tmp_path):
    made = quick_store(place(tmp_path / "desk.db"))
    numbers = [number for each in crowd(6, make_many, str(made.url)) for number in each]
    assert len(numbers) == len(set(numbers)) == 600
    assert fsck(made) == []


def test_of_twenty_copies_of_one_mail_one_is_kept(place, tmp_path):
    made = quick_store(place(tmp_path / "desk.db"))
    assert Counter(crowd(20, deliver, str(made.url))) == {"new": 1, "again": 19}
    with made.reading() as tx:
        assert (tx.count_all(), len(tx.letters(held_only=False))) == (1, 1)
    assert fsck(made) == []


def test_no_mail_is_claimed_twice(place, tmp_path):
    made = quick_store(place(tmp_path / "desk.db"))
    with made.writing(SYSTEM, NOW) as tx:
        tx.owe(*(mail(mail_class="auto") for _ in range(60)))
    claimed = [each for found in crowd(6, claim, str(made.url)) for each in found]
    assert sorted(claimed) == [*range(1, 61)]


def test_a_lost_race_on_the_version_is_75_even_where_the_database_does_not_lock(place, tmp_path, monkeypatch):
    """Both have read version 1 before either writes."""
    made = quick_store(place(tmp_path / "desk.db"))
    with made.writing(SYSTEM, NOW) as tx:
        old = opened(tx)
    with made.writing(ANNA, LATER) as tx:
        tx.change(old.id, Retitled(title="mine"))
    refusals = []
    try:
        with made.writing(ANNA, LATER) as tx:
            monkeypatch.setattr(tx, "ticket", lambda _id: old)
            tx.change(old.id, added(1, sender_type="agent", visible=False, channel="note"))
    except TryAgain as refusal:
        refusals.append(refusal)
    with made.reading() as tx:
        assert (len(refusals), tx.ticket(1).title, tx.articles(1)) == (1, "mine", [])


def test_threads_share_a_store(place, tmp_path):
    made = quick_store(place(tmp_path / "desk.db"))
    with made.writing(SYSTEM, NOW) as tx:
        opened(tx)
    troubles: list[Refusal] = []

    def rename(i: int) -> None:
        for j in range(10):
            try:
                with made.writing(SYSTEM, NOW) as tx:
                    tx.change(1, Retitled(title=f"{i}.{j}"))
                with made.reading() as tx:
                    tx.find(None, queues=None, limit=5)
            except Refusal as refusal:
                troubles.append(refusal)

    threads = [threading.Thread(target=rename, args=(i,)) for i in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert troubles == []
    with made.reading() as tx:
        assert tx.ticket(1).version == 81
    assert fsck(made) == []
