"""A desk under torture: what was offered to it, what it acknowledged, and at the end what it holds.

What must be true after any fault (mail-rules section 1): every mail that was acknowledged with 0 is there with its
bytes; after redelivery of the others each is there once, and is answered automatically at most once; what an agent
wrote and was told is kept, is kept once, and is sent under one Message-ID; fsck finds nothing.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from msgspec import Struct

from system.home import Home
from ticketctl import post
from ticketctl.flush import flush
from ticketctl.intake import Envelope
from ticketctl.receive import receive
from ticketctl.store import Reader, Store
from torture.place import Place
from torture.tally import KILLED, Tally

FILTER = "ticketctl-postmaster"
TO_SUPPORT = ("--recipient", "support@example.org")
NO_LIMITS = """\
[desk.auto-limits]
per-address-hour = 1000000
per-address-day = 1000000
per-domain-hour = 1000000
total-hour = 1000000
"""
LATER = (timedelta(minutes=20), timedelta(hours=6))  # when a claim is stale, and when what was put off is due


class Ended(Struct, frozen=True):
    """How a program ended."""

    status: int
    out: bytes
    err: bytes


def letter(number: int, **headers: str) -> bytes:
    """A made-up mail of a sender of its own, so that no counter of G13 is full."""
    lines = {
        "From": f"Carla <carla{number}@customer{number}.test>",
        "To": "support@example.org",
        "Subject": f"Printer {number}",
        "Message-ID": f"<{number}.made.up@customer{number}.test>",
        "Date": "Mon, 23 Nov 2026 08:00:00 +0100",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return f"{head}\nIt burns, says {number}.\n".encode() + b"Smoke. " * (number % 1500) + b"\n"


class Desk:
    """`offer` a mail to the filter, work with a `verb`, then `audit`."""

    def __init__(
        self, place: Place, tally: Tally, *, root: Path | None = None, agents: int = 2,
        wrapped: Callable[[list[str]], list[str]] = lambda command: command,
    ) -> None:  # fmt: skip
        self.tally = tally
        self.root = root or place.folder()
        self.url = place.give(self.root / "desk.db")
        self.home = Home(
            self.root, lambda name: wrapped(place.program(name)), agents=agents, url=self.url, desk=NO_LIMITS,
            queue='auto-reply = "received"',
        )  # fmt: skip
        self.offered: dict[str, bytes] = {}  # by SHA-256
        self.acknowledged: set[str] = set()
        self._guard = threading.Lock()
        self._last = 0

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The desk's database, from this process, which keeps no connection open while programs run."""
        opened = Store(self.url)
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A look at it."""
        with self.store() as store, store.reading() as tx:
            yield tx

    def number(self) -> int:
        """A new one, for a mail or a text of its own."""
        with self._guard:
            self._last += 1
            return self._last

    # what is done to it

    def program(
        self,
        name: str,
        *words: str,
        stdin: bytes = b"",
        before: Sequence[str] = (),
        kill_after: float | None = None,
        environment: dict[str, str] | None = None,
        timeout: float = 200,
        **options: Any,
    ) -> Ended:
        """A real program to its end, or killed after so many seconds. `before`: what runs it (strace, a shell)."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [*before, *self.home.program(name), *words]
        env = self.home.environment | (environment or {})
        running = subprocess.Popen(command, env=env, **{**pipes, **options})
        stop = threading.Timer(kill_after, running.kill) if kill_after is not None else None
        if stop:
            stop.start()
        try:
            out, err = running.communicate(stdin if running.stdin else None, timeout=timeout)
        except subprocess.TimeoutExpired:
            running.kill()
            out, err = running.communicate()
            self.tally.hold(False, f"{name} {' '.join(words)}: not done after {timeout} s")
        finally:
            if stop:
                stop.cancel()
        return Ended(running.returncode, out or b"", err or b"")

    def offer(self, raw: bytes, *options: str, allowed: Collection[int] = (0, 75), **how: Any) -> Ended:
        """One mail to the filter; 0 is an acknowledgement."""
        key = hashlib.sha256(raw).hexdigest()
        with self._guard:
            self.offered[key] = raw
        ended = self.program(FILTER, *TO_SUPPORT, *options, stdin=raw, **how)
        self.tally.ended(ended.status, allowed, f"{FILTER}{_how(how)}", ended.err)
        if ended.status == 0:
            with self._guard:
                self.acknowledged.add(key)
        return ended

    def verb(self, *words: str, allowed: Collection[int] = (0,), **how: Any) -> Ended:
        """A verb."""
        ended = self.program("ticketctl", *words, **how)
        self.tally.ended(ended.status, allowed, f"ticketctl {' '.join(words)[:80]}{_how(how)}", ended.err)
        return ended

    def ticket(self) -> str:
        """The number of a new ticket, made in this process: nothing of it is under test."""
        raw = letter(self.number())
        with self.store() as store:
            done = receive(store, raw, Envelope(recipient="support@example.org"), datetime.now(UTC))
        key = hashlib.sha256(raw).hexdigest()
        with self._guard:
            self.offered[key] = raw
            self.acknowledged.add(key)
        return str(done.number)

    # what it holds

    def holds(self, number: str, text: str) -> int:
        """How many articles of the ticket have the text."""
        with self.reading() as tx:
            (ticket,) = tx.resolve(number, None)
            return sum(bool(re.search(rf"\b{re.escape(text)}\b", article.body)) for article in tx.articles(ticket))

    def redeliver(self) -> None:
        """What was not acknowledged comes again, as mail systems do."""
        for key in self.offered.keys() - self.acknowledged:
            self.offer(self.offered[key], allowed=(0,))

    def drain(self) -> None:
        """All owed mail leaves: now by the program, later by the clock of this process."""
        self.verb("flush")
        self.later()

    def later(self) -> None:
        """Time goes by: what was left behind or put off is due."""
        for wait in LATER:
            with self.reading() as tx:
                policy = tx.policy()
            sendmail = (self.home.environment["TICKETCTL_SENDMAIL"],)
            with self.store() as store:
                flush(store, post.Sendmail(argv=sendmail), policy, now=datetime.now(UTC) + wait, limit=100_000)

    def audit(self, *, drain: bool = True) -> None:
        """Redelivers, drains, and says what is lost, what is twice, what is wrong."""
        self.redeliver()
        if drain:
            self.drain()
        self._letters()
        self._answers()
        self.whole()

    def whole(self) -> None:
        """fsck finds nothing."""
        ended = self.program("ticketctl", "fsck", "--contents")
        self.tally.hold(ended.status == 0, f"fsck: {ended.out.decode()[:500]} {ended.err.decode()[:500]}")

    def _letters(self) -> None:
        """Each mail is one letter with its own bytes, and that letter is one article, or held."""
        with self.reading() as tx:
            letters = tx.letters(held_only=False)
            counts = Counter(each.raw_sha256 for each in letters)
            places = Counter((each.ticket, each.n) for each in letters if each.ticket is not None)
            for key, raw in self.offered.items():
                if not counts[key] or tx.raw(key) != raw:
                    self.tally.lost.append(f"mail {key[:12]} ({raw[:60]!r})")
                if counts[key] > 1:
                    self.tally.twice.append(f"mail {key[:12]} is {counts[key]} letters")
            self.tally.twice += [f"article {place} is {count} letters" for place, count in places.items() if count > 1]
            from_mail = sum(
                article.mail is not None for each in {place[0] for place in places} for article in tx.articles(each)
            )
            self.tally.hold(from_mail == len(places), f"{from_mail} articles of {len(places)} letters")
            strangers = counts.keys() - self.offered.keys()
            self.tally.hold(not strangers, f"{len(strangers)} letters that nobody sent")

    def _answers(self) -> None:
        """An automatic answer at most once for each mail; what else left, under one Message-ID for each text."""
        autos, texts = Counter[str](), {}
        for raw in self.home.sent():
            message = message_from_bytes(raw)
            if message["Auto-Submitted"] == "auto-replied":
                autos[str(message["To"])] += 1
            for text in re.findall(rb"Answer \d+", raw):
                texts.setdefault(text, set()).add(message["Message-ID"])
        self.tally.twice += [f"{count} automatic answers to {to}" for to, count in autos.items() if count > 1]
        self.tally.twice += [f"{text!r} left under {len(ids)} ids" for text, ids in texts.items() if len(ids) > 1]
        self.tally.note("answered", len(autos))
        self.sent_texts = {text.decode() for text in texts}


def _how(how: dict[str, Any]) -> str:
    """What was done to the program, in words."""
    before, kill = how.get("before") or (), how.get("kill_after")
    words = f" [{' '.join(before)[-90:]}]" if before else ""
    return words if kill is None else f"{words} [killed after {kill:.3f} s]"


__all__ = ["KILLED", "Desk", "Ended", "letter"]
