"""The guarded launcher: whatever happens inside, a mail system sees 0, 67, 75 or 77, and no word of the mail."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MAIL = b"From: a@example.net\nSubject: 5.7.1 go away\n\nsecret\n"


@pytest.fixture
def launch(checkout: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run the launcher on a program whose whole text is given."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "src" / "ticketctl").mkdir(parents=True)
    (tmp_path / "src" / "ticketctl" / "__init__.py").touch()
    launcher = shutil.copy(checkout / "bin" / "ticketctl-postmaster", tmp_path / "bin")

    def run(text: str, prefix: str = "exec", **environment: str) -> subprocess.CompletedProcess[bytes]:
        (tmp_path / "src" / "ticketctl" / "postmaster.py").write_text(text)
        command = ["/bin/sh", "-c", f'{prefix} "$@"', "sh", sys.executable, launcher]
        environment |= {"PATH": "/usr/bin:/bin"}
        return subprocess.run(command, input=MAIL, capture_output=True, env=environment, timeout=30, check=False)

    return run


def main(body: str) -> str:
    """A program with this body."""
    return f"def main(argv, mail):\n    {body}\n"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (main("return 0"), 0),
        (main("return 67"), 67),
        (main("return 75"), 75),
        (main("return 77"), 77),
        (main("raise SystemExit"), 0),
        (main("raise SystemExit(67)"), 67),
        (main("return 1"), 75),
        (main("return 2"), 75),
        (main("return 78"), 75),
        (main("return None"), 75),
        (main("return True"), 75),
        (main("raise SystemExit(2)"), 75),
        (main("raise SystemExit(mail.read().decode())"), 75),
        (main("raise ValueError(mail.read())"), 75),
        (main("raise MemoryError"), 75),
        (main("raise KeyboardInterrupt"), 75),
        (main("raise GeneratorExit"), 75),
        (main("main(argv, mail)"), 75),
        (main("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"), 75),
        (main("import os, signal; os.kill(os.getpid(), signal.SIGINT)"), 75),
        ("import no_such_module", 75),
        ("def main(", 75),
        ("x = 1", 75),
        ("raise SystemExit(1)", 75),
        ("\0", 75),
    ],
)
def test_every_end_becomes_a_status_that_mail_systems_agree_on(
    launch: Callable[..., subprocess.CompletedProcess[bytes]], text: str, status: int
) -> None:
    done = launch(text)
    assert done.returncode == status
    assert b"secret" not in done.stdout + done.stderr
    assert not done.stderr or done.stderr.startswith(b"ticketctl-postmaster: ")
    assert done.stderr.count(b"\n") <= 1


def test_the_program_gets_the_mail_and_the_arguments(launch: Callable[..., subprocess.CompletedProcess[bytes]]) -> None:
    done = launch("def main(argv, mail):\n    print(argv, mail.read())\n    return 0\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"[] {MAIL!r}\n".encode(), b"")


@pytest.mark.parametrize(
    "prefix",
    [
        "exec >&- 2>&-; exec",
        "exec <&- >&- 2>&-; exec",
        "mkdir /tmp/gone$$; cd /tmp/gone$$; rmdir ../gone$$; exec",
    ],
)
def test_closed_descriptors_and_a_directory_that_is_gone_change_nothing(
    launch: Callable[..., subprocess.CompletedProcess[bytes]], prefix: str
) -> None:
    text = main("import os; assert os.open('/dev/null', os.O_RDWR) > 2; print('x'); return 67")
    assert launch(text, prefix).returncode == 67


def test_a_reader_that_went_away_does_not_change_the_status(
    launch: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    text = main("print('x' * 1000); return 0")
    assert launch(text, "exec >/dev/full 2>&1; exec").returncode == 0
    assert launch(main("raise ValueError"), "exec >/dev/full 2>&1; exec").returncode == 75


@pytest.mark.parametrize(
    "wait",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import re; re.match('(a*)*b', 'a' * 40)",
    ],
)
def test_time_is_up_before_the_mail_system_loses_patience(
    launch: Callable[..., subprocess.CompletedProcess[bytes]], wait: str
) -> None:
    begin = time.monotonic()
    done = launch(main(wait), TICKETCTL_TIME_LIMIT="1")
    assert done.returncode == 75
    assert done.stderr == b"ticketctl-postmaster: out of time; the mail is to be tried again\n"
    assert time.monotonic() - begin < 10


def test_a_database_that_waits_in_c_does_not_outlast_the_limit(
    launch: Callable[..., subprocess.CompletedProcess[bytes]], tmp_path: Path
) -> None:
    text = (
        "import sqlite3\n"
        "def main(argv, mail):\n"
        f"    first, second = (sqlite3.connect({str(tmp_path / 'busy')!r}, timeout=20) for _ in 'ab')\n"
        "    first.execute('begin exclusive')\n"
        "    second.execute('begin exclusive')\n"
    )
    begin = time.monotonic()
    assert launch(text, TICKETCTL_TIME_LIMIT="1").returncode == 75
    assert time.monotonic() - begin < 10


def test_ended_from_outside_it_is_to_be_tried_again(checkout: Path, installed: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen([installed / "ticketctl-postmaster"], stdin=reading, stderr=subprocess.DEVNULL)
    time.sleep(1)  # it waits for the mail to end
    process.send_signal(signal.SIGTERM)
    os.close(writing)
    os.close(reading)
    assert process.wait(10) == 75
