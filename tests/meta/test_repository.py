"""What lies in the tree: the files that belong there, of a size that a person reads, with names that nobody owns."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP = {"src", "bin", "contrib", "tests", "man", "setup.cfg", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE",
       "Makefile", "constraints.txt", ".ci", ".gitignore"}  # fmt: skip

LONGEST_FILE = 500
LONGEST_FUNCTION = 100

# Domains that belong to nobody (RFC 2606, RFC 6761), and hosts that a text may send its reader to.
NOBODYS = r"(?:[\w-]+\.)*(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|localdomain)"
READ = {"keepachangelog.com", "mariadb.com", "semver.org", "www.postgresql.org", "www.sqlite.org"}
URL = re.compile(r"\b(?:https?|ftp)://(?:[^/\s@]*@)?([\w.-]+\.[a-z]{2,})", re.IGNORECASE)
TOPS = "com|org|net|edu|gov|info|io|dev|eu|de|fr|uk|nl|it|es|ch|at|us"
MAILBOX = re.compile(rf"(?<!/)\b[\w.+-]+@((?:[\w-]+\.)+(?:{TOPS}))\b", re.IGNORECASE)


def tracked() -> list[Path]:
    """The files that git has, or will have; without git, all that are there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        return [path for name in TOP for path in [ROOT / name, *(ROOT / name).rglob("*")] if path.is_file()]
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, int, str]]:
    """Every line of every text but the license (others' words) and this file (names of both kinds)."""
    for path in tracked():
        if path.name == "LICENSE" or path == Path(__file__).resolve():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            yield str(path.relative_to(ROOT)), number, line


LINES = list(texts())
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_the_top_level_holds_what_is_allowed_and_all_of_the_rest_lies_below() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP


def test_names_in_the_tree_belong_to_nobody() -> None:
    strange = [
        f"{name}:{number}: {host}"
        for name, number, line in LINES
        for host in (*URL.findall(line), *MAILBOX.findall(line))
        if not re.fullmatch(NOBODYS, host, re.IGNORECASE) and host not in READ
    ]
    assert strange == []


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("see https://tickets.example.org/x", []),
        ("see https://user@desk.not-reserved.com/x", ["desk.not-reserved.com"]),
        ("joe@example.org, joe@shop.test", []),
        ("joe@not-reserved.co.uk", ["not-reserved.co.uk"]),
    ],
)
def test_a_name_that_somebody_owns_is_seen(line: str, seen: list[str]) -> None:
    hosts = [*URL.findall(line), *MAILBOX.findall(line)]
    assert [host for host in hosts if not re.fullmatch(NOBODYS, host, re.IGNORECASE)] == seen


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_module_is_one_that_a_person_reads(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    if path.parent.name == "versions":
        return  # a migration is one long list of tables, written once
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in SOURCES if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_no_module_is_called_what_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "common", "manager", "service", "base", "repository", "misc"}
    assert [path for path in SOURCES if {path.stem, path.parent.name} & empty] == []
