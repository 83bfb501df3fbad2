"""A small world of mail with a clock of its own: desks of ours, responders, gateways, and what each has sent.

Desks are real (decide, store, flush on SQLite); only the far end of sendmail is made up, and everybody else.
"""

from __future__ import annotations

import heapq
import itertools
import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from store.conftest import NOW, reply
from ticketctl.change import StateSet, Taken
from ticketctl.change.step import Owed
from ticketctl.flush import flush
from ticketctl.intake import Envelope
from ticketctl.post import Sendmail
from ticketctl.receive import receive
from ticketctl.store import Store
from ticketctl.ticket import SYSTEM, Actor, State, message_id, token

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANSWERS = ("auto-reply", "auto-follow-up", "auto-reject", "auto-new-ticket")
POLICY = """
[desk]
name = "Desk of {domain}"
domain = "{domain}"
system-id = "{system}"
{desk}
[queues.Raw]
[queues.Support]
addresses = ["support@{domain}"]
{queue}
[agents.anna]
email = "anna@{domain}"
logins = ["anna"]
admin = true
roles = ["all"]
[roles.all.queues]
"*" = ["rw"]
[templates.received]
kind = "auto"
subject = "We have your mail"
body = "{text}"
"""
SAME = "Your number is {{ ticket.number }}."  # but for the number
NEW = "It is {{ now }}: your number is {{ ticket.number }}."
SENDMAIL = '#!/bin/sh\nprintf "%s\\n" "$2" "$4" > {spool}/$$.to\nexec cat > {spool}/$$.eml\n'


class Post(Struct, frozen=True, kw_only=True):
    """A mail on its way."""

    sender: str  # envelope; "": the null sender
    recipient: str
    raw: bytes


Gateway = Callable[[Post], Post]


class Machine(Protocol):
    """Who gets the mail of a domain."""

    def take(self, world: World, post: Post) -> None: ...


class World:
    """Mail takes a minute. `sent` counts what each machine has sent, by name, in all; `to` by recipient."""

    def __init__(self) -> None:
        self.now = NOW
        self.machines: dict[str, Machine] = {}
        self.gateways: dict[str, Gateway] = {}  # by the domain whose outgoing mail goes through it
        self.sent: Counter[str] = Counter()
        self.to: Counter[str] = Counter()
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._serial = itertools.count()

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._serial), act))

    def send(self, origin: str, post: Post, after: timedelta = MINUTE) -> None:
        """From the machine of that domain, through its gateway where it has one."""
        self.sent[origin] += 1
        self.to[post.recipient] += 1
        carried = self.gateways.get(origin, lambda same: same)(post)
        machine = self.machines.get(carried.recipient.rpartition("@")[2])
        if machine is not None:
            self.at(self.now + after, lambda: machine.take(self, carried))

    def run(self, days: float) -> bool:
        """Lets time go by; True where nothing is on its way any more."""
        end = self.now + timedelta(days=days)
        while self._due and self._due[0][0] <= end:
            self.now, _, act = heapq.heappop(self._due)
            act()
        self.now = end
        return not self._due


