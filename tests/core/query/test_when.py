"""WHEN: the times that agents write."""

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketctl.errors import Usage
from ticketctl.query import when

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)  # a Sunday, 11:00 in Paris
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("3d", "2026-11-25 10:00"),
        ("30m", "2026-11-22 10:30"),
        ("in 2h", "2026-11-22 12:00"),
        ("1d 4h", "2026-11-23 14:00"),
        ("2w", "2026-12-06 10:00"),
        ("fri", "2026-11-26 23:00"),
        ("Friday", "2026-11-26 23:00"),
        ("next friday at 9:00", "2026-11-27 08:00"),
        ("sunday", "2026-11-28 23:00"),
        ("monday", "2026-11-22 23:00"),
        ("today 23:30", "2026-11-22 22:30"),
        ("tomorrow", "2026-11-22 23:00"),
        ("tomorrow 14:00", "2026-11-23 13:00"),
        ("12:30", "2026-11-22 11:30"),
        ("09:00", "2026-11-23 08:00"),
        ("2026-12-01", "2026-11-30 23:00"),
        ("2026-12-01 09:00", "2026-12-01 08:00"),
        ("2026-12-01T09:00:30", "2026-12-01 08:00:30"),
        ("2026-12-01T09:00Z", "2026-12-01 09:00"),
        ("2026-12-01T09:00+05:00", "2026-12-01 04:00"),
        ("2026-12-01 9:00", "2026-12-01 08:00"),
        ("now", "2026-11-22 10:00"),
        ("2026-11-01", "2026-10-31 23:00"),
    ],
)
def test_a_time_is_read_in_the_agents_zone_and_given_in_utc(text: str, moment: str) -> None:
    found = when(text, now=NOW, zone=PARIS)
    assert found == datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


def test_days_keep_the_hour_on_the_wall_when_the_clocks_change() -> None:
    before = datetime(2026, 10, 24, 7, 0, tzinfo=UTC)  # 9:00 in Paris, the day before
    assert when("1d", now=before, zone=PARIS) == datetime(2026, 10, 25, 8, 0, tzinfo=UTC)
    assert when("24h", now=before, zone=PARIS) == datetime(2026, 10, 25, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "foo", "3x", "fr", "25:00", "2026-02-30", "tomorrow noonish", "a b c", "-3d", "at"]
)
def test_what_is_no_time_is_wrong_usage_and_says_how_to_write_one(text: str) -> None:
    with pytest.raises(Usage, match="not a time.*write 2026-12-01"):
        when(text, now=NOW, zone=PARIS)


def test_beyond_the_calendar_is_wrong_usage() -> None:
    with pytest.raises(Usage, match="beyond the calendar"):
        when("999999w", now=NOW, zone=PARIS)
    with pytest.raises(Usage, match="beyond the calendar"):
        when("0001-01-01", now=NOW, zone=PARIS)


@given(st.text() | st.text(alphabet="0123456789-:tzwdhm +. \u0663"))
def test_no_text_makes_it_raise_anything_but_usage(text: str) -> None:
    with contextlib.suppress(Usage):
        assert when(text, now=NOW, zone=PARIS).tzinfo is UTC
