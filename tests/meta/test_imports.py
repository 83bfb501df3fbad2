"""What a program imports before it works is most of its time: what must not be there, is not."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

MAIL = b"From: emma@example.net\nTo: raw@example.org\nSubject: Help\nMessage-ID: <1@example.net>\n\nIt burns.\n"
POLICY = """
[desk]
name = "Example Help Desk"
domain = "example.org"
[queues.Raw]
addresses = ["raw@example.org"]
[agents.anna]
logins = ["LOGIN"]
admin = true
[agents.anna.queues]
Raw = ["rw"]
[templates.vpn]
kind = "answer"
body = "It is mended."
"""

MARK = "modules: "

# Slow to import, and of no use to one who only asks for help.
HELP = ("sqlalchemy", "alembic", "jinja2", "email", "msgspec", "tomlkit", "tomllib", "rich", "inscriptis", "lxml",
        "smtplib", "socket", "asyncio", "logging", "argparse", "sqlite3", "daemon")  # fmt: skip
# Of no use to a filter that has a SQLite desk.
FILTER = ("click", "alembic", "jinja2", "email", "smtplib", "tomlkit", "rich", "daemon", "psycopg", "pymysql",
          "ticketctl.cli", "ticketctl.desk", "ticketctl.render", "ticketctl.post", "ticketctl.flush")  # fmt: skip


@cache
def drawn(imports: str) -> frozenset[str]:
    """What a fresh interpreter has after it imported these."""
    return frozenset(imported(f"import {imports}"))


def imported(code: str, **environment: str) -> set[str]:
    """The modules that a fresh interpreter has after it ran some code; what it prints is thrown away."""
    told = f"import sys as _sys\n_sys.stderr.write('\\n{MARK}' + ' '.join(_sys.modules))"
    # -I: nothing of the environment, no user site; -S would hide the venv
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}\n{told}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition(MARK)[2].split())


def path() -> str:
    """The line that makes the tree importable."""
    import ticketctl

    return f"import sys; sys.path.insert(0, {str(Path(ticketctl.__file__).parents[1])!r})"


def found(modules: set[str], unwanted: tuple[str, ...]) -> set[str]:
    return {name for name in modules for bad in unwanted if name == bad or name.startswith(f"{bad}.")}


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """What a bare interpreter and click have already: a venv's own .pth files count for nobody."""
    return imported(path() + "\nimport click")


def cli(*words: str) -> str:
    return f"{path()}\nfrom ticketctl.cli import main\nstatus = main({list(words)!r})\nassert status == 0, status"


@pytest.mark.parametrize(
    "line", ["--version", "--help", "list --help", "reply --help", "mail --help", "mail list --help", "completion bash"]
)
def test_who_asks_for_help_waits_for_click_alone(line: str, bare: set[str]) -> None:
    modules = imported(cli(*line.split()))
    assert "ticketctl.cli" in modules
    assert found(modules - bare, HELP) == set()


@pytest.mark.parametrize("line", ["ticketctl ", "ticketctl li", "ticketctl list --so", "ticketctl list --sort "])
def test_completion_waits_for_click_alone(line: str, bare: set[str]) -> None:
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    modules = imported(cli(), _TICKETCTL_COMPLETE="bash_complete", **asked)
    assert "click.shell_completion" in modules
    assert found(modules - bare - {"inspect"}, HELP) == set()


def test_the_filter_takes_a_mail_without_what_it_does_not_need(tmp_path: Path) -> None:
    desk(tmp_path / "desk.db")
    code = f"""{path()}
import io
from ticketctl.postmaster import main
status = main(["--database", {str(tmp_path / "desk.db")!r}, "--recipient", "raw@example.org"], io.BytesIO({MAIL!r}))
assert status == 0, status"""
    modules = imported(code)
    assert "sqlalchemy" in modules
    # SQLAlchemy has asyncio, and with it email, logging and inspect, whether we want them or not
    needed = drawn("sqlalchemy.dialects.sqlite.pysqlite")
    assert found(modules - needed, (*FILTER, "asyncio", "logging", "sqlalchemy.orm", "sqlalchemy.ext")) == set()


def test_the_filter_reads_its_command_line_without_anything_slow(bare: set[str]) -> None:
    modules = imported(f"{path()}\nimport io\nfrom ticketctl.postmaster import main\nmain(['--help'], io.BytesIO())")
    assert found(modules - bare, ("sqlalchemy", "sqlite3", *FILTER)) == set()


class Program(NamedTuple):
    """What a program imports, whole: packages of others, and of the standard library what those do not draw in.

    `words` that begin with a verb are ticketctl's, all others the filter's; `{desk}` is a directory.
    """

    words: str
    packages: str
    library: str = ""
    status: int = 0