class Ticketctl:
    """A desk of ours, whose flush runs every minute."""

    def __init__(self, root: Path, base: Path, domain: str, queue: str, desk: str = "", text: str = SAME) -> None:
        self.domain, self.spool = domain, root / f"{domain}.spool"
        self.spool.mkdir()
        shutil.copy(base, root / f"{domain}.db")
        self.store = Store(f"sqlite:///{root / domain}.db")
        with self.store.writing(SYSTEM, NOW) as tx:
            system = 10 + ord(domain[0]) % 26  # numbers of its own: another desk's mean nothing
            said = POLICY.format(domain=domain, queue=queue, desk=desk, text=text, system=system)
            tx.apply(said, "root", "a test", 0)
            self.policy = tx.current()
        sendmail = root / f"{domain}.sendmail"
        sendmail.write_text(SENDMAIL.format(spool=self.spool))
        sendmail.chmod(0o755)
        self.way = Sendmail(argv=(str(sendmail),))
        self._awake = False

    def take(self, world: World, post: Post) -> None:
        if post.recipient == f"support@{self.domain}":  # agents have mailboxes of their own
            receive(self.store, post.raw, Envelope(recipient=post.recipient, sender=post.sender), world.now)
            self.wake(world)

    def wake(self, world: World) -> None:
        """Cron does so once a minute."""
        if not self._awake:
            self._awake = True
            world.at(world.now + MINUTE, lambda: self._flush(world))

    def _flush(self, world: World) -> None:
        self._awake = False
        flush(self.store, self.way, self.policy, now=world.now)
        for path in self.spool.glob("*.eml"):
            addresses = path.with_suffix(".to")
            sender, recipient = addresses.read_text().split()
            world.send(self.domain, Post(sender=sender.strip("<>"), recipient=recipient, raw=path.read_bytes()))
            path.unlink()
            addresses.unlink()

    def answer(self, world: World, ticket: int, *, then_close: bool = False) -> None:
        """An agent answers the customer of a ticket."""
        mark = token()
        with self.store.writing(Actor(agent="anna"), world.now) as tx:
            one = tx.tickets([ticket])[0]
            own, to = message_id(mark, one.number, self.domain), str(one.customer.address)
            support = f"support@{self.domain}"
            raw = letter(support, to, f"[Ticket#{one.number}] Hello", "Is it plugged in?", Message_ID=own)
            owed = Owed(mail_class="agent", audience="customer", token=mark, message_id=own, sender=support,
                        recipients=(to,))  # fmt: skip
            steps: list[Any] = [] if one.owner == "anna" and one.locked else [Taken(owner="anna")]
            steps += [reply(one.articles + 1, owed, raw=raw)]
            tx.change(ticket, *steps, *([StateSet(state=State.CLOSED_SUCCESSFUL)] if then_close else []))
        self.wake(world)

    def count(self, mail_class: str) -> int:
        """Mails of that class that were ever owed."""
        with self.store.reading() as tx:
            return sum(row.mail_class == mail_class for row in tx.outbox(unsent_only=False))

    def kinds(self) -> Counter[str]:
        """Of the letters that came."""
        with self.store.reading() as tx:
            return Counter(row.kind for row in tx.letters(held_only=False))


class Responder:
    """Answers every mail, or once in `silent_for` to an address: to From, whatever the mail says of itself.

    Without headers that give it away, with a new subject and no references, in the same words unless `varied`; each
    time from another address where `many`.
    """

    def __init__(
        self, domain: str, *, marks: dict[str, str] | None = None, silent_for: timedelta | None = None,
        after: timedelta = MINUTE, varied: bool = False, many: bool = False,
    ) -> None:  # fmt: skip
        self.domain, self.marks, self.silent_for, self.after = domain, marks or {}, silent_for, after
        self.varied, self.many = varied, many
        self._told: dict[str, datetime] = {}
        self._serial = itertools.count(1)

    def take(self, world: World, post: Post) -> None:
        to = parseaddr(message_from_bytes(post.raw)["From"])[1]
        last = self._told.get(to)
        if self.silent_for is not None and last is not None and world.now - last < self.silent_for:
            return
        self._told[to] = world.now
        n = next(self._serial)
        own = f"bot{n}@{self.domain}" if self.many else post.recipient
        text = "Thank you, we look into it." + (f" It is {world.now:%c}." if self.varied else "")
        raw = letter(own, to, f"Thank you, the {n}.", text, **self.marks)
        world.send(self.domain, Post(sender=own, recipient=to, raw=raw), self.after)


class Alias:
    """Passes everything on to one address, as it is or through a gateway."""

    def __init__(self, domain: str, to: Sequence[str], gateway: Gateway = lambda same: same) -> None:
        self.domain, self.recipients, self.gateway = domain, to, gateway

    def take(self, world: World, post: Post) -> None:
        for each in self.recipients:
            world.send(self.domain, replace(self.gateway(post), recipient=each))


_serial = itertools.count(1)


def letter(sender: str, to: str, subject: str, text: str, **headers: str) -> bytes:
    """A made-up mail."""
    fields = {"From": sender, "To": to, "Subject": subject, "Date": "Mon, 23 Nov 2026 08:00:00 +0100",
              "Message-ID": f"<{next(_serial)}.made.up@{sender.rpartition('@')[2]}>"}  # fmt: skip
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{name}: {value}\n" for name, value in fields.items()) + f"\n{text}\n").encode()


def stripped(*, ids: bool) -> Gateway:
    """A broken gateway: it takes Auto-Submitted, Precedence and X-* off and puts From in the place of the null sender.

    `ids`: it writes Message-IDs of its own, too, and forgets what was answered.
    """

    def carry(post: Post) -> Post:
        message = message_from_bytes(post.raw)
        lost = [name for name in message if re.match(r"(?i)x-|auto-submitted|precedence", name)]
        lost += ["Message-ID", "In-Reply-To", "References"] if ids else []
        for name in lost:
            del message[name]
        if ids:
            message["Message-ID"] = f"<{next(_serial)}@gateway.test>"
        return replace(post, sender=post.sender or parseaddr(message["From"])[1], raw=message.as_bytes())

    return carry
