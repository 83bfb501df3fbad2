"""What a test looks at: every row of a desk's database, and what a program shows on a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from servers import rows
from system.home import Home


def dump(database: Path) -> list[str]:
    """All tables of a file, as SQL."""
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def desk(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """All that a desk knows."""
    return rows(home.url)


def ended(home: Home, *words: str, program: str = "ticketctl", stdin: bytes = b"", **options) -> tuple[int, str, str]:
    """Status, stdout and stderr of a program that is given no terminal."""
    running = home.start(program, *words, **options)
    out, err = running.communicate(stdin, timeout=90)
    return running.returncode, (out or b"").decode(), (err or b"").decode()


class Typist:
    """Answers questions on a terminal: each key of `answers` is typed when its question has been shown, in order."""

    def __init__(self, *answers: tuple[str, str]) -> None:
        self.answers = list(answers)

    def keys(self, shown: str) -> tuple[str, str]:
        """What to type now, and what of the screen is still to be looked at."""
        if self.answers and self.answers[0][0] in shown:
            question, keys = self.answers.pop(0)
            return keys, shown.partition(question)[2]
        return "", shown


def typed(home: Home, *words: str, answers: tuple[tuple[str, str], ...] = (), **environment: str) -> tuple[int, str]:
    """A command on a terminal: its status, and all that the terminal showed."""
    ours, theirs = pty.openpty()
    env = {**home.environment, "TERM": "xterm", "COLUMNS": "120", "TICKETCTL_PAGER": "cat", **environment}
    command = [*home.program("ticketctl"), *words]
    running = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True, cwd=home.root
    )
    os.close(theirs)
    typist, shown, fresh, until = Typist(*answers), b"", "", time.monotonic() + 60
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    data = os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
                shown, fresh = shown + data, fresh + data.decode("utf-8", "replace")
            keys, fresh = typist.keys(fresh)
            os.write(ours, keys.encode())
        status = running.wait(timeout=10)
    finally:
        os.close(ours)
        running.kill()
        running.wait()
    assert typist.answers == [], shown.decode()
    return status, shown.decode().replace("\r\n", "\n")
