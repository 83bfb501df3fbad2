"""Many tickets at once: whole stories, folded and written in batches.

For imports and the bench; a copy takes the rows as they are (`copying`). A story is what the writer would have been
asked, step by step, so every row is made as the writer makes it: each change is held to the legal steps (`permit`), the
ticket's row is the fold of its history (`evolve`), articles, letters, raw mail, outbox, tokens and deliveries follow
from the steps. Nothing is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Column, Connection, Table, insert, select

from ticketctl.change import (
    ArticleAdded,
    Created,
    Delivered,
    DeliveryDelayed,
    DeliveryFailed,
    Linked,
    Sent,
    evolve,
    permit,
)
from ticketctl.change.step import Step
from ticketctl.policy import Policy
from ticketctl.store import Store, indexing, raw, rows, sqlite
from ticketctl.store import tables as t
from ticketctl.store.changing import fit
from ticketctl.ticket import SYSTEM, Actor, Ticket, normal

if TYPE_CHECKING:
    from ticketctl.intake.value import Asks, Decision, Envelope
    from ticketctl.letter.value import Letter

BATCH = 1000  # tickets whose rows are in memory together
COMMIT = 20  # batches a transaction
HEAVY = 32 << 20  # bytes of raw mail that end a batch early
_ASKED = 500  # digests in one question
Progress = Callable[[int], None]


class Arrival(Struct, frozen=True, kw_only=True):
    """A letter that came: what `Writer.accept` takes."""

    letter: Letter
    envelope: Envelope
    decision: Decision
    asks: Asks


class Event(Struct, frozen=True, kw_only=True):
    """One step of a story: when, who, what. `arrival`: the letter that the step's article is."""

    at: datetime
    step: Step
    actor: Actor = SYSTEM
    arrival: Arrival | None = None


class Held(Struct, frozen=True, kw_only=True):
    """A letter that is kept and on no ticket: held, dropped."""

    at: datetime
    arrival: Arrival


Story = Callable[[int], Iterable[Event]] | Held  # of the ticket that gets that id; the first event is Created


def load(
    store: Store,
    stories: Iterable[Story],
    now: datetime,
    *,
    batch: int = BATCH,
    commit: int = COMMIT,
    progress: Progress | None = None,
) -> int:
    """Writes every story and gives how many there were; `progress(done)` after each batch.

    A transaction ends after `commit` batches: what was loaded so far stays where a later story fails. Raises what
    `permit` raises, and ValueError for a story that is none.
    """
    todo, done = iter(stories), 0
    while True:
        with store.writing(SYSTEM, now) as tx:
            sqlite.roomy(tx._connection)
            for _ in range(commit):
                part = list(islice(todo, batch))
                if not part:
                    return done
                before = indexing.marks(tx._connection)
                _Batch(tx._connection, tx.current()).write(part)
                indexing.fill(tx._connection, after=before)
                done += len(part)
                if progress is not None:
                    progress(done)


class _Owed:
    """A row of the outbox, the token and the deliveries that go with it, until the story ends."""

    def __init__(self, row: dict[str, Any], token: dict[str, Any], recipients: Sequence[str], at: datetime) -> None:
        self.row, self.token = row, token
        self.deliveries = rows.delivery_rows(0, row["ticket_id"], row["n"], recipients, at)

    def hears(self, change: Sent | DeliveryFailed | DeliveryDelayed | Delivered, at: datetime) -> bool:
        """Whether the change is about this mail; then its delivery and its status say so."""
        wanted = normal(change.recipient)
        hit = next((each for each in self.deliveries if normal(each["recipient"]) == wanted), None)
        if change.n != self.row["n"] or hit is None:
            return False
        if isinstance(change, DeliveryDelayed | Delivered):
            if hit["status"] != "failed":
                late = isinstance(change, DeliveryDelayed)
                code, permanent = (change.code, False) if isinstance(change, DeliveryDelayed) else (None, None)
                hit |= {"status": "delayed" if late else "sent", "at": at, "code": code, "permanent": permanent}
            return True
        status = "sent" if isinstance(change, Sent) else "failed"
        hit |= {"status": status, "at": at}
        if isinstance(change, DeliveryFailed):
            hit |= {"code": change.code, "permanent": change.permanent}
        if status == "sent" or self.row["status"] == "owed":  # a bounce leaves the row: it was sent
            self.row |= {"status": status, "tries": 1}
        return True


