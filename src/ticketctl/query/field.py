"""The fields of a query: one table that checks, documents and completes (ticketctl-query(7) is held to it).

NamedTuple here, in parse and in config: a dataclass takes seven times as long to make, in every run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from ticketctl.query import when as clock
from ticketctl.query.reference import ticket
from ticketctl.query.value import Span, Value
from ticketctl.ticket import Kind, Priority, State, StateType, normal

_TICK = timedelta(microseconds=1)  # the ends of a range are in it; the store compares with `<`


class Wrong(ValueError):
    """A value that its field cannot have; the parser adds where it stood."""


class Moment(NamedTuple):
    """What a relative time is relative to."""

    now: datetime
    zone: tzinfo


class Field(NamedTuple):
    """A field's name, what it takes, a line for the manual, words for completion, and how a value is read.

    `becomes` is the field of the Term where that is another one.
    """

    name: str
    takes: str
    doc: str
    read: Callable[[str, Moment], Iterable[Value]]
    words: tuple[str, ...] = ()
    becomes: str | None = None

    def values(self, text: str, at: Moment) -> list[Value]:
        return list(self.read(text, at))


def near(word: str, choices: Iterable[str]) -> str:
    """`; did you mean 'x'?` or nothing."""
    import difflib  # late: only for those who mistyped

    found = difflib.get_close_matches(word.lower(), list(choices), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _text(text: str, _: Moment) -> Iterable[Value]:
    yield text


def _one_of(noun: str, choices: Iterable[str | StrEnum]) -> Callable[[str, Moment], Iterable[Value]]:
    table = {str(choice): choice for choice in choices}

    def read(text: str, _: Moment) -> Iterable[Value]:
        found = table.get(text.lower())
        if found is None:
            raise Wrong(f"no such {noun}: {text!r}{near(text, table) or ': one of ' + ', '.join(table)}")
        yield found

    return read


_STATES: dict[str, tuple[State, ...]] = {
    **{kind.value: tuple(state for state in State if state.type is kind) for kind in StateType},
    **{state.value.replace(" ", "-"): (state,) for state in State},
}


def _state(text: str, _: Moment) -> Iterable[Value]:
    """A state, blanks as hyphens; a word that is only a type (`closed`, `pending`) is all states of that type."""
    found = _STATES.get(re.sub(r"[\s_]+", "-", text.lower()))
    if found is None:
        raise Wrong(f"no such state: {text!r}{near(text, _STATES) or ': one of ' + ', '.join(_STATES)}")
    return found


def _priority(text: str, _: Moment) -> Iterable[Value]:
    """A level, or a range of levels, both ends in it: `high..`."""
    levels = list(Priority)
    names = [level.value for level in levels]
    low, dots, high = text.lower().partition("..")
    if not dots:
        high = low
    for name in (low, high):
        if name not in names and (name or not dots):
            raise Wrong(f"no such priority: {name!r}{near(name, names) or ': one of ' + ', '.join(names)}")
    return levels[names.index(low) if low else 0 : names.index(high) + 1 if high else None]


def _customer(text: str, _: Moment) -> Iterable[Value]:
    if text.lower().startswith("of:"):
        yield ticket(text[3:])
    elif "@" in text:
        yield normal(text)
    else:
        raise Wrong(f"not a customer: {text!r}: write an address, a domain as @example.org, or of:17")


def _id(text: str, _: Moment) -> Iterable[Value]:
    found = ticket(text if ":" in text else f"id:{text.removeprefix('#')}")
    if found.id is None:
        raise Wrong(f"not an id: {text!r}")
    yield found.id


def _number(text: str, _: Moment) -> Iterable[Value]:
    found = re.search(r"[0-9]{1,64}", text)
    if not found or re.search(r"[0-9]", text[found.end() :]):
        raise Wrong(f"not a ticket's number: {text!r}: digits only")
    yield found[0]


def _age(text: str, at: Moment) -> Iterable[Value]:
    """`3d..` and older, `..2h` and younger, `1d..3d`; `3d` alone as the list shows it: from 3 to not quite 4 days."""
    low, dots, high = text.lower().partition("..")
    young = _lapse(low, at) if low else None
    if dots:
        old = _lapse(high, at) if high else None
        if young and old and old > young:
            raise Wrong(f"{text!r} ends before it begins")
        yield Span(since=old, until=young + _TICK if young else None)
        return
    single = re.fullmatch(r"([0-9]{1,6})([mhdw])", low)
    if single is None or young is None:
        raise Wrong(f"not an age: {text!r}: write 3d.., ..2h or 1d..3d")
    yield Span(since=_lapse(f"{int(single[1]) + 1}{single[2]}", at) + _TICK, until=young + _TICK)


def _lapse(text: str, at: Moment) -> datetime:
    lapse = clock.duration(text)
    if lapse is None:
        raise Wrong(f"not an age: {text!r}: write 30m, 4h, 3d or 2w")
    return at.now.astimezone(UTC) - lapse


def _dates(past: bool) -> Callable[[str, Moment], Iterable[Value]]:
    """A day, `2026-11-01..`, `..yesterday`, `mon..fri`, `3d..`; both ends in it; `..` is any time at all.

    With `past`, `monday` is the last one and `3d` three days ago; else the next one and three days ahead.
    """

    def read(text: str, at: Moment) -> Iterable[Value]:
        low, dots, high = text.lower().partition("..")
        if not dots:
            begin, end = _stretch(low, at, past)
            if end - begin <= _TICK:
                raise Wrong(f"{text!r} is a moment, not a day: write {text}.. or ..{text}")
            yield Span(since=begin, until=end)
            return
        since = _stretch(low, at, past)[0] if low else None
        until = _stretch(high, at, past)[1] if high else None
        if since and until and until <= since:
            raise Wrong(f"{text!r} ends before it begins")
        yield Span(since=since, until=until)

    return read


def _stretch(word: str, at: Moment, past: bool) -> tuple[datetime, datetime]:
    """What a word for a time covers, the end not in it: a day in the agent's zone, a month, a year, or a moment."""
    moment = at.now.astimezone(UTC) if word == "now" else None
    moment = moment or clock.later(at.now, word, at.zone, sign=-1 if past else 1) or clock.iso(word, at.zone)
    if moment is not None:
        return moment, moment + _TICK
    if found := re.fullmatch(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?", word):
        year, month = int(found[1]), int(found[2] or 1)
        months = 1 if found[2] else 12
        first = datetime(year, month, 1, tzinfo=at.zone)
        after = first.replace(year=year + (month + months - 1) // 12, month=(month + months - 1) % 12 + 1)
        return first.astimezone(UTC), after.astimezone(UTC)
    day = clock.day(word, today=at.now.astimezone(at.zone).date(), past=past)
    if day is None:
        raise Wrong(f"not a date: {word!r}: write 2026-11-01, 2026-11, yesterday, monday, 3d or now")
    start = datetime.combine(day, time(), at.zone)
    return start.astimezone(UTC), datetime.combine(day + timedelta(days=1), time(), at.zone).astimezone(UTC)


_DAYS = ("today", "yesterday", *clock.WEEKDAYS)
_LOCKS = ("locked", "unlocked")
_WAITING = ("us", "customer")

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field(name="queue", takes="QUEUE", doc="in that queue; `Sales::` is Sales and all queues below it", read=_text),
        Field(name="state", takes="STATE", doc="in that state, blanks as hyphens; `closed` and `pending` are all such",
              read=_state, words=tuple(_STATES)),
        Field(name="type", takes="TYPE", doc="in a state of that type",
              read=_one_of("state type", StateType), words=tuple(StateType)),
        Field(name="owner", takes="me|none|AGENT", doc="owned by me, by nobody, by that agent", read=_text,
              words=("me", "none")),
        Field(name="customer", takes="ADDRESS|@DOMAIN|of:TICKET", doc="of that customer, or the same one as a ticket's",
              read=_customer, words=("of:",)),
        Field(name="from", takes="TEXT", doc="has an article with words that begin so in its author's address or name",
              read=_text),
        Field(name="subject", takes="TEXT", doc="has an article with words that begin so in its subject", read=_text),
        Field(name="tag", takes="TAG", doc="has that tag", read=_text),
        Field(name="priority", takes="LEVEL", doc="of that priority, or of a range as `high..`",
              read=_priority, words=tuple(Priority)),
        Field(name="lock", takes="locked|unlocked", doc="locked or not", read=_one_of("lock", _LOCKS), words=_LOCKS),
        Field(name="kind", takes="KIND", doc="has an article of that kind", read=_one_of("kind", Kind),
              words=tuple(Kind)),
        Field(name="age", takes="DURATION", doc="so old: `3d..` and older, `..2h` and younger, `1d..3d`", read=_age,
              becomes="created"),
        Field(name="created", takes="DATE", doc="created then: a day, a month, or a range as `2026-11-01..`",
              read=_dates(past=True), words=_DAYS),
        Field(name="changed", takes="DATE", doc="last changed then", read=_dates(past=True), words=_DAYS),
        Field(name="due", takes="DATE", doc="due then: `due:..now` is overdue, `due:..` has a deadline at all",
              read=_dates(past=False), words=("today", "tomorrow", *clock.WEEKDAYS)),
        Field(name="waiting", takes="us|customer", doc="waiting for us, or for the customer",
              read=_one_of("side", _WAITING), words=_WAITING),
        Field(name="id", takes="ID", doc="the ticket of that id", read=_id),
        Field(name="number", takes="NUMBER", doc="the ticket of that number", read=_number),
    )
}  # fmt: skip
