"""Full text."""

from __future__ import annotations

from alembic import op

from ticketctl.store import indexing

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# detail=none: phrases are not the index's to know; content='': the words stand nowhere else
_SQLITE = "CREATE VIRTUAL TABLE {0} USING fts5 (words, content='', detail=none, tokenize='ascii')"
_POSTGRESQL = "CREATE TABLE {0} (id INTEGER NOT NULL, words TSVECTOR NOT NULL, CONSTRAINT pk_{0} PRIMARY KEY (id))"
# what MariaDB did before it was killed stays done
_MARIADB = (
    "CREATE TABLE IF NOT EXISTS {0} (id INTEGER NOT NULL PRIMARY KEY, words LONGTEXT NOT NULL)"
    " ENGINE=InnoDB CHARACTER SET ascii COLLATE ascii_bin"
)


def upgrade() -> None:
    connection = op.get_bind()
    dialect = connection.dialect.name
    for name in indexing.TABLES:
        op.execute({"sqlite": _SQLITE, "postgresql": _POSTGRESQL}.get(dialect, _MARIADB).format(name))
    indexing.empty(connection)  # of what one that was killed on MariaDB left: titles may be others since
    indexing.fill(connection, op.get_context().opts.get("progress"))
    for name in indexing.TABLES:  # after the rows: many times faster
        if dialect == "postgresql":
            op.execute(f"CREATE INDEX ix_{name}_words ON {name} USING gin (words)")
        elif dialect != "sqlite":
            op.execute(f"CREATE FULLTEXT INDEX IF NOT EXISTS ix_{name}_words ON {name} (words)")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
