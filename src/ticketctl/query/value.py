"""The tree that a query becomes, so that the store only translates."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from ticketctl.query.reference import TicketRef
from ticketctl.ticket import Kind, Priority, State, StateType, utc

ME = "me"  # owner:me, the agent who asks
NOBODY = "none"  # owner:none


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time in UTC, `since` in it, `until` not; None is open, and both None is any time at all."""

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        utc(self.since)
        utc(self.until)


Value = str | int | State | StateType | Priority | Kind | Span | TicketRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """`field` has one of `values`. What each field holds:

    - queue: str, an exact name, or one that ends in `::` for that queue and all below it
    - state: State; type: StateType; priority: Priority; kind: Kind (of one of its articles)
    - owner: str, an agent's name, `ME` or `NOBODY`
    - customer: str, a normalised address or `@domain`; or the TicketRef of `of:17`, whose customer is meant
    - from: str, part of an author's address or name; subject: str, part of an article's subject
    - tag: str; lock: "locked" or "unlocked"; waiting: "us" or "customer"
    - created, changed, due: Span (`age:` becomes created)
    - id: int; number: str, digits; word: str, a bare word that is the number, the id, or in the title
    """

    field: str
    values: tuple[Value, ...]
    column: int = dataclasses.field(default=0, compare=False)  # where it stood, from 1


@dataclass(frozen=True, slots=True)
class And:
    """All of them; `And(())` is what an empty query asks for: every ticket."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Query


Query = And | Or | Not | Term


def mentions(query: Query) -> set[str]:
    """The fields that a query speaks of: `state` or `type` lift the default states, `queue` the default queues."""
    match query:
        case Term():
            return {query.field}
        case Not():
            return mentions(query.part)
        case _:
            return set().union(*(mentions(part) for part in query.parts))
