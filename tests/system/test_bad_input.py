"""What is bad has its status and a message that says what and what to do; nothing is half done."""

from __future__ import annotations

import os
import pwd
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from servers import SQLITE
from system.home import Home, mail
from system.seen import desk, dump, ended

GUEST = '[agents.guest]\nname = "Guest"\n[agents.guest.queues]\nSupport = ["rw"]\n'


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, module_place: Callable[[Path], str], program: Callable[[str], list[str]]
) -> Home:
    """Tickets 1 and 2 in Support, 3 in Sales, which guest may not see; number 2's is a number of id 2's kind."""
    root = tmp_path_factory.mktemp("desk")
    made = Home(root, program, url=module_place(root / "desk.db"))
    policy = made.root / "policy.toml"
    policy.write_text(policy.read_text() + GUEST)
    made.run("policy", "apply", "-m", "a guest", str(policy))
    for number, recipient in ((1, "support"), (2, "support"), (3, "sales")):
        made.deliver(mail(number), "--recipient", f"{recipient}@example.org")
    return made


@pytest.fixture
def unchanged(home: Home) -> Iterator[None]:
    """Every table is after the test what it was before."""
    before = desk(home)
    yield
    assert desk(home) == before


def refused(home: Home, *words: str, **options) -> tuple[int, str]:
    """Status and message of what ends with nothing on stdout."""
    status, out, err = ended(home, *words, **options)
    assert out == ""
    return status, re.sub(r"\b\d{16}\b", "NUMBER", err.replace(str(home.root), "ROOT"))


