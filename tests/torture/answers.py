"""SIGKILL between any two steps of an automatic answer: accepting, committing, claiming, rendering, handing over,
stamping; beside another flush; with a template that a new policy broke; while the breaker trips."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from store.killing import counted, ended, killed_at, struck_at
from ticketctl import post
from ticketctl.flush import flush
from ticketctl.intake import Envelope
from ticketctl.receive import receive
from ticketctl.store import AUTO_BRAKE
from ticketctl.ticket import SYSTEM
from torture.desk import KILLED, Desk, letter
from torture.place import Place
from torture.tally import Tally

SUPPORT = Envelope(recipient="support@example.org")
HANDING = {  # where a flush dies while it hands over; whether the mail has gone
    "before it is read": ("kill -9 $PPID; exit 1", False),
    "after it has gone": ('{good} "$@"; kill -9 $PPID', True),
}
WORKS, BREAKS = "Your request has number {{ ticket.number }}.", "{{ 1 // (ticket.title | length) }}"


class _Work:
    """What is killed: in a process of its own, with the store opened there."""

    def __init__(self, desk: Desk, now: datetime | None = None) -> None:
        self.desk, self.now = desk, now
        self.good = desk.home.environment["TICKETCTL_SENDMAIL"]

    def receive(self, raw: bytes, now: datetime | None = None) -> Callable[[], int]:
        """The filter's part. The mail counts as offered; as acknowledged once `taken`."""
        self.desk.offered[hashlib.sha256(raw).hexdigest()] = raw

        def work() -> int:
            with self.desk.store() as store:
                return receive(store, raw, SUPPORT, now or datetime.now(UTC)).status

        return work

    def taken(self, raw: bytes, now: datetime | None = None) -> None:
        """Delivered, perhaps once more, by a process that is let live."""
        self.receive(raw, now)()
        self.desk.acknowledged.add(hashlib.sha256(raw).hexdigest())

    def flush(self, sendmail: str = "") -> Callable[[], int]:
        def work() -> int:
            with self.desk.store() as store:
                with store.reading() as tx:
                    policy = tx.policy()
                flush(store, post.Sendmail(argv=(sendmail or self.good,)), policy, now=datetime.now(UTC))
            return 0

        return work

    def struck(self, n: int, work: Callable[[], int]) -> None:
        self.desk.tally.ended(killed_at(n, work), (0, KILLED), f"killed before word {n}")


def between(place: Place, tally: Tally) -> None:
    """Each mail is there once and answered at most once, wherever filter and flush were killed."""
    desk = Desk(place, tally)
    work, step = _Work(desk), place.sizes["BETWEEN"]
    for n in range(1, counted(work.receive(letter(desk.number()))) + 2, step):
        raw = letter(desk.number())
        work.struck(n, work.receive(raw))
        work.taken(raw)
    work.flush()()
    work.taken(letter(desk.number()))
    for n in range(1, counted(work.flush()) + 2, step):
        work.taken(letter(desk.number()))
        work.struck(n, work.flush())
    for name, (line, gone) in HANDING.items():
        work.flush()()
        work.taken(letter(desk.number()))
        before = len(desk.home.sent())
        tally.ended(killed_at(10**6, work.flush(_script(desk, line.format(good=work.good)))), (KILLED,), name)
        desk.later()
        tally.hold(len(desk.home.sent()) - before == gone, f"handing over, killed {name}: {len(desk.home.sent())}")
    desk.audit()
    _settled(desk)


def beside(place: Place, tally: Tally) -> None:
    """A flush that dies at any step, and one that goes on: each answer leaves at most once."""
    desk = Desk(place, tally)
    work = _Work(desk)
    work.taken(letter(desk.number()))
    for n in range(1, counted(work.flush()) + 2, place.sizes["BETWEEN"]):
        for _ in range(3):
            work.taken(letter(desk.number()))
        pair = [struck_at(n, work.flush()), struck_at(10**6, work.flush())]
        for each, allowed in zip(pair, ((0, KILLED), (0,)), strict=True):
            tally.ended(ended(each), allowed, f"one of two flushes, killed before word {n}")
    desk.audit()
    _settled(desk)


def broken_template(place: Place, tally: Tally) -> None:
    """Answers that were owed when the policy broke their template: shown, not lost, sent once when it is mended."""
    desk = Desk(place, tally)
    work = _Work(desk)
    for n in range(1, 12, place.sizes["BETWEEN"]):
        for _ in range(2):
            work.taken(letter(desk.number()))
        desk.verb("policy", "set", "templates.received.body", BREAKS)
        work.struck(n, work.flush())
        desk.later()
        with desk.reading() as tx:
            waits = {row.id: row.status for row in tx.outbox() if row.mail_class == "auto"}
        tally.hold({*waits.values()} <= {"failed", "unknown"}, f"with a broken template: {waits}")
        desk.verb("policy", "set", "templates.received.body", WORKS)
        before = len(desk.home.sent())
        with desk.store() as store, store.writing(SYSTEM, datetime.now(UTC)) as tx:
            for each in waits:
                tx.retry(each)
        work.flush()()
        tally.hold(len(desk.home.sent()) - before == len(waits), f"mended: {len(desk.home.sent()) - before} left")
    desk.audit()
    _settled(desk)


def breaker(place: Place, tally: Tally) -> None:
    """It trips once, with one notice, wherever the filter that tripped it was killed; the mail is not lost."""
    desk = Desk(place, tally)
    work, now = _Work(desk), datetime.now(UTC) - timedelta(days=90)
    with desk.store() as store, store.writing(SYSTEM, now) as tx:
        held = tx.revision()
        tx.apply(_one_an_hour(held.text), "root", "one an hour", held.n)
    n, last = 1, False
    while not last:
        now += timedelta(hours=3)
        raw = letter(desk.number())
        work.taken(letter(desk.number()), now)
        status = killed_at(n, work.receive(raw, now))
        tally.ended(status, (0, KILLED), f"the breaker, killed before word {n}")
        work.taken(raw, now)
        work.taken(letter(desk.number()), now)
        with desk.store() as store:
            with store.reading() as tx:
                brakes = [brake.name for brake in tx.brakes()]
                lately = Counter(row.mail_class for row in tx.outbox(unsent_only=False) if row.created == now)
            with store.writing(SYSTEM, now) as tx:
                tx.brake(AUTO_BRAKE, False)
        tally.hold(brakes == [AUTO_BRAKE], f"brakes {brakes}")
        tally.hold(lately == {"auto": 1, "notice": 1}, f"owed {dict(lately)}")
        n, last = n + place.sizes["BETWEEN"], status == 0
    desk.audit()


def _one_an_hour(text: str) -> str:
    return text.replace("total-hour = 1000000", "total-hour = 1").replace(
        'logins = ["', 'email = "ada@example.org"\nlogins = ["', 1
    )  # fmt: skip


def _script(desk: Desk, line: str) -> str:
    path: Path = desk.root / "deadly"
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return str(path)


def _settled(desk: Desk) -> None:
    """No answer is owed for ever: each was sent, or nobody knows and it is shown."""
    with desk.reading() as tx:
        rows = [row for row in tx.outbox(unsent_only=False) if row.mail_class == "auto"]
    desk.tally.note("answers", len(rows))
    desk.tally.note("unknown", sum(row.status == "unknown" for row in rows))
    left = {row.id: row.status for row in rows if row.status not in ("sent", "unknown")}
    desk.tally.hold(not left, f"answers that are neither sent nor unknown: {left}")
