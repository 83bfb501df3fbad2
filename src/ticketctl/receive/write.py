"""Write what was decided: letter, ticket, article, changes, and the mail that is owed."""

from __future__ import annotations

from msgspec.structs import replace

from ticketctl import errors
from ticketctl.change import Answered, ArticleAdded, Created
from ticketctl.change.step import Owed, Step, notice
from ticketctl.intake import AutoAnswer, Decision, Opening
from ticketctl.receive.breaker import trip
from ticketctl.receive.value import Received, Thought
from ticketctl.store import Again, Reader, Writer
from ticketctl.ticket import Ticket, message_id, token


def write(tx: Writer, thought: Thought, mail: int | None) -> Received:
    """Letter, ticket, article, changes and what is owed. `mail`: the letter is stored already."""
    decision = thought.decision
    plain = Received(letter=thought.letter, envelope=thought.envelope, decision=decision)
    if decision.verdict == "refused":
        return plain
    if decision.verdict == "duplicate":
        return _duplicate(tx, thought, plain)
    if mail is None:
        mail = tx.accept(thought.letter, thought.envelope, decision, thought.asks)
    else:
        tx.relabel(mail, decision.verdict, why=decision.why, queue=decision.queue)
        tx.rejudge(mail, thought.judged, decision.silence or thought.judged.silence)
    if decision.verdict in ("held", "dropped"):
        return replace(plain, mail=mail)
    if decision.same_article:
        twin = next(twin for twin in thought.known.twins if twin.ticket == decision.ticket)
        ticket = _ticket(tx, decision.ticket)
        tx.place(mail, ticket.id, twin.n, decision.verdict)
        return replace(plain, mail=mail, ticket=ticket.id, number=ticket.number, n=twin.n)
    if decision.opening is not None:
        created = _created(tx, decision.opening)
        steps = _steps(tx, decision, created.id, created.number, 1, mail)
        ticket = tx.change(None, created, *steps)  # at once: one row, one insert of its history
    else:
        ticket = _ticket(tx, decision.ticket)
        ticket = tx.change(ticket.id, *_steps(tx, decision, ticket.id, ticket.number, ticket.articles + 1, mail))
    tx.place(mail, ticket.id, ticket.articles, decision.verdict)
    if decision.external is not None:
        tx.group(decision.external, ticket.id, instead=decision.external_was)
    for other in decision.links:
        if other != ticket.id:
            tx.link(ticket.id, other)
    trip(tx, thought)
    return replace(plain, mail=mail, ticket=ticket.id, number=ticket.number, n=ticket.articles)


def _duplicate(tx: Writer, thought: Thought, plain: Received) -> Received:
    """The first result once more."""
    again = thought.known.again
    if again is None:
        raise Again
    ticket = tx.ticket(again.ticket) if again.ticket is not None else None
    return replace(plain, mail=again.mail, ticket=again.ticket, n=again.n, number=ticket.number if ticket else None)


def _ticket(tx: Reader, ticket_id: int | None) -> Ticket:
    ticket = tx.ticket(ticket_id) if ticket_id is not None else None
    if ticket is None:
        raise errors.NotThere(f"no ticket {ticket_id}")
    return ticket


def _created(tx: Writer, opening: Opening) -> Created:
    ticket_id, number = tx.number(tx.current().desk)
    return Created(id=ticket_id, number=number, title=opening.title, queue=opening.queue, state=opening.state,
                   priority=opening.priority, customer=opening.customer)  # fmt: skip


def _steps(tx: Writer, decision: Decision, ticket: int, number: str, n: int, mail: int) -> list[Step]:
    """The article, what follows from it, and the mails that are owed."""
    article = decision.article
    if article is None:
        raise errors.Failed("a letter on a ticket without an article")
    article = replace(article, n=n, mail=mail)
    added = ArticleAdded(
        n=n, channel="email", sender_type=article.sender_type, visible=article.visible, kind=article.kind,
        author=article.author.address, subject=article.subject, message_id=article.message_id, remarks=article.remarks,
    )  # fmt: skip
    steps = [Step(change=added, article=article, owed=_notices(tx, decision, ticket, number, n))]
    steps += [Step(change=change) for change in decision.changes]
    if decision.answer is not None:
        steps.append(_answered(tx, decision.answer, ticket, number, n, mail))
    return steps


def _answered(tx: Writer, answer: AutoAnswer, ticket: int, number: str, n: int, mail: int) -> Step:
    """The automatic answer: token and Message-ID are fixed here, its text when the row is claimed (G5)."""
    fresh = token()
    plan = {"answer": answer.answer, "template": answer.template, "ticket": ticket, "article": n, "mail": mail}
    owed = Owed(
        mail_class="auto",
        audience="auto",
        token=fresh,
        message_id=message_id(fresh, number, tx.current().desk.domain),
        sender="",
        recipients=(answer.recipient,),
        plan=plan | ({"language": answer.language} if answer.language else {}),
    )
    return Step(change=Answered(answer=answer.answer, template=answer.template, recipient=answer.recipient),
                owed=(owed,))  # fmt: skip


def _notices(tx: Writer, decision: Decision, ticket: int, number: str, n: int) -> tuple[Owed, ...]:
    """The agent whom a follow-up concerns is told."""
    agent = tx.current().agents.get(decision.tell) if decision.tell else None
    if agent is None or not agent.email:
        return ()
    plan = {"event": "follow-up", "agent": agent.name, "ticket": ticket, "article": n}
    return (notice(agent.email, number, tx.current().desk.domain, plan),)
