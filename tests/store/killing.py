"""A command of ours in a process of its own that is killed at the n-th word it has with the database."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event


def forked(work: Callable[[], int]) -> int:
    """The process that does it, its output thrown away."""
    child = os.fork()
    if child:
        return child
    status = 99
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(null, stream)
        status = work()
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """Its exit status, or the signal that killed it as a negative number."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _told(heard: Callable[[], object]) -> None:
    """Has `heard` called before each statement and each commit."""
    for word in ("before_cursor_execute", "commit"):
        event.listen(Engine, word, lambda *_: heard())


def killed_at(n: int, work: Callable[[], int]) -> int:
    """Runs `work` and kills it before its n-th statement or commit; gives 0 where it had fewer and ended well."""
    return ended(struck_at(n, work))


def struck_at(n: int, work: Callable[[], int]) -> int:
    """As `killed_at`, but not waited for: gives its process."""

    def watched() -> int:
        left = [n]

        def count() -> None:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        _told(count)
        return work()

    return forked(watched)


def counted(work: Callable[[], int]) -> int:
    """How many statements and commits `work` has, done once to its end."""
    reader, writer = os.pipe()

    def watched() -> int:
        _told(lambda: os.write(writer, b"."))
        return work()

    child = forked(watched)
    os.close(writer)
    with open(reader, "rb") as said:
        many = len(said.read())
    assert ended(child) == 0
    return many


def slowly(seconds: float, work: Callable[[], int]) -> int:
    """Starts `work`, which rests before each CREATE; gives its process."""

    def rest(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "CREATE" in statement:
            time.sleep(seconds)

    def rested() -> int:
        event.listen(Engine, "before_cursor_execute", rest)
        return work()

    return forked(rested)