def copied(home: Home, *statements: str) -> list[str]:
    """--database with a copy of the desk, in which some SQL was done."""
    path = home.root / "copy.db"
    shutil.copy(home.root / "desk.db", path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for each in statements:
            connection.execute(each)
    return ["--database", f"sqlite:///{path}"]


def written(home: Home, name: str, *changes: tuple[str, str], more: str = "") -> str:
    """A policy like the desk's own, but for some places."""
    text = (home.root / "policy.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = home.root / name
    path.write_text(text + more)
    return str(path)


# The policy

CHANGES = {
    "an unknown key": (
        [("addresses = [\"sales@", "adresses = [\"sales@")],
        "ROOT/p.toml:10: queues.Sales.adresses: unknown key; did you mean addresses?",
    ),
    "an undefined name in a template": (
        [("{{ ticket.number }}", "{{ ticket.nummer }}")],
        "ROOT/p.toml: templates.received.body: line 1: 'ticket.nummer' is undefined",
    ),
    "a reference to what is not there": (
        [('default-queue = "Support"', 'default-queue = "Suport"')],
        "ROOT/p.toml:4: desk.default-queue: ",
    ),
    "no TOML": ([('name = "Ada Admin"', "name = Ada")], "ROOT/p.toml:12:8: not TOML: "),
    "a queue gone that has open tickets": (
        [('[queues.Sales]\naddresses = ["sales@example.org"]\n', "")],
        "queue Sales has open tickets: move or close them first, or keep the queue",
    ),
    "no admin left": (
        [("admin = true\n", "")],
        "the policy leaves no admin with a login: nobody could change it again (--force does it anyway)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_policy_that_is_wrong_is_65_and_told_with_its_place(home, unchanged, what):
    changes, message = CHANGES[what]
    status, err = refused(home, "policy", "apply", written(home, "p.toml", *changes))
    assert (status, err[: len(message) + 11]) == (65, f"ticketctl: {message}")


def test_a_policy_without_the_callers_own_admin_right_is_65(home, unchanged):
    boss = '[agents.boss]\nname = "Boss"\nlogins = ["boss"]\nadmin = true\n'
    login = pwd.getpwuid(os.geteuid()).pw_name
    assert refused(home, "policy", "apply", written(home, "p.toml", ("admin = true\n", ""), more=boss)) == (
        65,
        f"ticketctl: you ({login}) would be no admin any more: --force does it anyway\n",
    )


def test_a_policy_made_from_an_older_revision_is_75(home, unchanged):
    assert refused(home, "policy", "apply", "--base", "1", written(home, "p.toml")) == (
        75,
        "ticketctl: revision 3 of the policy came between: look at `ticketctl policy diff`, then again\n",
    )


# Tickets, files, texts, words

WORDS = {
    ("show", "99"): (66, "no ticket 99"),
    ("show", "20261122999"): (66, "no ticket 20261122999"),
    ("--as", "guest", "show", "3"): (66, "no ticket 3"),
    ("--as", "guest", "show", "3/1", "--raw"): (66, "no ticket 3"),
    ("--as", "guest", "history", "3"): (66, "no ticket 3"),
    ("--as", "guest", "take", "3"): (66, "no ticket 3"),
    ("--as", "guest", "note", "3", "-m", "x"): (66, "no ticket 3"),
    ("--as", "guest", "reply", "3", "-m", "x"): (66, "no ticket 3"),
    ("show", "1/9"): (66, "no article 9 on ticket NUMBER: it has 1"),
    ("--as", "nobody", "list"): (66, "no agent 'nobody'; `ticketctl agent list` names them"),
    ("move", "1", "-Q", "Suport"): (66, "no queue 'Suport'; did you mean 'Support'?"),
    ("reply", "1", "-t", "nope", "-y"): (66, "no template 'nope'; `ticketctl template list` names them"),
    ("reply", "1", "-m", "x", "-a", "ROOT/nope"): (66, "ROOT/nope: cannot be read: No such file or directory"),
    ("note", "1", "-m", "x", "-a", "ROOT"): (66, "ROOT: cannot be read: Is a directory"),
    ("reply", "1", "-m", " "): (130, "given up: the text is empty"),
    ("note", "1", "-F", "-"): (130, "given up: the text is empty"),
    ("reply", "1"): (
        2, "no text: give -m TEXT, -F FILE (- is stdin) or -t TEMPLATE; without a terminal no editor opens"
    ),
    ("note", "1"): (2, "no text: give -m TEXT or -F FILE (- is stdin); without a terminal no editor opens"),
    ("note", "-", "-F", "-"): (2, "-F - and TICKET - would both read stdin"),
    ("reply", "-", "-F", "-"): (2, "-F - and TICKET - would both read stdin"),
    ("shwo", "1"): (2, "no verb 'shwo'; did you mean 'show'? (see `ticketctl --help`)"),
    ("list", "--format-version", "2"): (
        2, "there is no output format version 2: today's is 1 (see `ticketctl list --help`)"
    ),
    ("--database", "postgresql://desk:secret@host/desk", "list"): (
        2,
        (
            "--database: a password on the command line is seen by everybody (ps): "
            "write it in ticketctl.toml, or in TICKETCTL_DATABASE"
        ),
    ),
    ("--config", "ROOT/nope.toml", "list"): (
        78, "no configuration file 'ROOT/nope.toml': --config and TICKETCTL_CONFIG name one"
    ),
    ("--config", "ROOT/wrong.toml", "list"): (78, "ROOT/wrong.toml:2: unknown key 'editr'; did you mean 'editor'?"),
}  # fmt: skip


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_a_command_line_that_cannot_be_done_changes_nothing(home, unchanged, words):
    (home.root / "wrong.toml").write_text('send = false\neditr = "vi"\n')
    status, message = WORDS[words]
    given = [word.replace("ROOT", str(home.root)) for word in words]
    assert refused(home, *given) == (status, f"ticketctl: {message}\n")


def test_a_file_that_is_no_utf_8_is_65(home, unchanged):
    (home.root / "latin1").write_bytes(b"Gr\xfc\xdfe\n")
    assert refused(home, "reply", "1", "-F", str(home.root / "latin1"), "-y") == (
        65, "ticketctl: ROOT/latin1: not UTF-8 at byte 2\n"
    )  # fmt: skip


def test_a_bad_query_is_2_and_its_column_is_shown(home, unchanged):
    status, err = refused(home, "list", "queue:Support", "foo:bar")
    assert (status, err.splitlines()) == (
        2,
        [
            "ticketctl: column 15: no such field: 'foo'; a word with a colon is quoted: 'foo:bar'",
            "  queue:Support foo:bar",
            "                ^",
        ],
    )


def test_a_word_that_is_a_number_and_an_id_is_2(home, unchanged):
    both = copied(
        home, "UPDATE ticket SET number = '20261122' WHERE id = 1", "UPDATE ticket SET id = 20261122 WHERE id = 2"
    )
    assert refused(home, *both, "take", "20261122") == (
        2,
        (
            "ticketctl: '20261122' is ambiguous, a number and an id: id:1 (20261122) and id:20261122 (NUMBER); "
            "say id:N or number:N\n"
        ),
    )


def test_the_error_is_an_object_where_json_was_asked_for(home, unchanged):
    assert ended(home, "-o", "json", "take", "99") == (
        66,
        "[]\n",
        '{"error": "not-there", "status": 66, "message": "no ticket 99", "ticket": "99", "by": null}\n',
    )


# Databases

DATABASES = {
    "missing": (78, "no database at ROOT/copy.db: run `ticketctl init`"),
    "no desk": (78, "no desk in the database at ROOT/copy.db: run `ticketctl init`"),
    "older": (78, "the database at ROOT/copy.db is older than this program: run `ticketctl db upgrade`"),
    "newer": (78, "the database at ROOT/copy.db was made by a newer ticketctl: install that, or restore a backup"),
    "damaged": (69, "the database is damaged: see `ticketctl fsck`, or restore a backup"),
    "no database": (69, "the database file is no database: restore a backup, or name another file"),
    "a directory": (69, "the database cannot be opened: see the mode of its file and directory"),
}


def spoiled(home: Home, how: str) -> list[str]:
    """--database with a copy of the desk that is not well."""
    options = copied(home)
    path = home.root / "copy.db"
    match how:
        case "newer":
            copied(home, "UPDATE alembic_version SET version_num = '9999'")
        case "older":
            copied(home, "UPDATE alembic_version SET version_num = '0000'")
        case "damaged":
            with open(path, "r+b") as file:
                file.seek(8192)
                file.write(b"\xff" * (path.stat().st_size - 8192))
        case "no desk":
            path.write_bytes(b"")
        case "no database":
            path.write_text("This is a text.\n" * 100)
        case _:
            path.unlink()
            if how == "a directory":
                path.mkdir()
    return options


@SQLITE
@pytest.mark.parametrize("how", DATABASES)
def test_a_database_that_is_not_well_is_said_and_the_filter_keeps_the_mail(home, unchanged, how):
    database = spoiled(home, how)
    path = home.root / "copy.db"
    before = path.read_bytes() if path.is_file() else path.is_dir()
    status, message = DATABASES[how]
    run = {**vars(home), "program": lambda name: older(name) if how == "older" else home.program(name)}
    other = object.__new__(Home)
    vars(other).update(run)
    try:
        assert refused(other, *database, "list") == (status, f"ticketctl: {message}\n")
        assert refused(other, *database, "note", "1", "-m", "x") == (status, f"ticketctl: {message}\n")
        filtered = refused(other, *database, program="ticketctl-postmaster", stdin=mail(9))
        assert filtered == (75, f"ticketctl-postmaster: {message}\n")
        assert (path.read_bytes() if path.is_file() else path.is_dir()) == before
    finally:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def older(name: str) -> list[str]:
    """A program that knows of a revision before the first."""
    entry = "cli import main; s = main()" if name == "ticketctl" else \
        "postmaster import main; s = main(sys.argv[1:], sys.stdin.buffer)"  # fmt: skip
    known = "import sys; from ticketctl.store import schema; schema.KNOWN = ('0000', *schema.KNOWN)"
    source = Path(__file__).resolve().parents[2] / "src"
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path[0] = {str(source)!r}; {known}; from ticketctl.{entry}; sys.exit(s)",
    ]


def bound(home: Home, mode: int) -> list[str]:
    """What makes root obey the modes of files, too; nothing for everybody else."""
    (home.root / "copy.db").chmod(mode)
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []


@SQLITE
@pytest.mark.requires("setpriv")
def test_a_database_that_may_not_be_written_is_69_and_can_be_read(home, unchanged):
    database = copied(home)
    other = object.__new__(Home)
    vars(other).update({**vars(home), "program": lambda name: [*bound(home, 0o444), *home.program(name)]})
    before = dump(home.root / "copy.db")
    message = "the database is read-only: see the mode of its file and directory"
    assert ended(other, *database, "list", "-o", "ids")[0] == 0
    assert refused(other, *database, "note", "1", "-m", "x") == (69, f"ticketctl: {message}\n")
    filtered = refused(other, *database, program="ticketctl-postmaster", stdin=mail(9))
    assert filtered == (75, f"ticketctl-postmaster: {message}\n")
    assert dump(home.root / "copy.db") == before


@SQLITE
def test_a_full_disk_is_69_and_nothing_is_stored(home, unchanged):
    database = copied(home)
    before = dump(home.root / "copy.db")

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (36_000, 36_000))

    (home.root / "long").write_text("word " * 200_000)
    note = ["note", "1", "2", "-F", str(home.root / "long")]
    message = "the disk failed, or is full: nothing was stored"
    assert refused(home, *database, *note, preexec_fn=full) == (69, f"ticketctl: {message}\n")
    filtered = refused(home, *database, program="ticketctl-postmaster", stdin=mail(9) * 9000, preexec_fn=full)
    assert filtered == (75, f"ticketctl-postmaster: {message}\n")
    assert dump(home.root / "copy.db") == before


@SQLITE
def test_a_database_that_another_holds_is_75_after_some_patience(home, unchanged):
    (home.root / "mail").write_bytes(mail(9))
    with closing(sqlite3.connect(home.root / "desk.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open(home.root / "mail", "rb") as letter:
            running = [
                home.start("ticketctl", "note", "1", "-m", "x"),
                home.start("ticketctl-postmaster", stdin=letter),
            ]
        assert len(home.json("list")) == 3
        ends = [(*each.communicate(timeout=55), each.returncode) for each in running]
    assert ends == [
        (b"", b"ticketctl: the database is busy: try again\n", 75),
        (b"", b"ticketctl-postmaster: the database is busy: try again\n", 75),
    ]


# What a process is given

FULL = "stdout: No space left on device\n"


@pytest.mark.parametrize(
    "words", [("list",), ("show", "1"), ("show", "1/1", "--raw"), ("list", "--help")], ids=" ".join
)
def test_a_full_stdout_is_69(home, unchanged, words):
    with open("/dev/full", "wb") as full:
        assert ended(home, *words, stdout=full) == (69, "", f"ticketctl: {FULL}")


def test_a_full_stderr_changes_no_status(home, unchanged):
    with open("/dev/full", "wb") as full:
        assert ended(home, "take", "99", stderr=full) == (66, "", "")
        assert ended(home, "shwo", stderr=full) == (2, "", "")


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_like_dev_null(home, unchanged, closed):
    def shell(command: str) -> tuple[int, str, str]:
        line = " ".join([*home.program("ticketctl"), command, closed])
        done = subprocess.run(["sh", "-c", line], env=home.environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    ids = "".join(f"{ticket['number']}\n" for ticket in home.json("list"))
    assert shell("list -o ids") == (0, "" if ">&-" in closed.replace("2>&-", "") else ids, "")
    assert shell("take 99") == (66, "", "" if "2>&-" in closed else "ticketctl: no ticket 99\n")


def test_a_reader_that_goes_away_changes_nothing(home, unchanged):
    line = " ".join([*home.program("ticketctl"), "show 1 -o json; echo $? >&2"])
    done = subprocess.run(
        ["sh", "-c", f"({line}) | head -c 1"], env=home.environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("{", "0\n")


def test_without_home_language_or_directory_the_desk_is_the_same(home, unchanged, tmp_path):
    bare = {name: value for name, value in home.environment.items() if name.startswith(("TICKETCTL", "PATH"))}
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [*home.program("ticketctl"), "list", "-o", "ids"]
    line = f"cd {gone} && rmdir {gone} && exec {' '.join(command)}"
    done = subprocess.run(["sh", "-c", line], env={**bare, "LC_ALL": "C"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, home.run("list", "-o", "ids"), "")


def test_without_home_or_a_configuration_it_is_told_what_to_set(home, unchanged, tmp_path):
    bare = {"PATH": home.environment["PATH"]}
    done = subprocess.run(
        [*home.program("ticketctl"), "list"], env=bare, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert re.search(r"no database.*(ticketctl init|TICKETCTL_DATABASE)", done.stderr)
