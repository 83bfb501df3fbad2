"""The breaker of G13: when the desk's own counter is full, automatic answers stop until an admin lets them go.

It is the brake of `outbox hold --auto`, put on by the postmaster, and nothing more is owed while it is on. One notice
goes to each admin, not one for each mail; in the hour after it the breaker does not trip again, so that an admin who
lets go is not told of the same flood twice. The figure itself holds all the time.
"""

from __future__ import annotations

from datetime import timedelta

from ticketctl.change.step import notice
from ticketctl.receive.value import Thought
from ticketctl.store import AUTO_BRAKE, Writer

EVENT = "breaker"
QUIET = timedelta(hours=1)


def trip(tx: Writer, thought: Thought) -> None:
    """Stops automatic answers where the counter alone forbids one, and tells the admins who have an address."""
    policy, counted = tx.current(), thought.known.counts.total_hour
    limit = policy.desk.auto_limits.total_hour
    if thought.decision.silence != ("A16",) or counted < limit:
        return
    if any(brake.name == AUTO_BRAKE for brake in tx.brakes()) or tx.noticed(EVENT, tx.now - QUIET):
        return
    reason = f"{counted} automatic answers in an hour; the limit is {limit}"
    tx.brake(AUTO_BRAKE, True, reason)
    admins = [agent for agent in policy.agents.values() if agent.admin and agent.email]
    tx.owe(*(notice(str(agent.email), "0", policy.desk.domain,
                    {"event": EVENT, "agent": agent.name, "reason": reason})
             for agent in admins))  # fmt: skip
