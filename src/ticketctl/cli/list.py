"""`list`: tickets, oldest first."""

from __future__ import annotations

import sys

import click

from ticketctl.cli import completing, output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb

SCREEN = 50  # tickets of a table that nobody limited


@verb("list", examples="""
ticketctl list                            what is open in my queues
ticketctl list queue:Support owner:none   nobody's, in one queue
ticketctl list --all customer:emma@example.org
ticketctl list -o ids age:30d.. | ticketctl close -
""")  # fmt: skip
@click.argument("query", nargs=-1, shell_complete=completing.terms)
@click.option("-Q", "--queue", "queues", multiple=True, metavar="QUEUE", shell_complete=completing.queues,
              help="Only this queue; `Sales::` and below.")  # fmt: skip
@click.option("--sort", type=click.Choice(
    ("created", "changed", "due", "priority", "number", "title", "queue", "state", "owner", "customer")
), default="created", help="What to sort by.")  # fmt: skip
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
@click.option("--columns", metavar="A,B", help="The columns of tables and TSV.")
@click.option("--all", "everything", is_flag=True, help="Closed tickets, too.")
def command(
    frame: Frame,
    query: tuple[str, ...],
    queues: tuple[str, ...],
    sort: str,
    reverse: bool,
    limit: int | None,
    columns: str | None,
    everything: bool,
) -> None:
    """List tickets of state type new, open, pending; of my queues, else of all that I may read."""
    from ticketctl import page
    from ticketctl.desk import reading
    from ticketctl.query import joined

    form = output.form(frame)
    shown = _columns(columns, page.LIST_COLUMNS if form == "table" else page.TSV_COLUMNS)
    cut = SCREEN if form == "table" and limit is None and sys.stdout.isatty() else limit
    listing = frame.do(
        reading.tickets, joined(query), queues=queues, everything=everything, sort=sort, reverse=reverse, limit=cut
    )
    if form == "table" and columns is None:
        shown = page.telling(listing.tickets, shown)
    output.rows(frame, listing.tickets, columns=shown, key="number", zone=listing.zone)
    if listing.blind:
        output.remark(frame, output.BLIND)
    elif not listing.tickets and "word" in listing.spoken and sys.stdout.isatty():
        output.remark(frame, "bare words look at number, id and title; `ticketctl search` looks into texts, too")
    if "due" in listing.spoken:
        output.remark(frame, "no ticket has a deadline in this version")
    if listing.more and limit is None:
        output.remark(frame, f"the first {len(listing.tickets)}; --limit N shows more")


def _columns(given: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    """The columns asked for; Usage (2) for one that is not there."""
    from ticketctl.errors import Usage
    from ticketctl.page import LIST_COLUMNS, TSV_COLUMNS

    if given is None:
        return usual
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    known = dict.fromkeys((*LIST_COLUMNS, *TSV_COLUMNS, "version", "state_type", "responsible", "changed", "closed",
                           "pending_until", "first_response_due", "update_due", "solution_due", "waiting_on", "unread",
                           "articles", "tags", "watchers"))  # fmt: skip
    for name in names:
        if name not in known:
            raise Usage(f"no column {name!r}; there are {', '.join(known)}")
    return names or usual
