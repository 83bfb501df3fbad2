"""Who belongs to a ticket: its customer, whom they or an agent copied, whom we mailed on it (mail-rules section 4).

Everybody else who writes on it is a third party, until an agent accepts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from ticketctl.change.value import PartyAccepted
from ticketctl.intake.case import Case
from ticketctl.intake.route import queue_of
from ticketctl.intake.value import Candidate, Known
from ticketctl.policy import Policy
from ticketctl.ticket import Article, Kind, Ticket, normal

COPIES_LOOKED_AT = 20  # of one mail
PARTIES_AT_MOST = 100  # that mail may bring to a ticket; an agent may accept more
THIRD_PARTY = "third party"  # the remark on what they wrote

Role = Literal["customer", "accepted", "mailed", "third party"]


class Party(Struct, frozen=True, kw_only=True):
    """Somebody of a ticket. `address` is normalised; a customer whom nobody can name is none."""

    address: str
    role: Role


def is_party(sender: str | None, candidate: Candidate, known: Known, policy: Policy) -> bool:
    """May this author continue the ticket? An agent only where they are its customer.

    The parties of tickets that were merged into it are its own.
    """
    if sender is None:
        return False
    whole = [candidate, *_merged_into(candidate, known)]
    if policy.agent_of_address(sender) is not None:
        return any(sender == _customer(each.ticket) for each in whole)
    return any(sender in each.parties for each in whole)


def copied(case: Case, candidate: Candidate | None, proof: str | None) -> tuple[PartyAccepted, ...]:
    """Whom the customer's own mail was also written to: parties from now on. `candidate` None: it makes the ticket.

    Its From alone proves nothing: on a ticket that is there only with our token, or an id that was seen on it.
    An agent is no party by being copied, nor is an address of the desk's own.
    """
    if not case.personal or case.sender is None:
        return ()
    there: set[str] = {case.sender}
    if candidate is not None:
        if proof not in ("token", "id") or case.sender != _customer(candidate.ticket):
            return ()
        there |= {*candidate.parties, *candidate.ticket.parties}
    room = max(PARTIES_AT_MOST - len(candidate.ticket.parties if candidate else ()), 0)
    named = [normal(each.address) for each in (*case.letter.cc, *case.letter.to)[:COPIES_LOOKED_AT] if each.address]
    fresh = [each for each in dict.fromkeys(named) if each not in there and may_be_party(each, case.policy)]
    return tuple(PartyAccepted(address=each) for each in fresh[:room])


def may_be_party(address: str, policy: Policy) -> bool:
    """Neither an agent's address nor one of ours: the first sees all anyhow, the second would answer itself."""
    return "@" in address and policy.agent_of_address(address) is None and queue_of(address, policy)[0] is None


def parties(ticket: Ticket, mailed: Iterable[str], articles: Sequence[Article], policy: Policy) -> tuple[Party, ...]:
    """Everybody of a ticket, each once: the customer, the accepted, whom we mailed, third parties who wrote.

    `mailed`: the recipients of our mails on it, normalised.
    """
    wrote = [
        normal(each.author.address)
        for each in articles
        if each.sender_type == "customer" and each.kind is Kind.PERSONAL and each.author.address
    ]
    found: dict[str, Role] = {}
    if customer := _customer(ticket):
        found[customer] = "customer"
    groups: tuple[tuple[Role, Iterable[str]], ...] = (
        ("accepted", ticket.parties), ("mailed", mailed), ("third party", wrote)
    )  # fmt: skip
    for role, addresses in groups:
        for each in addresses:
            if may_be_party(each, policy):
                found.setdefault(each, role)
    return tuple(Party(address=address, role=role) for address, role in found.items())


def _customer(ticket: Ticket) -> str:
    return normal(ticket.customer.address or "")


def _merged_into(candidate: Candidate, known: Known) -> list[Candidate]:
    """The tickets named by this letter that went into that one, straight or by others."""
    inside, found = {candidate.ticket.id}, []
    rest = [each for each in known.tickets.values() if each.ticket.merged_into is not None]
    while more := [each for each in rest if each.ticket.merged_into in inside and each.ticket.id not in inside]:
        inside |= {each.ticket.id for each in more}
        found += more
    return found
