"""`history`: all that happened to a ticket."""

from __future__ import annotations

from ticketctl.cli import output, terminal, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb

COLUMNS = ("version", "at", "actor", "as", "via", "change", "old", "new", "text")


@verb("history", examples="""
ticketctl history 17
ticketctl history 17 -o json
""")  # fmt: skip
@words.ticket
def command(frame: Frame, word: str) -> None:
    """Tell who did what to a ticket, when, and through what; oldest first."""
    from ticketctl import page
    from ticketctl.desk import reading

    entries, zone = frame.do(reading.history, word)
    chosen = output.form(frame, otherwise="table")
    if not output.machine(frame, entries, chosen, columns=COLUMNS, key="version"):
        width, color = terminal.width(), terminal.color(frame)
        terminal.page(frame, page.history_page(entries, width=width, color=color, zone=zone))
