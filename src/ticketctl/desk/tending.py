"""The care of the data: `fsck`, `db upgrade|backup|restore|copy|reindex`. For root, the database's owner, an admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ticketctl.desk import Desk, Value
from ticketctl.desk.who import Caller
from ticketctl.errors import NotAllowed


def fsck(desk: Desk, *, contents: bool = False, progress: Callable[[int, int], None] | None = None) -> list[Value]:
    """What is wrong with the data, nothing where all is well: `where` and `what`."""
    from ticketctl.store.fsck import fsck as check

    desk.system()
    return [{"where": each.where, "what": each.what} for each in check(desk.store, progress, contents=contents)]


def backup(desk: Desk, path: Path) -> None:
    """A copy of the desk as of now, one file."""
    from ticketctl.store.backup import backup as copy

    desk.system()
    copy(desk.store, path)


def restore(caller: Caller, path: Path, url: str, *, now: datetime, force: bool = False) -> None:
    """The desk of a backup, its outbox held. Where the desk's own policy may be gone, only its owner may."""
    from ticketctl.store.backup import restore as put_back

    _owner_only(caller)
    put_back(path, url, now, author=caller.login or str(caller.uid), force=force)


def upgrade(
    caller: Caller, url: str, *, now: datetime, keep: bool = True, progress: Callable[[str], None] | None = None
) -> list[str]:
    """An older schema brought to this program's: the revisions applied. `keep`: an SQLite file as it was, too."""
    from ticketctl.store.backup import upgrade as bring

    _owner_only(caller)
    return bring(url, progress, stamp=f"{now:%Y%m%dT%H%M%SZ}" if keep else None)


def copy(
    desk: Desk, url: str, *, root: bool = False, progress: Callable[[int, int], None] | None = None
) -> tuple[list[Value], bool]:
    """The desk in another database: its tables, and whether the old one was written to meanwhile.

    `root`: a file is given to whom a desk of the whole host belongs, as `init` does.
    """
    from ticketctl.desk import founding
    from ticketctl.store.copying import copy as all_of

    author = str(desk.system().real or desk.caller.login or desk.caller.uid)
    mode = founding.mode(root)
    copies = all_of(desk.store, url, desk.now, author=author, progress=progress, mode=mode)
    if root and not copies.differing:
        founding.hand_over(url)
    return [{"name": each.name, "rows": each.rows, "digest": each.digest, "same": each.same} for each in copies.tables
            ], copies.stale  # fmt: skip


def reindex(caller: Caller, url: str, progress: Callable[[str], None] | None = None) -> None:
    """The full text index made anew, and what lists go along put right."""
    from ticketctl.store.mending import reindex as make_anew

    _owner_only(caller)
    make_anew(url, progress)


def _owner_only(caller: Caller) -> None:
    if not caller.owns:
        raise NotAllowed("this is for root or the owner of the database")
