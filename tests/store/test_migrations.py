"""The migrations make what `tables` says, on every database; killed anywhere, a database is the old one or the new."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from sqlalchemy import Connection, Engine, MetaData, event, insert, select, text

from servers import sql
from store.conftest import ANNA, NOW, asks, letter, make_store, received, reply
from store.killing import counted, ended, forked, killed_at, slowly
from ticketctl import cli
from ticketctl.change import Taken
from ticketctl.errors import Misconfigured
from ticketctl.query import Term
from ticketctl.store import Store, engine, indexing, migrate, parsed, schema, tables
from ticketctl.store.backup import upgrade
from ticketctl.store.fsck import fsck

OLDEST = schema.KNOWN[0]
INIT = ("init", "--domain", "example.org", "--queue", "Support=support@example.org")
UPGRADE = ("db", "upgrade")
Place = Callable[[Path], str]


@pytest.fixture
def where(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place for a desk, that the environment points to."""
    (tmp_path / "ticketctl.toml").write_text("")
    made = place(tmp_path / "desk.db")
    monkeypatch.setenv("TICKETCTL_CONFIG", str(tmp_path / "ticketctl.toml"))
    monkeypatch.setenv("TICKETCTL_DATABASE", made)
    return made


def older(url: str, to: str = OLDEST) -> None:
    """A desk of an older schema, without a row."""
    made = parsed(url)
    if made.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(made.database))) as file:
            file.execute("PRAGMA journal_mode=WAL")
    old = engine(made, 30.0)
    migrate.migrate(old, to=to)
    old.dispose()


def revision(url: str) -> str | None:
    """What stands in the database; None also where there is no file."""
    try:
        store = Store(url)
    except Misconfigured:
        return None
    try:
        return store.schema()
    finally:
        store.close()


def run(*words: str) -> Callable[[], int]:
    return lambda: cli.main(words)


# what a database says that it has: types, defaults, collations; keys and their order
SHAPES = {
    "postgresql": """
        SELECT table_name, column_name, data_type, character_maximum_length, datetime_precision, is_nullable,
            column_default, collation_name FROM information_schema.columns WHERE table_schema = 'public';
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public';
        SELECT CAST(CAST(conrelid AS regclass) AS text), conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE contype <> 'n'
    """,
    "mariadb": """
        SELECT table_name, column_name, column_type, is_nullable, column_default, collation_name, extra
            FROM information_schema.columns WHERE table_schema = DATABASE();
        SELECT table_name, index_name, seq_in_index, column_name, non_unique, sub_part, index_type
            FROM information_schema.statistics WHERE table_schema = DATABASE();
        SELECT table_name, engine, table_collation FROM information_schema.tables WHERE table_schema = DATABASE();
        SELECT table_name, constraint_name, referenced_table_name, delete_rule
            FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()
    """,
    "sqlite": """
        SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
            FROM sqlite_master m, pragma_table_xinfo(m.name) c;
        SELECT m.name, i.name, i."unique", c.seqno, c.name, c."desc", c.coll
            FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) c;
        SELECT m.name, f."table", f."from", f."to" FROM sqlite_master m, pragma_foreign_key_list(m.name) f;
        SELECT name, instr(sql, 'AUTOINCREMENT') > 0 FROM sqlite_master WHERE type = 'table'
    """,
}


def shape(connection: Connection, database: str) -> list[list[tuple[Any, ...]]]:
    """All that the database says of the tables of ours."""
    ours = set(tables.metadata.tables)
    asked = [connection.execute(text(each)) for each in SHAPES[database].split(";")]
    return [sorted((tuple(row) for row in found if row[0] in ours), key=repr) for found in asked]


def test_the_migrations_make_what_the_tables_say_to_the_last_type_index_and_collation(
    database: str, place: Place, tmp_path: Path
) -> None:
    migrated, created = place(tmp_path / "migrated.db"), place(tmp_path / "created.db")
    Store.create(migrated).close()
    if database == "mariadb":
        with sql(created) as connection:
            connection.execute(text("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"))
    with sql(created) as connection:
        tables.metadata.create_all(connection)
    with sql(created) as wanted, sql(migrated) as found:
        assert compare_metadata(migrate.context(found), tables.metadata) == []
        assert shape(found, database) == shape(wanted, database)
        assert all(shape(found, database)[:2])


