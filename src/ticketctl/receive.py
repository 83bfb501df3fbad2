"""One letter through one transaction: read, look up, decide, write, commit (design.md, "One mail").

First the raw bytes: whatever fails in reading or deciding is held with its reason and accepted, because a retry
would fail the same way until the mail system bounces it (G2). Only bytes that could not be made durable raise.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ticketctl import errors, intake, letter
from ticketctl.change import Answered, ArticleAdded, Created, Linked
from ticketctl.change.step import Owed, Step
from ticketctl.intake import Asks, Decision, Envelope, Known, Route
from ticketctl.letter import Letter
from ticketctl.letter.value import Judgement, Ours
from ticketctl.policy import Policy
from ticketctl.store import Again, Reader, Store, Writer
from ticketctl.ticket import POSTMASTER, Actor, Kind, Ticket, message_id, normal, token

TRIES = 6  # of a lost race, before it is the mail system's turn to try again


class Received(Struct, frozen=True, kw_only=True):
    """What became of one letter for one recipient. `mail` is None for a refused letter: nothing of it is kept."""

    letter: Letter
    envelope: Envelope
    decision: Decision
    mail: int | None = None
    ticket: int | None = None
    number: str | None = None
    n: int | None = None

    def as_value(self, now: datetime) -> dict[str, Any]:
        """The mail object of the machine output (contract section 6)."""
        letter, decision = self.letter, self.decision
        return {
            "id": self.mail,
            "received": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "recipient": self.envelope.recipient,
            "sender": self.envelope.sender,
            "message_id": letter.message_id,
            "from": {"address": letter.author.address, "name": letter.author.name},
            "subject": letter.subject,
            "verdict": decision.verdict,
            "kind": decision.kind.value,
            "rule": decision.rule,
            "why": list(decision.why),
            "number": self.number,
            "article": None if self.ticket is None or self.n is None else f"{self.ticket}/{self.n}",
            "raw_sha256": letter.sha256,
        }

    @property
    def status(self) -> int:
        """The filter's exit status: 67 for an unknown recipient, else 0."""
        return 67 if self.decision.verdict == "refused" else 0


class _Thought(Struct, frozen=True, kw_only=True):
    """A letter with all that was found out about it."""

    letter: Letter
    envelope: Envelope  # with the sender that stands in where none was given
    route: Route
    asks: Asks
    judged: Judgement
    decision: Decision


def receive(store: Store, raw: bytes, envelope: Envelope, now: datetime) -> Received:
    """The letter, durably ours when this returns.

    Raises errors.Refusal only where the bytes could not be stored, and errors.NotThere for an unknown `queue`.
    """
    read = _read(raw)
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            return _attempt(store, read, envelope, now)
        except (Again, errors.TryAgain):
            if last:
                raise errors.TryAgain("lost the race for this mail several times") from None
            time.sleep(0.02)
    raise AssertionError


def explain(store: Store, raw: bytes, envelope: Envelope, now: datetime) -> Received:
    """The decision that `receive` would make; nothing is written."""
    with store.reading() as tx:
        thought = _think(tx, _read(raw), envelope, tx.policy(), now)
    decision = thought.decision
    return Received(letter=thought.letter, envelope=thought.envelope, decision=decision, ticket=decision.ticket)


def retry(store: Store, mail: int, now: datetime) -> Received:
    """A held letter once more, from its stored bytes and envelope, as if it came today."""
    with store.reading() as tx:
        envelope, raw = _held(tx, mail)
    read = _read(raw)
    with store.writing(POSTMASTER, now) as tx:
        _held(tx, mail)
        thought = _think(tx, read, envelope, tx.policy(), now, afresh=True)
        decision = thought.decision
        if decision.verdict in ("held", "refused", "dropped"):
            tx.relabel(mail, "dropped" if decision.verdict == "dropped" else "held",
                       held=decision.held or decision.verdict, why=decision.why)  # fmt: skip
            return Received(letter=read, envelope=envelope, decision=decision, mail=mail)
        return _write(tx, thought, mail, now)


def accept(store: Store, mail: int, *, queue: str | None, ticket: int | None, actor: Actor, now: datetime) -> Received:
    """A held letter placed by hand: a new ticket in `queue`, or an article on `ticket`."""
    with store.reading() as tx:
        envelope, raw = _held(tx, mail)
    read = _read(raw)
    with store.writing(actor, now) as tx:
        _held(tx, mail)
        thought = _think(tx, read, replace(envelope, queue=queue or envelope.queue), tx.policy(), now, afresh=True)
        decision = _by_hand(tx, thought, queue, ticket, actor)
        return _write(tx, replace(thought, decision=decision), mail, now)


def _held(tx: Reader, mail: int) -> tuple[Envelope, bytes]:
    """Envelope and bytes of a letter that is no article yet. Raises NotThere, BadData."""
    row = tx.letter(mail)
    if row.verdict not in ("held", "dropped"):
        raise errors.BadData(f"mail {mail} is not held: it is article {row.number}/{row.n}")
    envelope = Envelope(recipient=row.recipient, sender=row.sender, queue=row.said_queue, trust=row.trust)
    return envelope, tx.raw(row.raw_sha256)


