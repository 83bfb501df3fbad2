"""`priority`: how urgent."""

from __future__ import annotations

import click

from ticketctl.cli import editor, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded


@verb("priority", changes=True, examples="""
ticketctl priority 17 high
ticketctl priority 17 18 very-low -m 'It can wait.'
""")  # fmt: skip
@words.tickets
@click.argument("level", type=click.Choice(("very-low", "low", "normal", "high", "very-high")))
@words.text_options
def command(frame: Frame, words: tuple[str, ...], level: str, message: str | None, file: str | None) -> int:
    """Set the priority of tickets. -m adds an internal note."""
    from ticketctl.desk import moving
    from ticketctl.ticket import Priority

    text = editor.optional(frame, message, file, words=words)
    outcome = frame.do(moving.priority, expanded(frame, words), level=Priority(level), text=text)
    return output.changed(frame, outcome, "priority")