def test_every_text_is_compared_by_its_bytes(database: str, store: Store) -> None:
    if database == "sqlite":
        return  # BINARY, unless a column says otherwise: see the shape
    with sql(str(store.url)) as connection:
        texts = shape(connection, database)[0]
        found = {f"{row[0]}.{row[1]}": row[-1] if database == "postgresql" else row[-2] for row in texts}
    collated = {name: each for name, each in found.items() if each}
    assert set(collated.values()) == {{"postgresql": "C", "mariadb": "utf8mb4_nopad_bin"}[database]}
    assert {"ticket.number", "article.body", "token.token"} <= set(collated)


def moments(many: int) -> list[int]:
    """The statements to be killed at: a few on the way, and every one at the end, where it becomes a desk."""
    if os.environ.get("TICKETCTL_TEST_EVERY"):
        return [*range(1, many + 1)]
    return [*range(1, many - 10, max(1, many // 6)), *range(max(1, many - 10), many + 1, 2)]


def test_an_init_killed_at_any_statement_leaves_no_desk_or_a_whole_one(
    where: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TICKETCTL_DATABASE", place(tmp_path / "whole.db"))
        many = counted(run(*INIT))
    seen: list[str | None] = []
    for n in moments(many):
        if killed_at(n, run(*INIT)) != -signal.SIGKILL:
            break  # what others made before it was killed need not be made again
        seen.append(revision(where))
    assert set(seen) <= {None, schema.HEAD}
    assert len(seen) > 4
    assert seen == sorted(seen, key=lambda each: each is not None)
    assert ended(forked(run(*INIT))) == 0
    store = Store(where)
    with store.reading() as tx:
        assert "Support" in tx.policy().queues
    assert fsck(store, contents=True) == []
    store.close()


@pytest.mark.parametrize("old", schema.KNOWN[:-1])
def test_an_upgrade_killed_at_any_statement_leaves_the_old_desk_or_the_new_one(
    old: str, where: str, database: str, place: Place, tmp_path: Path
) -> None:
    older(where, old)
    step = 1 if os.environ.get("TICKETCTL_TEST_EVERY") or old == schema.KNOWN[-2] else 5
    seen: list[str | None] = []
    for n in range(1, 400, step):
        if killed_at(n, run(*UPGRADE, "--no-backup")) != -signal.SIGKILL:
            break
        seen.append(revision(where))
    assert seen == sorted(seen), "what comes after the new revision is done on the new desk"
    assert set(seen) <= {old, schema.HEAD}
    assert seen.count(old) > 6
    assert revision(where) == schema.HEAD
    fresh = place(tmp_path / "fresh.db")
    Store.create(fresh).close()
    with sql(where) as found, sql(fresh) as wanted:
        assert shape(found, database) == shape(wanted, database)
        counted = [(table.name, select(table)) for table in tables.metadata.sorted_tables]
        assert {name: len(found.execute(asked).all()) for name, asked in counted} == {
            name: len(wanted.execute(asked).all()) for name, asked in counted
        }


def test_what_a_killed_upgrade_leaves_is_still_the_old_programs(where: str) -> None:
    older(where)
    for n in (8, 10, 12, 14):
        killed_at(n, run(*UPGRADE, "--no-backup"))
        assert revision(where) == OLDEST or n > 8
        with sql(where) as connection:  # what a program of that schema writes
            raw = {"sha256": f"{n:064}", "size": 0}
            connection.execute(text("INSERT INTO raw (sha256, size) VALUES (:sha256, :size)"), raw)
            connection.execute(
                text(
                    "INSERT INTO letter (key_digest, key_queue, content, received, trust, subject, queue, verdict,"
                    " kind, silence, why, raw_sha256, size) VALUES (:sha256, 'Raw', :sha256, '2026-11-22 09:30:00',"
                    " :no, 'printer', 'Raw', 'held', 'personal', '[]', '[]', :sha256, 0)"
                ),
                {**raw, "no": False},
            )
    assert ended(forked(run(*UPGRADE, "--no-backup"))) == 0
    with sql(where) as connection:
        assert connection.execute(text("SELECT count(*) FROM letter")).scalar() == 4


@pytest.mark.parametrize("words", [INIT, (*UPGRADE, "--no-backup")], ids=["init", "upgrade"])
def test_of_two_at_once_one_does_it_and_the_other_finds_it_done(words: tuple[str, ...], where: str) -> None:
    if words != INIT:
        older(where)
    both = [slowly(0.02, run(*words)) for _ in range(2)]
    assert [ended(child) for child in both] == [0, 0]
    assert revision(where) == schema.HEAD
    if words == INIT:
        store = Store(where)
        with store.reading() as tx:
            assert [each.n for each in tx.revisions()] == [1]
        store.close()


def reflected(url: str) -> MetaData:
    known = MetaData()
    with sql(url) as connection:
        known.reflect(connection)
    return known


def at_work(scratch: Path) -> Store:
    """A desk with rows of what a day brings."""
    new = make_store(scratch)
    first = received(new, letter(), asks())
    received(new, letter(raw=b"From: kim\n\nagain\n"), asks(), into=first.id)
    with new.writing(ANNA, NOW) as tx:
        tx.change(first.id, Taken(owner="anna"), reply(3))
    return new


def poured(new: Store, url: str, known: MetaData) -> None:
    """Its rows, put into an older desk by what `known` has of tables and columns."""
    with new.reading() as tx, sql(url) as connection:
        for table in tables.metadata.sorted_tables:
            there = known.tables.get(table.name)
            if there is None or table.name == "gate":
                continue
            columns = [column for column in table.columns if column.name in there.columns]
            rows = tx._connection.execute(select(*columns)).mappings().all()
            if rows:
                connection.execute(insert(table), [dict(row) for row in rows])
        if indexing.TABLES[0] in known.tables:
            indexing.fill(connection)
    new.close()


def with_rows(url: str, scratch: Path) -> None:
    """Gives an older desk the rows of one at work."""
    poured(at_work(scratch), url, reflected(url))


@pytest.mark.parametrize("old", schema.KNOWN[:-1])
def test_an_older_desk_with_its_rows_becomes_a_whole_new_one(old: str, where: str, tmp_path: Path) -> None:
    older(where, old)
    with_rows(where, tmp_path / "rows.db")
    steps = [*schema.KNOWN[schema.KNOWN.index(old) + 1 :]]
    assert upgrade(where) == steps
    store = Store(where)
    assert fsck(store, contents=True) == []
    with store.reading() as tx:
        assert [each.articles for each in tx.find(queues=None)] == [3]
    store.close()
    assert upgrade(where) == []


MEANWHILE = {  # where a program of before still gets in, its rows unseen by what has filled already
    "postgresql": "CREATE INDEX ix_article_words_words",
    "mariadb": "CREATE INDEX IF NOT EXISTS ix_ticket_live_changed_id",
}


@pytest.mark.parametrize("database", [*MEANWHILE], indirect=True)
def test_what_the_old_program_writes_while_an_upgrade_is_at_work_is_found_after_it(
    where: str, database: str, tmp_path: Path
) -> None:
    older(where, "0002")
    new, known, done = at_work(tmp_path / "rows.db"), reflected(where), list[str]()

    def meanwhile(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(MEANWHILE[database]) and not done:
            done.append(statement)
            poured(new, where, known)

    event.listen(Engine, "before_cursor_execute", meanwhile)
    try:
        assert upgrade(where) == ["0003", "0004", "0005"]
    finally:
        event.remove(Engine, "before_cursor_execute", meanwhile)
    assert len(done) == 1
    store = Store(where)
    assert fsck(store, contents=True) == []
    with store.reading() as tx:
        asked = Term(field="customer", values=("@customer.example",))
        assert [each.articles for each in tx.find(asked, queues=None)] == [3]
    store.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_sqlite_desk_is_kept_as_it_was(where: str, tmp_path: Path) -> None:
    older(where)
    with_rows(where, tmp_path / "rows.db")
    assert upgrade(where, stamp="then") == [*schema.KNOWN[1:]]
    kept = tmp_path / f"desk.db.{OLDEST}-then"
    assert revision(f"sqlite:///{kept}") == OLDEST
    assert kept.stat().st_mode & 0o777 == 0o600
    assert upgrade(where, stamp="later") == []
    assert not [*tmp_path.glob("*-later")]
    with sql(f"sqlite:///{kept}") as connection:
        assert connection.execute(text("SELECT count(*) FROM article")).scalar() == 3


def test_an_upgrade_says_each_step(where: str) -> None:
    older(where)
    said: list[str] = []
    upgrade(where, said.append)
    assert [each.partition(":")[0] for each in said] == [f"schema {each}" for each in schema.KNOWN[1:]]
