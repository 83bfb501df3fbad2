"""Content-Type and Content-Disposition: a value and its parameters (RFC 2045 section 5.1, RFC 2183, RFC 2231).

Reads what real mail holds: missing semicolons and quotes, blanks in bare values, RFC 2047 and raw 8-bit text in names,
continuations out of order, doubled (the first wins) or with a gap (the rest is not trusted).
"""

from __future__ import annotations

import binascii
import re

from ticketctl.letter import charsets, headers

_LIMIT = 65_536  # characters of one field looked at
_COUNT = 1_000  # parameters of one field
_NAME = re.compile(r"[;,\s]*([^\s=;,\"()<>]{1,128})\s*=\s*")
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_BARE = re.compile(r"[^;]*")
_SKIP = re.compile(r"[^;]*;?")
_ESCAPE = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"(.+?)\*(\d{1,9})(\*?)\Z")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_COMMENT = re.compile(r"\s+\(.*", re.DOTALL)


def read(text: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=x` -> ("text/plain", {"charset": "x"}); names lower case, values decoded. Never raises."""
    text = text[:_LIMIT]
    value, semicolon, rest = text.partition(";")
    value = value.strip()
    if "=" in value or not semicolon:  # "text/plain charset=x": the semicolon is missing
        head, _, tail = value.partition(" ")
        if "=" in tail:
            value, rest = head, f"{tail};{rest}"
    value = value.split("(", 1)[0].split(",", 1)[0].strip().strip("\"'").lower()
    return headers.clean(value), _joined(_pairs(rest)) if "=" in rest else {}


def _pairs(text: str) -> list[tuple[str, str, bool]]:
    """(name, value, was quoted) in order, unquoted but not yet decoded."""
    found: list[tuple[str, str, bool]] = []
    position, length = 0, len(text)
    quotes = True  # does a quote that opens here ever close? Asked once: a second scan to the end would be quadratic
    while position < length and len(found) < _COUNT:
        name = _NAME.match(text, position)
        if name is None:
            skip = _SKIP.match(text, position)
            position = skip.end() if skip is not None and skip.end() > position else position + 1
            continue
        position = name.end()
        quoted = None
        if quotes and text.startswith('"', position):
            quoted = _QUOTED.match(text, position)
            quotes = quoted is not None
        if quoted is not None:
            found.append((name[1].lower(), _ESCAPE.sub(r"\1", quoted[1]), True))
            position = quoted.end()
            continue
        bare = _BARE.match(text, position)
        if bare is not None:
            found.append((name[1].lower(), bare[0].strip().strip('"'), False))
            position = bare.end()
    return found


def _joined(pairs: list[tuple[str, str, bool]]) -> dict[str, str]:
    """Parameters by name: RFC 2231's extended form before the plain one, the first of several."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value, quoted in pairs:
        if "*" not in name:
            plain.setdefault(name, value if quoted or "name" in name else _COMMENT.sub("", value))
        elif name.endswith("*") and "*" not in name[:-1]:
            sections.setdefault(name[:-1], {}).setdefault(-1, (value, True))
        elif (match := _SECTION.match(name)) is not None:
            sections.setdefault(match[1], {}).setdefault(int(match[2]), (value, bool(match[3])))
    found = {name: (headers.decode if "name" in name else headers.clean)(value) for name, value in plain.items()}
    for name, numbered in sections.items():
        value = _extended(numbered)
        if value:
            found[name] = value
    return found


def _extended(sections: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 sections 3 and 4: consecutive sections joined as bytes, then decoded by the charset of the first."""
    if -1 in sections:
        ordered = [sections[-1]]
    else:
        first = 0 if 0 in sections else 1
        ordered = []
        while first in sections:
            ordered.append(sections[first])
            first += 1
    if not ordered:
        return ""
    charset: str | None = None
    value, encoded = ordered[0]
    if encoded and value.count("'") >= 2:
        charset, _, value = value.split("'", 2)
        ordered[0] = (value, True)
    if not any(encoded for _, encoded in ordered):
        return headers.decode("".join(value for value, _ in ordered))
    data = b"".join(_percent(value) if encoded else value.encode("utf-8", "replace") for value, encoded in ordered)
    return headers.clean(charsets.decode(data, charset))


def _percent(value: str) -> bytes:
    return _PERCENT.sub(lambda match: binascii.unhexlify(match[1]), value.encode("utf-8", "replace"))
