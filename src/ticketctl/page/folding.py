"""Quoted history of a text, told from what is new in it: which lines a page may fold. Nothing is ever cut off.

Folded is only what stands in one piece above or below everything that the author wrote: in an answer, a block behind
">" with the line that introduces it, or what stands under another client's copy of a mail's header. Answers between
quotes, what is forwarded, and a text that is nothing but quotes stay as they are, and so does unmarked history below a
mere greeting or signature: what the author says stands in it then. Linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ticketctl.page import phrases

LEAST = 4  # lines; fewer are not worth a line that says so
_ABOVE = 8  # lines of a block above the answer, since what is read first is most often the question
_FOOT = 12  # lines of a signature or of a list's footer below the history
_INTRO = 3  # lines that an introduction may be wrapped to
_HEADER = 10  # lines in which the fields of a copied header stand
_LINE = 400  # characters of a line that are looked at
_MOST = 20_000  # lines of a text that are looked at

_PREFIX = re.compile(r"\s*(?:\[[^\]]{1,60}\]\s*)?([^\W\d_]{1,10})\s?(?:\[\d{1,3}\])?\s?[:：]")
_FIELD = re.compile(r"\s{0,3}\*{0,2}([^\W\d_][^\n:：*]{0,24}?)\s?\*{0,2}[:：]\*{0,2}(?:\s|\Z)")
_DAY = re.compile(r"(?:19|20)\d\d|\d[./-]\d\d?[./-]\d\d")
_LINES = "-_=*> \t"


class Text(Struct, frozen=True):
    """A text's lines with their kinds: "q" quoted, "b" blank, "o" the author's own."""

    lines: list[str]
    kinds: str

    def until(self, end: int) -> Text:
        return Text(self.lines[:end], self.kinds[:end])


def folds(article: Mapping[str, Any]) -> list[tuple[int, int]]:
    """The ranges of lines (first, one past the last) of an article's body that are history; in order, at most two."""
    body = (article["body"] or "").rstrip()
    prefix = _PREFIX.match((article["subject"] or "")[:_LINE])
    word = prefix[1].lower() if prefix else ""
    if article["channel"] != "email" or word in phrases.FORWARD or body.count("\n") not in range(LEAST, _MOST):
        return []
    lines = [line[:_LINE] for line in body.split("\n")]
    whole = Text(lines, "".join(map(_kind, lines)))
    answers = bool(article["in_reply_to"] or article["references"] or word in phrases.REPLY)
    forwarded = next((at for at, line in enumerate(lines) if whole.kinds[at] == "o" and _forwards(line)), None)
    copied = _copied(whole) if answers and forwarded is None else None
    end = forwarded if copied is None else copied
    found = _quoted(whole if end is None else whole.until(end), trailing=end is None) if answers else []
    if copied is not None and len(lines) - copied >= LEAST:
        found.append((copied, len(lines)))
    return found


def _kind(line: str) -> str:
    bare = line.lstrip()
    return "b" if not bare else "q" if bare.startswith(">") else "o"


def _forwards(line: str) -> bool:
    return line.strip(_LINES).lower().startswith(phrases.FORWARDED)


def _original(line: str) -> bool:
    return line[:1] in _LINES and line.strip(_LINES).lower() in phrases.ORIGINAL


def _rule(line: str) -> bool:
    bare = line.strip()
    return len(bare) >= 8 and not bare.strip("-_=*")


def _copied(text: Text) -> int | None:
    """Where history begins that no ">" marks; None where there is none, or where it may hold answers."""
    for at, kind in enumerate(text.kinds):
        if kind != "o" or (end := _introduction(text, at)) is None:
            continue
        begin = _rule_above(text, at)
        own = [line.strip() for line, its in zip(text.lines[:begin], text.kinds, strict=False) if its == "o"]
        told = "\n".join(own).lower()
        marked = text.kinds[end:].lstrip("b")[:1] != "o"
        quoting = not _says(own) or own[-1].endswith((":", "："))
        return None if marked or quoting or any(word in told for word in phrases.INLINE) else begin
    return None


def _says(own: list[str]) -> bool:
    """Do these lines say anything but a greeting and what stands in a signature?"""
    for line in own:
        if line.lower().startswith(phrases.CLOSING):
            return False
        greets = line.endswith((",", "，")) or (len(line) < 40 and line.lower().startswith(phrases.GREETING))
        if not greets and any(map(str.isalnum, line)):
            return True
    return False


def _introduction(text: Text, at: int) -> int | None:
    """One past the last line of what introduces unmarked history at this line, if it does."""
    if _original(text.lines[at]):
        below = at + 1 + text.kinds[at + 1 : at + 3].count("b")
        return _header(text, below) or at + 1
    header = _header(text, at)
    if header is not None and not _drawn(text, at) and not _of_mail(text, at, header):
        return None  # a form: from Paris, to Rome
    return header or _attribution(text, at)


