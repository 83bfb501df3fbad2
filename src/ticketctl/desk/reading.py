"""What an agent looks at: lists, a ticket with its thread, its history, an article's bytes; what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field

from ticketctl import query
from ticketctl.change import describe, evolve
from ticketctl.desk import Desk, Value, View, named, unread
from ticketctl.errors import NotThere, Unavailable, Usage
from ticketctl.page import (
    article_value,
    delivery_value,
    history_value,
    mail_value,
    outbox_value,
    show_value,
    ticket_value,
)
from ticketctl.party import parties
from ticketctl.query import And, ArticleRef, Or, Query, Span, Term
from ticketctl.ticket import Actor, Article, Attachment, State, StateType, Ticket

if TYPE_CHECKING:
    from ticketctl.store.value import Sort

LIVE = (StateType.NEW, StateType.OPEN, StateType.PENDING)
CALENDARS = ("text/calendar", "application/ics")
CALENDARS_READ = 20  # attachments of an article among which its calendars are looked for
GLANCE = 100  # tickets of each section of `status`, at most


class Listing(Struct, frozen=True, kw_only=True):
    """Tickets, whether there are more than were asked for, and the agent's time zone."""

    tickets: list[Value]
    more: bool
    zone: tzinfo
    spoken: frozenset[str] = frozenset()  # the fields that the query speaks of
    blind: bool = False  # the agent has no rights on any queue


class Shown(Struct, frozen=True, kw_only=True):
    """A ticket with its thread (`articles`: only those asked for), and the agent's time zone.

    `answers`: its automatic answers, which are no articles: `id` in the outbox, `recipient`, `status`, `template`.
    """

    value: Value
    zone: tzinfo
    answers: list[Value] = field(default_factory=list)
    meetings: dict[int, list[Value]] = field(default_factory=dict)  # of calendars, by the article's number


class Standing(Struct, frozen=True, kw_only=True):
    """What an agent should look at now, section by section (page.status): the first of each, and how many there are;
    the brakes by name and reason, and the agent's time zone."""

    sections: Value
    counts: dict[str, int]
    brakes: list[Value]
    zone: tzinfo


class File(Struct, frozen=True, kw_only=True):
    """A file's name and its bytes."""

    name: str
    content_type: str
    content: bytes


def tickets(
    desk: Desk,
    text: str = "",
    *,
    queues: Sequence[str] = (),
    everything: bool = False,
    sort: str = "created",
    reverse: bool = False,
    limit: int | None = None,
) -> Listing:
    """Tickets that match; of state type new, open, pending and of my queues, unless the query speaks of that itself."""
    with desk.reading() as view:
        asked = query.parse(text, now=desk.now, zone=view.zone())
        spoken = query.mentions(asked)
        known(view, asked)
        parts: list[Query] = [asked]
        if queues:
            for name in queues:
                _readable(view, name)
            parts.append(Term(field="queue", values=tuple(queues)))
        if not everything and not spoken & {"state", "type"}:
            parts.append(Term(field="type", values=LIVE))
        default = not queues and "queue" not in spoken
        found = view.tx.find(
            And(tuple(parts)),
            queues=mine(view) if default else view.queues(),
            readable=view.queues(),
            agent=view.agent,
            sort=cast("Any", sort),
            reverse=reverse,
            limit=None if limit is None else limit + 1,
        )
        shown = found if limit is None else found[:limit]
        return Listing(tickets=[_shape(view, each) for each in shown], more=len(shown) < len(found), zone=view.zone(),
                       spoken=frozenset(spoken), blind=not view.queues())  # fmt: skip


def mine(view: View) -> list[str]:
    """My queues, as far as I may read them; else all that I may read."""
    readable = view.queues()
    wanted = view.policy.agents[view.agent].my_queues
    below = [name for name in readable if any(name == top or name.startswith(f"{top}::") for top in wanted)]
    return below or readable


def known(view: View, asked: Query) -> None:
    """Raises NotThere (66) for a queue or an agent of the query that is not there; a queue that the agent may not read
    is not there either. Who left the desk is known as long as tickets have that owner."""
    for term in query.terms(asked):
        for value in map(str, term.values):
            if term.field == "queue":
                _readable(view, value)
            elif term.field == "owner" and value not in (query.ME, query.NOBODY, *view.policy.agents):
                alone = Term(field="owner", values=(value,))
                if not view.tx.find(alone, queues=view.queues(), agent=view.agent, limit=1):
                    named("agent", value, view.policy.agents)


def _readable(view: View, name: str) -> None:
    top, seen = name.removesuffix("::"), view.queues()
    if top not in seen and not any(queue.startswith(f"{top}::") for queue in seen):
        named("queue", name, seen)


