"""How much of each scenario: a short form for every `make test`, a long one for `make torture`.

Each figure can be set in the environment: KILLS=100 is TORTURE_KILLS=100.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec import Struct


class Size(Struct, frozen=True):
    """One figure: what it counts, and how many in each form."""

    what: str
    short: int
    long: int


SIZES: Mapping[str, Size] = {
    "JOBS": Size("worker threads, each with programs of its own", 1, 2),
    "KILLS": Size("SIGKILLs of the filter at random moments", 16, 2000),
    "VERB_KILLS": Size("SIGKILLs of verbs at random moments", 12, 1000),
    "STEP": Size("of the walk over system calls: each N-th one is made to fail", 29, 1),
    "WALKED": Size("programs whose system calls are walked over, of the table in calls.py", 1, 99),
    "LIMITS": Size("steps between the tightest limit of memory, descriptors, file size, and none", 3, 40),
    "LOCKED": Size("seconds that another process holds the database", 1, 120),
    "CLOCKS": Size("clocks of the table in clock.py", 2, 5),
    "HOSTS": Size("mails that two hosts deliver at the same moment", 5, 500),
    "BURST": Size("mails of the burst", 60, 10000),
    "BURST_FILTER": Size("of them through the filter program itself", 4, 200),
    "AGENTS": Size("agents who work beside the burst", 2, 8),
    "BETWEEN": Size("of the steps of an automatic answer: a kill before each N-th one", 9, 1),
    "OWED": Size("mails that are owed when two flush at once", 8, 50),
    "HANG": Size("seconds after which a sendmail that hangs is ended", 1, 120),
    "BROKEN": Size("of the mails that are broken: each N-th one", 100, 1),
    "FLOOD": Size("MB that a sendmail writes to stderr", 10, 100),
}


class Sizes:
    """The figures of one form, the environment's words first."""

    def __init__(self, *, long: bool, environ: Mapping[str, str]) -> None:
        self.long = long
        self._values = {
            name: int(environ.get(f"TORTURE_{name}") or (size.long if long else size.short))
            for name, size in SIZES.items()
        }

    def __getitem__(self, name: str) -> int:
        return self._values[name]


def forms() -> tuple[Sizes, Sizes]:
    """The short form and the long one, as this process is told."""
    return Sizes(long=False, environ=os.environ), Sizes(long=True, environ=os.environ)
