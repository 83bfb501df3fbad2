"""Who writes to us: the addresses that have tickets, and what they have.

A page of them costs what it shows: the latest stand at the end of the desk, and the first by address at the beginning
of an index, from where each next one is a step. Only what neither gives is grouped out of all tickets that match: the
whole list, the order by how many tickets they have, addresses that hardly anybody has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, bindparam, func, select, union_all

from ticketctl.store import find, seek, walk
from ticketctl.store import tables as t
from ticketctl.store.hints import by_id, indexed
from ticketctl.store.rows import address_key, domain_key
from ticketctl.store.value import ByCustomer, CustomerRow

WINDOWS = (400, 2_000, 20_000)  # of the newest tickets, looked at for the latest customers; first, two for each
STEPS = 1_000  # along the addresses; a longer page is grouped at once
_BY_ADDRESS, _BY_DOMAIN = "ix_ticket_live_customer_key_created_id", "ix_ticket_live_customer_domain_created_id"
_BEHIND = "\U0010ffff"  # all that begins alike


class Wanted(Struct, frozen=True, kw_only=True):
    """Which customers, of tickets in which queues (None: all). `like`: an address with `*` and `?`, or `@domain`.

    `counted`: as far as the tickets of each are counted, None: all.
    """

    queues: Collection[str] | None = None
    like: str | None = None
    sort: ByCustomer = "last"
    limit: int | None = None
    counted: int | None = None


def customers(connection: Connection, wanted: Wanted) -> list[CustomerRow]:
    """The customers asked for, in their order; equals by address."""
    found = None
    if wanted.limit is not None and wanted.limit <= STEPS:
        found = _PAGES[wanted.sort](connection, wanted, wanted.limit)
    if found is not None:
        return found
    rows = connection.execute(_grouped(wanted))
    return [CustomerRow(address=row[0], name=row[1], tickets=row[2], last=row[3]) for row in rows]


def customer(
    connection: Connection, address: str, queues: Collection[str] | None, *, counted: int | None = None
) -> CustomerRow | None:
    """The one with that very address, None where it has no ticket in these queues."""
    return next(iter(_told(connection, [address_key(address)], queues, counted)), None)


def _told(
    connection: Connection, keys: Iterable[str | None], queues: Collection[str] | None, counted: int | None
) -> list[CustomerRow]:
    """Those of these that have tickets in these queues."""
    c = t.ticket.c
    has = (c.customer_key == bindparam("key"), find.readable(queues))
    each = [
        indexed(select(c.customer_name, c.created).where(c.live == live, *has), t.ticket, _BY_ADDRESS)
        .order_by(c.created.desc(), c.id.desc()).limit(counted).subquery()
        for live in (False, True)
    ]  # fmt: skip
    all_ = union_all(*(select(part) for part in each)).subquery().c
    asked = select(func.max(all_.customer_name), func.count(), func.max(all_.created))
    found = []
    for key in keys:
        name, tickets, last = connection.execute(asked, {"key": key}).one()
        if tickets:
            tickets = tickets if counted is None else min(tickets, counted)
            found.append(CustomerRow(address=str(key), name=name, tickets=tickets, last=last))
    return found


def _latest(connection: Connection, wanted: Wanted, limit: int) -> list[CustomerRow] | None:
    """Those of the newest tickets, None where the newest of every window have too few."""
    if _are_few(connection, wanted):
        return None
    asked = find.Page(queues=wanted.queues, sort="created", reverse=True, limit=limit)
    way = walk.best(asked, walk.held(asked))
    if way is None or not way.walks:
        return None
    c, last = t.ticket.c, func.max(t.ticket.c.created)
    beside = None if way.exact else find.readable(wanted.queues)
    for most in (2 * limit, *WINDOWS):
        newest = seek.firsts(asked, way.walks, most, beside)
        window = seek.among(seek.listed(connection, newest))
        span: Any = select(func.count().label("rows"), func.min(c.created).label("oldest")).where(window)
        seen = connection.execute(by_id(span, t.ticket)).one()
        each = select(c.customer_key, last).where(window, *_alike(wanted)).group_by(c.customer_key)
        found = connection.execute(by_id(each.order_by(last.desc(), c.customer_key).limit(limit), t.ticket)).all()
        # others as old as the oldest of the window may stand behind it
        if seen.rows < most or (len(found) == limit and found[-1][1] > seen.oldest):
            return _told(connection, [row[0] for row in found], wanted.queues, wanted.counted)
    return None


def _first(connection: Connection, wanted: Wanted, limit: int) -> list[CustomerRow] | None:
    """The first by address, None where too many steps gave too few: most have their tickets in other queues."""
    prefix, rest = _beginning(wanted.like)
    if rest not in ("", "*"):
        return None
    found: list[CustomerRow] = []
    steps = _addresses(connection, prefix) if rest else iter([prefix])
    for _ in range(0, STEPS, limit):
        some = list(islice(steps, limit))
        found += _told(connection, some, wanted.queues, wanted.counted)
        if len(found) >= limit or len(some) < limit:
            return found[:limit]
    return None


def _addresses(connection: Connection, prefix: str) -> Iterator[str]:
    """Every address that begins so, in their order."""
    c = t.ticket.c

    def next_(bound: find.Where) -> Select[Any]:
        at = (bound, c.customer_key < prefix + _BEHIND)  # one bound below: SQLite looks no further than the first
        ways = [select(c.customer_key).where(c.live == live, *at) for live in (False, True)]
        short = [indexed(way, t.ticket, _BY_ADDRESS).order_by(c.customer_key).limit(1) for way in ways]
        return select(*(each.scalar_subquery() for each in short))

    asked, last = next_(c.customer_key >= bindparam("from")), prefix
    behind = next_(c.customer_key > bindparam("from"))
    while found := [each for each in connection.execute(asked, {"from": last}).one() if each is not None]:
        asked, last = behind, min(found)
        yield last


def _beginning(like: str | None) -> tuple[str, str]:
    """What the addresses begin with, and the pattern from the first `*` or `?` on."""
    like = _pattern(like)
    at = next((at for at, letter in enumerate(like) if letter in "*?"), len(like))
    return like[:at], like[at:]


def _pattern(like: str | None) -> str:
    return "*" if not like else address_key(f"*{like}" if like.startswith("@") else like) or ""


def _alike(wanted: Wanted) -> list[find.Where]:
    """The conditions on a ticket of such a customer."""
    c, pattern = t.ticket.c, _pattern(wanted.like)
    prefix, rest = _beginning(wanted.like)
    where: list[find.Where] = [c.customer_key.is_not(None)]
    if (domain := _domain(pattern)) is not None:
        where.append(c.customer_domain == domain)
    elif rest != "*" or prefix:
        said = "".join({"*": "%", "?": "_"}.get(each, f"!{each}" if each in "!%_" else each) for each in pattern)
        where += [c.customer_key >= prefix, c.customer_key < prefix + _BEHIND, c.customer_key.like(said, escape="!")]
    return where


def _domain(pattern: str) -> str | None:
    """The domain, where the pattern wants all of one."""
    domain = domain_key(pattern)
    return domain if domain and pattern == f"*@{domain}" and not {*domain} & {*"*?"} else None


def _along(wanted: Wanted) -> str | None:
    """The index that has the tickets of such customers together, if one has."""
    if _domain(_pattern(wanted.like)) is not None:
        return _BY_DOMAIN
    return _BY_ADDRESS if _beginning(wanted.like)[0] else None


def _are_few(connection: Connection, wanted: Wanted) -> bool:
    """Are all tickets that match soon gone through?"""
    along = _along(wanted)
    if along is None:
        return False
    c = t.ticket.c
    some = indexed(select(c.id).where(c.live.in_((False, True)), *_alike(wanted)), t.ticket, along)
    size = select(func.count()).select_from(some.limit(WINDOWS[0] + 1).subquery())
    return connection.execute(size).scalar_one() <= WINDOWS[0]


def _grouped(wanted: Wanted) -> Select[Any]:
    c, along = t.ticket.c, _along(wanted)
    count, last = func.count(), func.max(c.created)
    orders = {"last": [last.desc()], "tickets": [count.desc()], "address": []}
    each = select(c.customer_key, func.max(c.customer_name), count, last)
    each = each.where(c.live.in_((False, True)), find.readable(wanted.queues), *_alike(wanted))
    each = each if along is None else indexed(each, t.ticket, along)
    return each.group_by(c.customer_key).order_by(*orders[wanted.sort], c.customer_key).limit(wanted.limit)


def _nothing(_connection: Connection, _wanted: Wanted, _limit: int) -> None:
    """By how many they have there is no page: all are counted."""


_PAGES = {"last": _latest, "address": _first, "tickets": _nothing}
