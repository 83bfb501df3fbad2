"""Between values and rows: a ticket and an article as columns, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from sqlalchemy import Row, select

from ticketctl.change import Change, decode, encode
from ticketctl.change.step import Owed
from ticketctl.store import tables as t
from ticketctl.store.types import cleaned
from ticketctl.store.value import Entry, LetterRow, OutboxRow
from ticketctl.ticket import (
    Actor,
    Address,
    Article,
    Attachment,
    Kind,
    Priority,
    State,
    StateType,
    Ticket,
    normal,
    untagged,
)

if TYPE_CHECKING:
    from ticketctl.intake.value import Asks, Decision, Envelope
    from ticketctl.letter.value import Letter

LIVE = (StateType.NEW, StateType.OPEN, StateType.PENDING)
KEY_LENGTH = 250
TAG_LENGTH = 120
TITLE_LENGTH = 100  # of a title, what lists are sorted by

DERIVED = (
    "live", "state_type", "priority_rank", "customer_key", "customer_domain", "due", "title_fold", "title_key",
)  # fmt: skip
TICKET = select(*(column for column in t.ticket.c if column.name not in DERIVED))
ARTICLE = select(*(column for column in t.article.c if column.name not in ("agent", "author_fold", "subject_fold")))
LETTER = select(t.letter, t.ticket.c.number).join_from(t.letter, t.ticket, isouter=True)
OUTBOX = select(t.outbox, t.ticket.c.number).join_from(t.outbox, t.ticket, isouter=True)
HISTORY = select(t.history)


def address_key(address: str | None) -> str | None:
    """An address as look-ups compare it."""
    return cleaned(normal(address))[:KEY_LENGTH] if address else None


def domain_key(address: str | None) -> str | None:
    """The domain of an address (or of `@domain`) as look-ups compare it; None where it has none."""
    return (address_key(address) or "").rpartition("@")[2] or None if address and "@" in address else None


def key_digest(key: str) -> str:
    """A letter's key (G4), short enough for a unique index."""
    return hashlib.sha256(cleaned(key).encode()).hexdigest()


def counted_keys(address: str) -> tuple[str, str]:
    """What the counters of G13 count by: the address, normalised, and the domain that the mail goes to.

    Not the domain that SRS claims inside an address: anybody can write another one there each time.
    """
    domain = address.strip().rstrip(".").lower().rpartition("@")[2]
    return cleaned(untagged(address))[:KEY_LENGTH], cleaned(domain)[:KEY_LENGTH]


def tag_rows(ticket_id: int, tags: Iterable[str]) -> list[dict[str, Any]]:
    """The tags of a ticket as rows of `tag`."""
    return [{"ticket_id": ticket_id, "tag": each} for each in dict.fromkeys(cleaned(tag)[:TAG_LENGTH] for tag in tags)]


def due(ticket: Ticket) -> datetime | None:
    """The nearest of the ticket's deadlines."""
    return min((x for x in (ticket.first_response_due, ticket.update_due, ticket.solution_due) if x), default=None)


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """A ticket as the columns of its row, derived ones included."""
    return {
        "id": ticket.id,
        "number": ticket.number,
        "version": ticket.version,
        "title": ticket.title,
        "queue": ticket.queue,
        "state": ticket.state.value,
        "priority": ticket.priority.value,
        "locked": ticket.locked,
        "owner": ticket.owner,
        "responsible": ticket.responsible,
        "customer_address": ticket.customer.address,
        "customer_name": ticket.customer.name,
        "created": ticket.created,
        "changed": ticket.changed,
        "closed": ticket.closed,
        "pending_until": ticket.pending_until,
        "first_response_due": ticket.first_response_due,
        "update_due": ticket.update_due,
        "solution_due": ticket.solution_due,
        "waiting_on": ticket.waiting_on,
        "articles": ticket.articles,
        "last_customer_article": ticket.last_customer_article,
        "last_agent_article": ticket.last_agent_article,
        "parties": ticket.parties,
        "tags": ticket.tags,
        "watchers": ticket.watchers,
        "merged_into": ticket.merged_into,
        "fields": ticket.fields,
    } | derived(ticket)


