"""A host short of everything: memory, descriptors, file size, disk, streams, home, language, directory, umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from torture.desk import Desk, letter
from torture.kills import kept_once
from torture.place import Place
from torture.tally import Tally

MB = 1 << 20
RLIMITS = {"as": (12 * MB, 420 * MB), "data": (MB, 120 * MB), "nofile": (3, 24), "fsize": (0, MB)}  # tightest, none
SURE = (0, 1, 69, 75)  # of verbs under a limit: done, no memory, no disk or descriptor, again
STARTS = "import os, re, sys"  # what the interpreter needs before anything of ours runs

# What stands before `exec`, and the verbs' statuses there. A filter without stdin has no mail: 75.
SURROUNDINGS = {
    "exec <&-;": (0,),
    "exec >&-;": (0,),
    "exec 2>&-;": (0,),
    "exec <&- >&- 2>&-;": (0,),
    "exec >/dev/full;": (69,),
    "exec 2>/dev/full;": (0,),
    "exec >/dev/full 2>/dev/full;": (69,),
    "unset HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME;": (0,),
    "export LANG=C LC_ALL=C;": (0,),
    "export LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0;": (0,),
    "mkdir gone$$; cd gone$$; rmdir ../gone$$;": (0,),
    "umask 777;": (0,),
    "umask 000;": (0,),
}


def shell(line: str) -> list[str]:
    """What stands before a command to run it behind a line of shell."""
    return ["sh", "-c", f'{line} exec "$@"', "sh"]


class Worked:
    """A mail and a verb in some surroundings, each done again where it was not done."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.ticket = desk, desk.ticket()
        self.texts: dict[str, str] = {}

    def mail_and_note(self, before: Sequence[str], statuses: Sequence[int]) -> None:
        self.desk.offer(letter(self.desk.number()), before=before, cwd=self.desk.root)
        text = f"Note {self.desk.number()}"
        self.texts[text] = self.ticket
        words = ("note", self.ticket, "-m", text)
        ended = self.desk.verb(*words, before=before, allowed=statuses, cwd=self.desk.root)
        if not self.desk.holds(self.ticket, text):
            if ended.status == 0:
                self.desk.tally.lost.append(f"{text} after status 0")
            self.desk.verb(*words)

    def audit(self) -> None:
        self.desk.audit()
        kept_once(self.desk, self.texts)


def of_the_process(place: Place, tally: Tally) -> None:
    """RLIMIT_AS, RLIMIT_DATA, RLIMIT_NOFILE and RLIMIT_FSIZE, from where the interpreter starts at all to none."""

    desk, texts = Desk(place, tally), {}

    def one(name: str) -> None:
        low, high = RLIMITS[name]
        worked, steps = Worked(desk), place.sizes["LIMITS"]
        for i in range(steps):
            before = ["prlimit", f"--{name}={low + (high - low) * i // steps}", "--"]
            starts = subprocess.run([*before, sys.executable, "-c", STARTS], capture_output=True, check=False)
            if starts.returncode:
                tally.note("no interpreter")
                continue
            worked.mail_and_note(before, SURE)
            desk.verb("flush", before=before, allowed=SURE)
        texts.update(worked.texts)

    with ThreadPoolExecutor(place.sizes["JOBS"]) as pool:
        list(pool.map(one, RLIMITS))
    desk.audit()
    kept_once(desk, texts)


def of_the_surroundings(place: Place, tally: Tally) -> None:
    """Closed and full streams, no home, no language, no directory, every umask."""
    worked = Worked(Desk(place, tally))
    for line, statuses in SURROUNDINGS.items():
        worked.mail_and_note(shell(line), statuses)
        if place.sizes.long:
            worked.desk.verb("flush", before=shell(line), cwd=worked.desk.root)
    worked.audit()


def open_to_all(place: Place, tally: Tally) -> None:
    """With umask 000 nothing of ours, made by whatever verb, may be written by others."""
    root = place.folder()
    desk = Desk(place, tally, root=root, wrapped=lambda command: [*shell("umask 000;"), *command])
    desk.offer(letter(desk.number()), kill_after=0.3, allowed=(0, 75, -9))  # a filter that leaves -wal and -shm
    desk.offer(letter(desk.number()))
    number = desk.ticket()
    desk.verb("reply", number, "-m", "Answer 1", "-y")
    if place.database == "sqlite":
        desk.verb("db", "backup", str(root / "some" / "where" / "backup.db"))
    fresh = {"TICKETCTL_CONFIG": str(root / "new" / "etc" / "ticketctl.toml")}
    desk.verb("init", "--domain", "example.org", environment=fresh)
    # what cannot be stored is kept as a draft
    desk.verb("reply", number, "-m", "Answer 2", "-y", "--if-version", "1", allowed=(75,),
              environment={"XDG_STATE_HOME": str(root / "state" / "home")})  # fmt: skip
    for folder, _, files in os.walk(root):
        if "sent" in Path(folder).parts:  # made by the sendmail of the test
            continue
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if path.lstat().st_mode & stat.S_IWOTH:
                tally.hold(False, f"written by all: {path.relative_to(root)}")
            tally.note("looked at")
    desk.audit()


@contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A file system of its own in a folder; what it gives mounts it anew with other options."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
    try:
        yield lambda options: subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True) and None
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def of_the_disk(place: Place, tally: Tally) -> None:
    """A file system of 2 MB, filled by mails and notes; then there is room again."""
    root = place.folder()
    with tmpfs(root, "2m") as remounted:
        worked = Worked(Desk(place, tally, root=root))
        full = 0
        while full < place.sizes["LIMITS"]:
            number = worked.desk.number()
            raw = letter(number) + os.urandom(20_000 + 7_000 * (number % 9)).hex().encode()
            full += worked.desk.offer(raw).status == 75
            if number % 5 == 0 or full:
                worked.desk.verb("note", worked.ticket, "-m", "x " * 9000, allowed=(0, 69))
        remounted("size=64m")
        worked.audit()


