"""Is the author of a letter a party of the ticket that it names, and whom does the letter make one?"""

from __future__ import annotations

from ticketctl.change.value import PartyAccepted
from ticketctl.intake.case import Case
from ticketctl.intake.value import Candidate, Known
from ticketctl.party import customer_key, may_be_party
from ticketctl.policy import Policy
from ticketctl.ticket import normal

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


def copied(case: Case, candidate: Candidate | None, proof: str | None) -> tuple[PartyAccepted, ...]:
    """Whom the customer's own mail was also written to: parties from now on. `candidate` None: it makes the ticket.

    Its From alone proves nothing: on a ticket that is there only with our token, or an id that was seen on it.
    An agent is no party by being copied, nor is an address of the desk's own.
    """
    if not case.personal or case.sender is None or "A12" in case.judged.silence:  # marked as spam, or as forged
        return ()
    there: set[str] = {case.sender}
    if candidate is not None:
        if proof not in ("token", "id") or case.sender != customer_key(candidate.ticket):
            return ()
        there |= {*candidate.parties, *candidate.ticket.parties}
    room = max(PARTIES_AT_MOST - len(candidate.ticket.parties if candidate else ()), 0)
    named = [normal(each.address) for each in (*case.letter.cc, *case.letter.to)[:COPIES_LOOKED_AT] if each.address]
    fresh = [each for each in dict.fromkeys(named) if each not in there and may_be_party(each, case.policy)]
    return tuple(PartyAccepted(address=each) for each in fresh[:room])


def _merged_into(candidate: Candidate, known: Known) -> list[Candidate]:
    """The tickets named by this letter that went into that one, straight or by others."""
    inside, found = {candidate.ticket.id}, []
    rest = [each for each in known.tickets.values() if each.ticket.merged_into is not None]
    while more := [each for each in rest if each.ticket.merged_into in inside and each.ticket.id not in inside]:
        inside |= {each.ticket.id for each in more}
        found += more
    return found
