"""`move`: to another queue."""

from __future__ import annotations

import click

from ticketctl.cli import completing, editor, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded


@verb("move", changes=True, examples="""
ticketctl move 17 -Q Sales
ticketctl move 17 18 -Q Sales -m 'They want an offer.'
""")  # fmt: skip
@words.tickets
@click.option("-Q", "--queue", required=True, metavar="QUEUE", shell_complete=completing.queues,
              help="The queue to move to.")  # fmt: skip
@words.text_options
def command(frame: Frame, words: tuple[str, ...], queue: str, message: str | None, file: str | None) -> int:
    """Move tickets to another queue, and unlock them. -m adds an internal note."""
    from ticketctl.desk import moving

    text = editor.optional(frame, message, file, words=words)
    return output.changed(frame, frame.do(moving.move, expanded(frame, words), queue=queue, text=text))
