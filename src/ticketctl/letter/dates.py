"""The Date field (RFC 5322 sections 3.3 and 4.3), and what else stands there: asctime, ISO 8601, words in between."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone

_LIMIT = 200  # characters looked at
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "mez": 60, "cest": 120,
    "mesz": 120,
    "met": 60, "mest": 120, "eet": 120, "eest": 180, "msk": 180, "jst": 540, "kst": 540, "hkt": 480, "aest": 600,
    "aedt": 660,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
    "ast": -240, "adt": -180, "nst": -210, "ndt": -150, "akst": -540, "akdt": -480, "hst": -600,
}  # fmt: skip
_COMMENT = re.compile(r"\([^()]*\)?")
_ISO = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)[T ]+(\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?\s*\Z",
    re.IGNORECASE | re.ASCII,
)
_USUAL = re.compile(
    r"\s*(?:[A-Za-z]{3}, +)?(\d{1,2}) +([A-Za-z]{3}) +(\d{4}) +"
    r"(\d\d):(\d\d)(?::(\d\d))? +([+-]\d{4})(?: +\([A-Z]*\))?\s*\Z",
    re.ASCII,
)
_TIME = re.compile(r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d{1,9})?([+-]\d{4}|z)?\Z", re.ASCII)
_OFFSET = re.compile(r"(?:gmt|utc?)?([+-])(\d{1,2}):?(\d\d)\Z", re.ASCII)
_SPLIT = re.compile(r"[\s,]+|(?<=\d)-(?=[a-z])|(?<=[a-z])-(?=\d)")


def read(text: str | None) -> datetime | None:
    """The moment in UTC, or None where nobody can tell. Without a zone it is taken as UTC (RFC 5322 section 4.3).

    The calendar's first and last year are none: in some zone the moment would be outside of it.
    """
    if not text:
        return None
    try:
        found = _read(text[:_LIMIT])
    except (ValueError, OverflowError):
        return None
    return found if found is None or MINYEAR < found.year < MAXYEAR else None


def _read(text: str) -> datetime | None:
    if (usual := _USUAL.match(text)) is not None and (n := _MONTHS.get(usual[2].lower())) is not None:
        clock_time = (int(usual[4]), int(usual[5]), int(usual[6] or 0))
        return _moment(int(usual[3]), n, int(usual[1]), clock_time, _offset(usual[7]) or 0)
    if (iso := _ISO.match(text)) is not None:
        clock_time = (int(iso[4]), int(iso[5]), int(iso[6] or 0))
        return _moment(int(iso[1]), int(iso[2]), int(iso[3]), clock_time, _offset((iso[7] or "z").lower()) or 0)
    return _by_words(text)


def _by_words(text: str) -> datetime | None:
    """Whatever order and company the words stand in."""
    day: int | None = None
    month: int | None = None
    year: int | None = None
    time: tuple[int, int, int] | None = None
    zone: int | None = None
    for word in _SPLIT.split(_COMMENT.sub(" ", text).strip().lower()):
        if not word:
            continue
        if word.isascii() and word.isdigit():
            if day is None and len(word) <= 2:
                day = int(word)
            elif year is None and len(word) in (2, 3, 4):
                year = _year(word)
            elif len(word) > 4:
                return None
        elif time is None and (clock := _TIME.match(word)) is not None:
            time = (int(clock[1]), int(clock[2]), int(clock[3] or 0))
            zone = _offset(clock[4]) if clock[4] else zone
        elif month is None and word[:3] in _MONTHS and word.rstrip(".").isalpha():
            month = _MONTHS[word[:3]]
        elif zone is None and time is not None:
            zone = _offset(word)
        elif word in ("am", "pm") and time is not None:
            time = (time[0] % 12 + (12 if word == "pm" else 0), *time[1:])
    if day is None or month is None or year is None:
        return None
    return _moment(year, month, day, time or (0, 0, 0), zone or 0)


def _offset(word: str) -> int | None:
    """Minutes east of UTC, None where the word is no zone."""
    if word in _ZONES:
        return _ZONES[word]
    match = _OFFSET.match(word)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return (-minutes if match[1] == "-" else minutes) if minutes < 1440 else None


def _year(word: str) -> int:
    """RFC 5322 section 4.3: two digits below 50 are of this century, three count from 1900."""
    year = int(word)
    if len(word) == 4:
        return year
    return year + (2000 if len(word) == 2 and year < 50 else 1900)


def _moment(year: int, month: int, day: int, time: tuple[int, int, int], zone: int) -> datetime:
    hour, minute, second = time
    local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(timedelta(minutes=zone)))
    return local.astimezone(UTC)
