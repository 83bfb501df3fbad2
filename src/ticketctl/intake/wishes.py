"""What rules found, and what that does to a ticket: to a new one all of it, to one that is there what may.

As OTRS's PostMaster filters keep X-OTRS-Queue and X-OTRS-FollowUp-Queue apart: what agents did to a ticket since is not
undone by its next mail, unless the rule says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from ticketctl.change.value import Assigned, Change, Moved, Prioritised, Retitled, StateSet, Tagged
from ticketctl.intake.control import Control, control
from ticketctl.intake.value import Envelope, Opening
from ticketctl.letter.value import Letter
from ticketctl.policy import Policy
from ticketctl.ticket import Ticket

Outcome = Literal["dropped", "held", "refused"]


class Fired(Struct, frozen=True, kw_only=True):
    """A rule whose conditions held. `set`: its values, groups filled in; `passed`: what was passed over, and why."""

    n: int  # from 0, in the policy
    name: str
    set: dict[str, Any] = field(default_factory=dict)
    passed: tuple[str, ...] = ()


class Ruled(Struct, frozen=True, kw_only=True):
    """What the rules say of a letter, one after the other: the last word on each thing counts."""

    fired: tuple[Fired, ...] = ()
    tried: int = 0  # rules looked at: all, unless one said stop
    new: Control = Control()  # what a new ticket gets
    follow: Control = Control()  # what a ticket that is there gets, by rules that say follow-up
    visible: bool | None = None
    answer: bool | None = None
    outcome: Outcome | None = None
    by: str = ""  # the rule that gave the outcome
    ticket: str | None = None  # the number in a foreign system whose mails go on one ticket
    why: tuple[str, ...] = ()

    def on_ticket(self, *, grouped: bool) -> Control:
        """What is set on a ticket that is there. `grouped`: `ticket` led to it; then `state` counts, too."""
        plain = Control(tags=self.new.tags, state=self.new.state if grouped else None)
        return self.follow.over(plain)


def asked(letter: Letter, envelope: Envelope, ruled: Ruled, policy: Policy) -> Control:
    """What a new ticket is to be: the rules have the last word, then headers of a hop that is trusted."""
    return ruled.new.over(control(letter, policy) if envelope.trust else Control())


def granted(opening: Opening, wish: Control, policy: Policy) -> tuple[Opening, tuple[Change, ...], tuple[str, ...]]:
    """The new ticket with the priority, state, owner and tags that are asked for; and what was passed over."""
    made = replace(opening, state=wish.state or opening.state, priority=wish.priority or opening.priority)
    owner, why = _owner(wish, made.queue, policy)
    changes: list[Change] = [Assigned(owner=owner, locked=wish.lock)] if owner else []
    changes += [Tagged(added=wish.tags)] if wish.tags else []
    return made, tuple(changes), why


def on_ticket(ticket: Ticket, wish: Control, policy: Policy) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """The changes that make the ticket what is asked for, none where it is so already; and what was passed over."""
    changes: list[Change] = []
    queue = wish.queue if wish.queue and wish.queue != ticket.queue else None
    if queue:
        changes.append(Moved(queue=queue))
    owner, why = _owner(wish, queue or ticket.queue, policy)
    if owner and (queue or (owner, wish.lock) != (ticket.owner, ticket.locked)):
        changes.append(Assigned(owner=owner, locked=wish.lock))
    if wish.state and wish.state is not ticket.state:
        changes.append(StateSet(state=wish.state))
    if wish.priority and wish.priority is not ticket.priority:
        changes.append(Prioritised(priority=wish.priority))
    if wish.title and wish.title != ticket.title:
        changes.append(Retitled(title=wish.title))
    if new := tuple(tag for tag in wish.tags if tag not in ticket.tags):
        changes.append(Tagged(added=new))
    return tuple(changes), why


def _owner(wish: Control, queue: str, policy: Policy) -> tuple[str | None, tuple[str, ...]]:
    """The agent asked for, who must be one that may see the queue."""
    if wish.owner is None:
        return None, ("lock: nobody is named whose it would be: passed over",) if wish.lock else ()
    if wish.owner not in policy.agents or not policy.rights(wish.owner).may(queue, "ro"):
        return None, (f"owner {wish.owner} may not see queue {queue}: passed over",)
    return wish.owner, ()


def told(values: dict[str, Any]) -> str:
    """What a rule sets, on one line: `queue Raw, priority high`."""
    return ", ".join(f"{word} {_shown(value)}" for word, value in values.items()) or "sets nothing"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
