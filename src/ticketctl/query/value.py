"""The tree that a query becomes, so that the store only translates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from ticketctl.query.reference import TicketRef
from ticketctl.ticket import Kind, Priority, State, StateType, utc

ME = "me"  # owner:me, the agent who asks
NOBODY = "none"  # owner:none


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of time in UTC, `since` in it, `until` not; None is open, and both None is any time at all."""

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        utc(self.since)
        utc(self.until)


Value = str | int | State | StateType | Priority | Kind | Span | TicketRef


class Term(Struct, frozen=True, kw_only=True, eq=False):
    """`field` has one of `values`. What each field holds:

    - queue: str, an exact name, or one that ends in `::` for that queue and all below it
    - state: State; type: StateType; priority: Priority; kind: Kind (of one of its articles)
    - owner: str, an agent's name, `ME` or `NOBODY`
    - customer: str, a normalised address or `@domain`; or the TicketRef of `of:17`, whose customer is meant
    - from: str, beginnings of words of an author's address or name; subject: str, of an article's subject
    - tag: str; lock: "locked" or "unlocked"; waiting: "us" or "customer"
    - created, changed, due: Span (`age:` becomes created)
    - id: int; number: str, digits; word: str, a bare word: the number, the id, or beginnings of words of the title
    """

    field: str
    values: tuple[Value, ...]
    column: int = 0  # where it stood, from 1; two terms that differ in this alone are equal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and (self.field, self.values) == (other.field, other.values)

    def __hash__(self) -> int:
        return hash((self.field, self.values))


class And(Struct, frozen=True):
    """All of them; `And(())` is what an empty query asks for: every ticket."""

    parts: tuple[Query, ...]


class Or(Struct, frozen=True):
    parts: tuple[Query, ...]


class Not(Struct, frozen=True):
    part: Query


Query = And | Or | Not | Term


def terms(query: Query) -> Iterator[Term]:
    """Every term of the tree, in order."""
    match query:
        case Term():
            yield query
        case Not():
            yield from terms(query.part)
        case _:
            for part in query.parts:
                yield from terms(part)


def mentions(query: Query) -> set[str]:
    """The fields that a query speaks of: `state` or `type` lift the default states, `queue` the default queues."""
    return {term.field for term in terms(query)}