def _of_mail(text: Text, at: int, end: int) -> bool:
    """Is such a header, which no line is drawn above, a mail's: does it say when, and name an address or a subject?"""
    roles = {_role(line) for line in text.lines[at:end]}
    return "date" in roles and ("subject" in roles or any("@" in line for line in text.lines[at:end]))


def _header(text: Text, at: int) -> int | None:
    """One past a copied header that begins here: sender, and of date, recipient and subject at least two."""
    if at >= len(text.lines) or _role(text.lines[at]) != "from":
        return None
    roles: dict[str, int] = {}
    for number in range(at, min(at + _HEADER, len(text.lines))):
        role = _role(text.lines[number])
        if role is not None:
            roles.setdefault(role, number)
    return max(roles.values()) + 1 if len(roles.keys() & {"date", "to", "subject"}) >= 2 else None


def _role(line: str) -> str | None:
    match = _FIELD.match(line)
    return phrases.ROLES.get(match[1].lower()) if match else None


def _attribution(text: Text, at: int) -> int | None:
    """One past "On ... wrote:" that names day and address, over up to three lines."""
    if not _starts(text.lines[at]):
        return None
    told = ""
    for end in range(at, min(at + _INTRO, len(text.lines))):
        if text.kinds[end] != "o":
            return None
        told += f"{text.lines[end]} "
        if told.rstrip().endswith((":", "：")):
            return end + 1 if _wrote(told) and "@" in told and _DAY.search(told) else None
    return None


def _starts(line: str) -> bool:
    return line.lstrip().lower().startswith(phrases.START)


def _wrote(told: str) -> bool:
    folded = told.lower()
    return any(word in folded for word in phrases.WROTE)


def _rule_above(text: Text, at: int) -> int:
    """Where the line stands that a client draws above its copy, else `at`."""
    above = _above(text, at)
    return above if _drawn(text, at) else at


def _drawn(text: Text, at: int) -> bool:
    above = _above(text, at)
    return above >= 0 and (_rule(text.lines[above]) or _original(text.lines[above]))


def _above(text: Text, at: int) -> int:
    """The line above, over at most two blank ones; -1 where none is."""
    above = at - 1
    while above > 0 and at - above <= 2 and text.kinds[above] == "b":
        above -= 1
    return above


def _quoted(text: Text, *, trailing: bool) -> list[tuple[int, int]]:
    """The blocks behind ">" above and below all that the author wrote."""
    kinds = text.kinds
    foot = _foot(text)
    low = kinds.rfind("o", 0, foot) + 1  # one past the author's last line
    own = _without_introduction(text, low)
    first = next((at for at in range(own) if kinds[at] == "o" and not _in_introduction(text, at)), None)
    if first is None:
        return []  # nothing but quotes: somebody sent them for a reason
    found = []
    if "q" not in kinds[first:own] and kinds[:first].count("q") >= _ABOVE:
        found.append(_trimmed(text, 0, first))
    if trailing and kinds[own:foot].count("q") >= LEAST:
        found.append(_trimmed(text, own, foot))
    return found


def _foot(text: Text) -> int:
    """Where a signature or footer begins below the last quoted line; else the end."""
    last = text.kinds.rfind("q") + 1
    rest = text.kinds.find("o", last)
    if not last or rest < 0 or len(text.lines) - rest > _FOOT:
        return len(text.lines)
    return rest if text.lines[rest].rstrip() == "--" or _rule(text.lines[rest]) else len(text.lines)


def _without_introduction(text: Text, low: int) -> int:
    """One past the author's last line, what introduces the quotes below it left out."""
    if not low or not _introduces(text, low - 1):
        return low
    for at in range(low - 1, max(low - 1 - _INTRO, -1), -1):
        if text.kinds[at] != "o":
            break
        if _starts(text.lines[at]):
            return at
    return low - 1


def _introduces(text: Text, at: int) -> bool:
    """Is this the last line of what says who wrote what is quoted below it?"""
    if text.kinds[at + 1 : at + 3].lstrip("b")[:1] != "q":
        return False
    line = text.lines[at].rstrip()
    if _original(line):
        return True
    told = " ".join(text.lines[max(at + 1 - _INTRO, 0) : at + 1])
    last = line if any(map(str.isalnum, line)) else told  # French: " :" may be wrapped to a line of its own
    return line.endswith((":", "：", ">")) and (_wrote(last) or bool("@" in told and _DAY.search(told)))


def _in_introduction(text: Text, at: int) -> bool:
    """Is this a line of such an introduction, which may be wrapped?"""
    if _introduces(text, at):
        return True
    below = range(at + 1, min(at + _INTRO, len(text.lines)))
    return _starts(text.lines[at]) and any(_introduces(text, on) for on in below if "b" not in text.kinds[at:on])


def _trimmed(text: Text, begin: int, end: int) -> tuple[int, int]:
    """The range without blank lines at its ends."""
    while begin < end and text.kinds[begin] == "b":
        begin += 1
    while end > begin and text.kinds[end - 1] == "b":
        end -= 1
    return begin, end