def _shape(view: View, ticket: Ticket) -> Value:
    return ticket_value(ticket, unread=unread(ticket, view.agent))


def show(desk: Desk, word: str) -> Shown:
    """A ticket and its thread, or (17/3, 17/3/2) with that article alone."""
    ref = query.reference(word)
    with desk.reading() as view:
        ticket = view.ticket(_ticket_word(word, ref))
        if isinstance(ref, ArticleRef):
            articles = [_article(view, ticket, ref)]
        else:
            articles = view.tx.articles(ticket.id)
        deliveries = view.tx.deliveries(ticket.id)
        values = [
            article_value(each, deliveries=[delivery_value(**row) for row in deliveries.get(each.n, [])])
            for each in articles
        ]
        links = [{"type": link.type, "number": link.number} for link in view.tx.links(ticket.id)]
        reported = view.tx.answers_reported(ticket.id)
        answers = [
            {"id": row.id, "recipient": ", ".join(row.recipients), "status": reported.get(row.id, row.status),
             "template": row.plan.get("template")}
            for row in view.tx.answers(ticket.id)
        ]  # fmt: skip
        alone = isinstance(ref, ArticleRef)
        people = () if alone else parties(ticket, view.tx.mailed(ticket.id), articles, view.policy)
        value = show_value(_shape(view, ticket), articles=values, links=links, parties=people)
        return Shown(value=value, zone=view.zone(), answers=answers, meetings=_meetings(view, articles))


def _meetings(view: View, articles: Sequence[Article]) -> dict[int, list[Value]]:
    """What calendar parts say, read out of the mails; of one that says the same twice once."""
    found: dict[int, list[Value]] = {}
    for article in articles:
        for each in article.attachments:
            if each.content_type in CALENDARS and article.raw_sha256 is not None and each.n <= CALENDARS_READ:
                found.setdefault(article.n, []).extend(_met(view, article.raw_sha256, each))
    return {n: list({repr(value): value for value in values}.values()) for n, values in found.items() if values}


def _met(view: View, raw_sha256: str, attachment: Attachment) -> list[Value]:
    from msgspec.structs import replace

    from ticketctl import letter
    from ticketctl.letter import calendar
    from ticketctl.page.meeting import meeting_value

    length = min(attachment.length, 2 * calendar.SIZE)
    try:
        stretch = view.tx.raw_view(raw_sha256, attachment.offset, length)
    except Unavailable as why:
        if not why.damaged:
            raise
        return []  # fsck tells; the rest of the ticket can be read
    content = letter.decoded(stretch, replace(attachment, offset=0, length=length))
    return [meeting_value(event) for event in calendar.read(content)]


def _ticket_word(word: str, ref: object) -> str:
    return word.strip().split("/", 1)[0] if isinstance(ref, ArticleRef) else word


def _article(view: View, ticket: Ticket, ref: ArticleRef) -> Article:
    article = view.tx.article(ticket.id, ref.article)
    if article is None:
        raise NotThere(f"no article {ref.article} on ticket {ticket.number}: it has {ticket.articles}",
                       ticket=ticket.number)  # fmt: skip
    return article


def raw(desk: Desk, word: str) -> File:
    """The bytes of an article's mail exactly as they came. A ticket's own word names its only mail."""
    with desk.reading() as view:
        ticket, articles = _named(view, word)
        mails = [each for each in articles if each.raw_sha256]
        if not mails:
            raise NotThere(f"no mail behind {word}: it was never one", ticket=ticket.number)
        if len(mails) > 1:
            choice = " ".join(f"{ticket.id}/{each.n}" for each in mails)
            raise Usage(f"{word} has several mails: name one of {choice}")
        name = f"{ticket.number}-{mails[0].n}.eml"
        return File(name=name, content_type="message/rfc822", content=view.tx.raw(mails[0].raw_sha256 or ""))


def headers(desk: Desk, word: str) -> dict[int, list[tuple[str, str]]]:
    """Every header of each article's mail, as read, by the article's number."""
    from ticketctl import letter

    with desk.reading() as view:
        _, articles = _named(view, word)
        return {
            each.n: list(letter.read(view.tx.raw(each.raw_sha256)).headers) for each in articles if each.raw_sha256
        }


