"""The doing half of the verbs: one named request, one transaction, plain values in and out (contract section 6).

No module here imports the store or anything else that is slow to import; it is given a Desk. A request is a function
whose first argument is the Desk, so that it can be named on a socket as well as called.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field

from ticketctl import query
from ticketctl.change import Change, permit, see
from ticketctl.change.step import Step
from ticketctl.desk import who
from ticketctl.desk.who import Caller
from ticketctl.errors import NotThere, Refusal, TryAgain, Usage
from ticketctl.page import ticket_value
from ticketctl.policy import Policy, Rights
from ticketctl.ticket import Actor, Ticket

if TYPE_CHECKING:
    from ticketctl.store import Reader, Store, Writer

__all__ = ["Caller", "Desk", "Outcome", "Plan", "Value", "View", "attempt", "each", "found", "ours", "unread"]

TRIES = 12  # of a lost race, before it is the agent's turn to try again
PAUSE = 0.5  # seconds between two tries, at most
Value = dict[str, Any]
T = TypeVar("T")


class Desk(Struct, frozen=True, kw_only=True):
    """The desk as one caller meets it, at one moment. With `dry_run`, `store` undoes what is written (rehearsal)."""

    store: Store
    caller: Caller
    now: datetime
    dry_run: bool = False

    @contextmanager
    def reading(self) -> Iterator[View]:
        """A snapshot, for an agent of the desk."""
        with self.store.reading() as tx:
            policy = tx.policy()
            yield View(tx=tx, policy=policy, actor=who.agent(policy, self.caller), now=self.now)

    def actor(self) -> Actor:
        """The agent who acts."""
        with self.reading() as view:
            return view.actor

    def system(self) -> Actor:
        """The desk itself, if the caller may run it."""
        if self.caller.owns:
            return who.system(None, self.caller)
        with self.store.reading() as tx:
            return who.system(tx.policy(), self.caller)

    def shape(self, ticket: Ticket, *, agent: str | None = None) -> Value:
        """A ticket as the contract shows it."""
        return ticket_value(ticket, unread=unread(ticket, agent), dry_run=self.dry_run)


class View(Struct, frozen=True, kw_only=True):
    """A transaction (reading or writing) with who asks and what holds."""

    tx: Reader
    policy: Policy
    actor: Actor
    now: datetime

    @property
    def agent(self) -> str:
        """The name of the agent whose rights count."""
        return self.actor.agent or ""

    @property
    def rights(self) -> Rights:
        return self.policy.rights(self.agent)

    @property
    def admin(self) -> bool:
        return self.rights.admin

    def queues(self, right: str = "ro") -> list[str]:
        """The queues on which the agent has a right, in the policy's order."""
        rights = self.rights
        return [name for name in self.policy.queues if rights.may(name, right)]

    def zone(self) -> Any:
        """The agent's time zone, else the desk's."""
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.policy.agents[self.agent].timezone or self.policy.desk.timezone)

    def ticket(self, word: str) -> Ticket:
        """The ticket that a word names, if the agent may see it. Raises NotThere (66), Usage (2) if ambiguous."""
        ref = query.ticket(word)
        seen = [
            ticket
            for ticket in self.tx.tickets(self.tx.resolve(ref.number, ref.id))
            if self.rights.may(ticket.queue, "ro")
        ]
        if len(seen) > 1:
            both = " and ".join(f"id:{ticket.id} ({ticket.number})" for ticket in seen)
            raise Usage(f"{word!r} is ambiguous, a number and an id: {both}; say id:N or number:N")
        return see(seen[0] if seen else None, word, None)


def ours(view: View, tx: Writer, word: str) -> Ticket:
    """The ticket that a word names, its row locked: it is as it is now, and stays so until we end."""
    return see(tx.ticket(view.ticket(word).id), word, view.rights)


