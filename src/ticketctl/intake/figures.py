"""Why a row forbids an answer, in words and with its figure: rows A14 to A17, which depend on the desk and the hour."""

from __future__ import annotations

from collections.abc import Iterable

from ticketctl.intake.case import Case
from ticketctl.intake.echo import echoes
from ticketctl.intake.evidence import answer_to, answers_a_machine
from ticketctl.intake.trail import short
from ticketctl.intake.value import Candidate


def figures(rows: Iterable[str], case: Case, *, name: str, queue: str, candidate: Candidate | None) -> dict[str, str]:
    """The words of each of these rows that has more to say than its name. `name`: the answer that there is none of."""
    says = {"A14": _lately, "A15": _twins, "A16": _counters}
    words = {row: says[row](case, candidate) for row in rows if row in says}
    if "A17" in rows:
        words["A17"] = _none(case, name, queue, candidate)
    return {row: text for row, text in words.items() if text}


def _lately(case: Case, candidate: Candidate | None) -> str:
    """A14"""
    limit = case.policy.desk.auto_limits.per_ticket_day
    said = ["it answers an automatic mail of ours"] if answers_a_machine(case) else []
    if candidate is not None and candidate.answered_today >= limit:
        said.append(f"{candidate.answered_today} of {limit} automatic answers on the ticket within a day")
    return " and ".join(said)


def _twins(case: Case, _: Candidate | None) -> str:
    """A15"""
    twin = next((twin for twin in case.known.twins if twin.ticket is not None), None)
    said = [f"queue {twin.queue or 'none'} has this mail, too, as mail {twin.mail}"] if twin else []
    if echoes(case.letter, case.known):
        said.append("it says the same as the last ones of this address that were answered")
    return " and ".join(said)


def _counters(case: Case, _: Candidate | None) -> str:
    """A16"""
    counts, limits = case.known.counts, case.policy.desk.auto_limits
    to = answer_to(case.letter, case.envelope) or ""
    asked = (
        (counts.address_hour, limits.per_address_hour, f"to {short(to, 100)} in the last hour"),
        (counts.address_day, limits.per_address_day, f"to {short(to, 100)} in the last day"),
        (counts.domain_hour, limits.per_domain_hour, f"to {short(to.rpartition('@')[2], 100)} in the last hour"),
        (counts.total_hour, limits.total_hour, "in all in the last hour"),
    )
    said = [f"{n} of {limit} automatic answers {what}" for n, limit, what in asked if n >= limit]
    said += ["the desk stopped them all until `ticketctl outbox release --auto`"] if counts.stopped else []
    return " and ".join(said)


def _none(case: Case, name: str, queue: str, candidate: Candidate | None) -> str:
    """A17"""
    settings = case.policy.queues.get(queue)
    agent = case.policy.agent_of_address(case.sender) if case.sender else None
    said = [f"queue {queue} has no {name}"] if settings is None or not settings.auto.get(name) else []
    said += [f"the sender is agent {agent.name}"] if agent is not None else []
    if not said and candidate is not None:
        said = [f"ticket {candidate.ticket.number} is {candidate.ticket.state}"]
    return " and ".join(said)
