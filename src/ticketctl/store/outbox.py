"""Mail that we owe: rows, and what becomes of them.

A row is claimed, in a transaction of its own, before anything is sent. A claim that nobody finished is taken up again
for agents' mail and notices (at least once, under one Message-ID: G6), and is `unknown` for automatic answers (at most
once: G5).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, insert, or_, select, union_all, update

from ticketctl.change.step import Owed
from ticketctl.errors import BadData, NotThere, TryAgain
from ticketctl.store import tables as t
from ticketctl.store.hints import by_id, indexed
from ticketctl.store.rows import OUTBOX, delivery_rows, outbox_of, outbox_row, token_row
from ticketctl.store.types import cleaned
from ticketctl.store.value import AHEAD, ALL_BRAKE, AUTO_BRAKE, OutboxRow, OutboxStatus
from ticketctl.ticket import normal

STALE = timedelta(minutes=15)  # a claim older than that was left behind
BESIDE = 25  # more than are wanted are looked at: others may be claiming the first ones at the same moment
EVERY = ("owed", "sending", "sent", "failed", "held", "unknown", "dropped")
UNSENT = ("owed", "sending", "held", "unknown", "failed")
CLASSES = ("agent", "auto", "notice")


def owe(
    connection: Connection,
    owed: Owed,
    now: datetime,
    *,
    ticket: int | None = None,
    n: int = 0,
    version: int | None = None,
    agent: str | None = None,
    raw_sha256: str | None = None,
) -> int:
    """A new row, its token and a delivery for each recipient; gives its id."""
    row = outbox_row(owed, now, ticket=ticket, n=n, version=version, agent=agent, raw_sha256=raw_sha256)
    outbox_id = t.put(connection, t.outbox, row)
    if ticket is not None:
        connection.execute(insert(t.token), token_row(owed, ticket, n))
    _deliveries(connection, outbox_id, ticket, n, owed.recipients, now, last=0)
    return outbox_id


def rows(connection: Connection, where: Any, limit: int | None = None) -> list[OutboxRow]:
    """Rows of the outbox, oldest first; `where` names their ids: they are looked up by these."""
    found = by_id(OUTBOX.where(where), t.outbox).order_by(t.outbox.c.id).limit(limit)
    return [outbox_of(row) for row in connection.execute(found)]


def row(connection: Connection, outbox_id: int) -> OutboxRow:
    """That row, NotThere without it."""
    found = rows(connection, t.outbox.c.id == outbox_id)
    if not found:
        raise NotThere(f"no mail {outbox_id} in the outbox; `ticketctl outbox list` shows them")
    return found[0]


def braked(connection: Connection) -> set[str]:
    """The classes that a brake stops."""
    names = {row.name for row in connection.execute(select(t.brake.c.name))}
    return set(CLASSES) if ALL_BRAKE in names else {"auto"} if AUTO_BRAKE in names else set()


def claim(
    connection: Connection, now: datetime, *, limit: int, ids: Collection[int] | None, due_at: datetime
) -> list[OutboxRow]:
    """Claims what was due at `due_at`: agents' mail first, then the oldest."""
    lost_answers(connection, now)
    c = t.outbox.c
    open_classes = sorted(set(CLASSES) - braked(connection))
    due = or_(
        and_(c.status == "owed", or_(c.next_try <= due_at, c.next_try > now + AHEAD)),
        and_(c.status == "sending", _left_behind(now), c.mail_class != "auto"),
    )
    if ids is None:
        ids = connection.execute(waiting(now, open_classes, limit + BESIDE, due_at=due_at)).scalars().all()
    wanted = select(c.id).where(c.id.in_(sorted(ids)), due, c.mail_class.in_(open_classes))
    wanted = wanted.order_by(c.mail_class, c.next_try, c.id).limit(limit).with_for_update(skip_locked=True)
    found = connection.execute(by_id(wanted, t.outbox)).scalars().all()
    claimed = []
    for each in found:
        mark = secrets.token_hex(16)
        done = connection.execute(
            update(t.outbox).where(c.id == each, due).values(status="sending", claim=mark, claimed=now)
        )
        if done.rowcount == 1:
            claimed.append(row(connection, each))
    return claimed


