"""What may be asked of a desk: every query has a name here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Table, and_, false, func, literal, or_, select, true

from ticketctl.errors import Misconfigured, NotThere
from ticketctl.policy import Policy
from ticketctl.store import outbox, raw, rows
from ticketctl.store import tables as t
from ticketctl.store.hints import indexed
from ticketctl.store.types import cleaned
from ticketctl.store.value import (
    AHEAD,
    Brake,
    ByCustomer,
    CustomerRow,
    Entry,
    Hit,
    LetterRow,
    Link,
    OutboxRow,
    Revision,
    Sort,
    Standing,
)
from ticketctl.ticket import Article, Ticket

if TYPE_CHECKING:  # what only one family of verbs needs is imported when it is asked
    from ticketctl.intake.value import Asks, Known
    from ticketctl.query import Query

MANY = 10_001  # where `standing` stops to count


class Reader:
    """One snapshot of the desk: `with store.reading() as tx`."""

    def __init__(self, connection: Connection, policies: dict[int, Policy]) -> None:
        self._connection = connection
        self._policies = policies  # by revision, kept by the store: a warm process reads each once
        self._policy: Policy | None = None  # of this transaction

    # policy

    def policy(self) -> Policy:
        """The current policy; Misconfigured (78) where there is none yet. Asked once in a transaction."""
        if self._policy is not None:
            return self._policy
        n = self._connection.execute(select(func.max(t.policy.c.n))).scalar()
        if n is None:
            raise Misconfigured("the desk has no policy yet: run `ticketctl init`")
        self._policy = self._revised(n)
        return self._policy

    def policy_then(self, when: datetime) -> Policy:
        """The policy that held at that time; the first one where there was none yet."""
        c = t.policy.c
        n = self._connection.execute(select(func.max(c.n)).where(c.at <= when)).scalar()
        return self._revised(n or self._connection.execute(select(func.min(c.n))).scalar_one())

    def _revised(self, n: int) -> Policy:
        if n not in self._policies:
            from ticketctl.policy import load, read

            row = self._connection.execute(select(t.policy).where(t.policy.c.n == n)).one()
            self._policies[n] = load(row.compiled) or read(row.text, revision=n, kept=True)
        return self._policies[n]

    def revision(self, n: int | None = None) -> Revision:
        """That revision of the policy, None for the current one; NotThere (66)."""
        c = t.policy.c
        wanted = select(func.max(c.n)).scalar_subquery() if n is None else n
        row = self._connection.execute(select(c.n, c.at, c.author, c.reason, c.text).where(c.n == wanted)).first()
        if row is None:
            raise NotThere(f"the policy has no revision {n}: `ticketctl policy log` shows them")
        return Revision(**row._mapping)

    def revisions(self) -> list[Revision]:
        """Every revision, newest first."""
        c = t.policy.c
        found = self._connection.execute(select(c.n, c.at, c.author, c.reason, c.text).order_by(c.n.desc()))
        return [Revision(**row._mapping) for row in found]

    # tickets

    def resolve(self, number: str | None, ticket_id: int | None) -> list[int]:
        """The ids of the tickets with that number, or that id: none, one, or two where both are there."""
        c = t.ticket.c
        ways = [c.number == number] if number is not None else []
        ways += [c.id == ticket_id] if ticket_id is not None and ticket_id < 2**31 else []
        return list(self._connection.execute(select(c.id).where(or_(*ways)).order_by(c.id)).scalars()) if ways else []

    def ticket(self, ticket_id: int) -> Ticket | None:
        row = self._connection.execute(rows.TICKET.where(t.ticket.c.id == ticket_id)).first()
        return None if row is None else rows.ticket_of(row)

    def tickets(self, ids: Sequence[int]) -> list[Ticket]:
        """Those that are there, in the order asked."""
        found = self._connection.execute(rows.TICKET.where(t.ticket.c.id.in_(sorted(set(ids)))))
        by_id = {row.id: rows.ticket_of(row) for row in found}
        return [by_id[each] for each in ids if each in by_id]

    def find(
        self,
        query: Query | None = None,
        *,
        queues: Collection[str] | None,
        agent: str | None = None,
        sort: Sort = "created",
        reverse: bool = False,
        limit: int | None = None,
        offset: int = 0,
        readable: Collection[str] | None = None,
    ) -> list[Ticket]:
        """A page of tickets, oldest first unless `sort` says otherwise; without a query any.

        `queues`: those that the agent may read, None for all; where these are fewer, `readable` are all those that the
        agent may read, for the tickets that the query names. `agent` is who `owner:me` means.
        """
        from ticketctl.store import find, fulltext, seek

        asked = find.Page(
            query=fulltext.resolved(self._connection, query or find.EVERY), queues=queues, agent=agent, sort=sort,
            reverse=reverse, limit=limit, offset=offset, readable=readable,
        )  # fmt: skip
        return [rows.ticket_of(row) for row in seek.tickets(self._connection, asked)]

    def search(
        self,
        query: Query,
        *,
        queues: Collection[str] | None,
        agent: str | None = None,
        order: Literal["rank", "newest"] = "rank",
        limit: int | None = None,
        places: bool = True,
    ) -> list[Hit]:
        """Tickets in whose title, subjects, authors or texts the query's words are, best or newest first, with
        `places` also where in them."""
        from ticketctl.store import find, search

        asked = find.Page(query=query, queues=queues, agent=agent, limit=limit)
        return search.search(self._connection, asked, order, places=places)

    def standing(
        self,
        agent: str | None,
        now: datetime,
        *,
        queues: Collection[str] | None,
        readable: Collection[str] | None = None,
        held: Collection[str] | None = (),
    ) -> Standing:
        """What `status` shows, by the terms of its sections. `queues`: the agent's; `readable`: all that they may
        read, where their own tickets may be, None for all; `held`: queues whose held mail they see, None for all.

        A count ends at MANY: nobody reads on, and every count stays as cheap.
        """
        c, mail, letter = t.ticket.c, t.outbox.c, t.letter.c

        def within(column: Any, names: Collection[str] | None) -> Any:
            return true() if names is None else column.in_(sorted(names))

        def counted(table: Table, *where: Any, along: str | None = None) -> Any:
            some = select(literal(1)).select_from(table).where(*where).limit(MANY)
            some = some if along is None else indexed(some, table, along)
            return select(func.count()).select_from(some.subquery()).scalar_subquery()

        free = or_(c.locked == false(), c.owner == agent)
        mine = and_(c.owner == agent, c.live == true(), within(c.queue, readable))
        reminded = and_(c.state == "pending reminder", c.pending_until <= now)
        row = self._connection.execute(
            select(
                counted(t.ticket, c.state == "new", free, within(c.queue, queues)),
                counted(t.ticket, mine, c.waiting_on == "us", along="ix_ticket_live_owner_created_id"),
                counted(t.ticket, c.live == true(), c.due < now, within(c.queue, queues)),
                counted(t.ticket, mine, reminded),
                counted(t.outbox, mail.agent == agent, mail.status.in_(outbox.UNSENT)),
                counted(t.letter, letter.verdict == "held", within(letter.queue, held)),
            )
        ).one()
        return Standing(new=row[0], fresh=row[1], overdue=row[2], reminders=row[3], unsent=row[4], held=row[5])

    def articles(self, ticket_id: int) -> list[Article]:
        c = t.article.c
        found = self._connection.execute(rows.ARTICLE.where(c.ticket_id == ticket_id).order_by(c.n))
        return [rows.article_of(row) for row in found]

    def article(self, ticket_id: int, n: int) -> Article | None:
        """The article of that number; -1 is the last one."""
        c = t.article.c
        found = rows.ARTICLE.where(c.ticket_id == ticket_id)
        found = found.where(c.n == n) if n > 0 else found.order_by(c.n.desc()).offset(-n - 1).limit(1)
        row = self._connection.execute(found).first() if n else None
        return None if row is None else rows.article_of(row)

    def deliveries(self, ticket_id: int) -> dict[int, list[dict[str, Any]]]:
        """What became of our mails, by article: recipient, status, code, permanent, at (the contract's names)."""
        c = t.delivery.c
        found = self._connection.execute(
            select(c.n, c.recipient, c.status, c.code, c.permanent, c.at)
            .where(c.ticket_id == ticket_id)
            .order_by(c.outbox_id, c.position)
        )
        by_article: dict[int, list[dict[str, Any]]] = {}
        for row in found:
            values = dict(row._mapping)
            by_article.setdefault(values.pop("n"), []).append(values)
        return by_article

    def mailed(self, ticket_id: int) -> list[str]:
        """Whom mails of ours on that ticket went to, normalised, each once, the oldest mail's first."""
        c = t.token.c
        found = self._connection.execute(
            select(c.recipients).where(c.ticket_id == ticket_id, c.audience == "customer").order_by(c.n)
        )
        return list(dict.fromkeys(each for recipients in found.scalars() for each in recipients))

    def undelivered(self, ticket_id: int, addresses: Collection[str]) -> list[dict[str, Any]]:
        """Those addresses that a mail server refused for good when we last wrote to them: recipient, code, at."""
        from ticketctl.store.undelivered import gone

        return gone(self._connection, ticket_id, addresses)

    def links(self, ticket_id: int) -> list[Link]:
        c = t.link.c
        found = self._connection.execute(
            select(c.type, c.other_id, t.ticket.c.number)
            .join_from(t.link, t.ticket, t.ticket.c.id == c.other_id)
            .where(c.ticket_id == ticket_id)
            .order_by(c.other_id)
        )
        return [Link(type=row.type, other=row.other_id, number=row.number) for row in found]

    def history(self, ticket_id: int) -> list[Entry]:
        """Everything that happened to a ticket, oldest first."""
        c = t.history.c
        found = self._connection.execute(rows.HISTORY.where(c.ticket_id == ticket_id).order_by(c.version))
        return [rows.entry_of(row) for row in found]

    def live_queues(self) -> Iterator[str]:
        """The queues that have live tickets, a step along the index for each."""
        c, last = t.ticket.c, ""
        while True:
            after = select(c.queue).where(c.live == true(), c.queue > last).order_by(c.queue).limit(1)
            found = self._connection.execute(after).scalar()
            if found is None:
                return
            yield found
            last = found

    # mail in

    def known(self, asks: Asks, now: datetime) -> Known:
        """What the desk knows that bears on one letter."""
        from ticketctl.store import known

        return known.known(self._connection, asks, now)

    def known_then(self, asks: Asks, letter: LetterRow) -> Known:
        """What the desk knew, as nearly as can be told, when that letter came."""
        from ticketctl.store import known

        return known.known(self._connection, asks, letter.received, then=letter)

    def letters_before(self, last: int | None, limit: int) -> list[LetterRow]:
        """The newest letters with ids below `last`, or of all, newest first."""
        where = [] if last is None else [t.letter.c.id < last]
        found = self._connection.execute(rows.LETTER.where(*where).order_by(t.letter.c.id.desc()).limit(limit))
        return [rows.letter_of(row) for row in found]

    def letters(
        self, *, held_only: bool = True, queues: Collection[str] | None = None, limit: int | None = None, **sought: Any
    ) -> list[LetterRow]:
        """Letters that were accepted, newest first; those that are held, unless told otherwise. `queues`: where they
        are now: a letter that was placed is where its ticket is. `sought`: more of letters.Sought."""
        from ticketctl.store.letters import Sought, letters

        return letters(self._connection, Sought(held_only=held_only, queues=queues, limit=limit, **sought))

    def letter(self, word: int | str) -> LetterRow:
        """The letter of that id or Message-ID (the newest one that bears it); NotThere (66)."""
        found = self.bearing(word, most=1)
        if not found:
            raise NotThere(f"no mail {word}: `ticketctl mail list --all` shows every letter")
        return found[0]

    def bearing(self, word: int | str, *, most: int = 100) -> list[LetterRow]:
        """The letter of that id, or those that bear that Message-ID, newest first."""
        from ticketctl.intake.value import message_id_key

        c = t.letter.c
        where = c.id == word if isinstance(word, int) else c.id_key == cleaned(message_id_key(word))
        found = self._connection.execute(rows.LETTER.where(where).order_by(c.id.desc()).limit(most))
        return [rows.letter_of(row) for row in found]

    def raw(self, sha256: str) -> bytes:
        """A mail's bytes exactly as they came, by the `raw_sha256` of its letter, article or outbox row."""
        return raw.get(self._connection, sha256)

    def raw_view(self, sha256: str, offset: int, length: int) -> bytes:
        """A stretch of those bytes: an attachment, still encoded."""
        return raw.view(self._connection, sha256, offset, length)

    def customers(
        self,
        *,
        queues: Collection[str] | None = None,
        like: str | None = None,
        sort: ByCustomer = "last",
        limit: int | None = None,
        counted: int | None = None,
    ) -> list[CustomerRow]:
        """Addresses that have tickets in these queues, the latest first unless `sort` says otherwise.

        `like`: only such addresses (`*` and `?` as in a shell, `@domain`); `counted`: as far as tickets are counted.
        """
        from ticketctl.store import customers

        wanted = customers.Wanted(queues=queues, like=like, sort=sort, limit=limit, counted=counted)
        return customers.customers(self._connection, wanted)

    def customer(self, address: str, *, queues: Collection[str] | None = None) -> CustomerRow | None:
        """The customer of that very address, None where it has no ticket in these queues."""
        from ticketctl.store import customers

        return customers.customer(self._connection, address, queues)

    # mail out

    def outbox(
        self, *, unsent_only: bool = True, agent: str | None = None, limit: int | None = None, notices: bool = True
    ) -> list[OutboxRow]:
        """Mail that we owe, oldest first; with `agent` that agent's own; without `unsent_only` also what is done.
        `notices`: also those to other agents."""
        if not unsent_only and agent is None and notices:
            return outbox.rows(self._connection, true(), limit)
        statuses = outbox.UNSENT if unsent_only else outbox.EVERY
        return outbox.listed(self._connection, statuses, agent, limit, notices=notices)

    def due_mail(self, now: datetime, limit: int | None, only: int | None = None) -> list[OutboxRow]:
        """Owed mail whose time has come, whatever a brake says, in the order of `flush`; `only` that row."""
        if only is not None:
            c = t.outbox.c
            turn = or_(c.next_try <= now, c.next_try > now + AHEAD)
            return outbox.rows(self._connection, and_(c.id == only, c.status == "owed", turn))
        ids = self._connection.execute(outbox.waiting(now, outbox.CLASSES, limit, left=False)).scalars().all()
        found = {row.id: row for row in outbox.rows(self._connection, t.outbox.c.id.in_(ids))}
        return [found[each] for each in ids]

    def stale_mail(self, before: datetime, classes: Collection[str]) -> list[int]:
        """Owed mail of these classes that nobody has sent since then."""
        return outbox.stale(self._connection, before, classes)

    def answers(self, ticket_id: int) -> list[OutboxRow]:
        """The automatic answers of a ticket, sent or not, oldest first."""
        from ticketctl.store.among import ids_in

        d = t.delivery.c
        owed = select(d.outbox_id).where(d.ticket_id == ticket_id, d.n == 0)
        return outbox.rows(self._connection, and_(ids_in(t.outbox.c.id, owed), t.outbox.c.mail_class == "auto"))

    def noticed(self, event: str, since: datetime) -> bool:
        """Is there a notice of that event, of no ticket, owed since then?"""
        return outbox.noticed(self._connection, event, since)

    def answers_reported(self, ticket_id: int) -> dict[int, str]:
        """Of the automatic answers that went out, those that came back or are late: `failed` or `delayed`, by id."""
        d = t.delivery.c
        late = select(d.outbox_id, d.status).where(
            d.ticket_id == ticket_id, d.n == 0, d.status.in_(("failed", "delayed"))
        )
        return {row.outbox_id: row.status for row in self._connection.execute(late)}

    def outbox_row(self, outbox_id: int) -> OutboxRow:
        """That row; NotThere (66)."""
        return outbox.row(self._connection, outbox_id)

    def brakes(self) -> list[Brake]:
        """What stops mail for the whole desk."""
        return [Brake(**row._mapping) for row in self._connection.execute(select(t.brake).order_by(t.brake.c.name))]

    # for fsck

    def ticket_ids(self, after: int, limit: int) -> list[int]:
        """The next ids above `after`."""
        c = t.ticket.c
        return list(self._connection.execute(select(c.id).where(c.id > after).order_by(c.id).limit(limit)).scalars())

    def count_all(self) -> int:
        """How many tickets there are."""
        return self._connection.execute(select(func.count()).select_from(t.ticket)).scalar_one()
