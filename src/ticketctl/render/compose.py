"""A reply's draft, as values: who, what subject, which thread, and the text an agent starts from (contract section 5).

Only articles that the customer may see are looked at: an internal note can reach no byte that leaves (G10). Who is
outside the ticket gets back what they wrote themselves, and nothing of anybody else: no text, no copy, no message id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from ticketctl.errors import BadData, NotThere
from ticketctl.party import BY_NUMBER, THIRD_PARTY, customer_key, is_ours, outside
from ticketctl.policy import Policy
from ticketctl.render.identity import chain, speaks_from, subject, with_token
from ticketctl.render.mail import clean_name
from ticketctl.render.templates import Filled, choose, fill
from ticketctl.render.value import Outgoing
from ticketctl.ticket import Address, Article, Kind, Ticket, in_zone, message_id, normal

_QUOTED_LINES = 1000
_QUOTED_CHARACTERS = 100_000
_WROTE = {
    "": "{who} wrote on {when}:",
    "de": "{who} schrieb am {when}:",
    "es": "{who} escribió el {when}:",
    "fr": "{who} a écrit le {when} :",
    "it": "{who} ha scritto il {when}:",
    "nl": "{who} schreef op {when}:",
}


def draft(
    policy: Policy,
    ticket: Ticket,
    articles: Sequence[Article],
    *,
    agent: str,
    token: str,
    now: datetime,
    text: str = "",
    template: str | None = None,
    to: Sequence[Address] = (),
    cc: Sequence[Address] = (),
    bcc: Sequence[Address] = (),
    keep_cc: bool = True,
    quote: bool = True,
    language: str = "",
) -> Outgoing:
    """What `reply` shows in the editor and, changed or not, sends.

    `to` replaces the recipients that follow from the ticket, `cc` and `bcc` come beside; `language` is the customer's.
    Where all of `to` are outside (`party.outside`), their last mail is answered, and it is they who are greeted.
    Raises NotThere for an unknown template, BadData where there is nobody to write to or a template fails.
    """
    away = bool(to) and outside(ticket, articles, to)
    answered = _believed(_theirs(ticket, articles, to, (*cc, *bcc)) if away else _answered(articles), ticket)
    receivers = _to(policy, ticket, articles, answered, to)
    copies = [*cc]
    if keep_cc and not away:
        copies += _kept(ticket, answered)
    from_ = speaks_from(policy, ticket.queue)
    own = from_.address or ""
    delimiter = policy.desk.recipient_delimiter
    tagged = with_token(own, token, delimiter)
    wants = _Wants(agent=agent, now=now, language=language, text=text.strip("\n"), template=template, quote=quote)
    body = _body(policy, ticket.evolve(customer=receivers[0]) if away else ticket, answered, wants)
    return Outgoing(
        token=token,
        message_id=message_id(token, ticket.number, policy.desk.domain),
        date=now.replace(microsecond=0),
        sender=tagged,
        from_=from_,
        to=receivers,
        cc=_fresh(policy, copies, besides=receivers),
        bcc=tuple(bcc),
        reply_to=tagged if delimiter else None,
        subject=subject(policy, ticket.number, answered.subject if answered else "", ticket.title),
        in_reply_to=next(iter(chain((), answered.message_id if answered else None)), None),
        references=chain(_ancestors(answered), answered.message_id) if answered else (),
        body=body,
    )


def values(
    policy: Policy, ticket: Mapping[str, str], customer: Mapping[str, str], *, now: datetime, agent: str | None = None
) -> dict[str, Any]:
    """The contract's values for templates, each one line of plain text. An agent who is gone has his name alone."""
    given: dict[str, Any] = {
        "ticket": {key: clean_name(value) for key, value in ticket.items()},
        "customer": {key: clean_name(value)[:200] for key, value in customer.items()},
        "desk": {"name": policy.desk.name, "domain": policy.desk.domain},
        "now": local(now, policy),
    }
    if agent is not None:
        person = policy.agents.get(agent)
        given["agent"] = {
            "name": person.full_name if person else agent, "email": (person.email if person else None) or "",
        }  # fmt: skip
    return given


