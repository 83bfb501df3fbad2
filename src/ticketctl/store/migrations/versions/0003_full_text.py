"""Full text."""

from __future__ import annotations

from alembic import op

from ticketctl.store import indexing

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# detail=none: phrases are not the index's to know; content='': the words stand nowhere else
_SQLITE = "CREATE VIRTUAL TABLE IF NOT EXISTS {} USING fts5 (words, content='', detail=none, tokenize='ascii')"
_POSTGRESQL = "CREATE TABLE {} (id INTEGER NOT NULL, words TSVECTOR NOT NULL, CONSTRAINT pk_{} PRIMARY KEY (id))"
_GIN = "CREATE INDEX ix_{}_words ON {} USING gin (words)"
_MARIADB = (
    "CREATE TABLE IF NOT EXISTS {} (id INTEGER NOT NULL PRIMARY KEY, words LONGTEXT NOT NULL,"
    " FULLTEXT ix_{}_words (words)) ENGINE=InnoDB CHARACTER SET ascii COLLATE ascii_bin"
)


def upgrade() -> None:
    connection = op.get_bind()
    for name in indexing.TABLES:
        match connection.dialect.name:
            case "sqlite":
                op.execute(_SQLITE.format(name))
            case "postgresql":
                op.execute(_POSTGRESQL.format(name, name))
            case _:
                op.execute(_MARIADB.format(name, name))
    indexing.fill(connection, op.get_context().opts.get("progress"))
    if connection.dialect.name == "postgresql":  # after the rows: many times faster
        for name in indexing.TABLES:
            op.execute(_GIN.format(name, name))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
