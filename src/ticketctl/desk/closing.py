"""The end of a ticket, and its return."""

from __future__ import annotations

from collections.abc import Sequence

from ticketctl.change import StateSet
from ticketctl.change.step import Step
from ticketctl.desk import Desk, Outcome, Plan, View, each
from ticketctl.desk.noting import with_note
from ticketctl.ticket import State, Ticket


def close(desk: Desk, words: Sequence[str], *, unsuccessful: bool = False, text: str | None = None) -> Outcome:
    """Closed, and unlocked. What is closed already is done, with a remark."""
    state = State.CLOSED_UNSUCCESSFUL if unsuccessful else State.CLOSED_SUCCESSFUL
    return _set(desk, words, state, text)


def reopen(desk: Desk, words: Sequence[str], *, text: str | None = None) -> Outcome:
    """State open again, from whatever it was."""
    return _set(desk, words, State.OPEN, text)


def _set(desk: Desk, words: Sequence[str], state: State, text: str | None) -> Outcome:
    def plan(view: View, ticket: Ticket) -> Plan:
        wanted = StateSet(state=state)
        if ticket.state is state:
            remark = f"ticket {ticket.number} is {state} already"
            return Plan(steps=with_note(view, ticket, text), wanted=wanted, remark=remark)
        return Plan(steps=with_note(view, ticket, text, Step(change=wanted)))

    return each(desk, words, plan)
