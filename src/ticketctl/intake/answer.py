"""May we answer, and whom? Rows A13 to A18 of mail-rules section 3, over what `letter.judge` found."""

from __future__ import annotations

from ticketctl.intake.case import Case
from ticketctl.intake.echo import echoes
from ticketctl.intake.evidence import answer_to, answers_a_machine, went_round
from ticketctl.intake.language import language
from ticketctl.intake.value import AutoAnswer, Candidate, Counts
from ticketctl.policy.value import AutoLimits
from ticketctl.ticket import StateType

OF_CLOSED = ("auto-reject", "auto-new-ticket")


def answer(
    name: str, case: Case, queue: str, candidate: Candidate | None = None
) -> tuple[AutoAnswer | None, tuple[str, ...]]:
    """The answer of that name in that queue, or None; and every row that forbids one.

    `candidate` is the ticket that the letter continues, or that was closed to it.
    """
    settings = case.policy.queues.get(queue)
    template = settings.auto.get(name) if settings else None
    blind_is_fine = settings is not None and settings.answer_blind_copies
    rows = [row for row in case.judged.silence if not (row == "A13" and blind_is_fine)]
    if not case.personal and not rows:
        rows.append(case.judged.rule or "A1")
    if went_round(case) and "A4" not in rows:
        rows.append("A4")
    limits = case.policy.desk.auto_limits
    if answers_a_machine(case) or (candidate is not None and candidate.answered_today >= limits.per_ticket_day):
        rows.append("A14")
    if _answered_a_copy(case) or echoes(case.letter, case.known):
        rows.append("A15")
    if _full(case.known.counts, limits):
        rows.append("A16")
    if template is None or _agent(case) or _over(name, candidate):
        rows.append("A17")
    recipient = answer_to(case.letter, case.envelope)
    if rows or recipient is None or template is None:
        return None, tuple(rows)
    spoken = language(case.letter, case.policy.templates.get(template))
    return AutoAnswer(answer=name, template=template, recipient=recipient, language=spoken), ()


def _full(counts: Counts, limits: AutoLimits) -> bool:
    """Is a counter of G13 full, or was the desk's own, and nobody has let go yet?"""
    return (
        counts.stopped
        or counts.address_hour >= limits.per_address_hour
        or counts.address_day >= limits.per_address_day
        or counts.domain_hour >= limits.per_domain_hour
        or counts.total_hour >= limits.total_hour
    )


def _answered_a_copy(case: Case) -> bool:
    """Did another queue that answers get this mail, too? At most one answer to a mail (G5)."""
    queues = case.policy.queues
    return any(
        twin.ticket is not None and (twin.queue not in queues or bool(queues[twin.queue].auto))
        for twin in case.known.twins
    )


def _agent(case: Case) -> bool:
    return case.sender is not None and case.policy.agent_of_address(case.sender) is not None


def _over(name: str, candidate: Candidate | None) -> bool:
    """Closed, merged and removed tickets answer nothing but what is for them."""
    if candidate is None or name in OF_CLOSED:
        return False
    return candidate.ticket.state.type in (StateType.CLOSED, StateType.MERGED, StateType.REMOVED)
