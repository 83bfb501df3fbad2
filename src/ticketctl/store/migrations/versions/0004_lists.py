"""Lists that cost what they show: the columns, the table of tags and the indexes that they go along."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from ticketctl.store import types
from ticketctl.store.mariadb import TABLE as MARIADB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BATCH = 5000
_GONE = {
    "ticket": ("state_type_queue_created_id", "owner_live_created_id", "customer_key_created_id"),
    "letter": ("id_key",),
    "reference": ("id_key",),
    "outbox": ("status_next_try", "agent_status"),
}
_NEW = {
    "ticket": (
        "live changed id", "live number id", "live title_key id", "live owner created id",
        "live customer_key created id", "live customer_domain created id", "live waiting_on created id",
        "state queue created id",
    ),
    "letter": ("id_key id",),
    "reference": ("id_key letter_id",),
    "article": ("kind ticket_id",),
    "outbox": ("status id", "status mail_class next_try id", "agent status id"),
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "tag",
        sa.Column("tag", types.Line(120), nullable=False),
        sa.Column("ticket_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_tag_ticket_id")),
        sa.PrimaryKeyConstraint("tag", "ticket_id", name=op.f("pk_tag")),
        **MARIADB,
    )
    op.create_index(op.f("ix_tag_ticket_id"), "tag", ["ticket_id"], unique=False)
    op.add_column("ticket", sa.Column("customer_domain", types.Line(250), nullable=True))
    op.add_column("ticket", sa.Column("title_key", types.Line(100), nullable=False, server_default=""))
    _fill()
    for table, lists in _NEW.items():
        for columns in map(str.split, lists):
            op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns, unique=False)
    for table, names in _GONE.items():  # last: a program of before names them where this is killed on MariaDB
        for name in names:
            op.drop_index(op.f(f"ix_{table}_{name}"), table_name=table)


def _fill() -> None:
    """The new columns and the tags of the tickets that are there."""
    ticket = sa.table("ticket", sa.column("id"), sa.column("customer_domain", types.Line(250)),
                      sa.column("title_key", types.Line(100)))  # fmt: skip
    tag = sa.table("tag", sa.column("tag", types.Line(120)), sa.column("ticket_id"))
    update = ticket.update().where(ticket.c.id == sa.bindparam("mark"))
    update = update.values(customer_domain=sa.bindparam("domain"), title_key=sa.bindparam("title"))
    connection = op.get_bind()
    connection.execute(tag.delete())  # what one that was killed on MariaDB left: tags may have gone since
    for rows in _tickets(connection):
        values = [
            {"mark": row.id, "domain": _domain(row.customer_key), "title": row.title_fold}
            for row in rows
        ]
        connection.execute(update, values)
        tags = [{"tag": each, "ticket_id": row.id} for row in rows for each in json.loads(row.tags)]
        if tags:
            connection.execute(tag.insert(), tags)


def _domain(address: str | None) -> str | None:
    return address.rpartition("@")[2] or None if address and "@" in address else None


def _tickets(connection: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    last = 0
    asked = sa.text(
        "SELECT id, customer_key, title_fold, tags FROM ticket WHERE id > :last ORDER BY id LIMIT :most"
    )
    while rows := connection.execute(asked, {"last": last, "most": _BATCH}).all():
        yield rows
        last = rows[-1].id


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
