"""A desk of an older or a newer schema: every verb refuses it with the way out, and changes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import MetaData, select, text

import servers
from cli.conftest import LOGIN, POLICY, Desk, Ran
from servers import sql
from ticketctl import cli
from ticketctl.cli import VERBS
from ticketctl.cli.frame import Frame
from ticketctl.store import Store, engine, migrate, parsed, schema

OLDEST, NEWER = schema.KNOWN[0], "9999"
WAY = {OLDEST: "ticketctl db upgrade", NEWER: "newer ticketctl", schema.COPYING: "ticketctl db copy"}

# every verb as it is used; those that need no desk are in WITHOUT
COMMANDS = """\
status
list
show 1
search fire
history 1
new -Q Support --customer emma@shop.test --title Phone -m text
reply 1 -m text -y
note 1 -m text
take 1
take --next
lock 1
steal 1
unlock 1
move 1 -Q Sales
reassign 1 --to bert
priority 1 high
title 1 text
pend 1 -u tomorrow
close 1
reopen 1
accept 1 lee@shop.test
mail list
mail show 1
mail explain 1
mail retry 1
mail drop 1
mail accept 1 -Q Support
outbox list
outbox show 1
outbox retry 1
outbox drop 1
outbox hold 1
outbox release --all
flush
policy show
policy apply FILE
policy diff FILE
policy log
policy revert 1
policy get desk.name
policy set desk.name Desk
queue list
queue show Support
queue addresses
agent list
agent show anna
role list
role show all
template list
template show vpn
template render vpn 1
customer list
customer show emma@shop.test
customer set 1 lee@shop.test
whoami
init
fsck
db backup NEW
db copy FROM NEW
db reindex
doctor
"""
WITHOUT = {
    "config",
    "completion",
    "help",
    "db upgrade",
    "db restore",
    "policy check",
    "policy edit",
}  # which wants a terminal


def words(line: str, desk: Desk) -> list[str]:
    places = {"FILE": desk.root / "policy.toml", "NEW": desk.root / "new.db", "FROM": desk.root / "desk.db"}
    return [str(places.get(word, word)) for word in line.split(" ")]


def stamp(url: str, revision: str) -> None:
    """A real desk of the oldest schema, or one that says it is newer."""
    if revision == OLDEST:
        where = parsed(url)
        if where.database and where.get_backend_name() == "sqlite":
            Path(where.database).write_bytes(b"")
        made = engine(where, 30.0)
        migrate.migrate(made, to=OLDEST)
        made.dispose()
        return
    Store.create(url).close()
    with sql(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def all_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    known = MetaData()
    with sql(url) as connection:
        known.reflect(connection)
        return {name: [tuple(row) for row in connection.execute(select(table))] for name, table in known.tables.items()}


@pytest.fixture(params=[OLDEST, NEWER, schema.COPYING])
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def other(desk: Desk, revision: str) -> Desk:
    """The desk, become one of that schema."""
    desk.store.close()
    (desk.root / "policy.toml").write_text(POLICY.format(login=LOGIN, more=""))
    for file in desk.root.glob("desk.db*"):
        file.unlink()
    (desk.root / "desk.db").touch()
    stamp(desk.url, revision)
    return desk


def refuses(ran: Ran, revision: str) -> bool:
    return ran.status == 78 and WAY[revision] in ran.out + ran.err and "Traceback" not in ran.err


def test_the_commands_here_are_all_there_are() -> None:
    context = click.Context(cli.cli, info_name="ticketctl", obj=Frame([]))
    there: set[str] = set()
    for row in VERBS:
        found = cli.cli.get_command(context, row.name)
        inner = getattr(found, "commands", None)
        there |= {row.name} if inner is None else {f"{row.name} {word}" for word in inner}
    used = {line.partition(" ")[0] for line in COMMANDS.splitlines()}
    used |= {" ".join(line.split(" ")[:2]) for line in COMMANDS.splitlines()} & there
    assert {name for name in there if name not in used and name.split(" ")[0] not in WITHOUT} - WITHOUT == set()


def test_every_verb_refuses_another_schema_with_the_way_out_and_writes_nothing(other: Desk, revision: str) -> None:
    before = all_rows(other.url)
    files = sorted(path.name for path in other.root.iterdir())
    wrong = {}
    for line in COMMANDS.splitlines():
        ran = other.run(*words(line, other), "--no-input")
        if not refuses(ran, revision):
            wrong[line] = ran
    assert wrong == {}
    assert all_rows(other.url) == before
    assert sorted(path.name for path in other.root.iterdir() if not path.name.startswith("desk.db-")) == [
        name for name in files if not name.startswith("desk.db-")
    ]


def test_an_upgrade_makes_an_older_one_this_programs_and_leaves_the_others(other: Desk, revision: str) -> None:
    before = all_rows(other.url)
    ran = other.run("db", "upgrade")
    if revision != OLDEST:
        assert refuses(ran, revision)
        assert all_rows(other.url) == before
        return
    assert ran.status == 0
    kept = [path.name for path in other.root.glob("desk.db.*") if path.suffix.startswith(f".{OLDEST}-")]
    assert kept == [f"desk.db.{OLDEST}-20261122T100000Z"]
    assert [line.partition(":")[2].strip().partition(":")[0] for line in ran.err.splitlines()] == [
        "kept the desk as it was", *(f"schema {each}" for each in schema.KNOWN[1:]), "upgraded"
    ]  # fmt: skip
    again = other.run("db", "upgrade")
    assert (again.status, again.out, again.err) == (0, "", "ticketctl: the schema is this program's already\n")
    assert [path.name for path in other.root.glob("desk.db.*")] == kept
    assert "the desk has no policy yet" in other.run("list").err


def test_completion_is_silent_and_offers_nothing(other: Desk, program: Callable[[str], list[str]]) -> None:
    before = all_rows(other.url)
    asked = {"_TICKETCTL_COMPLETE": "bash_complete", "COMP_WORDS": "ticketctl list -Q ", "COMP_CWORD": "3"}
    done = subprocess.run(program("ticketctl"), env={**os.environ, **asked}, capture_output=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"", b"")
    assert all_rows(other.url) == before


def test_the_filter_says_75_and_the_way_out(other: Desk, revision: str, program: Callable[[str], list[str]]) -> None:
    before = all_rows(other.url)
    mail = b"From: emma@shop.test\nTo: support@example.org\n\nhello\n"
    for option in ((), ("--explain",)):
        done = subprocess.run([*program("ticketctl-postmaster"), *option], input=mail, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (75, b"")
        assert WAY[revision] in done.stderr.decode()
    assert all_rows(other.url) == before


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    with servers.places(request.param, Path(os.environ["TICKETCTL_TEST_SERVERS"])) as place:
        yield place(Path())


@pytest.mark.requires("postgresql", "mariadb")
def test_a_server_with_another_schema_is_refused_in_the_same_words(
    server: str, revision: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(server, revision)
    monkeypatch.setenv("TICKETCTL_DATABASE", server)
    before = all_rows(server)
    for line in ("list", "take 1", "flush", "fsck", "init", "doctor", "policy show"):
        assert refuses(desk.run(*line.split(" ")), revision), line
    assert all_rows(server) == before
    if revision == OLDEST:
        assert desk.run("db", "upgrade").status == 0
        assert "the desk has no policy yet" in desk.run("list").err
