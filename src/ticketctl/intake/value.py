"""What intake asks of the desk's memory, what it learns, and what it decides: plain values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from ticketctl.change.step import Audience
from ticketctl.change.value import Change
from ticketctl.ticket import NOBODY, Address, Article, Kind, Priority, State, Ticket

Verdict = Literal["new", "follow-up", "duplicate", "held", "dropped", "refused"]
FAULT = "a fault of ours: "  # how the reason begins for which a letter is held that nobody decided about


def message_id_key(message_id: str) -> str:
    """How an id is stored for look-ups and compared: no brackets or blanks, lower case, cut at 250.

    Real clients fold ids, lower-case them, and cut them off at 255 characters (mail-rules section 4).
    """
    return "".join(message_id.split()).strip("<>").lower()[:250]


class Envelope(Struct, frozen=True, kw_only=True):
    """How a letter came: `recipient` None where nobody said; `sender` "" is the null sender, None unknown."""

    recipient: str | None = None
    sender: str | None = None
    queue: str | None = None  # --queue: said by the administrator, wins over every address
    trust: bool = False


class Asks(Struct, frozen=True, kw_only=True):
    """What to look up for one letter: only what it may prove or name, at most 20 references (mail-rules section 4)."""

    key: str  # G4: queue of the envelope recipient, newline, content digest
    content: str  # the content digest alone
    message_id: str | None
    tokens: tuple[str, ...] = ()  # lower case, strongest evidence first
    ids: tuple[str, ...] = ()  # `message_id_key` of In-Reply-To and References, strongest first
    numbers: tuple[str, ...] = ()  # ticket numbers of the subject, and of the plus-address (there also ids)
    sender: str | None = None  # the author's address, normalised; None proves nothing
    answer_to: str | None = None  # whom an automatic answer would go to, for the counters
    returned: tuple[str, ...] = ()  # tokens and ids of our mails that came back (bounces)
    external: str | None = None  # the number in a foreign system, by a rule


class Mailed(Struct, frozen=True, kw_only=True):
    """A mail of ours, found by its token."""

    token: str
    ticket: int
    n: int  # its article; 0: an automatic answer or a notice
    audience: Audience
    recipients: tuple[str, ...]  # normalised
    message_id: str


class Twin(Struct, frozen=True, kw_only=True):
    """A letter received before that has the same content."""

    mail: int
    queue: str
    ticket: int | None
    n: int | None  # its article


class Candidate(Struct, frozen=True, kw_only=True):
    """A ticket that a letter may belong to."""

    ticket: Ticket
    parties: frozenset[str] = frozenset()  # normalised: customer, accepted, everybody we mailed on it (agents not)
    answered_today: int = 0  # automatic answers on it in the last 24 h
    first_agent: str | None = None  # who answered first


class Counts(Struct, frozen=True, kw_only=True):
    """Automatic answers owed or sent lately, for G13."""

    address_hour: int = 0
    address_day: int = 0
    domain_hour: int = 0
    total_hour: int = 0
    stopped: bool = False  # the breaker has tripped


class Known(Struct, frozen=True, kw_only=True):
    """The snapshot that a decision is made from. `tickets` has every ticket named anywhere else in it."""

    again: Twin | None = None  # the same key: this very delivery was accepted before
    twins: tuple[Twin, ...] = ()  # the same content under another queue
    same_id: bool = False  # our Message-ID was seen with other content
    tokens: dict[str, Mailed] = field(default_factory=dict)
    ids: dict[str, tuple[int, str]] = field(default_factory=dict)  # key -> ticket id and the queue it was sent to
    # key of an id never seen, or of the letter's own -> ticket of a mail that names it
    awaited: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    external: int | None = None  # the ticket that the mails of that number go on
    tickets: dict[int, Candidate] = field(default_factory=dict)
    counts: Counts = Counts()
    said: tuple[str, ...] = ()  # what those letters said that our last mails to this address answer by themselves


class Opening(Struct, frozen=True, kw_only=True):
    """A ticket to be made; number and id are the store's to give."""

    title: str
    queue: str
    state: State = State.NEW
    priority: Priority = Priority.NORMAL
    customer: Address = NOBODY


class AutoAnswer(Struct, frozen=True, kw_only=True):
    """An automatic answer to be owed (row A18)."""

    answer: str  # auto-reply, auto-follow-up, auto-reject, auto-new-ticket
    template: str
    recipient: str
    language: str = ""  # a word of the template's own table; "": the desk's


class Decision(Struct, frozen=True, kw_only=True):
    """What becomes of a letter, and why, step by step."""

    verdict: Verdict
    queue: str
    kind: Kind = Kind.PERSONAL
    rule: str | None = None  # the row that gave the kind
    silence: tuple[str, ...] = ()  # the rows that forbid an automatic answer
    why: tuple[str, ...] = ()
    opening: Opening | None = None  # verdict new
    ticket: int | None = None  # verdict follow-up or duplicate
    article: Article | None = None  # its `n` and `mail` are set when it is written
    changes: tuple[Change, ...] = ()  # after the article
    links: tuple[int, ...] = ()  # tickets to link a new one with
    answer: AutoAnswer | None = None
    tell: str | None = None  # the agent who is told
    same_article: bool = False  # the letter's twin is the article already: no second one
    held: str | None = None  # why it is held
    external: str | None = None  # the number in a foreign system whose next mails come to this new ticket
    external_was: int | None = None  # the ticket that they went on until now
    refused_by: str | None = None  # the rule; None where nobody knows the recipient
