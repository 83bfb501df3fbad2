"""The programs in a world where the clock stands at a given moment and the dice fall the same: `python still.py`.

Each line of standard input is a run, as JSON: `program` (a path), `argv`, `at` (ISO 8601), `stdin`, `stdout`, `stderr`
(paths). It is a process of its own, forked, so that what it imports is there already; its status is printed. With the
same runs two databases must come to the same rows, ids and tokens too.
"""

from __future__ import annotations

import json
import os
import random
import runpy
import sys
from datetime import datetime
from typing import Any

import freezegun

IMPORTED = (
    "psycopg",
    "pymysql",
    "ticketctl.cli.list",
    "ticketctl.config",
    "ticketctl.desk.reading",
    "ticketctl.flush",
    "ticketctl.letter.reading",
    "ticketctl.page.table",
    "ticketctl.policy.reading",
    "ticketctl.receive",
    "ticketctl.render.mail",
    "ticketctl.store.find",
    "ticketctl.store.write",
)


def loaded(dice: str) -> None:
    """What every run has: `dice` of the operating system, for tokens and claims."""

    def rolled(count: int) -> bytes:
        return random.randbytes(count)

    os.urandom = rolled
    random._urandom = rolled  # type: ignore[attr-defined]  # secrets stands on it
    random.seed(dice)
    for name in IMPORTED:
        __import__(name)


def child(run: dict[str, Any], clock: Any) -> None:
    """Becomes that run; does not return."""
    for number, (name, flags) in enumerate(
        (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY | os.O_CREAT), ("stderr", os.O_WRONLY | os.O_CREAT))
    ):
        os.dup2(os.open(run[name], flags, 0o600), number)
    clock.move_to(datetime.fromisoformat(run["at"]))
    random.seed(run["at"])
    sys.argv = [run["program"], *run["argv"]]
    for name in ("stdin", "stdout", "stderr"):
        number = ("stdin", "stdout", "stderr").index(name)
        setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    runpy.run_path(run["program"], run_name="__main__")


def main() -> None:
    loaded("")
    with freezegun.freeze_time("2026-11-22T10:00:00", ignore=["psycopg", "pymysql", "sqlalchemy.pool"]) as clock:
        for line in sys.stdin:
            process = os.fork()
            if not process:
                try:
                    child(json.loads(line), clock)
                except SystemExit as end:
                    os._exit(end.code if isinstance(end.code, int) else 1)
                finally:
                    os._exit(99)
            print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
