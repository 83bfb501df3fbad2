"""What came of a scenario: counts for the one line that it gets, and what must not be."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Collection

KILLED = -9


class Tally:
    """Counts of one scenario; any thread may add to them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.statuses: Counter[int] = Counter()
        self.lost: list[str] = []
        self.twice: list[str] = []
        self.wrong: list[str] = []
        self.notes: Counter[str] = Counter()
        self._begun = time.monotonic()
        self._guard = threading.Lock()

    def ended(self, status: int, allowed: Collection[int], what: str, said: bytes = b"") -> int:
        """A program ended; a status that is not among those allowed is wrong."""
        with self._guard:
            self.statuses[status] += 1
            if status not in allowed:
                self.wrong.append(f"{what}: status {status}, {said[-300:].decode(errors='replace').strip()}")
            count = self.statuses.total()
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{self.name}: {count} runs ")
            sys.stderr.flush()
        return status

    def hold(self, true: object, what: str) -> None:
        """`what` is wrong unless it is true."""
        if not true:
            with self._guard:
                self.wrong.append(what)

    def note(self, what: str, count: int = 1) -> None:
        """Something worth a count that is neither right nor wrong."""
        with self._guard:
            self.notes[what] += count

    @property
    def bad(self) -> list[str]:
        """Everything that must not be."""
        return [*(f"lost: {each}" for each in self.lost), *(f"twice: {each}" for each in self.twice), *self.wrong]

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the line."""
        return {
            "runs": self.statuses.total(),
            "kills": self.statuses[KILLED],
            "lost": len(self.lost),
            "twice": len(self.twice),
            "wrong": len(self.wrong),
        }

    def line(self) -> str:
        """One line."""
        counts = "  ".join(f"{name} {count}" for name, count in self.counts.items())
        statuses = " ".join(f"{status}:{count}" for status, count in sorted(self.statuses.items()))
        notes = "".join(f"  {what} {count}" for what, count in sorted(self.notes.items()))
        verdict = "FAILED" if self.bad else "ok"
        return f"{self.name:34} {counts}  statuses {statuses}{notes}  {time.monotonic() - self._begun:.0f} s  {verdict}"
