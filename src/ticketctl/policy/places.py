"""Where each key of a TOML document stands, so that a message can name the line and an edit can touch it alone.

`tomllib` reads a document and forgets its text; this walks the same text again and keeps spans. It expects a document
that tomllib has accepted (TOML 1.0) and reads no value: it finds where one ends. Linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from msgspec import Struct

Path = tuple[str | int, ...]
Span = tuple[int, int]

_BLANKS = re.compile(r"[ \t]*")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*'")
_SCALAR = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""(?:"{0,2})'
    r"|'''(?:[^']|'(?!''))*+'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*'"
    r"|\d{4}-\d{2}-\d{2} \d{2}:[^\s,\]}#]+"
    r"|[^\s,\[\]{}#\"']+",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|.)")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class Entry(Struct, frozen=True, kw_only=True):
    """One thing that stands in the text: a `[header]`, a `key = value`, or one item of an array.

    `parts` are the pieces of its key as written, each with the path that it makes; `value` spans the value alone;
    `end` is where the whole entry ends; `block` is the path of the header under which it stands.
    """

    path: Path
    form: Literal["header", "pair", "inline", "item"]
    line: int
    parts: tuple[tuple[Path, Span], ...]
    value: Span | None
    end: int
    block: Path


class Astray(ValueError):
    """The text is not TOML as this walk knows it."""


def split_key(word: str) -> tuple[str, ...]:
    """The pieces of a dotted key as an agent types it: `queues."Support::Europe".addresses`.

    Quotes are needed around dots only; `rules[0].name` counts from 0 and gives ("rules", "0", "name").
    Raises ValueError where a quote stays open or a piece is empty.
    """
    pieces = re.findall(r"\s*(\"(?:[^\"\\]|\\.)*+\"|'[^']*'|[^.\"'\[\]]+|\[\d+\])\s*(\.|(?=\[)|$)|(.)", word)
    if not pieces or any(stray for _, _, stray in pieces) or pieces[-1][1]:
        raise Astray(word)
    return tuple(_unquoted(piece.strip().removeprefix("[").removesuffix("]")) for piece, _, _ in pieces)


def shown(path: Path) -> str:
    """A path as it is written in TOML: `queues."Support::Europe".addresses[0]`."""
    words = [f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}" for part in path]
    return "".join(words).removeprefix(".")


def _quoted(part: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]+", part):
        return part
    return '"' + "".join(map(_escaped, part)) + '"'


def _escaped(character: str) -> str:
    """Also what is no control character to TOML but acts on a terminal, like a change of direction."""
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"


def _unquoted(key: str) -> str:
    if key[:1] == "'":
        return key[1:-1]
    if key[:1] == '"':
        return _ESCAPE.sub(_unescaped, key[1:-1])
    return key


def _unescaped(hit: re.Match[str]) -> str:
    word = hit[1]
    return chr(int(word[1:], 16)) if len(word) > 1 else _ESCAPES.get(word, word)


def walk(text: str) -> list[Entry]:
    """Every header, key and item of a valid TOML document, in the order of the text. Raises Astray (a ValueError)."""
    return _Walk(text).all()


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.entries: list[Entry] = []
        self.block: Path = ()
        self.arrays: dict[Path, int] = {}  # array of tables -> index of its last one
        self.breaks = [hit.start() for hit in re.finditer("\n", text)]

    def all(self) -> list[Entry]:
        at = self.skip(0)
        while at < len(self.text):
            at = self.skip(self.header(at) if self.text[at] == "[" else self.pair(at, self.block, "pair"))
        return self.entries

    def skip(self, at: int) -> int:
        return self.match(_SPACE, at).end()

    def match(self, pattern: re.Pattern[str], at: int) -> re.Match[str]:
        hit = pattern.match(self.text, at)
        if hit is None:
            raise Astray(f"line {self.line(at)}")
        return hit

    def expect(self, word: str, at: int) -> int:
        if not self.text.startswith(word, at):
            raise Astray(f"line {self.line(at)}")
        return at + len(word)

    def line(self, at: int) -> int:
        return bisect_right(self.breaks, at - 1) + 1

    def key(self, at: int, base: Path) -> tuple[list[tuple[Path, Span]], int]:
        """The pieces of a dotted key, their paths under `base`, and where the key ends."""
        parts: list[tuple[Path, Span]] = []
        while True:
            hit = self.match(_KEY, self.match(_BLANKS, at).end())
            base = (*base, _unquoted(hit[0]))
            parts.append((base, hit.span()))
            at = self.match(_BLANKS, hit.end()).end()
            if not self.text.startswith(".", at):
                return parts, at
            at += 1

    def header(self, start: int) -> int:
        many = self.text.startswith("[[", start)
        parts, at = self.key(start + 1 + many, ())
        end = self.expect("]]" if many else "]", at)
        resolved: list[tuple[Path, Span]] = []
        path: Path = ()
        for n, (piece, span) in enumerate(parts, 1):
            path = (*path, piece[-1])
            if many and n == len(parts):
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if path in self.arrays:
                path = (*path, self.arrays[path])
            resolved.append((path, span))
        self.block = path
        self.add(path, "header", start, resolved, None, end)
        return end

    def pair(self, start: int, base: Path, form: Literal["pair", "inline"]) -> int:
        parts, at = self.key(start, base)
        begin = self.skip(self.expect("=", at))
        path = parts[-1][0]
        place = len(self.entries)
        end = self.value(begin, path)
        self.add(path, form, start, parts, (begin, end), end, place)
        return end

    def value(self, at: int, path: Path) -> int:
        """Where the value that begins here ends; what stands inside it is added."""
        first = self.text[at : at + 1]
        if first == "[":
            return self.array(at + 1, path)
        if first == "{":
            return self.table(at + 1, path)
        return self.match(_SCALAR, at).end()

    def array(self, at: int, path: Path) -> int:
        at, n = self.skip(at), 0
        while not self.text.startswith("]", at):
            place, here = len(self.entries), (*path, n)
            end = self.value(at, here)
            self.add(here, "item", at, [], (at, end), end, place)
            at, n = self.comma(end, "]"), n + 1
        return at + 1

    def table(self, at: int, path: Path) -> int:
        at = self.skip(at)
        while not self.text.startswith("}", at):
            at = self.comma(self.pair(at, path, "inline"), "}")
        return at + 1

    def comma(self, at: int, close: str) -> int:
        at = self.skip(at)
        return at if self.text.startswith(close, at) else self.skip(self.expect(",", at))

    def add(
        self,
        path: Path,
        form: Literal["header", "pair", "inline", "item"],
        start: int,
        parts: list[tuple[Path, Span]],
        value: Span | None,
        end: int,
        place: int | None = None,
    ) -> None:
        entry = Entry(
            path=path, form=form, line=self.line(start), parts=tuple(parts), value=value, end=end, block=self.block
        )
        self.entries.insert(len(self.entries) if place is None else place, entry)
