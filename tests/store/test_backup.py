"""Backup while others work, restore with the outbox held."""

from __future__ import annotations

import sqlite3

import pytest

from store.conftest import ANNA, LATER, NOW, SYSTEM, added, make_store, opened, reply
from ticketctl.change import Retitled, Taken
from ticketctl.errors import BadData, Misconfigured, NotThere, Unavailable
from ticketctl.store import Store
from ticketctl.store.backup import backup, restore
from ticketctl.store.fsck import fsck


@pytest.fixture(params=["sqlite"])
def database(request):
    """A file: servers are copied by tools of their own."""
    return request.param


@pytest.fixture
def desk(store):
    with store.writing(SYSTEM, NOW) as tx:
        opened(tx, added(1))
    with store.writing(ANNA, NOW) as tx:
        tx.change(1, Taken(owner="anna"), reply(2))
    return store


def bring_back(path, target, **options):
    restore(path, f"sqlite:///{target}", LATER, author="root", **options)
    return Store(f"sqlite:///{target}")


def test_a_backup_is_one_whole_file_and_a_restore_holds_the_mail(desk, tmp_path):
    copy = tmp_path / "copy.db"
    backup(desk, copy)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy.db", "desk.db", "desk.db-shm", "desk.db-wal"]
    made = bring_back(copy, tmp_path / "new" / "desk.db")
    with made.reading() as tx, desk.reading() as old:
        assert tx.history(1) == old.history(1)
        assert tx.articles(1) == old.articles(1)
        assert [(each.name, each.at, each.author) for each in tx.brakes()] == [("all", LATER, "root")]
        assert old.brakes() == []
    with made.writing(SYSTEM, LATER) as tx:
        assert tx.claim() == []
        tx.brake("all", False)
        assert len(tx.claim()) == 1
    assert fsck(made, contents=True) == []
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == ["desk.db", "desk.db-shm", "desk.db-wal"]
    assert (tmp_path / "new" / "desk.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_never_overwrites(desk, tmp_path):
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(BadData, match="there already"):
        backup(desk, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_backup_where_nobody_may_write_is_69(desk):
    from pathlib import Path

    with pytest.raises(Unavailable):
        backup(desk, Path("/proc/nowhere/copy.db"))


def test_a_restore_over_a_desk_wants_force_and_open_processes_see_the_old_desk(desk, tmp_path):
    copy = tmp_path / "copy.db"
    backup(desk, copy)
    with desk.writing(ANNA, LATER) as tx:
        tx.change(1, Retitled(title="later"))
    with pytest.raises(BadData, match="--force"):
        bring_back(copy, desk.path)
    with desk.reading() as tx:
        assert tx.ticket(1).title == "later"
    with bring_back(copy, desk.path, force=True).reading() as tx:
        assert tx.ticket(1).title == "printer"
    with desk.reading() as tx:
        assert tx.ticket(1).title == "printer"
    assert fsck(desk) == []


def test_a_damaged_desk_is_set_aside(desk, tmp_path):
    copy, target = tmp_path / "copy.db", tmp_path / "bad" / "desk.db"
    backup(desk, copy)
    target.parent.mkdir()
    target.write_bytes(b"garbage" * 1000)
    with bring_back(copy, target, force=True).reading() as tx:
        assert tx.count_all() == 1
    assert (target.parent / "desk.db.damaged").read_bytes() == b"garbage" * 1000


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda path: path.unlink(), NotThere),
        (lambda path: path.write_bytes(b"garbage" * 1000), BadData),
        (lambda path: path.write_bytes(b""), BadData),
        (lambda path: path.write_bytes(path.read_bytes()[: 30 * 4096]), BadData),
        (lambda path: run(path, "DROP TABLE policy"), BadData),
        (lambda path: run(path, "UPDATE alembic_version SET version_num = '9999'"), Misconfigured),
    ],
    ids=["gone", "garbage", "empty", "cut", "no policy", "newer"],
)
def test_what_is_no_backup_is_refused_and_nothing_is_made(desk, tmp_path, spoil, refusal):
    copy, target = tmp_path / "copy.db", tmp_path / "new.db"
    backup(desk, copy)
    spoil(copy)
    with pytest.raises(refusal):
        bring_back(copy, target)
    assert not target.exists()
    assert not list(tmp_path.glob(".*"))


def run(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_backup_of_a_busy_desk_is_one_moment_of_it(tmp_path):
    import threading

    made = make_store(tmp_path / "desk.db")
    with made.writing(SYSTEM, NOW) as tx:
        opened(tx)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            with made.writing(SYSTEM, NOW) as tx:
                opened(tx, added(1))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for i in range(5):
            backup(made, tmp_path / f"{i}.db")
    finally:
        stop.set()
        worker.join()
    for i in range(5):
        assert fsck(bring_back(tmp_path / f"{i}.db", tmp_path / f"{i}" / "desk.db")) == []
