"""What a key of the policy may hold: each kind checks one value and gives it as the Policy value wants it.

A kind never raises: what is wrong it tells the place, with the way out, and gives None; a Policy is only made of a
document in which nothing is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ticketctl.policy.places import Path, shown
from ticketctl.policy.value import RIGHTS, Duration, DurationUnit

NAME_MAX = 100  # characters
_NAME = re.compile(r"[\w.](?:[\w. -]*[\w.-])?")
_ATOM = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A key as it is read: its path, what the whole document names, and where to say what is wrong.

    `names`: section -> the names it has; `kinds`: template -> its kind; `bodies` reads a body-file, None where
    none can be read.
    """

    path: Path
    problems: list[tuple[Path, str]] = field(repr=False)
    names: Mapping[str, Collection[str]] = field(default_factory=dict, repr=False)
    kinds: Mapping[str, object] = field(default_factory=dict, repr=False)
    bodies: Callable[[str], str] | None = None

    def at(self, part: str | int) -> Place:
        return Place(
            path=(*self.path, part), problems=self.problems, names=self.names, kinds=self.kinds, bodies=self.bodies
        )

    def wrong(self, message: str) -> None:
        self.problems.append((self.path, message))

    def expected(self, what: str, value: object) -> None:
        self.wrong(f"expected {what}, not {told(value)}")


Check = Callable[[Any, Place], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`word` names the kind in the manual; `text`: written in quotes, so that `policy set` can add them."""

    word: str
    check: Check
    text: bool = True


def told(value: object) -> str:
    """A value as a message names it, short and with nothing that acts on a terminal."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            cut = value if len(value) <= 60 else value[:57] + "..."
            return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut) + '"'
        case int() | float():
            return f"the number {value}" if abs(value) < 10**20 else "so large a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return f"the date or time {value}"


def like(word: str, choices: Collection[str]) -> str:
    """`; did you mean X?` where something is near, else the choices where they are few, else nothing."""
    import difflib  # 5 ms, needed for bad input alone

    near = difflib.get_close_matches(word, list(choices), 1, 0.6) or [c for c in choices if c.lower() == word.lower()]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(choices)}" if 0 < len(choices) <= 8 else ""


def name_trouble(name: str, *, children: bool = False) -> str | None:
    """Why this cannot be a name of a queue (`children`: with `::`), agent, role, calendar or template; None if it can.

    A child queue needs no parent: `Support::Europe` may stand without `Support`.
    """
    if len(name) > NAME_MAX:
        return f"a name has at most {NAME_MAX} characters"
    pieces = name.split("::") if children else [name]
    if all(_NAME.fullmatch(piece) for piece in pieces):
        return None
    return (
        'a name has letters, digits, ". _ -" and blanks inside'
        + (", :: between parent and child" if children else "")
        + '; it does not begin with "-"'
    )


def table(value: object, place: Place) -> dict[str, Any]:
    """The value if it is a table; an empty one, and a problem told, if it is not."""
    if isinstance(value, dict):
        return value
    place.expected(f"a table, [{shown(place.path)}]", value)
    return {}


def _string(value: object, place: Place, *, what: str = "a text in quotes") -> str | None:
    if not isinstance(value, str):
        place.expected(what, value)
        return None
    bad = _CONTROLS.search(value)
    if bad:
        place.wrong(f"holds the control character U+{ord(bad[0]):04X}; take it out")
        return None
    return value


def _line(value: object, place: Place) -> str | None:
    text = _string(value, place)
    if text is not None and ("\n" in text or "\t" in text):
        place.wrong("expected one line, without line breaks and tabs")
        return None
    if text is not None and not text.strip():
        place.wrong("is empty; leave the key out, or give it a text")
        return None
    return text


def _matching(pattern: str, what: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: object, place: Place) -> str | None:
        text = _string(value, place, what=what)
        if text is not None and (len(text) > 255 or not compiled.fullmatch(text)):
            place.expected(what, text)
            return None
        return text

    return check


def one_of(*words: str) -> Kind:
    def check(value: object, place: Place) -> object:
        if not isinstance(value, str) or value not in words:
            hint = like(value, words) if isinstance(value, str) else ""
            place.wrong(f"expected one of {', '.join(words)}, not {told(value)}" + (hint if "mean" in hint else ""))
            return None
        return value

    return Kind(word=" | ".join(words), check=check)


def whole(least: int, most: int) -> Kind:
    def check(value: object, place: Place) -> object:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            place.expected(f"a whole number from {least} to {most}", value)
        return value

    return Kind(word=f"number {least}-{most}", check=check, text=False)


def each(kind: Kind) -> Kind:
    def check(value: object, place: Place) -> tuple[object, ...]:
        if not isinstance(value, list):
            quoted = value if isinstance(value, str) else "..."
            place.expected(f'a list, like ["{quoted[:40]}"]', value)
            return ()
        seen: set[str] = set()
        for n, item in enumerate(value):
            if repr(item) in seen:
                place.at(n).wrong(f"{told(item)} stands here twice")
            seen.add(repr(item))
        return tuple(kind.check(item, place.at(n)) for n, item in enumerate(value))

    return Kind(word=f"list of {kind.word}", check=check, text=False)


def named(section: str) -> Kind:
    """The name of something in another section of the document."""
    thing = section.removesuffix("s")

    def check(value: object, place: Place) -> object:
        name = _string(value, place, what=f"the name of a {thing} in quotes")
        if name is not None and name not in place.names.get(section, ()):
            head = shown((section, name))
            hint = like(name, place.names.get(section, ()))
            place.wrong(f"there is no {thing} {told(name)}" + (hint or f"; add [{head}] or take it out"))
        return name

    return Kind(word=thing, check=check)