def ticket_values(policy: Policy, ticket: Ticket) -> dict[str, str]:
    """`ticket.number title queue state priority created`; `created` in the desk's zone."""
    return {
        "number": ticket.number,
        "title": ticket.title,
        "queue": ticket.queue,
        "state": ticket.state.value,
        "priority": ticket.priority.value,
        "created": local(ticket.created, policy),
    }


def customer_values(ticket: Ticket, language: str = "") -> dict[str, str]:
    """`customer.name address language`; "" where nobody knows."""
    return {"name": ticket.customer.name or "", "address": ticket.customer.address or "", "language": language}


def local(moment: datetime, policy: Policy) -> str:
    """A moment as people of the desk read it: `2026-11-22 14:05`, in the desk's time zone."""
    return f"{in_zone(moment, ZoneInfo(policy.desk.timezone)):%Y-%m-%d %H:%M}"


def _answered(articles: Sequence[Article]) -> Article | None:
    """The customer's last mail; else the last of our own, for the thread; None where nothing was mailed yet.

    Machines' mail comes last: a vacation note is seldom what an agent answers.
    """
    mails = [each for each in articles if each.visible and each.channel == "email"]
    theirs = [each for each in mails if each.sender_type == "customer"]
    people = [each for each in theirs if each.kind == Kind.PERSONAL]
    ours = [each for each in mails if each.sender_type == "agent"]
    return next((max(some, key=lambda each: each.n) for some in (people, theirs, ours) if some), None)


def _theirs(
    ticket: Ticket, articles: Sequence[Article], to: Sequence[Address], copies: Sequence[Address]
) -> Article | None:
    """The last mail that one of those outside wrote. What the customer may not see, only where no copy goes to them."""
    people = {normal(each.address or "") for each in to}
    kept = outside(ticket, articles, copies)
    mails = [
        replace(each, visible=True)  # to its author
        for each in articles
        if each.channel == "email" and each.sender_type == "customer"
        and (each.visible or (kept and THIRD_PARTY in each.remarks))
        and people & {normal(known.address or "") for known in (each.author, *each.reply_to)}
    ]  # fmt: skip
    return _answered(mails)


def _ancestors(article: Article | None) -> tuple[str, ...]:
    """A parent without References lends its In-Reply-To (RFC 5322 section 3.6.4)."""
    if article is None:
        return ()
    return article.references or ((article.in_reply_to,) if article.in_reply_to else ())


def _left(ticket: Ticket, articles: Sequence[Article], article: Article) -> bool:
    """Was it written by who made the ticket, and is no party of it any more? Whom we mailed is one."""
    first = min(articles, key=lambda each: each.n)
    ours = [each for each in articles if each.visible and each.channel == "email" and each.sender_type == "agent"]
    mailed = {normal(person.address or "") for each in ours for person in (*each.to, *each.cc)}
    author = normal(article.author.address or "")
    made = first.sender_type == "customer" and author == normal(first.author.address or "")
    return made and author not in mailed and outside(ticket, articles, [article.author])


def _to(
    policy: Policy, ticket: Ticket, articles: Sequence[Article], answered: Article | None, asked: Sequence[Address]
) -> tuple[Address, ...]:
    if asked:
        return tuple({each.address: each for each in asked}.values())
    wishes: list[tuple[Address, ...]] = []
    gone = answered is not None and bool(ticket.customer.address) and _left(ticket, articles, answered)
    if answered is not None and answered.sender_type == "customer" and not gone:
        wishes += [answered.reply_to, (answered.author,)]
    wishes.append((ticket.customer,))
    if answered is not None and answered.sender_type == "agent":
        wishes.append(answered.to)
    for people in wishes:
        if found := _fresh(policy, people):
            return found
    raise BadData(f"ticket {ticket.number} has no customer's address: say --to ADDRESS")


