"""`db`: the database as a thing: a newer schema, copies."""

from __future__ import annotations

from pathlib import Path

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family

command = Family(
    name="db",
    help="Upgrade, back up, restore, re-index the database. For root, its owner, or (backup) an admin.",
    examples="""
ticketctl db backup /var/backups/desk-2026-11-22.db
ticketctl db restore desk-2026-11-22.db      its outbox held until you release it
ticketctl db upgrade
""",
)


@command.command("backup")
@click.argument("file")
@click.pass_obj
def backup(frame: Frame, file: str) -> None:
    """Write a copy of the desk as it is now into a new file, while others work."""
    from ticketctl.desk import tending

    frame.do(tending.backup, Path(file))
    output.remark(frame, f"wrote {file}")


@command.command("restore")
@click.argument("file")
@click.option("--force", is_flag=True, help="Overwrite the database that is there.")
@click.pass_obj
def restore(frame: Frame, file: str, force: bool) -> None:
    """Make a backup the desk. Its outbox is held: what it owes may have been sent since."""
    from ticketctl.desk import tending

    tending.restore(frame.caller, Path(file), frame.config.database, now=frame.now, force=force)
    output.remark(frame, f"restored {file}; its mail is held, since it may have been sent meanwhile")
    output.remark(frame, "see `ticketctl outbox list`, then `ticketctl outbox release --all`")


@command.command("upgrade")
@click.pass_obj
def upgrade(frame: Frame) -> None:
    """Bring an older schema to this program's; back up first."""
    from ticketctl.desk import tending

    done = tending.upgrade(frame.caller, frame.config.database, None if frame.options.quiet else output.warn)
    output.remark(frame, f"upgraded: {', '.join(done)}" if done else "the schema is this program's already")


@command.command("reindex")
@click.pass_obj
def reindex(frame: Frame) -> None:
    """Make the full text index anew, where fsck says that it is wrong; others wait meanwhile."""
    from ticketctl.desk import tending

    said = output.warn if frame.options.verbose else None
    tending.reindex(frame.caller, frame.config.database, said)
    output.remark(frame, "the full text index is made anew")
