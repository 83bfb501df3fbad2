"""Where a text comes from: -m, -F, or the agent's editor with a block of comments below a line of scissors, as git's
`commit.cleanup=scissors`: so that a line of the text may begin with `#`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ticketctl.errors import BadData, GivenUp, NotThere, Refusal, Usage

if TYPE_CHECKING:
    from ticketctl.cli.frame import Frame

SCISSORS = "# ------------------------ >8 ------------------------"
SIGNALLED = 128  # the shell's status of what a signal ended is above it


def text(
    frame: Frame,
    message: str | None,
    file: str | None,
    *,
    edit: bool = False,
    initial: str = "",
    comment: Sequence[str] = (),
    words: Sequence[str] = (),
) -> str:
    """The text of -m or -F, else of the editor, which opens on a terminal alone and with `edit` in any case.

    `initial` is what the editor begins with where neither is given. `words`: what the agent gave as tickets.
    Raises Usage (2) where there is no text and no terminal, GivenUp (130) for an empty one.
    """
    given = optional(frame, message, file, words=words, empty=edit)
    if given is None or edit:
        if not frame.interactive:
            if given is None:
                raise Usage("no text: give -m TEXT or -F FILE (- is stdin); without a terminal no editor opens")
            raise Usage("-e wants a terminal")
        given = edited(frame, initial if given is None else given, comment)
    if not given.strip():
        raise GivenUp("given up: the text is empty")
    return given


def optional(
    _frame: Frame, message: str | None, file: str | None, *, words: Sequence[str] = (), empty: bool = False
) -> str | None:
    """The text of -m or -F, None without either; an empty one gives up (130) unless it may be `empty`."""
    if message is not None and file is not None:
        raise Usage("-m and -F both give the text: one is enough")
    if file == "-" and "-" in words:
        raise Usage("-F - and TICKET - would both read stdin")
    given = message if file is None else read(file)
    if given is None:
        return None
    if not given.strip() and not empty:
        raise GivenUp("given up: the text is empty")
    return given if given.endswith("\n") else given + "\n"


def read(file: str) -> str:
    """A file's text, `-` for stdin. NotThere (66) where it cannot be read, BadData (65) where it is not UTF-8."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as opened:
                data = opened.read()
    except OSError as why:
        raise NotThere(f"{file}: cannot be read: {why.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise BadData(f"{file}: not UTF-8 at byte {why.start}") from None


def edited(frame: Frame, initial: str, comment: Sequence[str] = ()) -> str:
    """What the agent makes of a text in the editor; what stands below the scissors is cut off.

    Raises GivenUp (130) where the editor fails.
    """
    return _cut(document(frame, initial + _block(comment), name="TEXT.txt"))


def document(frame: Frame, initial: str, *, name: str = "policy.toml") -> str:
    """What the agent makes of a whole file in the editor. Raises GivenUp (130) where the editor fails."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ticketctl-") as directory:
        path = os.path.join(directory, name)
        with open(path, "w", encoding="utf-8", opener=_private) as file:
            file.write(initial)
        sys.stdout.flush()
        try:
            done = subprocess.run(["/bin/sh", "-c", f'{frame.config.editor} "$@"', "editor", path], check=False)
        except KeyboardInterrupt:
            _rescue(path, initial)
            raise
        if done.returncode < 0 or done.returncode > SIGNALLED:
            _rescue(path, initial)
        if done.returncode:
            raise GivenUp(f"given up: the editor ({frame.config.editor}) ended with {done.returncode}")
        return read(path)


def _rescue(path: str, initial: str) -> None:
    """The editor was ended, and did not end: what it had written is kept."""
    from ticketctl.cli import output, saving

    try:
        written = _cut(read(path))
    except Refusal:
        return
    if written.strip() and written != _cut(initial) and (kept := saving.draft(written)):
        output.warn(f"the text is kept in {kept}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _block(comment: Sequence[str]) -> str:
    from ticketctl.page import escape

    lines = ["Everything below the line above is cut off. An empty text gives up.", *comment]
    return "\n" + "\n".join([SCISSORS, *(f"# {escape(line)}".rstrip() for line in lines)]) + "\n"


def _cut(text: str) -> str:
    kept = []
    for line in text.splitlines():
        if line.rstrip() == SCISSORS:
            break
        kept.append(line)
    return "\n".join(kept).strip("\n") + "\n"
