"""`unlock`: take the lock off."""

from __future__ import annotations

from ticketctl.cli import output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded


@verb("unlock", changes=True, examples="""
ticketctl unlock 17
""")  # fmt: skip
@words.tickets
def command(frame: Frame, words: tuple[str, ...]) -> int:
    """Take the lock off; the owner's name stays. Another agent's lock needs rw."""
    from ticketctl.desk import locking

    return output.changed(frame, frame.do(locking.unlock, expanded(frame, words)))
