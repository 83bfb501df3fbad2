"""A change with what it brings along: the article it adds, the mail it owes."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from ticketctl.change.value import Change
from ticketctl.ticket import Article, message_id, token

MailClass = Literal["agent", "auto", "notice"]
AUTO_BRAKE = "auto"  # stops automatic answers
ALL_BRAKE = "all"  # stops all mail of ours: set by a restore
Audience = Literal["customer", "auto", "agent"]  # whom a token was given to


class Owed(Struct, frozen=True, kw_only=True):
    """A mail that we owe: one outbox row, in the transaction of its change.

    A reply's bytes are the article's own (`Step.raw`). `plan` holds the plain values of a mail that is rendered
    when its row is claimed: automatic answers and notices.
    """

    mail_class: MailClass
    audience: Audience
    token: str  # 26 characters of a-z2-7, in the Message-ID
    message_id: str
    sender: str  # envelope sender; "" is the null return path
    recipients: tuple[str, ...]  # envelope recipients
    subject: str = ""
    plan: dict[str, Any] = field(default_factory=dict)


def notice(address: str, number: str, domain: str, plan: dict[str, Any]) -> Owed:
    """A mail to an agent, about the ticket of that number; its text is made of the plan when it is claimed."""
    fresh = token()
    return Owed(
        mail_class="notice",
        audience="agent",
        token=fresh,
        message_id=message_id(fresh, number, domain),
        sender="",
        recipients=(address,),
        plan=plan,
    )


class Step(Struct, frozen=True, kw_only=True):
    """One change. `article` goes with ArticleAdded; `raw` are its finished bytes where no received letter has them."""

    change: Change
    article: Article | None = None
    raw: bytes | None = None
    owed: tuple[Owed, ...] = ()
