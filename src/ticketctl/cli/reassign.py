"""`reassign`: to another agent."""

from __future__ import annotations

import click

from ticketctl.cli import completing, editor, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded


@verb("reassign", changes=True, examples="""
ticketctl reassign 17 --to bert -m 'You know their network.'
""")  # fmt: skip
@words.tickets
@click.option("--to", required=True, metavar="AGENT", shell_complete=completing.agents,
              help="The new owner; me is you.")  # fmt: skip
@words.text_options
def command(frame: Frame, words: tuple[str, ...], to: str, message: str | None, file: str | None) -> int:
    """Give tickets to another agent, who then holds the lock and is told. -m adds an internal note."""
    from ticketctl.desk import moving

    text = editor.optional(frame, message, file, words=words)
    return output.changed(frame, frame.do(moving.reassign, expanded(frame, words), to=to, text=text))
