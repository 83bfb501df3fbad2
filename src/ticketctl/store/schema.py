"""Which schema this program speaks: one plain SELECT tells, without alembic."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from ticketctl.errors import Misconfigured
from ticketctl.store.tables import gate
from ticketctl.store.trouble import is_missing_table

KNOWN = ("0001", "0002", "0003", "0004", "0005")  # every revision of migrations/, oldest first
HEAD = KNOWN[-1]
COPYING = "copying"  # stands in a revision's place while `db copy` is at work, and where it was killed
WHOLE = "whole"  # the gate that an upgrade passes at its end: the revision whose rows are all as the writer makes them
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
    known(revision, place)
    raise Misconfigured(f"the database at {place} is older than this program: run `ticketctl db upgrade`")


def known(revision: str | None, place: str) -> None:
    """Refuses (78) a revision that this program has not, and a copy that is not whole."""
    if revision == COPYING:
        raise Misconfigured(f"the database at {place} is no desk yet: `ticketctl db copy` into it is at work, or was "
                            "stopped; then run that again")  # fmt: skip
    if revision is not None and revision not in KNOWN:
        raise Misconfigured(f"the database at {place} was made by a newer ticketctl: install that, or restore a backup")


def is_whole(connection: Connection) -> bool:
    """Has every row been looked at since the database has this schema? Not where the upgrade was killed before."""
    return connection.execute(select(gate.c.passed).where(gate.c.name == WHOLE)).scalar() == int(HEAD)


def mark_whole(connection: Connection) -> None:
    """They have."""
    connection.execute(delete(gate).where(gate.c.name == WHOLE))
    connection.execute(insert(gate).values(name=WHOLE, passed=int(HEAD)))
