"""format=flowed (RFC 3676): long lines are broken where a blank stands, and readers can put them together again."""

from __future__ import annotations

import re

WIDTH = 76
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def flow(text: str) -> str:
    """Text as lines that end with LF, none with a blank but where a soft break was made (and `-- `).

    A line that begins with ">" is a quotation (section 4.5: `> > x` is written `>> x`); one that begins with a blank or
    with `From ` is stuffed (section 4.4). No character but the blanks at the ends of lines is lost; controls are.
    """
    lines: list[str] = []
    for line in _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).rstrip("\n").split("\n"):
        lines += ["-- "] if line == "-- " else _line(line.rstrip(" "))
    return "".join(f"{line}\n" for line in lines)


def _line(line: str) -> list[str]:
    """One line of text as lines of at most WIDTH characters where it has blanks; all but the last end with one."""
    if line.startswith(">"):
        marks = line[: len(line) - len(line.lstrip("> "))]
        depth = marks.count(">")
        bare = line[marks.rindex(">") + 1 :].removeprefix(" ")
        lead, always = ">" * depth, True
    else:
        lead, always, bare = "", False, line
    pieces = _broken(bare, WIDTH - len(lead) - 1)
    return [lead + (" " if _stuffed(piece, quoted=always) else "") + piece for piece in pieces]


def _stuffed(piece: str, *, quoted: bool) -> bool:
    return bool(piece) if quoted else piece.startswith((" ", ">", "From "))


def _broken(text: str, width: int) -> list[str]:
    """Pieces that together are the text; each but the last ends with a blank."""
    pieces = []
    while len(text) > width:
        cut = text.rfind(" ", 0, width)
        if cut < 0:
            cut = text.find(" ", width)
        if text[: cut + 1] == "-- ":  # would end the text (section 4.3)
            cut = text.find(" ", cut + 1)
        while 0 <= cut < len(text) - 1 and text[cut + 1] == " ":
            cut += 1
        if cut < 0 or cut >= len(text) - 1:
            break
        pieces.append(text[: cut + 1])
        text = text[cut + 1 :]
    return [*pieces, text]
