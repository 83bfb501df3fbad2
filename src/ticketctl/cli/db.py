"""`db`: the database as a thing: a newer schema, copies, another server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family
from ticketctl.errors import Failed

command = Family(
    name="db",
    help="Upgrade, back up, restore, copy, re-index the database. For root, its owner, or (backup, copy) an admin.",
    examples="""
ticketctl db backup /var/backups/desk-2026-11-22.db
ticketctl db restore desk-2026-11-22.db      its outbox held until you release it
ticketctl db upgrade
ticketctl db copy /var/lib/ticketctl/ticketctl.db postgresql://desk@db.example.org/desk
ticketctl db copy @/etc/ticketctl/old.toml @/etc/ticketctl/ticketctl.toml
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
@click.option("--no-backup", is_flag=True, help="Keep no copy of an SQLite database as it was.")
@click.pass_obj
def upgrade(frame: Frame, no_backup: bool) -> None:
    """Bring an older schema to this program's. An SQLite database is kept beside as it was; a server's is yours to
    dump first."""
    from ticketctl.desk import tending

    said = None if frame.options.quiet else output.warn
    done = tending.upgrade(frame.caller, frame.config.database, now=frame.now, keep=not no_backup, progress=said)
    output.remark(frame, f"upgraded: {', '.join(done)}" if done else "the schema is this program's already")


@command.command("reindex")
@click.pass_obj
def reindex(frame: Frame) -> None:
    """Make the full text index anew and put right what lists go along, where fsck says that these are wrong. With an
    SQLite file others wait to write meanwhile; on a server they go on."""
    from ticketctl.desk import tending

    said = output.warn if frame.options.verbose else None
    tending.reindex(frame.caller, frame.config.database, said)
    output.remark(frame, "the full text index is made anew, and what lists go along is right")


@command.word("copy", examples="""
ticketctl db copy /var/lib/ticketctl/ticketctl.db postgresql://desk@db.example.org/desk
ticketctl db copy @/etc/ticketctl/old.toml @/etc/ticketctl/ticketctl.toml     with passwords
ticketctl db copy @/etc/ticketctl/ticketctl.toml /var/tmp/desk.db             back into a file
""")  # fmt: skip
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(frame: Frame, source: str, target: str) -> None:
    """Copy the desk into another, empty database, and verify every table. FROM and TO are URLs, paths of SQLite files,
    or @FILE: the `database` of that ticketctl.toml.

    FROM is only read. TO holds its mail until you release it.
    """
    from ticketctl import config
    from ticketctl.desk import Desk, tending
    from ticketctl.store import Store

    old, new = (config.named(word, environ=os.environ, euid=os.geteuid()) for word in (source, target))
    store = Store(old)
    try:
        desk = Desk(store=store, caller=frame.caller_of(old), now=frame.now)
        tables, stale = tending.copy(desk, new, root=os.geteuid() == 0, progress=_progress(frame))
    finally:
        store.close()
    output.rows(frame, tables, columns=("name", "rows", "digest", "same"), key="name")
    if wrong := [each["name"] for each in tables if not each["same"]]:
        raise Failed(f"not all came over as it was ({', '.join(wrong)}): {config.redacted(new)} is no desk")
    if stale:
        output.warn(f"{config.redacted(old)} was written to meanwhile, and that is not in the copy")
    output.remark(frame, f"copied to {config.redacted(new)}: set `database` in ticketctl.toml to it")
    output.remark(frame, "its mail is held: see `ticketctl outbox list`, then `ticketctl outbox release --all`")


def _progress(frame: Frame) -> Callable[[int, int], None] | None:
    """Tells on a terminal how far it is, ten times a second at most."""
    if frame.options.quiet or not sys.stderr.isatty():
        return None
    import time

    last = 0.0

    def told(done: int, of: int) -> None:
        nonlocal last
        if done >= of or time.monotonic() - last > 0.1:
            last = time.monotonic()
            sys.stderr.write(f"\r{done} of {of} rows" + ("\n" if done >= of else ""))
            sys.stderr.flush()

    return told
