"""What a verb of a day and a mail in cost on a desk of a thousand tickets, and on one of twenty thousand.

The tickets are live, which is the hard case, and go straight into the tables: a row of each kind that a mail leaves.
"""

from __future__ import annotations

import hashlib
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from ticketctl.change import ArticleAdded, Created, encode, evolve
from ticketctl.store import Store, rows
from ticketctl.store import number as numbers
from ticketctl.store import tables as t
from ticketctl.ticket import POSTMASTER, SYSTEM, Address, Article, Priority, State, Ticket

FEW, MANY, TARGET = 1_000, int(os.environ.get("TICKETS", "20000")), 1.1
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH = 5000


def fill(store: Store, upto: int, queue: str = "Support") -> None:
    """Live tickets in the desk, `upto` of them in all, each of a customer's mail."""
    with store.writing(SYSTEM, _BEGUN) as tx:
        connection = tx._connection  # the bench alone goes round the writer
        there = connection.execute(select(func.max(t.ticket_id.c.id))).scalar() or 0
        for first in range(there + 1, upto + 1, _BATCH):
            _insert(connection, range(first, min(first + _BATCH, upto + 1)), queue)


def _insert(connection: Connection, ids: Sequence[int], queue: str) -> None:
    made: dict[str, list[dict[str, Any]]] = {}
    for ticket_id in ids:
        for name, row in _mail(ticket_id, queue):
            made.setdefault(name, []).append(row)
    for table in t.metadata.sorted_tables:  # what others point to comes first
        if table.name in made:
            connection.execute(insert(table), made[table.name])


def _mail(n: int, queue: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of one new ticket, as `receive` writes them; the bytes of its mail aside."""
    at = _BEGUN + timedelta(minutes=n)
    digest = hashlib.sha256(str(n).encode()).hexdigest()
    number = numbers.number("date", n, day=at.date(), system_id="10", draw=lambda _most: n)
    author = Address(address=f"kim{n % 997}@customer.example", name="Kim")
    article = Article(n=1, channel="email", sender_type="customer", visible=True, received=at, subject=f"printer {n}",
                      body="It is on fire.\n" * 20, author=author, raw_sha256=digest)  # fmt: skip
    created = Created(id=n, number=number, title=f"printer {n}", queue=queue, state=State.NEW,
                      priority=Priority.NORMAL, customer=author)  # fmt: skip
    added = ArticleAdded(n=1, channel="email", sender_type="customer", visible=True, kind=article.kind,
                         author=author.address, subject=article.subject)  # fmt: skip
    ticket: Ticket | None = None
    for version, change in enumerate((created, added), 1):
        ticket = evolve(ticket, change, at)
        yield "history", rows.acting(POSTMASTER) | {
            "ticket_id": n, "version": version, "at": at, "name": type(change).__name__, "data": encode(change),
        }  # fmt: skip
    assert ticket is not None
    yield "ticket_id", {"id": n}
    yield "ticket", rows.ticket_row(ticket)
    yield "raw", {"sha256": digest, "size": 0}
    yield "letter", {
        "key_digest": digest, "key_queue": queue, "content": digest, "received": at, "trust": False,
        "message_id": f"<{n}@growth.example>", "id_key": f"{n}@growth.example", "author_address": author.address,
        "subject": article.subject, "queue": queue, "verdict": "new", "kind": "personal", "silence": (), "why": (),
        "ticket_id": n, "n": 1, "raw_sha256": digest, "size": 0,
    }  # fmt: skip
    yield "article", rows.article_row(article, n, None)


def growth(
    row: Callable[..., None], timed: Callable[..., float], programs: tuple[str, str], root: Path, mail: str, rounds: int
) -> None:
    """Medians of both desks in turn; the small one is the floor of the large one."""
    ticketctl, postmaster = programs
    desks = {count: f"sqlite:///{root}/growth{count}.db" for count in (FEW, MANY)}
    before = os.environ["TICKETCTL_DATABASE"]
    for count, url in desks.items():
        os.environ["TICKETCTL_DATABASE"] = url
        timed([ticketctl, "init", "--domain", "example.org", "--queue", "Support=support@example.org"])
        store = Store(url)
        fill(store, count)
        store.close()
    works: dict[str, Callable[[int], tuple[list[str], bytes]]] = {
        "list": lambda _n: ([ticketctl, "list", "--limit", "50"], b""),
        "take --next": lambda _n: ([ticketctl, "take", "--next"], b""),
        "show": lambda n: ([ticketctl, "show", str(n + 1)], b""),
        "postmaster": lambda n: ([postmaster], mail.format(n=f"g{n}").encode()),
    }
    for name, work in works.items():
        spent: dict[int, list[float]] = {count: [] for count in desks}
        for n in range(rounds):
            for count, url in desks.items():
                os.environ["TICKETCTL_DATABASE"] = url
                spent[count].append(timed(*work(n)))
        row(f"{name}, {FEW:,} to {MANY:,} live", statistics.median(spent[MANY]), statistics.median(spent[FEW]), TARGET)
    os.environ["TICKETCTL_DATABASE"] = before
