"""The core's values as the plain dicts and lists of the contract's machine output (section 6), key by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ticketctl.party import Party
from ticketctl.ticket import Actor, Address, Article, Ticket, Via

Value = dict[str, Any]


def moment(when: datetime | None) -> str | None:
    """A UTC time as `2026-11-22T10:00:00Z`; None stays None."""
    return None if when is None else f"{when:%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")


def address_value(address: Address) -> Value:
    return {"address": address.address or None, "name": address.name or None}


def ticket_value(
    ticket: Ticket, *, unread: bool = False, merged_into: str | None = None, dry_run: bool = False
) -> Value:
    """A ticket. `unread` is for the agent who asks; `merged_into` is the other ticket's number."""
    value: Value = {
        "number": ticket.number,
        "id": ticket.id,
        "version": ticket.version,
        "title": ticket.title or None,
        "queue": ticket.queue,
        "state": ticket.state.value,
        "state_type": ticket.state.type.value,
        "priority": ticket.priority.value,
        "lock": "locked" if ticket.locked else "unlocked",
        "owner": ticket.owner or None,
        "responsible": ticket.responsible or None,
        "customer": address_value(ticket.customer),
        "created": moment(ticket.created),
        "changed": moment(ticket.changed),
        "closed": moment(ticket.closed),
        "pending_until": moment(ticket.pending_until),
        "first_response_due": moment(ticket.first_response_due),
        "update_due": moment(ticket.update_due),
        "solution_due": moment(ticket.solution_due),
        "waiting_on": ticket.waiting_on,
        "unread": unread,
        "articles": ticket.articles,
        "tags": list(ticket.tags),
        "watchers": list(ticket.watchers),
        "merged_into": merged_into,
        "fields": dict(ticket.fields),
    }
    return {**value, "dry_run": True} if dry_run else value


def show_value(
    ticket: Value, *, articles: Sequence[Value], links: Sequence[Value] = (), parties: Iterable[Party] = ()
) -> Value:
    """A ticket's value with its thread in place of its count, its links (`type`, `number`), and its people."""
    people = [{"address": each.address, "role": each.role} for each in parties]
    return {**ticket, "articles": list(articles), "links": list(links), "parties": people}


def article_value(article: Article, *, deliveries: Iterable[Value] = (), crypto: Value | None = None) -> Value:
    """An article with the fate of its mail."""
    return {
        "id": article.id,
        "n": article.n,
        "mail": article.mail,
        "channel": article.channel,
        "sender_type": article.sender_type,
        "visible": article.visible,
        "from": address_value(article.author),
        "to": [address_value(address) for address in article.to],
        "cc": [address_value(address) for address in article.cc],
        "subject": article.subject or None,
        "date": moment(article.date),
        "received": moment(article.received),
        "message_id": article.message_id or None,
        "in_reply_to": article.in_reply_to or None,
        "references": list(article.references),
        "body": article.body,
        "body_type": article.body_type,
        "kind": article.kind.value,
        "remarks": list(article.remarks),
        "attachments": [
            {
                "n": attachment.n,
                "name": attachment.name or None,
                "content_type": attachment.content_type,
                "size": attachment.size,
                "sha256": attachment.sha256,
            }
            for attachment in article.attachments
        ],
        "raw_sha256": article.raw_sha256 or None,
        "deliveries": list(deliveries),
        "crypto": crypto,
    }


def delivery_value(
    *, recipient: str, status: str, code: str | None = None, permanent: bool | None = None, at: datetime | None = None
) -> Value:
    """What became of the mail to one recipient."""
    return {"recipient": recipient, "status": status, "code": code or None, "permanent": permanent, "at": moment(at)}


def history_value(
    *,
    version: int,
    at: datetime,
    actor: Actor,
    change: str,
    old: str | None = None,
    new: str | None = None,
    text: str | None = None,
    via: Via | None = None,
) -> Value:
    """An entry of the history: `actor` is who sat there, `as` whose rights they used (null: their own)."""
    return {
        "version": version,
        "at": moment(at),
        "actor": actor.real or actor.name,
        "as": actor.agent if actor.real else None,
        "via": via or actor.via,
        "change": change,
        "old": old or None,
        "new": new or None,
        "text": text or None,
    }


_MAIL = ("id", "received", "recipient", "sender", "message_id", "from", "subject", "verdict", "kind", "rule", "why",
         "number", "article", "raw_sha256")  # fmt: skip
_OUTBOX = ("id", "created", "class", "status", "number", "recipients", "subject", "tries", "next_try", "last_error")
_LISTS = ("why", "recipients")


def mail_value(given: Mapping[str, object]) -> Value:
    """A letter, ever received or held, from its fields by name; times are moments, what is not given is null."""
    return _shaped(_MAIL, given)


def outbox_value(given: Mapping[str, object]) -> Value:
    """A mail that we owe, from its fields by name."""
    return _shaped(_OUTBOX, given)


def _shaped(keys: Sequence[str], given: Mapping[str, object]) -> Value:
    """The keys in order; KeyError for one that the contract does not have, so that a misspelt one is seen."""
    if strange := given.keys() - set(keys):
        raise KeyError(f"not in the contract: {sorted(strange)}")
    return {key: _shape(key, given.get(key)) for key in keys}


def _shape(key: str, value: object) -> object:
    match value:
        case datetime():
            return moment(value)
        case Address():
            return address_value(value)
        case list() | tuple():
            return list(value)
        case "" if key == "sender":  # known, and null: RFC 5321 section 4.5.5
            return ""
        case "" | None:
            return [] if key in _LISTS else None
        case _:
            return value
