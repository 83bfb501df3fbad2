"""What many do to one desk at once, over several servers. Counts are arguments; each gives what it counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from store.conftest import NOW, SYSTEM, letter, opened
from system.home import mail
from ticketctl.desk import Caller, Desk, governing, locking, noting
from ticketctl.errors import Refusal, TryAgain, Unavailable
from ticketctl.intake import Decision, Envelope
from ticketctl.policy import Policy
from ticketctl.receive import accept, receive
from ticketctl.store import Store
from ticketctl.ticket import POSTMASTER, Actor

AGENTS = 12
POLICY = """
[desk]
name = "Example Help Desk"
domain = "example.org"
default-queue = "Support"
[queues.Support]
addresses = ["support@example.org"]
{queue}
[queues.Sales]
addresses = ["sales@example.org"]
[agents.ada]
name = "Ada"
email = "ada@example.org"
logins = ["ada"]
admin = true
roles = ["all"]
[roles.all.queues]
"*" = ["rw"]
[templates.received]
kind = "auto"
subject = "We have it"
body = "{{{{ ticket.number }}}}"
""" + "".join(f'[agents.a{i}]\nname = "A{i}"\nlogins = ["a{i}"]\nroles = ["all"]\n' for i in range(AGENTS))


def crowd(size: int, work: Callable[..., Any], *given: Any) -> list[Any]:
    """What `work(i, *given)` returned in each of `size` threads that begin at one moment, each with its own store."""
    barrier = threading.Barrier(size)

    def one(i: int) -> Any:
        barrier.wait(60)
        return work(i, *given)

    with ThreadPoolExecutor(size) as people:
        return list(people.map(one, range(size)))


def _at(i: int, urls: Sequence[str]) -> Store:
    return Store(urls[i % len(urls)])


def _persisting(work: Callable[[], Any], seconds: float = 60) -> Any:
    """What a mail system does: 75 is tried again. Raises what is no TryAgain or Unavailable."""
    until = time.monotonic() + seconds
    while True:
        try:
            return work()
        except Refusal as refusal:
            if refusal.status not in (69, 75) or time.monotonic() > until:
                raise
            time.sleep(0.05)


def _envelope(to: str = "support@example.org", sender: str = "carla@customer.test") -> Envelope:
    return Envelope(recipient=to, sender=sender)


def deliver(i: int, urls: Sequence[str], mails: Sequence[bytes]) -> Counter[str]:
    """Every mail, through one node: verdicts, and how often it had to be delivered again (`75`)."""
    store, found = _at(i, urls), Counter[str]()

    def once(each: bytes) -> str:
        try:
            return receive(store, each, _envelope(), NOW).decision.verdict
        except (TryAgain, Unavailable):
            found["75"] += 1
            raise

    for each in mails:
        found[_persisting(lambda each=each: once(each))] += 1  # type: ignore[misc]
    return found


def arrivals(urls: Sequence[str], mails: int, copies: int) -> Counter[str]:
    """The same mails to every node at once, `copies` processes: each is new once, and a duplicate else."""
    letters = [mail(f"a{n}", sender=f"kim{n}@customer.test") for n in range(mails)]
    return sum(crowd(copies, deliver, urls, letters), Counter())


def follow_up(i: int, urls: Sequence[str], number: str, each: int) -> Counter[str]:
    mails = [mail(f"f{i}.{n}", subject=f"Re: [Ticket#{number}] printer") for n in range(each)]
    return deliver(i, urls, mails)


def answered(i: int, urls: Sequence[str], each: int) -> Counter[str]:
    """New mails of one sender, who is to have but a few automatic answers (G13)."""
    return deliver(i, urls, [mail(f"q{i}.{n}", sender="loop@customer.test") for n in range(each)])


def _desk(store: Store, agent: str) -> Desk:
    return Desk(store=store, caller=Caller(uid=1000, login=agent), now=NOW)


def take(i: int, urls: Sequence[str], ticket: int) -> str:
    outcome = locking.take(_desk(_at(i, urls), f"a{i}"), [f"id:{ticket}"])
    return "took" if outcome.done else f"{outcome.refused[0].status} by {outcome.refused[0].by}"


def take_next(i: int, urls: Sequence[str], tickets: int) -> list[str]:
    desk = _desk(_at(i, urls), f"a{i}")
    return [_persisting(lambda: locking.take_next(desk))["number"] for _ in range(tickets)]


def write_notes(i: int, urls: Sequence[str], ticket: int, each: int) -> int:
    desk, done = _desk(_at(i, urls), f"a{i}"), 0
    for n in range(each):
        done += len(_persisting(lambda n=n: noting.note(desk, [f"id:{ticket}"], text=f"{i}.{n}")).done)  # type: ignore[misc]
    return done


def place(i: int, urls: Sequence[str], held: int) -> str:
    """One held letter, placed by many: one succeeds, the others hear that it is placed."""
    def once() -> str:
        try:
            accept(store, held, queue="Sales", ticket=None, actor=Actor(agent="ada"), now=NOW)
        except Refusal as refusal:
            if refusal.status == 65:
                return "placed already"
            raise
        return "placed"

    store = _at(i, urls)
    return once()


def claim(i: int, urls: Sequence[str]) -> list[int]:
    """Mails claimed until none is left."""
    store, found = _at(i, urls), list[int]()
    while claimed := _persisting(lambda: _claim(store)):
        found += claimed
    return found


def _claim(store: Store) -> list[int]:
    with store.writing(SYSTEM, NOW + timedelta(minutes=1)) as tx:
        return [row.id for row in tx.claim(limit=2)]


def close_queue(i: int, urls: Sequence[str], without: str, each: int) -> str:
    """The first takes a queue out of the policy while the others put tickets into it."""
    store = _at(i, urls)
    if i == 0:
        time.sleep(0.05)
        try:
            governing.apply(_desk(store, "ada"), without, reason="no Sales", base=1)
        except Refusal as refusal:
            return str(refusal.status)
        return "gone"
    found = Counter[str]()
    for n in range(each):
        made = _persisting(lambda n=n: _sold(store, f"s{i}.{n}"))  # type: ignore[misc]
        found[made] += 1
    return f"Sales {found['Sales']}"


def _sold(store: Store, name: str) -> str:
    return receive(store, mail(name), _envelope("sales@example.org", f"{name}@customer.test"), NOW).decision.queue


def numbers(i: int, urls: Sequence[str], each: int) -> list[str]:
    """The numbers of tickets that are made as fast as can be."""
    store = _at(i, urls)

    def one() -> str:
        with store.writing(SYSTEM, NOW) as tx:
            return opened(tx, queue="Support").number

    return [_persisting(one) for _ in range(each)]


def hold(store: Store) -> int:
    """A letter that waits for somebody to place it; gives its id."""
    from store.conftest import asks

    read, asked = letter(mail("held")), asks("9" * 64)
    with store.writing(POSTMASTER, NOW) as tx:
        tx.known(asked, NOW)
        return tx.accept(read, _envelope(), Decision(verdict="held", queue="Support", held="for a test"), asked)


def policy(store: Store) -> Policy:
    with store.reading() as tx:
        return tx.policy()
