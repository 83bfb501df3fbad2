"""What is MariaDB's alone: how a connection is set up, and what a transaction is begun as.

Readers have a snapshot (REPEATABLE READ, from the first statement on), writers READ COMMITTED: correctness rests on
`UPDATE ... WHERE version`, unique keys and row locks, and a row that was waited for is then seen as it is. Tables are
utf8mb4_nopad_bin: its own collations take ß for ss, and `a` for `a` with blanks behind.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

DIALECTS = ("mariadb", "mysql")  # SQLAlchemy takes the one or the other
CONNECT_TIMEOUT = 10  # seconds
TABLE: dict[str, Any] = {  # what every table is made with
    f"{dialect}_{option}": value
    for dialect in DIALECTS
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_nopad_bin"))
}
_SESSION = (
    "SET SESSION sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    " tx_isolation='READ-COMMITTED', innodb_lock_wait_timeout={wait}"
)


def arguments(url: URL, timeout: float) -> dict[str, Any]:
    """What the driver is told beside the URL. `timeout`: seconds to wait for a lock, whole ones here."""
    told: dict[str, Any] = {"init_command": _SESSION.format(wait=max(1, round(timeout)))}
    for name, value in (("charset", "utf8mb4"), ("connect_timeout", CONNECT_TIMEOUT)):
        if name not in url.query:
            told[name] = value
    return told


def prepare(engine: Engine) -> None:
    """Has every transaction that only reads begun as a snapshot."""

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if not connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


# What a revision says, as it can be said again where an upgrade was killed.
_AGAIN = (
    (re.compile(r"^\s*CREATE TABLE (?!IF )"), "CREATE TABLE IF NOT EXISTS "),
    (re.compile(r"^\s*CREATE (UNIQUE |FULLTEXT |)INDEX (?!IF )"), r"CREATE \1INDEX IF NOT EXISTS "),
    (re.compile(r"^(\s*ALTER TABLE \S+ ADD COLUMN) (?!IF )"), r"\1 IF NOT EXISTS "),
    (re.compile(r"^\s*DROP (TABLE|INDEX) (?!IF )"), r"DROP \1 IF EXISTS "),
    (re.compile(r"^(\s*ALTER TABLE \S+ DROP COLUMN) (?!IF )"), r"\1 IF EXISTS "),
    (re.compile(r"^(\s*INSERT INTO (?!alembic)\S+ \(([^,)]+)(?!.*ON DUPLICATE).*)$", re.DOTALL),
     r"\1 ON DUPLICATE KEY UPDATE \2 = \2"),
)  # fmt: skip


def again(connection: Connection) -> None:
    """Has a connection say CREATE, ALTER, DROP and INSERT so that what is there already is left as it is."""

    @event.listens_for(connection, "before_cursor_execute", retval=True)
    def _said(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        for pattern, instead in _AGAIN:
            statement = pattern.sub(instead, statement, count=1)
        return statement, parameters