def unread(ticket: Ticket, agent: str | None) -> bool:
    """Has the customer had the last word, on a ticket that is this agent's or nobody's?"""
    return ticket.waiting_on == "us" and ticket.owner in (None, agent)


class Outcome(Struct, kw_only=True):
    """What became of a request on several tickets: those changed, what was said of them, and who was refused."""

    done: list[Value] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class Plan(Struct, frozen=True, kw_only=True):
    """What is to happen to one ticket. `wanted` is what was asked where nothing is to be done: it must be permitted
    all the same, and `remark` says so."""

    steps: Sequence[Step | Change] = ()
    remark: str | None = None
    wanted: Change | None = None


Planner = Callable[["View", Ticket], Plan]


def found(desk: Desk, words: Sequence[str]) -> tuple[Actor, list[int | Refusal]]:
    """Who asks, and the ids that words name, each once and in order, or the refusal of a word.

    Raises Usage for what is no word.
    """
    for word in words:
        query.ticket(word)
    with desk.reading() as view:
        results: list[int | Refusal] = []
        for word in words:
            try:
                results.append(view.ticket(word).id)
            except Refusal as refusal:
                results.append(refusal)
        return view.actor, list(dict.fromkeys(results))


def each(desk: Desk, words: Sequence[str], plan: Planner) -> Outcome:
    """Every ticket in its own transaction; one that is refused does not stop the rest."""
    outcome = Outcome()
    actor, ids = found(desk, words)
    for one in ids:
        if isinstance(one, Refusal):
            outcome.refused.append(one)
            continue
        try:
            attempt(desk, actor, partial(_one, desk, outcome, plan, one))
        except Refusal as refusal:
            outcome.refused.append(refusal)
    return outcome


def _one(desk: Desk, outcome: Outcome, plan: Planner, ticket_id: int, view: View, tx: Writer) -> Callable[[], None]:
    ticket = see(tx.ticket(ticket_id), str(ticket_id), view.rights)
    planned = plan(view, ticket)
    if planned.wanted is not None:
        permit(planned.wanted, ticket, view.actor, view.policy)
    after = tx.change(ticket.id, *planned.steps)
    value = desk.shape(after, agent=view.agent)

    def kept() -> None:
        outcome.done.append(value)
        if planned.remark:
            outcome.remarks.append(planned.remark)

    return kept


def attempt(desk: Desk, actor: Actor, work: Callable[[View, Writer], T]) -> T:
    """One transaction, again from a new snapshot where it lost a race. A callable that `work` gives back is called
    after the commit: nothing is said before."""
    for left in range(TRIES - 1, -1, -1):
        try:
            with desk.store.writing(actor, desk.now) as tx:
                result = work(View(tx=tx, policy=tx.current(), actor=actor, now=desk.now), tx)
            if callable(result):
                result()
            return result
        except TryAgain as lost:
            if not left or not lost.race:  # a busy database has been waited for already
                raise
            from random import uniform  # late: hardly ever needed

            # those who met once are not to meet again
            time.sleep(uniform(0, min(PAUSE, 0.02 * 2 ** (TRIES - 1 - left))))
    raise AssertionError


def one(desk: Desk, word: str) -> tuple[Actor, Ticket]:
    """Who asks, and the ticket that the word names."""
    with desk.reading() as view:
        return view.actor, view.ticket(word)


def named(kind: str, name: str, known: Sequence[str] | dict[str, Any]) -> str:
    """The name, if there is such a thing; else NotThere (66) with one that is near, or how to find out.

    `known`: those that the one who asks may hear of.
    """
    if name not in known:
        import difflib  # late: only for those who mistyped

        folded = {each.casefold(): each for each in known}
        near = difflib.get_close_matches(name.casefold(), folded, n=1)
        hint = f"did you mean {folded[near[0]]!r}?" if near else f"`ticketctl {kind} list` names them"
        raise NotThere(f"no {kind} {name!r}; {hint}")
    return name

