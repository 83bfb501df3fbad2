"""Every N-th system call that writes: the program is killed before it, or it fails with EIO or ENOSPC (strace inject).

N goes from 1 until the run no longer reaches it, call by call and fault by fault, for each program of TARGETS. Only the
main thread is followed: the filter's other one sleeps, and what sendmail does is not ours.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ticketctl.store import ALL_BRAKE, Store
from ticketctl.store.fsck import fsck
from torture.desk import KILLED, Desk, letter
from torture.kills import kept_once
from torture.place import Place
from torture.tally import Tally

CALLS = ("fdatasync", "fsync", "write", "pwrite64", "ftruncate", "rename,renameat,renameat2", "unlink,unlinkat",
         "link,linkat", "exit_group")  # fmt: skip
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC")
SURE = (0, 69, KILLED)  # of verbs: done, the disk is at fault, or killed
FEW = 4  # of a call that is made so seldom, none is left out


class Walk:
    """Runs a program with one call after another made to fail; ends when one is no longer reached."""

    def __init__(self, desk: Desk, fault: str, step: int) -> None:
        self.desk, self.fault, self.step = desk, fault, step
        self.log = desk.root / "strace.log"

    def each(self, run: Callable[[Sequence[str]], int]) -> None:
        """`run` gets what stands before a command line, and gives the status."""
        run(["strace", "-qqq", "-o", str(self.log), "-e", f"trace={','.join(CALLS)}"])
        made = set(re.findall(r"^(\w+)\(", self.log.read_text(errors="replace"), re.MULTILINE))
        for call in CALLS:
            if not made & {*call.split(",")} or (call == "exit_group" and self.fault != "signal=KILL"):
                continue
            n = 1
            while self._hit(run, call, n) and not self.desk.tally.bad:
                n += 1 if n < min(FEW, 40 // self.step) else self.step

    def _hit(self, run: Callable[[Sequence[str]], int], call: str, n: int) -> bool:
        self.log.unlink(missing_ok=True)
        inject = f"inject={call}:{self.fault}:when={n}"
        status = run(["strace", "-qqq", "-o", str(self.log), "-e", f"trace={call}", "-e", inject])
        hit = status == KILLED or "(INJECTED)" in self.log.read_text(errors="replace")
        self.desk.tally.note("injected", hit)
        return hit


# What is walked over: each takes a desk and a walk, and gives what it wrote where, which must then be kept once

Texts = dict[str, str]
Target = Callable[[Desk, Walk], Texts]


def the_filter(desk: Desk, walk: Walk) -> Texts:
    def run(before: Sequence[str]) -> int:
        raw = letter(desk.number())
        status = desk.offer(raw, before=before, allowed=(0, 75, KILLED)).status
        if status:
            desk.offer(raw, allowed=(0,))
        return status

    walk.each(run)
    return {}


def _texts(desk: Desk, walk: Walk, verb: str, word: str, *more: str) -> Texts:
    """A verb with a text: kept once, and told so; or not kept, and done again as an agent would."""
    number, texts = desk.ticket(), {}

    def run(before: Sequence[str]) -> int:
        text = f"{word} {desk.number()}"
        texts[text] = number
        ended = desk.verb(verb, number, "-m", text, *more, before=before, allowed=SURE)
        status, kept = ended.status, desk.holds(number, text)
        if status and kept:
            desk.tally.note("kept, not told")
            unsaid = status == KILLED or b"stdout: " in ended.err
            desk.tally.hold(unsaid, f"{text} was kept, and called refused: {ended.err[-200:]!r} [{' '.join(before)}]")
        if not kept and not status:
            desk.tally.lost.append(f"{text} after status 0")
        if not kept:
            desk.verb(verb, number, "-m", text, *more)
        return status

    walk.each(run)
    return texts


def note(desk: Desk, walk: Walk) -> Texts:
    return _texts(desk, walk, "note", "Note")


def reply(desk: Desk, walk: Walk) -> Texts:
    return _texts(desk, walk, "reply", "Answer", "-y")


def close(desk: Desk, walk: Walk) -> Texts:
    def run(before: Sequence[str]) -> int:
        number = desk.ticket()
        status = desk.verb("close", number, before=before, allowed=SURE).status
        with desk.reading() as tx:
            (ticket,) = tx.tickets(tx.resolve(number, None))
        if status == 0 and ticket.state != "closed successful":
            desk.tally.lost.append(f"close of {number} after status 0: {ticket.state}")
        return status

    walk.each(run)
    return {}


def flush(desk: Desk, walk: Walk) -> Texts:
    def run(before: Sequence[str]) -> int:
        desk.ticket()
        return desk.verb("flush", before=before, allowed=(*SURE, 75)).status

    walk.each(run)
    return {}


def policy(desk: Desk, walk: Walk) -> Texts:
    """The policy is that of before, or the new one, whole."""
    path = desk.root / "policy.toml"
    base = path.read_text()

    def run(before: Sequence[str]) -> int:
        text = f"{base}# {desk.number()}\n"
        path.write_text(text)
        with desk.reading() as tx:
            old = tx.revision().text
        status = desk.verb("policy", "apply", "-m", "why", str(path), before=before, allowed=SURE).status
        with desk.reading() as tx:
            new = tx.revision().text
        desk.tally.hold(new == text or (status and new == old), f"policy apply: status {status}, another text")
        return status

    walk.each(run)
    return {}


def backup(desk: Desk, walk: Walk) -> Texts:
    """The file is a whole desk, or not there; no other file stays unless it was killed."""
    number = desk.ticket()
    folder = desk.root / "backups"
    folder.mkdir(exist_ok=True)

    def run(before: Sequence[str]) -> int:
        path = folder / f"{desk.number()}.db"
        status = desk.verb("db", "backup", str(path), before=before, allowed=SURE).status
        if path.exists():
            _whole(desk, f"sqlite:///{path}", number, f"backup after status {status}")
        else:
            desk.tally.hold(status, "status 0 of a backup that is not there")
        path.unlink(missing_ok=True)
        left = [each.name for each in folder.iterdir()]
        desk.tally.hold(not left or status == KILLED, f"left behind after status {status}: {left}")
        for name in left:
            (folder / name).unlink()
        return status

    walk.each(run)
    return {}


def restore(desk: Desk, walk: Walk) -> Texts:
    """The desk is the one of before or the one of the backup, whole."""
    number = desk.ticket()
    kept, live = desk.root / f"{number}.db", desk.root / "desk.db"
    desk.verb("db", "backup", str(kept))

    def run(before: Sequence[str]) -> int:
        for each in desk.root.glob("desk.db*"):
            each.unlink()
        shutil.copy(kept, live)
        desk.verb("take", number)  # in WAL mode again, with a change that the backup has not
        status = desk.verb("db", "restore", "--force", str(kept), before=before, allowed=SURE).status
        brakes = _whole(desk, desk.url, number, f"restore after status {status}")
        desk.tally.hold(status or brakes == {ALL_BRAKE}, "status 0 of a restore that was not done")
        desk.tally.note("restored", brakes == {ALL_BRAKE})
        return status

    walk.each(run)
    return {}


def init(desk: Desk, walk: Walk) -> Texts:
    """Whatever became of the first, a second one makes a whole desk."""
    place = desk.root / "new"

    def run(before: Sequence[str]) -> int:
        shutil.rmtree(place, ignore_errors=True)
        fresh = {"TICKETCTL_DATABASE": f"sqlite:///{place}/desk.db", "TICKETCTL_CONFIG": str(place / "ticketctl.toml")}
        words = ("init", "--domain", "example.org", "--queue", "Support=support@example.org")
        status = desk.verb(*words, before=before, environment=fresh, allowed=SURE).status
        desk.verb(*words, environment=fresh)
        _whole(desk, fresh["TICKETCTL_DATABASE"], None, f"init after status {status}")
        desk.tally.hold((place / "ticketctl.toml").read_text().count("database"), "an empty configuration file")
        return status

    walk.each(run)
    return {}


def _whole(desk: Desk, url: str, number: str | None, what: str) -> set[str]:
    """A desk without a fault, that has the ticket and a policy; gives its brakes."""
    store = Store(url)
    try:
        problems = fsck(store, contents=True)
        desk.tally.hold(not problems, f"{what}: {problems[:3]}")
        with store.reading() as tx:
            desk.tally.hold("Support" in tx.policy().queues, f"{what}: another policy")
            desk.tally.hold(number is None or tx.resolve(number, None), f"{what}: no ticket {number}")
            return {brake.name for brake in tx.brakes()}
    finally:
        store.close()


TARGETS: dict[str, Target] = {
    "filter": the_filter,
    "reply": reply,
    "note": note,
    "close": close,
    "flush": flush,
    "policy apply": policy,
}
SQLITE_TARGETS: dict[str, Target] = {
    "db backup": backup,
    "init": init,
    "db restore": restore,
}


def walked(place: Place, tally: Tally, targets: dict[str, Target]) -> None:
    """Each target on a desk of its own, with one fault after another."""
    some = list(targets.values())[: place.sizes["WALKED"]]

    def one(target: Target) -> None:
        desk, texts = Desk(place, tally), {}
        for fault in FAULTS:
            texts |= target(desk, Walk(desk, fault, place.sizes["STEP"]))
        desk.audit()
        kept_once(desk, texts)

    with ThreadPoolExecutor(place.sizes["JOBS"]) as pool:
        list(pool.map(one, some))


def of_mail_and_verbs(place: Place, tally: Tally) -> None:
    walked(place, tally, TARGETS)


def of_files(place: Place, tally: Tally) -> None:
    walked(place, tally, SQLITE_TARGETS)
