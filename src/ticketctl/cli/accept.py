"""`accept`: let somebody take part in a ticket."""

from __future__ import annotations

import click

from ticketctl.cli import output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


@verb("accept", changes=True, examples="""
ticketctl accept 17 lee@partner.example
""")  # fmt: skip
@words.ticket
@click.argument("address")
def command(frame: Frame, word: str, address: str) -> int:
    """Let a third party take part: what they write from now on are follow-ups."""
    from ticketctl.desk import partying

    return output.changed(frame, frame.do(partying.accept, word, address))
