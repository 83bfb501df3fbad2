"""`doctor`: is this host fit to run the desk?"""

from __future__ import annotations

import sys
from pathlib import Path

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.errors import Misconfigured

COLUMNS = ("check", "standing", "text")
MARKS = {"ok": "ok     ", "warning": "warning", "wrong": "WRONG  "}


@verb("doctor", examples="""
ticketctl doctor
ticketctl doctor -o json | jq '.[] | select(.standing != "ok")'
""")  # fmt: skip
def command(frame: Frame) -> int:
    """Check this host: configuration, database, outbox, the way mail leaves. (fsck checks the data.)"""
    from ticketctl.desk import examining

    try:
        config = frame.config
    except Misconfigured as refusal:
        found, status = examining.unconfigured(refusal)
    else:
        found, status = examining.examine(config, frame.now, programs=Path(sys.argv[0]).resolve().parent)
    if not output.machine(frame, found, output.form(frame, otherwise="table"), columns=COLUMNS, key="check"):
        output.lines(f"{MARKS[each['standing']]}  {each['check']}: {each['text']}" for each in found)
    return status
