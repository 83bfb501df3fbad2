"""`search`: full text and query words."""

from __future__ import annotations

import sys

import click

from ticketctl.cli import completing, output, terminal
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb

SCREEN = 20  # tickets of a page that nobody limited
COLUMNS = ("number", "id", "age", "queue", "state", "owner", "customer", "title")


@verb("search", examples="""
ticketctl search printer fire                both words, wherever
ticketctl search "out of paper"              a phrase
ticketctl search 'print*' queue:Support age:..30d
ticketctl search emma@shop.test not state:closed
ticketctl search -o ids 'ERR_42 or ERR_43' | ticketctl priority - high
""")  # fmt: skip
@click.argument("query", nargs=-1, required=True, metavar="WORD...", shell_complete=completing.terms)
@click.option("--sort", "order", type=click.Choice(("rank", "newest")), default="rank",
              help="The best first, or the newest.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many tickets.")
def command(frame: Frame, query: tuple[str, ...], order: str, limit: int | None) -> None:
    """Find tickets, closed ones too, by words in their titles, subjects, authors and texts; in all queues that I may
    read."""
    from typing import cast

    from ticketctl import page
    from ticketctl.desk import searching
    from ticketctl.query import joined

    form = output.form(frame)
    cut = SCREEN if form == "table" and limit is None and sys.stdout.isatty() else limit
    found = frame.do(
        searching.search, joined(query, phrases=True), order=cast("searching.Order", order), limit=cut,
        places=form not in ("ids", "tsv"),
    )  # fmt: skip
    if not output.machine(frame, found.tickets, form, columns=page.TSV_COLUMNS):
        shown = page.hits_page(
            found.tickets, page.telling(found.tickets, COLUMNS), width=terminal.width(), color=terminal.color(frame),
            now=frame.now, zone=found.zone,
        )  # fmt: skip
        terminal.page(frame, shown)
    if found.blind:
        output.remark(frame, output.BLIND)
    if found.more and limit is None:
        output.remark(frame, f"the first {len(found.tickets)}; --limit N shows more")
