"""The MIME tree of a mail (RFC 2045, RFC 2046) by offsets: bodies are views, nothing is copied, nothing recurses.

A part ends at the next delimiter of any multipart that encloses it, since its range is its parent's. Each level is
scanned once, so the work is bounded by depth times size. `message/rfc822` is a leaf: another letter in this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct, field
from msgspec.structs import replace

from ticketctl.letter import headers, parameters, transfer
from ticketctl.letter.headers import Field

PARTS = 1_000
DEPTH = 50
HEADER = 256 * 1024  # bytes of the mail's own header that are read, and again of all its parts' headers

_TAIL = re.compile(rb"(--)?[ \t]*(?:\r?\n|\r|\Z)")
_GUESS = re.compile(rb"(?:\A|(?<=[\r\n]))--([^\r\n]{1,200})[\r\n]{1,2}content-", re.IGNORECASE)
_FALSE_HITS = 1_000
_DELIMITERS = 10 * PARTS  # lines of one boundary; many on end are one
_CONTENT = re.compile(rb"content-[a-z-]{1,40}:", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}\Z")


class Node(Struct, frozen=True, kw_only=True):
    """A part as its header tells it; `start`, `body`, `end` as in `Part`."""

    path: str
    parent: int | None
    start: int
    body: int
    end: int
    fields: tuple[Field, ...]
    content_type: str
    parameters: dict[str, str]
    disposition: str
    filename: str | None
    encoding: str
    multipart: bool = False  # and it has children

    @property
    def charset(self) -> str | None:
        return self.parameters.get("charset")

    def first(self, name: str) -> str | None:
        """The undecoded value of its first field of that (lower case) name."""
        return next((value for key, value in self.fields if key.lower() == name), None)


class _Work(Struct):
    """What is left to do and to spend."""

    raw: bytes
    newline: int
    budget: int = HEADER
    remarks: list[str] = field(default_factory=list)

    def remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)


class _Range(Struct, frozen=True):
    start: int
    end: int
    parent: int | None
    path: str
    depth: int
    default: str


def newline_of(raw: bytes, start: int, end: int) -> int:
    """10 for mails of LF or CRLF lines, 13 where lines end in CR alone."""
    end = min(end, start + HEADER)
    if raw.find(b"\r", start, end) < 0:
        return 10
    return 13 if raw.count(b"\r", start, end) > 2 * raw.count(b"\n", start, end) else 10


def split(raw: bytes, start: int = 0, end: int | None = None) -> tuple[list[Node], list[str]]:
    """The parts of the mail raw[start:end], depth first, the mail itself first; and remarks."""
    end = len(raw) if end is None else end
    work = _Work(raw, newline_of(raw, start, end))
    nodes: list[Node] = []
    todo = [_Range(start, end, None, "", 0, "text/plain")]
    while todo:
        place = todo.pop()
        if len(nodes) >= PARTS:
            work.remark(f"parser: more than {PARTS} parts")
            break
        node = _node(work, place)
        children = _children(work, node, place, len(nodes))
        if children:
            node = replace(node, multipart=True)
        elif node.content_type.startswith("multipart/") and place.depth < DEPTH and node.end > node.body:
            work.remark("parser: multipart without parts")
        nodes.append(node)
        todo += reversed(children)
    return nodes, work.remarks


def _node(work: _Work, place: _Range) -> Node:
    found, body = _header(work, place)
    content_type, disposition, encoding = "", "", "7bit"
    given: dict[str, str] = {}
    given_there: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in found:
        key = name.lower()
        if not key.startswith("content-") or key in seen:
            continue
        seen.add(key)
        if key == "content-type":
            content_type, given = parameters.read(value)
        elif key == "content-disposition":
            disposition, given_there = parameters.read(value)
        elif key == "content-transfer-encoding":
            encoding = transfer.name(value)
    if not _TYPE.match(content_type):
        content_type = place.default
    if disposition and disposition != "inline":
        disposition = "attachment"  # RFC 2183 section 2.8: a type that nobody knows
    return Node(
        path=place.path, parent=place.parent, start=place.start, body=body, end=place.end, fields=tuple(found),
        content_type=content_type, parameters=given, disposition=disposition,
        filename=given_there.get("filename") or given.get("name") or given_there.get("name") or given.get("filename"),
        encoding=encoding,
    )  # fmt: skip


def _header(work: _Work, place: _Range) -> tuple[list[Field], int]:
    """The fields of the part and where its body begins; what is beyond the budget stays raw."""
    stop, body = headers.bounds(work.raw, place.start, place.end, work.newline)
    limit = HEADER if place.parent is None else work.budget
    kept = min(stop, place.start + limit)
    if kept < stop:
        work.remark(f"parser: header beyond {HEADER // 1024} KiB not read")
    if place.parent is not None:
        work.budget -= kept - place.start
    found, early, strays = headers.fields(work.raw[place.start : kept], work.newline)
    if strays:
        work.remark("parser: a line in the header is no field")
    cut_line = kept < stop and found and early is not None and work.newline not in work.raw[place.start + early : kept]
    if early is not None and not cut_line:
        body = place.start + early
    return found, body


def _children(work: _Work, node: Node, place: _Range, index: int) -> list[_Range]:
    if not node.content_type.startswith("multipart/"):
        return []
    if place.depth >= DEPTH:
        work.remark(f"parser: more than {DEPTH} levels of parts")
        return []
    boundary = node.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
    room = PARTS + 1
    found = _ranges(work, boundary, node, room) if boundary else []
    if not found and node.body < node.end:
        guess = _GUESS.search(work.raw, node.body, min(node.end, node.body + 65_536))
        if guess is not None:
            found = _ranges(work, guess[1].rstrip(), node, room)
            work.remark("parser: boundary guessed")
    default = "message/rfc822" if node.content_type == "multipart/digest" else "text/plain"
    prefix = f"{place.path}." if place.path else ""
    return [
        _Range(start, end, index, f"{prefix}{number}", place.depth + 1, default)
        for number, (start, end) in enumerate(found, 1)
    ]


def _ranges(work: _Work, boundary: bytes, node: Node, room: int) -> list[tuple[int, int]]:
    """From one delimiter line to the next (RFC 2046 section 5.1.1); the line break before a delimiter belongs to it.

    Behind the closing delimiter parts go on only if another delimiter with a part's header follows: an inner multipart
    that borrowed its parent's boundary would hide them otherwise.
    """
    raw = work.raw
    found: list[tuple[int, int]] = []
    begun: int | None = None
    closed = False
    for at, after, closing in islice(_delimiters(work, boundary, node.body, node.end), _DELIMITERS):
        if begun is not None and begun < at:  # two delimiter lines on end are one
            found.append((begun, max(begun, _before(raw, at))))
            if len(found) >= room:
                return found
        begun = None
        if closing:
            closed = True
        elif not closed or _CONTENT.match(raw, after, node.end):
            begun = after
    if begun is not None and (begun < node.end or not found):
        found.append((begun, node.end))
    return found


def _before(raw: bytes, at: int) -> int:
    """Where a part ends whose delimiter line begins at `at`."""
    if raw[at - 1] == 10 and at > 1 and raw[at - 2] == 13:
        return at - 2
    return at - 1


def _delimiters(work: _Work, boundary: bytes, body: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """(start of line, start of the next line, closes?) of every delimiter line in raw[body:end]."""
    raw, mark = work.raw, b"--" + boundary
    needle = bytes((work.newline,)) + mark
    misses = 0
    at = body if raw.startswith(mark, body, end) else _next_line(raw, needle, body, end)
    while at is not None:
        tail = _TAIL.match(raw, at + len(mark), end)
        if tail is not None:
            yield at, tail.end(), tail[1] is not None
            at = _next_line(raw, needle, tail.end() - 1, end) if tail.end() < end else None
            continue
        misses += 1
        if misses > _FALSE_HITS:
            yield from _delimiters_by_pattern(raw, needle, at, end)
            return
        at = _next_line(raw, needle, at, end)


def _next_line(raw: bytes, needle: bytes, start: int, end: int) -> int | None:
    """The start of the next line that begins with the needle (whose first byte is the line break before)."""
    found = raw.find(needle, start, end)
    return None if found < 0 else found + 1


def _delimiters_by_pattern(raw: bytes, needle: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """The same where many lines only begin like a delimiter."""
    pattern = re.compile(re.escape(needle) + rb"(--)?[ \t]*(?=\r?\n|\r|\Z)")
    for match in pattern.finditer(raw, start, end):
        stop = match.end()
        stop += 2 if raw.startswith(b"\r\n", stop) else 1
        yield match.start() + 1, min(stop, end), match[1] is not None
