"""A policy document, read whole: every problem in it is named at once, each with its path and its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from ticketctl.errors import BadData
from ticketctl.policy.conditions import check_rule
from ticketctl.policy.keys import AUTO_LIMITS, DESK, RULES, SECTIONS, Section
from ticketctl.policy.kinds import Place, like, name_trouble, table, told
from ticketctl.policy.places import Astray, Path, shown, walk
from ticketctl.policy.value import Desk, Policy, default_of
from ticketctl.ticket import normal

RESERVED = ("me", "none", "postmaster", "system")  # `owner:me`, and names that history gives to programs
_TOO_DEEP = "tables and lists are nested too deep"
_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)

Fields = dict[str, Any]
Found = dict[str, dict[str, Fields]]  # section -> name -> field -> value; the single ones stand under ""


def document(text: str, *, source: str = "policy") -> dict[str, Any]:
    """The TOML tables of a text, not yet checked; BadData with line and column where it is not TOML."""
    try:
        text.encode()
        return tomllib.loads(text)
    except RecursionError:
        raise BadData(f"{source}: {_TOO_DEEP}") from None
    except UnicodeEncodeError as error:
        raise BadData(f"{source}:{_row(text, error.start)}: not UTF-8 text; save it as UTF-8") from None
    except ValueError as error:
        raise BadData(_syntax(text, source, str(error))) from None


def _row(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _syntax(text: str, source: str, message: str) -> str:
    if text.startswith("\ufeff"):
        return f"{source}:1:1: begins with a byte order mark; save it as UTF-8 without one"
    hit = _AT.fullmatch(message)
    if hit is None:
        return f"{source}: not TOML: {message}"
    where = f"{hit[2]}:{hit[3]}" if hit[2] else str(_row(text.rstrip("\n"), len(text)))
    what = re.sub(r"\((('.*?'(, )?)+),?\)", lambda tail: tail[1].replace("', '", ".").strip("',"), hit[1])
    what = what.replace("Cannot overwrite a value", "this key or table stands here twice")
    return f"{source}:{where}: not TOML: {what}" + ("" if hit[2] else ", and the document ends")


def read(
    text: str, *, source: str = "policy", bodies: Callable[[str], str] | None = None, revision: int = 0,
    kept: bool = False,
) -> Policy:  # fmt: skip
    """The Policy of a document; see the package."""
    tables = document(text, source=source)
    problems: list[tuple[Path, str]] = []
    place = Place(path=(), problems=problems, names=_names(tables), kinds=_template_kinds(tables), bodies=bodies)
    try:
        found = _sections(tables, place)
        for check in _CHECKS:
            check(found, place)
    except RecursionError:
        raise BadData(f"{source}: {_TOO_DEEP}") from None
    if kept:  # a rule that an older version took is passed over when it runs, and stops no mail before
        problems = [problem for problem in problems if problem[0][:1] != (RULES.name,)]
    if problems:
        raise BadData("\n".join(_told(problems, text, source)))
    return _made(found, revision)


def _names(tables: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {section: tuple(part) for section, part in tables.items() if isinstance(part, dict)}


def _template_kinds(tables: dict[str, Any]) -> dict[str, object]:
    part = tables.get("templates")
    return {
        name: template.get("kind")
        for name, template in (part if isinstance(part, dict) else {}).items()
        if isinstance(template, dict)
    }


def _sections(tables: dict[str, Any], place: Place) -> Found:
    known = {section.name: section for section in SECTIONS if section is not AUTO_LIMITS}
    for name in tables:
        if name not in known:
            thing = "section" if isinstance(tables[name], dict | list) else "key"
            place.at(name).wrong(f"unknown {thing}{like(name, list(known))}")
    found: Found = {name: {} for name in known}
    for name, section in known.items():
        here = place.at(name)
        if section.many:
            found[name] = _many(section, table(tables.get(name, {}), here), here)
    desk = table(tables.get("desk", {}), place.at("desk"))
    found["desk"] = {"": _fields(DESK, desk, place.at("desk"))}
    limits = place.at("desk").at("auto-limits")
    found[AUTO_LIMITS.name] = {"": _fields(AUTO_LIMITS, table(desk.get("auto-limits", {}), limits), limits)}
    rules = tables.get("rules", [])
    if not isinstance(rules, list):
        place.at("rules").expected("a list of tables, each under [[rules]]", rules)
        rules = []
    for n, rule in enumerate(rules):
        here = place.at("rules").at(n)
        found["rules"][str(n)] = _fields(RULES, table(rule, here), here)
    return found


def _many(section: Section, tables: dict[str, Any], place: Place) -> dict[str, Fields]:
    found: dict[str, Fields] = {}
    lower: dict[str, str] = {}
    for name, item in tables.items():
        here = place.at(name)
        trouble = name_trouble(name, children=section.name == "queues")
        other = lower.setdefault(name.casefold(), name)
        if trouble:
            here.wrong(trouble)
        elif other != name:
            here.wrong(f"differs from {other} only in upper and lower case; give one of them another name")
        elif section.name == "agents" and name.lower() in RESERVED:
            here.wrong(f"{', '.join(RESERVED)} have a meaning of their own; give the agent another name")
        found[name] = {"name": name, **_fields(section, table(item, here), here)}
    return found


def _fields(section: Section, tables: dict[str, Any], place: Place) -> Fields:
    fields: Fields = {}
    for name, item in tables.items():
        key = section.key(name)
        if key is None:
            place.at(name).wrong(f"unknown key{like(name, [key.name for key in section.keys])}")
        else:
            fields[key.attribute] = key.kind.check(item, place.at(name))
    for key in section.keys:
        if key.required and key.name not in tables:
            place.at(key.name).wrong(f"is missing: {key.doc}")
    return fields


def _default_queue(found: Found, place: Place) -> None:
    name = found["desk"][""].get("default_queue", "")
    default = default_of(Desk, "default_queue")
    if not name and default not in found["queues"]:
        place.at("desk").at("default-queue").wrong(
            f'is not given, and there is no queue "{default}"; add [queues.{default}] or name another queue'
        )


def _bodies(found: Found, place: Place) -> None:
    for name, fields in found["templates"].items():
        here = place.at("templates").at(name)
        if "body" not in fields and "body_file" not in fields:
            here.at("body").wrong("is missing: the text, or a table of texts by language")
        elif "body" in fields and "body_file" in fields:
            here.at("body-file").wrong("stands beside body; keep one of them")


def _rules(found: Found, place: Place) -> None:
    for n, fields in found["rules"].items():
        check_rule(fields, place.at("rules").at(int(n)))


def _unique(found: Found, place: Place) -> None:
    """No address, email or login is two things: it decides the queue, and who somebody is."""
    addresses: dict[str, str] = {}
    logins: dict[str, str] = {}
    for name, fields in found["queues"].items():
        here = place.at("queues").at(name).at("addresses")
        _claim(addresses, fields.get("addresses", ()), f"queue {name}", here, here.at)
    for name, fields in found["agents"].items():
        here = place.at("agents").at(name)
        _claim(addresses, (fields.get("email"),), f"agent {name}", here.at("email"))
        _claim(logins, fields.get("logins", ()), f"agent {name}", here.at("logins"), here.at("logins").at)


def _claim(
    taken: dict[str, str], words: tuple[Any, ...], owner: str, place: Place, at: Callable[[int], Place] | None = None
) -> None:
    for n, word in enumerate(words):
        if not isinstance(word, str):
            continue
        other = taken.setdefault(normal(word) if "@" in word else word, owner)
        # the same word twice in one list was told already; the same address in another spelling was not
        if other != owner or (words.index(word) == n and _again(words[:n], word)):
            (at(n) if at else place).wrong(f"{told(word)} belongs to {other} already; each has one place")


def _again(before: tuple[Any, ...], word: str) -> bool:
    return "@" in word and any(isinstance(other, str) and normal(other) == normal(word) for other in before)


_CHECKS: tuple[Callable[[Found, Place], None], ...] = (_default_queue, _bodies, _rules, _unique)


def _told(problems: list[tuple[Path, str]], text: str, source: str) -> list[str]:
    """The messages, `policy.toml:17: desk.hook: ...`, in the order of the lines; those without a line come first."""
    lines: dict[Path, int] = {}
    try:
        for entry in walk(text):
            lines.setdefault(entry.path, entry.line)
            for path, _ in entry.parts:
                lines.setdefault(path, entry.line)
    except (Astray, RecursionError):
        lines = {}  # a document newer than our walk: the paths must do
    found = [(next((lines[at] for at in _upwards(path) if at in lines), 0), path, words) for path, words in problems]
    return [
        f"{source}{f':{line}' if line else ''}: {shown(path)}: {words}"
        for line, path, words in sorted(found, key=lambda problem: problem[0])
    ]


def _upwards(path: Path) -> Iterator[Path]:
    return (path[:n] for n in range(len(path), 0, -1))


def _made(found: Found, revision: int) -> Policy:
    limits = AUTO_LIMITS.make(**found[AUTO_LIMITS.name][""])
    many = {
        section.name: {name: section.make(**fields) for name, fields in found[section.name].items()}
        for section in SECTIONS
        if section.many
    }
    return Policy(
        revision=revision,
        desk=DESK.make(**{**found["desk"][""], "auto_limits": limits}),
        rules=tuple(RULES.make(**fields) for fields in found["rules"].values()),
        **many,
    )
