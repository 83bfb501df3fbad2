"""`fsck`: is the data whole?"""

from __future__ import annotations

import sys

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.errors import Failed


@verb("fsck", examples="""
ticketctl fsck                 silent when all is well
ticketctl fsck --contents      read every stored mail and indexed text, too
""")  # fmt: skip
@click.option("--contents", is_flag=True, help="Also read every stored mail and every indexed text.")
def command(frame: Frame, contents: bool) -> int:
    """Check that every ticket is the fold of its history, and that all that belongs together is there."""
    from ticketctl.desk import tending

    shows = sys.stderr.isatty() and not frame.options.quiet

    def progress(done: int, of: int) -> None:
        sys.stderr.write(f"\r{done} of {of} tickets" + ("\n" if done >= of else ""))
        sys.stderr.flush()

    problems = frame.do(tending.fsck, contents=contents, progress=progress if shows else None)
    chosen = output.form(frame, otherwise="table")
    if not output.machine(frame, problems, chosen, columns=("where", "what"), key="where"):
        output.lines(f"{each['where']}: {each['what']}" for each in problems)
    if problems:
        raise Failed(f"{len(problems)} problems found; `ticketctl db backup` first, then look at each")
    if frame.options.verbose or sys.stdout.isatty():
        output.remark(frame, "all is well")
    return 0
