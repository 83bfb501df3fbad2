"""Which queue, which ticket, which changes, and why: decided from values alone (mail-rules sections 3 and 4)."""

from ticketctl.intake.decide import NO_RULES, as_article, decide, opening
from ticketctl.intake.evidence import asks
from ticketctl.intake.ours import ours
from ticketctl.intake.route import Route, route
from ticketctl.intake.trail import bounded
from ticketctl.intake.value import (
    Asks,
    AutoAnswer,
    Candidate,
    Counts,
    Decision,
    Envelope,
    Known,
    Mailed,
    Opening,
    Twin,
    message_id_key,
)
from ticketctl.intake.wishes import Ruled, asked, granted

__all__ = [
    "NO_RULES",
    "Asks",
    "AutoAnswer",
    "Candidate",
    "Counts",
    "Decision",
    "Envelope",
    "Known",
    "Mailed",
    "Opening",
    "Route",
    "Ruled",
    "Twin",
    "as_article",
    "asked",
    "asks",
    "bounded",
    "decide",
    "granted",
    "message_id_key",
    "opening",
    "ours",
    "route",
]
