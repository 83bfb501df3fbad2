"""`customer`: who writes to us, and whose a ticket is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ticketctl.cli import editor, output, words
from ticketctl.cli.directory import family, request
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb

if TYPE_CHECKING:
    from ticketctl.store.value import ByCustomer

SCREEN = 50  # customers of a table that nobody limited
COUNTED = 100  # tickets of one, in a table; more are "100+"
COLUMNS = ("address", "name", "tickets", "last")

command = family("customer", COLUMNS, help="Who writes to us; whose a ticket is.", examples="""
ticketctl customer list
ticketctl customer list @example.org
ticketctl customer show emma@example.org
ticketctl customer set 17 'Emma Jones <emma@example.org>'
""")  # fmt: skip


@command.word("set", changes=True)
@words.ticket
@click.argument("address")
@words.text_options
def set_(frame: Frame, word: str, address: str, message: str | None, file: str | None) -> int:
    """Make somebody the customer of a ticket."""
    from ticketctl.desk import partying

    text = editor.optional(frame, message, file, words=[word])
    return output.changed(frame, frame.do(partying.customer, word, address, text=text))


@verb("list", examples="""
ticketctl customer list                                the latest
ticketctl customer list @example.org                   of a domain
ticketctl customer list --sort address 'emma*'
ticketctl customer list --sort tickets --limit 10      who has most
""")  # fmt: skip
@click.argument("like", required=False, metavar="[ADDRESS]")
@click.option("--sort", type=click.Choice(("last", "address", "tickets")), default="last",
              help="The latest first, by address, or who has most tickets.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
def list_(frame: Frame, like: str | None, sort: ByCustomer, limit: int | None) -> None:
    """List customers with tickets in queues that I may read; only of ADDRESS, where * and ? stand for anything."""
    table = output.form(frame) == "table"
    cut = SCREEN if table and limit is None and sys.stdout.isatty() else limit
    listed = frame.do(
        request("customers"), like, sort=sort, limit=None if cut is None else cut + 1,
        counted=COUNTED + 1 if table else None,
    )  # fmt: skip
    shown = listed.values if cut is None else listed.values[:cut]
    values = [_told(value) for value in shown] if table else shown
    output.rows(frame, values, columns=COLUMNS, key="address", zone=listed.zone)
    if listed.blind and not values:
        output.remark(frame, output.BLIND)
    if len(shown) < len(listed.values) and limit is None:
        output.remark(frame, f"the first {len(shown)}; --limit N shows more")


def _told(value: dict[str, object]) -> dict[str, object]:
    """For people, who read no further."""
    many = isinstance(value["tickets"], int) and value["tickets"] > COUNTED
    return {**value, "tickets": f"{COUNTED}+"} if many else value


command.add_command(list_)
