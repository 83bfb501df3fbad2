"""A checked Policy in a form that loads fast, kept beside the text of its revision: JSON, and a mark of its shape.

msgspec was measured first: its typed decoder takes 3 ms to learn these classes and 20 ms to import, in every process;
the table below loads in a tenth of that. The text stays the truth: where the mark differs, it is parsed again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import date
from typing import Any, cast

from ticketctl.policy import value as v

FORMAT = 1  # counts changes of meaning; changes of fields show in the mark by themselves
_VALUES = (v.AutoLimits, v.Desk, v.Queue, v.Agent, v.Role, v.Calendar, v.Template, v.Rule, v.Policy)
_FIELDS = repr([kind.__struct_fields__ for kind in _VALUES])
_MARK = b"ticketctl-policy %d %08x\n" % (FORMAT, zlib.crc32(_FIELDS.encode()))


def compiled(policy: v.Policy) -> bytes:
    """The policy as bytes that `load` gives back equal."""
    plain = {name: getattr(policy, name) for name in v.Policy.__struct_fields__}
    return _MARK + json.dumps(plain, default=_plain, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: object) -> object:
    if isinstance(value, date | v.Duration):
        return str(value)
    return {name: getattr(value, name) for name in getattr(value, "__struct_fields__", ())}


def load(data: bytes) -> v.Policy | None:
    """The policy of these bytes; None where another version wrote them or they are damaged: then read the text."""
    if not data.startswith(_MARK):
        return None
    try:
        plain = json.loads(data[len(_MARK) :])
        many = {
            section: {name: _thawed(kind, fields) for name, fields in plain[section].items()}
            for section, kind in _MANY.items()
        }
        desk = plain["desk"]
        desk["auto_limits"] = v.AutoLimits(**desk["auto_limits"])
        rules = tuple(v.Rule(**rule) for rule in plain["rules"])
        return v.Policy(revision=plain["revision"], desk=_thawed(v.Desk, desk), rules=rules, **many)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _thawed(kind: type[Any], fields: dict[str, Any]) -> Any:
    for field, thaw in _THAW[kind]:
        if fields[field] is not None:
            fields[field] = thaw(fields[field])
    return kind(**fields)


def _duration(word: str) -> v.Duration:
    return v.Duration(int(word[:-1]), cast(v.DurationUnit, word[-1]))


def _rights(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {queue: tuple(words) for queue, words in table.items()}


def _hours(table: dict[str, list[list[int]]]) -> dict[int, tuple[tuple[int, ...], ...]]:
    return {int(day): tuple(map(tuple, spans)) for day, spans in table.items()}


def _closed(spans: list[list[str]]) -> tuple[tuple[date, ...], ...]:
    return tuple(tuple(map(date.fromisoformat, span)) for span in spans)


_MANY: dict[str, type[Any]] = {
    "queues": v.Queue,
    "agents": v.Agent,
    "roles": v.Role,
    "calendars": v.Calendar,
    "templates": v.Template,
}
_THAW: dict[type[Any], tuple[tuple[str, Callable[[Any], Any]], ...]] = {
    v.Desk: (("authserv_ids", tuple),),
    v.Queue: (
        ("addresses", tuple),
        ("templates", tuple),
        *((field, _duration) for field in ("unlock_after", "first_response", "update", "solution")),
    ),
    v.Agent: (("logins", tuple), ("roles", tuple), ("my_queues", tuple), ("queues", _rights)),
    v.Role: (("queues", _rights),),
    v.Calendar: (("hours", _hours), ("closed", _closed)),
    v.Template: (),
}
