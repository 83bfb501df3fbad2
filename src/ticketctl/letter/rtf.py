r"""RTF -> text, as far as mail has it: characters and lines; or the HTML that Outlook hid in it (MS-OXRTFEX). Linear.

Formats, pictures and what stands in destinations that nobody reads (`\*`, fonts, colours) are passed over.
"""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from ticketctl.letter import charsets

_TOKEN = re.compile(
    r"\\(?:([a-zA-Z]{1,32})(-?[0-9]{1,9})? ?|'([0-9a-fA-F]{2})|([^a-zA-Z]))|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\"
)
_DEPTH = 1_000  # groups in each other
_SKIPPED = frozenset((
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "headerl", "headerr", "footerl",
    "footerr", "filetbl", "listtable", "revtbl", "mhtmltag", "fldinst", "themedata", "datastore",
))  # fmt: skip
_WRITTEN = {
    "par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "tab": "\t", "cell": "\t", "emdash": "\u2014",
    "endash": "\u2013", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
    "bullet": "\u2022", "emspace": " ", "enspace": " ",
}  # fmt: skip
_SIGNS = {"~": "\u00a0", "_": "-", "\n": "\n", "\r": "\n", "\\": "\\", "{": "{", "}": "}"}
# Code pages by \fcharset.
_FONTS = {0: 1252, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255,
          178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250}  # fmt: skip


class _Group(Struct, frozen=True):
    """What holds in a group of the text and ends with it."""

    skipped: bool = False  # a destination that is not read
    fonts: bool = False  # the table of fonts
    hidden: bool = False  # \htmlrtf: what only readers of RTF shall see
    codepage: int = 0  # of the font; 0: the text's own
    unicode: int = 1  # characters that stand in for each \u


class _Reader:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.raw = bytearray()  # of characters that are still to be decoded
        self.group = _Group()
        self.above: list[_Group] = []
        self.codepage = 1252
        self.fonts: dict[int, int] = {}
        self.font = 0  # of the table, that is just told of
        self.html = False
        self.stand_in = 0  # characters that a \u has made needless
        self.star = False
        self.past = 0  # \bin: bytes to pass over

    def read(self, source: str) -> None:
        position, length = 0, len(source)
        while position < length:
            match = _TOKEN.match(source, position)
            if match is None:
                return
            position = match.end()
            word, number, code, sign, brace, text = match.groups()
            if brace:
                self.brace(brace)
            elif word:
                self.word(word, None if number is None else int(number))
            elif code:
                self.byte(int(code, 16))
            elif sign:
                self.sign(sign)
            elif text:
                self.text(text)
            if self.past:
                position, self.past = position + self.past, 0

    def brace(self, brace: str) -> None:
        self.flush()
        self.stand_in, self.star = 0, False
        if brace == "{":
            if len(self.above) < _DEPTH:
                self.above.append(self.group)
        elif self.above:
            self.group = self.above.pop()

    def word(self, word: str, number: int | None) -> None:
        star, self.star = self.star, False
        if word == "u" and number is not None:
            self.flush()
            self.say(_character(number))
            self.stand_in = self.group.unicode
            return
        self.stand_in = 0
        if word == "bin":
            self.past = max(number or 0, 0)
        elif word == "fonttbl":
            self.group = replace(self.group, skipped=True, fonts=True)
        elif word == "htmltag":
            self.group = replace(self.group, skipped=False, hidden=False)
        elif word in _SKIPPED or star:
            self.group = replace(self.group, skipped=True)
        elif word in _WRITTEN:
            self.flush()
            self.say(_WRITTEN[word])
        else:
            self.setting(word, number)

    def setting(self, word: str, number: int | None) -> None:
        if word == "htmlrtf":
            self.flush()
            self.group = replace(self.group, hidden=self.html and number != 0)
        elif word == "fromhtml":
            self.html = number != 0
        elif word == "ansicpg" and number:
            self.codepage = number
        elif word == "uc" and number is not None:
            self.group = replace(self.group, unicode=min(max(number, 0), 10))
        elif word == "f" and number is not None:
            self.flush()
            self.font = number
            self.group = replace(self.group, codepage=self.fonts.get(number, 0))
        elif word == "fcharset" and self.group.fonts and number is not None and len(self.fonts) < 10_000:
            self.fonts[self.font] = _FONTS.get(number, 0)

    def byte(self, code: int) -> None:
        if self.stand_in:
            self.stand_in -= 1
        elif not (self.group.skipped or self.group.hidden):
            self.raw.append(code)

    def sign(self, sign: str) -> None:
        if sign == "*":
            self.star = True
        elif self.stand_in:
            self.stand_in -= 1
        else:
            self.flush()
            self.say(_SIGNS.get(sign, ""))

    def text(self, text: str) -> None:
        if self.stand_in:
            text, self.stand_in = text[self.stand_in :], max(self.stand_in - len(text), 0)
        if text.isascii() and not self.raw:
            self.say(text)
        elif not (self.group.skipped or self.group.hidden):
            self.raw += text.encode("latin-1", "replace")

    def say(self, text: str) -> None:
        if not (self.group.skipped or self.group.hidden):
            self.out.append(text)

    def flush(self) -> None:
        if self.raw:
            from ticketctl.letter.tnef import charset

            self.out.append(charsets.decode(bytes(self.raw), charset(self.group.codepage or self.codepage)))
            self.raw.clear()


def _character(number: int) -> str:
    """Of a \\u, whose numbers are of 16 bits and signed; halves of pairs stay to be joined."""
    return chr(number & 0xFFFF) if number else ""


def read(source: str) -> tuple[str, str]:
    """Its text, and the HTML that it was made from ("" where it was made from none); `source` has a character a byte.

    Never raises, gives neither NUL nor lone surrogate.
    """
    if not source.lstrip().startswith("{\\rtf"):
        return "", ""
    reader = _Reader()
    reader.read(source)
    reader.flush()
    whole = "".join(reader.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    if reader.html:
        return "", whole
    text = "\n".join(line.rstrip() for line in whole.split("\n")).strip("\n")
    return f"{text}\n" if text else "", ""
