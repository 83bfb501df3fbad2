"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ticketctl.store import types
from ticketctl.store.mariadb import TABLE as MARIADB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brake",
        sa.Column("name", types.Line(20), nullable=False),
        sa.Column("at", types.Moment(), nullable=False),
        sa.Column("author", types.Line(120), nullable=False),
        sa.Column("reason", types.LongText(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_brake")),
        **MARIADB,
    )
    op.create_table(
        "policy",
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", types.Moment(), nullable=False),
        sa.Column("author", types.Line(120), nullable=False),
        sa.Column("reason", types.LongText(), nullable=False),
        sa.Column("text", types.LongText(), nullable=False),
        sa.Column("compiled", types.LongBytes(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_policy")),
        **MARIADB,
    )
    op.create_table(
        "raw",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sha256", types.Line(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw")),
        sa.UniqueConstraint("sha256", name=op.f("uq_raw_sha256")),
        **MARIADB,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_id",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_id")),
        **MARIADB,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "raw_piece",
        sa.Column("raw_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("packed", sa.Boolean(), nullable=False),
        sa.Column("data", types.LongBytes(), nullable=False),
        sa.ForeignKeyConstraint(["raw_id"], ["raw.id"], name=op.f("fk_raw_piece_raw_id")),
        sa.PrimaryKeyConstraint("raw_id", "n", name=op.f("pk_raw_piece")),
        **MARIADB,
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", types.Line(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", types.LongText(), nullable=False),
        sa.Column("queue", types.Line(120), nullable=False),
        sa.Column("state", types.Line(40), nullable=False),
        sa.Column("priority", types.Line(20), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("owner", types.Line(120), nullable=True),
        sa.Column("responsible", types.Line(120), nullable=True),
        sa.Column("customer_address", types.LongText(), nullable=True),
        sa.Column("customer_name", types.LongText(), nullable=True),
        sa.Column("created", types.Moment(), nullable=False),
        sa.Column("changed", types.Moment(), nullable=False),
        sa.Column("closed", types.Moment(), nullable=True),
        sa.Column("pending_until", types.Moment(), nullable=True),
        sa.Column("first_response_due", types.Moment(), nullable=True),
        sa.Column("update_due", types.Moment(), nullable=True),
        sa.Column("solution_due", types.Moment(), nullable=True),
        sa.Column("waiting_on", types.Line(20), nullable=True),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("last_customer_article", sa.Integer(), nullable=False),
        sa.Column("last_agent_article", sa.Integer(), nullable=False),
        sa.Column("parties", types.Json(), nullable=False),
        sa.Column("tags", types.Json(), nullable=False),
        sa.Column("watchers", types.Json(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("fields", types.Json(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("state_type", types.Line(20), nullable=False),
        sa.Column("priority_rank", sa.SmallInteger(), nullable=False),
        sa.Column("customer_key", types.Line(250), nullable=True),
        sa.Column("due", types.Moment(), nullable=True),
        sa.Column("title_fold", types.LongText(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["ticket_id.id"], name=op.f("fk_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_number")),
        **MARIADB,
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ticket_customer_key_created_id"), ["customer_key", "created", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_ticket_due"), ["due"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_live_created_id"), ["live", "created", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_ticket_live_queue_created_id"), ["live", "queue", "created", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ticket_owner_live_created_id"), ["owner", "live", "created", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_ticket_pending_until"), ["pending_until"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_ticket_state_type_queue_created_id"),
            ["state_type", "queue", "created", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_ticket_live_queue_due_created_id"),
            ["live", "queue", "due", "created", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_ticket_live_queue_locked_priority_rank_created_id"),
            ["live", "queue", "locked", "priority_rank", "created", "id"],
            unique=False,
        )

    op.create_table(
        "history",
        sa.Column("ticket_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", types.Moment(), nullable=False),
        sa.Column("actor", types.Line(120), nullable=False),
        sa.Column("acting_as", types.Line(120), nullable=True),
        sa.Column("via", types.Line(20), nullable=False),
        sa.Column("uid", sa.Integer(), nullable=True),
        sa.Column("name", types.Line(40), nullable=False),
        sa.Column("data", types.Json(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_history_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "version", name=op.f("pk_history")),
        **MARIADB,
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key_digest", types.Line(64), nullable=False),
        sa.Column("key_queue", types.LongText(), nullable=False),
        sa.Column("content", types.Line(64), nullable=False),
        sa.Column("received", types.Moment(), nullable=False),
        sa.Column("recipient", types.LongText(), nullable=True),
        sa.Column("sender", types.LongText(), nullable=True),
        sa.Column("said_queue", types.Line(120), nullable=True),
        sa.Column("trust", sa.Boolean(), nullable=False),
        sa.Column("message_id", types.LongText(), nullable=True),
        sa.Column("id_key", types.Line(250), nullable=True),
        sa.Column("author_address", types.LongText(), nullable=True),
        sa.Column("author_name", types.LongText(), nullable=True),
        sa.Column("subject", types.LongText(), nullable=False),
        sa.Column("queue", types.Line(120), nullable=False),
        sa.Column("verdict", types.Line(20), nullable=False),
        sa.Column("kind", types.Line(20), nullable=False),
        sa.Column("rule", types.LongText(), nullable=True),
        sa.Column("silence", types.Json(), nullable=False),
        sa.Column("why", types.Json(), nullable=False),
        sa.Column("held", types.LongText(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("raw_sha256", types.Line(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["raw_sha256"], ["raw.sha256"], name=op.f("fk_letter_raw_sha256")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_letter_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_letter_key_digest")),
        **MARIADB,
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_content"), ["content"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_id_key"), ["id_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_letter_verdict_id"), ["verdict", "id"], unique=False)

    op.create_table(
        "link",
        sa.Column("ticket_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("other_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", types.Line(20), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["ticket.id"], name=op.f("fk_link_other_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_link_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", "type", name=op.f("pk_link")),
        **MARIADB,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("created", types.Moment(), nullable=False),
        sa.Column("mail_class", types.Line(20), nullable=False),
        sa.Column("audience", types.Line(20), nullable=False),
        sa.Column("status", types.Line(20), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("agent", types.Line(120), nullable=True),
        sa.Column("message_id", types.LongText(), nullable=False),
        sa.Column("token", types.Line(26), nullable=False),
        sa.Column("sender", types.LongText(), nullable=False),
        sa.Column("recipients", types.Json(), nullable=False),
        sa.Column("subject", types.LongText(), nullable=False),
        sa.Column("plan", types.Json(), nullable=False),
        sa.Column("raw_sha256", types.Line(64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try", types.Moment(), nullable=False),
        sa.Column("claim", types.Line(32), nullable=True),
        sa.Column("claimed", types.Moment(), nullable=True),
        sa.Column("last_error", types.LongText(), nullable=True),
        sa.Column("address_key", types.Line(250), nullable=True),
        sa.Column("domain_key", types.Line(250), nullable=True),
        sa.ForeignKeyConstraint(["raw_sha256"], ["raw.sha256"], name=op.f("fk_outbox_raw_sha256")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_outbox_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("token", name=op.f("uq_outbox_token")),
        **MARIADB,
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_address_key_created"), ["address_key", "created"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_agent_status"), ["agent", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_domain_key_created"), ["domain_key", "created"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_class_created"), ["mail_class", "created"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_status_next_try"), ["status", "next_try"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "token",
        sa.Column("token", types.Line(26), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("audience", types.Line(20), nullable=False),
        sa.Column("recipients", types.Json(), nullable=False),
        sa.Column("message_id", types.LongText(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_token_ticket_id")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_token")),
        **MARIADB,
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("channel", types.Line(20), nullable=False),
        sa.Column("sender_type", types.Line(20), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("author_address", types.LongText(), nullable=True),
        sa.Column("author_name", types.LongText(), nullable=True),
        sa.Column("recipients", types.Json(), nullable=False),
        sa.Column("subject", types.LongText(), nullable=False),
        sa.Column("date", types.Moment(), nullable=True),
        sa.Column("received", types.Moment(), nullable=False),
        sa.Column("message_id", types.LongText(), nullable=True),
        sa.Column("in_reply_to", types.LongText(), nullable=True),
        sa.Column("refs", types.Json(), nullable=False),
        sa.Column("body", types.LongText(), nullable=False),
        sa.Column("body_type", types.Line(80), nullable=False),
        sa.Column("kind", types.Line(20), nullable=False),
        sa.Column("remarks", types.Json(), nullable=False),
        sa.Column("attachments", types.Json(), nullable=False),
        sa.Column("raw_sha256", types.Line(64), nullable=True),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.Column("agent", types.Line(120), nullable=True),
        sa.Column("author_fold", types.LongText(), nullable=False),
        sa.Column("subject_fold", types.LongText(), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_article_letter_id")),
        sa.ForeignKeyConstraint(["raw_sha256"], ["raw.sha256"], name=op.f("fk_article_raw_sha256")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_article_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("ticket_id", "n", name=op.f("uq_article_ticket_id_n")),
        **MARIADB,
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_letter_id"), ["letter_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("outbox_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("recipient", types.LongText(), nullable=False),
        sa.Column("status", types.Line(20), nullable=False),
        sa.Column("code", types.Line(20), nullable=True),
        sa.Column("permanent", sa.Boolean(), nullable=True),
        sa.Column("at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_delivery_outbox_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_delivery_ticket_id")),
        sa.PrimaryKeyConstraint("outbox_id", "position", name=op.f("pk_delivery")),
        **MARIADB,
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_ticket_id_n"), ["ticket_id", "n"], unique=False)

    op.create_table(
        "reference",
        sa.Column("letter_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id_key", types.Line(250), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_reference_letter_id")),
        sa.PrimaryKeyConstraint("letter_id", "position", name=op.f("pk_reference")),
        **MARIADB,
    )
    with op.batch_alter_table("reference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_id_key"), ["id_key"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
