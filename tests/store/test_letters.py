"""Letters looked through: by the time they came, where they are, what became of them, which row or rule fired."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from store.conftest import NOW, make_store
from ticketctl.intake.value import Asks, Decision, Envelope
from ticketctl.letter.value import Letter
from ticketctl.store import Store
from ticketctl.store import letters as module
from ticketctl.ticket import POSTMASTER, Kind

HOUR = timedelta(hours=1)


@pytest.fixture
def store(place, tmp_path):
    """Thirty letters, one an hour, as numbered: every third one held, every fifth a machine's; the fourth never was."""
    made = make_store(place(tmp_path / "desk.db"))
    for n in range(1, 31):
        keep(made, n)
    yield made
    made.close()


def keep(store: Store, n: int) -> None:
    auto = n % 5 == 0
    decision = Decision(
        verdict="held" if n % 3 == 0 else "dropped", queue="Support" if n % 2 else "Raw",
        kind=Kind.AUTO if auto else Kind.PERSONAL, rule="A5" if auto else None, silence=("A5",) if auto else ("A17",),
        why=("kind", f"rule every {n % 7}: fired", "rule broken: passed over: there is no condition 'x'"),
    )  # fmt: skip
    letter = Letter(raw=b"x%d" % n, sha256=f"{n:064x}", message_id=f"<{n}@x.test>")
    asks = Asks(key=f"{n}", content=f"{n}", message_id=letter.message_id)
    with store.writing(POSTMASTER, NOW + n * HOUR) as tx:
        tx.accept(letter, Envelope(), decision, asks)


def test_letters_are_found_by_what_is_known_of_them(store, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 4)

    def found(**sought):
        with store.reading() as tx:
            return [row.id for row in tx.letters(**{"held_only": False, **sought})]

    every = [*range(30, 0, -1)]
    assert found() == every
    for n in (-5, 0, 1, 2, 7.5, 15, 29, 30, 31, 99):
        assert found(since=NOW + n * HOUR) == [each for each in every if each >= n], n
    assert found(held_only=True, since=NOW + 20 * HOUR) == [30, 27, 24, 21]
    assert found(verdict="dropped", since=NOW + 26 * HOUR) == [29, 28, 26]
    assert found(kind="auto", limit=2) == [30, 25]
    assert found(rule="A5") == [30, 25, 20, 15, 10, 5]
    assert found(rule="every 3", limit=3) == [24, 17, 10]
    assert (found(rule="every"), found(rule="broken")) == ([], [])
    assert found(queue="Support", queues=["Support", "Sales"], limit=3) == [29, 27, 25]
    assert found(queue="Support", queues=["Raw"]) == []


def test_since_is_told_right_where_ids_are_missing_and_where_there_are_no_letters(place, tmp_path):
    store = make_store(place(tmp_path / "other.db"))
    with store.reading() as tx:
        assert tx.letters(held_only=False, since=NOW) == []
    for n in (1, 2, 3):
        keep(store, n)
    with suppress(RuntimeError), store.writing(POSTMASTER, NOW + 4 * HOUR) as tx:  # a serial is used up
        row = Asks(key="z", content="z", message_id=None)
        tx.accept(Letter(raw=b"z", sha256="z"), Envelope(), Decision(verdict="held", queue="Raw"), row)
        raise RuntimeError
    keep(store, 5)
    with store.reading() as tx:
        assert len(tx.letters(held_only=False, since=NOW + 3 * HOUR)) == 2
        assert len(tx.letters(held_only=False, since=NOW + 4 * HOUR)) == 1
        assert tx.letters(held_only=False, since=NOW + 6 * HOUR) == []
        assert [row.message_id for row in tx.bearing("<5@X.test>")] == ["<5@x.test>"]
        assert (tx.bearing("<9@x.test>"), tx.bearing(99), len(tx.bearing(1))) == ([], [], 1)
    store.close()
