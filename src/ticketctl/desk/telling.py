"""The story of a letter that came: told again from its bytes, its envelope, the policy of then, and what was stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from ticketctl import errors
from ticketctl.desk import Desk, Value
from ticketctl.desk.mail import bearing, visible_letter
from ticketctl.desk.reading import letter_fields
from ticketctl.page import mail_value, step_value

if TYPE_CHECKING:
    from ticketctl.intake.story import Step
    from ticketctl.policy import Policy
    from ticketctl.store import LetterRow


class Told(Struct, frozen=True, kw_only=True):
    """A letter's value with its story in `steps`; `twins`: other letters that bear the Message-ID it was named by."""

    value: Value
    end: str
    twins: tuple[int, ...] = ()


def explained(desk: Desk, word: str) -> Told:
    """The story of one letter, by id or <message-id> (the newest that the agent may see)."""
    from ticketctl.intake.value import FAULT

    with desk.reading() as view:
        found = visible_letter(view, word)
        others = tuple(each.id for each in bearing(view, word) if each.id != found.id)
        raw = None if (found.held or "").startswith(FAULT) else _bytes(view.tx.raw, found)
        steps = _steps(found, raw, view.tx.policy_then(found.received))
    value = {**mail_value(letter_fields(found)), "steps": [step_value(step) for step in steps]}
    place = f", article {value['article']}" if value["article"] else ""
    end = f"{found.verdict}, queue {found.queue}, kind {found.kind}: mail {found.id}{place}"
    return Told(value=value, end=end, twins=others)


def _bytes(raw: Callable[[str], bytes], found: LetterRow) -> bytes | None:
    """Its bytes; None where they are damaged: what was stored beside them is told all the same."""
    try:
        return raw(found.raw_sha256)
    except errors.Unavailable as trouble:
        if not trouble.damaged:
            raise
        return None


def _steps(found: LetterRow, raw: bytes | None, policy: Policy) -> tuple[Step, ...]:
    from ticketctl import intake, letter
    from ticketctl.intake.story import Outcome, plain_story, story

    article = f"{found.ticket}/{found.n}" if found.n is not None else None
    outcome = Outcome(
        verdict=found.verdict, queue=found.queue, kind=found.kind, content=found.content, rule=found.rule,
        silence=found.silence, why=found.why, held=found.held, number=found.number, article=article,
    )  # fmt: skip
    if raw is None:  # it was too much once, or is damaged
        return plain_story(outcome)
    try:
        return story(letter.read(raw), found.envelope(), policy, outcome, intake.ours(policy))
    except Exception:  # a fault in telling is no reason to keep what was stored from the reader
        return plain_story(outcome)
