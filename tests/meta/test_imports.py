"""What a program imports before it works is most of its time: what must not be there, is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIL = b"From: emma@example.net\nTo: raw@example.org\nSubject: Help\nMessage-ID: <1@example.net>\n\nIt burns.\n"
POLICY = """
[desk]
name = "Example Help Desk"
domain = "example.org"
[queues.Raw]
addresses = ["raw@example.org"]
[agents.anna]
logins = ["anna"]
admin = true
"""

MARK = "modules: "

# Slow to import, and of no use to one who only asks for help.
HELP = ("sqlalchemy", "alembic", "jinja2", "email", "msgspec", "tomlkit", "tomllib", "rich", "inscriptis", "lxml",
        "smtplib", "socket", "asyncio", "logging", "argparse", "sqlite3", "daemon")  # fmt: skip
# Of no use to a filter that has a SQLite desk.
FILTER = ("click", "alembic", "jinja2", "email", "smtplib", "tomlkit", "rich", "daemon", "psycopg", "pymysql",
          "ticketctl.cli", "ticketctl.desk", "ticketctl.render", "ticketctl.post", "ticketctl.flush")  # fmt: skip


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
    drawn = imported("import sqlalchemy.dialects.sqlite.pysqlite")
    assert found(modules - drawn, (*FILTER, "asyncio", "logging", "sqlalchemy.orm", "sqlalchemy.ext")) == set()


def test_the_filter_reads_its_command_line_without_anything_slow(bare: set[str]) -> None:
    modules = imported(f"{path()}\nimport io\nfrom ticketctl.postmaster import main\nmain(['--help'], io.BytesIO())")
    assert found(modules - bare, ("sqlalchemy", "sqlite3", *FILTER)) == set()


def test_a_module_that_is_not_wanted_would_be_seen() -> None:
    assert found(imported("import email.message"), ("email",)) >= {"email", "email.message"}


def desk(file: Path) -> None:
    """A desk of one queue, as `init` would make it."""
    from datetime import UTC, datetime

    from ticketctl.store import Store
    from ticketctl.ticket import SYSTEM

    store = Store.create(f"sqlite:///{file}")
    with store.writing(SYSTEM, datetime(2026, 11, 22, tzinfo=UTC)) as tx:
        tx.apply(POLICY, "root", "first", 0)
    store.close()
