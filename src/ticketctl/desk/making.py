"""A ticket that no mail made: somebody called, an agent writes first, or only agents are to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from ticketctl.change import Created, PartyAccepted, Taken
from ticketctl.change.step import Step
from ticketctl.desk import Desk, Value, View, attempt, named
from ticketctl.desk.noting import said
from ticketctl.errors import BadData, Usage
from ticketctl.party import customer_key, is_ours, may_be_party
from ticketctl.ticket import Address, Priority, State, Ticket, normal

if TYPE_CHECKING:
    from ticketctl.store import Writer


class Wish(Struct, frozen=True, kw_only=True):
    """What a new ticket is to be. `customer` is an address, or `Name <address>`, as are `cc`, who are parties from the
    start; `text` its first article."""

    queue: str
    customer: str
    title: str
    text: str
    channel: Literal["phone", "email", "note"] = "phone"
    priority: Priority = Priority.NORMAL
    take: bool = False
    cc: tuple[str, ...] = ()


class Made(Struct, frozen=True, kw_only=True):
    """The ticket, and the ids of the mail that is owed."""

    ticket: Value
    owed: tuple[int, ...] = ()


def new(desk: Desk, wish: Wish) -> Made:
    """A ticket in state open, owned by nobody unless it is taken; with channel email its first mail goes out."""
    title = " ".join(wish.title.split())
    if not title:
        raise Usage("a ticket wants a title")
    customer = address(wish.customer)
    made: list[Made] = []

    def work(view: View, tx: Writer) -> None:
        made.clear()
        named("queue", wish.queue, view.queues())
        ticket_id, number = tx.number(view.policy.desk)
        created = Created(
            id=ticket_id, number=number, title=title, queue=wish.queue, state=State.OPEN, priority=wish.priority,
            customer=customer,
        )  # fmt: skip
        ticket = tx.change(None, created)
        copies = [foreign(view, address(each)) for each in wish.cc]
        steps = [_first(view, ticket, wish, copies)]
        steps += _accepted(view, ticket, copies)
        if wish.take:
            steps.append(Step(change=Taken(owner=view.agent)))
        ticket = tx.change(ticket.id, *steps)
        owed = tuple(tx.owed[each.token] for each in steps[0].owed)
        made.append(Made(ticket=desk.shape(ticket, agent=view.agent), owed=owed))

    attempt(desk, desk.actor(), work)
    return made[0]


def _first(view: View, ticket: Ticket, wish: Wish, copies: list[Address]) -> Step:
    """The first article."""
    if wish.channel != "email":
        return said(view, None, wish.text, channel=wish.channel, customer=ticket.customer)
    from ticketctl import render
    from ticketctl.desk.sending import mailed
    from ticketctl.ticket import token

    draft = render.draft(
        view.policy, ticket, [], agent=view.agent, token=token(), now=view.now, text=wish.text, quote=False,
        cc=copies,
    )  # fmt: skip
    return mailed(draft, agent=view.agent, n=1)


def _accepted(view: View, ticket: Ticket, copies: list[Address]) -> list[Step]:
    """Whom the agent put into Cc; an agent is no party by that."""
    people = dict.fromkeys(normal(each.address or "") for each in copies)
    others = [each for each in people if each != customer_key(ticket) and may_be_party(each, view.policy)]
    return [Step(change=PartyAccepted(address=each)) for each in others]


def foreign(view: View, person: Address) -> Address:
    """Somebody else than the desk. Raises BadData (65) for an address of one of its queues."""
    if is_ours(person.address or "", view.policy):
        raise BadData(f"{person.address} is an address of the desk itself: it would write to itself")
    return person


def address(text: str) -> Address:
    """`emma@example.org`, `Emma Jones <emma@example.org>`. Raises BadData (65) for what nobody can be written to."""
    from ticketctl.letter import addresses

    boxes, more = addresses.read(text, 2)
    found = boxes[0].address if len(boxes) == 1 and not more and not boxes[0].doubtful else Address()
    local, at, domain = (found.address or "").rpartition("@")
    if not (local and at and domain) or any(char.isspace() for char in found.address or ""):
        raise BadData(f"not an address: {text!r}; write emma@example.org, or 'Emma Jones <emma@example.org>'")
    return found
