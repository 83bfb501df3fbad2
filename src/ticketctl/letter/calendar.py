"""Calendar parts (RFC 5545, RFC 5546): who invites whom, when, where. Total, linear, bounded; nothing is answered.

A time is UTC where its zone is known: by its name, by Windows' name for it, or by the rules that the part brings
along; else it floats, as written. What cannot be read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from msgspec import Struct, field

from ticketctl.letter import charsets, headers

SIZE = 256 * 1024  # bytes that are read
EVENTS = 20
ATTENDEES = 200
_VALUE = 2_000  # characters of a value that are kept

_LINE = re.compile(r"([A-Za-z0-9-]{1,40}+)((?:;[^\":;]*+(?:\"[^\"]*+\"[^\":;]*+)*+)*+):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([A-Za-z0-9-]{1,40})=(?:\"([^\"]*)\"|([^\";]*))")
_FOLD = re.compile(r"\r?\n[ \t]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d):?(\d\d)?(?:\.\d+)?(Z)?)?\Z", re.IGNORECASE | re.ASCII
)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?\Z",
    re.IGNORECASE | re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d\d)[:.]?(\d\d)")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z", re.IGNORECASE)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

When = datetime | date | None


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who organizes or attends; `answer` is the PARTSTAT in lower case, "" where none is."""

    name: str
    address: str
    answer: str = ""


class Event(Struct, frozen=True, kw_only=True):
    """One meeting or task. A time is UTC, or naive where it floats; a date where it is for whole days (`end` the
    last)."""

    method: str = ""  # REQUEST, REPLY, CANCEL ...
    uid: str = ""
    sequence: str = ""
    task: bool = False
    summary: str = ""
    place: str = ""
    status: str = ""
    start: When = None
    end: When = None
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()
    rule: Mapping[str, str] = {}  # of RRULE, upper case
    instance: When = None  # which one of a series


class _Observance(Struct, frozen=True):
    """A stretch of the year with one offset from UTC, as a VTIMEZONE has it."""

    begin: datetime
    offset: timedelta
    rule: Mapping[str, str]
    standard: bool