def derived(ticket: Ticket) -> dict[str, Any]:
    """The columns that follow from the others, for indexes."""
    live = ticket.state.type in LIVE
    return {
        "live": live,
        "state_type": ticket.state.type.value,
        "priority_rank": ticket.priority.rank,
        "customer_key": address_key(ticket.customer.address),
        "customer_domain": domain_key(ticket.customer.address),
        "due": due(ticket) if live else None,
        "title_fold": ticket.title.casefold(),
        "title_key": cleaned(ticket.title.casefold())[:TITLE_LENGTH],
    }


def ticket_of(row: Row[Any]) -> Ticket:
    """The ticket of a row of TICKET."""
    values = row._asdict()
    values["state"] = State(values["state"])
    values["priority"] = Priority(values["priority"])
    values["customer"] = Address(address=values.pop("customer_address"), name=values.pop("customer_name"))
    for name in ("parties", "tags", "watchers"):
        values[name] = tuple(values[name])
    return Ticket(**values)


def article_row(article: Article, ticket_id: int, agent: str | None) -> dict[str, Any]:
    """An article as the columns of its row, without its id."""
    return {
        "ticket_id": ticket_id,
        "n": article.n,
        "channel": article.channel,
        "sender_type": article.sender_type,
        "visible": article.visible,
        "author_address": article.author.address,
        "author_name": article.author.name,
        "recipients": [_pairs(article.to), _pairs(article.cc), _pairs(article.reply_to)],
        "subject": article.subject,
        "date": article.date,
        "received": article.received,
        "message_id": article.message_id,
        "in_reply_to": article.in_reply_to,
        "refs": article.references,
        "body": article.body,
        "body_type": article.body_type,
        "kind": article.kind.value,
        "remarks": article.remarks,
        "attachments": [asdict(each) for each in article.attachments],
        "raw_sha256": article.raw_sha256,
        "letter_id": article.mail,
        "agent": agent,
        "author_fold": "",
        "subject_fold": "",
    }


def article_of(row: Row[Any]) -> Article:
    """The article of a row of ARTICLE."""
    values = row._asdict()
    del values["ticket_id"]
    values["author"] = Address(address=values.pop("author_address"), name=values.pop("author_name"))
    values["to"], values["cc"], values["reply_to"] = (_addresses(each) for each in values.pop("recipients"))
    values["references"] = tuple(values.pop("refs"))
    values["kind"] = Kind(values["kind"])
    values["remarks"] = tuple(values["remarks"])
    values["attachments"] = tuple(Attachment(**each) for each in values["attachments"])
    values["mail"] = values.pop("letter_id")
    return Article(**values)


def history_row(ticket_id: int, version: int, change: Change, actor: Actor, now: datetime) -> dict[str, Any]:
    """An accepted change as its row of the history."""
    return acting(actor) | {
        "ticket_id": ticket_id, "version": version, "at": now, "name": type(change).__name__, "data": encode(change),
    }  # fmt: skip


def entry_of(row: Row[Any]) -> Entry:
    """The history entry of a row of HISTORY. Raises KeyError, TypeError or ValueError on what we never wrote."""
    return Entry(
        ticket=row.ticket_id,
        version=row.version,
        at=row.at,
        actor=row.actor,
        as_=row.acting_as,
        via=row.via,
        uid=row.uid,
        change=decode(row.name, row.data),
    )


def acting(actor: Actor) -> dict[str, Any]:
    """Who acts, as columns of the history."""
    return {
        "actor": actor.real or actor.name,
        "acting_as": actor.agent if actor.real else None,
        "via": actor.via,
        "uid": actor.uid,
    }


