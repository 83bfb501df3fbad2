"""The Change union: what can happen to a ticket, and its JSON.

The JSON of a change is a format: add fields with defaults, never rename one, and keep the frozen samples
in the tests.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import NODEFAULT, Struct

from ticketctl.ticket import NOBODY, Address, Channel, Kind, Priority, SenderType, State

LinkType = Literal["normal", "parent", "child"]


class Created(Struct, frozen=True, kw_only=True):
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


class ArticleAdded(Struct, frozen=True, kw_only=True):
    n: int
    channel: Channel
    sender_type: SenderType
    visible: bool
    kind: Kind = Kind.PERSONAL
    author: str | None = None  # the address that wrote, or the agent's name
    subject: str = ""
    message_id: str | None = None
    remarks: tuple[str, ...] = ()


class Taken(Struct, frozen=True, kw_only=True):
    """Lock and own."""

    owner: str


class Stolen(Struct, frozen=True, kw_only=True):
    """Lock and own what another had locked."""

    owner: str


class Unlocked(Struct, frozen=True, kw_only=True):
    """The lock is off; the owner's name stays."""


class GaveBack(Struct, frozen=True, kw_only=True):
    """A take that came to nothing: lock and owner as they were."""

    owner: str | None
    locked: bool


class Assigned(Struct, frozen=True, kw_only=True):
    """The desk gives a ticket to an agent: who answered first, after a customer's follow-up, or whom a rule names."""

    owner: str
    locked: bool


class Reassigned(Struct, frozen=True, kw_only=True):
    """One agent gives a ticket to another, who holds the lock."""

    owner: str


class Moved(Struct, frozen=True, kw_only=True):
    """To another queue; unlocks."""

    queue: str
    first_response_due: datetime | None = None
    update_due: datetime | None = None
    solution_due: datetime | None = None


class Prioritised(Struct, frozen=True, kw_only=True):
    priority: Priority


class Retitled(Struct, frozen=True, kw_only=True):
    title: str


class StateSet(Struct, frozen=True, kw_only=True):
    """A state of type closed unlocks; a pending one has `pending_until`."""

    state: State
    pending_until: datetime | None = None


class CustomerSet(Struct, frozen=True, kw_only=True):
    customer: Address


class PartyAccepted(Struct, frozen=True, kw_only=True):
    """An address may continue this ticket."""

    address: str


class Tagged(Struct, frozen=True, kw_only=True):
    """Tags put on and taken off; one that is in both stays off."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Linked(Struct, frozen=True, kw_only=True):
    other: int
    number: str
    type: LinkType = "normal"


class Answered(Struct, frozen=True, kw_only=True):
    """The desk owes an automatic answer (`auto-reply` ...), made of the template when it is claimed."""

    answer: str
    template: str
    recipient: str


class Sent(Struct, frozen=True, kw_only=True):
    """The mail system took the article's (or, n = 0, an automatic) mail for this recipient."""

    n: int
    recipient: str


class DeliveryFailed(Struct, frozen=True, kw_only=True):
    """A mail of ours did not arrive, or will never be sent; `code` is RFC 3463's."""

    n: int
    recipient: str
    code: str | None = None
    permanent: bool | None = None
    why: str = ""


class DeliveryDelayed(Struct, frozen=True, kw_only=True):
    """A mail server still tries (RFC 3464 section 2.3.3): no failure, and the next report replaces it."""

    n: int
    recipient: str
    code: str | None = None
    why: str = ""


class Delivered(Struct, frozen=True, kw_only=True):
    """A mail server says that it has delivered our mail, or handed it on: what was late is late no more."""

    n: int
    recipient: str


Change = (
    Created | ArticleAdded | Taken | Stolen | Unlocked | GaveBack | Assigned | Reassigned | Moved | Prioritised
    | Retitled | StateSet | CustomerSet | PartyAccepted | Tagged | Linked | Answered | Sent | DeliveryFailed
    | DeliveryDelayed | Delivered
)  # fmt: skip
CHANGES: dict[str, type[Change]] = {
    kind.__name__: kind
    for kind in (Created, ArticleAdded, Taken, Stolen, Unlocked, GaveBack, Assigned, Reassigned, Moved, Prioritised,
                 Retitled, StateSet, CustomerSet, PartyAccepted, Tagged, Linked, Answered, Sent, DeliveryFailed,
                 DeliveryDelayed, Delivered)
}  # fmt: skip


def encode(change: Change) -> dict[str, Any]:
    """Plain JSON values by field, those at their default left out; the name is the class's."""
    names, defaults = change.__struct_fields__, change.__struct_defaults__
    padded = (NODEFAULT,) * (len(names) - len(defaults)) + defaults
    values = ((name, getattr(change, name), default) for name, default in zip(names, padded, strict=True))
    return {name: _plain(value) for name, value, default in values if value != default}


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
    "added": tuple,
    "removed": tuple,
    "pending_until": _moment,
    "first_response_due": _moment,
    "update_due": _moment,
    "solution_due": _moment,
}