class _Component(Struct):
    name: str
    fields: dict[str, list[tuple[Mapping[str, str], str]]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        found = self.fields.get(name)
        return found[0][1] if found else ""

    def text(self, name: str) -> str:
        return headers.clean(_ESCAPE.sub(_escaped, self.value(name)[:_VALUE])).strip()


def read(data: bytes) -> tuple[Event, ...]:
    """The events and tasks of a calendar part. Never raises."""
    text = _FOLD.sub("", charsets.guess(data[:SIZE]).replace("\0", ""))
    method = ""
    zones: dict[str, list[_Observance]] = {}
    found: list[_Component] = []
    for component in _components(text):
        if component.name == "VCALENDAR":
            method = method or component.value("METHOD").strip().upper()[:20]
        elif component.name in ("VEVENT", "VTODO") and len(found) < EVENTS:
            found.append(component)
        elif component.name in ("STANDARD", "DAYLIGHT"):
            observance = _observance(component)
            if observance is not None:
                zones.setdefault(component.value("TZID"), []).append(observance)
    return tuple(_event(component, method, zones) for component in found)


def _components(text: str) -> Iterator[_Component]:
    """Every component at its end, those within it before it; what is never closed at the end of all."""
    opened: list[_Component] = []
    for line in re.split(r"[\r\n]+", text):
        match = _LINE.match(line)
        if match is None:
            continue
        name, value = match[1].upper(), match[3]
        if name == "BEGIN":
            opened.append(_Component(value.strip().upper()))
            if len(opened) > 10:
                return
        elif name == "END":
            if opened:
                yield opened.pop()
        elif opened:
            _keep(opened, name, match[2], value)
    yield from reversed(opened)


def _keep(opened: list[_Component], name: str, given: str, value: str) -> None:
    if name == "TZID" and opened[-1].name == "VTIMEZONE":
        opened[-1].fields["TZID"] = [({}, value.strip())]
    component = opened[-1]
    if component.name in ("STANDARD", "DAYLIGHT") and len(opened) > 1:
        component.fields["TZID"] = opened[-2].fields.get("TZID", [({}, "")])
    kept = component.fields.setdefault(name, [])
    if len(kept) < ATTENDEES:
        parameters = {found[1].upper(): found[2] or found[3] or "" for found in _PARAMETER.finditer(given[:_VALUE])}
        kept.append((parameters, value))


def _escaped(found: re.Match[str]) -> str:
    return " " if found[1] in "nN" else found[1]


def _event(component: _Component, method: str, zones: Mapping[str, list[_Observance]]) -> Event:
    start = _time(component, "DTSTART", zones)
    people = component.fields.get("ORGANIZER")
    return Event(
        method=method,
        uid=component.text("UID"),
        sequence=component.text("SEQUENCE"),
        task=component.name == "VTODO",
        summary=component.text("SUMMARY"),
        place=component.text("LOCATION"),
        status=component.text("STATUS").upper(),
        start=start,
        end=_end(component, start, zones),
        organizer=_person(*people[0]) if people else None,
        attendees=tuple(_person(*each) for each in component.fields.get("ATTENDEE", ())),
        rule=_rule(component.value("RRULE")),
        instance=_time(component, "RECURRENCE-ID", zones),
    )


def _end(component: _Component, start: When, zones: Mapping[str, list[_Observance]]) -> When:
    """The end as people say it: of whole days the last one, not the one behind it."""
    end = _time(component, "DTEND", zones)
    if end is None and (length := _duration(component.value("DURATION"))) and start is not None:
        end = _later(start, length)
    if end is None or isinstance(end, datetime):
        return end or _time(component, "DUE", zones)
    return end if end == start else _later(end, timedelta(days=-1))


def _person(parameters: Mapping[str, str], value: str) -> Person:
    address = headers.clean(value[:_VALUE]).strip()
    if address.lower().startswith("mailto:"):
        address = address[7:]
    return Person(
        name=headers.clean(parameters.get("CN", "")[:200]).strip(),
        address=address[:320],
        answer=parameters.get("PARTSTAT", "").lower()[:30],
    )


def _rule(value: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in value[:_VALUE].upper().split(";"))
    return {key.strip(): content.strip() for key, _, content in pairs if content.strip()}


def _time(component: _Component, name: str, zones: Mapping[str, list[_Observance]]) -> When:
    found = component.fields.get(name)
    if not found:
        return None
    parameters, value = found[0]
    when, utc = moment(value)
    if not isinstance(when, datetime):
        return when
    if utc:
        return when.replace(tzinfo=UTC)
    return _in_zone(when, parameters.get("TZID", ""), zones) if parameters.get("TZID") else when


def moment(value: str) -> tuple[When, bool]:
    """A DATE or DATE-TIME, naive, and whether it is UTC; None where it is none."""
    match = _MOMENT.match(value.strip()[:40])
    if match is None:
        return None, False
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
        if match[4] is None:
            return day, False
        second = min(int(match[6] or 0), 59)
        return datetime(day.year, day.month, day.day, int(match[4]), int(match[5]), second), match[7] is not None  # noqa: DTZ001
    except ValueError:
        return None, False


def _duration(value: str) -> timedelta | None:
    match = _DURATION.match(value.strip()[:40])
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if match[1] == "-" else length


def _later(when: datetime | date, length: timedelta) -> When:
    try:
        return when + length
    except OverflowError:
        return None


def _in_zone(when: datetime, name: str, zones: Mapping[str, list[_Observance]]) -> datetime:
    """UTC where the zone is known, else as it was."""
    known = _zone(name) or _offset(zones.get(name, []), when) or _named_offset(name)
    if known is None:
        return when
    try:
        return when.replace(tzinfo=known).astimezone(UTC)
    except (OverflowError, ValueError):
        return when


def _zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    from ticketctl.letter.zones import WINDOWS

    parts = name.strip().strip("/").split("/")
    for key in (WINDOWS.get(name.strip().lower(), ""), "/".join(parts[-2:]), "/".join(parts[-3:])):
        if not key or len(key) > 60 or not key.isascii():
            continue
        try:
            return ZoneInfo(key)
        except (KeyError, ValueError, OSError):  # no such zone, or no name of one
            continue
    return None


def _named_offset(name: str) -> tzinfo | None:
    """Of names like `(UTC+01:00) Berlin`."""
    match = _OFFSET.search(name[:60]) if "UTC" in name or "GMT" in name else None
    return _fixed(match) if match else None


def _fixed(match: re.Match[str]) -> timezone | None:
    length = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-length if match[1] == "-" else length) if length < timedelta(hours=24) else None


def _observance(component: _Component) -> _Observance | None:
    begin, _ = moment(component.value("DTSTART"))
    match = _OFFSET.match(component.value("TZOFFSETTO").strip())
    fixed = _fixed(match) if match else None
    if fixed is None or not isinstance(begin, datetime):
        return None
    return _Observance(begin, fixed.utcoffset(None), _rule(component.value("RRULE")), component.name == "STANDARD")


def _offset(observances: list[_Observance], when: datetime) -> tzinfo | None:
    """The offset that began last before `when`; standard time where none did."""
    onsets = [(onset, each) for each in observances[:100] if (onset := _onset(each, when)) is not None]
    if onsets:
        return timezone(max(onsets, key=lambda pair: pair[0])[1].offset)
    return next((timezone(each.offset) for each in observances if each.standard), None)


def _onset(each: _Observance, when: datetime) -> datetime | None:
    """When this observance last began, not after `when`."""
    if not each.rule:
        return each.begin if each.begin <= when else None
    until, _ = moment(each.rule.get("UNTIL", ""))
    last = min(when.year, until.year) if until else when.year
    onsets = (_in_year(each, year) for year in (last, last - 1))
    return next((onset for onset in onsets if onset is not None and each.begin <= onset <= when), None)


def _in_year(each: _Observance, year: int) -> datetime | None:
    month = each.rule.get("BYMONTH", "")
    match = _DAY.match(each.rule.get("BYDAY", ""))
    try:
        first = each.begin.replace(year=year, month=int(month) if month.isdigit() else each.begin.month, day=1)
        if match is None:
            return first.replace(day=each.begin.day)
        number, weekday = int(match[1] or 1), DAYS.index(match[2].upper())
        if number > 0:
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-number - 1))
    except (ValueError, OverflowError):
        return None
