"""What a bounce says of the mail that it gives back (mail-rules section 3 and the fine print of section 4)."""

from __future__ import annotations

from ticketctl.change.value import Delivered, DeliveryDelayed, DeliveryFailed
from ticketctl.intake.case import Case
from ticketctl.intake.evidence import gather
from ticketctl.intake.value import Candidate, Mailed
from ticketctl.letter.value import Letter, Report
from ticketctl.ticket import normal

Outcome = DeliveryFailed | DeliveryDelayed | Delivered
_WHY = 200  # characters of the diagnostic
_ARRIVED = ("delivered", "relayed", "expanded")  # RFC 3464 section 2.3.3


def came_back(case: Case, candidate: Candidate) -> Mailed | None:
    """The mail of ours that a bounce gives back: by the envelope recipient, by what it returns, by In-Reply-To."""
    found = [evidence.mailed for evidence in gather(case) if evidence.mailed and evidence.where != "References"]
    return next((mail for mail in found if mail.ticket == candidate.ticket.id), None)


def outcomes_of(letter: Letter, mailed: Mailed) -> tuple[Outcome, ...]:
    """What became of our mail, a change for each of its addresses that the reports name.

    A recipient whom we did not write to (the mail was forwarded) is ours where there was only one. Of several reports
    on one address a failure wins, then a delay.
    """
    found: dict[str, Outcome] = {}
    for report in letter.reports:
        recipient = _recipient(report, mailed)
        if recipient is None:
            continue
        outcome = _outcome(report, mailed.n, recipient)
        if recipient not in found or _weight(outcome) > _weight(found[recipient]):
            found[recipient] = outcome
    return tuple(found.values())


def _recipient(report: Report, mailed: Mailed) -> str | None:
    """The address of our mail that the report is about."""
    named = (normal(address) for address in report.addresses)
    known = next((address for address in named if address in mailed.recipients), None)
    return known or (mailed.recipients[0] if len(mailed.recipients) == 1 else None)


def _outcome(report: Report, n: int, recipient: str) -> Outcome:
    """A delay is no failure; without an action the class of the code decides (RFC 3463 section 2)."""
    action = report.action or {"2": "delivered", "4": "delayed"}.get((report.status or "")[:1], "failed")
    if action in _ARRIVED:
        return Delivered(n=n, recipient=recipient)
    if action == "delayed":
        return DeliveryDelayed(n=n, recipient=recipient, code=report.status, why=report.diagnostic[:_WHY])
    return DeliveryFailed(
        n=n, recipient=recipient, code=report.status, permanent=report.permanent, why=report.diagnostic[:_WHY]
    )


def _weight(outcome: Outcome) -> int:
    return 2 if isinstance(outcome, DeliveryFailed) else 1 if isinstance(outcome, DeliveryDelayed) else 0
