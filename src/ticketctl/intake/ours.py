"""What the desk knows of itself, for the table of kinds (rows A3, A4 and A13)."""

from __future__ import annotations

from ticketctl.letter.value import Ours
from ticketctl.policy import Policy
from ticketctl.ticket import normal


def ours(policy: Policy) -> Ours:
    """Addresses, domain, delimiter, and the servers whose word counts."""
    return Ours(
        addresses=frozenset(normal(address) for queue in policy.queues.values() for address in queue.addresses),
        domain=policy.desk.domain.lower(),
        delimiter=policy.desk.recipient_delimiter,
        trusted_servers=frozenset(policy.desk.authserv_ids),
    )
