"""The patterns of rules: a text is a glob, `/.../` a regular expression; and what their values are made of.

Regular expressions are run by RE2 (R. Cox, "Regular Expression Matching Can Be Simple And Fast", 2007), whose time is
linear in the text: no mail can make one hang. A glob knows `*` and `?` alone: subjects are full of brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ticketctl.errors import Misconfigured
from ticketctl.ticket import State, StateType

STATES = tuple(state for state in State if state.type in (StateType.NEW, StateType.OPEN, StateType.CLOSED))  # no time
EXTERNAL = "external:"  # before the number of a foreign system
HOLE = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)\}", re.ASCII)  # in a value of `set`: a brace, or a group's name
LONGEST = 1000  # characters of a pattern
Groups = dict[str, str]
_MEMORY = 8 << 20  # bytes: a pattern that wants more is refused when it is applied
# a back-reference, lookaround, an atomic or possessive group
_BEYOND = re.compile(r"\\[1-9]|\(\?P=|\(\?<?[=!]|\(\?>|[*+?}]\+|\(\?\(")


class Wrong(ValueError):
    """No regular expression; the message says why."""


def expression(text: str) -> str | None:
    """What stands between the slashes of a regular expression; None for a glob."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "/" else None


@lru_cache(maxsize=512)
def regular(text: str) -> Any:
    """The compiled expression. Raises Wrong, and Misconfigured where the engine is not installed."""
    try:
        import re2  # late: 5 ms, only for policies that have a regular expression
    except ImportError as missing:
        raise Misconfigured(f"the rules need google-re2, which cannot be loaded: {missing}") from None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(text, options)
    except re2.error as fault:
        raise Wrong(_why(text, fault.args[0] if fault.args else "")) from None


def _why(text: str, said: object) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if _BEYOND.search(text):
        words += (
            "; back-references, lookahead, lookbehind, possessive and atomic groups cannot be run in linear time and "
            "are not there (RE2)"
        )
    return words


def groups(text: str) -> set[str]:
    """The names of a pattern's groups; a glob has none. Raises Wrong."""
    inside = expression(text)
    return set(regular(inside).groupindex) if inside is not None else set()


@lru_cache(maxsize=512)
def matcher(text: str) -> Callable[[str], Groups | None]:
    """Tries a text: the named groups that took part, None where the pattern does not match. Raises as `regular`."""
    inside = expression(text)
    if inside is None:
        glob = re.compile(_globbed(text), re.IGNORECASE | re.DOTALL)
        return lambda value: {} if glob.fullmatch(value) else None
    pattern = regular(inside)

    def match(value: str) -> Groups | None:
        # an envelope may hold bytes that are no UTF-8: halves of pairs, which the engine does not take
        found = pattern.search(value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8"))
        if found is None:
            return None
        return {name: each for name, each in found.groupdict().items() if each is not None}

    return match


def _globbed(text: str) -> str:
    """A glob for `re`. Each `*` takes the least that reaches the next piece and keeps it, so that nothing is tried
    again: the time is linear in the text, as in fnmatch of Python 3.13."""
    first, *rest = (_piece(piece) for piece in re.split(r"\*+", text))
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last


def _piece(text: str) -> str:
    return "".join("." if each == "?" else re.escape(each) for each in text)
