"""What differs between two documents, and between what a policy says and what this version does."""

from __future__ import annotations

import difflib

from msgspec import Struct

from ticketctl.policy.keys import SECTIONS, Key
from ticketctl.policy.places import shown
from ticketctl.policy.value import Policy, default_of


def diff(old: str, new: str, *, before: int | str, after: int | str) -> str:
    """A unified diff as diff(1) prints it, empty where nothing differs."""
    a, b = (f"revision {side}" if isinstance(side, int) else side for side in (before, after))
    lines = difflib.unified_diff(_lines(old), _lines(new), a, b)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """Split at LF only, as diff(1) does; splitlines would also split at form feeds and U+2028."""
    pieces = [piece + "\n" for piece in text.split("\n")]
    pieces[-1] = pieces[-1][:-1]
    return pieces if pieces[-1] else pieces[:-1]


def remarks(policy: Policy) -> list[str]:
    """A line for each key that is set and does nothing yet."""
    return [
        f"{shown((section.name, name, key.name))}: kept, but not in force in this version"
        for section in SECTIONS
        if section.many and section.name != "calendars"
        for name, value in getattr(policy, section.name).items()
        for key in section.keys
        if key.later and _is_set(value, key)
    ]


def _is_set(value: Struct, key: Key) -> bool:
    return bool(getattr(value, key.attribute) != default_of(type(value), key.attribute))
