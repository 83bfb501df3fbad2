"""Mail that we owe: seen, held, released, tried again, dropped. One's own; an admin's is everybody's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field

from ticketctl.desk import Desk, Value, View, attempt
from ticketctl.desk.reading import row_fields
from ticketctl.desk.who import needs_admin
from ticketctl.errors import NotThere, Refusal
from ticketctl.page import moment, outbox_value

if TYPE_CHECKING:
    from ticketctl.store import OutboxRow, Reader, Writer


class Owed(Struct, frozen=True, kw_only=True):
    """Mails of the outbox, the brakes that stop some, and the agent's time zone."""

    mails: list[Value]
    brakes: list[Value]
    zone: tzinfo


class Turned(Struct, kw_only=True):
    """Mails that were changed, and who was refused."""

    done: list[Value] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def mails(desk: Desk, *, everything: bool = False, limit: int | None = None) -> Owed:
    """What is not sent yet, or with `everything` all of it; oldest first."""
    with desk.reading() as view:
        agent = None if view.admin else view.agent
        found = view.tx.outbox(unsent_only=not everything, agent=agent, limit=limit)
        return Owed(mails=[outbox_value(row_fields(each)) for each in found], brakes=_brakes(view.tx), zone=view.zone())


def mail(desk: Desk, number: int) -> tuple[Value, bytes | None, tzinfo]:
    """One mail of the outbox, and its finished bytes where it has them; also for who may read its ticket."""
    with desk.reading() as view:
        row = _own(view, view.tx, number, readable=True)
        raw = view.tx.raw(row.raw_sha256) if row.raw_sha256 else None
        return outbox_value(row_fields(row)), raw, view.zone()


def own(desk: Desk, number: int) -> None:
    """Raises NotThere unless the mail is the agent's own, or the agent is an admin."""
    with desk.reading() as view:
        _own(view, view.tx, number)


def hold(desk: Desk, numbers: Sequence[int]) -> Turned:
    """Not to be sent until `release`."""
    return _turn(desk, numbers, lambda tx, number: tx.hold(number))


def release(desk: Desk, numbers: Sequence[int]) -> Turned:
    """Held mail is owed again."""
    return _turn(desk, numbers, lambda tx, number: tx.release(number))


def retry(desk: Desk, numbers: Sequence[int], *, to: str | None = None) -> Turned:
    """Owed again, at once; with `to`, to that address instead."""
    if to is not None:
        from ticketctl.render import check_address

        to = check_address("--to", to)
    return _turn(desk, numbers, lambda tx, number: tx.retry(number, to))


def drop(desk: Desk, numbers: Sequence[int]) -> Turned:
    """Never to be sent; the article says so."""
    return _turn(desk, numbers, lambda tx, number: tx.drop(number))


def waiting(desk: Desk, *, auto: bool) -> list[int]:
    """The ids of all mail that is owed or held, with `auto` of automatic answers alone: for admins."""
    with desk.reading() as view:
        needs_admin(view.policy, view.actor)
        rows = view.tx.outbox()
        return [row.id for row in rows if row.status in ("owed", "held") and (row.mail_class == "auto" or not auto)]


def brake(desk: Desk, name: str, on: bool, reason: str = "") -> list[Value]:
    """Stops, or lets go, automatic answers or all mail of the desk: for admins."""

    def work(view: View, tx: Writer) -> list[Value]:
        needs_admin(view.policy, view.actor)
        tx.brake(name, on, reason)
        return _brakes(tx)

    return attempt(desk, desk.actor(), work)


def _brakes(tx: Reader) -> list[Value]:
    return [
        {"name": each.name, "at": moment(each.at), "author": each.author, "reason": each.reason or None}
        for each in tx.brakes()
    ]


def _turn(desk: Desk, numbers: Sequence[int], act: Callable[[Writer, int], object]) -> Turned:
    """Each mail in its own transaction."""
    turned, actor = Turned(), desk.actor()

    def work(number: int, view: View, tx: Writer) -> Value:
        _own(view, tx, number)
        act(tx, number)
        return outbox_value(row_fields(tx.outbox_row(number)))

    for number in dict.fromkeys(numbers):
        try:
            turned.done.append(attempt(desk, actor, partial(work, number)))
        except Refusal as refusal:
            turned.refused.append(refusal)
    return turned


def _own(view: View, tx: Reader, number: int, *, readable: bool = False) -> OutboxRow:
    """The mail, if it is the agent's own or the agent is an admin; the same NotThere otherwise.

    `readable`: or if the agent may read its ticket.
    """
    missing = NotThere(f"no mail {number} in the outbox: `ticketctl outbox list` shows yours")
    try:
        row = tx.outbox_row(number)
    except NotThere:
        raise missing from None
    ticket = tx.ticket(row.ticket) if readable and row.ticket is not None else None
    if not view.admin and row.agent != view.agent and not (ticket and view.rights.may(ticket.queue, "ro")):
        raise missing
    return row