def letter_row(
    letter: Letter, envelope: Envelope, decision: Decision, asks: Asks, raw_sha256: str, now: datetime, *, first: bool
) -> dict[str, Any]:
    """A letter and what was decided as the columns of its row, without its id, its ticket and `n`. `first`: no letter
    before had this content."""
    from ticketctl.intake.value import message_id_key

    author = letter.author
    return {
        "key_digest": key_digest(asks.key),
        "key_queue": asks.key.partition("\n")[0],
        "content": asks.content,
        "first": asks.content if first else None,
        "received": now,
        "recipient": envelope.recipient,
        "sender": envelope.sender,
        "said_queue": envelope.queue,
        "trust": envelope.trust,
        "message_id": letter.message_id,
        "id_key": message_id_key(letter.message_id) if letter.message_id else None,
        "author_address": author.address,
        "author_name": author.name if author.address else letter.claimed or author.name,
        "subject": letter.subject,
        "queue": decision.queue,
        "verdict": decision.verdict,
        "kind": decision.kind.value,
        "rule": decision.rule,
        "silence": decision.silence,
        "why": decision.why,
        "held": decision.held,
        "raw_sha256": raw_sha256,
        "size": len(letter.raw),
    }


def reference_rows(letter_id: int, asks: Asks) -> list[dict[str, Any]]:
    """The ids that a letter names, strongest first."""
    return [{"letter_id": letter_id, "position": i, "id_key": each} for i, each in enumerate(asks.ids, 1)]


def letter_of(row: Row[Any]) -> LetterRow:
    """The letter of a row of LETTER."""
    values = row._asdict()
    for name in ("key_digest", "id_key", "first"):
        del values[name]
    values["ticket"] = values.pop("ticket_id")
    values["author"] = Address(address=values.pop("author_address"), name=values.pop("author_name"))
    values["silence"], values["why"] = tuple(values["silence"]), tuple(values["why"])
    return LetterRow(**values)


def outbox_row(
    owed: Owed,
    now: datetime,
    *,
    ticket: int | None,
    n: int,
    version: int | None,
    agent: str | None,
    raw_sha256: str | None,
) -> dict[str, Any]:
    """A mail that we owe as the columns of its row, without its id."""
    counted = owed.recipients[0] if owed.mail_class == "auto" and owed.recipients else None
    address, domain = counted_keys(counted) if counted else (None, None)
    return {
        "created": now,
        "mail_class": owed.mail_class,
        "audience": owed.audience,
        "status": "owed",
        "ticket_id": ticket,
        "n": n,
        "version": version,
        "agent": agent,
        "message_id": owed.message_id,
        "token": owed.token,
        "sender": owed.sender,
        "recipients": owed.recipients,
        "subject": owed.subject,
        "plan": owed.plan,
        "raw_sha256": raw_sha256,
        "tries": 0,
        "next_try": now,
        "address_key": address,
        "domain_key": domain,
    }


def token_row(owed: Owed, ticket: int, n: int) -> dict[str, Any]:
    """The token of a mail that we owe on a ticket."""
    return {
        "token": owed.token, "ticket_id": ticket, "n": n, "audience": owed.audience, "message_id": owed.message_id,
        "recipients": sorted({normal(each) for each in owed.recipients}),
    }  # fmt: skip


def delivery_rows(
    outbox_id: int, ticket: int | None, n: int, recipients: Sequence[str], now: datetime, *, last: int = 0
) -> list[dict[str, Any]]:
    """A delivery for each recipient, after the `last` that the mail has."""
    beside = {"outbox_id": outbox_id, "ticket_id": ticket, "n": n, "status": "owed", "at": now}
    return [beside | {"position": last + i, "recipient": each} for i, each in enumerate(recipients, 1)]


def outbox_of(row: Row[Any]) -> OutboxRow:
    """The mail of a row of OUTBOX."""
    values = row._asdict()
    for name in ("version", "claimed", "address_key", "domain_key"):
        del values[name]
    values["ticket"] = values.pop("ticket_id")
    values["recipients"] = tuple(values["recipients"])
    return OutboxRow(**values)


def _pairs(addresses: Sequence[Address]) -> list[list[str | None]]:
    return [[each.address, each.name] for each in addresses]


def _addresses(pairs: list[list[str | None]]) -> tuple[Address, ...]:
    return tuple(Address(address=address, name=name) for address, name in pairs)
