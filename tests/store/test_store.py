"""Opening a desk: what is missing, older, newer, damaged, locked, read-only or full has its status and its way out."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time

import pytest
from alembic.autogenerate import compare_metadata

from servers import SQLITE
from store.conftest import NOW, POLICY, added, letter, make_store, opened
from ticketctl import config
from ticketctl.errors import Misconfigured, Refusal, TryAgain, Unavailable
from ticketctl.policy import read
from ticketctl.store import Store, schema, tables
from ticketctl.store.backup import upgrade
from ticketctl.store.migrate import context, scripts
from ticketctl.store.url import _DRIVERS
from ticketctl.ticket import SYSTEM


def url(path) -> str:
    return f"sqlite:///{path}"


def sql(path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for each in statements:
        connection.execute(each)
    connection.close()


def refusal(path, **options) -> Refusal:
    with pytest.raises(Refusal) as caught, Store(url(path), **options).reading() as tx:
        tx.policy()
    return caught.value


def test_only_create_makes_a_database(tmp_path):
    caught = refusal(tmp_path / "no.db")
    assert (type(caught), caught.message) == (
        Misconfigured, f"no database at {tmp_path}/no.db: run `ticketctl init`")  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_create_makes_directory_and_file_for_the_owner_alone_and_twice_is_harmless(tmp_path):
    path = tmp_path / "a" / "desk.db"
    made = make_store(path)
    with made.writing(SYSTEM, NOW) as tx:
        opened(tx)
    again = Store.create(url(path))
    with again.reading() as tx:
        assert tx.ticket(1) is not None
        assert tx.policy() == read(POLICY, revision=1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_create_goes_on_where_an_init_was_killed(tmp_path):
    path = tmp_path / "desk.db"
    path.touch()
    assert refusal(path).status == 78
    make_store(path).close()
    with Store(url(path)).reading() as tx:
        assert tx.policy().revision == 1


def test_a_group_may_share_the_file(tmp_path):
    before = os.umask(0o077)
    try:
        make_store(tmp_path / "desk.db", mode=0o660).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "desk.db").stat().st_mode) == 0o660


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["UPDATE alembic_version SET version_num = '9999'"], "made by a newer ticketctl"),
        (["DELETE FROM alembic_version"], "run `ticketctl init`"),
        (["DROP TABLE alembic_version"], "run `ticketctl init`"),
    ],
)
def test_another_schema_is_78(tmp_path, statements, words):
    path = tmp_path / "desk.db"
    make_store(path).close()
    sql(path, *statements)
    caught = refusal(path)
    assert isinstance(caught, Misconfigured)
    assert words in caught.message


def test_an_older_schema_is_78_and_says_upgrade(tmp_path, monkeypatch):
    path = tmp_path / "desk.db"
    make_store(path).close()
    monkeypatch.setattr(schema, "KNOWN", (*schema.KNOWN, "9999"))
    monkeypatch.setattr(schema, "HEAD", "9999")
    assert "run `ticketctl db upgrade`" in refusal(path).message
    with pytest.raises(Misconfigured, match="db upgrade"):
        Store.create(url(path))


def test_the_schema_is_the_sum_of_the_migrations(store):
    with store._engine.connect() as connection:
        assert compare_metadata(context(connection), tables.metadata) == []


def test_every_migration_is_known():
    directory = scripts()
    assert tuple(step.revision for step in directory.walk_revisions())[::-1] == schema.KNOWN
    assert directory.get_current_head() == schema.HEAD


def test_upgrade_of_what_is_current_does_nothing(store):
    assert upgrade(str(store.url)) == []


@pytest.mark.parametrize("words", [b"no database at all " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_69(tmp_path, words):
    path = tmp_path / "desk.db"
    path.write_bytes(words)
    assert isinstance(refusal(path), Unavailable)
    with pytest.raises(Unavailable):
        Store.create(url(path))
    assert path.read_bytes() == words


def test_a_damaged_page_is_69(tmp_path):
    path = tmp_path / "desk.db"
    made = make_store(path)
    with made.writing(SYSTEM, NOW) as tx:
        for _ in range(200):
            opened(tx, added(1))
    made.close()
    sql(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    for page in range(20 * 4096, len(data), 4096):
        data[page : page + 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    with pytest.raises(Unavailable, match="damaged"), Store(url(path)).reading() as tx:
        tx.find(None, queues=None)


def test_a_locked_database_is_75(tmp_path):
    path = tmp_path / "desk.db"
    make_store(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = Store(url(path), timeout=0.1)
    with pytest.raises(TryAgain), waiting.writing(SYSTEM, NOW):
        pass
    with waiting.reading() as tx:  # readers do not wait
        assert tx.policy().revision == 1
    holder.close()


def test_a_full_database_is_69_and_nothing_is_half_done(tmp_path):
    path = tmp_path / "desk.db"
    made = make_store(path)
    with made.reading() as tx:
        tx._connection.exec_driver_sql("PRAGMA max_page_count = 100")  # of the one connection in the pool
    with pytest.raises(Unavailable, match="full"), made.writing(SYSTEM, NOW) as tx:
        opened(tx, added(1, raw=os.urandom(3_000_000)))
    with made.reading() as tx:
        assert tx.count_all() == 0


def in_a_process(path, setup: str) -> str:
    """What a writer says in a process of its own, after `setup`."""
    code = f"""
        import os, resource, signal, sys
        sys.path[:0] = {[p for p in sys.path if p]!r}
        from store.conftest import NOW, added, opened
        from ticketctl.errors import Refusal
        from ticketctl.store import Store
        from ticketctl.ticket import SYSTEM
        {setup}
        try:
            with Store({url(path)!r}).writing(SYSTEM, NOW) as tx:
                opened(tx, added(1, raw=os.urandom(3_000_000)))
        except Refusal as refusal:
            print(refusal.status, refusal.message)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_file_size_limit_is_69(tmp_path):
    path = tmp_path / "desk.db"
    make_store(path).close()
    size = "(1_000_000, resource.RLIM_INFINITY)"
    setup = f"signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, {size})"
    assert in_a_process(path, setup).startswith("69 ")
    with Store(url(path)).reading() as tx:
        assert tx.count_all() == 0
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.requires("root")
def test_a_read_only_file_is_69_for_those_who_write(tmp_path):
    path = tmp_path / "desk.db"
    make_store(path).close()
    path.chmod(0o444)
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_mode & 0o001 == 0:
            directory.chmod(directory.stat().st_mode | 0o011)
    said = in_a_process(path, "os.setuid(65534)")
    assert said.startswith(("69 the database is read-only", "69 the database cannot be opened"))