def _by_hand(tx: Writer, thought: _Thought, queue: str | None, ticket: int | None, actor: Actor) -> Decision:
    """The decision that a person made; no automatic answer goes out."""
    article = thought.decision.article or intake.as_article(thought.letter, thought.judged, tx.now)
    why = (*thought.decision.why, f"placed by hand by {actor.name}")
    plain = replace(thought.decision, article=article, why=why, held=None, answer=None, tell=None, same_article=False)
    if ticket is not None:
        return replace(plain, verdict="follow-up", ticket=ticket, opening=None, changes=(), links=())
    opening = intake.opening(thought.letter, queue or thought.route.queue)
    return replace(plain, verdict="new", queue=opening.queue, ticket=None, opening=opening, changes=(), links=())


# -- read and think ---------------------------------------------------------------------------------------------


def _read(raw: bytes) -> Letter:
    """The letter; where even the total reader fails, a bare one that carries the failure as a remark."""
    try:
        return letter.read(raw)
    except Exception as failure:
        return Letter(raw=raw, sha256=hashlib.sha256(raw).hexdigest(), remarks=(f"{UNREAD}{type(failure).__name__}",))


UNREAD = "parser: failed: "


def _think(
    tx: Reader, read: Letter, envelope: Envelope, policy: Policy, now: datetime, *, afresh: bool = False
) -> _Thought:
    """All there is to find out about a letter. A failure in it is a decision too: to hold.

    `afresh`: the letter is stored already, so that having seen it means nothing.
    """
    if envelope.queue is not None and envelope.queue not in policy.queues:
        raise errors.NotThere(f"no queue {envelope.queue!r}; `ticketctl queue list` names them")
    if envelope.sender is None:
        envelope = replace(envelope, sender=read.envelope_from if read.envelope_from is not None else read.return_path)
    default = policy.desk.default_queue
    try:
        content = letter.fingerprint(read)
        route = intake.route(read, envelope, policy)
        asks = intake.asks(read, route, envelope, policy, content)
    except Exception as failure:
        content = read.sha256
        route = Route(queue=envelope.queue or default, enveloped="", why=f"queue {default}: the default")
        asks = Asks(key=f"\n{content}", content=content, message_id=None)
        return _at_a_loss(read, envelope, route, asks, tx.known(asks, now), failure)
    known = tx.known(asks, now)
    if afresh:
        known = replace(known, again=None, twins=(), same_id=False)
    try:
        judged = letter.judge(read, sender=envelope.sender, recipient=envelope.recipient, ours=_ours(policy))
        decision = intake.decide(read, envelope, route, judged, known, policy, now)
    except Exception as failure:
        return _at_a_loss(read, envelope, route, asks, known, failure)
    unread = next((remark for remark in read.remarks if remark.startswith(UNREAD)), None)
    if unread and decision.verdict in ("new", "follow-up"):
        decision = Decision(verdict="held", queue=route.queue, why=(*decision.why, unread), held=unread)
    return _Thought(letter=read, envelope=envelope, route=route, asks=asks, judged=judged, decision=decision)


def _at_a_loss(
    read: Letter, envelope: Envelope, route: Route, asks: Asks, known: Known, failure: Exception
) -> _Thought:
    """Something of ours failed: hold the letter, unless it was held before."""
    reason = f"a fault of ours: {type(failure).__name__}"
    if known.again is not None:
        why = f"duplicate: this mail came before, as mail {known.again.mail}"
        decision = Decision(verdict="duplicate", queue=route.queue, ticket=known.again.ticket, why=(route.why, why))
    else:
        decision = Decision(verdict="held", queue=route.queue, why=(route.why, reason), held=reason)
    return _Thought(letter=read, envelope=envelope, route=route, asks=asks,
                    judged=Judgement(kind=Kind.PERSONAL, rule=None), decision=decision)  # fmt: skip


def _ours(policy: Policy) -> Ours:
    return Ours(
        addresses=frozenset(normal(address) for queue in policy.queues.values() for address in queue.addresses),
        domain=policy.desk.domain.lower(),
        delimiter=policy.desk.recipient_delimiter,
        trusted_servers=frozenset(policy.desk.authserv_ids),
    )


# -- write ------------------------------------------------------------------------------------------------------


def _attempt(store: Store, read: Letter, envelope: Envelope, now: datetime) -> Received:
    """One transaction. If what was decided cannot be written, by a fault of ours, the letter is held in another."""
    thought: _Thought | None = None
    try:
        with store.writing(POSTMASTER, now) as tx:
            thought = _think(tx, read, envelope, tx.policy(), now)
            return _write(tx, thought, None, now)
    except (errors.TryAgain, errors.Unavailable, errors.Misconfigured, Again):
        raise
    except Exception as cause:
        if thought is None:
            raise
        fault = cause
    with store.writing(POSTMASTER, now) as tx:
        lost = _at_a_loss(read, thought.envelope, thought.route, thought.asks, tx.known(thought.asks, now), fault)
        return _write(tx, lost, None, now)


