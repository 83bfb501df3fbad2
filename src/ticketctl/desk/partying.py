"""Who belongs to a ticket: somebody is accepted, or becomes its customer."""

from __future__ import annotations

from ticketctl.change import CustomerSet, PartyAccepted
from ticketctl.change.step import Step
from ticketctl.desk import Desk, Outcome, Plan, View, each
from ticketctl.desk.making import address, foreign
from ticketctl.desk.noting import with_note
from ticketctl.errors import BadData
from ticketctl.party import customer_key
from ticketctl.ticket import Ticket, normal


def accept(desk: Desk, word: str, person: str) -> Outcome:
    """A party from now on. What they wrote before stays as it was: kept from the customer's sight.

    Raises BadData (65) for what is no address, an agent's, or one of the desk's own.
    """
    found = address(person)

    def plan(view: View, ticket: Ticket) -> Plan:
        named = normal(foreign(view, found).address or "")
        if (agent := view.policy.agent_of_address(named)) is not None:
            raise BadData(f"{named} is agent {agent.name}'s: an agent is never a party")
        wanted = PartyAccepted(address=named)
        if named in (customer_key(ticket), *ticket.parties):
            return Plan(wanted=wanted, remark=f"{named} is a party of ticket {ticket.number} already")
        return Plan(steps=[wanted])

    return each(desk, [word], plan)


def customer(desk: Desk, word: str, person: str, *, text: str | None = None) -> Outcome:
    """Another customer; the one of before is a party only as far as accepted, or mailed.

    Raises BadData (65) for what is no address, or one of the desk's own.
    """
    found = address(person)

    def plan(view: View, ticket: Ticket) -> Plan:
        wanted = CustomerSet(customer=foreign(view, found))
        if ticket.customer == found:
            remark = f"{found.address} is the customer of ticket {ticket.number} already"
            return Plan(steps=with_note(view, ticket, text), wanted=wanted, remark=remark)
        return Plan(steps=with_note(view, ticket, text, Step(change=wanted)))

    return each(desk, [word], plan)
