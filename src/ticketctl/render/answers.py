"""Mail that the desk writes by itself: automatic answers to customers, notices to agents.

Both carry our loop mark and say that a machine wrote them, go out under the null sender, and are rendered when their
outbox row is claimed, never in intake. What a customer or a note says is in neither.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ticketctl.errors import BadData
from ticketctl.policy import Policy
from ticketctl.render.compose import customer_values, ticket_values, values
from ticketctl.render.identity import chain, speaks_from, subject, with_token
from ticketctl.render.mail import build
from ticketctl.render.templates import fill
from ticketctl.render.value import Outgoing
from ticketctl.ticket import Address, Article, Ticket

AUTO_SIZE = 8 * 1024  # bytes of an automatic answer, headers included (row A18)
_IDS = 2000  # characters of References in one
LOOP = "X-Ticketctl-Loop"

# What an agent is told: subject, text. `by` is the other agent, `number` and `title` the ticket's.
NOTICES: dict[str, tuple[str, str]] = {
    "stolen": ("taken over by {by}: {title}", "{by} has taken over ticket {number}, which you had locked."),
    "reassigned": ("yours now: {title}", "{by} has given you ticket {number}. You own it and hold its lock."),
    "follow-up": ("answered: {title}", "The customer has answered on ticket {number}, which is yours."),
    "breaker": (
        "automatic answers are stopped",
        """The desk wrote more automatic answers in an hour than its policy allows, and has stopped them.
{reason}
When the cause is gone: `ticketctl outbox release --auto`.""",
    ),
}


def auto_answer(
    policy: Policy,
    ticket: Ticket,
    article: Article | None,
    *,
    template: str,
    token: str,
    message_id: str,
    recipient: str,
    now: datetime,
    language: str = "",
) -> bytes:
    """The finished automatic answer of row A18 to `article`, at most 8 KB.

    `ticket.title` and `customer.name` are empty in it: they are the customer's text, and the sender of a forged mail
    would have us carry it to a third person. Raises BadData where the template is gone or fails.
    """
    if template not in policy.templates:
        raise BadData(f"templates.{template}: the automatic answer's template is gone from the policy")
    given = values(
        policy,
        ticket_values(policy, ticket) | {"title": ""},
        customer_values(ticket, language) | {"name": "", "address": recipient},
        now=now,
    )
    filled = fill(policy.templates[template], language, given, desk_language=policy.desk.language)
    parent = next(iter(chain((), article.message_id)), None) if article else None
    mail = _machine(
        policy, ticket, token=token, message_id=message_id, recipient=recipient, now=now, submitted="auto-replied"
    ).evolve(
        subject=subject(policy, ticket.number, filled.subject, policy.desk.name),
        in_reply_to=parent,
        references=_short(chain(article.references, article.message_id, cap=10)) if article else (),
        body=filled.body,
    )
    return _small(mail)


def notice(
    policy: Policy,
    ticket: Ticket | None,
    *,
    event: str,
    token: str,
    message_id: str,
    recipient: str,
    now: datetime,
    by: str | None = None,
    reason: str = "",
) -> bytes:
    """The finished notice to an agent: what happened to which ticket, and by whom; never what a note or mail says."""
    head, text = NOTICES.get(event, ("{event}: {title}", "{event} on ticket {number}."))
    person = policy.agents.get(by) if by else None
    words: dict[str, Any] = {
        "event": event,
        "by": person.full_name if person else by or "the desk",
        "number": ticket.number if ticket else "",
        "title": ticket.title if ticket else "",
        "reason": reason,
    }
    body = text.format(**words) + "\n"
    if ticket is not None:
        body += f"\n{ticket.title}\nqueue {ticket.queue}, {ticket.state.value}\n\nticketctl show {ticket.number}\n"
    line = head.format(**words)
    mail = _machine(
        policy, ticket, token=token, message_id=message_id, recipient=recipient, now=now, submitted="auto-generated"
    ).evolve(
        subject=subject(policy, ticket.number, line) if ticket else f"{policy.desk.name}: {line}",
        body=body,
    )
    return build(mail)


def _machine(
    policy: Policy,
    ticket: Ticket | None,
    *,
    token: str,
    message_id: str,
    recipient: str,
    now: datetime,
    submitted: str,
) -> Outgoing:
    """What a machine's mail has in common (RFC 3834 section 3): null sender, marks, one recipient by bare address."""
    from_ = speaks_from(policy, ticket.queue if ticket else policy.desk.default_queue)
    delimiter = policy.desk.recipient_delimiter
    return Outgoing(
        token=token,
        message_id=message_id,
        date=now.replace(microsecond=0),
        sender="",
        from_=from_,
        to=(Address(address=recipient),),
        reply_to=with_token(from_.address or "", token, delimiter) if delimiter else None,
        subject="",
        headers=(
            ("Auto-Submitted", submitted),
            ("X-Auto-Response-Suppress", "All"),
            (LOOP, policy.desk.domain),
        ),
    )


def _short(ids: tuple[str, ...]) -> tuple[str, ...]:
    """The newest ids that fit."""
    kept: list[str] = []
    for each in reversed(ids):
        if sum(map(len, kept)) + len(each) > _IDS:
            break
        kept.insert(0, each)
    return tuple(kept)


def _small(mail: Outgoing) -> bytes:
    """The bytes of a mail whose text is cut, at the end of a line where it can be, until they are few enough."""
    raw = build(mail)
    room = len(mail.body)
    while len(raw) > AUTO_SIZE:
        room -= max(1, (len(raw) - AUTO_SIZE) // 12)  # a letter outside ASCII takes up to 12 bytes
        if room <= 0:
            raise BadData(f"an automatic answer of more than {AUTO_SIZE} bytes without any text")
        cut = mail.body[:room]
        head, line, _ = cut.rpartition("\n")
        raw = build(mail.evolve(body=(head if line and len(head) > room - 200 else cut) + "\n[...]\n"))
    return raw
