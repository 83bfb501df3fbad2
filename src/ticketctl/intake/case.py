"""All that a decision about one letter is made from."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ticketctl.intake.control import Control
from ticketctl.intake.route import Route
from ticketctl.intake.value import Envelope, Known
from ticketctl.intake.wishes import Ruled
from ticketctl.letter.value import Judgement, Letter
from ticketctl.policy import Policy
from ticketctl.ticket import Kind, normal


class Case(Struct, frozen=True, kw_only=True):
    letter: Letter
    envelope: Envelope
    route: Route
    judged: Judgement
    known: Known
    policy: Policy
    now: datetime
    asked: Control = Control()  # for a new ticket: rules over headers
    ruled: Ruled = Ruled()

    @property
    def personal(self) -> bool:
        return self.judged.kind is Kind.PERSONAL

    @property
    def sender(self) -> str | None:
        """The author's address, normalised; None where nobody can be named."""
        return normal(self.letter.author.address) if self.letter.author.address else None
