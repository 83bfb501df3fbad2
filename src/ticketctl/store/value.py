"""What the store gives back beside the desk's own nouns: plain frozen rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ticketctl.change.step import Audience, MailClass
from ticketctl.change.value import Change, LinkType
from ticketctl.ticket import Address, Via

if TYPE_CHECKING:
    from ticketctl.intake.value import Verdict

OutboxStatus = Literal["owed", "sending", "sent", "failed", "held", "unknown", "dropped"]
Sort = Literal["created", "changed", "due", "priority", "number", "title", "queue", "state", "owner", "customer"]
AUTO_BRAKE = "auto"  # stops automatic answers
ALL_BRAKE = "all"  # stops all mail of ours: set by a restore


class Again(Exception):
    """Another process stored this very delivery first: read what is known once more. Never leaves a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision of the policy."""

    n: int
    at: datetime
    author: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a ticket's history. `actor` acted, with the rights of `as_` where that is somebody else."""

    ticket: int
    version: int
    at: datetime
    actor: str
    as_: str | None
    via: Via
    uid: int | None
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """From a ticket to another one."""

    type: LinkType
    other: int
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow:
    """An address that writes to us, with how many tickets it has."""

    address: str
    name: str | None
    tickets: int
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What `status` shows."""

    new: int
    fresh: int  # mine, where the customer has the last word
    overdue: int
    reminders: int
    unsent: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """Mail that is stopped for the whole desk: `auto` or `all`."""

    name: str
    at: datetime
    author: str
    reason: str
