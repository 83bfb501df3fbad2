"""The Change union: what can happen to a ticket, and its JSON.

The JSON of a change is a format: add fields with defaults, never rename one, and keep the frozen samples
in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from ticketctl.ticket import NOBODY, Address, Channel, Kind, Priority, SenderType, State

LinkType = Literal["normal", "parent", "child"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    id: int
    number: str
    title: str
    queue: str
    state: State
    priority: Priority = Priority.NORMAL
    customer: Address = NOBODY
    first_response_due: datetime | None = None
    update_due: datetime | None = None
    solution_due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleAdded:
    n: int
    channel: Channel
    sender_type: SenderType
    visible: bool
    kind: Kind = Kind.PERSONAL
    author: str | None = None  # the address that wrote, or the agent's name
    subject: str = ""
    message_id: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Lock and own."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stolen:
    """Lock and own what another had locked."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """The lock is off; the owner's name stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveBack:
    """A take that came to nothing: lock and owner as they were."""

    owner: str | None
    locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The desk gives a ticket to the agent who answered first (after a customer's follow-up)."""

    owner: str
    locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned:
    """One agent gives a ticket to another, who holds the lock."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """To another queue; unlocks."""

    queue: str
    first_response_due: datetime | None = None
    update_due: datetime | None = None
    solution_due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prioritised:
    priority: Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Retitled:
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSet:
    """A state of type closed unlocks; a pending one has `pending_until`."""

    state: State
    pending_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSet:
    customer: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyAccepted:
    """An address may continue this ticket."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    other: int
    number: str
    type: LinkType = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The desk owes an automatic answer (`auto-reply` ...), made of the template when it is claimed."""

    answer: str
    template: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The mail system took the article's (or, n = 0, an automatic) mail for this recipient."""

    n: int
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed:
    """A mail of ours did not arrive, or will never be sent; `code` is RFC 3463's."""

    n: int
    recipient: str
    code: str | None = None
    permanent: bool | None = None
    why: str = ""


Change = (
    Created | ArticleAdded | Taken | Stolen | Unlocked | GaveBack | Assigned | Reassigned | Moved | Prioritised
    | Retitled | StateSet | CustomerSet | PartyAccepted | Linked | Answered | Sent | DeliveryFailed
)  # fmt: skip
CHANGES: dict[str, type[Change]] = {
    kind.__name__: kind
    for kind in (Created, ArticleAdded, Taken, Stolen, Unlocked, GaveBack, Assigned, Reassigned, Moved, Prioritised,
                 Retitled, StateSet, CustomerSet, PartyAccepted, Linked, Answered, Sent, DeliveryFailed)
}  # fmt: skip


def encode(change: Change) -> dict[str, Any]:
    """Plain JSON values by field, those at their default left out; the name is the class's."""
    return {
        each.name: _plain(getattr(change, each.name))
        for each in fields(change)
        if getattr(change, each.name) != each.default
    }


def decode(name: str, data: dict[str, Any]) -> Change:
    """The change of that name. Raises KeyError, TypeError or ValueError on what no version of ours wrote."""
    return CHANGES[name](**{key: _CASTS.get(key, _same)(value) for key, value in data.items()})


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case Address():
            return {"address": value.address, "name": value.name}
        case tuple():
            return list(value)
        case str():
            return str(value)
        case _:
            return value


def _same(value: Any) -> Any:
    return value


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


_CASTS: dict[str, Any] = {
    "state": State,
    "priority": Priority,
    "kind": Kind,
    "customer": lambda value: Address(**value),
    "remarks": tuple,
    "pending_until": _moment,
    "first_response_due": _moment,
    "update_due": _moment,
    "solution_due": _moment,
}
