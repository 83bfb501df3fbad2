"""The tables. `migrations/` makes them; a test holds that both say the same.

A `*_key` column is what look-ups compare: normalised, cut to an indexable length; beside it stands the text as it came.
`title_key` is the beginning of the title, casefolded: lists are sorted by it; `customer_domain` is what
`customer:@domain` asks for. Both, `live`, `due`, `priority_rank`, `title_fold` and `state_type` follow from the other
columns of their row. Nothing asks the last two any more; they stay, filled, since MariaDB takes no DROP back where an
upgrade is killed, and the program of before wants them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    insert,
)

from ticketctl.store.types import Json, Line, LongBytes, LongText, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_NAME = 120  # queues, agents, templates
_KEY = 250  # addresses and message ids as compared


def _table(name: str, *parts: Any) -> Table:
    # MariaDB's options (utf8mb4_nopad_bin: its own collation takes ß for ss) stand in the migrations: here they would
    # import its dialect. sqlite_autoincrement: else SQLite gives the id of a deleted last row again.
    serial = [part for part in parts if isinstance(part, Column) and part.primary_key and part.autoincrement is True]
    return Table(name, metadata, *parts, sqlite_autoincrement=True) if serial else Table(name, metadata, *parts)


def _serial() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _ticket(**options: Any) -> Column[Any]:
    return Column("ticket_id", Integer, ForeignKey("ticket.id"), **options)


def put(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Inserts a row into a table that gives the id, and gives it."""
    # as parameters: values() would make an expression of each, in every process anew
    made = connection.execute(insert(table), dict(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


policy = _table(
    "policy",
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("author", Line(_NAME), nullable=False),
    Column("reason", LongText, nullable=False),
    Column("text", LongText, nullable=False),
    Column("compiled", LongBytes, nullable=False),
)

ticket_id = _table("ticket_id", _serial())

ticket = _table(
    "ticket",
    Column("id", Integer, ForeignKey("ticket_id.id"), primary_key=True, autoincrement=False),
    Column("number", Line(64), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("title", LongText, nullable=False),
    Column("queue", Line(_NAME), nullable=False),
    Column("state", Line(40), nullable=False),
    Column("priority", Line(20), nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("owner", Line(_NAME)),
    Column("responsible", Line(_NAME)),
    Column("customer_address", LongText),
    Column("customer_name", LongText),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("closed", Moment),
    Column("pending_until", Moment),
    Column("first_response_due", Moment),
    Column("update_due", Moment),
    Column("solution_due", Moment),
    Column("waiting_on", Line(20)),
    Column("articles", Integer, nullable=False),
    Column("last_customer_article", Integer, nullable=False),
    Column("last_agent_article", Integer, nullable=False),
    Column("parties", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Column("watchers", Json, nullable=False),
    Column("merged_into", Integer),
    Column("fields", Json, nullable=False),
    # derived
    Column("live", Boolean, nullable=False),
    Column("state_type", Line(20), nullable=False),
    Column("priority_rank", SmallInteger, nullable=False),
    Column("customer_key", Line(_KEY)),
    Column("due", Moment),
    Column("title_fold", LongText, nullable=False),
    Column("customer_domain", Line(_KEY)),
    Column("title_key", Line(100), nullable=False, server_default=""),
    # what `walk` goes along: a new one is to be looked at with all the others, and costs every write
    Index(None, "live", "created", "id"),
    Index(None, "live", "changed", "id"),
    Index(None, "live", "number", "id"),
    Index(None, "live", "title_key", "id"),
    Index(None, "live", "queue", "created", "id"),
    Index(None, "live", "queue", "due", "created", "id"),
    Index(None, "live", "queue", "locked", "priority_rank", "created", "id"),
    Index(None, "live", "owner", "created", "id"),
    Index(None, "live", "customer_key", "created", "id"),
    Index(None, "live", "customer_domain", "created", "id"),
    Index(None, "live", "waiting_on", "created", "id"),
    Index(None, "state", "queue", "created", "id"),
    Index(None, "due"),
    Index(None, "pending_until"),
)

tag = _table(  # derived: the tags of the ticket's row
    "tag",
    Column("tag", Line(_NAME), primary_key=True),
    _ticket(primary_key=True, autoincrement=False, index=True),
)

history = _table(
    "history",
    _ticket(primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Line(_NAME), nullable=False),
    Column("acting_as", Line(_NAME)),
    Column("via", Line(20), nullable=False),
    Column("uid", Integer),
    Column("name", Line(40), nullable=False),
    Column("data", Json, nullable=False),
)

raw = _table(
    "raw",
    _serial(),
    Column("sha256", Line(64), nullable=False, unique=True),
    Column("size", Integer, nullable=False),
)

raw_piece = _table(
    "raw_piece",
    Column("raw_id", Integer, ForeignKey("raw.id"), primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("packed", Boolean, nullable=False),
    Column("data", LongBytes, nullable=False),
)

letter = _table(
    "letter",
    _serial(),
    Column("key_digest", Line(64), nullable=False, unique=True),
    Column("key_queue", LongText, nullable=False),
    Column("content", Line(64), nullable=False, index=True),
    Column("first", Line(64)),  # its content, where no other letter had that before
    Column("received", Moment, nullable=False),
    Column("recipient", LongText),
    Column("sender", LongText),
    Column("said_queue", Line(_NAME)),
    Column("trust", Boolean, nullable=False),
    Column("message_id", LongText),
    Column("id_key", Line(_KEY)),
    Column("author_address", LongText),
    Column("author_name", LongText),
    Column("subject", LongText, nullable=False),
    Column("queue", Line(_NAME), nullable=False),
    Column("verdict", Line(20), nullable=False),
    Column("kind", Line(20), nullable=False),
    Column("rule", LongText),
    Column("silence", Json, nullable=False),
    Column("why", Json, nullable=False),
    Column("held", LongText),
    _ticket(index=True),
    Column("n", Integer),
    Column("raw_sha256", Line(64), ForeignKey("raw.sha256"), nullable=False),
    Column("size", Integer, nullable=False),
    Index(None, "verdict", "id"),
    Index(None, "id_key", "id"),
    Index(None, "first", unique=True),
)

reference = _table(
    "reference",
    Column("letter_id", Integer, ForeignKey("letter.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("id_key", Line(_KEY), nullable=False),
    Index(None, "id_key", "letter_id"),
)

external = _table(  # what a foreign system calls the thing that a ticket is about (a rule's `ticket`)
    "external",
    Column("name_digest", Line(64), primary_key=True),
    Column("name", LongText, nullable=False),
    _ticket(nullable=False, index=True),
)

article = _table(
    "article",
    _serial(),
    _ticket(nullable=False),
    Column("n", Integer, nullable=False),
    Column("channel", Line(20), nullable=False),
    Column("sender_type", Line(20), nullable=False),
    Column("visible", Boolean, nullable=False),
    Column("author_address", LongText),
    Column("author_name", LongText),
    Column("recipients", Json, nullable=False),  # to, cc, reply_to
    Column("subject", LongText, nullable=False),
    Column("date", Moment),
    Column("received", Moment, nullable=False),
    Column("message_id", LongText),
    Column("in_reply_to", LongText),
    Column("refs", Json, nullable=False),
    Column("body", LongText, nullable=False),
    Column("body_type", Line(80), nullable=False),
    Column("kind", Line(20), nullable=False),
    Column("remarks", Json, nullable=False),
    Column("attachments", Json, nullable=False),
    Column("raw_sha256", Line(64), ForeignKey("raw.sha256")),
    Column("letter_id", Integer, ForeignKey("letter.id"), index=True),
    Column("agent", Line(_NAME)),  # who acted
    # empty since revision 0003, and not dropped by it: MariaDB takes no DROP back where an upgrade is killed, and the
    # program of before wants them
    Column("author_fold", LongText, nullable=False),
    Column("subject_fold", LongText, nullable=False),
    UniqueConstraint("ticket_id", "n"),
    Index(None, "kind", "ticket_id"),
)

link = _table(
    "link",
    _ticket(primary_key=True, autoincrement=False),
    Column("other_id", Integer, ForeignKey("ticket.id"), primary_key=True, autoincrement=False),
    Column("type", Line(20), primary_key=True),
)

outbox = _table(
    "outbox",
    _serial(),
    Column("created", Moment, nullable=False),
    Column("mail_class", Line(20), nullable=False),
    Column("audience", Line(20), nullable=False),
    Column("status", Line(20), nullable=False),
    _ticket(index=True),
    Column("n", Integer, nullable=False),
    Column("version", Integer),  # of the ticket, of the change that owes it
    Column("agent", Line(_NAME)),
    Column("message_id", LongText, nullable=False),
    Column("token", Line(26), nullable=False, unique=True),
    Column("sender", LongText, nullable=False),
    Column("recipients", Json, nullable=False),
    Column("subject", LongText, nullable=False),
    Column("plan", Json, nullable=False),
    Column("raw_sha256", Line(64), ForeignKey("raw.sha256")),
    Column("tries", Integer, nullable=False),
    Column("next_try", Moment, nullable=False),
    Column("claim", Line(32)),
    Column("claimed", Moment),
    Column("last_error", LongText),
    # derived: what G13 counts, of automatic answers
    Column("address_key", Line(_KEY)),
    Column("domain_key", Line(_KEY)),
    Index(None, "status", "id"),
    Index(None, "status", "mail_class", "next_try", "id"),
    Index(None, "agent", "status", "id"),
    Index(None, "mail_class", "created"),
    Index(None, "address_key", "created"),
    Index(None, "domain_key", "created"),
)

# outlives its outbox row: the proof that a mail belongs to a ticket
token = _table(
    "token",
    Column("token", Line(26), primary_key=True),
    _ticket(nullable=False, index=True),
    Column("n", Integer, nullable=False),
    Column("audience", Line(20), nullable=False),
    Column("recipients", Json, nullable=False),  # normalised
    Column("message_id", LongText, nullable=False),
)

delivery = _table(
    "delivery",
    Column("outbox_id", Integer, ForeignKey("outbox.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _ticket(),
    Column("n", Integer, nullable=False),
    Column("recipient", LongText, nullable=False),
    Column("status", Line(20), nullable=False),
    Column("code", Line(20)),
    Column("permanent", Boolean),
    Column("at", Moment, nullable=False),
    Index(None, "ticket_id", "n"),
)

brake = _table(
    "brake",
    Column("name", Line(20), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("author", Line(_NAME), nullable=False),
    Column("reason", LongText, nullable=False),
)

# a row to lock where several write at once (READ COMMITTED): SQLite has one writer anyhow
gate = _table(
    "gate",
    Column("name", Line(20), primary_key=True),
    Column("passed", Integer, nullable=False),
)
