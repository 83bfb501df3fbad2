"""Lock and owner: take, steal, unlock. One agent wins; the others are told who."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ticketctl.change import Stolen, Taken, Unlocked
from ticketctl.change.step import Step
from ticketctl.desk import Desk, Outcome, Plan, Value, View, attempt, each
from ticketctl.desk.noting import told
from ticketctl.desk.reading import known
from ticketctl.errors import NotThere
from ticketctl.query import And, Query, Term, mentions, parse
from ticketctl.ticket import StateType, Ticket

if TYPE_CHECKING:
    from ticketctl.store import Writer

CHOICE = 25  # tickets that `take --next` looks at, for those that others are taking at the same moment
WAITING = ("type", (StateType.NEW, StateType.OPEN))  # what `take --next` takes, unless its query says otherwise


def take(desk: Desk, words: Sequence[str]) -> Outcome:
    """Lock and own."""
    return each(desk, words, _take)


def _take(view: View, ticket: Ticket) -> Plan:
    wanted = Taken(owner=view.agent)
    if ticket.locked and ticket.owner == view.agent:
        return Plan(wanted=wanted, remark=f"ticket {ticket.number} is yours already")
    return Plan(steps=[wanted])


def take_next(desk: Desk, text: str = "") -> Value:
    """The most urgent unlocked ticket that the agent may own: highest priority, then the oldest.

    Raises NotThere (66) where none waits.
    """
    taken: list[Value] = []

    def work(view: View, tx: Writer) -> None:
        taken.clear()
        asked = parse(text, now=view.now, zone=view.zone())
        known(view, asked)
        wanted: list[Query] = [asked, Term(field="lock", values=("unlocked",))]
        if not mentions(asked) & {"state", "type"}:
            wanted.append(Term(field=WAITING[0], values=WAITING[1]))
        queues = view.queues("owner")
        if not mentions(asked) & {"queue"}:
            queues = [name for name in queues if name in view.policy.agents[view.agent].my_queues] or queues
        ticket = tx.free(_most_urgent(view, And(tuple(wanted)), queues))
        if ticket is None:
            raise NotThere("no unlocked ticket waits there")
        taken.append(desk.shape(tx.change(ticket.id, Taken(owner=view.agent)), agent=view.agent))

    attempt(desk, desk.actor(), work)
    return taken[0]


def _most_urgent(view: View, asked: Query, queues: Sequence[str]) -> list[Ticket]:
    """The oldest of the highest priority that is there: some, since others may be taking the very first."""
    for first in view.tx.find(asked, queues=queues, agent=view.agent, sort="priority", reverse=True, limit=1):
        same = And((asked, Term(field="priority", values=(first.priority,))))
        return view.tx.find(same, queues=queues, agent=view.agent, limit=CHOICE) or [first]
    return []


def steal(desk: Desk, words: Sequence[str]) -> Outcome:
    """Lock and own what another holds; the loser is told."""
    return each(desk, words, _steal)


def _steal(view: View, ticket: Ticket) -> Plan:
    wanted = Stolen(owner=view.agent)
    if ticket.locked and ticket.owner == view.agent:
        return Plan(wanted=wanted, remark=f"ticket {ticket.number} is yours already")
    loser = ticket.owner if ticket.locked else None
    return Plan(steps=[Step(change=wanted, owed=told(view, ticket, loser, "stolen"))])


def unlock(desk: Desk, words: Sequence[str]) -> Outcome:
    """The lock off; the owner's name stays."""
    return each(desk, words, _unlock)


def _unlock(_view: View, ticket: Ticket) -> Plan:
    if not ticket.locked:
        return Plan(wanted=Unlocked(), remark=f"ticket {ticket.number} is not locked")
    return Plan(steps=[Unlocked()])
