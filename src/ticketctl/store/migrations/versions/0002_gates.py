"""Rows to lock where several write at once, and one letter that is the first of its content."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ticketctl.store import types
from ticketctl.store.mariadb import TABLE as MARIADB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    gate = op.create_table(
        "gate",
        sa.Column("name", types.Line(20), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_gate")),
        **MARIADB,
    )
    op.bulk_insert(gate, [{"name": "answers", "passed": 0}, {"name": "policy", "passed": 0}])
    op.add_column("letter", sa.Column("first", types.Line(64), nullable=True))
    op.create_index(op.f("ix_letter_first"), "letter", ["first"], unique=True)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
