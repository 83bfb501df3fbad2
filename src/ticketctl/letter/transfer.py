"""Content-Transfer-Encodings (RFC 2045 section 6, uuencode of POSIX), decoded in pieces out of a view of the raw mail.

Total and linear: what is no base64 is skipped, what is cut off is decoded as far as it goes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from itertools import islice

from ticketctl.letter.headers import from_base64

PIECE = 1 << 20  # bytes handled at once
_LINES = 1_000_000  # read one by one: 45 MB of honest uuencode

Piece = bytes | memoryview

_NOT_BASE64 = bytes(sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")))
_AFTER_PAD = re.compile(rb"[=\s]*")
_LINE = re.compile(rb"([A-Za-z0-9+/]*)(={0,2})[ \t]*\r?\Z")
# What a mailing list has put below: a line of underscores, or a blank line and then one that is no base64.
_FOOTER = re.compile(
    rb"(?:\n|\r(?!\n))(?:_{10}|[ \t]*(?:\r\n|\n|\r)"
    rb"(?=[A-Za-z0-9+/=]*[ \t]*[^A-Za-z0-9+/=\s]|[A-Za-z0-9+/=]+[ \t]+[A-Za-z0-9+/=]))"
)
_FOOTER_MARKS = (b"_", b" ", b"\t", b"\n\n", b"\n\r", b"\r\r")  # each has one of them; the last two in CR
_BEGIN = re.compile(rb"begin(?:-base64)? [0-7]{3,4} ")
_STRETCH = re.compile(r"([^\[\]]+)\[([0-9]{1,12}):([0-9]{1,12})\]\Z")
_UU = frozenset(("x-uuencode", "uuencode", "x-uue", "uue"))


def name(text: str) -> str:
    """The encoding that a Content-Transfer-Encoding field names: lower case, `7bit` where there is none."""
    word = text.split("(", 1)[0].split(";", 1)[0].strip().strip("\"'").lower()
    if word in _UU:
        return "x-uuencode"
    if word in ("quoted-printable", "quoted-printeable", "qp", "quotedprintable"):
        return "quoted-printable"
    return word if word.isascii() and len(word) < 64 and word and "[" not in word else "7bit"


def stretch(encoding: str, start: int, end: int) -> str:
    """An encoding of our own: of what `encoding` gives, the bytes from `start` to `end`."""
    return f"{encoding}[{start}:{end}]"


def identity(encoding: str) -> bool:
    """Do the raw bytes stand for themselves?"""
    return encoding not in ("base64", "quoted-printable", "x-uuencode")


def pieces(raw: bytes, start: int, end: int, encoding: str) -> Iterator[Piece]:
    """The decoded bytes of raw[start:end], in order, in pieces of about a MiB."""
    if encoding == "base64":
        return _base64(raw, start, end)
    if encoding == "quoted-printable":
        return _quoted_printable(raw, start, end)
    if encoding == "x-uuencode":
        return _uuencode(raw, start, end)
    if encoding[-1:] == "]" and (within := _STRETCH.match(encoding)) is not None:
        return _within(pieces(raw, start, end, within[1]), int(within[2]), int(within[3]))
    return _plain(raw, start, end)


def head(raw: bytes, start: int, end: int, encoding: str, limit: int) -> tuple[bytes, bool]:
    """The first `limit` decoded bytes, and whether there are more."""
    found = bytearray()
    for piece in pieces(raw, start, end, encoding):
        found += piece
        if len(found) > limit:
            return bytes(found[:limit]), True
    return bytes(found), False


def _within(found: Iterator[Piece], start: int, end: int) -> Iterator[Piece]:
    at = 0
    for piece in found:
        if at + len(piece) > start:
            yield piece[max(start - at, 0) : end - at]
        at += len(piece)
        if at >= end:
            return


def _plain(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    view = memoryview(raw)
    for position in range(start, end, PIECE):
        yield view[position : min(position + PIECE, end)]


def _base64(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    marks = _FOOTER_MARKS if raw.find(b"\r", start, end) >= 0 else _FOOTER_MARKS[:4]
    footed = any(raw.find(mark, start, end) >= 0 for mark in marks)
    footer = _FOOTER.search(raw, start, end) if footed else None
    end = end if footer is None else footer.start()
    carry = b""
    position = start
    while position < end:
        stop = min(position + PIECE, end)
        data = raw[position:stop]
        pad = data.find(b"=")
        good = carry + (data if pad < 0 else data[:pad]).translate(None, _NOT_BASE64)
        if pad >= 0:
            yield from_base64(good)
            yield from _base64_lines(raw, position + pad, end)
            return
        whole = len(good) & ~3
        yield binascii.a2b_base64(good[:whole])
        carry = good[whole:]
        position = stop
    if carry:
        yield from_base64(carry)


def _base64_lines(raw: bytes, position: int, end: int) -> Iterator[Piece]:
    """Behind the padding: blocks that were encoded one by one go on, a footer that a list has added is none."""
    gap = _AFTER_PAD.match(raw, position, end)
    if gap is None or b"\n" not in raw[position : min(gap.end(), position + 100)]:
        return
    block: list[bytes] = []
    size = 0
    for line in islice(lines(raw, gap.end(), end), _LINES):
        match = _LINE.match(line) if len(line) < 1000 else None
        if match is None or (len(match[1]) + len(match[2])) % 4 or (len(match[1]) < 16 and not match[2]):
            if match is None or match[1] or match[2]:
                break
            continue
        block.append(binascii.a2b_base64(line))
        size += len(line)
        if size > PIECE:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def _quoted_printable(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    position = start
    bare_cr = raw.find(b"\n", start, min(end, start + PIECE)) < 0 and raw.find(b"\r", start, end) >= 0
    while position < end:
        stop = min(position + PIECE, end)
        if stop < end:
            cut = raw.rfind(b"\r" if bare_cr else b"\n", position, stop) + 1
            if cut <= position:  # one long line: do not cut an escape in two
                escape = raw.rfind(b"=", stop - 3, stop)
                cut = escape if escape > position else stop
            stop = cut
        data = raw[position:stop]
        yield binascii.a2b_qp(data.replace(b"\r", b"\n") if bare_cr else data)
        position = stop


def lines(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """Lines without their LF (or their CR, where no LF is near)."""
    newline = b"\n" if raw.find(b"\n", start, min(end, start + PIECE)) >= 0 else b"\r"
    position = start
    while position < end:
        stop = raw.find(newline, position, end)
        if stop < 0:
            stop = end
        yield raw[position:stop]
        position = stop + 1


def _uuencode(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    block: list[bytes] = []
    size = 0
    begun = False
    for line in islice(lines(raw, start, end), _LINES):
        if not begun:
            begun = _BEGIN.match(line) is not None
            continue
        line = line.rstrip(b"\r")
        if line.rstrip() == b"end":
            break
        data = uu_line(line)
        block.append(data)
        size += len(data)
        if size > PIECE:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def uu_line(line: bytes) -> bytes:
    """One line: its first character tells how many bytes it holds; trailing blanks may have been lost."""
    if not line:
        return b""
    count = (line[0] - 32) & 63
    need = (count + 2) // 3 * 4
    data = line[1 : 1 + need].ljust(need)
    try:
        return binascii.a2b_uu(line[:1] + data)
    except binascii.Error:
        return b""
