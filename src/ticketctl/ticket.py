"""The frozen nouns of the desk: Ticket, Article, Actor, State and what they are made of.

Words and meanings are OTRS's (state, state type, queue, owner, responsible, article, sender type).
Times are aware datetimes in UTC; a naive one is refused where a value is made.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Literal, Self

from msgspec import Struct, field
from msgspec.structs import replace


class StateType(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    CLOSED = "closed"
    MERGED = "merged"
    REMOVED = "removed"


class State(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING_REMINDER = "pending reminder"
    PENDING_AUTO_CLOSE = "pending auto close+"
    PENDING_AUTO_CLOSE_UNSUCCESSFUL = "pending auto close-"
    CLOSED_SUCCESSFUL = "closed successful"
    CLOSED_UNSUCCESSFUL = "closed unsuccessful"
    MERGED = "merged"
    REMOVED = "removed"

    @property
    def type(self) -> StateType:
        """The first word is the type: `pending reminder` is of type `pending`."""
        return StateType(self.value.split(" ", 1)[0])


class Priority(StrEnum):
    VERY_LOW = "very-low"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    VERY_HIGH = "very-high"

    @property
    def rank(self) -> int:
        """1 (very-low) to 5 (very-high), for sorting."""
        return list(Priority).index(self) + 1


class Kind(StrEnum):
    """What sort of mail (mail-rules section 3)."""

    PERSONAL = "personal"
    AUTO = "auto"
    BOUNCE = "bounce"
    MDN = "mdn"
    FEEDBACK = "feedback"
    LIST = "list"
    BULK = "bulk"
    LOOP = "loop"


Channel = Literal["email", "phone", "note"]
SenderType = Literal["customer", "agent", "system"]
Via = Literal["cli", "mail", "clock", "system"]
WaitingOn = Literal["us", "customer"]


class Address(Struct, frozen=True, kw_only=True):
    """A mail address as read: `address` is None where nobody can be named; `name` is for display only."""

    address: str | None = None
    name: str | None = None


NOBODY = Address()


class Actor(Struct, frozen=True, kw_only=True):
    """Who acts: an agent (by login of the policy), the postmaster, or the system.

    `agent` is the name of the agent whose rights count (None for postmaster, clock and system);
    `real` the admin behind `--as`, None otherwise; `uid` the Unix user that the kernel named, for history.
    """

    agent: str | None
    real: str | None = None
    via: Via = "cli"
    uid: int | None = None
    system: bool = False  # postmaster, clock, root, the database's owner: not bound by rights

    @property
    def name(self) -> str:
        return self.agent or ("postmaster" if self.via == "mail" else "system")


POSTMASTER = Actor(agent=None, via="mail", system=True)
CLOCK = Actor(agent=None, via="clock", system=True)
SYSTEM = Actor(agent=None, via="system", system=True)


def utc(moment: datetime | None) -> datetime | None:
    """The same moment, refused (ValueError) unless it is aware and in UTC."""
    if moment is not None and moment.utcoffset() != timedelta(0):
        raise ValueError(f"not an aware UTC time: {moment!r}")
    return moment


def in_zone(when: datetime, zone: tzinfo) -> datetime:
    """The moment there; as it is where that would be before the year 1 or after 9999: mail has such ends of time."""
    try:
        return when.astimezone(zone)
    except OverflowError:
        return when


class Ticket(Struct, frozen=True, kw_only=True):
    """A ticket as its history has made it; `version` counts the changes."""

    id: int
    number: str
    version: int
    title: str
    queue: str
    state: State
    priority: Priority
    locked: bool = False
    owner: str | None = None
    responsible: str | None = None
    customer: Address = NOBODY
    created: datetime
    changed: datetime
    closed: datetime | None = None
    pending_until: datetime | None = None
    first_response_due: datetime | None = None
    update_due: datetime | None = None
    solution_due: datetime | None = None
    waiting_on: WaitingOn | None = None
    articles: int = 0
    last_customer_article: int = 0  # n of the newest article by the customer
    last_agent_article: int = 0  # n of the newest visible article by an agent
    parties: tuple[str, ...] = ()  # accepted addresses beside the customer, normalised, sorted
    tags: tuple[str, ...] = ()
    watchers: tuple[str, ...] = ()
    merged_into: int | None = None
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for moment in (self.created, self.changed, self.closed, self.pending_until,
                       self.first_response_due, self.update_due, self.solution_due):  # fmt: skip
            utc(moment)

    def evolve(self, **changes: Any) -> Self:
        return replace(self, **changes)

    def locked_for(self, agent: str | None) -> bool:
        """Does somebody other than `agent` hold the lock?"""
        return self.locked and self.owner is not None and self.owner != agent


class Attachment(Struct, frozen=True, kw_only=True):
    """A leaf of a mail that is not the text shown, as a view into the raw bytes.

    `offset` and `length` (bytes) bound the encoded body in the raw mail; `encoding` is its
    Content-Transfer-Encoding; `size` and `sha256` are of the decoded bytes. `n` counts from 1.
    """

    n: int
    name: str
    content_type: str
    size: int
    sha256: str
    offset: int
    length: int
    encoding: str


class Article(Struct, frozen=True, kw_only=True):
    """One thing said on a ticket. `n` counts from 1 on its ticket; `mail` is the id of the raw letter, if any."""

    n: int
    channel: Channel
    sender_type: SenderType
    visible: bool
    author: Address = NOBODY
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None
    received: datetime
    message_id: str | None = None  # with its angle brackets, as all message ids here
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    body: str = ""
    body_type: str = "text/plain"
    kind: Kind = Kind.PERSONAL
    remarks: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    raw_sha256: str | None = None
    mail: int | None = None
    id: int | None = None


def normal(address: str) -> str:
    """An address as it is compared: lower case, without BATV's tag; +tags are kept.

    SRS stays (`unwrapped`): whom it names in front of a domain of his own anybody can write, who would be him then.
    """
    plain = address.strip().lower()
    local, at, domain = plain.rpartition("@")
    if not at:
        return plain
    for mark, end in _BATV:
        _, cut, inner = local.removeprefix(mark).partition(end)
        if local.startswith(mark) and cut and inner:
            return f"{inner}@{domain}"
    return plain


# SRS0=HASH=TT=domain=local@forwarder; SRS1=HASH=forwarder==HASH=TT=domain=local@second-forwarder
_SRS = {"srs0": 3, "srs1": 6}
# prvs=TAG=local (draft-levine-smtp-batv); prvs=TAG/local, Exim's of old; btv1==TAG==local, Barracuda's
_BATV = (("prvs=", "="), ("prvs=", "/"), ("btv1==", "=="))


def unwrapped(address: str) -> str:
    """`normal`, with the address inside where a forwarder wrote SRS: of an envelope, for routes, loops and counters.
    It proves nothing of who wrote."""
    plain = normal(address)
    local = plain.rpartition("@")[0]
    for mark, cuts in _SRS.items():
        bits = local[5:].split("=", cuts)
        if local.startswith(mark) and local[4:5] in ("=", "+", "-") and len(bits) == cuts + 1 and bits[-2] and bits[-1]:
            return f"{bits[-1]}@{bits[-2]}"
    return plain


def untagged(address: str) -> str:
    """`unwrapped`, also without its +tag and a final dot: the key of the counters against loops (G13)."""
    local, at, domain = unwrapped(address).rstrip(".").rpartition("@")
    return f"{local.split('+', 1)[0] or local}{at}{domain}"


def token() -> str:
    """128 random bits as 26 characters of a-z2-7 (RFC 4648 section 6, lower case, no padding)."""
    import base64
    import os

    return base64.b32encode(os.urandom(16)).decode().rstrip("=").lower()


def message_id(fresh: str, number: str, domain: str) -> str:
    """`<t.TOKEN.NUMBER@domain>`: the dots stay, spam filters distrust one long random word."""
    return f"<t.{fresh}.{number}@{domain}>"


def damm(digits: str) -> int:
    """The check digit of H. M. Damm's quasigroup of order 10 (2004): catches every single error and swap.

    `damm(number) == 0` for a number that carries its digit at the end.
    """
    digit = 0
    for figure in digits:
        digit = _DAMM[digit][ord(figure) - 48]
    return digit


_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
