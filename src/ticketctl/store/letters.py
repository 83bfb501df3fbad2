"""Letters that were accepted, looked through as a postmaster wants them: newest first, along the primary key."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, func, select

from ticketctl.store import rows
from ticketctl.store import tables as t
from ticketctl.store.value import LetterRow

CHUNK = 500  # letters that are read at once where it depends on their reasons which are shown


class Sought(Struct, frozen=True, kw_only=True):
    """Which letters. `queues`: where the agent may see them, None for all; `queue`: the one that was asked for.

    `rule`: a row of the table of kinds and answers ("A5"), or the name of a rule of the policy.
    """

    held_only: bool = True
    queues: Collection[str] | None = None
    queue: str | None = None
    since: datetime | None = None
    verdict: str | None = None
    kind: str | None = None
    rule: str | None = None
    limit: int | None = None


def letters(connection: Connection, sought: Sought) -> list[LetterRow]:
    """Newest first. A letter that was placed is where its ticket is now."""
    c = t.letter.c
    where = [c.verdict == "held"] if sought.held_only else []
    where += [c.verdict == sought.verdict] if sought.verdict is not None else []
    where += [c.kind == sought.kind] if sought.kind is not None else []
    where += [c.id >= _first(connection, sought.since), c.received >= sought.since] if sought.since is not None else []
    place = c.queue if sought.held_only else func.coalesce(t.ticket.c.queue, c.queue)
    for some in (sought.queues, None if sought.queue is None else [sought.queue]):
        where += [place.in_(sorted(some))] if some is not None else []
    wanted = rows.LETTER.where(*where).order_by(c.id.desc())
    if sought.rule is None:
        return [rows.letter_of(row) for row in connection.execute(wanted.limit(sought.limit))]
    found = []
    for letter in _one_by_one(connection, wanted):
        if _fired(letter, sought.rule):
            found.append(letter)
        if len(found) == sought.limit:
            break
    return found


def _first(connection: Connection, since: datetime) -> int:
    """The id from which on letters were received at that time or later: ids are in the order of arrival."""
    c = t.letter.c
    low, high = 1, connection.execute(select(func.max(c.id) + 1)).scalar() or 1
    while low < high:  # every letter below `low` is older, every one from `high` on is not
        middle = (low + high) // 2
        row = connection.execute(select(c.id, c.received).where(c.id >= middle).order_by(c.id).limit(1)).first()
        low, high = (row.id + 1, high) if row is not None and row.received < since else (low, middle)
    return low


def _one_by_one(connection: Connection, wanted: Any) -> Iterator[LetterRow]:
    last: int | None = None
    while True:
        page = wanted if last is None else wanted.where(t.letter.c.id < last)
        found = [rows.letter_of(row) for row in connection.execute(page.limit(CHUNK))]
        yield from found
        if len(found) < CHUNK:
            return
        last = found[-1].id


def _fired(letter: LetterRow, rule: str) -> bool:
    """Did that row give the kind or forbid the answer, or did that rule of the policy fire?"""
    if rule in (letter.rule, *letter.silence):
        return True
    begins, passed = f"rule {rule}: ", f"rule {rule}: passed over: "  # the latter: it could not be run
    return any(line.startswith(begins) and not line.startswith(passed) for line in letter.why)
