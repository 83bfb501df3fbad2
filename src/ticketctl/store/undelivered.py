"""Which addresses a mail server has refused for good, as far as the tickets of the one who wrote tell."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, false, select, true

from ticketctl.store import tables as t
from ticketctl.store.hints import indexed
from ticketctl.store.rows import address_key
from ticketctl.ticket import normal

TICKETS = 20  # newest of an address's own that are looked at, live ones and others, beside the one that is answered
_KNOWN = ("sent", "delayed", "failed")  # the rest says nothing of the address


def gone(connection: Connection, ticket_id: int, addresses: Collection[str]) -> list[dict[str, Any]]:
    """Those of `addresses` whose newest delivery failed for good, with `recipient`, `code` and `at`.

    On this ticket, and on the newest of those whose customer the address is; a later mail that went out and did not
    come back speaks for the address again. Mail that was dropped here has no code, and says nothing.
    """
    wanted = {normal(address): address for address in addresses}
    tickets = {ticket_id, *(each for address in wanted for each in _tickets(connection, address))}
    c = t.delivery.c
    found = connection.execute(
        select(c.recipient, c.status, c.code, c.permanent, c.at).where(
            c.ticket_id.in_(sorted(tickets)), c.status.in_(_KNOWN)
        )
    )
    newest: dict[str, Any] = {}
    for row in found:
        key = normal(row.recipient)
        if key in wanted and (key not in newest or (row.at, row.status == "failed") >= _rank(newest[key])):
            newest[key] = row
    return [
        {"recipient": wanted[key], "code": row.code, "at": row.at}
        for key, row in newest.items()
        if row.status == "failed" and row.permanent and (row.code or "").startswith("5")
    ]


def _rank(row: Any) -> tuple[Any, bool]:
    return row.at, row.status == "failed"


def _tickets(connection: Connection, address: str) -> list[int]:
    """Live ones and others apart: each is read along its index, and no further, however many there are."""
    c = t.ticket.c
    found: list[int] = []
    for live in (true(), false()):
        wanted = select(c.id).where(c.live == live, c.customer_key == address_key(address))
        wanted = indexed(wanted, t.ticket, "ix_ticket_live_customer_key_created_id")
        found += connection.execute(wanted.order_by(c.created.desc(), c.id.desc()).limit(TICKETS)).scalars()
    return found
