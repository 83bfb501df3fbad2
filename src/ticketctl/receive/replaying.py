"""Letters decided again under another policy: what would fare otherwise. Nothing is written.

Both decisions, under the policy that holds and under the other, are made from the letter's stored bytes and envelope
and from what the desk knew when it came (`store.past`). So what differs is the policy's doing, and not the time's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ticketctl import errors
from ticketctl.change.describe import describe
from ticketctl.intake import AutoAnswer, Decision
from ticketctl.policy import Policy
from ticketctl.receive.think import came, fault, read, think
from ticketctl.receive.value import Incoming
from ticketctl.store import LetterRow, Reader, Store

BATCH = 50  # letters in one snapshot of the database, so that none is kept open for long
Fate = dict[str, Any]
Progress = Callable[[int], None]


class Otherwise(Struct, frozen=True, kw_only=True):
    """A letter that would fare otherwise: what differs, from what to what, and the reasons under the other policy."""

    letter: LetterRow
    was: Fate
    would: Fate
    why: tuple[str, ...]


def replay(store: Store, other: Policy, since: datetime, progress: Progress) -> Iterator[Otherwise]:
    """The letters received since then that would fare otherwise under `other`, newest first.

    `progress` is told how many were decided. In memory there is one letter's mail at a time.
    """
    last, done, holds = None, 0, None
    while True:
        with store.reading() as tx:
            holds = holds or tx.policy()
            letters = tx.letters_before(last, BATCH)
            fresh = [letter for letter in letters if letter.received >= since]
            found = [_otherwise(tx, letter, holds, other) for letter in fresh]
        yield from (each for each in found if each is not None)
        done += len(fresh)
        progress(done)
        if not fresh:  # a clock that was set back for a moment does not end it
            return
        last = letters[-1].id


def _otherwise(tx: Reader, letter: LetterRow, holds: Policy, other: Policy) -> Otherwise | None:
    incoming = replace(read(tx.raw(letter.raw_sha256)), content=letter.content)
    was, _ = _decided(tx, letter, incoming, holds)
    would, why = _decided(tx, letter, incoming, other)
    keys = [key for key in would if was[key] != would[key]]
    if not keys:
        return None
    before, after = ({key: fate[key] for key in keys} for fate in (was, would))
    return Otherwise(letter=letter, was=before, would=after, why=why)


def _decided(tx: Reader, letter: LetterRow, incoming: Incoming, policy: Policy) -> tuple[Fate, tuple[str, ...]]:
    try:
        thought = think(tx, incoming, came(letter, policy), policy, letter.received, then=letter)
    except errors.Refusal:
        raise
    except Exception as failure:  # as the filter would: held
        reason = fault(failure)
        return _fate(Decision(verdict="held", queue=letter.queue, held=reason), {}), (reason,)
    numbers = {each: candidate.ticket.number for each, candidate in thought.known.tickets.items()}
    return _fate(thought.decision, numbers), thought.decision.why


def _fate(decision: Decision, numbers: dict[int, str]) -> Fate:
    """What becomes of a letter, in words that can be compared; why and by which rows is not in it."""
    opening, article = decision.opening, decision.article
    on = numbers.get(decision.ticket, str(decision.ticket)) if decision.ticket is not None else None
    return {
        "verdict": decision.verdict,
        "kind": decision.kind.value,
        "queue": decision.queue if decision.verdict != "follow-up" else None,
        "ticket": on,
        "external": decision.external,
        "held": decision.held,
        "title": opening.title if opening else None,
        "state": opening.state.value if opening else None,
        "priority": opening.priority.value if opening else None,
        "visible": article.visible if article else None,
        "remarks": [*article.remarks] if article else [],
        "changes": [describe(change, None)[2] for change in decision.changes],
        "links": [numbers.get(each, str(each)) for each in decision.links],
        "answer": _answer(decision.answer) if decision.answer else None,
        "told": decision.tell,
    }


def _answer(answer: AutoAnswer) -> str:
    spoken = f", in {answer.language}" if answer.language else ""
    return f"{answer.answer} ({answer.template}{spoken}) to {answer.recipient}"
