"""The rules of a policy tried on a mail: which fire, and what would become of it on a desk that knows nothing yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from ticketctl import errors, intake
from ticketctl.intake import Decision, Envelope, Known, Ruled
from ticketctl.letter import Letter
from ticketctl.policy import Policy
from ticketctl.receive.think import by_rules, fault, judged_as, read, sent


class Trial(Struct, frozen=True, kw_only=True):
    letter: Letter
    ruled: Ruled
    decision: Decision

    def rules(self, policy: Policy) -> list[dict[str, Any]]:
        """Every rule in its order: does it fire, what would it set, what is passed over; None: it is not tried."""
        fired = {each.n: each for each in self.ruled.fired}
        found: list[dict[str, Any]] = []
        for n, rule in enumerate(policy.rules):
            hit = fired.get(n)
            fires = None if n >= self.ruled.tried else hit is not None
            found.append({"name": rule.name, "fires": fires, "set": {} if hit is None else hit.set,
                          "passed_over": [] if hit is None else [*hit.passed]})  # fmt: skip
        return found


def trial(raw: bytes, envelope: Envelope, policy: Policy, now: datetime) -> Trial:
    """What the policy makes of these bytes, as if nothing came before."""
    incoming = read(raw)
    letter, envelope = incoming.letter, sent(incoming.letter, envelope)
    if incoming.fault:
        return _held(letter, incoming.fault, policy)
    try:
        judged = judged_as(letter, envelope, policy)
        ruled = by_rules(letter, envelope, judged, policy)
        way = intake.route(letter, envelope, policy)
        decision = intake.decide(letter, envelope, way, judged, Known(), policy, now, ruled)
    except errors.Refusal:
        raise
    except Exception as failure:  # as the filter would: held
        return _held(letter, fault(failure), policy)
    return Trial(letter=letter, ruled=ruled, decision=decision)


def _held(letter: Letter, reason: str, policy: Policy) -> Trial:
    held = Decision(verdict="held", queue=policy.desk.default_queue, why=(reason,), held=reason)
    return Trial(letter=letter, ruled=Ruled(), decision=held)
