"""Outlook's winmail.dat (MS-OXTNEF): its files as stretches of it, and its text. Total, linear, bounded.

A stream of attributes, each with a level, an id, a length and a checksum; what Outlook knows beyond those stands in
lists of MAPI properties (MS-OXTNEF section 2.1.3.4) inside two of them. What is cut off is read as far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from

from msgspec import Struct, field

from ticketctl.letter import charsets

SIZE = 32 << 20  # bytes of a winmail.dat that are read
FILES = 100
DEPTH = 3  # messages in messages
TEXT = 1 << 20  # bytes of a text that are read

_SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTES = 10_000
_PROPERTIES = 10_000

# Attributes by the lower half of their ids.
_BODY, _TITLE, _DATA = 0x800C, 0x8010, 0x800F
_FILE, _MESSAGE_PROPERTIES, _FILE_PROPERTIES, _CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007
# MAPI properties (MS-OXPROPS).
_BODY_TEXT, _BODY_RTF, _BODY_HTML = 0x1000, 0x1009, 0x1013
_CONTENT, _SHORT_NAME, _LONG_NAME, _DISPLAY_NAME, _MIME_TYPE = 0x3701, 0x3704, 0x3707, 0x3001, 0x370E
_CPID, _MESSAGE_CPID = 0x3FDE, 0x3FFD
# Their types: bytes of a value, None where its length stands before it.
_FIXED = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8,
          0x0040: 8, 0x0048: 16}  # fmt: skip
_INTEGER, _OBJECT, _STRING8, _UNICODE, _BINARY = 0x0003, 0x000D, 0x001E, 0x001F, 0x0102
_MANY = 0x1000
_NAMED = 0x8000

_CODEPAGES = {20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u", 20932: "euc-jp", 50220: "iso-2022-jp",
              50221: "iso-2022-jp", 50222: "iso-2022-jp", 50225: "iso-2022-kr", 51932: "euc-jp", 51936: "gb2312",
              51949: "euc-kr", 52936: "hz-gb-2312", 54936: "gb18030", 65001: "utf-8"}  # fmt: skip


class File(Struct, frozen=True, kw_only=True):
    """One file in it, bounded by offsets into the decoded winmail.dat."""

    name: str
    content_type: str  # "" where it does not say
    start: int
    end: int


class Tnef(Struct, frozen=True, kw_only=True):
    """What a winmail.dat holds; of its texts those that are there."""

    plain: str = ""
    html: str = ""
    rtf: bytes = b""  # as it stands there, compressed: most mails have another text
    files: tuple[File, ...] = ()
    remarks: tuple[str, ...] = ()

    def text(self) -> tuple[str, str]:
        """Its text as it is read, and what it was made from ("text/plain" or "text/html")."""
        if self.plain.strip():
            return self.plain.replace("\r\n", "\n").replace("\r", "\n"), "text/plain"
        html = self.html
        if not html.strip() and self.rtf:
            from ticketctl.letter import rtf

            plain, html = rtf.read(inflated(self.rtf, TEXT).decode("latin-1"))
            if not html:
                return plain, "text/plain"
        if not html.strip():
            return "", "text/plain"
        from ticketctl.letter.html import to_text

        return to_text(html), "text/html"


class _Open(Struct):
    """A file as far as its attributes have told of it."""

    title: str = ""
    names: dict[int, str] = field(default_factory=dict)
    content_type: str = ""
    data: tuple[int, int] | None = None
    held: tuple[int, int] | None = None  # by its properties
    message: bool = False

    def name(self) -> str:
        found = (self.names.get(key, "") for key in (_LONG_NAME, _DISPLAY_NAME, _SHORT_NAME))
        return next((name for name in found if name.strip("\0 ")), self.title).strip("\0 ")


class _Reader:
    """Reads one message of the stream; those within it by readers of their own."""

    def __init__(self, data: bytes, depth: int) -> None:
        self.data = data
        self.depth = depth
        self.charset = "windows-1252"
        self.plain = b""
        self.plain_charset: str | None = None
        self.html = b""
        self.html_charset: str | None = None
        self.rtf = b""
        self.opened: list[_Open] = []
        self.remarks: list[str] = []

    def read(self, start: int, end: int) -> None:
        if not self.data.startswith(_SIGNATURE, start):
            self.remarks.append("parser: TNEF not read")
            return
        at = start + 6
        for _ in range(_ATTRIBUTES):
            if at + 9 > end:
                return
            key, length = unpack_from("<HxxI", self.data, at + 1)
            body, stop = at + 9, min(at + 9 + length, end)
            if at + 9 + length > end:
                self.remarks.append("parser: TNEF cut")
            self.attribute(key, body, stop)
            at = body + length + 2
        self.remarks.append("parser: TNEF cut")

    def attribute(self, key: int, start: int, end: int) -> None:
        data = self.data
        if key == _FILE:
            if len(self.opened) > FILES:
                return
            self.opened.append(_Open())
        elif key == _CODEPAGE and end - start >= 4:
            self.charset = charset(unpack_from("<I", data, start)[0])
        elif key == _BODY:
            self.plain = self.plain or data[start : min(end, start + TEXT)].rstrip(b"\0")
        elif key == _MESSAGE_PROPERTIES:
            self.message(start, end)
        elif self.opened and key == _TITLE:
            self.opened[-1].title = charsets.decode(data[start : min(end, start + 1000)].split(b"\0")[0], self.charset)
        elif self.opened and key == _DATA:
            self.opened[-1].data = (start, end)
        elif self.opened and key == _FILE_PROPERTIES:
            self.file(self.opened[-1], start, end)

    def message(self, start: int, end: int) -> None:
        for key, kind, begin, stop in properties(self.data, start, end):
            if key in (_CPID, _MESSAGE_CPID) and kind == _INTEGER and stop - begin >= 4:
                name = charset(unpack_from("<I", self.data, begin)[0])
                if key == _MESSAGE_CPID:
                    self.charset = name
                elif self.html_charset is None:
                    self.html_charset = name
            elif self.depth > 1:
                continue  # the text of a message in the message is not read
            elif key == _BODY_TEXT and kind in (_STRING8, _UNICODE):
                self.plain = self.data[begin : min(stop, begin + TEXT)]
                self.plain_charset = "utf-16le" if kind == _UNICODE else None
            elif key == _BODY_HTML and kind in (_STRING8, _UNICODE, _BINARY):
                self.html = self.data[begin : min(stop, begin + TEXT)]
                self.html_charset = "utf-16le" if kind == _UNICODE else self.html_charset
            elif key == _BODY_RTF and kind == _BINARY and not self.rtf:
                self.rtf = self.data[begin:stop]

    def file(self, opened: _Open, start: int, end: int) -> None:
        for key, kind, begin, stop in properties(self.data, start, end):
            if key == _CONTENT and kind in (_BINARY, _OBJECT):
                begin = min(begin + 16, stop) if kind == _OBJECT else begin  # the interface's id
                opened.held = (begin, stop)
                opened.message = self.data.startswith(_SIGNATURE, begin)
            elif kind in (_STRING8, _UNICODE) and key in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _MIME_TYPE):
                coded = "utf-16le" if kind == _UNICODE else self.charset
                text = charsets.decode(self.data[begin : min(stop, begin + 2000)], coded).strip("\ufffd\0 ")
                if key == _MIME_TYPE:
                    opened.content_type = text.lower()
                else:
                    opened.names[key] = text

    def files(self) -> Iterator[File]:
        """In order; behind a message that is attached its own files."""
        for opened in self.opened:
            start, end = opened.data or (0, 0)
            if opened.held and (opened.message or start == end):  # what else there is of a message is its icon
                start, end = opened.held
            kind = "application/vnd.ms-tnef" if opened.message else opened.content_type
            name = f"{opened.name()}.dat" if opened.message else opened.name()
            yield File(name=name, content_type=kind, start=start, end=end)
            if opened.message and opened.held and self.depth < DEPTH:
                inner = _Reader(self.data, self.depth + 1)
                inner.read(*opened.held)
                yield from inner.files()


def read(data: bytes) -> Tnef:
    """A decoded winmail.dat. Never raises; what cannot be read is a remark."""
    reader = _Reader(data, 1)
    reader.read(0, len(data))
    files: list[File] = []
    for file in reader.files():
        if len(files) >= FILES:
            reader.remarks.append(f"parser: TNEF files beyond {FILES} left out")
            break
        files.append(file)
    plain = charsets.decode(reader.plain, reader.plain_charset or reader.charset)
    html = charsets.decode(reader.html, reader.html_charset or reader.charset)
    return Tnef(
        plain=plain.rstrip("\ufffd"), html=html.rstrip("\ufffd"), rtf=reader.rtf,
        files=tuple(files), remarks=tuple(dict.fromkeys(reader.remarks)),
    )  # fmt: skip


def charset(codepage: int) -> str:
    """The charset of a Windows code page."""
    if 28591 <= codepage <= 28606:
        return f"iso-8859-{codepage - 28590}"
    return _CODEPAGES.get(codepage) or f"cp{codepage}"


def properties(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(id, type, start, end) of the properties in a list, of several values the first; as far as they can be read."""
    at = start + 4
    for _ in range(_PROPERTIES):
        if at + 4 > end:
            return
        kind, key = unpack_from("<HH", data, at)
        at += 4
        if key >= _NAMED:
            at = _past_name(data, at, end)
        many, kind = kind & _MANY, kind & ~_MANY
        size = _FIXED.get(kind)
        count = 1
        if many or size is None:
            if at + 4 > end:
                return
            count = unpack_from("<I", data, at)[0]
            at += 4
        if size is not None:
            yield key, kind, at, min(at + size, end)
            at += size * count
            continue
        if kind not in (_OBJECT, _STRING8, _UNICODE, _BINARY):
            return  # how long such a value is, nobody knows
        for number in range(count):
            if at + 4 > end:
                return
            length = unpack_from("<I", data, at)[0]
            if number == 0:
                yield key, kind, at + 4, min(at + 4 + length, end)
            at += 4 + (length + 3 & ~3)


