"""Alembic, from the installed package: only what makes or upgrades a desk imports it.

A database that is killed meanwhile is the old one or the new one. SQLite and PostgreSQL undo the whole upgrade.
MariaDB keeps every CREATE and ALTER at once: there the revision is written last, whatever the number of steps, and
each statement is said so that it can be said again (`mariadb.again`). So a revision may add tables, indexes and
columns that an INSERT need not name, which the old program does not see; and what it takes away, it takes away last.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from ticketctl.store import alone, indexing, mariadb, schema, sqlite, tables

DIRECTORY = Path(__file__).parent / "migrations"
Said = Callable[[str], None]


def scripts() -> ScriptDirectory:
    """The revisions of this package."""
    return ScriptDirectory(str(DIRECTORY))


def context(
    connection: Connection, steps: Callable[..., object] | None = None, progress: Said | None = None
) -> MigrationContext:
    """A migration context that knows our metadata; `steps` as alembic's `fn` option, `progress` for a long revision."""
    options = {"target_metadata": tables.metadata, "fn": steps, "compare_type": True, "render_as_batch": True,
               "include_name": _compared, "progress": progress}  # fmt: skip
    return MigrationContext.configure(connection, opts=options)


def _compared(name: str | None, kind: str, _parents: object) -> bool:
    """Not the tables of the full text, nor those that FTS5 makes beside them."""
    return kind != "table" or not str(name).startswith(indexing.TABLES)


def migrate(
    engine: Engine, progress: Said | None = None, *, to: str = "head", before: Callable[[str], None] | None = None
) -> list[str]:
    """Brings the schema to this program's (`to`: to that revision); gives the revisions applied.

    One process at a time: another waits, and finds it done. `before` is called with the revision of an older desk
    when it is ours alone and still as it was. Misconfigured (78) where the database was made by a newer program.
    """
    with alone.exclusive(engine, alone.PATIENCE, progress), engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        sqlite.wait(connection, alone.PATIENCE)
        with connection.begin():
            found = context(connection).get_current_revision()  # asks, where `schema.found` would break the transaction
            schema.known(found, engine.url.render_as_string(hide_password=True))
            applied = revisions(found, to)
            if applied and found is not None and before is not None:
                before(found)
            build(connection, applied, progress)
            if applied:
                context(connection).stamp(scripts(), to)
            if applied and found is None and to == "head":
                schema.mark_whole(connection)  # there are no rows
    return [each.revision for each in applied]


def revisions(found: str | None = None, to: str = "head") -> list[Any]:
    """Alembic's scripts between a revision (None: nothing) and another, the oldest first."""
    return [*scripts().iterate_revisions(to, found or "base")][::-1]


def build(connection: Connection, steps: list[Any], progress: Said | None = None) -> None:
    """Takes the steps, in the transaction that stands; the revision is not written."""
    if connection.dialect.name in mariadb.DIALECTS:
        mariadb.again(connection)
    with Operations.context(context(connection, progress=progress)):
        for step in steps:
            if progress is not None:
                progress(f"schema {step.revision}: {step.doc}")
            step.module.upgrade()