ALCHEMY = "msgspec, sqlalchemy, sqlalchemy.dialects.sqlite.pysqlite"
# What the store needs: sqlite3 for its errors' names, secrets for marks, tomllib for files and policies.
STORE = "hmac secrets sqlite3 tomllib"
LISTS = f"click, {ALCHEMY}, sqlalchemy.ext.compiler"  # ids that are found first are said otherwise on each database
FILTERING = f"{STORE} getopt gettext resource unicodedata"
VERB = f"{STORE} pwd"
PROGRAMS = {
    # click has shutil for the width, signal ends gently
    "help": Program("--help", "click", "bz2 fnmatch locale lzma shutil signal textwrap zlib"),
    "completion": Program("completion bash", "click, click.shell_completion", "locale signal"),
    "the filter, SQLite": Program("", ALCHEMY, f"{FILTERING} syslog zoneinfo"),
    "the filter, PostgreSQL": Program(
        # the tables name an option of SQLite's, and SQLAlchemy then asks its dialect
        " --database postgresql:///desk?host={desk}", f"{ALCHEMY}, sqlalchemy.dialects.postgresql.psycopg, psycopg",
        FILTERING, 75,
    ),
    "the filter, MariaDB": Program(
        " --database mariadb://anna@localhost/desk?unix_socket={desk}/none",
        f"{ALCHEMY}, sqlalchemy.dialects.mysql.pymysql, pymysql", FILTERING, 75,
    ),
    "list": Program("list", LISTS, f"{VERB} zoneinfo"),
    "status": Program("status", LISTS, f"{VERB} zoneinfo"),
    "show": Program("show 1", LISTS, f"{VERB} zoneinfo"),
    "take": Program("take 1", f"click, {ALCHEMY}", VERB),
    # click asks difflib about every short option, in vain
    "note": Program("note 1 -m Called.", f"click, {ALCHEMY}", f"{VERB} difflib"),
    "reply": Program(
        "reply 1 -t vpn -y", f"click, {ALCHEMY}, jinja2.meta, jinja2.sandbox, email.generator, email.policy",
        f"{VERB} difflib unicodedata zoneinfo",
    ),
    "flush": Program("flush", f"click, {ALCHEMY}", VERB),
}  # fmt: skip


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a desk with one ticket."""
    folder = tmp_path_factory.mktemp("imports")
    desk(folder / "desk.db")
    imported(ran(" ", folder))
    return folder


def ran(words: str, folder: Path, status: int = 0) -> str:
    """The code that runs a verb, or the filter, on the desk in a folder."""
    argv = words.format(desk=folder).split()
    if words[:1].strip():
        return f"{path()}\nfrom ticketctl.cli import main\nstatus = main({argv!r})\nassert status == {status}, status"
    given = ["--database", f"sqlite:///{folder}/desk.db", "--recipient", "raw@example.org", *argv]
    mail = MAIL.replace(b"<1@", f"<{len(words)}@".encode())
    return f"""{path()}
import io
from ticketctl.postmaster import main
status = main({given!r}, io.BytesIO({mail!r}))
assert status == {status}, status"""


def packages(modules: set[str] | frozenset[str], known: frozenset[str]) -> set[str]:
    """The modules by their packages: of what is known the second level, of SQLAlchemy's dialects the third."""
    named = set()
    for module in modules:
        names = module.split(".")
        depth = 3 if module.startswith("sqlalchemy.dialects.") else 2 if names[0] in known else 1
        if names[0] != "ticketctl" and not any(name.startswith("_") for name in names[:depth]):
            named.add(".".join(names[:depth]))
    return named


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_imports_what_its_row_says_and_no_more(name: str, one: Path) -> None:
    program = PROGRAMS[name]
    modules = imported(
        ran(program.words, one, program.status), TICKETCTL_CONFIG=os.devnull, TICKETCTL_SENDMAIL="/bin/true",
        TICKETCTL_DATABASE=f"sqlite:///{one}/desk.db",
    )  # fmt: skip
    known = drawn(program.packages)
    beyond = packages(modules, known) - packages(known, known)
    assert beyond - {*program.library.split()} == set()
    assert {*program.packages.split(", ")} - modules == set()  # a row that is out of date


def test_a_module_that_is_not_wanted_would_be_seen() -> None:
    assert found(imported("import email.message"), ("email",)) >= {"email", "email.message"}


def desk(file: Path) -> None:
    """A desk of one queue, as `init` would make it."""
    from datetime import UTC, datetime

    from ticketctl.store import Store
    from ticketctl.ticket import SYSTEM

    store = Store.create(f"sqlite:///{file}")
    with store.writing(SYSTEM, datetime(2026, 11, 22, tzinfo=UTC)) as tx:
        tx.apply(POLICY.replace("LOGIN", pwd.getpwuid(os.getuid()).pw_name), "root", "first", 0)
    store.close()
