"""What a rule of the policy may hold, `when` and `set` (mail-rules section 5): checked and kept as written.

A plain text is a glob, `/.../` a regular expression (`patterns`); a list of texts means any of them. `{name}` in a
value of `set` is what the group of that name took out of the mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ticketctl.policy import patterns
from ticketctl.policy.kinds import FLAG, LINE, TEXT, Kind, Place, each, like, named, one_of, table, told
from ticketctl.policy.patterns import EXTERNAL, HOLE, STATES
from ticketctl.ticket import Kind as MailKind
from ticketctl.ticket import Priority

OUTCOMES = ("drop", "hold", "refuse")
DEEPEST = 10  # conditions inside conditions
_SIZE = re.compile(r"(?=.*\d)(?:\d{1,12}[kM]?)?\.\.(?:\d{1,12}[kM]?)?", re.ASCII)
_FILLED = ("queue", "owner", "title", "tags", "ticket")


def check_rule(fields: dict[str, Any], place: Place) -> None:
    """What a rule's `when` and `set` must agree on: a `{name}` is that of a group; one of drop, hold, refuse."""
    when, values = fields.get("when"), fields.get("set")
    if not isinstance(when, dict) or not isinstance(values, dict):
        return
    for word, name in _holes(when, values):
        place.at("set").at(word).wrong(
            f"there is no group {{{name}}} in this rule's patterns; write one, like /(?P<{name}>\\S+)/, or "
            "{{ and }} for braces"
        )
    said = [word for word in OUTCOMES if values.get(word) is True]
    if len(said) > 1:
        place.at("set").wrong(f"{' and '.join(said)} exclude each other; keep one")


def _holes(when: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is named in a value, and is no group; nothing where a pattern is wrong, which was told already."""
    try:
        have = set().union(*(patterns.groups(text) for text in _texts(when)))
    except patterns.Wrong:
        return
    for word in _FILLED:
        given = values.get(word)
        for text in given if isinstance(given, list) else [given]:
            for name in HOLE.findall(text) if isinstance(text, str) else ():
                if name and name not in have:
                    yield word, name


def _texts(when: dict[str, Any]) -> Iterator[str]:
    """The patterns whose groups can be used: not those of `not`, which did not match."""
    for word, item in when.items():
        if word in ("all", "any") and isinstance(item, list):
            for inner in item:
                yield from _texts(inner) if isinstance(inner, dict) else ()
        elif word in ("header", "envelope") and isinstance(item, dict):
            for value in item.values():
                yield from _texts({"subject": value})
        elif word not in ("not", "kind", "size"):
            yield from (text for text in (item if isinstance(item, list) else [item]) if isinstance(text, str))


def _pattern(value: object, place: Place) -> object:
    if isinstance(value, list):
        return list(each(Kind(word="pattern", check=_one_pattern)).check(value, place))
    return _one_pattern(value, place)


def _one_pattern(value: object, place: Place) -> object:
    text = TEXT.check(value, place)
    if not isinstance(text, str):
        return text
    inside = patterns.expression(text)
    if len(text) > patterns.LONGEST:
        place.wrong(f"a pattern has at most {patterns.LONGEST} characters")
    elif inside is not None:
        try:
            patterns.regular(inside)
        except patterns.Wrong as error:
            place.wrong(f"{told(text)} is not a regular expression: {error}")
    return text


def _headers(value: object, place: Place) -> object:
    return {header: _pattern(text, place.at(header)) for header, text in table(value, place).items()}


def _envelope(value: object, place: Place) -> object:
    """A pattern for the recipient or the sender, or a table with one for each."""
    return _words(value, place, _ENVELOPE) if isinstance(value, dict) else _pattern(value, place)


def _kind(value: object, place: Place) -> object:
    one = one_of(*MailKind)
    return list(each(one).check(value, place)) if isinstance(value, list) else one.check(value, place)


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
    if sum(part in ("all", "any", "not") for part in place.path) > DEEPEST:
        place.wrong(f"stands more than {DEEPEST} conditions deep")
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


def _name(section: str) -> Callable[[object, Place], object]:
    """Something of another section, unless a captured group makes its name."""

    def check(value: object, place: Place) -> object:
        return (LINE if isinstance(value, str) and HOLE.search(value) else named(section)).check(value, place)

    return check


def _tags(value: object, place: Place) -> object:
    return list(each(LINE).check(value, place))


def _ticket(value: object, place: Place) -> object:
    text = LINE.check(value, place)
    if isinstance(text, str) and not text.removeprefix(EXTERNAL).strip() or not str(text).startswith(EXTERNAL):
        place.expected('"external:" and what names the ticket there, like "external:{id}"', value)
    return text


_ENVELOPE: dict[str, Callable[[Any, Place], Any]] = dict.fromkeys(("recipient", "sender"), _pattern)
_WHEN: dict[str, Callable[[Any, Place], Any]] = {
    **dict.fromkeys(("from", "to", "subject", "body", "attachment"), _pattern),
    "envelope": _envelope,
    "header": _headers,
    "kind": _kind,
    "size": _size,
    "all": _several,
    "any": _several,
    "not": _when,
}
_SET: dict[str, Callable[[Any, Place], Any]] = {
    "queue": _name("queues"),
    "priority": one_of(*Priority).check,
    "state": one_of(*STATES).check,
    "owner": _name("agents"),
    "title": LINE.check,
    "tags": _tags,
    "ticket": _ticket,
    **dict.fromkeys(("lock", "visible", "answer", "follow-up", *OUTCOMES), FLAG.check),
}
WHEN = Kind(word="table of conditions", check=_when, text=False)
SET = Kind(word="table of what to set", check=_set, text=False)
