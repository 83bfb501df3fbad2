"""Calendar parts: what a meeting is, as agents read it; what is broken is left out, whatever the bytes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.letter.samples import INVITATION
from ticketctl.letter import calendar
from ticketctl.letter.calendar import Event, Person
from ticketctl.page.meeting import meeting_lines, meeting_value, repeats

PARIS = ZoneInfo("Europe/Paris")


def lines(text: str) -> list[str]:
    """What an agent in Paris reads."""
    values = [meeting_value(event) for event in calendar.read(text.encode())]
    return [f"{label}: {told}" for label, told in meeting_lines(values, PARIS)]


def event(*fields: str, method: str = "REQUEST") -> str:
    return "\n".join(["BEGIN:VCALENDAR", f"METHOD:{method}", "BEGIN:VEVENT", *fields, "END:VEVENT", "END:VCALENDAR"])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_invitation_is_read(newline: str) -> None:
    assert calendar.read(INVITATION.replace("\n", newline).encode()) == (
        Event(
            method="REQUEST", uid="1@example.net", summary="Printer, second look", place="Room 4 first floor",
            start=datetime(2026, 7, 1, 8, tzinfo=UTC), end=datetime(2026, 7, 1, 9, 30, tzinfo=UTC),
            organizer=Person(name="Stone, Emma", address="emma@example.net"),
            attendees=(
                Person(name="Tom", address="tom@example.net", answer="accepted"),
                Person(name="", address="help@example.org", answer="needs-action"),
            ),
            rule={"FREQ": "WEEKLY", "INTERVAL": "2", "BYDAY": "MO,WE", "COUNT": "10"},
        ),
    )  # fmt: skip
    assert lines(INVITATION) == [
        "Meeting: invitation: Printer, second look",
        "When: 2026-07-01 10:00 - 11:30",
        "Repeats: every 2 weeks on Monday and Wednesday, 10 times",
        "Where: Room 4 first floor",
        "Organizer: Stone, Emma <emma@example.net>",
        "Attendees: Tom <tom@example.net> (accepted), help@example.org",
    ]


@pytest.mark.parametrize(
    ("fields", "when"),
    [
        (["DTSTART:20260701T080000Z"], "2026-07-01 10:00"),
        (["DTSTART:20260701T080000Z", "DTEND:20260701T080000Z"], "2026-07-01 10:00"),
        (["DTSTART:20260701T080000Z", "DURATION:PT1H30M"], "2026-07-01 10:00 - 11:30"),
        (["DTSTART:20260701T080000Z", "DTEND:20260702T080000Z"], "2026-07-01 10:00 - 2026-07-02 10:00"),
        (["DTSTART;TZID=America/New_York:20260701T080000"], "2026-07-01 14:00"),
        (["DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20260701T080000"], "2026-07-01 14:00"),
        (["DTSTART;TZID=Eastern Standard Time:20260101T080000"], "2026-01-01 14:00"),
        (['DTSTART;TZID="(UTC-05:00) Somewhere":20260101T080000'], "2026-01-01 14:00"),
        (["DTSTART;TZID=../../etc/passwd:20260101T080000"], "2026-01-01 08:00 (no zone)"),
        (["DTSTART:20260101T080000", "DTEND:20260101T090000"], "2026-01-01 08:00 - 09:00 (no zone)"),
        (["DTSTART;VALUE=DATE:20261224"], "2026-12-24"),
        (["DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261225"], "2026-12-24"),
        (["DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"], "2026-12-24 - 2026-12-26"),
        (["DTEND:20260701T080000Z"], "until 2026-07-01 10:00"),
        (["DTSTART:20261301T080000Z"], None),
        (["DTSTART:99991231T235959Z", "DURATION:P9999W"], "9999-12-31 23:59"),
        (["DTSTART;TZID=Asia/Tokyo:00010101T000000"], "0001-01-01 00:00 (no zone)"),
    ],
)
def test_when_it_is(fields: list[str], when: str | None) -> None:
    values = [meeting_value(each) for each in calendar.read(event(*fields).encode())]
    assert dict(meeting_lines(values, PARIS)).get("When") == when


@pytest.mark.parametrize(
    ("day", "hour"), [("20260328", 9), ("20260329", 8), ("20261024", 8), ("20261025", 9), ("20260101", 9)]
)
def test_the_rules_that_a_part_brings_along_tell_summer_from_winter(day: str, hour: int) -> None:
    text = INVITATION.replace("20260701T1000", f"{day}T1000")
    assert calendar.read(text.encode())[0].start == datetime(2026, int(day[4:6]), int(day[6:]), hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "fields", "title"),
    [
        ("CANCEL", [], "cancelled: x"),
        ("PUBLISH", ["STATUS:CANCELLED"], "cancelled: x"),
        ("REPLY", ["ATTENDEE;PARTSTAT=DECLINED:mailto:a@b.test"], "answer to: x"),
        ("COUNTER", [], "proposal for: x"),
        ("WHATEVER", [], "x"),
    ],
)
def test_what_it_wants(method: str, fields: list[str], title: str) -> None:
    told = lines(event("SUMMARY:x", *fields, method=method))
    assert told[0] == f"Meeting: {title}"
    assert told[1:] == (["Attendees: a@b.test (declined)"] if method == "REPLY" else [])


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,FR", "every week on Monday, Tuesday and Friday"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "every month on the second Tuesday"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "every month on day 1 and 15"),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "every year in December on day 24"),
        ("FREQ=YEARLY;BYMONTH=99", "every year"),
        ("FREQ=DAILY;UNTIL=20261231T230000Z", "every day, until 2027-01-01"),
        ("FREQ=DAILY;UNTIL=20261231", "every day, until 2026-12-31"),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", "every day, until 9999-12-31"),
        ("FREQ=SOMETIMES", ""),
        ("", ""),
    ],
)
def test_a_recurrence_in_words(rule: str, words: str) -> None:
    assert repeats(dict(pair.split("=") for pair in rule.split(";") if pair), PARIS) == words


def test_a_task_and_one_of_a_series() -> None:
    text = event("SUMMARY:x", "DUE;VALUE=DATE:20261224", "RECURRENCE-ID:20261220T080000Z").replace("VEVENT", "VTODO")
    assert calendar.read(text.encode())[0].end == date(2026, 12, 24)
    assert lines(text) == ["Task: invitation: x", "When: until 2026-12-24", "Of series: 2026-12-20 09:00"]


def test_many_attendees_are_counted() -> None:
    told = lines(event(*[f"ATTENDEE:mailto:a{n}@b.test" for n in range(25)]))
    assert told[-1].endswith("a19@b.test, and 5 more")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("when", ["00010101T000000Z", "99991231T235959Z"])
def test_a_time_at_the_end_of_the_calendar_is_told_in_every_zone(zone: str, when: str) -> None:
    lines = f"DTSTART:{when}\nDTEND:{when}\nRECURRENCE-ID:{when}\nRRULE:FREQ=DAILY;UNTIL={when}"
    (event,) = calendar.read(f"BEGIN:VEVENT\n{lines}\nEND:VEVENT\n".encode())
    told = dict(meeting_lines([meeting_value(event)], ZoneInfo(zone)))
    year = str(int(when[:4]))
    assert told["When"].startswith(f"{year}-")
    assert told["Of series"].startswith(f"{year}-")
    assert f", until {year}-" in told["Repeats"]


def test_what_is_cut_or_no_calendar_is_read_as_far_as_it_goes() -> None:
    assert calendar.read(b"") == calendar.read(b"\xff\xfe\0\0") == ()
    raw = INVITATION.encode()
    for end in range(0, len(raw), 3):
        for each in calendar.read(raw[:end]):
            assert meeting_lines([meeting_value(each)], PARIS)


LINE = st.one_of(
    st.sampled_from(INVITATION.split("\n")),
    st.sampled_from(["BEGIN:", "END:", "DTSTART;TZID=", 'X;A="', "RRULE:FREQ=YEARLY;BYDAY=5", "ATTENDEE;CN=:", " x"]),
    st.text(max_size=30),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINE, max_size=40))
def test_any_lines_are_read(given_lines: list[str]) -> None:
    values = [meeting_value(each) for each in calendar.read("\n".join(given_lines).encode("utf-8", "replace"))]
    for label, told in meeting_lines(values, PARIS):
        assert label
        assert "\0" not in told
