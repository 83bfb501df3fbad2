"""What a ticket is to be: by the `X-Ticketctl-*` headers of a hop that the administrator trusts (contract section 3,
`--trust`), or by the rules of the policy (`rules`)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ticketctl.letter.value import Letter
from ticketctl.policy import Policy
from ticketctl.ticket import Priority, State, StateType

_YES = ("yes", "true", "1", "on")


class Control(Struct, frozen=True, kw_only=True):
    """What headers or rules ask for; `why` names also what was not understood."""

    queue: str | None = None
    priority: Priority | None = None
    state: State | None = None
    owner: str | None = None
    lock: bool = False
    title: str | None = None
    tags: tuple[str, ...] = ()
    ignore: bool = False
    why: tuple[str, ...] = ()

    def over(self, other: Control) -> Control:
        """Both, this one's word for what both say. A lock goes with the owner whom it is for."""
        return Control(
            queue=self.queue or other.queue,
            priority=self.priority or other.priority,
            state=self.state or other.state,
            owner=self.owner or other.owner,
            lock=self.lock or (other.lock and self.owner in (None, other.owner)),
            title=self.title or other.title,
            tags=tuple(dict.fromkeys((*other.tags, *self.tags))),
            ignore=self.ignore or other.ignore,
            why=(*other.why, *self.why),
        )


def control(letter: Letter, policy: Policy) -> Control:
    """The headers as values; one that names what is not there is left out and said."""
    readers: dict[str, Any] = {
        "queue": lambda text: text if text in policy.queues else None,
        "priority": lambda text: Priority(text.lower()) if text.lower() in list(Priority) else None,
        "state": _state,
        "owner": lambda text: text if text in policy.agents else None,
        "lock": lambda text: text.lower() in (*_YES, "lock", "locked"),
        "title": lambda text: text or None,
        "ignore": lambda text: text.lower() in _YES,
    }
    values: dict[str, Any] = {}
    why = []
    for name, reader in readers.items():
        text = letter.first(f"X-Ticketctl-{name}")
        if text is None:
            continue
        values[name] = reader(text.strip())
        if values[name] is None:
            why.append(f"X-Ticketctl-{name.title()}: {text.strip()[:80]!r} is not there: passed over")
    return Control(**values, why=tuple(why))


def _state(text: str) -> State | None:
    """A state that a new ticket can have without a time."""
    word = text.lower()
    if word not in list(State):
        return None
    state = State(word)
    return state if state.type in (StateType.NEW, StateType.OPEN, StateType.CLOSED) else None
