"""`db copy` from the shell: what it prints, whom it lets, where a password may stand."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import servers
from cli.conftest import LOGIN, NOW, Desk
from ticketctl.desk import Caller
from ticketctl.desk import Desk as Asked
from ticketctl.desk.tending import copy
from ticketctl.errors import NotAllowed
from ticketctl.store import Store, tables

TABLES = [table.name for table in tables.metadata.sorted_tables]


@pytest.fixture
def new(desk: Desk) -> Path:
    desk.ticket()
    return desk.root / "new.db"


def test_a_copy_prints_each_table_and_says_what_is_to_be_done(desk: Desk, new: Path) -> None:
    ran = desk.run("db", "copy", str(desk.root / "desk.db"), str(new))
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert [row[0] for row in rows] == TABLES
    assert {row[0]: (row[1], row[3]) for row in rows}["ticket"] == ("1", "true")
    assert all(len(row[2]) == 64 for row in rows)
    assert (ran.status, ran.err.splitlines()) == (0, [
        f"ticketctl: copied to sqlite:///{new}: set `database` in ticketctl.toml to it",
        "ticketctl: its mail is held: see `ticketctl outbox list`, then `ticketctl outbox release --all`",
    ])  # fmt: skip
    there = ("--database", str(new))
    assert desk.done("list", *there) == desk.done("list")
    assert desk.run("fsck", *there).status == 0
    assert [each["name"] for each in desk.run("outbox", "list", "-o", "json", *there).json] == []
    assert "All mail is held (a copy:" in desk.run("outbox", "list", *there).err


def test_as_json_it_is_a_list_and_quiet_says_nothing_more(desk: Desk, new: Path) -> None:
    ran = desk.run("-q", "-o", "json", "db", "copy", desk.url, f"sqlite:///{new}")
    assert [each["name"] for each in ran.json] == TABLES
    assert {each["same"] for each in ran.json} == {True}
    assert ran.err == ""


def test_a_name_with_an_at_is_a_configuration_file(desk: Desk, new: Path) -> None:
    (desk.root / "old.toml").write_text('database = "desk.db"\n')
    (desk.root / "new.toml").write_text(f'database = "sqlite:///{new}"\n')
    desk.done("db", "copy", f"@{desk.root}/old.toml", f"@{desk.root}/new.toml")
    assert desk.done("list", "--database", str(new)) == desk.done("list")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("{old}", "postgresql://desk:secret@db.example.org/desk"), 2, "a password on the command line"),
        (("mariadb://desk@db.example.org/desk?password=secret", "{new}"), 2, "@FILE"),
        (("@{root}/none.toml", "{new}"), 78, "none.toml"),
        (("@{root}/ticketctl.toml", "{new}"), 78, "names no `database`"),
        (("{root}/none.db", "{new}"), 78, "no database at"),
        (("{old}", "{old}"), 65, "there is a database at"),
        (("{old}", "oracle://x/y"), 78, "no database of kind"),
        (("{old}", "/proc/none/desk.db"), 69, "/proc/none"),
        (("{old}",), 2, "TO"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    desk: Desk, new: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    given = [each.format(old=desk.root / "desk.db", new=new, root=desk.root) for each in words]
    ran = desk.run("db", "copy", *given)
    assert (ran.status, "secret" in ran.err) == (status, False)
    assert said in ran.err
    assert not [*desk.root.glob("new.db*")]
    assert not [*desk.root.glob("*copying*")]


def test_only_an_admin_or_the_owner_may(desk: Desk, new: Path) -> None:
    def asked(login: str) -> Asked:
        return Asked(store=Store(desk.url), caller=Caller(uid=4242, login=login), now=NOW)

    with pytest.raises(NotAllowed, match="an admin of the desk"):
        copy(asked("bert"), f"sqlite:///{new}")
    assert not new.exists()
    values, stale = copy(asked(LOGIN), f"sqlite:///{new}")
    assert (len(values), stale) == (len(TABLES), False)


def test_what_does_not_come_over_as_it_was_is_1_and_no_desk(desk: Desk, new: Path) -> None:
    with sqlite3.connect(desk.root / "desk.db") as file:
        file.execute("UPDATE ticket SET title = 'a' || char(0)")
    file.close()
    ran = desk.run("db", "copy", desk.url, str(new))
    assert ran.status == 1
    assert ran.err == f"ticketctl: not all came over as it was (ticket): sqlite:///{new} is no desk\n"
    assert [line.split("\t")[0] for line in ran.out.splitlines() if line.endswith("false")] == ["ticket"]
    assert not new.exists()


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Asked for before the desk: its clock stands still, and the server has to be waited for."""
    with servers.places(request.param, Path(os.environ["TICKETCTL_TEST_SERVERS"])) as place:
        yield place(Path())


@pytest.mark.requires("postgresql", "mariadb")
def test_the_desk_works_on_where_it_came_to(server: str, desk: Desk) -> None:
    desk.ticket()
    desk.done("db", "copy", str(desk.root / "desk.db"), server)
    made = ("--database", server)
    desk.done("take", "1", *made)
    assert (
        desk.run("new", "-Q", "Support", "--customer", "kim@shop.test", "--title", "Two", "-m", "x", *made).status == 0
    )
    assert [row.split("\t")[1] for row in desk.done("list", *made).splitlines()] == ["1", "2"]
    assert desk.run("fsck", *made).status == 0
    ran = desk.run("db", "copy", str(desk.root / "desk.db"), server)
    assert (ran.status, "there is a desk at" in ran.err) == (65, True)
