"""The care of the data: `fsck`, `db upgrade|backup|restore|reindex`. For root, the database's owner, or an admin."""

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


def upgrade(caller: Caller, url: str, progress: Callable[[str], None] | None = None) -> list[str]:
    """An older schema brought to this program's: the revisions applied."""
    from ticketctl.store.backup import upgrade as bring

    _owner_only(caller)
    return bring(url, progress)


def reindex(caller: Caller, url: str, progress: Callable[[str], None] | None = None) -> None:
    """The full text index made anew."""
    from ticketctl.store.backup import reindex as make_anew

    _owner_only(caller)
    make_anew(url, progress)


def _owner_only(caller: Caller) -> None:
    if not caller.owns:
        raise NotAllowed("this is for root or the owner of the database")
