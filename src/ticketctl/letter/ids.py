"""Message identifiers (RFC 5322 section 3.6.4) and the ids of trace fields, as real mail has them."""

from __future__ import annotations

import re

LIMIT = 998  # characters of an id, angle brackets included

_ANGLE = re.compile(r"<([^<>]*)(>?)")
_SPACE = re.compile(r"\s+")
_SEPARATOR = re.compile(r"[\s,;]+")
_QUEUE = re.compile(r"\bid\s+<?([A-Za-z0-9][A-Za-z0-9._-]{0,127})")


def read(text: str) -> tuple[str, ...]:
    """Every `<id>` in order, blanks inside (a fold) taken out; the last may lack its ">" (a field cut off at 255).

    Without any angle bracket, words that hold an "@" are ids, if all of them do.
    """
    if "<" not in text:
        words = [word for word in _SEPARATOR.split(text.strip()) if word]
        if not words or not all(0 < word.find("@") < len(word) - 1 for word in words):
            return ()
        return tuple(f"<{word}>" for word in words if len(word) <= LIMIT - 2)
    found = []
    end = len(text.rstrip())
    for match in _ANGLE.finditer(text):
        inner = _SPACE.sub("", match[1])
        if inner and len(inner) <= LIMIT - 2 and (match[2] or match.end() >= end):
            found.append(f"<{inner}>")
    return tuple(found)


def first(text: str | None) -> str | None:
    """The Message-ID: the first id, or the whole value (without blanks) in angle brackets; cut at 998 characters."""
    if not text:
        return None
    found = read(text)
    if found:
        return found[0]
    inner = _SPACE.sub("", text).strip("<>")[: LIMIT - 2].replace("<", "").replace(">", "")
    return f"<{inner}>" if inner else None


def queue(received: str | None) -> str | None:
    """The queue id that the server put into its Received field (RFC 5321 section 4.4), or None."""
    match = _QUEUE.search(received[:4096]) if received else None
    return match[1].rstrip(".") if match else None
