"""`close`: the end of a ticket."""

from __future__ import annotations

import click

from ticketctl.cli import editor, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded


@verb("close", changes=True, examples="""
ticketctl close 17
ticketctl close 17 18 --unsuccessful -m 'No answer for a month.'
ticketctl list -o ids age:90d.. | ticketctl close -
""")  # fmt: skip
@words.tickets
@click.option("--unsuccessful", is_flag=True, help="It came to nothing.")
@words.text_options
def command(frame: Frame, words: tuple[str, ...], unsuccessful: bool, message: str | None, file: str | None) -> int:
    """Close tickets, and unlock them. -m adds an internal note."""
    from ticketctl.desk import closing

    text = editor.optional(frame, message, file, words=words)
    return output.changed(frame, frame.do(closing.close, expanded(frame, words), unsuccessful=unsuccessful, text=text))
