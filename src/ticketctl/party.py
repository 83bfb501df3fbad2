"""Who belongs to a ticket: its customer, whom they or an agent copied, whom we mailed on it (mail-rules section 4).

Everybody else who writes on it is a third party, until an agent accepts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from ticketctl.policy import Policy
from ticketctl.ticket import Address, Article, Kind, Ticket, normal, unwrapped

THIRD_PARTY = "third party"  # the remark on what one of them wrote
BY_NUMBER = "by number"  # and on what a number alone, which anybody may know, brought to its ticket

Role = Literal["customer", "accepted", "mailed", "third party"]


class Party(Struct, frozen=True, kw_only=True):
    """Somebody of a ticket; `address` is normalised."""

    address: str
    role: Role


def is_ours(address: str, policy: Policy) -> bool:
    """Is it an address of one of our queues, with or without what stands behind the recipient delimiter?"""
    plain, delimiter = unwrapped(address), policy.desk.recipient_delimiter
    local, at, domain = plain.rpartition("@")
    bare = f"{local.split(delimiter, 1)[0]}{at}{domain}" if delimiter else plain
    return policy.queue_of(plain) is not None or policy.queue_of(bare) is not None


def may_be_party(address: str, policy: Policy) -> bool:
    """Neither an agent's address nor one of ours: the first sees all anyhow, the second would answer itself."""
    return "@" in address and policy.agent_of_address(address) is None and not is_ours(address, policy)


def customer_key(ticket: Ticket) -> str:
    """The customer's address as it is compared, "" where nobody can be named."""
    return normal(ticket.customer.address or "")


def parties(ticket: Ticket, mailed: Iterable[str], articles: Sequence[Article], policy: Policy) -> tuple[Party, ...]:
    """Everybody of a ticket, each once: the customer, the accepted, whom we mailed, third parties who wrote.

    `mailed`: the recipients of our mails on it, normalised.
    """
    wrote = [
        normal(each.author.address)
        for each in articles
        if each.channel == "email" and each.sender_type == "customer" and each.kind is Kind.PERSONAL
        and each.author.address
    ]  # fmt: skip
    groups: tuple[tuple[Role, Iterable[str]], ...] = (
        ("accepted", ticket.parties),
        ("mailed", mailed),
        ("third party", wrote),
    )
    customer = customer_key(ticket)
    found: dict[str, Role] = {customer: "customer"} if customer else {}
    for role, addresses in groups:
        for each in addresses:
            if may_be_party(each, policy):
                found.setdefault(each, role)
    return tuple(Party(address=address, role=role) for address, role in found.items())


def outside(ticket: Ticket, articles: Sequence[Article], people: Sequence[Address]) -> bool:
    """Is nobody of these one whose ticket it is: customer, accepted, or where they want answers to go?

    Whom we only mailed is outside, too: what others wrote on the ticket is not for them.
    """
    inside = {customer_key(ticket), *ticket.parties} - {""}
    for each in articles:
        if each.visible and each.sender_type == "customer" and normal(each.author.address or "") in inside:
            inside |= {normal(reply.address) for reply in each.reply_to if reply.address}
    return not any(normal(each.address or "") in inside for each in people)
