"""Address lists (RFC 5322 sections 3.4 and 4.4, RFC 6532, RFC 6854), read in linear time and never refused.

Comments, quotes, groups, routes and blanks around dots are understood; what names nobody has `address` None. A domain
in
other scripts becomes its A-labels (RFC 5891), since that is what is compared and what a mail server is given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

from ticketctl.letter import headers
from ticketctl.ticket import NOBODY, Address

LIMIT = 1_000  # addresses of one field
NAME = 998  # characters of a display name

# Most fields hold one plain address; what matches is what the reader below would give.
_USUAL = re.compile(
    r"\s*(?:(?:(\"[A-Za-z0-9][A-Za-z0-9 .,_-]{0,98}\"|[A-Za-z0-9][A-Za-z0-9 ._-]{0,98})\s*)?"
    r"<([A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>"
    r"|([A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*))\s*\Z",
    re.ASCII,
)
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<word>=\?[^?\s]{1,64}\?[bBqQ]\?[^?\s]*\?=)"
    r'|(?P<quoted>"(?:[^"\\]++|\\.)*+")'
    r"|(?P<literal>\[[^\[\]\s\\\"<>()]{1,255}\])"
    r"|(?P<special>[<>,;:()@\"\[\]\\])"
    r"|(?P<atom>[^\s<>,;:()@\"\[\]\\=]+|=)",
    re.DOTALL,
)
_UNQUOTED = re.compile(_TOKEN.pattern.replace('|(?P<quoted>"(?:[^"\\\\]++|\\\\.)*+")', ""), re.DOTALL)
_COMMENT = re.compile(r"[^()\\]+|\\.|[()]|\\", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\Z")
_BARE_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\"()<>,;:@\[\]\\]+\Z")
_QUOTED_LOCAL = re.compile(r"\"[^\x00-\x1f\x7f-\x9f]*\"\Z")

Token = tuple[str, str]  # kind ("space word quoted literal atom comment" or the special itself), text


class Mailbox(Struct, frozen=True, kw_only=True):
    """One entry of a list; `doubtful` where another address stands unquoted beside it (`a@good <b@evil>`)."""

    address: Address
    doubtful: bool = False


def read(text: str, limit: int = LIMIT) -> tuple[list[Mailbox], bool]:
    """The mailboxes of a field that is unfolded but not decoded, and whether some beyond `limit` were left out."""
    usual = _USUAL.match(text) if len(text) < 300 else None
    if usual is not None and limit > 0:
        name = " ".join(usual[1].strip('"').split()) if usual[1] else None
        return [Mailbox(address=Address(address=usual[2] or usual[3], name=name))], False
    found: list[Mailbox] = []
    for segment in _segments(_tokens(text)):
        found += _mailboxes(segment)
        if len(found) >= limit:
            return found[:limit], True
    return found, False


def author(fields: list[str]) -> Address:
    """Who wrote: the one address of From (all From fields together), or NOBODY."""
    boxes = [box for text in fields for box in read(text, 16)[0]]
    named = {box.address.address.lower() for box in boxes if box.address.address is not None}
    if len(named) != 1 or any(box.doubtful or box.address.address is None for box in boxes):
        return NOBODY
    return boxes[0].address


def _tokens(text: str) -> Iterator[Token]:
    position, length = 0, len(text)
    pattern, comments = _TOKEN, True
    while position < length:
        match = pattern.match(text, position)
        if match is None:
            position += 1
            continue
        kind, value = match.lastgroup or "atom", match[0]
        position = match.end()
        if kind == "special":
            if value == '"':  # it never closes, so no later one need be tried: two scans at most
                pattern = _UNQUOTED
                continue
            if value == "(":
                end = _comment_end(text, position) if comments else None
                if end is None:
                    comments = False
                    continue
                yield "comment", text[position : end - 1]
                position = end
                continue
            kind = value
        yield kind, value


def _comment_end(text: str, position: int) -> int | None:
    """One past the ")" of a comment whose "(" ends at `position`; None where it never closes."""
    depth = 1
    for match in _COMMENT.finditer(text, position):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def _segments(tokens: Iterator[Token]) -> Iterator[list[Token]]:
    """Tokens between the separators of the list; names of groups are dropped."""
    current: list[Token] = []
    angle = route = at = opened = False
    for token in tokens:
        kind = token[0]
        if kind in (",", ";") and not (angle and route):
            yield current
            current, angle, route, at, opened = [], False, False, False, False
            continue
        if kind == ":" and not angle and not at and not opened:
            current = []
            continue
        if kind == "<":
            angle, route, opened = True, False, True
        elif kind == ">":
            angle = False
        elif kind == "@":
            route = route or (angle and bool(current) and _last(current) == "<")
            at = True
        current.append(token)
    yield current


def _last(tokens: list[Token]) -> str:
    """The kind of the last token that is no blank (there is at most one blank between others)."""
    return tokens[-2][0] if tokens[-1][0] == "space" and len(tokens) > 1 else tokens[-1][0]


def _mailboxes(tokens: list[Token]) -> list[Mailbox]:
    outside: list[Token] = []
    angles: list[list[Token]] = []
    inside = False
    for token in tokens:
        if token[0] == "<":
            inside = True
            angles.append([])
        elif token[0] == ">":
            inside = False
        elif inside:
            angles[-1].append(token)
        else:
            outside.append(token)
    angles = [angle for angle in angles if any(kind != "space" for kind, _ in angle)]
    if not angles:
        return _bare(outside)
    name = _name(outside)
    addresses = [_spec(angle) for angle in angles]
    beside = [_spec(run) for run in _runs(outside) if any(kind == "@" for kind, _ in run)]
    inner = {(address or "").lower() for address in addresses}
    doubtful = any(other is None or other.lower() not in inner for other in beside)
    return [
        Mailbox(address=Address(address=address, name=name or (None if address else _text(angle))), doubtful=doubtful)
        for address, angle in zip(addresses, angles, strict=True)
    ]


def _bare(tokens: list[Token]) -> list[Mailbox]:
    """A segment without angle brackets: `a@b`, `a@b (Name)`, `Name a@b`, or a mere name."""
    runs = _runs(tokens)
    specs = [run for run in runs if any(kind == "@" for kind, _ in run)]
    rest = [token for run in runs if run not in specs for token in (*run, ("space", " "))] if len(runs) < 50 else []
    comments = [token for token in tokens if token[0] == "comment"]
    if not specs:
        name = _name(tokens) if runs else None  # a comment alone is nobody
        return [Mailbox(address=Address(name=name))] if name else []
    name = _name(rest + comments)
    found = [(_spec(run), run) for run in specs]
    return [
        Mailbox(address=Address(address=address, name=name or (None if address else _text(run))))
        for address, run in found
    ]


def _runs(tokens: list[Token]) -> list[list[Token]]:
    """Split at blanks, except blanks beside "@" and dots (RFC 5322 section 4.4); comments are left out."""
    solid = [token for token in tokens if token[0] != "comment"]
    runs: list[list[Token]] = [[]]
    for index, token in enumerate(solid):
        if token[0] != "space":
            runs[-1].append(token)
            continue
        before = solid[index - 1][1] if index else ""
        after = solid[index + 1][1] if index + 1 < len(solid) else ""
        if not (before == "@" or after == "@" or before.endswith(".") or after.startswith(".")):
            runs.append([])
    return [run for run in runs if run]


def _name(tokens: list[Token]) -> str | None:
    """The display name: the phrase, else the comments."""
    phrase = _text([token for token in tokens if token[0] != "comment"])
    if phrase:
        return phrase
    return _text([("atom", f" {text}") for kind, text in tokens if kind == "comment"])


def _text(tokens: list[Token]) -> str | None:
    words = [_ESCAPE.sub(r"\1", text[1:-1]) if kind == "quoted" else text for kind, text in tokens]
    text = " ".join(headers.decode("".join(words)[: 16 * NAME]).split())
    if len(text) > 2 and text[0] == text[-1] == "'":
        text = text[1:-1].strip()
    return text[:NAME] or None


def _spec(tokens: list[Token]) -> str | None:
    """The addr-spec that these tokens are, or None: a route is dropped, a quoted local part kept where it needs it."""
    solid = [token for token in tokens if token[0] not in ("space", "comment")]
    kinds = [kind for kind, _ in solid]
    if ":" in kinds:
        colon = len(kinds) - 1 - kinds[::-1].index(":")
        if kinds[0] != "@" and [text.lower() for _, text in solid[:colon]] != ["mailto"]:
            return None
        solid, kinds = solid[colon + 1 :], kinds[colon + 1 :]
    if kinds.count("@") != 1 or "word" in kinds:
        return None
    at = kinds.index("@")
    local = _local(solid[:at])
    domain = "".join(text for _, text in solid[at + 1 :])
    if local is not None and local.startswith("'") and domain.endswith("'"):
        local, domain = local[1:], domain[:-1]
    address = _domain(domain)
    whole = local and address and len(local) <= 255 and local.isprintable()  # bidi and the like: nobody's
    return f"{local}@{address}" if whole else None


def _local(tokens: list[Token]) -> str | None:
    text = "".join(text for _, text in tokens)
    if not text.isprintable():  # U+202E and its like turn round what is read behind them
        return None
    if len(tokens) == 1 and tokens[0][0] == "quoted":
        plain = _ESCAPE.sub(r"\1", text[1:-1])
        if _BARE_LOCAL.match(plain) and ".." not in plain and plain[0] != "." and plain[-1] != ".":
            return plain
        return text if _QUOTED_LOCAL.match(text) and len(text) > 2 else None
    return text if _BARE_LOCAL.match(text) else None


def _domain(text: str) -> str | None:
    text = text.removesuffix(".")
    if not 0 < len(text) <= 255:
        return None
    if text.startswith("["):
        return text if text.endswith("]") and text.isascii() and text.isprintable() else None
    if not text.isascii():
        text = ".".join(_label(label) for label in unicodedata.normalize("NFKC", text).lower().split("."))
    return text if len(text) <= 255 and _DOMAIN.match(text) else None


def _label(label: str) -> str:
    """The A-label of a U-label (RFC 5891); "" where it cannot be one."""
    if label.isascii():
        return label
    if not label.isprintable() or "\ufffd" in label or len(label) > 63:
        return ""
    encoded = f"xn--{label.encode('punycode').decode('ascii')}"
    return encoded if len(encoded) <= 63 else ""
