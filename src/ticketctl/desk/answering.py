"""A reply: lock and compose; then, after the editor, commit or give back what was taken (contract section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ticketctl.change import Change, GaveBack, StateSet, Taken, permit
from ticketctl.change.step import Step
from ticketctl.change.value import ArticleAdded
from ticketctl.desk import Desk, Value, View, attempt, ours
from ticketctl.desk.making import address
from ticketctl.desk.moving import resolved
from ticketctl.desk.sending import mailed
from ticketctl.errors import BadData, NotThere, TryAgain
from ticketctl.page import article_value, delivery_value, moment
from ticketctl.ticket import Address, Article, State, Ticket, message_id, token

if TYPE_CHECKING:
    from ticketctl.store import Writer


class Wish(Struct, frozen=True, kw_only=True):
    """What a reply is to be, by its options; plain values."""

    template: str | None = None
    text: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    keep_cc: bool = True
    quote: bool = True
    if_version: int | None = None
    until: str | None = None  # WHEN it is to come back
    files: tuple[tuple[str, str], ...] = ()  # name and type of each that goes with it


def begin(desk: Desk, word: str, wish: Wish) -> Value:
    """Lock and own, in a transaction of its own, and compose the draft: from then on nobody else can write.

    Gives `ticket`, `draft` (the mail as plain values), `seen` (articles so far), `before` (lock and owner as they
    were, None where the agent had both), `confirm`, and `undelivered`: the addresses that a mail server refused for
    good when we last wrote to them (`recipient`, `code`, `at`); they hinder nothing.
    Raises Locked (79), TryAgain (75) for another version, and
    BadData or NotThere for whatever of the wish could not be sent: before anything is taken.
    """
    made: list[Value] = []
    if wish.until is not None:
        resolved(desk, wish.until)

    def work(view: View, tx: Writer) -> None:
        made.clear()
        ticket = ours(view, tx, word)
        if wish.if_version is not None and ticket.version != wish.if_version:
            raise TryAgain(f"ticket {ticket.number} is at version {ticket.version}, not {wish.if_version}: look again",
                           ticket=ticket.number)  # fmt: skip
        permit(_answer(ticket.articles + 1, view.agent), ticket, view.actor, view.policy)
        mine = ticket.locked and ticket.owner == view.agent
        draft = composed(view, ticket, tx.articles(ticket.id), wish)
        answer(view, ticket, draft, [(name, kind, b"") for name, kind in wish.files])
        refused = tx.undelivered(ticket.id, [each["address"] for name in ("to", "cc", "bcc") for each in draft[name]])
        taken = ticket if mine else tx.change(ticket.id, Taken(owner=view.agent))
        made.append(
            {
                "ticket": desk.shape(taken, agent=view.agent),
                "draft": draft,
                "seen": ticket.articles,
                "before": None if mine else {"owner": ticket.owner, "locked": ticket.locked},
                "confirm": view.policy.agents[view.agent].confirm,
                "undelivered": [{**each, "at": moment(each["at"])} for each in refused],
            }
        )

    attempt(desk, desk.actor(), work)
    return made[0]


def composed(view: View, ticket: Ticket, articles: Sequence[Article], wish: Wish) -> Value:
    """The draft's headers and text as plain values; `as_outgoing` makes the mail of them."""
    from ticketctl import render

    if wish.template is not None:
        _offered(view, ticket, wish.template)
    draft = render.draft(
        view.policy,
        ticket,
        articles,
        agent=view.agent,
        token=token(),
        now=view.now,
        text=wish.text,
        template=wish.template,
        to=[_address("--to", each) for each in wish.to],
        cc=[_address("--cc", each) for each in wish.cc],
        bcc=[_address("--bcc", each) for each in wish.bcc],
        keep_cc=wish.keep_cc,
        quote=wish.quote,
    )
    people = {name: [_person(each) for each in getattr(draft, name)] for name in ("to", "cc", "bcc")}
    return {
        "token": draft.token,
        "sender": draft.sender,
        "from": _person(draft.from_),
        **people,
        "reply_to": draft.reply_to,
        "subject": draft.subject,
        "in_reply_to": draft.in_reply_to,
        "references": list(draft.references),
        "body": draft.body,
    }


