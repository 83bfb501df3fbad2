"""Is the author of a letter a party of the ticket that it names, and whom does the letter make one?"""

from __future__ import annotations

from msgspec.structs import replace

from ticketctl.change.value import PartyAccepted, StateSet
from ticketctl.intake.case import Case
from ticketctl.intake.evidence import Evidence
from ticketctl.intake.value import Candidate, Decision, Known
from ticketctl.party import customer_key, may_be_party
from ticketctl.policy import Policy
from ticketctl.ticket import StateType, normal

COPIES_LOOKED_AT = 20  # of one mail
PARTIES_AT_MOST = 100  # that mail may bring to a ticket; an agent may accept more


def is_party(sender: str | None, candidate: Candidate, known: Known, policy: Policy) -> bool:
    """May this author continue the ticket? An agent only where they are its customer.

    The parties of tickets that were merged into it are its own.
    """
    if sender is None:
        return False
    whole = [candidate, *_merged_into(candidate, known)]
    if policy.agent_of_address(sender) is not None:
        return any(sender == customer_key(each.ticket) for each in whole)
    return any(sender in each.parties for each in whole)


def with_copied(case: Case, found: Evidence | None, made: Decision) -> Decision:
    """The decision, and whom the customer's own mail was also written to: parties from now on.

    Its From alone proves nothing: on a ticket that is there only with our token, or an id that was seen on it.
    An agent is no party by being copied, nor is an address of the desk's own.
    """
    if made.article is None or not made.article.visible or not case.personal or case.sender is None:
        return made
    if "A12" in case.judged.silence:  # marked as spam, or as forged
        return made
    room, there = PARTIES_AT_MOST, {case.sender}
    if made.ticket is not None:
        candidate = case.known.tickets[made.ticket]
        proven = found is not None and found.proof in ("token", "id")
        if not proven or case.sender != customer_key(candidate.ticket) or _stays_closed(candidate, made):
            return made
        room, there = room - len(candidate.ticket.parties), {*there, *candidate.parties, *candidate.ticket.parties}
    named = [normal(each.address) for each in (*case.letter.cc, *case.letter.to)[:COPIES_LOOKED_AT] if each.address]
    fresh = [each for each in dict.fromkeys(named) if each not in there and may_be_party(each, case.policy)]
    fresh = fresh[: max(room, 0)]
    if not fresh:
        return made
    changes = (*made.changes, *(PartyAccepted(address=each) for each in fresh))
    return replace(made, changes=changes, why=(*made.why, f"copied, and a party from now on: {', '.join(fresh)}"))


def _stays_closed(candidate: Candidate, made: Decision) -> bool:
    opened = any(isinstance(change, StateSet) for change in made.changes)
    return candidate.ticket.state.type is StateType.CLOSED and not opened


def _merged_into(candidate: Candidate, known: Known) -> list[Candidate]:
    """The tickets named by this letter that went into that one, straight or by others."""
    inside, found = {candidate.ticket.id}, []
    rest = [each for each in known.tickets.values() if each.ticket.merged_into is not None]
    while more := [each for each in rest if each.ticket.merged_into in inside and each.ticket.id not in inside]:
        inside |= {each.ticket.id for each in more}
        found += more
    return found
