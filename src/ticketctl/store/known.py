"""What the desk knows that bears on one letter: Asks -> Known, a handful of index look-ups, whatever the desk holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from ticketctl.intake.echo import ANSWERED, LOOKED_AT
from ticketctl.intake.value import Asks, Candidate, Counts, Known, Mailed, Twin, message_id_key
from ticketctl.store import tables as t
from ticketctl.store.hints import indexed
from ticketctl.store.rows import TICKET, counted_keys, key_digest, ticket_of
from ticketctl.store.types import cleaned
from ticketctl.store.value import AHEAD, AUTO_BRAKE, LetterRow
from ticketctl.ticket import POSTMASTER, Ticket, normal

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
_NEVER_COUNTED = ("dropped",)


def known(
    connection: Connection, asks: Asks, now: datetime, *, lock: bool = False, then: LetterRow | None = None
) -> Known:
    """The snapshot that a decision is made from. `lock`: the rows of the tickets in it are ours from now on.

    `then`: as it was, as nearly as can be told, when that letter came (`past`).
    """
    again, twins, same_id = _seen(connection, asks, then)
    tokens = _tokens(connection, asks.tokens)
    ids = _ids(connection, asks.ids, then)
    own = [message_id_key(asks.message_id)] if asks.message_id else []
    awaited = _awaited(connection, [*(each for each in asks.ids if each not in ids), *own], then)
    numbers = _numbers(connection, asks.numbers)
    external = _external(connection, asks.external)
    named = {mailed.ticket for mailed in tokens.values()}
    named |= {ticket for ticket, _ in ids.values()} | {*awaited.values(), *numbers.values()}
    named |= {external} if external is not None else set()
    named |= {twin.ticket for twin in (*twins, *([again] if again else [])) if twin.ticket is not None}
    tickets = _candidates(connection, named, now, lock, then)
    if then is not None:
        numbers = {number: ticket for number, ticket in numbers.items() if ticket in tickets}
        external = external if external in tickets else None
    return Known(
        again=again,
        twins=twins,
        same_id=same_id,
        tokens=tokens,
        ids=ids,
        awaited=awaited,
        numbers=numbers,
        external=external,
        tickets=tickets,
        counts=_counts(connection, asks.answer_to, now, then),
        said=_said(connection, asks.answer_to, now, then),
    )


def _mailed(row: Row[Any]) -> Mailed:
    return Mailed(
        token=row.token,
        ticket=row.ticket_id,
        n=row.n,
        audience=row.audience,
        recipients=tuple(row.recipients),
        message_id=row.message_id,
    )


def _before(then: LetterRow | None) -> list[Any]:
    """Letters that came before that one; all of them where none is named."""
    return [] if then is None else [t.letter.c.id < then.id]


def _seen(connection: Connection, asks: Asks, then: LetterRow | None) -> tuple[Twin | None, tuple[Twin, ...], bool]:
    """This delivery before, the same content in other queues, our Message-ID with other content."""
    c = t.letter.c
    digest = key_digest(asks.key)
    found = connection.execute(
        select(c.id, c.key_digest, c.key_queue, c.ticket_id, c.n)
        .where(c.content == asks.content, *_before(then))
        .order_by(c.id)
    )
    again, twins, same_id = None, [], False
    for row in found:
        twin = Twin(mail=row.id, queue=row.key_queue, ticket=row.ticket_id, n=row.n)
        if row.key_digest == digest:
            again = twin
        else:
            twins.append(twin)
    if asks.message_id:
        key = cleaned(message_id_key(asks.message_id))
        other = select(c.id).where(c.id_key == key, c.content != asks.content, *_before(then)).limit(1)
        same_id = connection.execute(other).first() is not None
    return again, tuple(twins), same_id


def _tokens(connection: Connection, tokens: Collection[str]) -> dict[str, Mailed]:
    if not tokens:
        return {}
    found = connection.execute(select(t.token).where(t.token.c.token.in_([cleaned(each) for each in tokens])))
    return {row.token: _mailed(row) for row in found}


def _ids(connection: Connection, ids: Collection[str], then: LetterRow | None) -> dict[str, tuple[int, str]]:
    """Ids of letters that became articles; the first letter that bore an id is the one that is meant."""
    if not ids:
        return {}
    wanted = {cleaned(each): each for each in ids}
    c = t.letter.c
    first = select(func.min(c.id)).where(c.id_key.in_(wanted), c.ticket_id.is_not(None), *_before(then))
    first = first.group_by(c.id_key)
    found = connection.execute(select(c.id_key, c.ticket_id, c.queue).where(c.id.in_(first)))
    return {wanted[row.id_key]: (row.ticket_id, row.queue) for row in found}


def _awaited(connection: Connection, ids: Collection[str], then: LetterRow | None) -> dict[str, int]:
    """Ids that new mails named before; the first of them is the one that is meant."""
    if not ids:
        return {}
    wanted = {cleaned(each): each for each in ids}
    c = t.letter.c
    first = (
        select(t.reference.c.id_key, func.min(c.id).label("letter_id"))
        .join_from(t.reference, t.letter)
        .where(t.reference.c.id_key.in_(wanted), c.verdict == "new", c.ticket_id.is_not(None), *_before(then))
        .group_by(t.reference.c.id_key)
        .subquery()
    )
    found = connection.execute(select(first.c.id_key, c.ticket_id).where(c.id == first.c.letter_id))
    return {wanted[row.id_key]: row.ticket_id for row in found}


def _numbers(connection: Connection, numbers: Collection[str]) -> dict[str, int]:
    if not numbers:
        return {}
    found = connection.execute(select(t.ticket.c.number, t.ticket.c.id).where(t.ticket.c.number.in_(numbers)))
    named = {row.number: row.id for row in found}
    short = {int(each): each for each in numbers if each not in named and len(each) < 8 and each.isdigit()}
    if short:
        for row in connection.execute(select(t.ticket.c.id).where(t.ticket.c.id.in_(short))):
            named[short[row.id]] = row.id
    return named


def _external(connection: Connection, name: str | None) -> int | None:
    """The ticket on which the mails go that a foreign system calls so."""
    if name is None:
        return None
    c = t.external.c
    ticket: int | None = connection.execute(select(c.ticket_id).where(c.name_digest == key_digest(name))).scalar()
    return ticket


def _candidates(
    connection: Connection, named: Iterable[int], now: datetime, lock: bool, then: LetterRow | None
) -> dict[int, Candidate]:
    """The tickets, and those they were merged into, with their parties."""
    tickets: dict[int, Ticket] = {}
    wanted = set(named)
    while wanted:
        asked = TICKET.where(t.ticket.c.id.in_(sorted(wanted))).order_by(t.ticket.c.id)  # everybody locks in that order
        found = connection.execute(asked.with_for_update(key_share=True) if lock else asked)
        tickets |= {row.id: ticket_of(row) for row in found}
        wanted = {x.merged_into for x in tickets.values() if x.merged_into is not None} - tickets.keys()
    if then is not None:
        from ticketctl.store import past

        tickets = past.tickets(connection, tickets, then)
    if not tickets:
        return {}
    parties = _parties(connection, tickets)
    answered = _answered(connection, tickets, now, then)
    agents = _first_agents(connection, tickets)
    return {
        each: Candidate(
            ticket=ticket,
            parties=frozenset(parties[each]),
            answered_today=answered.get(each, 0),
            first_agent=agents.get(each),
        )
        for each, ticket in tickets.items()
    }


def _parties(connection: Connection, tickets: dict[int, Ticket]) -> dict[int, set[str]]:
    parties: defaultdict[int, set[str]] = defaultdict(set)
    for each, ticket in tickets.items():
        parties[each] |= {*ticket.parties}
        if ticket.customer.address:
            parties[each].add(normal(ticket.customer.address))
    c = t.token.c
    for row in connection.execute(
        select(c.ticket_id, c.n, c.recipients).where(c.ticket_id.in_(sorted(tickets)), c.audience == "customer")
    ):
        if row.n <= tickets[row.ticket_id].articles:  # more there are only where the ticket is as it was
            parties[row.ticket_id] |= {*row.recipients}
    return parties


def _until(now: datetime, then: LetterRow | None) -> Any:
    """Mail that we owed until now; until that letter came, without what answered it."""
    return t.outbox.c.created <= now + AHEAD if then is None else t.outbox.c.created < now


def _answered(
    connection: Connection, tickets: Collection[int], now: datetime, then: LetterRow | None
) -> dict[int, int]:
    """Automatic answers of the last day by ticket; not those of a clock that stood ahead, who would count for ever."""
    c = t.outbox.c
    counted = (
        select(c.ticket_id, func.count())
        .where(c.ticket_id.in_(sorted(tickets)), c.mail_class == "auto")
        .where(c.created > now - DAY, _until(now, then))
        .where(c.status.not_in(_NEVER_COUNTED))
        .group_by(c.ticket_id)
    )
    found = connection.execute(indexed(counted, t.outbox, "ix_outbox_ticket_id"))
    return {row[0]: row[1] for row in found}


def _first_agents(connection: Connection, tickets: dict[int, Ticket]) -> dict[int, str]:
    c = t.article.c
    first = (
        select(c.ticket_id, func.min(c.n).label("n"))
        .where(c.ticket_id.in_(sorted(tickets)), c.sender_type == "agent", c.visible, c.agent.is_not(None))
        .group_by(c.ticket_id)
        .subquery()
    )
    found = connection.execute(
        select(c.ticket_id, c.agent, c.n).join(first, (c.ticket_id == first.c.ticket_id) & (c.n == first.c.n))
    )
    return {row.ticket_id: row.agent for row in found if row.n <= tickets[row.ticket_id].articles}


def _counts(connection: Connection, answer_to: str | None, now: datetime, then: LetterRow | None) -> Counts:
    """Automatic answers of the last hour and day, for G13; none to count where nobody would be answered."""
    if answer_to is None:
        return Counts()
    address, domain = counted_keys(answer_to)
    c = t.outbox.c

    def since(moment: datetime, key: str, *where: Any) -> Any:
        counted = select(func.count()).select_from(t.outbox).where(c.created > moment, _until(now, then), *where)
        counted = counted.where(c.mail_class == "auto", c.status.not_in(_NEVER_COUNTED))
        return indexed(counted, t.outbox, f"ix_outbox_{key}_created").scalar_subquery()

    tripped = select(func.count()).where(t.brake.c.name == AUTO_BRAKE, t.brake.c.author == POSTMASTER.name)
    row = connection.execute(
        select(
            since(now - HOUR, "address_key", c.address_key == address),
            since(now - DAY, "address_key", c.address_key == address),
            since(now - HOUR, "domain_key", c.domain_key == domain),
            since(now - HOUR, "mail_class"),
            tripped.scalar_subquery(),
        )
    ).one()
    return Counts(
        address_hour=row[0],
        address_day=row[1],
        domain_hour=row[2],
        total_hour=row[3],
        stopped=bool(row[4]) and then is None,
    )


def _said(connection: Connection, answer_to: str | None, now: datetime, then: LetterRow | None) -> tuple[str, ...]:
    """The texts that our last mails to this address answer, newest first, where all of these are automatic answers."""
    if answer_to is None:
        return ()
    c, a = t.outbox.c, t.article.c
    mine = c.address_key == counted_keys(answer_to)[0]
    last = select(c.ticket_id, c.plan).where(mine, c.created > now - MONTH, _until(now, then))
    last = indexed(last.order_by(c.created.desc()).limit(ANSWERED), t.outbox, "ix_outbox_address_key_created")
    answered = [(row.ticket_id, row.plan.get("article")) for row in connection.execute(last)]
    if len(answered) < ANSWERED or any(n is None for _, n in answered):
        return ()
    text = select(a.ticket_id, a.n, func.substr(a.body, 1, LOOKED_AT))
    found = connection.execute(text.where(or_(*(and_(a.ticket_id == each, a.n == n) for each, n in answered))))
    said = {(row.ticket_id, row.n): row[2] for row in found}
    return tuple(said.get(each) or "" for each in answered)
