"""Read a letter, ask the desk what it knows, decide; and what to decide where any of that fails: to hold (G2)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from msgspec.structs import replace

from ticketctl import errors, intake, letter
from ticketctl.intake import NO_RULES, Asks, Decision, Envelope, Route, Ruled
from ticketctl.intake.value import FAULT
from ticketctl.letter import Letter
from ticketctl.letter.value import Judgement
from ticketctl.policy import Policy
from ticketctl.receive.value import Incoming, Thought
from ticketctl.store import LetterRow, Reader
from ticketctl.ticket import Kind, token


def read(raw: bytes) -> Incoming:
    """The letter of these bytes. Where reading fails, a bare one with the reason."""
    try:
        read = letter.read(raw)
        content = letter.fingerprint(read)
    except Exception as failure:
        return Incoming(letter=bare(raw), content=hashlib.sha256(raw).hexdigest(), fault=fault(failure))
    if read.message_id is None and read.queue_id is None:
        # G4: stored and flagged, never taken for another that says the same
        content = hashlib.sha256(f"{content}{token()}".encode()).hexdigest()
    failed = next((remark for remark in read.remarks if not read.headers and remark.endswith(" in reading")), None)
    return Incoming(letter=read, content=content, fault=failed)


def asked_policy(tx: Reader, envelope: Envelope) -> Policy:
    """The policy, which must have the queue that was asked for."""
    policy = tx.policy()
    if envelope.queue is not None and envelope.queue not in policy.queues:
        raise errors.NotThere(f"no queue {envelope.queue!r}; `ticketctl queue list` names them")
    return policy


def think(
    tx: Reader, incoming: Incoming, envelope: Envelope, policy: Policy, now: datetime, *, stored: int | None = None,
    then: LetterRow | None = None,
) -> Thought:  # fmt: skip
    """All there is to find out about a letter. `stored`: it is that mail already, which is no double of itself.
    `then`: from what was known when that letter came."""
    read = incoming.letter
    envelope = sent(read, envelope)
    route = intake.route(read, envelope, policy)
    judged = judged_as(read, envelope, policy)
    ruled = NO_RULES if incoming.fault else by_rules(read, envelope, judged, policy)
    asks = intake.asks(read, route, envelope, policy, incoming.content, ruled.ticket)
    known = tx.known(asks, now) if then is None else tx.known_then(asks, then)
    if stored is not None and known.again is not None and known.again.mail == stored:
        known = replace(known, again=None)
    decision = intake.decide(read, envelope, route, judged, known, policy, now, ruled)
    if incoming.fault and decision.verdict in ("new", "follow-up"):
        decision = Decision(verdict="held", queue=route.queue, why=(*decision.why, incoming.fault), held=incoming.fault)
    decision = replace(decision, why=intake.bounded(decision.why))
    return Thought(letter=read, envelope=envelope, route=route, asks=asks, known=known, judged=judged,
                    decision=decision, ruled=ruled)  # fmt: skip


def sent(read: Letter, envelope: Envelope) -> Envelope:
    """The envelope with the sender that stands in where none was given."""
    if envelope.sender is not None:
        return envelope
    return replace(envelope, sender=read.envelope_from if read.envelope_from is not None else read.return_path)


def came(row: LetterRow, policy: Policy) -> Envelope:
    """How a stored letter came. A queue of `--queue` that is no more is forgotten: nobody could place it else."""
    envelope = row.envelope()
    return envelope if envelope.queue in policy.queues else replace(envelope, queue=None)


def judged_as(read: Letter, envelope: Envelope, policy: Policy) -> Judgement:
    """Its kind, and the rows that forbid an answer."""
    return letter.judge(read, sender=envelope.sender, recipient=envelope.recipient, ours=intake.ours(policy))


def by_rules(read: Letter, envelope: Envelope, judged: Judgement, policy: Policy) -> Ruled:
    """What the policy's rules say of a letter."""
    if not policy.rules:
        return NO_RULES
    from ticketctl.intake import rules  # late: most mail on most desks meets none

    return rules.run(read, envelope, judged, policy)


def lost(tx: Reader, incoming: Incoming, envelope: Envelope, policy: Policy, now: datetime, reason: str) -> Thought:
    """Something of ours failed: hold the letter, unless it was accepted before."""
    try:
        route = intake.route(incoming.letter, envelope, policy)
    except Exception:
        default = envelope.queue or policy.desk.default_queue
        route = Route(queue=default, enveloped=envelope.recipient or "", why=f"queue {default}: the default")
    asks = Asks(key=f"{route.enveloped}\n{incoming.content}", content=incoming.content, message_id=None)
    known = tx.known(asks, now)
    if known.again is not None:
        why = f"duplicate: this mail came before, as mail {known.again.mail}"
        decision = Decision(verdict="duplicate", queue=route.queue, ticket=known.again.ticket, why=(route.why, why))
    else:
        decision = Decision(verdict="held", queue=route.queue, why=(route.why, reason), held=reason)
    return Thought(letter=incoming.letter, envelope=envelope, route=route, asks=asks, known=known,
                    judged=Judgement(kind=Kind.PERSONAL, rule=None), decision=decision)  # fmt: skip


def bare(raw: bytes) -> Letter:
    return Letter(raw=raw, sha256=hashlib.sha256(raw).hexdigest())


def fault(failure: Exception) -> str:
    """Its name, and where it is a refusal of ours its words."""
    said = failure.message.splitlines()[:1] if isinstance(failure, errors.Refusal) else []
    words = f": {said[0][:200]}" if said else ""
    return f"{FAULT}{type(failure).__name__}{words}"