def _believed(answered: Article | None, ticket: Ticket) -> Article | None:
    """Of a mail that a number alone brought, which a forger can write, the author is believed: neither where it wants
    answers to go nor whom it copies, but for parties."""
    if answered is None or BY_NUMBER not in answered.remarks:
        return answered
    there = {customer_key(ticket), *ticket.parties}

    def known(people: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(each for each in people if each.address and normal(each.address) in there)

    return replace(answered, reply_to=known(answered.reply_to), cc=known(answered.cc))


def _kept(ticket: Ticket, answered: Article | None) -> list[Address]:
    """The Cc of the mail that is answered; the customer too where somebody else wrote it."""
    if answered is None:
        return []
    absent = answered.sender_type == "customer" and answered.author.address and ticket.customer.address
    other = absent and normal(answered.author.address or "") != customer_key(ticket)
    return [*answered.cc, *((ticket.customer,) if other and not answered.reply_to else ())]


def _fresh(policy: Policy, people: Sequence[Address], *, besides: Sequence[Address] = ()) -> tuple[Address, ...]:
    """Each address once, in order, without our own; names as a header can hold them."""
    seen = {normal(each.address) for each in besides if each.address}
    kept = []
    for each in people:
        if each.address and normal(each.address) not in seen and not is_ours(each.address, policy):
            seen.add(normal(each.address))
            kept.append(Address(address=each.address, name=clean_name(each.name or "")[:200] or None))
    return tuple(kept)


class _Wants(Struct, frozen=True, kw_only=True):
    """What the agent asked for, on the way to the text."""

    agent: str
    now: datetime
    language: str
    text: str
    template: str | None
    quote: bool


def _body(policy: Policy, ticket: Ticket, answered: Article | None, wants: _Wants) -> str:
    """Salutation, template, own text, signature, quotation; one that names `text` or `quote` places it itself."""
    queue = policy.queues.get(ticket.queue)
    quoted = quotation(policy, answered, wants.language) if wants.quote else ""
    given = values(
        policy, ticket_values(policy, ticket), customer_values(ticket, wants.language), now=wants.now, agent=wants.agent
    ) | {"text": wants.text, "quote": quoted}
    parts: dict[str, Filled] = {}
    for part, name in (
        ("salutation", queue.salutation if queue else None),
        ("template", wants.template),
        ("signature", queue.signature if queue else None),
    ):
        if name is None:
            continue
        if name not in policy.templates:
            raise NotThere(f"no template {name!r}; `ticketctl template list` shows those there are")
        parts[part] = fill(policy.templates[name], wants.language, given, desk_language=policy.desk.language)
    used = frozenset().union(*(filled.used for filled in parts.values()))
    pieces = [
        *(parts[part].body for part in ("salutation", "template") if part in parts),
        "" if "text" in used else wants.text,
        *(parts[part].body for part in ("signature",) if part in parts),
        "" if "quote" in used else quoted,
    ]
    return "\n\n".join(piece.strip("\n") for piece in pieces if piece.strip()) + "\n"


def quotation(policy: Policy, article: Article | None, language: str = "") -> str:
    """Who wrote when, and the text with "> " before each line (RFC 3676 section 4.5); "" for what the customer may not
    see or did not write. A very long text is cut, and says so."""
    if article is None or not article.visible or article.sender_type != "customer" or not article.body.strip():
        return ""
    lines = article.body[:_QUOTED_CHARACTERS].strip("\n").split("\n")
    cut = len(lines) > _QUOTED_LINES or len(article.body) > _QUOTED_CHARACTERS
    who = clean_name(article.author.name or article.author.address or "")[:200]
    tongue = choose(_WROTE, language or policy.desk.language)
    wrote = _WROTE[tongue].format(who=who or "?", when=local(article.date or article.received, policy))
    quoted = [(">" if line.startswith(">") else "> ") + line.rstrip() for line in lines[:_QUOTED_LINES]]
    return "\n".join([wrote, *(line.rstrip() for line in quoted), *(["> [...]"] if cut else [])])
