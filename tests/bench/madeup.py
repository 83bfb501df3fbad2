"""A made-up desk of any size: the same one for the same size, whoever makes it.

Most tickets are closed; some thousands are live (a third of a small desk), the newest ones mostly, in every state,
with owners, locks, priorities, deadlines. Customers have a long tail. Whatever the size, PLANTED tickets have what
hardly any other has (a domain, a tag, a kind of mail), some mail is not sent, some letters are held, and anna owns as
many.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from ticketctl.change import (
    Answered,
    ArticleAdded,
    Change,
    Created,
    DeliveryFailed,
    Moved,
    Prioritised,
    Sent,
    StateSet,
    Tagged,
    Taken,
)
from ticketctl.change.step import Owed, Step
from ticketctl.intake.value import Asks, Decision, Envelope, message_id_key
from ticketctl.letter.value import Letter
from ticketctl.store import number as numbers
from ticketctl.store.bulk import Arrival, Event, Held, Story
from ticketctl.ticket import POSTMASTER, SYSTEM, Actor, Address, Article, Kind, Priority, State, message_id

BEGUN, ENDED = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)
QUEUES = ("Raw", "Support", "Support::Europe", "Support::Asia", "Sales", "Sales::Europe", "Billing", "Junk")
AGENTS = ("anna", *(f"agent{n}" for n in range(1, 13)))
RECENT = 12_000  # tickets, of which a third are live
PLANTED, OWN, UNSENT, HELD = 3, 200, 20, 15
_TEXT = (
    "printer network paper invoice account password screen server delivery order refund update window door lamp cable "
    "battery keyboard license contract meeting holiday garden bicycle travel ticket coffee bread water river mountain"
)
_WORDS = _TEXT.split()
_STATES = {
    State.NEW: 30, State.OPEN: 45, State.PENDING_REMINDER: 15, State.PENDING_AUTO_CLOSE: 7,
    State.PENDING_AUTO_CLOSE_UNSUCCESSFUL: 3,
}  # fmt: skip

POLICY = """
[desk]
name = "Made-up Help Desk"
domain = "example.org"
default-queue = "Raw"
recipient-delimiter = "+"
{queues}
{agents}
[roles.all.queues]
"*" = ["rw"]
[templates.received]
kind = "auto"
subject = "We have your mail"
body = "Your request has number {{{{ ticket.number }}}}."
"""


def policy(login: str) -> str:
    """The desk's policy; `login` is that of anna, its admin."""
    queues = "".join(
        f'[queues."{name}"]\naddresses = ["{name.lower().replace("::", "-")}@example.org"]\n'
        f'{"auto-reply" if name == "Support" else "#"} = "received"\n'
        for name in QUEUES
    )
    agents = "".join(
        f'[agents.{name}]\nname = "{name.title()}"\nemail = "{name}@example.org"\nroles = ["all"]\n'
        f'logins = ["{login if name == "anna" else name}"]\nadmin = {str(name == "anna").lower()}\n'
        f'my-queues = ["{"Support" if name == "anna" else "Sales"}"]\n'
        for name in AGENTS
    )
    return POLICY.format(queues=queues, agents=agents)


def desk(size: int, first: int = 1) -> Iterator[Story]:
    """The stories of a desk of `size` tickets, and its held letters; `first` is the id of the first."""
    for n in range(size):
        yield lambda ticket_id, n=n: _Ticket(ticket_id, n, size).story()
    yield from (Held(at=ENDED, arrival=_held(n)) for n in range(HELD if first == 1 else 0))


def _held(n: int) -> Arrival:
    letter = _letter(f"held{n}", Address(address=f"held{n}@odd.example"), "odd", f"Held {n}\n", (), ENDED)
    return _arrival(letter, "Raw", Decision(verdict="held", queue="Raw", held="a fault of ours: made up"))


def _token(seed: str) -> str:
    return base64.b32encode(hashlib.sha256(seed.encode()).digest()[:16]).decode().rstrip("=").lower()


