"""A database file that is held, damaged, read-only, on a read-only file system, out of reach. SQLite's alone."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from torture.desk import FILTER, TO_SUPPORT, Desk, letter
from torture.limits import Worked, tmpfs
from torture.place import Place
from torture.tally import Tally

PATIENCE = 60  # seconds: contrib/postfix has that as its time limit
PAGE = 4096
PLAIN_ROOT = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]  # modes count for it, too


@contextmanager
def held(path: Path, how: str) -> Iterator[None]:
    """Another connection has the database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        yield
        other.execute("ROLLBACK")


def locked(place: Place, tally: Tally) -> None:
    """Held for two minutes: the filter says 75 within its time, verbs say 75, lists go on; then all is stored."""
    desk = Desk(place, tally)
    worked, seconds = Worked(desk), place.sizes["LOCKED"]
    short = {} if place.sizes.long else {"TICKETCTL_TIME_LIMIT": "2", "TICKETCTL_DATABASE": f"{desk.url}?timeout=1"}

    def timed(work: Callable[[], object]) -> None:
        begun = time.monotonic()
        work()
        tally.hold(time.monotonic() - begun < PATIENCE, f"it took {time.monotonic() - begun:.0f} s")

    for how in ("IMMEDIATE", "EXCLUSIVE"):
        texts = [f"Note {desk.number()}", f"Answer {desk.number()}"]
        with held(desk.root / "desk.db", how), ThreadPoolExecutor(8) as pool:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                raw, n = letter(desk.number()), worked.ticket
                verbs = (("note", n, "-m", texts[0]), ("reply", n, "-m", texts[1], "-y"), ("take", n), ("flush",))
                several: list[Callable[[], object]] = [
                    partial(desk.offer, raw, allowed=(75,), environment=short),
                    partial(desk.verb, "list", environment=short),
                    *(partial(desk.verb, *words, allowed=(75,), environment=short) for words in verbs),
                ]
                list(pool.map(timed, several))
        for text in texts:
            tally.hold(not desk.holds(worked.ticket, text), f"{text} was kept after 75")
        desk.redeliver()
    worked.audit()


def damaged(place: Place, tally: Tally) -> None:
    """Header, and page after page: the filter says 75 or stores what can be read again; verbs say 69, or do it."""
    desk = Desk(place, tally)
    for _ in range(30):
        number = desk.ticket()
    whole = desk.root / "whole.db"
    desk.verb("db", "backup", str(whole))
    pages = whole.stat().st_size // PAGE
    some = sorted({0, *(i * pages // place.sizes["LIMITS"] for i in range(place.sizes["LIMITS"]))})
    for page in some:
        bad = desk.root / f"bad{page}.db"
        shutil.copy(whole, bad)
        with bad.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(b"\xa5" * PAGE)
        database = ("--database", f"sqlite:///{bad}")
        ended = desk.program(FILTER, *TO_SUPPORT, *database, "-o", "json", stdin=letter(desk.number()))
        tally.ended(ended.status, (0, 75), f"{FILTER} with page {page} damaged", ended.err)
        desk.verb("note", number, "-m", "x", *database, allowed=(0, 69))
        desk.verb("list", *database, allowed=(0, 69))
        desk.verb("flush", "-n", *database, allowed=(0, 69))
        found = desk.verb("fsck", *database, allowed=(0, 1, 69))
        tally.note("damage found", found.status != 0)
        tally.hold(page or found.status, "fsck finds nothing where the header is damaged")
        desk.verb("db", "backup", str(desk.root / "copy.db"), *database, allowed=(0, 1, 69))
        for each in (bad, Path(f"{bad}-wal"), Path(f"{bad}-shm"), desk.root / "copy.db"):
            each.unlink(missing_ok=True)
    desk.audit()


def _refusing(worked: Worked, before: Sequence[str], reads: Sequence[int]) -> None:
    """Nothing is stored, and reading goes on where it can."""
    desk = worked.desk
    desk.offer(letter(desk.number()), before=before, allowed=(75,))
    desk.verb("note", worked.ticket, "-m", "x", before=before, allowed=(69,))
    desk.verb("flush", before=before, allowed=(69,))
    desk.verb("list", before=before, allowed=reads)
    desk.verb("show", worked.ticket, before=before, allowed=reads)


def forbidden(place: Place, tally: Tally) -> None:
    """A file that may only be read, a directory in which nothing can be made, one that cannot be entered."""
    worked = Worked(Desk(place, tally))
    root = worked.desk.root
    data = [root / "desk.db"]
    for paths, mode, reads in ((data, 0o444, (0, 69)), (data, 0, (69,)), ([root], 0o555, (0, 69)), ([root], 0, (69,))):
        before = [path.stat().st_mode for path in paths]
        for path in paths:
            path.chmod(mode)
        if paths == data:
            _refusing(worked, PLAIN_ROOT, reads)
        else:  # whoever writes to the file alone might still do so, in a journal that is there
            worked.desk.offer(letter(worked.desk.number()), before=PLAIN_ROOT)
            worked.desk.verb("note", worked.ticket, "-m", "x", before=PLAIN_ROOT, allowed=(0, 69, 78))
            worked.desk.verb("list", before=PLAIN_ROOT, allowed=(*reads, 78))
        for path, was in zip(paths, before, strict=True):
            path.chmod(was)
        worked.desk.redeliver()
    worked.audit()


def read_only(place: Place, tally: Tally) -> None:
    """A file system that the kernel has turned read-only, in the middle of a day and after a clean end."""
    root = place.folder()
    with tmpfs(root, "32m") as remounted:
        worked = Worked(Desk(place, tally, root=root))
        desk = worked.desk
        desk.offer(letter(desk.number()))  # which leaves -wal and -shm
        for _ in range(2):
            remounted("ro")
            _refusing(worked, [], (0, 69))
            remounted("rw")
            desk.redeliver()
            desk.verb("take", worked.ticket)  # which takes them away
        worked.audit()
