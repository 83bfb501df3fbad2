"""`title`: what a ticket is called."""

from __future__ import annotations

import click

from ticketctl.cli import output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


@verb("title", changes=True, examples="""
ticketctl title 17 'VPN drops every hour'
""")  # fmt: skip
@words.ticket
@click.argument("text")
def command(frame: Frame, word: str, text: str) -> int:
    """Set the title of a ticket."""
    from ticketctl.desk import moving

    return output.changed(frame, frame.do(moving.title, word, title=text))
