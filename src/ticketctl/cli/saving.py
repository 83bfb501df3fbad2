"""Bytes from outside, to stdout or into files: no path of theirs is followed, no file is overwritten."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ticketctl.errors import Failed, NotThere, Usage

if TYPE_CHECKING:
    from ticketctl.desk.reading import File

TRIES = 1000  # names tried for one file
LENGTH = 255  # bytes of a name, on nearly every file system
SUFFIX = 20  # bytes of a suffix; a longer one is none
TEXT = ("text/", "message/")

_FOREIGN = '<>:"|?*/'  # what other systems take for something else
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


def to_stdout(file: File, *, force_text: bool = False) -> None:
    """The bytes as they are; on a terminal only text, made harmless. Usage (2) for anything else there."""
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(file.content)
        sys.stdout.buffer.flush()
        return
    if not force_text and not file.content_type.startswith(TEXT):
        raise Usage(f"{file.content_type} is nothing for a terminal: write it to a file (> FILE, or --save DIR)")
    from ticketctl.page import escape

    text = file.content.decode("utf-8", "replace")
    sys.stdout.write(escape(text, lines=True) + ("" if text.endswith("\n") else "\n"))


def to_directory(files: Sequence[File], directory: str) -> list[str]:
    """New files in a directory that is there; a name that is taken gets a number. Gives their paths."""
    try:
        where = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as why:
        raise NotThere(f"--save {directory}: {why.strerror}") from None
    try:
        return [os.path.join(directory, _written(file, where)) for file in files]
    except OSError as why:
        raise Failed(f"--save {directory}: {why.strerror}") from None
    finally:
        os.close(where)


def _written(file: File, where: int) -> str:
    for name in _names(file.name):
        try:
            # O_EXCL follows no symbolic link either
            made = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=where)
        except FileExistsError:
            continue
        with open(made, "wb") as opened:
            opened.write(file.content)
        return name
    raise Failed(f"no free name like {file.name!r} in {TRIES} tries")


def _names(name: str) -> Iterator[str]:
    """A name that every file system takes, for itself alone; then with numbers before its suffix."""
    bare = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    bare = "".join(char if char.isprintable() and char not in _FOREIGN else "_" for char in bare).strip().lstrip(".")
    if bare.startswith("-") or _DEVICE.match(bare):
        bare = f"_{bare}"
    bare = bare.rstrip(". ")
    stem, suffix = os.path.splitext(bare)
    if len(suffix.encode()) > SUFFIX:
        stem, suffix = bare, ""
    yield f"{_cut(stem, LENGTH - len(suffix.encode()))}{suffix}"
    for number in range(1, TRIES):
        end = f"-{number}{suffix}"
        yield f"{_cut(stem, LENGTH - len(end.encode()))}{end}"


def _cut(stem: str, length: int) -> str:
    """So many bytes of UTF-8, no character cut in two; a name where nothing is left."""
    return stem.encode()[:length].decode("utf-8", "ignore").rstrip(". ") or "attachment"


def draft(text: str) -> str | None:
    """Keeps a text that could not be stored, in a new file of the agent's own; its path, None without one."""
    import tempfile

    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    for directory in (os.path.join(home, "ticketctl", "drafts"), tempfile.gettempdir()):
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            made, path = tempfile.mkstemp(prefix="draft-", suffix=".txt", dir=directory)
            with open(made, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return path
    return None
