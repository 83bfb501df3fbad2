"""Which queue a letter belongs to, as a table."""

from __future__ import annotations

import pytest

from core.intake.desk import letter, policy
from ticketctl.intake import Envelope, route
from ticketctl.ticket import Address

TO_SALES = (Address(address="sales@example.org"),)
NOBODY_OF_OURS = (Address(address="someone@elsewhere.test"),)


@pytest.mark.parametrize(
    ("envelope", "fields", "expected"),
    [
        (Envelope(recipient="support@example.org"), {"to": TO_SALES}, ("Support", "Support", "", False)),
        (Envelope(recipient="HELP@Example.Org"), {}, ("Support", "Support", "", False)),
        (Envelope(recipient="support"), {}, ("Support", "Support", "", False)),
        (Envelope(recipient="nobody@example.org"), {"to": TO_SALES}, ("Raw", "", "", True)),
        (Envelope(recipient="support+17@example.org"), {}, ("Support", "Support", "17", False)),
        (Envelope(recipient="nobody@example.org", queue="Sales"), {}, ("Sales", "Sales", "", False)),
        (Envelope(recipient="support@example.org", queue="Sales"), {}, ("Sales", "Support", "", False)),
        (Envelope(), {"trace_recipients": ("x@y.test", "sales@example.org")}, ("Sales", "Sales", "", False)),
        (Envelope(), {"to": TO_SALES}, ("Sales", "", "", False)),
        (Envelope(), {"to": NOBODY_OF_OURS, "cc": TO_SALES}, ("Sales", "", "", False)),
        (Envelope(), {"to": NOBODY_OF_OURS}, ("Raw", "", "", False)),
    ],
)
def test_the_envelope_decides_before_the_headers(envelope, fields, expected):
    found = route(letter(**fields), envelope, policy(recipient_delimiter="+"))
    assert (found.queue, found.enveloped, found.extension, found.unknown) == expected


def test_without_a_delimiter_a_plus_is_part_of_the_address():
    assert route(letter(), Envelope(recipient="support+17@example.org"), policy()).unknown
