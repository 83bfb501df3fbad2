"""Every refusal, with its exit status: the one place where a status is decided.

The statuses are those of sysexits.h where it has one, 79 (locked by another agent) and 130 (given up) beside
them. A message names the thing and the way out; it never carries text that came by mail unescaped to a shell.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A request that ends without being done: ``status`` for the shell, ``word`` for machine output."""

    status: ClassVar[int] = 1
    word: ClassVar[str] = "failed"

    def __init__(self, message: str, *, ticket: str | None = None, by: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.ticket = ticket
        self.by = by

    def as_value(self) -> dict[str, object]:
        """The error object of the machine output (contract section 6)."""
        return {
            "error": self.word,
            "status": self.status,
            "message": self.message,
            "ticket": self.ticket,
            "by": self.by,
        }


class Failed(Refusal):
    """Another failure; several items that failed for different reasons; fsck found something."""


class Usage(Refusal):
    """Wrong usage, an ambiguous word."""

    status = 2
    word = "usage"


class BadData(Refusal):
    """Bad data given (file, template, policy), or a step that the ticket's state does not allow."""

    status = 65
    word = "bad-data"


class NotThere(Refusal):
    """No such ticket, queue, agent, template, file; also what the agent may not see, in the same words."""

    status = 66
    word = "not-there"


class Unavailable(Refusal):
    """A service is away or full: database, disk, sendmail.

    `damaged`: one thing that was stored is no more what it was, and the rest is as it was: trying again is of no use.
    """

    status = 69
    word = "unavailable"

    def __init__(
        self, message: str, *, ticket: str | None = None, by: str | None = None, damaged: bool = False
    ) -> None:
        super().__init__(message, ticket=ticket, by=by)
        self.damaged = damaged


class TryAgain(Refusal):
    """Busy, a lost race, or another revision came between.

    `race`: another writer came between our reading and our writing (the store's word), and the same may be done again.
    """

    status = 75
    word = "try-again"

    def __init__(self, message: str, *, ticket: str | None = None, by: str | None = None, race: bool = False) -> None:
        super().__init__(message, ticket=ticket, by=by)
        self.race = race


class NotAllowed(Refusal):
    """The agent's rights do not reach that far; of the filter, a rule that says so."""

    status = 77
    word = "not-allowed"


class Misconfigured(Refusal):
    """Configuration wrong, database missing, or of another schema version."""

    status = 78
    word = "misconfigured"


class Locked(Refusal):
    """Locked by another agent, who is named."""

    status = 79
    word = "locked"


class GivenUp(Refusal):
    """Interrupted or given up: an empty text, an editor that failed, a `no` at the question."""

    status = 130
    word = "given-up"


def worst(refusals: list[Refusal]) -> int:
    """The exit status of several items: their failures' own where they agree, else 1; 0 without failures."""
    statuses = {refusal.status for refusal in refusals}
    return 0 if not statuses else statuses.pop() if len(statuses) == 1 else 1
