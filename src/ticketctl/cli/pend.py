"""`pend`: until a time."""

from __future__ import annotations

import click

from ticketctl.cli import editor, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded
from ticketctl.errors import Usage


@verb("pend", changes=True, examples="""
ticketctl pend 17 -u 'tomorrow 14:00'
ticketctl pend 17 -u 5d --then-close -m 'Closed if they do not answer.'
""")  # fmt: skip
@words.tickets
@click.option("-u", "--until", required=True, metavar="WHEN", help="ISO, 3d, fri, 'tomorrow 14:00'; in your zone.")
@click.option("--then-close", is_flag=True, help="Then it is closed as successful.")
@click.option("--then-close-unsuccessful", is_flag=True, help="Then it is closed as unsuccessful.")
@words.text_options
def command(
    frame: Frame,
    words: tuple[str, ...],
    until: str,
    then_close: bool,
    then_close_unsuccessful: bool,
    message: str | None,
    file: str | None,
) -> int:
    """Let tickets wait until a time, which is told: for a reminder, or to be closed then. -m adds an internal note."""
    from ticketctl.desk import moving

    if then_close and then_close_unsuccessful:
        raise Usage("--then-close and --then-close-unsuccessful: it can end in one way only")
    then = "successful" if then_close else "unsuccessful" if then_close_unsuccessful else None
    text = editor.optional(frame, message, file, words=words)
    outcome = frame.do(moving.pend, expanded(frame, words), until=until, then_close=then, text=text)
    return output.changed(frame, outcome)
