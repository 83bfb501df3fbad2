"""What an agent types to name a ticket (17, #17, id:17, the number, a pasted [Ticket#...]) or an article (17/3)."""

from __future__ import annotations

import re

from msgspec import Struct

from ticketctl.errors import Usage

SHORTEST = 8  # digits of a number, at least
_BIGGEST = 2**63 - 1  # of an id, in every database

_ARTICLE = r"(?P<ticket>.*?[^/])/(?P<article>-?[0-9]{1,9})(?:/(?P<attachment>[0-9]{1,9}))?"
_TICKET = (
    r"(?:(?P<by>id|number):|(?P<hash>\#))?(?P<digits>[0-9]{1,64})"
    r"|\[?[^][\s/0-9]{1,40}[#:]?\s?(?P<pasted>[0-9]{8,64})\]?"
    r"|\[\s?(?P<bare>[0-9]{8,64})\s?\]"
)


class TicketRef(Struct, frozen=True, kw_only=True):
    """A ticket by `id` or by `number`; with both set the word may be either, and it is for the desk to see which."""

    id: int | None = None
    number: str | None = None

    def __str__(self) -> str:
        return self.number or f"#{self.id}"


class ArticleRef(Struct, frozen=True, kw_only=True):
    """An article by its `n` on the ticket (-1 is the last one), and perhaps its `attachment` (from 1)."""

    ticket: TicketRef
    article: int
    attachment: int | None = None

    def __str__(self) -> str:
        return f"{self.ticket}/{self.article}" + (f"/{self.attachment}" if self.attachment else "")


def reference(word: str) -> TicketRef | ArticleRef:
    """A ticket, an article or an attachment; Usage (2) where the word is none of them."""
    word = word.strip()
    found = re.fullmatch(_ARTICLE, word)
    if found is None:
        return _ticket(word)
    number = int(found["article"])
    attachment = int(found["attachment"]) if found["attachment"] else None
    if number == 0 or attachment == 0:
        raise Usage(f"not an article: {word!r}: articles and attachments count from 1, and -1 is the last article")
    return ArticleRef(ticket=_ticket(found["ticket"]), article=number, attachment=attachment)


def ticket(word: str) -> TicketRef:
    """A ticket; Usage (2) for an article's address."""
    found = reference(word)
    if isinstance(found, ArticleRef):
        raise Usage(f"{word!r} is an article: this wants a ticket, {str(found.ticket)!r}")
    return found


def article(word: str) -> ArticleRef:
    """An article or an attachment; Usage (2) for a ticket."""
    found = reference(word)
    if isinstance(found, TicketRef):
        raise Usage(f"{word!r} is a ticket: this wants an article, as '{found}/3', or '{found}/-1' for the last")
    return found


def _ticket(word: str) -> TicketRef:
    found = re.fullmatch(_TICKET, word)
    if found is None:
        raise Usage(f"not a ticket: {word!r}: write its number, or its id as 17 or id:17")
    if pasted := found["pasted"] or found["bare"]:
        return TicketRef(number=pasted)
    digits = found["digits"]
    number = digits if len(digits) >= SHORTEST else None
    by_id = int(digits) if 0 < int(digits) <= _BIGGEST else None
    if found["by"] == "number":
        by_id, number = None, digits
    elif found["by"] == "id":
        number = None
    elif number and digits.startswith("0"):
        by_id = None  # nobody writes an id with eight figures and leading noughts
    if by_id is None and number is None:
        raise Usage(f"not a ticket: {word!r}: ids count from 1")
    return TicketRef(id=by_id, number=number)
