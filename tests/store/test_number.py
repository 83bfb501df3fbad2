"""Ticket numbers: the four schemes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketctl.store.number import number
from ticketctl.ticket import damm

DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("scheme", "ticket_id", "wanted"),
    [
        ("date-checksum", 1, "2026112210000014"),
        ("date-checksum", 123456, "20261122101234565"),
        ("date", 17, "202611221000017"),
        ("increment", 17, "10000017"),
        ("increment", 123456789, "10123456789"),
        ("random", 17, "100000000042"),
    ],
)
def test_schemes(scheme, ticket_id, wanted):
    assert number(scheme, ticket_id, day=DAY, system_id="10", draw=lambda _n: 42) == wanted


@given(st.integers(1, 10**9), st.sampled_from(["1", "10", "12345678"]), st.dates(date(1970, 1, 1)))
def test_a_checked_number_ends_in_its_digit_and_is_unique_by_its_id(ticket_id, system_id, day):
    made = number("date-checksum", ticket_id, day=day, system_id=system_id, draw=lambda _n: 0)
    assert damm(made) == 0
    assert len(made) >= 8
    assert made != number("date-checksum", ticket_id + 1, day=day, system_id=system_id, draw=lambda _n: 0)
