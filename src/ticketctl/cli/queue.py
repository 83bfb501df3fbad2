"""`queue`: queues and their addresses."""

from __future__ import annotations

import click

from ticketctl.cli import output
from ticketctl.cli.directory import family, request
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb

command = family("queue", ("name", "addresses", "from_name", "rights"), help="Queues and their addresses.", examples="""
ticketctl queue list
ticketctl queue show Support
ticketctl queue addresses --format postfix > /etc/postfix/ticketctl-addresses
""")  # fmt: skip


@verb("addresses")
@click.option("--format", "style", type=click.Choice(("plain", "postfix")), default="plain", help="For a mail server.")
def addresses(frame: Frame, style: str) -> None:
    """List every address that the desk takes mail for; with --format postfix as a table for postmap(1)."""
    values = frame.do(request("addresses"))
    if style == "plain":
        output.rows(frame, values, columns=("address", "queue"), key="address")
        return
    wide = max((len(value["address"]) for value in values), default=0)
    output.lines(f"{value['address']:<{wide}}  {value['address'].partition('@')[0]}" for value in values)


command.add_command(addresses)
