"""What is MariaDB's alone: how a connection is set up, and what a transaction is begun as.

Readers have a snapshot (REPEATABLE READ, from the first statement on), writers READ COMMITTED: correctness rests on
`UPDATE ... WHERE version`, unique keys and row locks, and a row that was waited for is then seen as it is. Tables are
utf8mb4_nopad_bin: its own collations take ß for ss, and `a` for `a` with blanks behind.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

CONNECT_TIMEOUT = 10  # seconds
TABLE: dict[str, Any] = {  # what every table is made with, whichever of its two dialects SQLAlchemy takes
    f"{dialect}_{option}": value
    for dialect in ("mariadb", "mysql")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_nopad_bin"))
}
_SESSION = (
    "SET SESSION sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    " tx_isolation='READ-COMMITTED', innodb_lock_wait_timeout={wait},"
    " in_predicate_conversion_threshold=0"  # a long list of ids stays one: as a table it would be joined at a guess
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
