"""The outbox -> sent -> stamped: one pass over what is due.

A row is claimed in a transaction of its own, sent outside any, and stamped in a third. An agent's reply is sent at
least once under one Message-ID (G6); an automatic answer at most once: where nobody knows whether it went out, it is
`unknown`, which people see and which is never retried by itself (G5). A claim that is left standing becomes that, too.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime, timedelta
from random import uniform
from typing import Literal

from msgspec import Struct

from ticketctl import post, render
from ticketctl.errors import BadData, Misconfigured, NotThere, Refusal, TryAgain, Unavailable
from ticketctl.policy import Policy
from ticketctl.post import Outcome, Transport
from ticketctl.store import ALL_BRAKE, AUTO_BRAKE, OutboxRow, Reader, Store, Writer
from ticketctl.ticket import SYSTEM

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
LATER = timedelta(hours=4)
GIVE_UP = timedelta(days=5)
TOO_OLD = timedelta(days=1)  # what a machine says is of no use later: a backlog must not answer last week's mail
RACES = 8  # so often a race may be lost before it is the caller's turn to try again
PAUSE = 0.2  # seconds between two tries, at most
PATIENT_TRIES = 5  # so often all recipients of a mail wait for the one that a server puts off

Became = Literal["sent", "deferred", "failed", "unknown", "rendered"]


class Result(Struct, frozen=True, kw_only=True):
    """What became of one mail. `rendered`: nothing is sent on this host, and it is owed as before."""

    row: OutboxRow
    became: Became
    error: str | None = None
    next_try: datetime | None = None


class Report(Struct, frozen=True, kw_only=True):
    """What a pass did. `unavailable`: the way out is gone (69), and the pass ended there."""

    results: tuple[Result, ...] = ()
    unavailable: Refusal | None = None

    def of(self, *became: Became) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.became in became)


def flush(
    store: Store,
    transport: Transport | None,
    policy: Policy,
    *,
    now: datetime,
    limit: int = 1000,
    send: bool = True,
    shadow: bool = False,
    only: int | None = None,
    timeout: float = post.TIMEOUT,
) -> Report:
    """One pass over the outbox: at most `limit` mails, or `only` that row. Never raises for what a mail or the mail
    system does; trouble of the database goes through.

    `send` false: everything due is rendered and reported, nothing claimed or sent. `shadow`: this host never sends,
    each mail is rendered once, and what is too old to be sent is dropped. Two passes at once are harmless.
    """
    if shadow:
        _stale_dropped(store, now)
        return _shadowed(store, policy, now=now, limit=limit)
    if not send:
        return _rehearsed(store, policy, now=now, limit=limit, only=only)
    if only is None:
        _stale_dropped(store, now)
    results: list[Result] = []
    begun = time.monotonic()
    while len(results) < limit:
        # One by one, each at its own time: a claim that waits behind slow mails would look left behind. What is put off
        # meanwhile is another pass's: a mail system that hangs would have this one try the same mail for hours.
        moment = now + timedelta(seconds=int(time.monotonic() - begun))
        claimed = _claimed(store, moment, only, due_at=now)
        if not claimed:
            break
        result, trouble = _delivered(store, transport, policy, claimed[0], moment, timeout)
        results.append(result)
        if trouble is not None:
            return Report(results=tuple(results), unavailable=trouble)
    return Report(results=tuple(results))


def _claimed(store: Store, now: datetime, only: int | None, *, due_at: datetime) -> list[OutboxRow]:
    """The next mail that was due at `due_at`, if any. Who loses it to another pass looks again."""
    for left in range(RACES - 1, -1, -1):
        try:
            with store.writing(SYSTEM, now) as tx:
                return tx.claim(limit=1, ids=None if only is None else [only], due_at=due_at)
        except TryAgain as lost:
            if not left or not lost.race:
                raise
        time.sleep(uniform(0, PAUSE))
    raise AssertionError


def _stale_dropped(store: Store, now: datetime) -> None:
    """Automatic answers and notices that waited too long are dropped, and say so; an agent's mail never is, nor what a
    brake holds, nor what somebody has just asked to be sent again."""

    def stale(row: OutboxRow) -> bool:
        since = row.created if row.tries else row.next_try  # `retry` and `release` set the latter
        return row.mail_class in classes and row.status == "owed" and since < now - TOO_OLD

    with store.reading() as tx:
        brakes = {brake.name for brake in tx.brakes()}
        classes = set() if ALL_BRAKE in brakes else {"notice"} if AUTO_BRAKE in brakes else {"auto", "notice"}
        found = tx.stale_mail(now - TOO_OLD, classes)
    if found:
        try:
            with store.writing(SYSTEM, now) as tx:
                for each in found:
                    if stale(tx.outbox_row(each)):
                        tx.drop(each, "too old: it waited for more than a day")
        except TryAgain as lost:  # to another pass, or to somebody at the ticket: the next pass drops them
            if not lost.race:
                raise


def after(tries: int) -> timedelta | None:
    """How long to wait after that many tries; None: five days are over, give up."""
    waited = sum(BACK_OFF[:tries], timedelta()) + LATER * max(0, tries - len(BACK_OFF))
    if waited >= GIVE_UP:
        return None
    return BACK_OFF[tries] if tries < len(BACK_OFF) else LATER


def _delivered(
    store: Store, transport: Transport | None, policy: Policy, row: OutboxRow, now: datetime, timeout: float
) -> tuple[Result, Refusal | None]:
    """One claimed row, rendered, sent and stamped; and why nothing else can be sent either, if so."""
    try:
        with store.reading() as tx:
            raw = rendered(tx, policy, row, now)
    except (TryAgain, Misconfigured, Unavailable) as trouble:
        if isinstance(trouble, Unavailable) and trouble.damaged:
            return _stamped(store, row, now, Result(row=row, became="failed", error=trouble.message)), None
        with suppress(Refusal):  # of the database: the mail is none the worse for it
            _stamped(store, row, now, _put_off(row, trouble.message, now))
        raise
    except Exception as broken:  # one mail that cannot be made must not hold up those behind it
        words = broken.message if isinstance(broken, Refusal) else f"a fault of ours: {type(broken).__name__}"
        return _stamped(store, row, now, Result(row=row, became="failed", error=words)), None
    try:
        if transport is None:
            raise Unavailable("no way to send mail: set `sendmail` or [smtp] in ticketctl.toml")
        outcomes = post.send(
            raw, sender=row.sender, recipients=row.recipients, via=transport, timeout=timeout,
            partial=row.tries >= PATIENT_TRIES,
        )  # fmt: skip
    except BadData as broken:
        return _stamped(store, row, now, Result(row=row, became="failed", error=broken.message)), None
    except (Unavailable, Misconfigured) as trouble:
        return _stamped(store, row, now, _put_off(row, trouble.message, now)), trouble
    return _stamped(store, row, now, _judged(row, outcomes, now), outcomes), None


def rendered(tx: Reader, policy: Policy, row: OutboxRow, now: datetime) -> bytes:
    """The bytes of a mail that is owed: an agent's as they were stored, others made of their plan now.

    Raises BadData where a template fails, or is gone; NotThere where the ticket is.
    """
    if row.raw_sha256 is not None:
        return tx.raw(row.raw_sha256)
    plan = row.plan
    ticket = tx.ticket(row.ticket) if row.ticket is not None else None
    if len(row.recipients) != 1:
        raise BadData(f"mail {row.id} of the outbox: {len(row.recipients)} recipients, where there must be one")
    recipient = row.recipients[0]
    if row.mail_class == "notice":
        return render.notice(
            policy, ticket, event=str(plan.get("event", "news")), by=plan.get("by"), reason=str(plan.get("reason", "")),
            token=row.token, message_id=row.message_id, recipient=recipient, now=now,
        )  # fmt: skip
    if ticket is None or row.mail_class != "auto":
        raise NotThere(f"mail {row.id} of the outbox: the ticket or the bytes it was made for are not there")
    n = plan.get("article")
    article = tx.article(ticket.id, n) if isinstance(n, int) else None
    return render.auto_answer(
        policy, ticket, article, template=str(plan.get("template")), token=row.token, message_id=row.message_id,
        recipient=recipient, now=now, language=str(plan.get("language", "")),
    )  # fmt: skip


def _judged(row: OutboxRow, outcomes: list[Outcome], now: datetime) -> Result:
    """What the outcomes of all recipients make of the row."""
    by: dict[str, list[Outcome]] = {"sent": [], "deferred": [], "failed": [], "unknown": []}
    for each in outcomes:
        by[each.status].append(each)
    if by["sent"]:
        return Result(row=row, became="sent", error="; ".join(map(_words, by["deferred"] + by["failed"])) or None)
    if by["unknown"] and row.mail_class == "auto":
        return Result(row=row, became="unknown", error=by["unknown"][0].text)
    if waiting := by["unknown"] + by["deferred"]:
        return _put_off(row, waiting[0].text, now)
    return Result(row=row, became="failed", error="; ".join(map(_words, by["failed"])))


def _put_off(row: OutboxRow, why: str, now: datetime) -> Result:
    wait = after(row.tries)
    if wait is None:
        return Result(row=row, became="failed", error=f"given up after {row.tries + 1} tries: {why}")
    return Result(row=row, became="deferred", error=why, next_try=now + wait)


def _words(outcome: Outcome) -> str:
    return f"{outcome.recipient}: {outcome.text}"


def _stamped(
    store: Store, row: OutboxRow, now: datetime, result: Result, outcomes: list[Outcome] | None = None
) -> Result:
    """The result, written down. A busy database is asked again: what is not stamped would be sent again."""
    for left in range(RACES - 1, -1, -1):
        try:
            with store.writing(SYSTEM, now) as tx:
                _stamp(tx, result, outcomes or [])
            return result
        except TryAgain:
            if not left and row.mail_class != "auto":
                raise
        time.sleep(uniform(0, PAUSE))
    return Result(row=row, became="unknown", error=result.error)


def _stamp(tx: Writer, result: Result, outcomes: list[Outcome]) -> None:
    row, error = result.row, result.error or ""
    match result.became:
        case "sent":
            refused = {each.recipient: (each.code, each.text) for each in outcomes if each.status != "sent"}
            tx.sent(row, refused=refused)
        case "deferred":
            tx.deferred(row, error, result.next_try or tx.now)
        case "failed":
            first = outcomes[0] if outcomes else None
            given_up = first is not None and first.status != "failed"
            tx.failed(row, error, code=first.code if first else None, permanent=None if given_up else True)
        case "unknown":
            tx.unknown(row, error)
        case _:
            pass


def _rehearsed(store: Store, policy: Policy, *, now: datetime, limit: int, only: int | None) -> Report:
    """What would be sent."""
    with store.reading() as tx:
        return Report(results=tuple(_tried(tx, policy, row, now) for row in tx.due_mail(now, limit, only)))


def _tried(tx: Reader, policy: Policy, row: OutboxRow, now: datetime) -> Result:
    """Rendered, and no more; `error` where it cannot be."""
    try:
        rendered(tx, policy, row, now)
    except (BadData, NotThere) as broken:
        return Result(row=row, became="rendered", error=broken.message)
    return Result(row=row, became="rendered")


def _shadowed(store: Store, policy: Policy, *, now: datetime, limit: int) -> Report:
    """What is due and was not rendered yet; a week of it must not be rendered again every minute."""
    results: list[Result] = []
    with store.reading() as tx:
        fresh = [row for row in tx.due_mail(now, None) if not row.rendered]
        results = [_tried(tx, policy, row, now) for row in fresh[:limit]]
    if results:
        try:
            with store.writing(SYSTEM, now) as tx:
                for result in results:
                    tx.rendered(result.row, result.error)
        except TryAgain as lost:  # another pass was faster: the next one renders what is left
            if not lost.race:
                raise
    return Report(results=tuple(results))