def _write(tx: Writer, thought: _Thought, mail: int | None, now: datetime) -> Received:
    """Letter, ticket, article, changes and what is owed. `mail`: the letter is stored already."""
    decision = thought.decision
    plain = Received(letter=thought.letter, envelope=thought.envelope, decision=decision)
    if decision.verdict == "refused":
        return plain
    if decision.verdict == "duplicate":
        return _duplicate(tx, thought, plain)
    if mail is None:
        mail = tx.accept(thought.letter, thought.envelope, decision, thought.asks)
    if decision.verdict in ("held", "dropped"):
        return replace(plain, mail=mail)
    if decision.same_article:
        twin = next(twin for twin in tx.known(thought.asks, now).twins if twin.ticket == decision.ticket)
        ticket = _ticket(tx, decision.ticket)
        tx.place(mail, ticket.id, twin.n, decision.verdict)
        return replace(plain, mail=mail, ticket=ticket.id, number=ticket.number, n=twin.n)
    ticket = _opened(tx, decision) if decision.opening else _ticket(tx, decision.ticket)
    n = ticket.articles + 1
    tx.place(mail, ticket.id, n, decision.verdict)
    ticket = tx.change(ticket.id, *_steps(tx, decision, ticket, n, mail))
    return replace(plain, mail=mail, ticket=ticket.id, number=ticket.number, n=n)


def _duplicate(tx: Writer, thought: _Thought, plain: Received) -> Received:
    """The first result once more."""
    again = tx.known(thought.asks, tx.now).again
    if again is None:
        raise Again
    ticket = tx.ticket(again.ticket) if again.ticket is not None else None
    return replace(plain, mail=again.mail, ticket=again.ticket, n=again.n, number=ticket.number if ticket else None)


def _ticket(tx: Reader, ticket_id: int | None) -> Ticket:
    ticket = tx.ticket(ticket_id) if ticket_id is not None else None
    if ticket is None:
        raise errors.NotThere(f"no ticket {ticket_id}")
    return ticket


def _opened(tx: Writer, decision: Decision) -> Ticket:
    opening = decision.opening
    if opening is None:
        raise errors.Failed("a new ticket without an opening")
    ticket_id, number = tx.number(tx.current().desk)
    return tx.change(
        None,
        Created(id=ticket_id, number=number, title=opening.title, queue=opening.queue, state=opening.state,
                priority=opening.priority, customer=opening.customer),  # fmt: skip
    )


def _steps(tx: Writer, decision: Decision, ticket: Ticket, n: int, mail: int) -> list[Step]:
    """The article, what follows from it, links, and the mails that are owed."""
    article = decision.article
    if article is None:
        raise errors.Failed("a letter on a ticket without an article")
    article = replace(article, n=n, mail=mail)
    added = ArticleAdded(
        n=n, channel="email", sender_type=article.sender_type, visible=article.visible, kind=article.kind,
        author=article.author.address, subject=article.subject, message_id=article.message_id, remarks=article.remarks,
    )  # fmt: skip
    steps = [Step(change=added, article=article, owed=_notices(tx, decision, ticket, n))]
    steps += [Step(change=change) for change in decision.changes]
    for other in decision.links:
        linked = tx.ticket(other)
        if linked is not None and linked.id != ticket.id:
            steps.append(Step(change=Linked(other=linked.id, number=linked.number)))
    if decision.answer is not None:
        steps.append(_answered(tx, decision, ticket, n, mail))
    return steps


def _answered(tx: Writer, decision: Decision, ticket: Ticket, n: int, mail: int) -> Step:
    """The automatic answer: token and Message-ID are fixed here, its text when the row is claimed (G5)."""
    answer = decision.answer
    if answer is None:
        raise errors.Failed("no answer to owe")
    fresh = token()
    owed = Owed(
        mail_class="auto",
        audience="auto",
        token=fresh,
        message_id=message_id(fresh, ticket.number, tx.current().desk.domain),
        sender="",
        recipients=(answer.recipient,),
        plan={"answer": answer.answer, "template": answer.template, "ticket": ticket.id, "article": n, "mail": mail},
    )
    return Step(change=Answered(answer=answer.answer, template=answer.template, recipient=answer.recipient),
                owed=(owed,))  # fmt: skip


def _notices(tx: Writer, decision: Decision, ticket: Ticket, n: int) -> tuple[Owed, ...]:
    """The agent whom a follow-up concerns is told."""
    agent = tx.current().agents.get(decision.tell) if decision.tell else None
    if agent is None or not agent.email:
        return ()
    fresh = token()
    return (
        Owed(
            mail_class="notice",
            audience="agent",
            token=fresh,
            message_id=message_id(fresh, ticket.number, tx.current().desk.domain),
            sender="",
            recipients=(agent.email,),
            plan={"event": "follow-up", "agent": agent.name, "ticket": ticket.id, "article": n},
        ),
    )
