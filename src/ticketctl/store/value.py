"""What the store gives back beside the desk's own nouns: plain frozen rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from ticketctl.change.step import ALL_BRAKE as ALL_BRAKE
from ticketctl.change.step import AUTO_BRAKE as AUTO_BRAKE
from ticketctl.change.step import Audience, MailClass
from ticketctl.change.value import Change, LinkType
from ticketctl.ticket import Address, Ticket, Via

if TYPE_CHECKING:
    from ticketctl.intake.value import Envelope, Verdict

OutboxStatus = Literal["owed", "sending", "sent", "failed", "held", "unknown", "dropped"]
RENDERED = "rendered"  # in an outbox row's plan
AHEAD = timedelta(days=1)  # what we note lies never so far ahead, unless the clock was wrong then (G14)
Sort = Literal["created", "changed", "due", "priority", "number", "title", "queue", "state", "owner", "customer"]
ByCustomer = Literal["last", "address", "tickets"]


class Again(Exception):
    """Another process stored this very delivery first: read what is known once more. Never leaves a job."""


class Revision(Struct, frozen=True, kw_only=True):
    """One revision of the policy."""

    n: int
    at: datetime
    author: str
    reason: str
    text: str


class Entry(Struct, frozen=True, kw_only=True):
    """One row of a ticket's history. `actor` acted, with the rights of `as_` where that is somebody else."""

    ticket: int
    version: int
    at: datetime
    actor: str
    as_: str | None
    via: Via
    uid: int | None
    change: Change


class Link(Struct, frozen=True, kw_only=True):
    """From a ticket to another one."""

    type: LinkType
    other: int
    number: str


class LetterRow(Struct, frozen=True, kw_only=True):
    """A letter that was accepted. `number` and `n` (its article) are None while it is held."""

    id: int
    received: datetime
    recipient: str | None
    sender: str | None
    said_queue: str | None  # --queue
    trust: bool
    message_id: str | None
    author: Address
    subject: str
    queue: str
    verdict: Verdict
    kind: str
    rule: str | None
    silence: tuple[str, ...]
    why: tuple[str, ...]
    held: str | None
    ticket: int | None
    number: str | None
    n: int | None
    key_queue: str  # the queue in its key (G4)
    content: str  # the content digest
    raw_sha256: str
    size: int

    def envelope(self) -> Envelope:
        """How it came."""
        from ticketctl.intake.value import Envelope  # late: lists of letters want none

        return Envelope(recipient=self.recipient, sender=self.sender, queue=self.said_queue, trust=self.trust)


class OutboxRow(Struct, frozen=True, kw_only=True):
    """A mail that we owe, or sent. `raw_sha256` names the finished bytes of an agent's mail, None of the others."""

    id: int
    created: datetime
    mail_class: MailClass
    audience: Audience
    status: OutboxStatus
    ticket: int | None
    number: str | None
    n: int  # its article, 0 where there is none
    agent: str | None  # who made it
    message_id: str
    token: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    plan: dict[str, Any] = field(default_factory=dict)
    raw_sha256: str | None
    tries: int
    next_try: datetime
    claim: str | None
    last_error: str | None

    @property
    def rendered(self) -> bool:
        """Was it tried on a host that never sends?"""
        return bool(self.plan.get(RENDERED))


class CustomerRow(Struct, frozen=True, kw_only=True):
    """An address that writes to us, with how many tickets it has."""

    address: str
    name: str | None
    tickets: int
    last: datetime


class Find(Struct, frozen=True, kw_only=True):
    """A place where something was found: in the title (`n` None), or in article `n` (subject, from, text).

    `text`: about a line of it; `marks`: where in it, from and to (not in it), in characters.
    """

    n: int | None
    where: str
    text: str
    marks: tuple[tuple[int, int], ...]


class Hit(Struct, frozen=True, kw_only=True):
    """A ticket that `search` found, and where."""

    ticket: Ticket
    finds: tuple[Find, ...]


class Standing(Struct, frozen=True, kw_only=True):
    """What `status` shows."""

    new: int
    fresh: int  # mine, where the customer has the last word
    overdue: int
    reminders: int
    unsent: int
    held: int


class Brake(Struct, frozen=True, kw_only=True):
    """Mail that is stopped for the whole desk: `auto` or `all`."""

    name: str
    at: datetime
    author: str
    reason: str
