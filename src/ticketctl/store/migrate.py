"""Alembic, from the installed package: only what makes or upgrades a desk imports it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from ticketctl.errors import Misconfigured
from ticketctl.store import schema, tables

DIRECTORY = Path(__file__).parent / "migrations"


def scripts() -> ScriptDirectory:
    """The revisions of this package."""
    return ScriptDirectory(str(DIRECTORY))


def context(connection: Connection, steps: Callable[..., object] | None = None) -> MigrationContext:
    """A migration context that knows our metadata; `steps` as alembic's `fn` option."""
    options = {"target_metadata": tables.metadata, "fn": steps, "compare_type": True, "render_as_batch": True}
    return MigrationContext.configure(connection, opts=options)


def migrate(engine: Engine, progress: Callable[[str], None] | None = None) -> list[str]:
    """Brings the schema to this program's, in one transaction; gives the revisions applied.

    Misconfigured (78) where the database was made by a newer program.
    """
    directory = scripts()
    applied: list[str] = []

    def steps(revision: Any, _context: object) -> list[Any]:
        current = revision[0] if isinstance(revision, tuple) and revision else revision or None
        found: list[Any] = list(directory._upgrade_revs("head", current))  # type: ignore[arg-type]  # None is the base
        for step in found:
            applied.append(step.revision.revision)
            if progress is not None:
                progress(f"schema {applied[-1]}: {step.doc}")
        return found

    with engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            found = context(connection).get_current_revision()  # asks, where `schema.found` would break the transaction
            if found is not None and found not in schema.KNOWN:
                raise Misconfigured("the database was made by a newer ticketctl: install that one")
            migration = context(connection, steps)
            with Operations.context(migration):
                migration.run_migrations()
    return applied
