"""Times as people write them: ISO, `3d`, `fri`, `tomorrow 14:00`; in the agent's zone, given back in UTC.

What WHEN of the contract means where it is silent: a day alone is its first minute; a weekday is the next one,
never today; a time alone is the next one; days and weeks keep the hour on the wall when the clocks change.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ticketctl.errors import Usage

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DURATION = r"(?:[0-9]{1,6}[mhdw]\s?)+"
_PIECE = r"([0-9]+)([mhdw])"
_TIME = r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?"
_WAYS = "write 2026-12-01, '2026-12-01 09:00', 3d, 4h, fri, or 'tomorrow 14:00'"


def duration(text: str) -> timedelta | None:
    """`30m`, `4h`, `3d`, `2w`, `1d4h`; None where the text is no such thing."""
    if not re.fullmatch(_DURATION, text):
        return None
    return sum((int(count) * _UNITS[unit] for count, unit in re.findall(_PIECE, text)), timedelta())


def later(now: datetime, text: str, zone: tzinfo, *, sign: int = 1) -> datetime | None:
    """`now` plus (or, with sign -1, minus) a duration, in UTC; None where the text is none.

    Days and weeks are days on the calendar, minutes and hours are on the clock.
    """
    if not re.fullmatch(_DURATION, text):
        return None
    days, clock = timedelta(), timedelta()
    for count, unit in re.findall(_PIECE, text):
        if unit in "dw":
            days += int(count) * _UNITS[unit]
        else:
            clock += int(count) * _UNITS[unit]
    moment = now
    if days:
        local = now.astimezone(zone).replace(tzinfo=None)
        moment = (local + sign * days).replace(tzinfo=zone)
    return moment.astimezone(UTC) + sign * clock


def day(word: str, *, today: date, past: bool = False) -> date | None:
    """The day that a word names, seen from `today`; None where it names none.

    A weekday is the next one, not today; with `past` the last one, today included.
    """
    near = {"today": 0, "tomorrow": 1, "yesterday": -1}
    if word in near:
        return today + timedelta(days=near[word])
    if len(word) >= 3 and word.isalpha():
        for index, name in enumerate(WEEKDAYS):
            if name.startswith(word):
                ahead = (index - today.weekday()) % 7
                return today + timedelta(days=(ahead - 7 if ahead else 0) if past else (ahead or 7))
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def clock(word: str) -> time | None:
    found = re.fullmatch(_TIME, word)
    return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def iso(text: str, zone: tzinfo) -> datetime | None:
    """A date with a time, in UTC; without an offset it is in the agent's zone."""
    if len(text) < 12 or ":" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def when(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """WHEN of the contract as a moment in UTC; Usage (2) where it cannot be read. Past moments are the caller's."""
    try:
        moment = _when(" ".join(text.lower().split()), now, zone)
    except (OverflowError, ValueError):
        raise Usage(f"no such time: {text!r} is beyond the calendar") from None
    if moment is None:
        raise Usage(f"not a time: {text!r}: {_WAYS}")
    return moment


def since(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """A moment that is past, in UTC: `3d` ago, `fri`, `yesterday 14:00`, ISO. Usage (2) where it cannot be read."""
    plain = " ".join(text.lower().removesuffix("ago").split())
    try:
        found = later(now, plain, zone, sign=-1) or iso(plain, zone) or _past(plain, now, zone)
    except (OverflowError, ValueError):
        raise Usage(f"no such time: {text!r} is beyond the calendar") from None
    if found is None:
        raise Usage(f"not a time: {text!r}: write 2026-12-01, '2026-12-01 09:00', 3d, 4h, fri, or 'yesterday 14:00'")
    return found


def _past(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """A day, with a time or its first minute."""
    words = [word for word in text.split() if word not in ("at", "on", "last")]
    if not 1 <= len(words) <= 2:
        return None
    which = day(words[0], today=now.astimezone(zone).date(), past=True)
    hour = clock(words[1]) if len(words) == 2 else time()
    return None if which is None or hour is None else datetime.combine(which, hour, zone).astimezone(UTC)


def _when(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    if text == "now":
        return now.astimezone(UTC)
    found = later(now, text.removeprefix("in "), zone) or iso(text, zone)
    if found is not None:
        return found
    words = [word for word in text.split() if word not in ("at", "on", "next")]
    local = now.astimezone(zone)
    if len(words) == 1 and (hour := clock(words[0])):
        moment = datetime.combine(local.date(), hour, zone)
        if moment <= local:
            moment = datetime.combine(local.date() + timedelta(days=1), hour, zone)
        return moment.astimezone(UTC)
    if not 1 <= len(words) <= 2:
        return None
    which = day(words[0], today=local.date())
    hour = clock(words[1]) if len(words) == 2 else time()
    if which is None or hour is None:
        return None
    return datetime.combine(which, hour, zone).astimezone(UTC)
