"""`new`: a ticket that no mail made."""

from __future__ import annotations

from typing import Any

import click

from ticketctl.cli import completing, editor, output, sending, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


@verb("new", changes=True, examples="""
ticketctl new -Q Support --customer 'Emma Jones <emma@example.org>' --title 'No dial tone' -m 'She called.'
ticketctl new -Q Sales --customer bob@example.com --title 'Our offer' --channel email -F offer.txt --take
""")  # fmt: skip
@click.option("-Q", "--queue", required=True, metavar="QUEUE", shell_complete=completing.queues,
              help="The queue that it is made in.")  # fmt: skip
@click.option("--customer", required=True, metavar="ADDR", help="Whose it is: an address, or 'Name <address>'.")
@click.option("-c", "--cc", multiple=True, metavar="ADDR",
              help="Somebody else who may write on it; with email, they get a copy.")  # fmt: skip
@click.option("--title", required=True, metavar="TEXT", help="Its title.")
@click.option("--channel", type=click.Choice(("phone", "email", "note")), default="phone",
              help="phone: what the customer said; email: a first mail to them; note: for agents only.")  # fmt: skip
@click.option("--priority", type=click.Choice(("very-low", "low", "normal", "high", "very-high")), default="normal")
@click.option("--take", is_flag=True, help="Lock and own it.")
@click.option("--queue-only", is_flag=True, help="With email: do not try to send at once.")
@words.text_options
def command(frame: Frame, message: str | None, file: str | None, queue_only: bool, **given: Any) -> int:
    """Make a ticket in state open, owned by nobody."""
    from ticketctl.desk import making
    from ticketctl.ticket import Priority

    comment = [f"A new ticket in {given['queue']}, by {given['channel']}, for {given['customer']}: {given['title']}"]
    text = editor.text(frame, message, file, comment=comment)
    wish = making.Wish(text=text, **{**given, "priority": Priority(given["priority"])})
    made = frame.do(making.new, wish)
    output.tickets(frame, [made.ticket])
    if not queue_only:
        sending.first_try(frame, made.owed)
    return 0
