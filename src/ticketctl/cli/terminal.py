"""What we write on: its width, its colours, its pager."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticketctl.cli.frame import Frame

WIDTH = 80


def width() -> int:
    """Cells in a line of stdout; $COLUMNS wins, 80 where nobody knows."""
    said = os.environ.get("COLUMNS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH
    except (OSError, ValueError):
        return WIDTH


def color(frame: Frame) -> bool:
    """Colours: as --color says; by itself on a terminal that is not dumb and where NO_COLOR is not set."""
    if frame.options.color != "auto":
        return frame.options.color == "always"
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")


def page(frame: Frame, text: str) -> None:
    """A page: through the pager on a terminal, else straight out."""
    pager = frame.config.pager
    if not sys.stdout.isatty() or frame.options.no_input or pager in ("cat", ""):
        sys.stdout.write(text)
        return
    import subprocess

    environment = {"LESS": "FRX", **os.environ}
    sys.stdout.flush()
    with subprocess.Popen(["/bin/sh", "-c", pager], stdin=subprocess.PIPE, env=environment) as reader:
        try:
            reader.communicate(text.encode("utf-8", "backslashreplace"))
        except BrokenPipeError:
            pass
        except KeyboardInterrupt:
            reader.wait()
    if reader.returncode in (126, 127):
        sys.stdout.write(text)


def confirm(frame: Frame, question: str) -> bool:
    """Yes or no, on the terminal; --yes is yes. Only where `frame.interactive`, or with --yes."""
    if frame.options.yes:
        return True
    import click

    return click.confirm(question, default=False, err=True)
