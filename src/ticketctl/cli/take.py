"""`take` (also `lock`): lock and own."""

from __future__ import annotations

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded
from ticketctl.errors import Usage


@verb("take", changes=True, examples="""
ticketctl take 17
ticketctl take --next                 the most urgent unlocked ticket of my queues
ticketctl take --next queue:Support
""")  # fmt: skip
@click.argument("words", nargs=-1, metavar="TICKET...|QUERY")
@click.option("--next", "next_", is_flag=True, help="The most urgent unlocked ticket, of QUERY if there is one.")
def command(frame: Frame, words: tuple[str, ...], next_: bool) -> int:
    """Lock tickets and own them; 79 where another agent holds the lock."""
    from ticketctl.desk import locking

    if next_:
        from ticketctl.query import joined

        output.tickets(frame, [frame.do(locking.take_next, joined(words))])
        return 0
    if not words:
        raise Usage("which ticket? (or --next)")
    return output.changed(frame, frame.do(locking.take, expanded(frame, words)))