def _letter(name: str, author: Address, subject: str, body: str, references: tuple[str, ...], at: datetime) -> Letter:
    mark = f"<{name}@mail.example>"
    said = "".join(f"{key}: {value}\n" for key, value in (
        ("From", author.address), ("To", "support@example.org"), ("Subject", subject), ("Message-ID", mark),
        ("References", " ".join(references)), ("Date", at.isoformat()),
    ))  # fmt: skip
    raw = f"{said}\n{body}".encode()
    return Letter(raw=raw, sha256=hashlib.sha256(raw).hexdigest(), author=author, subject=subject, message_id=mark,
                  in_reply_to=references[-1:], references=references, text=body)  # fmt: skip


def _arrival(letter: Letter, queue: str, decision: Decision) -> Arrival:
    ids = tuple(dict.fromkeys(message_id_key(each) for each in letter.references[::-1]))
    asks = Asks(key=f"{queue}\n{letter.sha256}", content=letter.sha256, message_id=letter.message_id, ids=ids)
    envelope = Envelope(recipient=f"{queue.lower()}@example.org", sender=letter.author.address)
    return Arrival(letter=letter, envelope=envelope, decision=decision, asks=asks)


class _Ticket:
    """One ticket's story, told step by step."""

    def __init__(self, ticket_id: int, n: int, size: int) -> None:
        self.id, self.n = ticket_id, n
        self.random = Random(n)
        chance = self.random.random
        self.born = self.at = BEGUN + (ENDED - BEGUN) * (n / size)
        self.number = numbers.number("date-checksum", ticket_id, day=self.born.date(), system_id="10",
                                     draw=self.random.randrange)  # fmt: skip
        self.planted = n in {(i + 1) * size // (PLANTED + 1) for i in range(PLANTED)}
        recent = n >= size - RECENT
        self.live = not self.planted and chance() < (0.35 if recent else 500 / size)
        own = n >= size - OWN and self.live
        self.owner = "anna" if own and chance() < 0.5 else self.random.choice(AGENTS[1:])
        self.queue = self.random.choices(QUEUES, (5, 40, 10, 5, 20, 10, 9, 1))[0]
        tail = int(max(20, size / 4) * chance() ** 3)
        domain = "rare.example" if self.planted else f"c{int(tail ** 0.7)}.example"
        self.customer = Address(address=f"kim{tail}@{domain}", name=f"Kim {tail}")
        self.title = " ".join(self.random.choices(_WORDS, k=4))
        self.articles, self.ids = 0, ()
        self.unsent = size - n <= UNSENT

    def story(self) -> Iterator[Event]:
        r, agent = self.random, Actor(agent=self.owner, uid=1000)
        yield self._does(self._created(), POSTMASTER)
        yield self._customer()
        if self.planted:
            yield self._customer(Kind.FEEDBACK)
            yield self._does(Tagged(added=("rare",)), agent)
        if r.random() < 0.3:
            yield from self._answer()
        state = r.choices([*_STATES], [*_STATES.values()])[0] if self.live else None
        if state is not State.NEW:
            yield from self._worked(agent)
        if r.random() < 0.1:
            yield self._does(Prioritised(priority=r.choice([*Priority])), SYSTEM)
        if r.random() < 0.05:
            yield self._does(Tagged(added=tuple(sorted(r.sample(("vip", "bug", "later"), 2)))), agent)
        yield from self._ended(state, agent)

    def _worked(self, agent: Actor) -> Iterator[Event]:
        r = self.random
        if r.random() < 0.05:
            self.queue = r.choice(QUEUES[:-1])
            yield self._does(Moved(queue=self.queue), agent)
        yield self._does(Taken(owner=self.owner), agent)
        yield self._does(StateSet(state=State.OPEN), agent)
        for _ in range(r.choices((0, 1, 2, 3), (25, 45, 20, 10))[0]):
            kind = r.random()
            if kind < 0.5:
                yield from self._reply(agent)
            elif kind < 0.85:
                yield self._customer()
            else:
                yield self._note(agent)

    def _ended(self, state: State | None, agent: Actor) -> Iterator[Event]:
        if state is None:
            good = self.random.random() < 0.9
            closed = State.CLOSED_SUCCESSFUL if good else State.CLOSED_UNSUCCESSFUL
            yield self._does(StateSet(state=closed), agent)
        elif state not in (State.NEW, State.OPEN):
            until = self.at + timedelta(days=self.random.randrange(-20, 20))
            yield self._does(StateSet(state=state, pending_until=until), agent)

    def _created(self) -> Created:
        due = self.born + timedelta(days=self.random.randrange(1, 30)) if self.random.random() < 0.4 else None
        return Created(id=self.id, number=self.number, title=self.title, queue=self.queue, state=State.NEW,
                       customer=self.customer, solution_due=due)  # fmt: skip

    def _does(self, change: Change, actor: Actor) -> Event:
        self.at += timedelta(minutes=self.random.randrange(1, 90))
        return Event(at=self.at, step=Step(change=change), actor=actor)

    def _body(self) -> str:
        return " ".join(self.random.choices(_WORDS, k=40)) + f" {self.n}\n"

    def _customer(self, kind: Kind = Kind.PERSONAL) -> Event:
        """A mail of the customer's: a new one, or an answer to all that was said."""
        references = self.ids or ((f"<lost{self.n}@mail.example>",) if self.random.random() < 0.2 else ())
        letter = _letter(f"{self.n}.{self.articles}", self.customer, self.title, self._body(), references, self.at)
        verdict = "follow-up" if self.articles else "new"
        arrival = _arrival(letter, self.queue, Decision(verdict=verdict, queue=self.queue, kind=kind))
        self.ids = (*self.ids, str(letter.message_id))
        article = self._article("customer", self.customer, kind=kind, body=letter.text, message_id=letter.message_id,
                                references=references)  # fmt: skip
        return Event(at=self.at, step=_added(article), actor=POSTMASTER, arrival=arrival)

    def _reply(self, agent: Actor) -> Iterator[Event]:
        """An agent's mail, and that it went out; the desk's last ones are still owed, or failed."""
        fresh, to = _token(f"{self.n}.{self.articles}"), str(self.customer.address)
        mark = message_id(fresh, self.number, "example.org")
        self.ids = (*self.ids, mark)
        article = self._article("agent", Address(address="support@example.org", name=self.owner), body=self._body(),
                                message_id=mark)  # fmt: skip
        owed = Owed(mail_class="agent", audience="customer", token=fresh, message_id=mark, recipients=(to,),
                    sender="support@example.org", subject=f"[Ticket#{self.number}] {self.title}")  # fmt: skip
        raw = f"Message-ID: {mark}\nTo: {to}\nSubject: {owed.subject}\n\n{article.body}".encode()
        yield Event(at=self.at, actor=agent, step=_added(article, raw=raw, owed=(owed,)))
        if not self.unsent:
            yield self._does(self._went(article.n, to), SYSTEM)

    def _went(self, n: int, to: str) -> Change:
        if self.n % 997 == 0:
            return DeliveryFailed(n=n, recipient=to, code="5.1.1", permanent=True, why="no such user")
        return Sent(n=n, recipient=to)

    def _answer(self) -> Iterator[Event]:
        fresh, to = _token(f"auto{self.n}"), str(self.customer.address)
        owed = Owed(mail_class="auto", audience="auto", token=fresh, sender="", recipients=(to,),
                    message_id=message_id(fresh, self.number, "example.org"),
                    plan={"answer": "auto-reply", "template": "received", "ticket": self.id, "article": 1})  # fmt: skip
        change = Answered(answer="auto-reply", template="received", recipient=to)
        yield Event(at=self.at, actor=POSTMASTER, step=Step(change=change, owed=(owed,)))
        yield self._does(Sent(n=0, recipient=to), SYSTEM)

    def _note(self, agent: Actor) -> Event:
        article = self._article("agent", Address(name=self.owner), channel="note", visible=False, body=self._body())
        return Event(at=self.at, actor=agent, step=_added(article))

    def _article(self, sender: str, author: Address, **fields: object) -> Article:
        self.articles += 1
        self.at += timedelta(minutes=self.random.randrange(1, 600))
        given = {"channel": "email", "visible": True, "subject": self.title} | fields
        return Article(n=self.articles, sender_type=sender, author=author, received=self.at, **given)  # type: ignore[arg-type]  # as given


def _added(article: Article, *, raw: bytes | None = None, owed: tuple[Owed, ...] = ()) -> Step:
    change = ArticleAdded(
        n=article.n, channel=article.channel, sender_type=article.sender_type, visible=article.visible,
        kind=article.kind, author=article.author.address, subject=article.subject, message_id=article.message_id,
    )  # fmt: skip
    return Step(change=change, article=article, raw=raw, owed=owed)
