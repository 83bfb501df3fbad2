"""fsck finds what a careless hand did to the database."""

from __future__ import annotations

import sqlite3

import pytest

from store.conftest import ANNA, NOW, SYSTEM, added, asks, letter, mail, opened, received, reply
from ticketctl.change import Taken
from ticketctl.store.fsck import fsck

WRONG_DIGIT = """
    UPDATE ticket SET number = '2026112210000015' WHERE id = 1;
    UPDATE history SET data = replace(data, '2026112210000014', '2026112210000015') WHERE ticket_id = 1;
"""


@pytest.fixture
def desk(store):
    received(store, letter(b"one"), asks())
    with store.writing(SYSTEM, NOW) as tx:
        opened(tx, added(1))
        tx.link(1, 2)
    with store.writing(ANNA, NOW) as tx:
        tx.change(2, Taken(owner="anna"), reply(2, mail()))
    return store


def test_a_desk_is_whole(desk):
    seen = []
    assert fsck(desk, lambda done, of: seen.append((done, of)), contents=True) == []
    assert seen == [(2, 2)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE ticket SET title = 'x' WHERE id = 1", ["title is 'x', its history says 'printer'"]),
        ("UPDATE ticket SET live = 0 WHERE id = 1", ["live is False, its history says True"]),
        ("UPDATE ticket SET owner = NULL WHERE id = 2", ["owner is None, its history says 'anna'"]),
        ("UPDATE ticket SET version = 9 WHERE id = 2", ["version is 9"]),
        ("DELETE FROM history WHERE ticket_id = 1", ["has no history"]),
        ("DELETE FROM history WHERE ticket_id = 2 AND version = 2", ["gap before version 3"]),
        ("UPDATE history SET name = 'Nonsense' WHERE ticket_id = 1 AND version = 2", ["version 2 cannot be read"]),
        ("UPDATE history SET data = '{}' WHERE ticket_id = 1 AND version = 1", ["version 1 cannot be read"]),
        ("DELETE FROM article WHERE ticket_id = 2 AND n = 1", ["has articles [2], not 1 to 2"]),
        ("DELETE FROM article WHERE ticket_id = 1", ["has articles []", "is article 1 of ticket #1"]),
        ("UPDATE letter SET ticket_id = NULL, n = NULL", ["is new and on no ticket"]),
        ("UPDATE letter SET raw_sha256 = 'gone'", ["points to a raw that is not there"]),
        ("DELETE FROM raw_piece", ["has no bytes", "has no bytes", "its 0 bytes", "its 0 bytes"]),
        ("UPDATE raw_piece SET packed = 0, data = x'00'", ["are not those that came", "are not those that came"]),
        ("UPDATE raw_piece SET packed = 1, data = x'00'", ["is damaged", "is damaged"]),
        ("DELETE FROM token", ["its token is not known"]),
        ("UPDATE outbox SET version = 99", ["no change of its ticket owes it"]),
        (WRONG_DIGIT, ["the check digit of the number is wrong"]),
    ],
)
def test_damage_is_found(desk, statement, words):
    connection = sqlite3.connect(desk.path)
    connection.executescript(statement)
    connection.close()
    found = [str(problem) for problem in fsck(desk, contents=True)]
    assert len(found) >= len(words), found
    for each in words:
        assert any(each in line for line in found), found


def test_many_tickets_are_read_in_batches(store):
    with store.writing(SYSTEM, NOW) as tx:
        for _ in range(1100):
            opened(tx)
    seen = []
    assert fsck(store, lambda done, of: seen.append((done, of))) == []
    assert seen == [(500, 1100), (1000, 1100), (1100, 1100)]
