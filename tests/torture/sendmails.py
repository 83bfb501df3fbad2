"""A sendmail that hangs, lies, dies, floods, does not listen, leaves children; and two flushes at once."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

from ticketctl import post
from ticketctl.flush import flush
from torture.desk import KILLED, Desk
from torture.kills import kept_once
from torture.place import Place
from torture.tally import Tally

# What it does ({good} is one that keeps the mail); whether an agent's answer, and an automatic one, leave in the end.
MANNERS: dict[str, tuple[str, bool, bool]] = {
    "swallows": ("exit 0", False, False),  # nobody can know
    "sends and says 75": ('{good} "$@"; exit 75', True, True),
    "dies": ("kill -9 $$", True, False),
    "dies after it has sent": ('{good} "$@"; kill -9 $$', True, True),
    "does not listen": ("exec 0<&-; exit 75", True, False),
    "floods": ('{good} "$@"; head -c {flood}M /dev/zero | tr "\\0" "x" >&2', True, True),
    "leaves a child with its pipes": ('{good} "$@"; sleep 15 & exit 0', True, True),
    "is not there": ("", True, True),
    "says more than a line": ("echo 5.1.1 no such user >&2; printf '\\033[2J' >&2; exit 75", True, False),
    "kills who called it": ('{good} "$@"; kill -9 $PPID', True, True),
    "hangs": ("exec sleep 600", True, False),
}


def manners(place: Place, tally: Tally) -> None:
    """Each with an agent's answer and an automatic one; then a good sendmail, and time goes by."""
    desk, texts = Desk(place, tally), {}
    good = desk.home.environment["TICKETCTL_SENDMAIL"]
    for name, (line, agents, autos) in MANNERS.items():
        before = {*desk.home.sent_folder.iterdir()}
        bad = desk.root / "bad"
        bad.write_text(f"#!/bin/sh\n{line.format(good=good, flood=place.sizes['FLOOD'])}\n")
        bad.chmod(0o755 if line else 0o644)
        number, text = desk.ticket(), f"Answer {desk.number()}"
        desk.verb("reply", number, "-m", text, "-y", "--queue-only")
        begun = time.monotonic()
        if name == "hangs" and not place.sizes.long:  # the program has more patience than the short form
            _flushed(desk, bad, place.sizes["HANG"])
        else:
            ends = (KILLED,) if name == "kills who called it" else (0, 69)
            desk.verb("flush", environment={"TICKETCTL_SENDMAIL": str(bad)}, allowed=ends, timeout=400)
        spent, limit = time.monotonic() - begun, 2 * place.sizes["HANG"] + 20 if name == "hangs" else 60
        tally.hold(spent < limit, f"{name}: {spent:.0f} s")
        desk.later()
        _left(desk, name, {*desk.home.sent_folder.glob("*.eml")} - before, agents=agents, autos=autos)
        if agents:
            texts[text] = number
    desk.audit()
    kept_once(desk, texts)


def _flushed(desk: Desk, sendmail: Path, timeout: float) -> None:
    with desk.store() as store:
        with store.reading() as tx:
            policy = tx.policy()
        report = flush(store, post.Sendmail(argv=(str(sendmail),)), policy, now=datetime.now(UTC), timeout=timeout)
    desk.tally.ended(69 if report.unavailable else 0, (0,), "flush")


def _left(desk: Desk, name: str, files: set[Path], *, agents: bool, autos: bool) -> None:
    """What a manner lets through has left, under one Message-ID each; the rest has not.

    A lie makes a second copy of an agent's answer, under the same Message-ID, and never one of an automatic one (G5).
    """
    sent = [message_from_bytes(path.read_bytes()) for path in files]
    copies = Counter((message["Auto-Submitted"] or "agent", message["Message-ID"]) for message in sent)
    kinds = Counter(kind for kind, _ in copies)
    wanted = Counter({"agent": 1} if agents else {}) + Counter({"auto-replied": 1} if autos else {})
    desk.tally.hold(kinds == wanted, f"{name}: left {dict(kinds)}")
    of_autos = sum(count - 1 for (kind, _), count in copies.items() if kind == "auto-replied")
    desk.tally.hold(not of_autos, f"{name}: {of_autos} automatic answers too many")
    desk.tally.note("second copies", sum(copies.values()) - len(copies))
    with desk.reading() as tx:
        waits = [row.id for row in tx.outbox() if row.mail_class == "auto" and row.status not in ("sent", "unknown")]
    desk.tally.hold(not waits, f"{name}: automatic answers that are neither sent nor unknown: {waits}")


def two_flushes(place: Place, tally: Tally) -> None:
    """Mails that are owed, and two that send at once: each leaves once."""
    desk = Desk(place, tally)
    texts = {}
    for _ in range(place.sizes["OWED"] // 2):  # an automatic answer and an agent's on each
        number, text = desk.ticket(), f"Answer {desk.number()}"
        desk.verb("reply", number, "-m", text, "-y", "--queue-only")
        texts[text] = number
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: desk.verb("flush", timeout=400), range(2)))
    copies = Counter(message_from_bytes(raw)["Message-ID"] for raw in desk.home.sent())
    tally.hold(len(copies) == 2 * len(texts), f"{len(copies)} mails of {2 * len(texts)} left")
    tally.twice += [f"{each} left {count} times" for each, count in copies.items() if count > 1]
    desk.audit()
    kept_once(desk, texts)
