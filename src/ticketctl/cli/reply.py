"""`reply`: answer the customer. Locked first, then the editor, then the review, then all of it in one transaction."""

from __future__ import annotations

from typing import Any

import click

from ticketctl.cli import completing, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.errors import Usage

STATES = ("new", "open", "closed successful", "closed unsuccessful")


@verb("reply", changes=True, examples="""
ticketctl reply 17                       lock it, write in your editor, look, send
ticketctl reply 17 -t vpn -y             a template as it is
ticketctl reply 17 -m 'It is mended.' --close -y
ticketctl reply 17 -F answer.txt -a log.txt --pend 3d
""")  # fmt: skip
@words.ticket
@click.option("-t", "--template", metavar="TEMPLATE", shell_complete=completing.answers,
              help="An answer of the policy.")  # fmt: skip
@words.text_options
@click.option("-e", "--edit", is_flag=True, help="Edit what -m, -F or -t gave.")
@click.option("-a", "--attach", multiple=True, metavar="FILE", help="Send a file with it.")
@click.option("--to", multiple=True, metavar="ADDR", help="To this address instead of the customer's.")
@click.option("-c", "--cc", multiple=True, metavar="ADDR", help="A copy, which all recipients see.")
@click.option("-b", "--bcc", multiple=True, metavar="ADDR", help="A copy that nobody sees.")
@click.option("--no-cc", is_flag=True, help="Leave out the copies of the customer's mail.")
@click.option("--no-quote", is_flag=True, help="Do not quote the customer's mail.")
@click.option("--close", is_flag=True, help="Close it as successful.")
@click.option("--close-unsuccessful", is_flag=True, help="Close it as unsuccessful.")
@click.option("--pend", metavar="WHEN", help="Pending until then, with a reminder.")
@click.option("--state", type=click.Choice(STATES), help="Its state afterwards; without any of these, open.")
@click.option("--if-version", type=int, metavar="N", help="Only if the ticket is still at this version (else 75).")
@click.option("--queue-only", is_flag=True, help="Do not try to send at once; flush will.")
def command(frame: Frame, word: str, queue_only: bool, **given: Any) -> int:
    """Answer the customer by mail. The ticket is locked to you first, and stays yours.

    The text is salutation, template, your text, signature and the quoted original, as the queue says.
    """
    from ticketctl.cli import replying, sending

    ends = [given["close"], given["close_unsuccessful"], given["pend"] is not None, given["state"] is not None]
    if sum(ends) > 1:
        raise Usage("--close, --close-unsuccessful, --pend and --state: the ticket ends in one state only")
    if given["file"] == "-" and word == "-":
        raise Usage("-F - and TICKET - would both read stdin")
    done = replying.reply(frame, word, given)
    if not queue_only:
        sending.first_try(frame, [done["outbox"]])
    value = {**done["ticket"], "article": done["article"], "undelivered": done["undelivered"]}
    if frame.options.dry_run and frame.options.output in (None, "table") and not frame.options.quiet:
        replying.show(done["draft"], given["attach"])
    if not frame.options.dry_run:
        from ticketctl.desk import answering

        value["deliveries"] = frame.do(answering.deliveries, done["article"])
    output.tickets(frame, [value])
    if done["until"] is not None:
        output.remark(frame, f"until {done['until']}")
    return 0