def template(kind: str) -> Kind:
    """The name of a template of this kind."""

    def check(value: object, place: Place) -> object:
        before = len(place.problems)
        name = named("templates").check(value, place)
        have = place.kinds.get(name) if isinstance(name, str) else None
        if len(place.problems) == before and have != kind:
            place.wrong(f"template {told(name)} is of kind {have}, here is needed one of kind {kind}")
        return name

    return Kind(word=f"template of kind {kind}", check=check)


def _flag(value: object, place: Place) -> object:
    if not isinstance(value, bool):
        place.expected("true or false, without quotes", value)
    return value


def _duration(value: object, place: Place) -> Duration | None:
    what = 'a duration like "30m", "4h", "2d" or "1w"'
    hit = re.fullmatch(r"0*([1-9][0-9]{0,3})([mhdw])", value) if isinstance(value, str) else None
    if hit is None:
        place.expected(what, value)
        return None
    return Duration(int(hit[1]), cast(DurationUnit, hit[2]))


def _address(value: object, place: Place) -> str | None:
    what = "an address like support@example.org"
    if not isinstance(value, str) or len(value) > 254 or not re.fullmatch(f"{_ATOM}@{_DOMAIN}", value):
        place.expected(what, value)
        return None
    if value.startswith("-"):
        place.wrong(f'{told(value)} begins with "-", which a mail program takes for an option')
    return value


def _hook(value: object, place: Place) -> str | None:
    text = _line(value, place)
    if text is None:
        return None
    if re.search(r"[\[\]]", text):
        place.wrong("has a bracket; ticketctl puts [ ] around hook and number itself")
    elif text != text.strip():
        place.wrong("has a blank at an end, which mail programs lose; take it out")
    elif text[-1].isdigit():
        place.wrong('ends in a digit, which would run into the number; end it in a mark, like "Ticket#"')
    elif len(text) > 30:
        place.wrong("is longer than 30 characters")
    return text


def _timezone(value: object, place: Place) -> str | None:
    from zoneinfo import ZoneInfo, available_timezones

    what = 'a time zone like "Europe/Paris"'
    name = _string(value, place, what=what)
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" is a directory of the zone database
        zones = sorted(available_timezones())
        hint = like(name, zones) if zones else "; this host has no time zones: install its tzdata"
        place.wrong(f"there is no time zone {told(name)}{hint}")
    return name


def _rights(value: object, place: Place) -> dict[str, tuple[str, ...]]:
    result: dict[str, tuple[str, ...]] = {}
    for queue, words in table(value, place).items():
        here = place.at(queue)
        if queue != "*":
            named("queues").check(queue, here)
        if isinstance(words, str):
            here.wrong(f'expected a list of rights, like ["{words if words in RIGHTS else "rw"}"]')
            continue
        result[queue] = each(one_of(*RIGHTS)).check(words, here)
    return result


def by_language(kind: Kind) -> Kind:
    """A text, or a table of texts by language; a text alone stands under ""."""

    def check(value: object, place: Place) -> dict[str, Any]:
        if isinstance(value, str):
            return {"": kind.check(value, place)}
        if not isinstance(value, dict) or not value:
            place.expected('a text, or a table of texts by language, like { en = "..." }', value)
            return {}
        for language in value:
            LANGUAGE.check(language, place.at(language))
        return {language: kind.check(text, place.at(language)) for language, text in value.items()}

    return Kind(word=f"{kind.word}, or a table of them by language", check=check)


def _file(value: object, place: Place) -> str | None:
    name = _line(value, place)
    if name is None:
        return None
    if place.bodies is None:
        place.wrong("a body-file is read by `policy apply` and `policy edit`; here the text must stand in body")
        return None
    try:
        return cast("str | None", TEXT.check(place.bodies(name).replace("\r\n", "\n"), place))
    except UnicodeDecodeError:
        place.wrong(f"{told(name)} is not UTF-8 text")
    except (OSError, ValueError) as error:
        place.wrong(f"cannot read {told(name)}: {getattr(error, 'strerror', None) or error}")
    return None


TEXT = Kind(word="text", check=_string)
LINE = Kind(word="line of text", check=_line)
FLAG = Kind(word="true | false", check=_flag, text=False)
DURATION = Kind(word="duration", check=_duration)
ADDRESS = Kind(word="address", check=_address)
DOMAIN = Kind(word="domain", check=_matching(_DOMAIN, 'a domain like "example.org"'))
HOOK = Kind(word="hook", check=_hook)
DIGITS = Kind(word="digits", check=_matching(r"[0-9]{1,8}", 'one to eight digits in quotes, like "10"'))
DELIMITER = Kind(word="character", check=_matching(r"[-+=_.#]?", '"+" or another of + - = _ . #, or "" for none'))
LANGUAGE = Kind(
    word="language", check=_matching(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", 'a language like "en" or "pt-BR"')
)
HOST = Kind(word="host", check=_matching(r"[!-~]{1,255}", 'the name of a mail server, like "mx.example.org"'))
COUNTRY = Kind(
    word="country",
    check=_matching(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", 'a country like "FR", or a part of one like "DE-BY"'),
)
LOGIN = Kind(word="login", check=_matching(r"[^\s:/\x00-\x1f]{1,64}", "the login of a Unix user"))
ZONE = Kind(word="time zone", check=_timezone)
RIGHTS_BY_QUEUE = Kind(word="table of rights by queue", check=_rights, text=False)
FILE = Kind(word="file", check=_file)
