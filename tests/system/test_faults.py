"""What the fault suite (tests/torture) has found, each as a test of its own."""

from __future__ import annotations

import os
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
