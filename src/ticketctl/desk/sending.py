"""A mail of an agent's as a step: the article, its finished bytes, and the outbox row that owes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticketctl.change import ArticleAdded
from ticketctl.change.step import Owed, Step
from ticketctl.ticket import Article

if TYPE_CHECKING:
    from ticketctl.render import Outgoing


def mailed(outgoing: Outgoing, *, agent: str, n: int) -> Step:
    """The mail as article `n` of its ticket, owed to its recipients. Raises BadData for what no header may hold."""
    from ticketctl import render

    raw = render.build(outgoing)
    article = Article(
        n=n,
        channel="email",
        sender_type="agent",
        visible=True,
        author=outgoing.from_,
        to=outgoing.to,
        cc=outgoing.cc,
        subject=outgoing.subject,
        date=outgoing.date,
        received=outgoing.date,
        message_id=outgoing.message_id,
        in_reply_to=outgoing.in_reply_to,
        references=outgoing.references,
        body=outgoing.body,
    )
    if outgoing.enclosed:
        from msgspec.structs import replace

        from ticketctl import letter

        article = replace(article, attachments=letter.read(raw).attachments)
    change = ArticleAdded(
        n=n, channel="email", sender_type="agent", visible=True, author=agent, subject=outgoing.subject,
        message_id=outgoing.message_id,
    )  # fmt: skip
    owed = Owed(
        mail_class="agent",
        audience="customer",
        token=outgoing.token,
        message_id=outgoing.message_id,
        sender=outgoing.sender,
        recipients=outgoing.recipients,
        subject=outgoing.subject,
    )
    return Step(change=change, article=article, raw=raw, owed=(owed,))
