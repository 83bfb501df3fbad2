"""Numbers of foreign systems, each with the ticket that its mails go on: one ticket, whoever comes first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ticketctl.store import types
from ticketctl.store.mariadb import TABLE as MARIADB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external",
        sa.Column("name_digest", types.Line(64), nullable=False),
        sa.Column("name", types.LongText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_external_ticket_id")),
        sa.PrimaryKeyConstraint("name_digest", name=op.f("pk_external")),
        **MARIADB,
    )
    op.create_index(op.f("ix_external_ticket_id"), "external", ["ticket_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
