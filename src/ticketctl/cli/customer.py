"""`customer`: who writes to us, and whose a ticket is."""

from __future__ import annotations

import click

from ticketctl.cli import editor, output, words
from ticketctl.cli.directory import family
from ticketctl.cli.frame import Frame

command = family("customer", ("address", "name", "tickets", "last"), help="Who writes to us; whose a ticket is.",
                 examples="""
ticketctl customer list
ticketctl customer show emma@example.org
ticketctl customer set 17 'Emma Jones <emma@example.org>'
""")  # fmt: skip


@command.word("set", changes=True)
@words.ticket
@click.argument("address")
@words.text_options
def set_(frame: Frame, word: str, address: str, message: str | None, file: str | None) -> int:
    """Make somebody the customer of a ticket."""
    from ticketctl.desk import partying

    text = editor.optional(frame, message, file, words=[word])
    return output.changed(frame, frame.do(partying.customer, word, address, text=text))
