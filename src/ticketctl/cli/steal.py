"""`steal`: lock and own what another agent has locked."""

from __future__ import annotations

from ticketctl.cli import output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded


@verb("steal", changes=True, examples="""
ticketctl steal 17
""")  # fmt: skip
@words.tickets
def command(frame: Frame, words: tuple[str, ...]) -> int:
    """Take over tickets that another agent has locked, who is told."""
    from ticketctl.desk import locking

    return output.changed(frame, frame.do(locking.steal, expanded(frame, words)))
