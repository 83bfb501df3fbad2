"""Which schema this program speaks: one plain SELECT tells, without alembic."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from ticketctl.errors import Misconfigured
from ticketctl.store.trouble import is_missing_table

KNOWN = ("0001", "0002", "0003", "0004")  # every revision of migrations/, oldest first
HEAD = KNOWN[-1]
_VERSION = text("SELECT version_num FROM alembic_version")


def found(connection: Connection) -> str | None:
    """The revision of the database, None where it holds no desk."""
    try:
        return connection.execute(_VERSION).scalar()
    except (OperationalError, ProgrammingError) as trouble:
        if is_missing_table(trouble.orig):
            return None
        raise


def check(connection: Connection, place: str) -> None:
    """Refuses (78) what is not a desk of this program's schema."""
    revision = found(connection)
    if revision == HEAD:
        return
    if revision is None:
        raise Misconfigured(f"no desk in the database at {place}: run `ticketctl init`")
    if revision in KNOWN:
        raise Misconfigured(f"the database at {place} is older than this program: run `ticketctl db upgrade`")
    raise Misconfigured(f"the database at {place} was made by a newer ticketctl: install that, or restore a backup")
