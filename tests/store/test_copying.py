"""A desk goes from one database to another and back, and is the same desk; what is no whole copy is no desk."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import servers
from servers import sql
from store.conftest import (
    ANNA,
    LATER,
    NOW,
    added,
    asks,
    decision,
    everything,
    letter,
    mail,
    make_store,
    opened,
    received,
    reply,
)
from store.killing import forked, killed_at
from ticketctl.change import Taken
from ticketctl.errors import BadData, Misconfigured, TryAgain
from ticketctl.intake.value import Envelope
from ticketctl.store import Store, Writer, schema, serials, tables
from ticketctl.store.copying import Copied, copy
from ticketctl.store.fsck import fsck
from ticketctl.ticket import SYSTEM, Address

HELD = (
    "a copy: the old desk may have sent what this one owes; see `ticketctl outbox list`, then"
    " `ticketctl outbox release --all`"
)
PACKET = 16 << 20  # bytes: MariaDB's own default
ODD = "a b\u00a0 Straße STRASSE \U0001f5a8\ufe0f é e\u0301 'x' \"y\" \\ % _ \t\r\n  "
BEGUN = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
Place = Callable[[Path], str]
Places = dict[str, Place]


@pytest.fixture
def every() -> Iterator[Places]:
    """A place on each kind of database."""
    with ExitStack() as stack:
        root = Path(os.environ["TICKETCTL_TEST_SERVERS"])
        yield {kind: stack.enter_context(servers.places(kind, root)) for kind in servers.DATABASES}


EVERY = pytest.mark.requires("postgresql", "mariadb")


def full(store: Store) -> None:
    """Rows of all kinds, and values that databases like to change."""
    big = letter(raw=b"From: kim\n\n" + os.urandom(25 << 20))
    first = received(store, big, asks(), BEGUN)
    received(store, letter(raw=b"From: kim\n\nNUL \0 here\n", subject=ODD), asks(), into=first.id)
    received(store, letter(raw=b"", subject="", author=Address(address="", name="")), asks())
    with store.writing(ANNA, NOW) as tx:
        tx.change(first.id, Taken(owner="anna"), reply(3, mail(recipients=("a@x.test", "B@x.test "))))
        for title in (ODD, "", "a", "A", "ä", "a ", "x" * 70_000):
            opened(tx, added(1, body=title, subject=title), title=title)
        tx.brake("auto", True, reason="a test")
        tx.number(tx.current().desk)  # an id that no ticket has


def at(url: str, source: Store, **options: Any) -> Store:
    """The desk of `source`, copied to that URL."""
    copies = copy(source, url, LATER, author="root", **options)
    assert copies.differing == []
    assert not copies.stale
    return Store(url)


def without_brake(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {name: rows for name, rows in everything(store).items() if name != "brake"}


@EVERY
def test_a_desk_goes_round_all_databases_and_is_the_same_to_the_last_byte(every: Places, tmp_path: Path) -> None:
    source = make_store(tmp_path / "desk.db")
    full(source)
    root = Path(os.environ["TICKETCTL_TEST_SERVERS"])
    assert servers.shared("mariadb", root).run("SELECT @@max_allowed_packet") == [(PACKET,)]
    way = [source]
    digests = []
    for kind in ("postgresql", "mariadb", "sqlite"):
        url = every[kind](tmp_path / "back.db")
        copies = copy(way[-1], url, LATER, author="root")
        digests.append({each.name: (each.rows, each.digest) for each in copies.tables if each.name != "brake"})
        assert (copies.differing, copies.stale) == ([], False)
        way.append(Store(url))
    assert digests[0] == digests[1] == digests[2]
    assert digests[0]["article"][0] == 11
    assert without_brake(way[0]) == without_brake(way[1]) == without_brake(way[2]) == without_brake(way[3])
    for store in way[1:]:
        assert fsck(store, contents=True) == []
        with store.reading() as tx:
            assert [(each.name, each.reason) for each in tx.brakes()] == [("all", HELD), ("auto", "a test")]
            token = tx.outbox()[0].token
            assert tx.known(asks(tokens=(token,)), LATER).tokens[token].ticket == 1
        with store.writing(SYSTEM, LATER) as tx:
            assert tx.claim() == []
            assert opened(tx, added(1)).id == 11, "above the id that no ticket has"
        assert received(store, letter(), asks(), LATER).id == 12
    for store in way:
        store.close()


def test_a_table_is_named_with_its_rows_and_digest(place: Place, tmp_path: Path) -> None:
    source = make_store(tmp_path / "from.db")
    copies = copy(source, place(tmp_path / "to.db"), LATER, author="root")
    found = {each.name: each for each in copies.tables}
    assert [*found] == [table.name for table in tables.metadata.sorted_tables]
    assert found["ticket"] == Copied(name="ticket", rows=0, digest=found["ticket"].digest, same=True)
    assert (found["policy"].rows, found["gate"].rows) == (1, 3)
    assert len({each.digest for each in copies.tables}) == len(found), "names of columns count"
    source.close()


def test_the_next_id_is_above_every_one_that_was_ever_given(place: Place, tmp_path: Path) -> None:
    source = make_store(place(tmp_path / "from.db"))
    received(source, letter(), asks())
    with source.writing(SYSTEM, NOW) as tx:
        for _ in range(3):
            tx.number(tx.current().desk)
    with sql(str(source.url)) as connection:
        connection.execute(text("DELETE FROM ticket_id WHERE id > 1"))
        assert serials.mark(connection, tables.ticket_id) == 4
        assert serials.mark(connection, tables.outbox) == 0
    made = at(f"sqlite:///{tmp_path}/to.db", source)
    with made.writing(SYSTEM, NOW) as tx:
        assert tx.number(tx.current().desk)[0] == 5
    back = at(place(tmp_path / "back.db"), made)
    with back.writing(SYSTEM, NOW) as tx:
        assert tx.number(tx.current().desk)[0] == 6
    for store in (source, made, back):
        store.close()


def test_a_value_that_does_not_come_over_as_it_was_is_found_and_the_copy_is_no_desk(
    place: Place, tmp_path: Path
) -> None:
    source = make_store(tmp_path / "from.db")
    with source.writing(SYSTEM, NOW) as tx:
        opened(tx)
    with sql(str(source.url)) as connection:
        connection.execute(text("UPDATE ticket SET title = 'no' || char(0) || 'NUL'"))
    url = place(tmp_path / "to.db")
    copies = copy(source, url, LATER, author="root")
    assert copies.differing == ["ticket"]
    with pytest.raises(Misconfigured, match="no desk yet|no database at"), Store(url).reading():
        pass
    with sql(str(source.url)) as connection:
        connection.execute(text("UPDATE ticket SET title = 'printer'"))
    at(url, source).close()
    source.close()


def test_what_is_written_to_the_source_meanwhile_is_told(place: Place, tmp_path: Path) -> None:
    source = make_store(place(tmp_path / "from.db"))
    received(source, letter(), asks())

    came: list[int] = []

    def meanwhile(done: int, _of: int) -> None:
        if not came:
            came.append(done)
            received(source, letter(), asks())

    made = tmp_path / "to.db"
    copies = copy(source, f"sqlite:///{made}", LATER, author="root", progress=meanwhile)
    assert (copies.stale, copies.differing, len(came)) == (True, [], 1)
    store = Store(f"sqlite:///{made}")
    with store.reading() as tx:
        assert tx.count_all() == 1
    assert fsck(store) == []
    store.close()
    source.close()


def held(store: Store) -> None:
    """A mail that is owed, one that is held, and a letter that is held."""
    first = received(store, letter(), asks())
    with store.writing(ANNA, NOW) as tx:
        tx.change(first.id, Taken(owner="anna"), reply(2, mail(), mail()))
        tx.hold(2)
        tx.accept(letter(), Envelope(), decision(verdict="held", held="odd"), asks())


def deferred(tx: Writer) -> None:
    (claimed,) = tx.claim()
    tx.deferred(claimed, "later", LATER)


def swapped(tx: Writer) -> None:
    tx.hold(1)
    tx.release(2)


MEANWHILE: list[Callable[[Writer], object]] = [
    lambda tx: tx.hold(1), lambda tx: tx.release(2), swapped, deferred, lambda tx: tx.relabel(2, "dropped"),
]  # fmt: skip


@pytest.mark.parametrize("work", MEANWHILE, ids=["hold", "release", "hold and release", "deferred", "drop"])
def test_what_only_updates_is_told_too(work: Callable[[Writer], object], tmp_path: Path) -> None:
    source = make_store(tmp_path / "from.db")
    held(source)
    came: list[int] = []

    def meanwhile(done: int, _of: int) -> None:
        if not came:
            came.append(done)
            with source.writing(ANNA, LATER) as tx:
                work(tx)

    copies = copy(source, f"sqlite:///{tmp_path}/to.db", LATER, author="root", progress=meanwhile)
    assert (copies.stale, copies.differing) == (True, [])
    assert not copy(source, f"sqlite:///{tmp_path}/quiet.db", LATER, author="root").stale
    source.close()


def test_a_file_whose_rows_do_not_all_stand_in_it_takes_no_name(tmp_path: Path) -> None:
    """Somebody looks into it: what is beside it cannot be moved in."""
    source = make_store(tmp_path / "from.db")
    received(source, letter(), asks())
    readers: list[sqlite3.Connection] = []

    def look(_done: int, _of: int) -> None:
        if not readers:
            readers.append(sqlite3.connect(tmp_path / "to.db.copying", isolation_level=None))
            readers[0].execute("BEGIN")
            readers[0].execute("SELECT * FROM policy").fetchall()

    with pytest.raises(TryAgain, match="reads"):
        copy(source, f"sqlite:///{tmp_path}/to.db", LATER, author="root", progress=look)
    assert not [*tmp_path.glob("to.db*")]
    readers[0].close()
    made = at(f"sqlite:///{tmp_path}/to.db", source)
    assert [each.name for each in tmp_path.glob("to.db*")] == ["to.db"]
    assert fsck(made, contents=True) == []
    made.close()
    source.close()


def test_a_copy_killed_anywhere_is_no_desk_and_is_made_by_the_next(place: Place, tmp_path: Path) -> None:
    source = make_store(tmp_path / "from.db")
    received(source, letter(), asks())
    source.close()
    url = place(tmp_path / "to.db")

    def work() -> int:
        mine = Store(f"sqlite:///{tmp_path}/from.db")
        return len(copy(mine, url, LATER, author="root").differing)

    seen = []
    for n in [*range(3, 100, 16), *range(100, 500, 40)]:
        if killed_at(n, work) != -signal.SIGKILL:
            break
        with pytest.raises(Misconfigured) as caught, Store(url).reading():
            pass
        seen.append(caught.value.message)
        if schema.COPYING in _said(url):
            assert "`ticketctl db copy` into it is at work" in seen[-1]
            with pytest.raises(Misconfigured):
                Store.create(url)
    assert len(seen) > 5
    assert os.waitstatus_to_exitcode(os.waitpid(forked(lambda: _again(url, work)), 0)[1]) == 0
    made = Store(url)
    assert fsck(made, contents=True) == []
    assert [each.name for each in tmp_path.glob("*copying*")] == []
    made.close()


def _again(url: str, work: Callable[[], int]) -> int:
    try:
        return work()
    except BadData:  # the last of those that were killed had done it
        return 0 if _said(url) == schema.HEAD else 1


def _said(url: str) -> str:
    try:
        store = Store(url)
    except Misconfigured:
        return ""
    try:
        return store.schema() or ""
    finally:
        store.close()


def test_what_is_not_empty_is_not_touched(place: Place, tmp_path: Path) -> None:
    source = make_store(tmp_path / "from.db")
    url = place(tmp_path / "to.db")
    other = make_store(url)
    before = everything(other)
    with pytest.raises(BadData, match="there is a (desk|database) at"):
        copy(source, url, LATER, author="root")
    assert everything(other) == before
    other.close()
    strange = place(tmp_path / "strange.db")
    with sql(strange) as connection:
        connection.execute(text("CREATE TABLE letters (id INTEGER)"))
    with pytest.raises(BadData, match="letters|there is a database"):
        copy(source, strange, LATER, author="root")
    source.close()


def test_a_source_of_another_schema_is_78(place: Place, tmp_path: Path) -> None:
    source = make_store(place(tmp_path / "from.db"))
    source.close()
    with sql(str(source.url)) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    target = tmp_path / "to.db"
    with pytest.raises(Misconfigured, match="db upgrade"):
        copy(Store(str(source.url)), f"sqlite:///{target}", LATER, author="root")
    assert not [*tmp_path.glob("to.db*")]


def test_two_copies_into_one_place_are_one(place: Place, tmp_path: Path) -> None:
    source = make_store(tmp_path / "from.db")
    received(source, letter(), asks())
    url = place(tmp_path / "to.db")
    refused: list[str] = []

    def second(_done: int, _of: int) -> None:
        if not refused:
            with pytest.raises(TryAgain) as caught:
                copy(source, url, LATER, author="root")
            refused.append(caught.value.message)

    assert copy(source, url, LATER, author="root", progress=second).differing == []
    assert len(refused) == 1
    assert "at work" in refused[0]
    source.close()
