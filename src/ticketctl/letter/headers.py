"""The header of a mail or part: fields unfolded (RFC 5322 section 2.2.3), encoded words decoded (RFC 2047).

Tolerant where real mail needs it: 8-bit fields are UTF-8 or else windows-1252, a character may be split over two
encoded
words, and a line that is no field either stands between fields (it is passed over) or begins the body.
"""

from __future__ import annotations

import binascii
import re

from ticketctl.letter import charsets

Field = tuple[str, str]  # name as written, value unfolded but with its encoded words

_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|return-path|reply-to|sender"
    rb"|in-reply-to|references|delivered-to|x-[a-z0-9-]+|dkim-signature|list-[a-z]+)[ \t]*:",
    re.IGNORECASE,
)
_BLANK = {10: re.compile(rb"\n\r*\n"), 13: re.compile(rb"\r\r")}
_WORD = re.compile(r"=\?([^?\s*]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_NOT_BASE64 = bytes(sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")))


def bounds(raw: bytes, start: int, end: int, newline: int) -> tuple[int, int]:
    """Where the header block that begins at `start` ends, and where the body begins; `newline` is 10 or 13."""
    if start >= end:
        return end, end
    if raw[start] == newline:
        return start, start + 1
    if newline == 10 and raw.startswith(b"\r\n", start) and start + 2 <= end:
        return start, start + 2
    found = _BLANK[newline].search(raw, start, end)
    return (end, end) if found is None else (found.start() + 1, found.end())


def fields(block: bytes, newline: int) -> tuple[list[Field], int | None, int]:
    """The fields of a header block; where in it the body begins, if it does; how many lines are no fields.

    The body begins early at a line that is no field and that no well-known field follows.
    """
    found: list[tuple[str, list[bytes]]] = []
    strays = at = 0
    lines = (block.replace(b"\r", b"\n") if newline == 13 else block).split(b"\n")
    for number, line in enumerate(lines):
        size = len(line) + 1
        line = line.rstrip(b"\r")
        match = _NAME.match(line)
        if match is not None:
            found.append((match[1].decode("ascii"), [line[match.end() :]]))
        elif line[:1] in (b" ", b"\t"):
            if found:
                found[-1][1].append(line)
        elif line:
            follower = lines[number + 1] if number + 1 < len(lines) else b""
            if _KNOWN.match(follower) is None:
                return _texts(found), at, strays
            strays += 1
        at += size
    return _texts(found), None, strays


def _texts(found: list[tuple[str, list[bytes]]]) -> list[Field]:
    return [(name, eight_bit(b"".join(lines).strip())) for name, lines in found]


def eight_bit(value: bytes) -> str:
    """Header bytes as text: UTF-8 (RFC 6532), else windows-1252."""
    if value.isascii():
        return value.decode("ascii")
    try:
        return value.decode("utf-8")
    except UnicodeError:
        return charsets.guess(value)


def clean(text: str) -> str:
    """Without control characters and lone surrogates; line breaks and tabs become a blank."""
    if text.isprintable():
        return text
    plain = text.replace("\t", " ")  # most often the tab of a fold is all
    if _CONTROL.search(plain) is not None:
        plain = _CONTROL.sub(lambda match: " " if match[0] in _BREAKS else "", plain)
    elif plain == text:
        return text
    return plain.strip()


def decode(text: str) -> str:
    """A field's value with its encoded words decoded (RFC 2047, RFC 2231 section 5) and its controls gone.

    White space between two encoded words goes; adjacent words of one charset are joined as bytes first.
    """
    if "=?" not in text:
        return clean(text)
    out: list[str] = []
    run: list[tuple[str, str, str]] = []  # charset, encoding, payload
    position = closing = 0
    while (begin := text.find("=?", position)) >= 0:
        head = _WORD.match(text, begin)
        if head is not None and closing < head.end():
            closing = text.find("?=", head.end())
            if closing < 0:
                break
        if head is None or text.find("=?", head.end(), closing) >= 0:
            out += (_run(run), text[position : begin + 2])
            run.clear()
            position = begin + 2
            continue
        gap = text[position:begin]
        if not run or (gap and not gap.isspace()):
            out += (_run(run), gap)
            run.clear()
        run.append((head[1].lower(), head[2].lower(), text[head.end() : closing]))
        position = closing + 2
    out += (_run(run), text[position:])
    return clean("".join(out))


def _run(words: list[tuple[str, str, str]]) -> str:
    """The text of adjacent encoded words: bytes of one charset are decoded together."""
    out: list[str] = []
    data = bytearray()
    base64 = ""  # of words that end inside a quantum
    for index, (charset, encoding, payload) in enumerate(words):
        follower = words[index + 1] if index + 1 < len(words) else ("", "", "")
        if encoding == "b":
            base64 += payload
            if follower[:2] == (charset, "b") and not payload.endswith("=") and len(base64) % 4:
                continue
            data += from_base64(base64.encode("utf-8", "replace"))
            base64 = ""
        else:
            data += _q(payload)
        if follower[0] != charset:
            out.append(charsets.decode(bytes(data), charset))
            data.clear()
    return "".join(out)


def _q(payload: str) -> bytes:
    """RFC 2047 section 4.2; raw 8-bit characters are kept as UTF-8."""
    return binascii.a2b_qp(payload.encode("utf-8", "replace"), header=True)


def from_base64(data: bytes) -> bytes:
    """Base64 as far as it goes: foreign bytes skipped, missing padding added, a lone last character dropped."""
    good = data.translate(None, _NOT_BASE64)
    odd = len(good) % 4
    if odd == 1:
        good = good[:-1]
    elif odd:
        good += b"=" * (4 - odd)
    return binascii.a2b_base64(good)
