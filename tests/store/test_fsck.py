"""fsck finds what a careless hand did to the database."""

from __future__ import annotations

import re
import sqlite3

import pytest

from servers import SQLITE, sql
from store.conftest import ANNA, NOW, SYSTEM, added, asks, letter, mail, opened, received, reply
from ticketctl.change import Taken
from ticketctl.errors import Unavailable
from ticketctl.store.fsck import fsck
from ticketctl.store.mending import reindex

WRONG_DIGIT = """
    UPDATE ticket SET number = '2026112210000015' WHERE id = 1;
    UPDATE history SET data = replace(data, '2026112210000014', '2026112210000015') WHERE ticket_id = 1;
"""


# a careless hand asks no foreign keys
UNCHECKED = {
    "sqlite": "",
    "postgresql": "SET session_replication_role = replica;",
    "mariadb": "SET foreign_key_checks = 0;",
}


def in_words_of(database: str, statement: str) -> str:
    """The statement with PostgreSQL's truths and bytes."""
    if database != "postgresql":
        return statement
    statement = statement.replace("x'00'", "'\\x00'")
    return re.sub(r"(live|packed) = ([01])", lambda found: f"{found[1]} = {found[2] == '1'}", statement)


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
        ("INSERT INTO tag (tag, ticket_id) VALUES ('x', 1)", ["is listed with the tags ['x'], has []"]),
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
        ("DELETE FROM raw_piece", ["has no bytes", "has no bytes", "are not those that came"]),
        ("UPDATE raw_piece SET packed = 0, data = x'00'", ["are not those that came", "are not those that came"]),
        ("UPDATE raw_piece SET packed = 1, data = x'00'", ["is damaged", "is damaged"]),
        ("DELETE FROM token", ["its token is not known"]),
        ("UPDATE outbox SET version = 99", ["no change of its ticket owes it"]),
        ("UPDATE raw SET size = 99", ["not the 99 that came", "not the 99 that came"]),
        ("UPDATE ticket SET queue = 'Gone' WHERE id = 1", ["is live in queue Gone, which the policy does not have"]),
        (WRONG_DIGIT, ["the check digit of the number is wrong"]),
    ],
)
def test_damage_is_found(desk, database, statement, words):
    with sql(str(desk.url)) as base:
        for each in filter(str.strip, (UNCHECKED[database] + statement).split(";")):
            base.exec_driver_sql(in_words_of(database, each))
    found = [str(problem) for problem in fsck(desk, contents=True)]
    assert len(found) >= len(words), found
    for each in words:
        assert any(each in line for line in found), found


@SQLITE
def test_a_row_that_points_nowhere_is_found(desk):
    """Servers do not let it happen."""
    with sql(str(desk.url)) as base:
        base.exec_driver_sql("UPDATE letter SET raw_sha256 = 'gone'")
    assert any("points to a raw that is not there" in str(problem) for problem in fsck(desk))


LOST = {"sqlite": "DELETE FROM ticket_words_docsize WHERE id = 2"}
STRANGE = {"sqlite": "INSERT INTO article_words (rowid, words) VALUES (99, 'kwx')"}
DIFFERS = "{}/1: is in the full text index with other words"  # the number of its ticket
EMPTY = {"sqlite": "INSERT INTO article_words (article_words) VALUES ('delete-all')"}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (LOST | {"": "DELETE FROM ticket_words WHERE id = 2"}, "ticket #2: is not in the full text index"),
        (STRANGE | {"": "INSERT INTO article_words (id, words) VALUES (99, 'kwx')"},
         "article 99: is in the full text index, and not there"),
        ({"": "UPDATE article SET body = 'other' WHERE id = 1"}, DIFFERS),
        ({"": "UPDATE article SET body = 'It is on fire, sir' WHERE id = 1"}, DIFFERS),
        ({"": "UPDATE article SET body = 'It on fire' WHERE id = 1"}, DIFFERS),
    ],
)  # fmt: skip
def test_an_index_that_differs_from_its_texts_is_found(desk, database, statement, said):
    with sql(str(desk.url)) as base:
        base.exec_driver_sql(statement.get(database, statement[""]))
    (found,) = map(str, fsck(desk, contents=True))
    with desk.reading() as tx:
        number = tx.tickets([1])[0].number
    assert found.startswith(said.format(number))
    assert len(fsck(desk)) == ("other" not in found)


def test_an_index_made_anew_is_whole_and_finds_again(desk, database):
    with sql(str(desk.url)) as base:
        base.exec_driver_sql(EMPTY.get(database, "DELETE FROM article_words"))
    assert len(fsck(desk)) == 3
    said = []
    reindex(str(desk.url), said.append)
    assert said == ["full text: tickets from #1 on", "full text: articles from #1 on"]
    assert fsck(desk, contents=True) == []


def test_many_tickets_are_read_in_batches(store):
    with store.writing(SYSTEM, NOW) as tx:
        for _ in range(1100):
            opened(tx)
    seen = []
    assert fsck(store, lambda done, of: seen.append((done, of))) == []
    assert seen == [(500, 1100), (1000, 1100), (1100, 1100)]


@SQLITE
def test_damaged_pages_are_named_not_refused(store):
    with store.writing(SYSTEM, NOW) as tx:
        for _ in range(200):
            opened(tx, added(1))
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    whole = store.path.read_bytes()
    for name in ("ticket", "history", "article", "letter", "token", "ix_ticket_due"):
        data = bytearray(whole)
        data[(roots[name] - 1) * size : roots[name] * size] = b"\xa5" * size
        store.path.write_bytes(data)
        found = fsck(store)
        store.close()
        assert {each.where for each in found} == {"database", *([] if "_" in name else [f"table {name}"])}, found


def test_a_table_that_breaks_between_is_named(store, monkeypatch):
    """Where SQLite's own check finds nothing, what cannot be read is still a problem."""
    with store.writing(SYSTEM, NOW) as tx:
        opened(tx, added(1))

    def breaks(*_given):
        trouble = sqlite3.DatabaseError("database disk image is malformed")
        trouble.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise trouble

    monkeypatch.setattr("ticketctl.store.fsck._tickets", breaks)
    monkeypatch.setattr("ticketctl.store.fsck._raw", breaks)
    assert [each.where for each in fsck(store)] == ["tickets #1 to #1", "database"]


def test_other_trouble_is_refused(store, monkeypatch):
    def fails(_connection):
        raise Unavailable("the database is away")

    monkeypatch.setattr("ticketctl.store.fsck._letters", fails)
    with pytest.raises(Unavailable):
        fsck(store)
