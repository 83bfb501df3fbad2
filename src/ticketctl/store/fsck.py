"""Is the desk whole? Every ticket's row against the fold of its history, and what must go together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, and_, select, text, true
from sqlalchemy.exc import DBAPIError

from ticketctl.change import evolve
from ticketctl.errors import Misconfigured, Refusal
from ticketctl.store import Reader, Store, indexing, raw, rows
from ticketctl.store import tables as t
from ticketctl.store.number import PADDED
from ticketctl.store.rows import ticket_row
from ticketctl.store.trouble import is_damage
from ticketctl.store.types import cleaned
from ticketctl.ticket import Ticket, damm

BATCH = 500
_SHOWN = 100  # of SQLite's own complaints
Progress = Callable[[int, int], None]


class Problem(Struct, frozen=True, kw_only=True):
    """Something that is not as it must be; `where` is a ticket's number, a mail, a table."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def fsck(store: Store, progress: Progress | None = None, *, contents: bool = False) -> list[Problem]:
    """Everything that is wrong, nothing where all is well.

    `progress(done, of)` after each batch of tickets. `contents`: also read every stored mail and compare its SHA-256,
    and every indexed text and compare its words.
    """
    problems: list[Problem] = []
    with _damage(problems, "database"), store.reading() as tx:
        problems.extend(_database(tx._connection))  # what was found before it broke stays
    if any(problem.where == "database" for problem in problems):
        _tables(store, problems)
    if problems:
        return problems
    with _damage(problems, "table ticket"):
        with store.reading() as tx:
            total = tx.count_all()
            problems.extend(_queues(tx))
        _every_ticket(store, problems, total, progress)
    parts = (_letters, _outbox, lambda connection: _raw(connection, contents),
             lambda connection: _full_text(connection, contents))  # fmt: skip
    for part in parts:
        with _damage(problems, "database"), store.reading() as tx:
            problems.extend(part(tx._connection))
    return problems


@contextmanager
def _damage(problems: list[Problem], where: str) -> Iterator[None]:
    """Pages that cannot be read are a problem to name, not a reason to stop; other trouble goes through."""
    try:
        yield
    except (Refusal, DBAPIError) as trouble:
        if not is_damage(trouble):
            raise
        problems.append(Problem(where=where, what="damaged: some of it cannot be read; restore a backup"))


def _tables(store: Store, problems: list[Problem]) -> None:
    """Which tables of a damaged database cannot be read to their end."""
    for name in t.metadata.tables:
        with _damage(problems, f"table {name}"), store.reading() as tx:
            for _ in tx._connection.exec_driver_sql(f"SELECT * FROM {name}"):  # noqa: S608  a name of ours
                pass


def _every_ticket(store: Store, problems: list[Problem], total: int, progress: Progress | None) -> None:
    done, last = 0, 0
    while True:
        with store.reading() as tx:
            found = tx.ticket_ids(last, BATCH)
        if not found:
            return
        with _damage(problems, f"tickets #{found[0]} to #{found[-1]}"), store.reading() as tx:
            problems.extend(_tickets(tx._connection, found))
        done, last = done + len(found), found[-1]
        if progress is not None:
            progress(done, max(done, total))


def _queues(tx: Reader) -> Iterator[Problem]:
    """Live tickets are in queues of the policy: elsewhere nobody has a right to see them."""
    try:
        queues = tx.policy().queues
    except Misconfigured as trouble:
        yield Problem(where="policy", what=trouble.message)
        return
    c = t.ticket.c
    lost = select(c.number, c.queue).where(c.live == true(), c.queue.not_in(sorted(queues))).order_by(c.id)
    for row in tx._connection.execute(lost):
        yield Problem(where=row.number, what=f"is live in queue {row.queue}, which the policy does not have")


def _database(connection: Connection) -> Iterator[Problem]:
    """What SQLite itself finds: damaged pages, rows that point nowhere."""
    if connection.dialect.name != "sqlite":
        return
    for (line,) in connection.execute(text(f"PRAGMA integrity_check({_SHOWN})")):
        if line != "ok":
            yield Problem(where="database", what=f"damaged: {line}")
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield Problem(where=f"table {row[0]}, row {row[1]}", what=f"points to a {row[2]} that is not there")


def _tickets(connection: Connection, ids: list[int]) -> Iterator[Problem]:
    """A batch of tickets: row, history, articles, number."""
    first, last = ids[0], ids[-1]
    folded, broken = _folded(connection, first, last)
    yield from broken
    wrong = {problem.where for problem in broken}
    articles: defaultdict[int, list[int]] = defaultdict(list)
    c = t.article.c
    wanted = select(c.ticket_id, c.n).where(c.ticket_id.between(first, last)).order_by(c.ticket_id, c.n)
    for each in connection.execute(wanted):
        articles[each.ticket_id].append(each.n)
    tags: defaultdict[int, set[str]] = defaultdict(set)
    listed = select(t.tag.c.ticket_id, t.tag.c.tag).where(t.tag.c.ticket_id.between(first, last))
    for each in connection.execute(listed):
        tags[each.ticket_id].add(each.tag)
    found: Any = connection.execute(select(t.ticket).where(t.ticket.c.id.between(first, last)))
    for row in found:
        if row.number in wrong or f"#{row.id}" in wrong:
            continue
        ticket = folded.get(row.id)
        if ticket is None:
            yield Problem(where=row.number, what="has no history")
            continue
        yield from _differences(row, ticket)
        if articles[row.id] != [*range(1, ticket.articles + 1)]:
            yield Problem(where=row.number, what=f"has articles {articles[row.id]}, not 1 to {ticket.articles}")
        if tags[row.id] != {each["tag"] for each in rows.tag_rows(row.id, row.tags)}:
            yield Problem(where=row.number, what=f"is listed with the tags {sorted(tags[row.id])}, has {row.tags}")
        if not _well_numbered(ticket):
            yield Problem(where=row.number, what="the check digit of the number is wrong")