def _past_name(data: bytes, at: int, end: int) -> int:
    """Behind the set, and the number or the name, of a named property."""
    if at + 24 > end:
        return end
    kind, length = unpack_from("<II", data, at + 16)
    return at + 24 + (0 if kind == 0 else length + 3 & ~3)


_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096


def inflated(packed: bytes, limit: int) -> bytes:
    """Compressed RTF (MS-OXRTFCP), at most `limit` bytes of it; b"" where it is none."""
    kind = packed[8:12]
    if kind == b"MELA":
        return packed[16 : 16 + limit]
    if kind != b"LZFu":
        return b""
    out = bytearray(_DICTIONARY)
    at, most, length = 16, len(_DICTIONARY) + limit, len(packed)
    while at < length and len(out) < most:
        control = packed[at]
        at += 1
        for bit in range(8):
            if not control >> bit & 1:
                out += packed[at : at + 1]
                at += 1
                continue
            if at + 2 > length:
                return bytes(out[len(_DICTIONARY) : most])
            token = packed[at] << 8 | packed[at + 1]
            at += 2
            back = (len(out) - (token >> 4)) % _WINDOW
            if not back:  # a reference to the very end is the end
                return bytes(out[len(_DICTIONARY) : most])
            _repeat(out, back, (token & 15) + 2)
    return bytes(out[len(_DICTIONARY) : most])


def _repeat(out: bytearray, back: int, count: int) -> None:
    begin = len(out) - back
    if begin < 0:
        out += b" " * count
    elif back >= count:
        out += out[begin : begin + count]
    else:
        out += (out[begin:] * (count // back + 1))[:count]