def waiting(
    now: datetime, classes: Collection[str], limit: int | None, *, due_at: datetime | None = None, left: bool = True
) -> Select[Any]:
    """The ids of mail that was due at `due_at`: agents' first, then whose turn came first; what a clock that stood
    ahead put off, too. `left`: with claims left behind.

    Each class is a stretch of an index in that order: a backlog costs no more than what is taken of it.
    """
    c = t.outbox.c
    first = select(c.id, c.mail_class, c.next_try).order_by(c.next_try, c.id).limit(limit)
    turns = (c.next_try <= (due_at or now), c.next_try > now + AHEAD)
    ways = [first.where(c.status == "owed", c.mail_class == each, turn) for each in classes for turn in turns]
    behind = [each for each in classes if left and each != "auto"]
    ways += [first.where(c.status == "sending", c.mail_class == each, _left_behind(now)) for each in behind]
    if not ways:
        return select(c.id).where(false())
    due = union_all(*(select(way.subquery()) for way in ways)).subquery()
    return select(due.c.id).order_by(due.c.mail_class, due.c.next_try, due.c.id).limit(limit)


def stale(connection: Connection, before: datetime, classes: Collection[str]) -> list[int]:
    """Owed mail of these classes that waits since then; `retry` and `release` begin the wait anew."""
    c = t.outbox.c
    since = or_(and_(c.tries == 0, c.next_try < before), and_(c.tries > 0, c.created < before))
    wanted = select(c.id).where(c.status == "owed", c.mail_class.in_(sorted(classes)), since).order_by(c.id)
    return list(connection.execute(wanted).scalars())


def noticed(connection: Connection, event: str, since: datetime) -> bool:
    """Is there a notice of that event, of no ticket, owed since then? Not by a clock that stood ahead."""
    c = t.outbox.c
    lately = and_(c.mail_class == "notice", c.created > since, c.created <= since + AHEAD, c.ticket_id.is_(None))
    found = indexed(select(c.plan).where(lately), t.outbox, "ix_outbox_mail_class_created")
    return any(plan.get("event") == event for plan in connection.execute(found).scalars())


def listed(
    connection: Connection, statuses: Sequence[str], agent: str | None, limit: int | None, *, notices: bool
) -> list[OutboxRow]:
    """Rows of these statuses, oldest first: a stretch of an index for each, of which no more is read than is shown."""
    from ticketctl.store.among import ids_in

    c = t.outbox.c
    where = [c.agent == agent] if agent is not None else []
    where += [] if notices else [c.mail_class != "notice"]
    ways = [select(c.id).where(c.status == each, *where).order_by(c.id).limit(limit).subquery() for each in statuses]
    return rows(connection, ids_in(c.id, union_all(*(select(way.c.id) for way in ways))), limit)


def lost_answers(connection: Connection, now: datetime) -> None:
    """Automatic answers whose sender died: nobody knows whether they went out, and they are not sent again."""
    c = t.outbox.c
    lost = and_(c.status == "sending", c.mail_class == "auto", _left_behind(now))
    for each in connection.execute(select(c.id).where(lost).with_for_update()).scalars().all():
        stamp(connection, each, "unknown", last_error="the sender died between claiming and stamping")
        deliver(connection, each, None, now, status="unknown")


def _left_behind(now: datetime) -> ColumnElement[bool]:
    """Claimed too long ago; or by a clock that stood ahead, which would keep the row for as long (G14)."""
    return or_(t.outbox.c.claimed < now - STALE, t.outbox.c.claimed > now + STALE)


def settle(connection: Connection, claimed: OutboxRow, status: OutboxStatus, **values: Any) -> None:
    """What became of a claimed row; TryAgain where the claim is no longer ours."""
    c = t.outbox.c
    mine = and_(c.id == claimed.id, c.status == "sending", c.claim == claimed.claim)
    done = connection.execute(update(t.outbox).where(mine).values(status=status, claim=None, claimed=None, **values))
    if done.rowcount != 1:
        raise TryAgain(f"mail {claimed.id} of the outbox was taken by another process meanwhile")