@pytest.mark.parametrize("wrong", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "oracle://x/y"])
def test_a_url_that_names_no_database_of_ours_is_78(wrong):
    with pytest.raises(Misconfigured):
        Store(wrong)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("postgresql://u@h/d", "pip install 'ticketctl[postgresql]'"),
        ("mariadb://u@h/d", "pip install 'ticketctl[mariadb]'"),
        ("mysql+nonsense://u@h/d", "pip install 'ticketctl[mariadb]'"),
    ],
)
def test_a_driver_that_is_not_here_is_78_and_says_what_to_install(monkeypatch, given, words):
    for name in ("psycopg", "pymysql"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Misconfigured) as caught:
        Store(given)
    assert words in caught.value.message


def test_the_drivers_are_those_of_the_configuration():
    assert _DRIVERS == config._DRIVERS


def test_the_timeout_of_the_url_goes_before(tmp_path):
    path = tmp_path / "desk.db"
    make_store(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(TryAgain), Store(f"{url(path)}?timeout=0.1").writing(SYSTEM, NOW):
        pass
    assert time.monotonic() - begun < 15
    holder.close()
    assert Store(f"{url(path)}?timeout=7").timeout == 7
    assert str(Store(f"{url(path)}?timeout=7").url) == url(path)
    for wrong in ("soon", "-1", "nan"):
        with pytest.raises(Misconfigured, match="timeout"):
            Store(f"{url(path)}?timeout={wrong}")


def test_a_password_is_never_said():
    from ticketctl.store import parsed

    where = parsed("postgresql://u:secret@h/d")
    assert where.drivername == "postgresql+psycopg"
    made = Store.__new__(Store)
    made.url = where
    assert "secret" not in made.place


@SQLITE
def test_opening_does_not_import_alembic_or_the_orm(store):
    code = f"""
import sys
from ticketctl.store import Store
with Store({str(store.url)!r}).reading() as tx:
    tx.policy(), tx.ticket(1), tx.history(1), tx.articles(1)
print(sorted(each for each in sys.modules if each.startswith(("alembic", "sqlalchemy.orm", "sqlalchemy.dialects.mysql",
    "ticketctl.intake", "ticketctl.query", "ticketctl.letter", "tomlkit"))))
"""
    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


def test_a_refusal_inside_goes_through_untouched(store):
    with pytest.raises(KeyError), store.writing(SYSTEM, NOW) as tx:
        raise KeyError(opened(tx).id)
    with store.reading() as tx:
        assert tx.count_all() == 0
    assert letter().raw
