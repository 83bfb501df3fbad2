"""What a calendar of the policy may hold: working hours by weekday, and days on which the desk is closed."""

from __future__ import annotations

import re
from datetime import date, datetime

from ticketctl.policy.kinds import Kind, Place, table, told

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _hours(value: object, place: Place) -> dict[int, tuple[tuple[int, int], ...]]:
    result: dict[int, tuple[tuple[int, int], ...]] = {}
    for days, spans in table(value, place).items():
        here = place.at(days)
        first, _, last = days.partition("-")
        last = last or first
        if first not in _DAYS or last not in _DAYS:
            here.wrong("expected a day or days like mon, mon-thu (mon tue wed thu fri sat sun)")
            continue
        numbers = range(_DAYS.index(first), _DAYS.index(last) + 1)
        if not numbers:
            here.wrong(f"ends before it begins; write {first}-sun and mon-{last}")
        for day in numbers:
            if day in result:
                here.wrong(f"{_DAYS[day]} has its hours already")
        result |= dict.fromkeys(numbers, _spans(spans, here))
    if value == {}:
        place.wrong('has no hours, so that no deadline would ever come; give some, like mon-fri = "09:00-17:00"')
    return dict(sorted(result.items()))


def _spans(value: object, place: Place) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for word in value.split(",") if isinstance(value, str) else [""]:
        hit = re.fullmatch(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", word.strip(), re.ASCII)
        if hit is None:
            place.expected('hours like "08:00-12:00, 13:00-18:00"', value)
            return ()
        begin, end = int(hit[1]) * 60 + int(hit[2]), int(hit[3]) * 60 + int(hit[4])
        if end > 24 * 60 or begin >= end:
            place.wrong(
                f"{word.strip()} does not end after it begins, on the same day;"
                " a night is two spans, until 24:00 and from 00:00 of the next day"
            )
        elif spans and begin < spans[-1][1]:
            place.wrong(f"{word.strip()} begins before the span in front of it ends")
        spans.append((begin, end))
    return tuple(spans)


def _closed(value: object, place: Place) -> tuple[date, date] | None:
    what = 'a day like "2026-12-24", or days like "2026-12-27/2026-12-31"'
    if isinstance(value, date) and not isinstance(value, datetime):
        return value, value
    first, _, last = value.partition("/") if isinstance(value, str) else ("", "", "")
    try:
        begin, end = _day(first), _day(last or first)
    except ValueError:
        place.expected(what, value)
        return None
    if end < begin:
        place.wrong(f"{told(value)} ends before it begins")
    return begin, end


def _day(word: str) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", word, re.ASCII):
        raise ValueError(word)
    return date.fromisoformat(word)


HOURS = Kind(word="table of hours by day", check=_hours, text=False)
CLOSED = Kind(word="day or days", check=_closed)
