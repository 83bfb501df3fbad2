"""The full text and what lists go along are put right beside those who work, and after those who knew neither."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from servers import sql
from store.conftest import NOW, added, asks, letter, opened, received
from ticketctl.change import Created, Retitled, Tagged
from ticketctl.change.step import Step
from ticketctl.errors import TryAgain
from ticketctl.query import Term
from ticketctl.store import Store, bulk, indexing, mending, schema
from ticketctl.store.backup import upgrade
from ticketctl.store.fsck import fsck
from ticketctl.store.mending import reindex
from ticketctl.store.tables import metadata
from ticketctl.ticket import SYSTEM, State

SERVERS = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
EMPTY = {"sqlite": "INSERT INTO {0} ({0}) VALUES ('delete-all')"}


@pytest.fixture
def tickets(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A desk of five tickets, of which two are few."""
    for module in (indexing, mending):
        monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(indexing, "TOLD", 1)
    with store.writing(SYSTEM, NOW) as tx:
        for n in range(5):
            opened(tx, added(1, body=f"body{n}"), Tagged(added=(f"tag{n}",)), title=f"title{n}")
    return store


def forgotten(store: Store, database: str) -> None:
    with sql(str(store.url)) as connection:
        for name in indexing.TABLES:
            connection.exec_driver_sql(EMPTY.get(database, "DELETE FROM {0}").format(name))


@SERVERS
def test_mail_that_comes_and_titles_that_change_while_the_index_is_made_anew_are_in_it(tickets: Store) -> None:
    said: list[str] = []

    def meanwhile(line: str) -> None:
        said.append(line)
        received(tickets, letter(), asks())
        with tickets.writing(SYSTEM, NOW) as tx:
            tx.change(1, Retitled(title=f"another {len(said)}"))
            tx.change(5, Retitled(title=f"another {len(said)}"))

    reindex(str(tickets.url), lambda line: meanwhile(line) if len(said) < 4 else None)
    assert said == [f"full text: {which}s from #{n} on" for which, n in
                    (("ticket", 1), ("ticket", 3), ("ticket", 5), ("ticket", 7))]  # fmt: skip
    assert fsck(tickets, contents=True) == []


@SERVERS
def test_who_changes_a_title_waits_for_those_that_are_being_indexed(tickets: Store) -> None:
    def retitled() -> None:
        with tickets.writing(SYSTEM, NOW) as tx:
            tx.change(1, Retitled(title="another"))

    other = threading.Thread(target=retitled)
    with tickets.writing(SYSTEM, NOW) as tx:
        assert indexing.anew(tx._connection, "ticket", 0) == 2
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join()
    assert fsck(tickets, contents=True) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_in_a_file_others_wait_while_the_index_is_made_anew(tickets: Store) -> None:
    impatient = Store(f"{tickets.url}?timeout=0")
    refused: list[str] = []

    def meanwhile(_line: str) -> None:
        with pytest.raises(TryAgain) as caught:
            received(impatient, letter(), asks())
        refused.append(caught.value.message)

    reindex(str(tickets.url), meanwhile)
    assert refused == ["the database is busy: try again"] * 6
    assert fsck(tickets, contents=True) == []
    impatient.close()


def test_what_is_not_indexed_is_found_before_the_last_that_is(tickets: Store, database: str) -> None:
    forgotten(tickets, database)
    with tickets.writing(SYSTEM, NOW) as tx:
        opened(tx, added(1))
        found = {which: [[row["id"] for row in rows] for rows in indexing.missing(tx._connection, which)]
                 for which in indexing.BOTH}  # fmt: skip
        indexing.fill(tx._connection)
    assert found == {"ticket": [[1, 2], [3, 4], [5]], "article": [[1, 2], [3, 4], [5]]}
    assert fsck(tickets, contents=True) == []


@SERVERS
def test_what_another_has_indexed_meanwhile_is_left_as_it_is(tickets: Store) -> None:
    with tickets.writing(SYSTEM, NOW) as tx:
        for which in indexing.BOTH:
            indexing.put(tx._connection, which, [{"id": 1, "words": "kother"}])
    assert fsck(tickets, contents=True) == []


@SERVERS
def test_an_import_beside_live_mail_is_indexed(store: Store) -> None:
    def story(ticket_id: int) -> list[bulk.Event]:
        received(store, letter(), asks())
        first = Created(id=ticket_id, number=f"20261122{ticket_id}", title="it", queue="Raw", state=State.NEW)
        return [bulk.Event(at=NOW, step=step) for step in (Step(change=first), added(1))]

    assert bulk.load(store, [story] * 3, NOW, batch=2) == 3
    assert fsck(store, contents=True) == []
    with store.reading() as tx:
        assert tx.count_all() == 6


def test_what_a_program_of_before_wrote_is_put_right(tickets: Store, database: str) -> None:
    """It knows neither words, tags nor the columns that lists go along."""
    with sql(str(tickets.url)) as connection:
        for statement in (
            "UPDATE ticket SET customer_domain = NULL, title_key = '' WHERE id = 2",
            "UPDATE ticket SET customer_domain = 'customer.example', customer_key = NULL WHERE id = 3",
            "DELETE FROM tag WHERE ticket_id = 4",
            "INSERT INTO tag (tag, ticket_id) VALUES ('strange', 5)",
        ):
            connection.execute(text(statement))
    forgotten(tickets, database)
    lost = 5 + 5
    assert len(fsck(tickets)) >= 5 + lost
    mending.mend(tickets._engine)
    assert fsck(tickets, contents=True) == []
    with tickets.reading() as tx:
        assert len(tx.find(Term(field="customer", values=("@customer.example",)), queues=None)) == 5
        assert [each.title for each in tx.find(Term(field="tag", values=("tag3",)), queues=None)] == ["title3"]


def asked(store: Store) -> list[str]:
    """What an upgrade asks of the tables."""
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.extend(name for name in metadata.tables if f"FROM {name}" in statement)

    event.listen(Engine, "before_cursor_execute", see)
    try:
        assert upgrade(str(store.url)) == []
    finally:
        event.remove(Engine, "before_cursor_execute", see)
    return seen


def test_an_upgrade_with_nothing_to_do_reads_no_ticket(tickets: Store) -> None:
    assert asked(tickets) == ["gate"]


def test_an_upgrade_that_was_killed_before_its_end_goes_on_and_the_next_has_nothing_to_do(tickets: Store) -> None:
    with sql(str(tickets.url)) as connection:
        connection.execute(text(f"DELETE FROM gate WHERE name = '{schema.WHOLE}'"))
        connection.execute(text("UPDATE ticket SET customer_domain = NULL, title_key = '' WHERE id = 2"))
    assert "ticket" in asked(tickets)
    assert fsck(tickets, contents=True) == []
    assert asked(tickets) == ["gate"]


@SERVERS
def test_a_title_that_a_program_of_before_changed_is_found_by_its_words(tickets: Store) -> None:
    with sql(str(tickets.url)) as connection:
        connection.execute(text("UPDATE ticket SET title = 'tit', title_fold = 'tit', title_key = 'tit' WHERE id = 2"))
    assert any("with other words" in str(each) for each in fsck(tickets, contents=True))
    reindex(str(tickets.url))
    assert not any("full text" in str(each) for each in fsck(tickets, contents=True))