class _Batch:
    """The rows of some stories, table by table."""

    def __init__(self, connection: Connection, policy: Policy) -> None:
        self._connection, self._policy = connection, policy
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._raw: dict[str, bytes] = {}
        self._letters: list[tuple[dict[str, Any], Asks, dict[str, Any] | None]] = []  # with the article that it is
        self._owed: list[_Owed] = []
        self._heavy = 0

    def write(self, stories: Sequence[Story]) -> None:
        ids = iter(self._ids(sum(not isinstance(story, Held) for story in stories)))
        for story in stories:
            if isinstance(story, Held):
                self._arrived(story.arrival, story.at, None)
            else:
                self._told(next(ids), story)
            if self._heavy > HEAVY:
                self._flush()
        self._flush()

    def _ids(self, count: int) -> Sequence[int]:
        """That many ids for tickets, none of them used."""
        made = insert(t.ticket_id).returning(t.ticket_id.c.id)
        return sorted(self._connection.execute(made, [{}] * count).scalars()) if count else []

    def _told(self, ticket_id: int, story: Callable[[int], Iterable[Event]]) -> None:
        ticket: Ticket | None = None
        owed: list[_Owed] = []
        for event in story(ticket_id):
            step, actor = fit(event.step), replace(event.actor, system=True)
            permit(step.change, ticket, actor, self._policy)
            ticket = evolve(ticket, step.change, event.at)
            if ticket.id != ticket_id:
                raise ValueError(f"a story of ticket {ticket_id} is told of ticket {ticket.id}")
            self._add(t.history, rows.history_row(ticket_id, ticket.version, step.change, event.actor, event.at))
            owed += self._beside(ticket, step, event, owed)
        if ticket is None:
            raise ValueError("a story begins with Created")
        self._add(t.ticket, rows.ticket_row(ticket))
        for tag in rows.tag_rows(ticket_id, ticket.tags):
            self._add(t.tag, tag)
        self._owed += owed

    def _beside(self, ticket: Ticket, step: Step, event: Event, owed: Sequence[_Owed]) -> list[_Owed]:
        """What a change brings along, as the writer does it."""
        n, digest = 0, None
        match step.change:
            case ArticleAdded(n=n):
                digest = self._article(ticket.id, n, step, event)
            case Linked(other=other, type=kind):
                self._add(t.link, {"ticket_id": ticket.id, "other_id": other, "type": kind})
            case Sent() | DeliveryFailed() | DeliveryDelayed() | Delivered() as change:
                next((each for each in reversed(owed) if each.hears(change, event.at)), None)
            case Created():
                if ticket.version != 1:
                    raise ValueError(f"ticket {ticket.number} is created twice")
            case _:
                pass
        made = []
        for each in step.owed:
            finished = each.mail_class == "agent"
            at = n if finished else 0
            row = rows.outbox_row(
                each, event.at, ticket=ticket.id, n=at, version=ticket.version, agent=event.actor.agent,
                raw_sha256=digest if finished else None,
            )  # fmt: skip
            made.append(_Owed(row, rows.token_row(each, ticket.id, at), each.recipients, event.at))
        return made

    def _article(self, ticket_id: int, n: int, step: Step, event: Event) -> str | None:
        article = step.article
        if article is None or article.n != n:
            raise ValueError(f"ArticleAdded(n={n}) goes with its article")
        if step.raw is not None:
            article = replace(article, raw_sha256=self._bytes(step.raw))
        elif event.arrival is not None:
            article = replace(article, raw_sha256=event.arrival.letter.sha256)
        row = rows.article_row(article, ticket_id, event.actor.agent)
        self._add(t.article, row)
        if event.arrival is not None:
            self._arrived(event.arrival, event.at, row)
        return article.raw_sha256

    def _arrived(self, arrival: Arrival, at: datetime, article: dict[str, Any] | None) -> None:
        digest = self._bytes(arrival.letter.raw)
        row = rows.letter_row(arrival.letter, arrival.envelope, arrival.decision, arrival.asks, digest, at, first=True)
        placed = {key: None if article is None else article[key] for key in ("ticket_id", "n")}
        self._letters.append((row | placed, arrival.asks, article))

    def _bytes(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self._heavy += 0 if digest in self._raw else len(data)
        self._raw[digest] = data
        return digest

    # out of memory into the tables, what others point to first

    def _flush(self) -> None:
        self._flush_raw()
        self._put(t.ticket)
        self._flush_letters()
        for table in (t.history, t.article, t.tag, t.link):
            self._put(table)
        self._flush_outbox()
        self._heavy = 0

    def _there(self, column: Column[Any], values: Sequence[str]) -> set[str]:
        """Which of the values the column has already."""
        there: set[str] = set()
        for start in range(0, len(values), _ASKED):
            asked = select(column).where(column.in_(values[start : start + _ASKED]))
            there |= set(self._connection.execute(asked).scalars())
        return there

    def _flush_raw(self) -> None:
        digests = list(self._raw)
        there = self._there(t.raw.c.sha256, digests)
        new = [digest for digest in digests if digest not in there]
        ids = self._inserted(t.raw, "sha256", [{"sha256": each, "size": len(self._raw[each])} for each in new])
        for raw_id, digest in zip(ids, new, strict=True):
            for piece in raw.pieces(self._raw[digest]):
                self._add(t.raw_piece, piece | {"raw_id": raw_id})
        self._put(t.raw_piece)
        self._raw.clear()

    def _flush_letters(self) -> None:
        seen = self._there(t.letter.c.content, [asks.content for _, asks, _ in self._letters])
        for row, asks, _ in self._letters:
            row["first"] = None if asks.content in seen else asks.content
            seen.add(asks.content)
        ids = self._inserted(t.letter, "key_digest", [row for row, _, _ in self._letters])
        for letter_id, (_, asks, article) in zip(ids, self._letters, strict=True):
            if article is not None:
                article["letter_id"] = letter_id
            for named in rows.reference_rows(letter_id, asks):
                self._add(t.reference, named)
        self._put(t.reference)
        self._letters.clear()

    def _flush_outbox(self) -> None:
        ids = self._inserted(t.outbox, "token", [each.row for each in self._owed])
        for outbox_id, owed in zip(ids, self._owed, strict=True):
            self._add(t.token, owed.token)
            for delivery in owed.deliveries:
                self._add(t.delivery, {"code": None, "permanent": None} | delivery | {"outbox_id": outbox_id})
        self._put(t.token)
        self._put(t.delivery)
        self._owed.clear()

    def _add(self, table: Table, row: dict[str, Any]) -> None:
        self._rows.setdefault(table.name, []).append(row)

    def _put(self, table: Table) -> None:
        found = self._rows.pop(table.name, [])
        if found:
            self._connection.execute(insert(table), found)

    def _inserted(self, table: Table, by: str, values: list[dict[str, Any]]) -> list[int]:
        """Inserts into a table that gives the ids, and gives them, in order. `by`: a column that is unique.

        No database promises to return rows in the order of the insert, and asking for it makes it one by one.
        """
        if not values:
            return []
        made = self._connection.execute(insert(table).returning(table.c.id, table.c[by]), values)
        ids: dict[Any, int] = {row[1]: row[0] for row in made}
        return [ids[row[by]] for row in values]
