"""Factories with defaults: a desk in tmp_path, letters, articles, mail we owe."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servers import cast, rows
from ticketctl.change import ArticleAdded, Change, Created
from ticketctl.change.step import Owed, Step
from ticketctl.intake.value import Asks, Decision, Envelope
from ticketctl.letter.value import Letter
from ticketctl.store import Store, Writer
from ticketctl.ticket import POSTMASTER, SYSTEM, Actor, Address, Article, Kind, State, Ticket

NOW = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ANNA = Actor(agent="anna", uid=1000)
BERT = Actor(agent="bert", uid=1001)
CARLA = Actor(agent="carla", uid=1002)

POLICY = """
[desk]
name = "Example Help Desk"
domain = "example.org"
timezone = "Europe/Paris"
[queues.Raw]
addresses = ["raw@example.org"]
[queues.Support]
addresses = ["support@example.org"]
[queues."Support::Europe"]
addresses = ["europe@example.org"]
[agents.anna]
name = "Anna Martin"
email = "anna@example.org"
logins = ["anna"]
admin = true
roles = ["all"]
[agents.bert]
name = "Bert"
email = "bert@example.org"
logins = ["bert"]
roles = ["all"]
[agents.carla]
name = "Carla"
email = "carla@example.org"
logins = ["carla"]
roles = ["reader"]
[roles.all.queues]
"*" = ["rw"]
[roles.reader.queues]
Support = ["ro", "note"]
"""

_serial = itertools.count(1)
MakeTicket = Callable[..., Ticket]



def make_store(where: Path | str, text: str = POLICY, **options: Any) -> Store:
    """A desk at that URL, or in that SQLite file."""
    store = Store.create(where if isinstance(where, str) else f"sqlite:///{where}", **options)
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(text, "root", "first", 0)
    return store


def quick_store(where: str, text: str = POLICY) -> Store:
    """The same in a new place, where how it is made is of no interest."""
    cast(where)
    store = Store(where)
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(text, "root", "first", 0)
    return store


@pytest.fixture
def store(place: Callable[[Path], str], tmp_path: Path) -> Iterator[Store]:
    made = quick_store(place(tmp_path / "desk.db"))
    yield made
    made.close()


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the transport's own."""
    return rows(str(store.url))


@pytest.fixture
def ticket(store: Store) -> MakeTicket:
    """Makes a ticket: its fields, and steps after Created."""

    def make(*steps: Step | Change, now: datetime = NOW, actor: Actor = POSTMASTER, **fields: Any) -> Ticket:
        with store.writing(actor, now) as tx:
            return opened(tx, *steps, **fields)

    return make


def opened(tx: Writer, *steps: Step | Change, **fields: Any) -> Ticket:
    ticket_id, number = tx.number(tx.current().desk)
    given: dict[str, Any] = {
        "title": "printer", "queue": "Raw", "state": State.NEW, "customer": Address(address="Kim@Customer.example"),
    }  # fmt: skip
    return tx.change(None, Created(id=ticket_id, number=number, **(given | fields)), *steps)


def token() -> str:
    return f"{next(_serial):026d}".translate(str.maketrans("0123456789", "abcdefghij"))


def article(n: int = 1, **fields: Any) -> Article:
    given: dict[str, Any] = {
        "channel": "email", "sender_type": "customer", "visible": True, "received": NOW, "subject": "printer",
        "body": "It is on fire.", "author": Address(address="Kim@Customer.example", name="Kim"),
    }  # fmt: skip
    return Article(n=n, **(given | fields))


def added(n: int = 1, *, raw: bytes | None = None, owed: tuple[Owed, ...] = (), **fields: Any) -> Step:
    """The step that adds that article."""
    made = article(n, **fields)
    change = ArticleAdded(
        n=n, channel=made.channel, sender_type=made.sender_type, visible=made.visible, kind=made.kind,
        author=made.author.address, subject=made.subject, message_id=made.message_id, remarks=made.remarks,
    )  # fmt: skip
    return Step(change=change, article=made, raw=raw, owed=owed)


def mail(**fields: Any) -> Owed:
    """A mail that we owe."""
    mark = token()
    given: dict[str, Any] = {
        "mail_class": "agent", "audience": "customer", "token": mark, "message_id": f"<t.{mark}.17@example.org>",
        "sender": "support@example.org", "recipients": ("Kim@Customer.example",), "subject": "Re: printer",
    }  # fmt: skip
    return Owed(**(given | fields))


def reply(n: int, *owed: Owed, raw: bytes = b"From: us\n\nhello\n") -> Step:
    return added(n, raw=raw, owed=owed or (mail(),), sender_type="agent", author=Address(name="Anna Martin"))


def letter(raw: bytes = b"From: kim\n\nfire\n", **fields: Any) -> Letter:
    import hashlib

    given: dict[str, Any] = {
        "author": Address(address="Kim@Customer.example", name="Kim"), "subject": "printer",
        "message_id": f"<{next(_serial)}@customer.example>",
    }  # fmt: skip
    return Letter(raw=raw, sha256=hashlib.sha256(raw).hexdigest(), **(given | fields))


def asks(content: str | None = None, queue: str = "Raw", **fields: Any) -> Asks:
    content = content or f"{next(_serial):064x}"
    return Asks(key=f"{queue}\n{content}", content=content, message_id=fields.pop("message_id", None), **fields)


def decision(**fields: Any) -> Decision:
    return Decision(**({"verdict": "new", "queue": "Raw", "kind": Kind.PERSONAL} | fields))


def received(store: Store, letter: Letter, asked: Asks, now: datetime = NOW, into: int | None = None) -> Ticket:
    """A letter through one transaction, as `receive` does it: a new ticket, or an article of `into`."""
    with store.writing(POSTMASTER, now) as tx:
        tx.known(asked, now)
        made = decision(verdict="new" if into is None else "follow-up")
        mail_id = tx.accept(letter, Envelope(recipient="raw@example.org", sender="kim@customer.example"), made, asked)
        n = 1 if into is None else tx.tickets([into])[0].articles + 1
        step = added(n, mail=mail_id, raw_sha256=letter.sha256, message_id=letter.message_id)
        ticket = opened(tx, step) if into is None else tx.change(into, step)
        tx.place(mail_id, ticket.id, n)
        return ticket
