"""`status`: what an agent should look at now. What `ticketctl` alone prints."""

from __future__ import annotations

import sys

import click

from ticketctl.cli import output, sending, terminal
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


@verb("status", examples="""
ticketctl status
ticketctl status --short        one line, for tmux: set -g status-right '#(ticketctl status --short)'
""")  # fmt: skip
@click.option("--short", is_flag=True, help="One line of counts; empty when all is well.")
def command(frame: Frame, short: bool) -> None:
    """What is new in my queues, mine and waiting for me, overdue, due to be looked at again, unsent, held."""
    from ticketctl import page
    from ticketctl.desk import reading

    standing = frame.do(reading.status)
    value = standing.sections
    if short:
        sys.stdout.write(page.status_short(standing.counts))
        return
    if frame.options.output == "ids":
        sections = ("new", "answered", "overdue", "reminders")
        seen = {ticket["number"]: ticket for section in sections for ticket in value[section]}
        output.machine(frame, list(seen.values()), output.form(frame), columns=())
        return
    output.one(
        frame,
        value,
        lambda: page.status_page(
            value, width=terminal.width(), color=terminal.color(frame), now=frame.now, zone=standing.zone,
            brakes=standing.brakes, counts=standing.counts,
        ),
    )  # fmt: skip
    sending.muted(frame)
