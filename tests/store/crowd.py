"""Many processes at once, all starting at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

from store.conftest import NOW, SYSTEM, asks, letter, opened, received
from ticketctl.change import Taken
from ticketctl.errors import Locked, TryAgain
from ticketctl.receive import TRIES
from ticketctl.store import Again, Store
from ticketctl.ticket import Actor

_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload(["store.conftest"])


def crowd(size: int, work: Callable[..., Any], *given: Any) -> list[Any]:
    """What `work(i, *given)` returned in each of `size` processes."""
    barrier, answers = _SPAWN.Barrier(size), _SPAWN.Queue()
    people = [_SPAWN.Process(target=_one, args=(barrier, answers, i, work, given)) for i in range(size)]
    for each in people:
        each.start()
    found = [answers.get(timeout=60) for _ in people]
    for each in people:
        each.join()
    return found


def _one(barrier: Any, answers: Any, i: int, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    try:
        barrier.wait(60)
        answers.put(work(i, *given))
    except BaseException as trouble:
        answers.put(repr(trouble))
        raise


def take(i: int, url: str) -> str:
    store = Store(url)
    try:
        with store.writing(Actor(agent=f"a{i}"), NOW) as tx:
            tx.change(1, Taken(owner=f"a{i}"))
    except Locked as refusal:
        return f"locked by {refusal.by}"
    return f"a{i}"


def make_many(_i: int, url: str) -> list[str]:
    store = Store(url)
    numbers = []
    for _ in range(100):
        with store.writing(SYSTEM, NOW) as tx:
            numbers.append(opened(tx).number)
    return numbers


def deliver(_i: int, url: str) -> str:
    store = Store(url)
    for _ in range(TRIES):
        try:
            received(store, letter(b"the same", message_id="<same@x>"), asks("c" * 64))
        except Again:
            return "again"
        except TryAgain:  # on a server both may be storing its bytes
            continue
        return "new"
    return "never"


def claim(_i: int, url: str) -> list[int]:
    store, claimed = Store(url), []
    for _ in range(10):
        with store.writing(SYSTEM, NOW) as tx:
            claimed += [row.id for row in tx.claim(limit=3)]
    return claimed
