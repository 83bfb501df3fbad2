"""What then? The ticket after a change, and the ticket that a history makes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

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
from ticketctl.ticket import Kind, StateType, Ticket


def evolve(ticket: Ticket | None, change: Change, now: datetime) -> Ticket:
    """The ticket after a change that `permit` let pass. `now`: aware, UTC."""
    if isinstance(change, Created):
        return _created(change, now)
    if ticket is None:
        raise ValueError(f"{type(change).__name__} on a ticket that is not there")
    after = ticket.evolve(version=ticket.version + 1, changed=now)
    match change:
        case ArticleAdded():
            return _article_added(after, change)
        case Taken(owner=owner) | Stolen(owner=owner) | Reassigned(owner=owner):
            return after.evolve(owner=owner, locked=True)
        case Unlocked():
            return after.evolve(locked=False)
        case GaveBack(owner=former, locked=locked):
            return after.evolve(owner=former, locked=locked)
        case Assigned(owner=owner, locked=locked):
            return after.evolve(owner=owner, locked=locked)
        case Moved():
            return after.evolve(queue=change.queue, locked=False, first_response_due=change.first_response_due,
                                update_due=change.update_due, solution_due=change.solution_due)  # fmt: skip
        case Prioritised(priority=priority):
            return after.evolve(priority=priority)
        case Retitled(title=title):
            return after.evolve(title=title)
        case StateSet():
            return _state_set(after, change, now)
        case CustomerSet(customer=customer):
            return after.evolve(customer=customer)
        case PartyAccepted(address=address):
            return after.evolve(parties=tuple(sorted({*after.parties, address})))
        case Tagged(added=added, removed=removed):
            return after.evolve(tags=tuple(sorted({*after.tags, *added} - {*removed})))
        case Linked() | Answered() | Sent() | DeliveryFailed() | DeliveryDelayed() | Delivered():
            return after
        case _:
            assert_never(change)


def _created(change: Created, now: datetime) -> Ticket:
    return Ticket(
        id=change.id,
        number=change.number,
        version=1,
        title=change.title,
        queue=change.queue,
        state=change.state,
        priority=change.priority,
        customer=change.customer,
        created=now,
        changed=now,
        closed=now if change.state.type is StateType.CLOSED else None,
        first_response_due=change.first_response_due,
        update_due=change.update_due,
        solution_due=change.solution_due,
    )


def _article_added(after: Ticket, change: ArticleAdded) -> Ticket:
    after = after.evolve(articles=change.n)
    if not change.visible or change.kind is not Kind.PERSONAL:
        return after
    if change.sender_type == "customer":
        return after.evolve(waiting_on="us", last_customer_article=change.n)
    if change.sender_type == "agent":
        return after.evolve(waiting_on="customer", last_agent_article=change.n, first_response_due=None)
    return after


def _state_set(after: Ticket, change: StateSet, now: datetime) -> Ticket:
    if change.state.type is StateType.CLOSED:
        return after.evolve(state=change.state, pending_until=None, closed=now, locked=False, waiting_on=None)
    return after.evolve(state=change.state, pending_until=change.pending_until, closed=None)


def fold(history: Iterable[tuple[Change, datetime]]) -> Ticket | None:
    """The ticket that its history makes."""
    ticket: Ticket | None = None
    for change, at in history:
        ticket = evolve(ticket, change, at)
    return ticket