def stamp(connection: Connection, outbox_id: int, status: OutboxStatus, **values: Any) -> None:
    """A new status, whoever held the row."""
    connection.execute(
        update(t.outbox).where(t.outbox.c.id == outbox_id).values(status=status, claim=None, claimed=None, **values)
    )


def turn(
    connection: Connection, outbox_id: int, now: datetime, allowed: Sequence[str], status: OutboxStatus
) -> OutboxRow:
    """Hold, release or drop by hand: BadData where the row's status does not allow it."""
    locked(connection, outbox_id)
    before = row(connection, outbox_id)
    if before.status not in allowed:
        raise BadData(f"mail {outbox_id} of the outbox is {before.status}: it cannot become {status}")
    stamp(connection, outbox_id, status, **({"next_try": now} if status == "owed" else {}))
    return before


def locked(connection: Connection, outbox_id: int) -> datetime | None:
    """The row is ours until the end: nobody claims it meanwhile. Gives when it was claimed, if it is."""
    c = t.outbox.c
    claimed: datetime | None = connection.execute(
        select(c.claimed).where(c.id == outbox_id).with_for_update()
    ).scalar()  # fmt: skip
    return claimed


def again(connection: Connection, outbox_id: int, now: datetime, to: str | None) -> OutboxRow:
    """Owed once more, at once; with `to`, to that address instead, which our token then covers."""
    claimed = locked(connection, outbox_id)
    if claimed is not None and abs(claimed - now) < STALE:
        raise TryAgain(f"mail {outbox_id} of the outbox is being sent right now")
    before = turn(connection, outbox_id, now, (*UNSENT, "dropped"), "owed")
    values: dict[str, Any] = {"tries": 0, "last_error": None}
    if to is None:
        deliver(connection, outbox_id, None, now, status="owed", only=("failed", "held", "unknown"))
    else:
        values["recipients"] = [to]
        position = select(func.max(t.delivery.c.position)).where(t.delivery.c.outbox_id == outbox_id)
        last = connection.execute(position).scalar() or 0
        _deliveries(connection, outbox_id, before.ticket, before.n, (to,), now, last=last)
        _cover(connection, before.token, to)
    connection.execute(update(t.outbox).where(t.outbox.c.id == outbox_id).values(values))
    return row(connection, outbox_id)


def deliver(
    connection: Connection,
    outbox_id: int,
    recipient: str | None,
    now: datetime,
    *,
    only: Sequence[str] = (),
    **values: Any,
) -> None:
    """Marks the deliveries of a row: to one recipient, or to all; of those in status `only`, where it is given."""
    c = t.delivery.c
    where = [c.outbox_id == outbox_id]
    if recipient is not None:
        where.append(c.recipient == cleaned(recipient))
    if only:
        where.append(c.status.in_(only))
    connection.execute(update(t.delivery).where(*where).values(at=now, **values))


def reported(
    connection: Connection,
    ticket: int,
    n: int,
    recipient: str,
    now: datetime,
    *,
    but: Sequence[str] = (),
    **values: Any,
) -> None:
    """Marks the newest delivery to that recipient, of that article: a report came. Those in a status of `but` stay."""
    c = t.delivery.c
    found = connection.execute(
        select(c.outbox_id, c.position, c.recipient, c.status)
        .where(c.ticket_id == ticket, c.n == n)
        .order_by(c.outbox_id.desc(), c.position)
    ).all()
    wanted = normal(recipient)
    hit = next((each for each in found if normal(each.recipient) == wanted), None)
    if hit is not None and hit.status not in but:
        this = and_(c.outbox_id == hit.outbox_id, c.position == hit.position)
        connection.execute(update(t.delivery).where(this).values(at=now, **values))


def _deliveries(
    connection: Connection, outbox_id: int, ticket: int | None, n: int, recipients: Sequence[str], now: datetime,
    *, last: int,
) -> None:  # fmt: skip
    new = delivery_rows(outbox_id, ticket, n, recipients, now, last=last)
    if new:
        connection.execute(insert(t.delivery), new)


def _cover(connection: Connection, token: str, address: str) -> None:
    c = t.token.c
    before = connection.execute(select(c.recipients).where(c.token == token)).scalar()
    if before is not None:
        covered = sorted({*before, normal(address)})
        connection.execute(update(t.token).where(c.token == token).values(recipients=covered))
