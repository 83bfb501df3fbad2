"""`flush`: send what the outbox holds. From cron, or by hand; silent when all is well."""

from __future__ import annotations

import click

from ticketctl.cli import output, sending
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


@verb("flush", changes=True, examples="""
ticketctl flush                      once; from cron: * * * * * ticketctl flush
ticketctl flush -n -o json           what would be sent
""")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=1000, metavar="N", help="At most so many mails.")
def command(frame: Frame, limit: int) -> int:
    """Send the mail that is owed and due, once. A second copy beside a running one does no harm."""
    frame.desk.system()
    report = sending.passed(frame, limit=limit)
    values: list[dict[str, object]] = [
        {"id": result.row.id, "became": result.became, "recipients": list(result.row.recipients), "error": result.error}
        for result in report.results
    ]
    chosen = output.form(frame, otherwise="table")
    if not output.machine(frame, values, chosen, columns=("id", "became", "recipients", "error"), key="id"):
        for value in values:
            _say(frame, value)
    if report.unavailable is not None:
        raise report.unavailable
    return 0


def _say(frame: Frame, value: dict[str, object]) -> None:
    """Failures, and what nobody knows, always; what went well only with -v or in a rehearsal."""
    line = f"mail {value['id']} {value['became']}" + (f": {value['error']}" if value["error"] else "")
    shadowed = value["became"] == "rendered" and value["error"] and not frame.options.dry_run
    if value["became"] in ("failed", "unknown") or shadowed:
        output.warn(line)
    elif frame.options.verbose or frame.options.dry_run:
        output.lines([line])
