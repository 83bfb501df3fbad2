"""Meetings of calendar parts as lines below a text: what it is about, when in the agent's zone, where, who."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from ticketctl.page.table import local
from ticketctl.page.value import moment
from ticketctl.ticket import in_zone

if TYPE_CHECKING:
    from ticketctl.letter.calendar import Event, Person, When

Value = dict[str, Any]

_NAMED = 20  # attendees
_METHODS = {
    "REQUEST": "invitation", "PUBLISH": "meeting", "CANCEL": "cancelled", "REPLY": "answer to",
    "COUNTER": "proposal for", "DECLINECOUNTER": "proposal declined for", "ADD": "one more of",
    "REFRESH": "question about",
}  # fmt: skip
_ANSWERS = {
    "accepted": "accepted", "declined": "declined", "tentative": "perhaps", "delegated": "sends another",
    "completed": "done", "in-process": "at work",
}  # fmt: skip
_DAYS = {"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
         "SU": "Sunday"}  # fmt: skip
_MONTHS = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_UNITS = {"SECONDLY": "second", "MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week",
          "MONTHLY": "month", "YEARLY": "year"}  # fmt: skip
_NUMBERS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last", "-2": "last but one"}


def meeting_value(event: Event) -> Value:
    """An event as plain values; a time that floats has no zone, a whole day no time."""
    return {
        "method": event.method,
        "task": event.task,
        "summary": event.summary,
        "place": event.place,
        "status": event.status,
        "start": _when(event.start),
        "end": _when(event.end),
        "organizer": _person(event.organizer) if event.organizer else None,
        "attendees": [_person(each) for each in event.attendees],
        "rule": dict(event.rule),
        "instance": _when(event.instance),
    }


def _person(person: Person) -> Value:
    return {"name": person.name or None, "address": person.address or None, "answer": person.answer}


def _when(when: When) -> str | None:
    if not isinstance(when, datetime):
        return None if when is None else when.isoformat()
    return moment(when) if when.tzinfo else when.isoformat(timespec="seconds")


def meeting_lines(meetings: Sequence[Value], zone: tzinfo) -> list[tuple[str, str]]:
    """Labels and what stands behind them, meeting by meeting."""
    return [pair for each in meetings for pair in _lines(each, zone) if pair[1]]


def _lines(value: Mapping[str, Any], zone: tzinfo) -> Iterator[tuple[str, str]]:
    method = "CANCEL" if value["status"] == "CANCELLED" else value["method"]
    word = _METHODS.get(method, "")
    title = value["summary"] or "(no title)"
    yield "Task" if value["task"] else "Meeting", f"{word}: {title}" if word else title
    yield "When", _span(value["start"], value["end"], zone)
    yield "Repeats", repeats(value["rule"], zone)
    yield "Of series", _moment(value["instance"], zone)
    yield "Where", value["place"]
    if value["organizer"]:
        yield "Organizer", _named(value["organizer"])
    people = [_named(each) for each in value["attendees"][:_NAMED]]
    beyond = len(value["attendees"]) - _NAMED
    yield "Attendees", ", ".join([*people, *([f"and {beyond} more"] if beyond > 0 else [])])


def _named(person: Mapping[str, Any]) -> str:
    name, address = person["name"], person["address"]
    text = f"{name} <{address}>" if name and address and name != address else name or address or "unknown"
    answer = _ANSWERS.get(person["answer"], "")
    return f"{text} ({answer})" if answer else text


def _moment(when: str | None, zone: tzinfo) -> str:
    """A time in the agent's zone; one that floats and a whole day as they are."""
    if when is None or "T" not in when:
        return when or ""
    return local(when, zone) if when.endswith("Z") else f"{when[:16].replace('T', ' ')} (no zone)"


def _span(start: str | None, end: str | None, zone: tzinfo) -> str:
    begins, ends = _moment(start, zone), _moment(end, zone)
    if not begins or not ends or begins == ends:
        return begins or (f"until {ends}" if ends else "")
    same_day = begins[:10] == ends[:10]
    return f"{begins.removesuffix(' (no zone)')} - {ends[11:] if same_day else ends}"


def repeats(rule: Mapping[str, str], zone: tzinfo = UTC) -> str:
    """A recurrence rule (RFC 5545 section 3.3.10) in words; nothing where there is none."""
    unit = _UNITS.get(rule.get("FREQ", ""))
    if unit is None:
        return ""
    each = rule.get("INTERVAL", "1")
    parts = [f"every {unit}" if each == "1" else f"every {each[:4]} {unit}s"]
    months = _months(rule.get("BYMONTH", ""))
    parts += [f"in {_listed(months)}"] if months else []
    parts += [f"on day {_listed(rule['BYMONTHDAY'].split(',')[:31])}"] if rule.get("BYMONTHDAY") else []
    parts += [f"on {_listed(_days(rule['BYDAY'], rule.get('BYSETPOS', '')))}"] if rule.get("BYDAY") else []
    text = " ".join(parts)
    text += f", {rule['COUNT'][:6]} times" if rule.get("COUNT") else ""
    return text + (f", until {_until(rule['UNTIL'], zone)}" if rule.get("UNTIL") else "")


def _months(value: str) -> list[str]:
    return [_MONTHS[int(each)] for each in value.split(",")[:12] if each.isdecimal() and 0 < int(each) < len(_MONTHS)]


def _days(value: str, position: str) -> list[str]:
    """`2TU` is the second Tuesday; a position of the set counts for a set of one day."""
    found = []
    for each in value.split(",")[:14]:
        number, day = each[:-2].removeprefix("+"), _DAYS.get(each[-2:], each)
        number = number or (position if "," not in value else "")
        found.append(f"the {_NUMBERS.get(number, f'{number}.')} {day}" if number else day)
    return found


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _until(value: str, zone: tzinfo) -> str:
    digits = value.replace("-", "")
    try:
        when = datetime.strptime(digits[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    return f"{in_zone(when, zone):%Y-%m-%d}" if digits.endswith("Z") else f"{when:%Y-%m-%d}"