def commit(
    desk: Desk,
    number: str,
    draft: Mapping[str, Any],
    *,
    attachments: Sequence[tuple[str, str, bytes]] = (),
    state: str | None = None,
    until: str | None = None,
    seen: int | None = None,
) -> Value:
    """The reply in one transaction: article, finished bytes, state and outbox row.

    `until`: WHEN it is to come back, pending. `seen`: the articles that the agent knew of; where more are there,
    nothing is written and `meanwhile` has them.
    Gives `ticket`, `article` (its address), `outbox` (the row's id), `until` (on the agent's clock), `meanwhile`.
    Raises Locked where the lock was stolen, BadData for what cannot be sent. In a rehearsal the lock is
    taken here: that of `begin` was not kept.
    """
    made: list[Value] = []
    moment, shown = resolved(desk, until) if until is not None else (None, None)

    def work(view: View, tx: Writer) -> None:
        made.clear()
        ticket = ours(view, tx, number)
        news = [each for each in tx.articles(ticket.id) if seen is not None and each.n > seen]
        if news:
            made.append({"meanwhile": [article_value(each) for each in news]})
            return
        sent = answer(view, ticket, draft, attachments)
        change = _state(ticket, State.PENDING_REMINDER if moment else State(state or State.OPEN), moment)
        mine = ticket.locked and ticket.owner == view.agent
        taken = [Taken(owner=view.agent)] if desk.dry_run and not mine else []
        after = tx.change(ticket.id, *taken, sent, *change)
        row = tx.owed[draft["token"]]
        made.append(
            {
                "ticket": desk.shape(after, agent=view.agent),
                "article": f"{after.id}/{after.articles}",
                "outbox": row,
                "until": shown,
                "meanwhile": [],
            }
        )

    attempt(desk, desk.actor(), work)
    return made[0]


def give_back(desk: Desk, number: str, before: Mapping[str, Any]) -> None:
    """Given up: lock and owner go back to what they were, if nobody else has them now."""

    def work(view: View, tx: Writer) -> None:
        ticket = ours(view, tx, number)
        if ticket.locked and ticket.owner == view.agent:
            tx.change(ticket.id, GaveBack(owner=before["owner"], locked=before["locked"]))

    attempt(desk, desk.actor(), work)


def answer(
    view: View, ticket: Ticket, draft: Mapping[str, Any], attachments: Sequence[tuple[str, str, bytes]] = ()
) -> Step:
    """A mail to the customer as a step: the article with its finished bytes, and the row that owes it."""
    from ticketctl import render

    fresh = draft["token"]
    mail = render.Outgoing(
        token=fresh,
        message_id=message_id(fresh, ticket.number, view.policy.desk.domain),
        date=view.now.replace(microsecond=0),
        sender=draft["sender"],
        from_=Address(**draft["from"]),
        to=tuple(Address(**each) for each in draft["to"]),
        cc=tuple(Address(**each) for each in draft["cc"]),
        bcc=tuple(Address(**each) for each in draft["bcc"]),
        reply_to=draft["reply_to"],
        subject=draft["subject"],
        in_reply_to=draft["in_reply_to"],
        references=tuple(draft["references"]),
        body=draft["body"],
        enclosed=tuple(
            render.Enclosed(name=name, content_type=kind, content=content) for name, kind, content in attachments
        ),
    )
    return mailed(mail, agent=view.agent, n=ticket.articles + 1)


def _answer(n: int, agent: str) -> ArticleAdded:
    return ArticleAdded(n=n, channel="email", sender_type="agent", visible=True, author=agent)


def _state(ticket: Ticket, state: State, until: datetime | None) -> list[Change]:
    """The state that the ticket is to have. A closed one is opened before it can be pending."""
    if state is ticket.state and until == ticket.pending_until:
        return []
    reopened: list[Change] = [StateSet(state=State.OPEN)] if ticket.closed is not None and until is not None else []
    return [*reopened, StateSet(state=state, pending_until=until)]


def deliveries(desk: Desk, address: str) -> list[Value]:
    """What became of an article's mail, recipient by recipient."""
    ticket, _, n = address.partition("/")
    with desk.reading() as view:
        return [delivery_value(**each) for each in view.tx.deliveries(int(ticket)).get(int(n), [])]


def _offered(view: View, ticket: Ticket, name: str) -> None:
    """Is it a template for answers, in this queue?"""
    template = view.policy.templates.get(name)
    if template is None:
        raise NotThere(f"no template {name!r}; `ticketctl template list` names them")
    if template.kind != "answer":
        raise BadData(f"template {name!r} is of kind {template.kind}, not answer")
    queue = view.policy.queues.get(ticket.queue)
    if queue is not None and queue.templates and name not in queue.templates:
        raise BadData(f"template {name!r} is not offered in queue {queue.name}: {', '.join(queue.templates)}")


def _address(option: str, text: str) -> Address:
    """The address that an option gives. Raises BadData for one that nobody can be written to."""
    from ticketctl.render import check_address

    found = address(text)
    return Address(address=check_address(option, found.address), name=found.name)


def _person(person: Address) -> dict[str, str | None]:
    return {"address": person.address, "name": person.name}