def _folded(connection: Connection, first: int, last: int) -> tuple[dict[int, Ticket], list[Problem]]:
    """What the histories make of these tickets, and those that make nothing."""
    c = t.history.c
    folded: dict[int, Ticket] = {}
    broken: dict[int, Problem] = {}
    wanted = rows.HISTORY.where(c.ticket_id.between(first, last)).order_by(c.ticket_id, c.version)
    for row in connection.execute(wanted):
        if row.ticket_id in broken:
            continue
        before = folded.get(row.ticket_id)
        where = before.number if before else f"#{row.ticket_id}"
        if row.version != (before.version + 1 if before else 1):
            broken[row.ticket_id] = Problem(where=where, what=f"its history has a gap before version {row.version}")
            continue
        try:
            folded[row.ticket_id] = evolve(before, rows.entry_of(row).change, row.at)
        except (KeyError, TypeError, ValueError, AttributeError) as trouble:
            broken[row.ticket_id] = Problem(where=where, what=f"version {row.version} cannot be read: {trouble!r}")
    return folded, list(broken.values())


def _differences(row: Any, ticket: Ticket) -> Iterator[Problem]:
    wanted = ticket_row(ticket)
    for name, found in row._mapping.items():
        expected = wanted[name]
        if isinstance(expected, tuple):
            expected = list(expected)
        elif isinstance(expected, str):
            expected = cleaned(expected)
        if found != expected:
            yield Problem(where=row.number, what=f"{name} is {found!r}, its history says {expected!r}")


def _well_numbered(ticket: Ticket) -> bool:
    """Is a number that begins with the ticket's day, and does not end with the id alone, closed by Damm's digit?"""
    day = timedelta(days=1)
    days = [f"{ticket.created + shift:%Y%m%d}" for shift in (-day, 0 * day, day)]
    padded = f"{ticket.id:0{PADDED}}"
    if ticket.number[:8] not in days or ticket.number.endswith(padded):
        return True
    return not ticket.number[:-1].endswith(padded) or damm(ticket.number) == 0


def _letters(connection: Connection) -> Iterator[Problem]:
    """A letter that became an article is that article's; a held or new one has its ticket, or a reason."""
    c, a = t.letter.c, t.article.c
    placed = select(c.id, c.ticket_id, c.n).where(c.n.is_not(None))
    beside = and_(a.ticket_id == c.ticket_id, a.n == c.n)
    for row in connection.execute(placed.join_from(t.letter, t.article, beside, isouter=True).where(a.id.is_(None))):
        yield Problem(where=f"mail {row.id}", what=f"is article {row.n} of ticket #{row.ticket_id}, which has none")
    lost = select(c.id, c.verdict).where(c.ticket_id.is_(None), c.verdict.in_(("new", "follow-up")))
    for each in connection.execute(lost):
        yield Problem(where=f"mail {each.id}", what=f"is {each.verdict} and on no ticket")


def _outbox(connection: Connection) -> Iterator[Problem]:
    """What we owe on a ticket was owed by a change, and its token is known."""
    c, h, k = t.outbox.c, t.history.c, t.token.c
    on_ticket = c.ticket_id.is_not(None)
    beside = and_(h.ticket_id == c.ticket_id, h.version == c.version)
    lost = select(c.id).join_from(t.outbox, t.history, beside, isouter=True).where(on_ticket, h.version.is_(None))
    for row in connection.execute(lost):
        yield Problem(where=f"outbox {row.id}", what="no change of its ticket owes it")
    bare = select(c.id).join_from(t.outbox, t.token, k.token == c.token, isouter=True).where(on_ticket)
    for row in connection.execute(bare.where(k.token.is_(None))):
        yield Problem(where=f"outbox {row.id}", what="its token is not known: answers to it would not be found")


def _raw(connection: Connection, contents: bool) -> Iterator[Problem]:
    """Stored mail has its pieces; with `contents` they are read."""
    c, p = t.raw.c, t.raw_piece.c
    first = and_(p.raw_id == c.id, p.n == 0)
    bare = select(c.sha256).join_from(t.raw, t.raw_piece, first, isouter=True).where(c.size > 0, p.raw_id.is_(None))
    for row in connection.execute(bare):
        yield Problem(where=f"raw mail {row.sha256}", what="has no bytes")
    for row in connection.execute(select(c.sha256, c.size)).all() if contents else ():
        try:
            data = raw.get(connection, row.sha256)
        except Refusal as trouble:
            if is_damage(trouble):
                raise
            yield Problem(where=f"raw mail {row.sha256}", what="is damaged: its bytes are not those that came")
            continue
        if len(data) != row.size:
            yield Problem(where=f"raw mail {row.sha256}", what=f"has {len(data)} bytes, not the {row.size} that came")


def _full_text(connection: Connection, contents: bool) -> Iterator[Problem]:
    """Every title and article can be found; with `contents` by each of its words."""
    for which, each, what in indexing.wrong(connection, contents=contents):
        where = f"ticket #{each}" if which == "ticket" else _named(connection, each)
        yield Problem(where=where, what=what)


def _named(connection: Connection, article_id: int) -> str:
    """An article as people name it, TICKET/N; by the id of its row where that is not there."""
    a = t.article.c
    asked = select(t.ticket.c.number, a.n).join_from(t.article, t.ticket).where(a.id == article_id)
    row = connection.execute(asked).first()
    return f"{row.number}/{row.n}" if row is not None else f"article {article_id}"
