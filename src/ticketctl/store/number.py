"""Ticket numbers from ids: unique because the id is, so no hosts fight over a counter (OTRS's four schemes)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from ticketctl.policy.value import NumberScheme
from ticketctl.ticket import damm

SHORTEST = 8  # a shorter word is an id (contract section 4)
PADDED = 5


def number(scheme: NumberScheme, ticket_id: int, *, day: date, system_id: str, draw: Callable[[int], int]) -> str:
    """The number of a new ticket.

    `day` is today in the desk's timezone; `draw(n)` gives a random int from 0 to n - 1 (scheme `random` alone).
    `date-checksum`: YYYYMMDD, system id, id padded to 5, Damm's check digit; `date`: without the digit.
    """
    padded = f"{ticket_id:0{PADDED}}"
    match scheme:
        case "date-checksum":
            figures = f"{day:%Y%m%d}{system_id}{padded}"
            return f"{figures}{damm(figures)}"
        case "date":
            return f"{day:%Y%m%d}{system_id}{padded}"
        case "increment":
            return f"{system_id}{ticket_id:0{max(PADDED, SHORTEST - len(system_id))}}"
        case "random":
            return f"{system_id}{draw(10**10):010}"
