"""What and whose a ticket is: queue, owner, priority, title, and when it is to come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ticketctl.change import Change, Moved, Prioritised, Reassigned, Retitled, StateSet
from ticketctl.change.step import Step
from ticketctl.desk import Desk, Outcome, Plan, View, each, named
from ticketctl.desk.noting import told, with_note
from ticketctl.errors import BadData, Usage
from ticketctl.query import when
from ticketctl.ticket import Priority, State, Ticket


def move(desk: Desk, words: Sequence[str], *, queue: str, text: str | None = None) -> Outcome:
    """To another queue; unlocks."""

    def plan(view: View, ticket: Ticket) -> Plan:
        named("queue", queue, view.queues())
        already = f"ticket {ticket.number} is in {queue} already" if ticket.queue == queue else None
        return _plan(view, ticket, text, Moved(queue=queue), already)

    return each(desk, words, plan)


def reassign(desk: Desk, words: Sequence[str], *, to: str, text: str | None = None) -> Outcome:
    """To another agent, who holds the lock and is told. `to` may be `me`."""

    def plan(view: View, ticket: Ticket) -> Plan:
        agent = view.agent if to == "me" else named("agent", to, view.policy.agents)
        held = ticket.locked and ticket.owner == agent
        already = f"ticket {ticket.number} is {agent}'s already" if held else None
        wanted = Reassigned(owner=agent)
        if already:
            return _plan(view, ticket, text, wanted, already)
        step = Step(change=wanted, owed=told(view, ticket, agent, "reassigned"))
        return Plan(steps=with_note(view, ticket, text, step))

    return each(desk, words, plan)


def priority(desk: Desk, words: Sequence[str], *, level: Priority, text: str | None = None) -> Outcome:
    """Another priority."""

    def plan(view: View, ticket: Ticket) -> Plan:
        already = f"ticket {ticket.number} has priority {level} already" if ticket.priority is level else None
        return _plan(view, ticket, text, Prioritised(priority=level), already)

    return each(desk, words, plan)


def title(desk: Desk, word: str, *, title: str) -> Outcome:
    """Another title, on one line."""
    line = " ".join(title.split())
    if not line:
        raise Usage("a title wants some text")

    def plan(view: View, ticket: Ticket) -> Plan:
        already = f"ticket {ticket.number} has that title already" if ticket.title == line else None
        return _plan(view, ticket, None, Retitled(title=line), already)

    return each(desk, [word], plan)


def resolved(desk: Desk, text: str) -> tuple[datetime, str]:
    """WHEN as a moment in UTC, and as the agent's clock has it. Raises Usage (2), BadData (65) for what is past."""
    with desk.reading() as view:
        zone = view.zone()
    moment = when(text, now=desk.now, zone=zone)
    shown = f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
    if moment <= desk.now:
        raise BadData(f"{text!r} is past: {shown}")
    return moment, shown


PENDING = {
    None: State.PENDING_REMINDER,
    "successful": State.PENDING_AUTO_CLOSE,
    "unsuccessful": State.PENDING_AUTO_CLOSE_UNSUCCESSFUL,
}


def pend(
    desk: Desk, words: Sequence[str], *, until: str, then_close: str | None = None, text: str | None = None
) -> Outcome:
    """Pending until WHEN: a reminder, or to be closed then (`successful`, `unsuccessful`). The time is remarked."""
    moment, shown = resolved(desk, until)
    wanted = StateSet(state=PENDING[then_close], pending_until=moment)
    outcome = each(desk, words, lambda view, ticket: _plan(view, ticket, text, wanted, None))
    if outcome.done:
        outcome.remarks.insert(0, f"until {shown}")
    return outcome


def _plan(view: View, ticket: Ticket, text: str | None, wanted: Change, already: str | None) -> Plan:
    """The change with its note; where there is nothing to change, the note alone and a remark."""
    if already:
        return Plan(steps=with_note(view, ticket, text), wanted=wanted, remark=already)
    return Plan(steps=with_note(view, ticket, text, Step(change=wanted)))
