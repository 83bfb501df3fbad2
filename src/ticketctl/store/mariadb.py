"""What is MariaDB's alone: how a connection is set up, and what a transaction is begun as.

Readers have a snapshot (REPEATABLE READ, from the first statement on), writers READ COMMITTED: correctness rests on
`UPDATE ... WHERE version`, unique keys and row locks, and a row that was waited for is then seen as it is. Tables are
utf8mb4_nopad_bin: its own collations take ß for ss, and `a` for `a` with blanks behind.

A node of a Galera cluster knows the row locks of its own clients alone; the others' writes meet at COMMIT, where
whoever wrote the same key second is refused (1213) and begins anew. So what must not pass another has to *write* the
same key (`Writer._gate`, `_enter`), and a transaction waits first until its node has all that the others have kept
(wsrep_sync_wait): a follow-up finds the ticket that another node has just acknowledged.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from ticketctl.errors import Misconfigured

CONNECT_TIMEOUT = 10  # seconds
SILENCE = 600.0  # seconds for the answer to one statement; `?read_timeout=` in the URL goes before
PACKET = 4 << 20  # bytes: a piece of a raw mail, as it is written in a statement, and what stands beside it
CLUSTER = "cluster"  # in the `info` of a connection to a node of one
DIALECTS = ("mariadb", "mysql")  # SQLAlchemy takes the one or the other
TABLE: dict[str, Any] = {  # what every table is made with
    f"{dialect}_{option}": value
    for dialect in DIALECTS
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_nopad_bin"))
}
_SESSION = (
    "SET SESSION sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    " tx_isolation='READ-COMMITTED', innodb_lock_wait_timeout={wait}, lock_wait_timeout={wait},"
    " in_predicate_conversion_threshold=0"  # a long list of ids stays one: as a table it would be joined at a guess
)


def arguments(url: URL, timeout: float) -> dict[str, Any]:
    """What the driver is told beside the URL. `timeout`: seconds to wait for a lock, whole ones here."""
    told: dict[str, Any] = {"init_command": _SESSION.format(wait=max(1, round(timeout)))}
    for name, value in (("charset", "utf8mb4"), ("connect_timeout", CONNECT_TIMEOUT), ("write_timeout", SILENCE)):
        if name not in url.query:
            told[name] = value
    return told


def prepare(engine: Engine, silence: float | None) -> None:
    """Has every transaction that only reads begun as a snapshot, learns of a cluster, and waits no longer than
    `silence` seconds for an answer; with 0 however long it takes."""

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Any, _record: Any, arguments: Any, told: dict[str, Any]) -> Any:
        told["read_timeout"] = SILENCE if silence is None else silence or None
        try:
            return dialect.connect(*arguments, **told)
        except TypeError as wrong:  # an option that the driver does not know
            raise Misconfigured(f"`database` is wrong: {wrong}") from None

    @event.listens_for(engine, "connect")
    def _connected(driver: Any, record: Any) -> None:
        with driver.cursor() as cursor:
            cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
            record.info[CLUSTER] = ("wsrep_on", "ON") in cursor.fetchall()
            if record.info[CLUSTER]:
                cursor.execute("SET SESSION wsrep_sync_wait=1")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if not connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def unfit(_connection: Connection) -> str | None:
    """Every database will do: the tables name their own character set."""
    return None


def doubts(connection: Connection) -> list[str]:
    """What of the server's settings breaks a promise: a mail that was acknowledged outlives a crash (G1), and one of
    25 MB is taken."""
    rows = connection.exec_driver_sql("SHOW GLOBAL VARIABLES").all()
    held = {str(row[0]): str(row[1]) for row in rows}
    found = []
    if held["innodb_flush_log_at_trx_commit"] != "1":
        found.append("innodb_flush_log_at_trx_commit is not 1: a crash of the host loses mail that was acknowledged")
    if held["innodb_doublewrite"] == "OFF":
        found.append("innodb_doublewrite = OFF: a crash of the host can damage the database")
    if held["log_bin"] == "ON" and held["sync_binlog"] != "1":
        found.append("sync_binlog is not 1: a crash of the host loses mail that was acknowledged from the binary log")
    if int(held["max_allowed_packet"]) < PACKET:
        found.append(f"max_allowed_packet is below {PACKET >> 20} MB: a large mail is put off until it bounces")
    return found


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
