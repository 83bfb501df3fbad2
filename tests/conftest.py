"""What every test stands on: a scrubbed environment, and skips that somebody sees.

A test says what it needs of the machine by `@pytest.mark.requires("postfix", "root")`. Where that is missing the test
is skipped with its reason; with CI=true the absence is a failure, except for what TOLERATED names.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import servers

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("TICKETCTL_CORPUS") or REPOSITORY.parent / "shared" / "mail")
IN_CI = os.environ.get("CI") == "true"

# What may be missing in CI, and why that hides nothing of ours.
TOLERATED = {
    "corpus": "a collection of other projects' mail that is no part of this repository",
}

PUBLIC, SERVERS = "TICKETCTL_TEST_PUBLIC", "TICKETCTL_TEST_SERVERS"
KEPT = re.compile(r"PATH|CI|(?i:\w+_proxy)|(PYTEST|PIP|SSL|TORTURE)_\w+|TICKETCTL_TEST_\w+")


def _has_system_python() -> bool:
    """Whether /usr/bin/python3 is one that ticketctl runs on and that can make a virtual environment."""
    probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run(["/usr/bin/python3", "-c", probe], capture_output=True, check=False).returncode == 0


def _mounts() -> bool:
    """Whether a file system can be mounted here, tried where nobody else sees it."""
    trial = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(shutil.which("unshare")) and subprocess.run(trial, capture_output=True, check=False).returncode == 0


# Needs that are no program on PATH.
POWERS: dict[str, Callable[[], bool]] = {
    "root": lambda: os.geteuid() == 0,
    "corpus": lambda: (CORPUS / "machine.txt").is_file(),
    "system-python": lambda: os.access("/usr/bin/python3", os.X_OK) and _has_system_python(),
    "postgresql": lambda: servers.is_here("postgresql"),
    "mariadb": lambda: servers.is_here("mariadb"),
    "tmpfs": _mounts,
    "galera": lambda: Path("/usr/lib/galera/libgalera_smm.so").is_file(),
    "libfaketime": lambda: any(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")),
}


def absent(name: str) -> bool:
    """Whether this machine lacks what `name` stands for: a power of the table, else a program on PATH or in sbin."""
    if power := POWERS.get(name):
        return not power()
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None


def pytest_configure(config: pytest.Config) -> None:
    """One directory that every user may enter: mail servers run filters as nobody, and tmp_path is 0700."""
    if not hasattr(config, "workerinput"):
        os.environ[PUBLIC] = tempfile.mkdtemp(prefix="ticketctl-test-", dir="/tmp")
        os.chmod(os.environ[PUBLIC], 0o755)
        Path(os.environ[PUBLIC], "began").touch()
        os.environ[SERVERS] = servers.folder(Path(os.environ[PUBLIC]))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if not hasattr(config, "workerinput"):
        servers.stop_all(Path(os.environ[SERVERS]))
        shutil.rmtree(os.environ.pop(SERVERS), ignore_errors=True)
        shutil.rmtree(os.environ.pop(PUBLIC), ignore_errors=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip visibly, or fail in CI, what the machine cannot run."""
    needs = [name for mark in item.iter_markers("requires") for name in mark.args]
    kind = item.callspec.params.get("database", "sqlite") if hasattr(item, "callspec") else "sqlite"
    for name in [*needs, *([kind] if kind in servers.KINDS else [])]:
        if absent(name):
            if not IN_CI:
                pytest.skip(f"needs {name}")
            if name in TOLERATED:
                pytest.skip(f"needs {name}: {TOLERATED[name]}")
            pytest.fail(f"needs {name}, and in CI everything has to run", pytrace=False)


def scrub(home: Path) -> None:
    """The environment of this process without whoever runs it; what it is told in TORTURE_* is kept."""
    for name in [name for name in os.environ if not KEPT.fullmatch(name)]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
    }
    time.tzset()


@pytest.fixture(scope="session", autouse=True)
def scrubbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An environment that knows nothing of who runs the tests: own HOME and XDG directories, UTC, UTF-8."""
    before = dict(os.environ)
    scrub(tmp_path_factory.mktemp("home"))
    yield
    os.environ.clear()
    os.environ |= before


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the tree that is tested."""
    return REPOSITORY


@pytest.fixture(scope="session")
def public() -> Path:
    """A directory that every user may enter; it goes when the tests end."""
    return Path(os.environ[PUBLIC])


@pytest.fixture(scope="module", params=servers.DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database: a test that uses this, or `place`, runs once for each."""
    return str(request.param)


@pytest.fixture
def place(database: str) -> Iterator[Callable[[Path], str]]:
    """Gives the URL of a new desk's place: for SQLite the file that is asked for, else an empty database of its own."""
    with servers.places(database, Path(os.environ[SERVERS])) as give:
        yield give


@pytest.fixture(scope="module")
def module_place(database: str) -> Iterator[Callable[[Path], str]]:
    """The same, for a desk that all tests of a module share."""
    with servers.places(database, Path(os.environ[SERVERS])) as give:
        yield give


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real mail of other projects: `@pytest.mark.requires("corpus")`."""
    return CORPUS


@pytest.fixture(scope="session")
def program() -> Callable[[str], list[str]]:
    """The start of a command line that runs a program of bin/ as it stands in the tree."""
    return lambda name: [sys.executable, str(REPOSITORY / "bin" / name)]
