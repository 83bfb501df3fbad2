"""What a rule of the policy may hold, `when` and `set` (mail-rules section 5): checked and kept as written.

A plain text is a glob, `/.../` a regular expression; a list of texts means any of them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

from ticketctl.policy.kinds import FLAG, LINE, TEXT, Kind, Place, each, like, named, one_of, table, told
from ticketctl.ticket import Kind as MailKind
from ticketctl.ticket import Priority, State

_SIZE = re.compile(r"(?=.*\d)(?:\d{1,12}[kM]?)?\.\.(?:\d{1,12}[kM]?)?", re.ASCII)


def _pattern(value: object, place: Place) -> object:
    if isinstance(value, list):
        return list(each(Kind(word="pattern", check=_one_pattern)).check(value, place))
    return _one_pattern(value, place)


def _one_pattern(value: object, place: Place) -> object:
    text = TEXT.check(value, place)
    if isinstance(text, str) and len(text) > 1 and text[0] == text[-1] == "/":
        with warnings.catch_warnings(action="ignore"):
            try:
                re.compile(text[1:-1])
            except (re.error, OverflowError, RecursionError) as error:
                place.wrong(f"{told(text)} is not a regular expression: {error}")
    return text


def _headers(value: object, place: Place) -> object:
    return {header: _pattern(text, place.at(header)) for header, text in table(value, place).items()}


def _size(value: object, place: Place) -> object:
    if not isinstance(value, str) or not _SIZE.fullmatch(value):
        place.expected('a size in bytes like "1M..", "..20k" or "1k..2M"', value)
    return value


def _several(value: object, place: Place) -> object:
    if not isinstance(value, list) or not value:
        place.expected('a list of conditions, like [{ from = "*@example.org" }]', value)
        return None
    return [_when(item, place.at(n)) for n, item in enumerate(value)]


def _when(value: object, place: Place) -> dict[str, Any]:
    if isinstance(value, dict) and not value:
        place.wrong("has no condition, so that it would hold for every mail; give one, like from, subject or kind")
    return _words(value, place, _WHEN)


def _set(value: object, place: Place) -> dict[str, Any]:
    return _words(value, place, _SET)


def _words(value: object, place: Place, known: dict[str, Callable[[Any, Place], Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for word, item in table(value, place).items():
        if word in known:
            result[word] = known[word](item, place.at(word))
        else:
            place.at(word).wrong(f"unknown key{like(word, list(known))}")
    return result


def _queue(value: object, place: Place) -> object:
    """A queue, unless a captured group makes its name."""
    return (LINE if isinstance(value, str) and "{" in value else named("queues")).check(value, place)


def _tags(value: object, place: Place) -> object:
    return list(each(LINE).check(value, place))


_WHEN: dict[str, Callable[[Any, Place], Any]] = {
    **dict.fromkeys(("envelope", "from", "to", "subject", "body", "attachment"), _pattern),
    "header": _headers,
    "kind": one_of(*MailKind).check,
    "size": _size,
    "all": _several,
    "any": _several,
    "not": _when,
}
_SET: dict[str, Callable[[Any, Place], Any]] = {
    "queue": _queue,
    "priority": one_of(*Priority).check,
    "state": one_of(*State).check,
    "owner": named("agents").check,
    "title": LINE.check,
    "tags": _tags,
    "ticket": LINE.check,
    **dict.fromkeys(("lock", "visible", "answer", "drop", "hold", "refuse"), FLAG.check),
}
WHEN = Kind(word="table of conditions", check=_when, text=False)
SET = Kind(word="table of what to set", check=_set, text=False)
