"""The programs as a user has them: installed, byte-compiled, run by an unprivileged user."""

from __future__ import annotations

import compileall
import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from system.desks import Desk
from system.mailservers import Sink

SHIPPED = ("src", "bin", "man", "contrib", "pyproject.toml", "setup.cfg", "README.md", "LICENSE")


def _install(checkout: Path, target: Path) -> None:
    """A virtual environment of /usr/bin/python3 with ticketctl and what it stands on, at the pinned versions.

    pyenv and its like put Python below /root (0700), where the users of mail servers cannot run it. The tree is copied
    first: setuptools would leave its build directory in it, and take stale modules from there.
    """
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", target], check=True)
    with tempfile.TemporaryDirectory() as copy:
        for name in SHIPPED:
            source = checkout / name
            if source.is_dir():
                shutil.copytree(source, Path(copy, name), ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            elif source.exists():
                shutil.copy(source, copy)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", target / "bin" / "python"]
        whole = f"{copy}[postgresql,mariadb]"
        install = [*pip, "install", "-q", "--no-compile", "-c", checkout / "constraints.txt", whole]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    compileall.compile_dir(target / "lib", quiet=2, workers=2)
    subprocess.run(["chmod", "-R", "a+rX", target], check=True)


@pytest.fixture(scope="session")
def installed(public: Path, checkout: Path) -> Path:
    """The bin directory of an installation that every user may run, made once for all workers."""
    target = public / "venv"
    with open(public / "venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / "ready").exists():
            _install(checkout, target)
            (target / "ready").touch()
    return target / "bin"


@pytest.fixture(scope="session")
def sink(public: Path) -> Iterator[Sink]:
    """Where mail goes that leaves the machine."""
    with Sink(Path(tempfile.mkdtemp(prefix="out", dir=public))) as running:
        running.folder.parent.chmod(0o755)
        yield running


@pytest.fixture
def desk(public: Path, installed: Path, place: Callable[[Path], str]) -> Iterator[Desk]:
    """A fresh desk."""
    made = Desk(public, installed, place)
    yield made
    shutil.rmtree(made.root)


@pytest.fixture(scope="session")
def contributed(checkout: Path) -> Callable[[str], str]:
    """A file of contrib/, without the comments."""

    def read(name: str) -> str:
        lines = (checkout / "contrib" / name).read_text().splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("#"))

    return read
