"""Notes: what agents say to each other, internal always; and what a phone call brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from ticketctl.change import ArticleAdded
from ticketctl.change.step import Owed, Step, notice
from ticketctl.desk import Desk, Outcome, Plan, View, each
from ticketctl.policy import Agent
from ticketctl.ticket import Address, Article, Ticket

Enclosed = tuple[str, str, bytes]  # name, type, bytes
NoteChannel = Literal["note", "phone"]


def note(
    desk: Desk, words: Sequence[str], *, text: str, channel: NoteChannel = "note", files: Sequence[Enclosed] = ()
) -> Outcome:
    """An internal note on each ticket; with `phone`, what the customer said on the telephone, which is visible."""

    def plan(view: View, ticket: Ticket) -> Plan:
        step = said(view, ticket, text, channel=channel)
        return Plan(steps=[_with(step, files, text) if files else step])

    return each(desk, words, plan)


def _with(step: Step, files: Sequence[Enclosed], text: str) -> Step:
    """The article with files. An attachment is a view of raw bytes, so the note gets some: a mail that nobody sends."""
    from email.message import EmailMessage
    from email.policy import SMTP

    from ticketctl import letter
    from ticketctl.letter.attachments import safe

    message = EmailMessage(policy=SMTP.clone(linesep="\n"))
    message.set_content(text)
    for name, content_type, content in files:
        main, _, sub = content_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=safe(name) or "attachment")
    raw = message.as_bytes()
    if step.article is None:
        raise ValueError("a note without an article")
    return replace(step, article=replace(step.article, attachments=letter.read(raw).attachments), raw=raw)


def with_note(view: View, ticket: Ticket, text: str | None, *steps: Step) -> list[Step]:
    """The steps with an internal note before them, where there is a text: for `-m` of verbs that change."""
    return [said(view, ticket, text), *steps] if text is not None else list(steps)


def said(
    view: View, ticket: Ticket | None, text: str, *, channel: NoteChannel = "note", customer: Address | None = None
) -> Step:
    """The article of a note or a call. `ticket` None: the first article of one that is being made."""
    agent = view.policy.agents[view.agent]
    called = channel == "phone"
    caller = (ticket.customer if ticket else customer) or Address()
    author = caller if called else Address(address=agent.email, name=agent.full_name)
    n = ticket.articles + 1 if ticket else 1
    article = Article(
        n=n,
        channel=channel,
        sender_type="customer" if called else "agent",
        visible=called,
        author=author,
        date=view.now,
        received=view.now,
        body=text,
    )
    change = ArticleAdded(
        n=n,
        channel=channel,
        sender_type=article.sender_type,
        visible=called,
        author=(author.address or author.name) if called else agent.name,
    )
    return Step(change=change, article=article)


def told(view: View, ticket: Ticket, agent: str | None, event: str) -> tuple[Owed, ...]:
    """The notice to an agent whom a change concerns; none to oneself, or where there is no address."""
    person: Agent | None = view.policy.agents.get(agent) if agent else None
    if person is None or not person.email or person.name == view.agent:
        return ()
    plan = {"event": event, "agent": person.name, "ticket": ticket.id, "by": view.agent}
    return (notice(person.email, ticket.number, view.policy.desk.domain, plan),)
