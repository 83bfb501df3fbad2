"""Held letters: once more through intake, or placed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from msgspec.structs import replace

from ticketctl import errors, intake
from ticketctl.intake import Decision, Envelope
from ticketctl.intake.case import Case
from ticketctl.intake.party import with_copied
from ticketctl.intake.story import evidence
from ticketctl.intake.value import Verdict
from ticketctl.receive.think import came, fault, lost, read, think
from ticketctl.receive.value import Received, Thought
from ticketctl.receive.write import write
from ticketctl.store import Again, Reader, Store, Writer
from ticketctl.ticket import POSTMASTER, Actor, Kind


def retry(store: Store, mail: int, now: datetime, by: str | None = None) -> Received:
    """A held letter once more, from its stored bytes and envelope, as if it came today. `by`: who wants it so.

    Raises errors.Failed where it fails as before: then it stays held.
    """
    with store.reading() as tx:
        envelope, raw = _held(tx, mail)
    incoming = read(raw)
    with _staying_held(mail), store.writing(POSTMASTER, now) as tx:
        envelope, _ = _held(tx, mail)
        thought = think(tx, incoming, envelope, tx.policy(), now, stored=mail)
        decision, reason = thought.decision, thought.decision.held or thought.decision.why[-1]
        if by is not None:
            decision = replace(decision, why=(*decision.why, f"tried again by {by}"))
        if decision.verdict not in ("new", "follow-up"):
            became: Verdict = "dropped" if decision.verdict == "dropped" else "held"
            tx.relabel(mail, became, held=reason if became == "held" else None, why=decision.why)
            return Received(letter=incoming.letter, envelope=envelope, decision=decision, mail=mail)
        return write(tx, replace(thought, decision=decision), mail)


def accept(store: Store, mail: int, *, queue: str | None, ticket: int | None, actor: Actor, now: datetime) -> Received:
    """A held letter placed by hand: a new ticket in `queue`, or an article on `ticket`.

    Whether the agent may touch that letter the caller has asked. On the queue where it goes the agent needs `create`
    or `note`; an admin needs nothing more. Raises what `change.permit` raises.
    """
    with store.reading() as tx:
        envelope, raw = _held(tx, mail)
    incoming = read(raw)
    with _staying_held(mail), store.writing(actor, now) as tx:
        envelope, _ = _held(tx, mail)
        policy = tx.policy()
        if actor.agent in policy.agents and policy.agents[actor.agent].admin:
            tx.actor = replace(actor, system=True)
        envelope = replace(envelope, queue=queue or envelope.queue)
        try:
            thought = think(tx, incoming, envelope, policy, now, stored=mail)
        except errors.Refusal:
            raise
        except Exception as failure:
            thought = lost(tx, incoming, envelope, policy, now, fault(failure))
        return write(tx, replace(thought, decision=_by_hand(thought, queue, ticket, actor, tx)), mail)


def _held(tx: Reader, mail: int) -> tuple[Envelope, bytes]:
    """Envelope and bytes of a letter that is no article yet. Raises NotThere, BadData."""
    row = tx.letter(mail)
    if row.verdict not in ("held", "dropped"):
        raise errors.BadData(f"mail {mail} is not held: it is article {row.number}/{row.n}")
    return came(row, tx.policy()), tx.raw(row.raw_sha256)


@contextmanager
def _staying_held(mail: int) -> Iterator[None]:
    """A fault of ours becomes a refusal that says so; the letter is as it was."""
    try:
        yield
    except (errors.Refusal, Again):
        raise
    except Exception as failure:
        raise errors.Failed(f"mail {mail} stays held: {fault(failure)}") from failure


def _by_hand(thought: Thought, queue: str | None, ticket: int | None, actor: Actor, tx: Writer) -> Decision:
    """The decision that a person made; no automatic answer goes out. What answers a notice stays inside (G10).

    Where it goes the person says; what else trusted headers and rules say of a new ticket holds as ever, and whom its
    mail was also written to is a party.
    """
    inside = any(mailed.audience == "agent" for mailed in thought.known.tokens.values())
    visible = thought.judged.kind is Kind.PERSONAL and not inside and thought.ruled.visible is not False
    decided = thought.decision
    said = decided.why if decided.verdict in ("held", "dropped") else evidence(decided.why)
    why = (*said, f"placed by hand by {actor.name}")
    plain = replace(
        thought.decision, article=intake.as_article(thought.letter, thought.judged, tx.now, visible=visible), why=why,
        held=None, changes=(), links=(), answer=None, tell=None, same_article=False, opening=None, silence=(),
        external=thought.ruled.ticket if thought.known.external is None else None, external_was=None,
    )  # fmt: skip
    if ticket is not None:
        return replace(plain, verdict="follow-up", ticket=ticket)
    wish = intake.asked(thought.letter, thought.envelope, thought.ruled, tx.current())
    opening = intake.opening(thought.letter, queue or thought.route.queue, tx.current(), wish.title)
    opening, changes, passed = intake.granted(opening, wish, tx.current())
    made = replace(plain, verdict="new", queue=opening.queue, ticket=None, opening=opening, changes=changes,
                   why=(*why, *passed))  # fmt: skip
    case = Case(letter=thought.letter, envelope=thought.envelope, route=thought.route, judged=thought.judged,
                known=thought.known, policy=tx.current(), now=tx.now)  # fmt: skip
    return with_copied(case, None, made)
