"""May it? The only place that says no: rights by role and queue, the lock, the legal step."""

from __future__ import annotations

from typing import Literal

from ticketctl.change.value import (
    Answered,
    ArticleAdded,
    Assigned,
    Change,
    Created,
    CustomerSet,
    Delivered,
    DeliveryDelayed,
    DeliveryFailed,
    GaveBack,
    Linked,
    Moved,
    PartyAccepted,
    Prioritised,
    Reassigned,
    Retitled,
    Sent,
    StateSet,
    Stolen,
    Tagged,
    Taken,
    Unlocked,
)
from ticketctl.errors import BadData, Locked, NotAllowed, NotThere
from ticketctl.policy import Policy, Rights
from ticketctl.ticket import Actor, StateType, Ticket

OnLock = Literal["may", "refused", "needs rw"]
_OF_DELIVERY = (Sent, DeliveryFailed, DeliveryDelayed, Delivered)
_DESK_ONLY = (Assigned, Answered, *_OF_DELIVERY)
_NEEDS: dict[type[Change], tuple[tuple[str, ...], OnLock]] = {
    Taken: (("owner",), "refused"),
    Stolen: (("rw",), "may"),
    Unlocked: (("owner",), "needs rw"),
    GaveBack: (("owner",), "refused"),
    Reassigned: (("owner",), "refused"),
    Moved: (("owner",), "refused"),
    Prioritised: (("priority",), "refused"),
    Retitled: (("rw",), "refused"),
    StateSet: (("owner",), "refused"),
    CustomerSet: (("rw",), "refused"),
    PartyAccepted: (("rw",), "refused"),
    Tagged: (("rw",), "may"),
    Linked: (("rw",), "may"),
}


def needs(change: Change) -> tuple[tuple[str, ...], OnLock]:
    """The rights on the ticket's queue that an agent needs, and what another agent's lock does."""
    if isinstance(change, ArticleAdded):
        answers = change.sender_type == "agent" and change.visible and change.channel == "email"
        return (("note", "owner"), "refused") if answers else (("note",), "may")
    return _NEEDS[type(change)]


def permit(change: Change, ticket: Ticket | None, actor: Actor, policy: Policy) -> None:
    """The only place that says no: rights by role and queue, the lock, the legal step.

    `ticket` is None for a ticket that is being made. The desk itself (`actor.system`) is bound by legal steps only.

    Raises NotThere (also for a ticket the agent may not see), NotAllowed, Locked, BadData.
    """
    _refer(change, ticket, policy)
    if not actor.system:
        _rights(change, ticket, actor, policy)
    if ticket is not None:
        _step(change, ticket)


def see(ticket: Ticket | None, word: str, rights: Rights | None) -> Ticket:
    """The ticket, if it is there and theirs to see; the same NotThere otherwise. `rights` None: the desk itself."""
    if ticket is None or (rights is not None and not rights.may(ticket.queue, "ro")):
        raise NotThere(f"no ticket {word}", ticket=word)
    return ticket


def _rights(change: Change, ticket: Ticket | None, actor: Actor, policy: Policy) -> None:
    if actor.agent is None or actor.agent not in policy.agents:
        raise NotAllowed("you are no agent of this desk: ask an admin for an entry in the policy (ticketctl whoami)")
    rights = policy.rights(actor.agent)
    if isinstance(change, _DESK_ONLY) and not (ticket is None and isinstance(change, Assigned)):
        raise NotAllowed(f"{type(change).__name__} is for the desk itself")
    if isinstance(change, Taken | Stolen) and change.owner != actor.agent:
        raise NotAllowed(f"you cannot lock for {change.owner}: use `reassign --to {change.owner}`")
    if isinstance(change, Created):
        _require(rights, change.queue, "create", None)
        return
    if ticket is None:
        # what comes with a ticket in the transaction that makes it is covered by `create`, an owner by a rule included
        return
    see(ticket, ticket.number, rights)
    wanted, on_lock = needs(change)
    if isinstance(change, Moved):
        _require(rights, change.queue, "move_into", ticket)
    for right in wanted:
        _require(rights, ticket.queue, right, ticket)
    if not ticket.locked_for(actor.agent) or on_lock == "may":
        return
    if on_lock == "needs rw":
        _require(rights, ticket.queue, "rw", ticket)
        return
    raise Locked(f"ticket {ticket.number} is locked by {ticket.owner}; `ticketctl steal` takes it over",
                 ticket=ticket.number, by=ticket.owner)  # fmt: skip


def _require(rights: Rights, queue: str, right: str, ticket: Ticket | None) -> None:
    if not rights.may(queue, right):
        number = ticket.number if ticket else None
        what = f"ticket {number}: " if number else ""
        raise NotAllowed(f"{what}you lack the right {right!r} on queue {queue}", ticket=number)


def _refer(change: Change, ticket: Ticket | None, policy: Policy) -> None:
    """What a change names must be there."""
    match change:
        case Created(queue=queue) | Moved(queue=queue) if queue not in policy.queues:
            raise NotThere(f"no queue {queue!r}; `ticketctl queue list` names them")
        case StateSet(state=state) if ticket is not None and ticket.queue not in policy.queues:
            if state.type in (StateType.NEW, StateType.OPEN, StateType.PENDING):
                raise BadData(f"ticket {ticket.number}: its queue {ticket.queue} is gone: move it first",
                              ticket=ticket.number)  # fmt: skip
        case Taken(owner=owner) | Stolen(owner=owner) | Reassigned(owner=owner):
            if owner not in policy.agents:
                raise NotThere(f"no agent {owner!r}; `ticketctl agent list` names them")
            if ticket is not None and not policy.rights(owner).may(ticket.queue, "ro"):
                raise BadData(f"ticket {ticket.number}: {owner} may not see queue {ticket.queue}", ticket=ticket.number)
        case _:
            pass


def _step(change: Change, ticket: Ticket) -> None:
    """Steps that the ticket's state does not allow, whoever asks."""
    if isinstance(change, Created):
        raise BadData(f"ticket {ticket.number} is there already")
    if ticket.state.type in (StateType.MERGED, StateType.REMOVED) and not isinstance(change, (*_OF_DELIVERY, Linked)):
        raise BadData(f"ticket {ticket.number} is {ticket.state}: nothing can be done to it", ticket=ticket.number)
    match change:
        case StateSet(state=state, pending_until=until):
            if state.type in (StateType.MERGED, StateType.REMOVED):
                raise BadData(f"ticket {ticket.number}: state {state.value!r} cannot be set by hand")
            if (state.type is StateType.PENDING) != (until is not None):
                wrong = "has no time" if until else "needs a time"
                raise BadData(f"ticket {ticket.number}: state {state.value!r} {wrong}", ticket=ticket.number)
            if until is not None and ticket.state.type is StateType.CLOSED:
                raise BadData(f"ticket {ticket.number} is {ticket.state}: reopen it first", ticket=ticket.number)
        case ArticleAdded(n=n) if n != ticket.articles + 1:
            raise BadData(f"ticket {ticket.number}: article {n} does not follow {ticket.articles}")
        case Sent(n=n) | DeliveryFailed(n=n) | DeliveryDelayed(n=n) | Delivered(n=n) if not 0 <= n <= ticket.articles:
            raise BadData(f"ticket {ticket.number} has no article {n}")
        case _:
            pass
