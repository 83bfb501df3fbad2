"""What the fault suite (tests/torture) has found, each as a test of its own."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.requires("strace")
@pytest.mark.parametrize("fault", ["signal=KILL", "error=ENOSPC"])
def test_a_configuration_file_is_whole_or_not_there(tmp_path: Path, program: Callable[[str], list[str]], fault):
    file = tmp_path / "etc" / "ticketctl.toml"
    environment = os.environ | {
        "TICKETCTL_CONFIG": str(file),
        "TICKETCTL_DATABASE": f"sqlite:///{tmp_path}/desk.db",
    }
    init = [*program("ticketctl"), "init", "--domain", "example.org"]
    broken = ["strace", "-qqq", "-o", "/dev/null", "-e", "trace=write", "-e", f"inject=write:{fault}:when=1+", *init]
    first = subprocess.run(broken, env=environment, capture_output=True, check=False)
    assert first.returncode in (-9, 69)
    assert not file.exists()
    subprocess.run(init, env=environment, capture_output=True, check=True)
    assert f'\ndatabase = "sqlite:///{tmp_path}/desk.db"\n' in file.read_text()


def test_with_umask_000_nothing_of_ours_is_written_by_others(tmp_path: Path, program: Callable[[str], list[str]]):
    environment = os.environ | {
        "TICKETCTL_CONFIG": str(tmp_path / "new" / "etc" / "ticketctl.toml"),
        "TICKETCTL_DATABASE": f"sqlite:///{tmp_path}/some/where/desk.db",
    }
    backup = tmp_path / "other" / "place" / "backup.db"
    for words in (("init", "--domain", "example.org"), ("db", "backup", str(backup))):
        command = [*program("ticketctl"), *words]
        subprocess.run(command, env=environment, capture_output=True, umask=0, check=True)
    made = [path for path in tmp_path.rglob("*") if path.lstat().st_mode & stat.S_IWOTH]
    assert (backup.exists(), made) == (True, [])
