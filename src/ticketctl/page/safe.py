r"""Text from outside, made harmless and visible: control characters, bidi controls, what is invisible.

One form everywhere, Python's and JSON's: `\x1b`, `\u202e`, `\U000e0041` (in JSON as pairs). After Unicode's UTR 36
and "Trojan Source" (CVE-2021-42574). The joiners U+200C and U+200D stay between two characters that are not ASCII,
where Persian, Indic scripts and emoji need them; so do the variation selectors U+FE00 to U+FE0F.
"""

from __future__ import annotations

import re
from functools import cache

_RANGES = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\xad\u034f\u061c\u180b-\u180f"  # soft hyphen, joiner of graphemes, Arabic letter mark, Mongolian separators
    "\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # fillers and vowels that nobody sees
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero width, separators, bidi
    "\ufeff\ufff9-\ufffb\ud800-\udfff"  # byte order mark, annotations, halves of pairs
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags, and the selectors that smuggle text
)
_JOINERS = "(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
_SHORT = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}


@cache
def unsafe(spared: str = "") -> re.Pattern[str]:
    """What is escaped, but for `spared`; compiled when first asked for."""
    keep = f"(?![{spared}])" if spared else ""
    return re.compile(f"{keep}[{_RANGES}]|{_JOINERS}")


def escape(text: str, *, lines: bool = False) -> str:
    r"""The text with all that could steer a terminal or hide made visible, as `\x1b`.

    With `lines`, newlines and tabs stay (a body), and the carriage return before a newline goes; else they are
    escaped too (a subject in a table). A backslash of the text's own stays single: this form is for eyes.
    """
    if text.isascii() and text.isprintable():
        return text
    if lines:
        return unsafe("\n\t").sub(_visible, text.replace("\r\n", "\n"))
    return unsafe().sub(_visible, text)


def _visible(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def field(text: str) -> str:
    r"""One field of TSV: `\t \n \\` as the contract says, the rest as `escape`; nothing is lost, all comes back."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return escape(text)


def in_json(text: str) -> str:
    r"""JSON's text with the same characters as `\u202e`, pairs for what is past U+FFFF; its own newlines stay."""
    return text if text.isascii() and "\x7f" not in text else unsafe("\n").sub(_pair, text)


def _pair(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
