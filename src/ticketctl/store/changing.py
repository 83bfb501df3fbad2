"""Changes to tickets: each is permitted, applied and recorded here, or leaves nothing behind; and whom we wait for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy import text as plain

from ticketctl.change import (
    ArticleAdded,
    Change,
    Created,
    Delivered,
    DeliveryDelayed,
    DeliveryFailed,
    Linked,
    LinkType,
    decode,
    encode,
    permit,
    see,
)
from ticketctl.change import evolve as evolved
from ticketctl.change.step import Step
from ticketctl.errors import BadData, TryAgain
from ticketctl.policy import Policy
from ticketctl.policy.value import Desk
from ticketctl.store import indexing, outbox, raw, rows
from ticketctl.store import number as numbers
from ticketctl.store import tables as t
from ticketctl.store.read import Reader
from ticketctl.store.types import to_json
from ticketctl.store.value import LetterRow
from ticketctl.ticket import Actor, Ticket

if TYPE_CHECKING:
    from ticketctl.intake.value import Asks, Known

ANSWERS, POLICY = "answers", "policy"  # the gates
LANES = 16  # of the policy's gate, in a cluster
_LANE = plain("INSERT INTO gate (name, passed) VALUES (:name, 1) ON DUPLICATE KEY UPDATE passed = passed + 1")
_DRAWS = 20  # numbers tried before we give up
_INVERSE: dict[LinkType, LinkType] = {"normal": "normal", "parent": "child", "child": "parent"}


class Changing(Reader):
    """What a transaction that writes does to tickets, and whom it waits for."""

    def __init__(
        self,
        connection: Connection,
        policies: dict[int, Policy],
        actor: Actor,
        now: datetime,
        policy: Policy | None,
    ) -> None:
        super().__init__(connection, policies)
        self.actor = actor
        self.now = now
        self._given = policy
        self.owed: dict[str, int] = {}  # rows that this transaction put into the outbox, by their tokens
        self._made: set[int] = set()  # tickets of this transaction
        self._read: dict[int, Ticket] = {}  # as this transaction last read or wrote them
        self._doubles: set[str] = set()  # contents that other letters have
        self._entered = False
        self._crowded = connection.dialect.name != "sqlite"  # others write at the same time
        self._cluster = bool(connection.info.get("cluster"))  # and where our locks do not reach (`mariadb`)

    def current(self) -> Policy:
        """The policy that this transaction is held to."""
        if self._given is None:
            self._given = self.policy()
        return self._given

    # tickets

    def ticket(self, ticket_id: int) -> Ticket | None:
        """That ticket, its row locked, read once: whoever changed it since makes `change` say TryAgain, by its
        version."""
        if ticket_id not in self._read:
            wanted = rows.TICKET.where(t.ticket.c.id == ticket_id).with_for_update(key_share=True)
            row = self._connection.execute(wanted).first()
            if row is None:
                return None
            self._read[ticket_id] = rows.ticket_of(row)
        return self._read[ticket_id]

    def free(self, found: Sequence[Ticket]) -> Ticket | None:
        """The first of these that nobody else is changing at this moment; it is as it was found, and ours.

        Raises TryAgain where all of them are in other hands.
        """
        if not self._crowded:
            return found[0] if found else None
        c = t.ticket.c
        wanted = select(c.id, c.version).where(c.id.in_([each.id for each in found]))
        rest = self._connection.execute(wanted.with_for_update(skip_locked=True, key_share=True))
        ours = {tuple(row) for row in rest}
        first = next((each for each in found if (each.id, each.version) in ours), None)
        if found and first is None:
            self._connection.execute(select(c.id).where(c.id == found[0].id).with_for_update(key_share=True))  # waits
            raise TryAgain("others are taking every ticket that waits there: try again", race=True)
        return first

    def letter(self, word: int | str) -> LetterRow:
        """That letter, its row locked: nobody else places it meanwhile."""
        found = super().letter(word)
        if not self._crowded:
            return found
        c = t.letter.c
        self._connection.execute(select(c.id).where(c.id == found.id).with_for_update())
        return super().letter(found.id)

    def known(self, asks: Asks, now: datetime) -> Known:
        from ticketctl.store import known

        if asks.answer_to is not None:
            self._gate(ANSWERS)  # who counts automatic answers (G13) counts those of everybody before
        found = known.known(self._connection, asks, now, lock=True)
        if found.twins or found.again:
            self._doubles.add(asks.content)
        self._read |= {each: candidate.ticket for each, candidate in found.tickets.items()}
        return found

    def number(self, desk: Desk) -> tuple[int, str]:
        """An id and a number for a new ticket: the database gives the id, the desk's scheme makes the number of it."""
        from zoneinfo import ZoneInfo  # late: only who makes a ticket asks what day it is

        day = self.now.astimezone(ZoneInfo(desk.timezone)).date()
        for _ in range(_DRAWS):
            ticket_id = t.put(self._connection, t.ticket_id, {})
            number = numbers.number(
                desk.number, ticket_id, day=day, system_id=desk.system_id, draw=secrets.randbelow
            )
            taken = select(t.ticket.c.id).where(t.ticket.c.number == number)
            if self._connection.execute(taken).first() is None:
                return ticket_id, number
        raise TryAgain("no free ticket number found: try again, or set another `number` scheme in the policy")

    def change(self, ticket_id: int | None, *steps: Step | Change) -> Ticket:
        """Permits, applies and records each step: the ticket's row, its history, articles, raw mail and outbox.

        `ticket_id` None: the first step is Created. Raises what `change.permit` raises, NotThere, or TryAgain where
        another was faster; then the transaction is to be given up.
        """
        before = None if ticket_id is None else see(self.ticket(ticket_id), str(ticket_id), None)
        ticket, done = before, []
        for each in steps:
            step = fit(each if isinstance(each, Step) else Step(change=each))
            self._permit(step.change, ticket)
            ticket = evolved(ticket, step.change, self.now)
            if isinstance(step.change, Created):
                self._made.add(ticket.id)
            done.append((ticket.version, step))
        if ticket is None:
            raise ValueError("a ticket is made by Created")
        if not done:
            return ticket
        self._row(before, ticket)
        self._read[ticket.id] = ticket
        self._history(ticket.id, done)
        for version, step in done:
            self._beside(ticket.id, version, step)
        return ticket

    def link(self, one: int, other: int, kind: LinkType = "normal") -> None:
        """Links two tickets, in the history of both; twice is once."""
        ends = [see(self.ticket(each), str(each), None) for each in (one, other)]
        if one == other:
            raise BadData(f"ticket {ends[0].number} cannot be linked to itself", ticket=ends[0].number)
        c = t.link.c
        both = select(c.ticket_id, c.type).where(c.ticket_id.in_((one, other)), c.other_id.in_((one, other)))
        found = {tuple(row) for row in self._connection.execute(both)}
        for (here, there), name in zip((ends, ends[::-1]), (kind, _INVERSE[kind]), strict=True):
            if (here.id, name) not in found:
                self.change(here.id, Linked(other=there.id, number=there.number, type=name))

    def _permit(self, change: Change, ticket: Ticket | None) -> None:
        """Rights are asked for a ticket that was there before; `create` covers what comes with a new one."""
        policy = self.current()
        if ticket is None or ticket.id not in self._made:
            permit(change, ticket, self.actor, policy)
            return
        permit(change, None, self.actor, policy)
        permit(change, ticket, replace(self.actor, system=True), policy)

    def _gate(self, name: str) -> None:
        """Waits until whoever passed this gate before has ended; others wait for us. It is written, not only locked:
        nodes of a cluster see what was written alone."""
        if self._crowded:
            gate = update(t.gate).where(t.gate.c.name == name)
            self._connection.execute(gate.values(passed=t.gate.c.passed + 1))

    def _enter(self) -> None:
        """The policy that has the ticket's queue is that of today, and stays so until we end."""
        if self._crowded and not self._entered:
            gate = select(t.gate.c.passed).where(t.gate.c.name == POLICY).with_for_update(read=True)
            self._connection.execute(gate)
            self._lanes(secrets.randbelow(LANES))
            if self._newest() != self.current().revision:
                raise TryAgain("the policy was changed meanwhile: try again", race=True)
            self._entered = True

    def _lanes(self, *lanes: int) -> None:
        """In a cluster a shared lock is no lock: who enters writes one lane of the gate, who closes it writes them all.
        So two that enter seldom meet, and nobody enters while the policy is changed on another node."""
        if self._cluster:
            for each in lanes:
                self._connection.execute(_LANE, {"name": f"{POLICY}.{each}"})

    def _row(self, before: Ticket | None, after: Ticket) -> None:
        row = rows.ticket_row(after)
        if row["live"] and (before is None or before.queue != after.queue or before.state.type not in rows.LIVE):
            self._enter()
        if before is None:
            self._connection.execute(insert(t.ticket), row)
            indexing.put_ticket(self._connection, after.id, after.number, after.title)
            self._tags(after, (), after.tags)
            return
        old = rows.ticket_row(before)
        # columns that stay as they are leave their indexes alone
        row = {name: value for name, value in row.items() if value != old[name]}
        same = (t.ticket.c.id == before.id, t.ticket.c.version == before.version)
        if self._connection.execute(update(t.ticket).where(*same).values(row)).rowcount != 1:
            raise TryAgain(f"ticket {before.number} was changed by somebody else meanwhile", ticket=before.number,
                           race=True)  # fmt: skip
        if after.title != before.title:
            indexing.put_ticket(self._connection, after.id, after.number, after.title, before.title)
        self._tags(after, before.tags, after.tags)

    def _tags(self, ticket: Ticket, before: Sequence[str], after: Sequence[str]) -> None:
        """The table of tags follows the ticket's row."""
        if before == after:
            return
        old, new = ({row["tag"] for row in rows.tag_rows(ticket.id, tags)} for tags in (before, after))
        if old - new:
            gone = t.tag.c.tag.in_(sorted(old - new))
            self._connection.execute(t.tag.delete().where(t.tag.c.ticket_id == ticket.id, gone))
        if new - old:
            self._connection.execute(insert(t.tag), rows.tag_rows(ticket.id, sorted(new - old)))

    def _history(self, ticket_id: int, done: Sequence[tuple[int, Step]]) -> None:
        entries = [
            rows.history_row(ticket_id, version, step.change, self.actor, self.now) for version, step in done
        ]
        self._connection.execute(insert(t.history), entries)

    def _beside(self, ticket_id: int, version: int, step: Step) -> None:
        """What a change brings along."""
        n, digest = 0, None
        match step.change:
            case ArticleAdded(n=n):
                digest = self._article(ticket_id, n, step)
            case Linked(other=other, type=kind):
                self._connection.execute(insert(t.link).values(ticket_id=ticket_id, other_id=other, type=kind))
            case DeliveryFailed() as change:
                outbox.reported(self._connection, ticket_id, change.n, change.recipient, self.now,
                                status="failed", code=change.code, permanent=change.permanent)  # fmt: skip
            case DeliveryDelayed() as change:
                outbox.reported(self._connection, ticket_id, change.n, change.recipient, self.now,
                                but=("failed",), status="delayed", code=change.code, permanent=False)  # fmt: skip
            case Delivered() as change:
                outbox.reported(self._connection, ticket_id, change.n, change.recipient, self.now,
                                but=("failed",), status="sent", code=None, permanent=None)  # fmt: skip
            case _:
                pass
        for owed in step.owed:
            finished = owed.mail_class == "agent"
            self.owed[owed.token] = outbox.owe(
                self._connection, owed, self.now, ticket=ticket_id, n=n if finished else 0, version=version,
                agent=self.actor.agent, raw_sha256=digest if finished else None,
            )  # fmt: skip

    def _article(self, ticket_id: int, n: int, step: Step) -> str | None:
        article = step.article
        if article is None or article.n != n:
            raise ValueError(f"ArticleAdded(n={n}) goes with its article")
        if step.raw is not None:
            article = replace(article, raw_sha256=raw.put(self._connection, step.raw))
        row = rows.article_row(article, ticket_id, self.actor.agent)
        indexing.put_article(self._connection, t.put(self._connection, t.article, row), row)
        return article.raw_sha256

    def _newest(self) -> int:
        """The number of the newest revision, 0 where there is none."""
        return self._connection.execute(select(func.max(t.policy.c.n))).scalar() or 0


def fit(step: Step) -> Step:
    """The step with a change that comes back from the database as it went in: no NUL, no lone surrogate."""
    data = encode(step.change)
    text = to_json(data)
    if text.isascii() and "\\u" not in text:
        return step
    clean = json.loads(text)
    return step if clean == data else replace(step, change=decode(type(step.change).__name__, clean))
