"""One letter through one transaction: read, look up, decide, write, commit (design.md, "One mail").

First the raw bytes: whatever fails in reading or deciding is held with its reason and accepted, because a retry
would fail the same way until the mail system bounces it (G2). Only bytes that could not be made durable raise.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from random import uniform
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ticketctl import errors
from ticketctl.intake import Envelope, ours
from ticketctl.intake.value import FAULT
from ticketctl.policy import Policy
from ticketctl.receive.think import asked_policy, bare, fault, lost, read, think
from ticketctl.receive.value import Incoming, Received
from ticketctl.receive.write import write
from ticketctl.store import Again, Store
from ticketctl.ticket import POSTMASTER, Actor

if TYPE_CHECKING:
    from ticketctl.intake.story import Step

__all__ = ["Incoming", "Received", "accept", "read", "receive", "retry", "told"]

PATIENCE = 20  # seconds: who waited so long for the database does not wait again
TRIES = 12  # of a lost race, before it is the mail system's turn to try again
PAUSE = 0.5  # seconds between two tries, at most
_TROUBLE = (errors.TryAgain, errors.Unavailable, errors.Misconfigured, Again)  # of the database, not of the letter


def receive(store: Store, mail: bytes | Incoming, envelope: Envelope, now: datetime) -> Received:
    """The letter, durably ours when this returns.

    Raises errors.Refusal only where the bytes could not be stored, and errors.NotThere for an unknown `queue`.
    """
    incoming = read(mail) if isinstance(mail, bytes) else mail
    begun, cause = time.monotonic(), ""
    for tried in range(TRIES):
        try:
            return _attempt(store, incoming, envelope, now)
        except (Again, errors.TryAgain) as race:
            if time.monotonic() - begun > PATIENCE:
                raise errors.TryAgain(getattr(race, "message", "lost the race for this mail")) from race
            cause = type(race.__cause__).__name__
        _pause(tried)
    if cause == "IntegrityError":  # no race is lost so often: what we write does not fit
        return _hold(store, incoming, envelope, now, f"{FAULT}{cause}")
    raise errors.TryAgain("lost the race for this mail several times")


def told(
    store: Store, mail: bytes | Incoming, envelope: Envelope, now: datetime
) -> tuple[Received, tuple[Step, ...]]:
    """The decision that `receive` would make, and its story; nothing is written."""
    from ticketctl.intake.story import plain_story, story

    incoming = read(mail) if isinstance(mail, bytes) else mail
    with store.reading() as tx:
        policy = asked_policy(tx, envelope)
        try:
            thought = think(tx, incoming, envelope, policy, now)
        except errors.Refusal:
            raise
        except Exception as failure:
            thought = lost(tx, incoming, envelope, policy, now, fault(failure))
    decision, known = thought.decision, thought.known
    ticket = known.tickets.get(decision.ticket) if decision.ticket is not None else None
    received = Received(letter=thought.letter, envelope=thought.envelope, decision=decision, ticket=decision.ticket,
                        number=ticket.ticket.number if ticket else None)  # fmt: skip
    outcome = received.outcome(incoming.content)
    if (decision.held or "").startswith(FAULT):
        return received, plain_story(outcome)
    try:
        return received, story(thought.letter, thought.envelope, policy, outcome, ours(policy))
    except Exception:  # what is held since it cannot be read whole is told from what was decided
        return received, plain_story(outcome)


def retry(store: Store, mail: int, now: datetime, by: str | None = None) -> Received:
    """A held letter once more, from its stored bytes and envelope, as if it came today. `by`: who wants it so."""
    from ticketctl.receive import placing

    return _raced(lambda: placing.retry(store, mail, now, by))


def accept(store: Store, mail: int, *, queue: str | None, ticket: int | None, actor: Actor, now: datetime) -> Received:
    """A held letter placed by hand: a new ticket in `queue`, or an article on `ticket`."""
    from ticketctl.receive import placing

    return _raced(lambda: placing.accept(store, mail, queue=queue, ticket=ticket, actor=actor, now=now))


def _raced(work: Callable[[], Received]) -> Received:
    """What `work` gives, from a new snapshot where another was faster."""
    for tried in range(TRIES):
        try:
            return work()
        except Again as lost:
            if tried == TRIES - 1:
                raise errors.TryAgain("lost the race for this mail several times") from lost
        except errors.TryAgain as lost:
            if not lost.race or tried == TRIES - 1:
                raise
        _pause(tried)
    raise AssertionError


def _pause(tried: int) -> None:
    """Those who met once are not to meet again."""
    time.sleep(uniform(0, min(PAUSE, 0.02 * 2**tried)))


def _attempt(store: Store, incoming: Incoming, envelope: Envelope, now: datetime) -> Received:
    """One transaction. What cannot be decided or written, by a fault of ours, is held in another."""
    policy: Policy | None = None
    try:
        with store.writing(POSTMASTER, now) as tx:
            policy = asked_policy(tx, envelope)
            return write(tx, think(tx, incoming, envelope, policy, now), None)
    except _TROUBLE:
        raise
    except Exception as failure:
        if policy is None:
            raise
        reason = fault(failure)  # and not the failure: its frames may hold much memory
    return _hold(store, incoming, envelope, now, reason)


def _hold(store: Store, incoming: Incoming, envelope: Envelope, now: datetime, reason: str) -> Received:
    """The letter kept with its reason; the bare bytes, where even what was read of it cannot be stored."""
    try:
        with store.writing(POSTMASTER, now) as tx:
            return write(tx, lost(tx, incoming, envelope, tx.policy(), now, reason), None)
    except _TROUBLE:
        raise
    except Exception:
        incoming = replace(incoming, letter=bare(incoming.letter.raw))
    with store.writing(POSTMASTER, now) as tx:
        return write(tx, lost(tx, incoming, envelope, tx.policy(), now, reason), None)
