"""The manual as values: pages of mdoc(7), their sections, the entries of their lists, the options that a line names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAN = Path(__file__).resolve().parents[2] / "man"
PAGES = sorted(MAN.glob("*.[1-8]"))

_MACROS = frozenset(("Ar", "Cm", "Em", "Ev", "Fl", "Ic", "It", "Li", "Nm", "No", "Oc", "Oo", "Op", "Pa", "Pq", "Ql",
                     "Dl", "Va", "Xr", "Ns"))  # fmt: skip
_ESCAPES = {r"\(dq": '"', r"\&": "", r"\e": "\\", r"\-": "-"}


@dataclass(slots=True)
class Item:
    """An entry of a list: the line of its macro, and the lines below it without those of its own lists."""

    head: str
    body: list[str] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    @property
    def text(self) -> str:
        return plain(self.head)

    @property
    def flags(self) -> tuple[str, ...]:
        """The options that the head names: `.It Fl q , Fl Fl quiet` has two."""
        return flags(self.head)

    @property
    def default(self) -> str | None:
        """What the entry says behind `Default:`."""
        for line, below in zip(self.body, self.body[1:], strict=False):
            if line == "Default:":
                return plain(below).removesuffix(" .")
        return None


def page(name: str) -> list[str]:
    return (MAN / name).read_text().splitlines()


def sections(lines: list[str], macro: str = "Sh") -> dict[str, list[str]]:
    """The lines below each heading; with `Ss` the parts of a section."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith(f".{macro} "):
            found[line[4:]] = []
        elif found:
            found[list(found)[-1]].append(line)
    return found


def items(lines: list[str]) -> list[Item]:
    """The entries of the outer lists, each with those inside it."""
    top = Item("")
    depth = [top]
    for line in lines:
        if line.startswith(".El"):
            depth.pop()
        elif line.startswith(".Bl "):
            depth.append(depth[-1].items[-1] if len(depth) > 1 else top)
        elif line.startswith(".It "):
            depth[-1].items.append(Item(line[4:]))
        elif len(depth) > 1:
            depth[-1].items[-1].body.append(line)
    return top.items


def plain(line: str) -> str:
    """A line of macros as its words: `Cm queue: Ns Ar QUEUE` is `queue:QUEUE`."""
    text = ""
    for word in line.split():
        if word == "Ns":
            text = text.rstrip(" ")
        elif word.lstrip(".") not in _MACROS:
            text += word + " "
    for escape, letter in _ESCAPES.items():
        text = text.replace(escape, letter)
    return text.strip()


def flags(line: str) -> tuple[str, ...]:
    return tuple("-" + ("-" if long else "") + word for long, word in re.findall(r"\bFl (Fl )?([\w-]+)", line))


def options(entry: Item) -> list[Item]:
    """The entries of an item's lists that are options."""
    return [each for each in entry.items if each.flags]


def commands(lines: list[str]) -> Iterator[list[str]]:
    """The command lines of EXAMPLES that run a program of ours, pipes and redirections taken apart."""
    for line in sections(lines).get("EXAMPLES", []):
        text = plain(line) if line.startswith(".Dl ") else line
        if text.startswith("$ "):
            yield from programs(text[2:])


def programs(text: str) -> Iterator[list[str]]:
    """The command lines of ours in a line of shell."""
    lexer = shlex.shlex(text.replace("\\&", ""), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not set(word) <= set("();<>|&"):
            words.append(word)
            continue
        if words and words[0].startswith("ticketctl"):
            yield words
        words = [] if word not in ("<", ">", ">>") else ["(a file)"]