def attachments(desk: Desk, word: str) -> list[File]:
    """The attachments that a word names: of a ticket, of an article, or that one (17/3/2)."""
    from msgspec.structs import replace

    from ticketctl import letter

    ref = query.reference(word)
    only = ref.attachment if isinstance(ref, ArticleRef) else None
    files: list[File] = []
    with desk.reading() as view:
        ticket, articles = _named(view, word)
        for article in articles:
            for each in article.attachments:
                if only not in (None, each.n) or article.raw_sha256 is None:
                    continue
                stretch = view.tx.raw_view(article.raw_sha256, each.offset, each.length)
                content = letter.decoded(stretch, replace(each, offset=0))
                files.append(File(name=each.name, content_type=each.content_type, content=content))
        if only is not None and not files:
            raise NotThere(f"no attachment {only} at {word.rpartition('/')[0]}", ticket=ticket.number)
    return files


def _named(view: View, word: str) -> tuple[Ticket, list[Article]]:
    ref = query.reference(word)
    ticket = view.ticket(_ticket_word(word, ref))
    if isinstance(ref, ArticleRef):
        return ticket, [_article(view, ticket, ref)]
    return ticket, view.tx.articles(ticket.id)


def history(desk: Desk, word: str) -> tuple[list[Value], tzinfo]:
    """Who, what, when, through what; oldest first."""
    with desk.reading() as view:
        ticket = view.ticket(word)
        before: Ticket | None = None
        entries = []
        for entry in view.tx.history(ticket.id):
            old, new, text = describe(entry.change, before)
            before = evolve(before, entry.change, entry.at)
            actor = Actor(agent=entry.as_ or entry.actor, real=entry.actor if entry.as_ else None, via=entry.via)
            entries.append(
                history_value(version=entry.version, at=entry.at, actor=actor, change=type(entry.change).__name__,
                              old=old, new=new, text=text)
            )  # fmt: skip
        return entries, view.zone()


def status(desk: Desk) -> Standing:
    """What an agent should look at now."""
    with desk.reading() as view:
        tx, me = view.tx, view.agent

        def some(*terms: Query, queues: Sequence[str] | None = None, sort: Sort = "created") -> list[Value]:
            scope = mine(view) if queues is None else queues
            found = tx.find(And(terms), queues=scope, agent=me, sort=sort, limit=GLANCE)
            return [_shape(view, each) for each in found]

        live, own = Term(field="type", values=LIVE), Term(field="owner", values=(query.ME,))
        reminders = tx.find(
            And((own, Term(field="state", values=(State.PENDING_REMINDER,)))), queues=view.queues(), agent=me
        )
        held = None if view.admin else view.queues("rw")
        letters = tx.letters(queues=held, limit=GLANCE)
        free = Or((Term(field="lock", values=("unlocked",)), own))
        value: Value = {
            "new": some(Term(field="type", values=(StateType.NEW,)), free),
            "answered": some(live, own, Term(field="waiting", values=("us",)), queues=view.queues()),
            "overdue": some(live, Term(field="due", values=(Span(until=desk.now),)), sort="due"),
            "reminders": [_shape(view, each) for each in reminders if (each.pending_until or desk.now) <= desk.now],
            "unsent": [outbox_value(row_fields(row)) for row in tx.outbox(agent=me, limit=GLANCE, notices=False)],
            "held": [mail_value(letter_fields(each)) for each in letters],
        }  # fmt: skip
        brakes = [{"name": brake.name, "reason": brake.reason or None} for brake in tx.brakes()]
        counts = {key: len(rows) for key, rows in value.items()}
        if max(counts.values()) >= GLANCE:
            all_ = tx.standing(me, desk.now, queues=mine(view), readable=view.queues(), held=held)
            most = {"new": all_.new, "answered": all_.fresh, "overdue": all_.overdue, "unsent": all_.unsent,
                    "held": all_.held}  # fmt: skip
            counts |= {key: n for key, n in most.items() if counts[key] == GLANCE and n > GLANCE}
        return Standing(sections=value, counts=counts, brakes=brakes, zone=view.zone())


def letter_fields(letter: Any) -> dict[str, object]:
    """A letter's row under the contract's names."""
    return {
        "id": letter.id, "received": letter.received, "recipient": letter.recipient, "sender": letter.sender,
        "message_id": letter.message_id, "from": letter.author, "subject": letter.subject, "verdict": letter.verdict,
        "kind": letter.kind, "rule": letter.rule, "why": letter.why, "number": letter.number,
        "article": f"{letter.ticket}/{letter.n}" if letter.n is not None else None, "raw_sha256": letter.raw_sha256,
    }  # fmt: skip


def row_fields(row: Any) -> dict[str, object]:
    """An outbox row under the contract's names."""
    return {
        "id": row.id, "created": row.created, "class": row.mail_class, "status": row.status, "number": row.number,
        "recipients": row.recipients, "subject": row.subject, "tries": row.tries, "next_try": row.next_try,
        "last_error": row.last_error,
    }  # fmt: skip
