"""The one writer: what changes tickets (`changing`), mail in, mail out, the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict, replace
from sqlalchemy import and_, insert, update
from sqlalchemy.exc import IntegrityError

from ticketctl.change import DeliveryFailed, Sent
from ticketctl.change.step import Owed
from ticketctl.errors import BadData, TryAgain
from ticketctl.policy import Policy
from ticketctl.store import outbox, raw, rows
from ticketctl.store import tables as t
from ticketctl.store.changing import LANES, POLICY, Changing
from ticketctl.store.value import RENDERED, Again, OutboxRow, Revision

if TYPE_CHECKING:
    from ticketctl.intake.value import Asks, Decision, Envelope, Verdict
    from ticketctl.letter.value import Judgement, Letter


class Writer(Changing):
    """One transaction that writes: `with store.writing(actor, now) as tx`. All of it is kept, or nothing."""

    # mail in

    def accept(self, letter: Letter, envelope: Envelope, decision: Decision, asks: Asks) -> int:
        """Keeps a letter, its bytes and what was decided; gives its id.

        Raises Again where another process stored this very delivery since `known` was asked.
        """
        digest = raw.put(self._connection, letter.raw)
        first = asks.content not in self._doubles
        row = rows.letter_row(letter, envelope, decision, asks, digest, self.now, first=first)
        try:
            letter_id = t.put(self._connection, t.letter, row)
        except IntegrityError as trouble:
            raise Again from trouble
        if asks.ids:
            self._connection.execute(insert(t.reference), rows.reference_rows(letter_id, asks))
        return letter_id

    def place(self, letter_id: int, ticket_id: int, n: int | None, verdict: Verdict | None = None) -> None:
        """The letter is article `n` of the ticket (None: it belongs there without being one), now or after a hold."""
        values: dict[str, Any] = {"ticket_id": ticket_id, "n": n}
        if verdict is not None:
            values |= {"verdict": verdict, "held": None}
        self._letter(letter_id, values)

    def relabel(
        self,
        letter_id: int,
        verdict: Verdict,
        *,
        held: str | None = None,
        why: Sequence[str] | None = None,
        queue: str | None = None,
    ) -> None:
        """Another verdict for a letter that is there: `held` with its reason, `dropped`, or what a retry decided."""
        values: dict[str, Any] = {"verdict": verdict, "held": held}
        values |= {"why": list(why)} if why is not None else {}
        values |= {"queue": queue} if queue is not None else {}
        self._letter(letter_id, values)

    def rejudge(self, letter_id: int, judged: Judgement, silence: Sequence[str]) -> None:
        """The kind of a letter that is there, by which row, and the rows that forbid an answer: it may have been held
        since nobody could tell."""
        self._letter(letter_id, {"kind": judged.kind.value, "rule": judged.rule, "silence": list(silence)})

    def group(self, name: str, ticket_id: int, *, instead: int | None = None) -> None:
        """The mails that a foreign system calls `name` go on this ticket, no longer on `instead`.

        Raises Again where another process was faster since `known` was asked.
        """
        c, digest = t.external.c, rows.key_digest(name)
        if instead is not None:
            moved = update(t.external).where(c.name_digest == digest, c.ticket_id == instead)
            if self._connection.execute(moved.values(ticket_id=ticket_id)).rowcount != 1:
                raise Again
            return
        try:
            self._connection.execute(insert(t.external), {"name_digest": digest, "name": name, "ticket_id": ticket_id})
        except IntegrityError as trouble:
            raise Again from trouble

    def _letter(self, letter_id: int, values: Mapping[str, Any]) -> None:
        if self._connection.execute(update(t.letter).where(t.letter.c.id == letter_id).values(**values)).rowcount != 1:
            self.letter(letter_id)  # says that it is not there

    # mail out

    def outbox_row(self, outbox_id: int) -> OutboxRow:
        """That row, ours until the end: nobody claims or turns it meanwhile."""
        outbox.locked(self._connection, outbox_id)
        return super().outbox_row(outbox_id)

    def owe(self, *owed: Owed) -> list[int]:
        """Mail that belongs to no ticket: notices to admins."""
        made = {each.token: outbox.owe(self._connection, each, self.now, agent=self.actor.agent) for each in owed}
        self.owed |= made
        return [*made.values()]

    def claim(
        self, *, limit: int = 50, ids: Sequence[int] | None = None, due_at: datetime | None = None
    ) -> list[OutboxRow]:
        """Claims mail that is due, in a transaction of its own: then send, then say what became of each.

        `ids`: only these. `due_at`: what was due then, by default now. A brake stops its classes. A claim nobody
        finished in 15 minutes is taken up again; that of an automatic answer becomes `unknown`.
        """
        return outbox.claim(self._connection, self.now, limit=limit, ids=ids, due_at=due_at or self.now)

    def sent(self, row: OutboxRow, *, refused: Mapping[str, tuple[str | None, str]] | None = None) -> None:
        """The mail system took a claimed row, for all recipients but those `refused` (address: code and words)."""
        refused = refused or {}
        outbox.settle(self._connection, row, "sent", tries=row.tries + 1, last_error=None)
        for each in row.recipients:
            if each in refused:
                code, why = refused[each]
                self._undelivered(row, each, code, True, why)
            else:
                outbox.deliver(self._connection, row.id, each, self.now, status="sent", code=None, permanent=None)
                self._tell(row, Sent(n=row.n, recipient=each))

    def deferred(self, row: OutboxRow, error: str, next_try: datetime) -> None:
        """A claimed row could not be sent now: it is still owed, and so is each of its deliveries."""
        values = {"tries": row.tries + 1, "last_error": error, "next_try": next_try}
        outbox.settle(self._connection, row, "owed", **values)

    def failed(self, row: OutboxRow, error: str, *, code: str | None = None, permanent: bool | None = True) -> None:
        """A claimed row will not be sent: the mail system says so."""
        outbox.settle(self._connection, row, "failed", tries=row.tries + 1, last_error=error)
        for each in row.recipients:
            self._undelivered(row, each, code, permanent, error)

    def unknown(self, row: OutboxRow, error: str) -> None:
        """Nobody knows whether the mail system took a claimed row: it is not sent again by itself."""
        outbox.settle(self._connection, row, "unknown", tries=row.tries + 1, last_error=error)
        outbox.deliver(self._connection, row.id, None, self.now, status="unknown")

    def hold(self, outbox_id: int) -> None:
        """Not to be sent until `release`."""
        outbox.turn(self._connection, outbox_id, self.now, ("owed", "failed", "unknown"), "held")
        outbox.deliver(self._connection, outbox_id, None, self.now, status="held", only=("owed",))

    def release(self, outbox_id: int) -> None:
        """Held mail is owed again."""
        outbox.turn(self._connection, outbox_id, self.now, ("held",), "owed")
        outbox.deliver(self._connection, outbox_id, None, self.now, status="owed", only=("held",))

    def retry(self, outbox_id: int, to: str | None = None) -> OutboxRow:
        """Owed again, at once; with `to` to that address instead."""
        return outbox.again(self._connection, outbox_id, self.now, to)

    def drop(self, outbox_id: int, why: str = "dropped by hand") -> None:
        """Never to be sent; its article says so."""
        row = outbox.turn(self._connection, outbox_id, self.now, ("owed", "held", "unknown", "failed"), "dropped")
        for each in row.recipients:
            self._undelivered(row, each, None, True, f"never sent: {why}")

    def rendered(self, row: OutboxRow, error: str | None) -> None:
        """Tried on a host that never sends: owed as before, with what is wrong with it, if anything is."""
        c = t.outbox.c
        values = {"plan": {**row.plan, RENDERED: True}, "last_error": error or row.last_error}
        mine = and_(c.id == row.id, c.status == "owed")
        self._connection.execute(update(t.outbox).where(mine).values(values))

    def brake(self, name: str, on: bool, reason: str = "") -> None:
        """Stops (or lets go) automatic answers, `auto`, or all mail of ours, `all`."""
        self._connection.execute(t.brake.delete().where(t.brake.c.name == name))
        if on:
            values = {"name": name, "at": self.now, "author": self.actor.name, "reason": reason}
            self._connection.execute(insert(t.brake).values(values))

    def _undelivered(self, row: OutboxRow, to: str, code: str | None, permanent: bool | None, why: str) -> None:
        outbox.deliver(self._connection, row.id, to, self.now, status="failed", code=code, permanent=permanent)
        self._tell(row, DeliveryFailed(n=row.n, recipient=to, code=code, permanent=permanent, why=why))

    def _tell(self, row: OutboxRow, change: Sent | DeliveryFailed) -> None:
        """Into the ticket's history, as the desk itself, whoever runs the flush."""
        if row.ticket is None or row.mail_class == "notice":
            return
        actor = self.actor
        self.actor = replace(actor, system=True)
        try:
            self.change(row.ticket, change)
        finally:
            self.actor = actor

    # policy

    def apply(self, text: str, author: str, reason: str, base: int) -> Revision:
        """A new revision of the policy, made from revision `base` (0: the first).

        BadData (65) where the text is none, or takes away a queue that has open tickets; TryAgain (75) where another
        revision came between.
        """
        from ticketctl.policy import compiled, read

        self._gate(POLICY)
        self._lanes(*range(LANES))
        newest = self._newest()
        if newest != base:
            raise TryAgain(f"revision {newest} of the policy came between: look at `ticketctl policy diff`, then again")
        policy = read(text, revision=base + 1)
        self._no_orphans(policy)
        made = Revision(n=base + 1, at=self.now, author=author, reason=reason, text=text)
        self._connection.execute(insert(t.policy).values(compiled=compiled(policy), **asdict(made)))
        self._given = self._policy = policy
        return made

    def _no_orphans(self, policy: Policy) -> None:
        for queue in self.live_queues():
            if queue not in policy.queues:
                raise BadData(f"queue {queue} has open tickets: move or close them first, or keep the queue")
