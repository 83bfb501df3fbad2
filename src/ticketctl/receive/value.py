"""What comes in, what was thought about it, what became of it: plain values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ticketctl.intake import NO_RULES, Asks, Decision, Envelope, Known, Route, Ruled
from ticketctl.letter import Letter
from ticketctl.letter.value import Judgement

if TYPE_CHECKING:
    from ticketctl.intake.story import Outcome


class Received(Struct, frozen=True, kw_only=True):
    """What became of one letter for one recipient. `mail` is None for a refused letter: nothing of it is kept."""

    letter: Letter
    envelope: Envelope
    decision: Decision
    mail: int | None = None
    ticket: int | None = None
    number: str | None = None
    n: int | None = None

    def as_value(self, now: datetime) -> dict[str, Any]:
        """The mail object of the machine output (contract section 6)."""
        letter, decision = self.letter, self.decision
        return {
            "id": self.mail,
            "received": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "recipient": self.envelope.recipient,
            "sender": self.envelope.sender,
            "message_id": letter.message_id,
            "from": {"address": letter.author.address, "name": letter.author.name},
            "subject": letter.subject,
            "verdict": decision.verdict,
            "kind": decision.kind.value,
            "rule": decision.rule,
            "why": list(decision.why),
            "number": self.number,
            "article": None if self.ticket is None or self.n is None else f"{self.ticket}/{self.n}",
            "raw_sha256": letter.sha256,
        }

    def outcome(self, content: str) -> Outcome:
        """What the story of the letter is told from. `content`: the digest in its key (G4)."""
        from ticketctl.intake.story import Outcome

        decision = self.decision
        return Outcome(
            verdict=decision.verdict, queue=decision.queue, kind=decision.kind.value, content=content,
            rule=decision.rule, silence=decision.silence, why=decision.why, held=decision.held, number=self.number,
            status=self.status,
        )  # fmt: skip

    @property
    def status(self) -> int:
        """The filter's exit status: 77 where a rule refuses, 67 for an unknown recipient, else 0."""
        if self.decision.verdict != "refused":
            return 0
        return 67 if self.decision.refused_by is None else 77


class Incoming(Struct, frozen=True, kw_only=True):
    """A letter as read, once for all its recipients; `fault`: why it could not be read."""

    letter: Letter
    content: str  # what two deliveries of it have in common (G4)
    fault: str | None = None


class Thought(Struct, frozen=True, kw_only=True):
    """A letter with all that was found out about it."""

    letter: Letter
    envelope: Envelope  # with the sender that stands in where none was given
    route: Route
    asks: Asks
    known: Known
    judged: Judgement
    decision: Decision
    ruled: Ruled = NO_RULES
