"""A mail as read: the values that `letter.read` gives. No field is ever missing and none raises."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ticketctl.ticket import NOBODY, Address, Attachment, Kind


class Report(Struct, frozen=True, kw_only=True):
    """One recipient of a delivery report (RFC 3464 section 2.3), or as its prose tells it."""

    recipient: str | None
    action: str  # failed, delayed, delivered, relayed, expanded; "" where unknown
    status: str | None  # RFC 3463, "5.1.1"
    diagnostic: str = ""
    also: tuple[str, ...] = ()  # the same recipient under other addresses: where it was forwarded to, or xtext undone

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that it may be known by, the one that we wrote to first."""
        return (self.recipient, *self.also) if self.recipient else ()

    @property
    def permanent(self) -> bool | None:
        """True for 5.x.x, False for 4.x.x, None where no code says."""
        return {"5": True, "4": False}.get((self.status or "")[:1])


class Part(Struct, frozen=True, kw_only=True):
    """A node of the MIME tree by offsets into the raw bytes, in the order of the mail, depth first.

    `path` is IMAP's ("1.2"); `start` the first byte of its headers, `body` of its body, `end` one past its last.
    """

    path: str
    parent: int | None  # index of the enclosing part
    content_type: str  # lower case, "text/plain"
    charset: str | None
    encoding: str  # Content-Transfer-Encoding, lower case, "7bit" where none
    disposition: str  # "attachment", "inline" or ""
    name: str | None  # the name it was given, already safe
    start: int
    body: int
    end: int


class Letter(Struct, frozen=True, kw_only=True):
    """Raw bytes and what they say. Text is without NUL, lone surrogates and (in headers) control characters."""

    raw: bytes
    sha256: str  # over `raw` as it came, a leading "From " line included
    headers: tuple[tuple[str, str], ...] = ()  # name as written, value unfolded, RFC 2047 decoded, in order
    envelope_from: str | None = None  # of a leading "From " line; "" the null sender
    author: Address = NOBODY  # From alone; NOBODY where there is none, several, or a@good <b@evil>
    claimed: str = ""  # the From field as text, to show where `author` is unknown
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    resent_to: tuple[Address, ...] = ()
    resent_cc: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None  # UTC
    message_id: str | None = None  # with angle brackets, at most 998 characters
    in_reply_to: tuple[str, ...] = ()  # every <id> in it, in order
    references: tuple[str, ...] = ()  # every <id> in it, in order; all of them
    return_path: str | None = None  # None: no such header; "": null
    trace_recipients: tuple[str, ...] = ()  # Delivered-To, X-Original-To, Envelope-To above the topmost Received
    hops: int = 0  # number of Received fields
    queue_id: str | None = None  # of the topmost Received line
    parts: tuple[Part, ...] = ()
    text: str = ""
    body_type: str = "text/plain"  # "text/html" where the text was made from HTML
    attachments: tuple[Attachment, ...] = ()
    reports: tuple[Report, ...] = ()
    returned_ids: tuple[str, ...] = ()  # Message-IDs of our mail that came back (returned part, then prose)
    remarks: tuple[str, ...] = ()  # "parser: ...", "crypto: ..."

    def first(self, name: str) -> str | None:
        """The value of the first header of that name (any case), or None."""
        folded = name.lower()
        return next((value for key, value in self.headers if key.lower() == folded), None)

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every header of that name, top first."""
        folded = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == folded)


class Ours(Struct, frozen=True, kw_only=True):
    """What the desk knows of itself, for rows A3, A4 and A13 (mail-rules section 3)."""

    addresses: frozenset[str] = frozenset()  # of our queues, normalised (`ticket.normal`)
    domain: str = ""  # right-hand side of our Message-IDs
    delimiter: str = ""  # "+" where the MTA has one
    trusted_servers: frozenset[str] = frozenset()  # authserv-ids whose Authentication-Results we believe


class Judgement(Struct, frozen=True, kw_only=True):
    """Kind of mail and the rows that forbid an answer, as far as the letter and its envelope tell (A1-A13)."""

    kind: Kind
    rule: str | None  # the row that gave the kind, "A5"; None for personal
    silence: tuple[str, ...] = ()  # every row of A1-A13 that forbids an automatic answer, in order
    flags: tuple[str, ...] = ()  # A12: why the mail is flagged
