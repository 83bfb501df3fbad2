"""What is PostgreSQL's alone: how a connection is set up, and what a transaction is begun as.

Readers have a snapshot (REPEATABLE READ, READ ONLY), writers READ COMMITTED: correctness rests on `UPDATE ... WHERE
version`, unique keys and row locks, and a row that was waited for is then seen as it is.

Nothing waits for ever: CONNECT_TIMEOUT for each host, `lock_timeout` for a lock, SILENCE for a server that does not
answer (or is frozen: its kernel goes on acknowledging), keepalives for a host that is gone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from ticketctl.errors import Misconfigured

READS: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
WRITES: dict[str, Any] = {"isolation_level": "READ COMMITTED"}
CONNECT_TIMEOUT = 10  # seconds for each host
SILENCE = 600.0  # seconds for the answer to one statement; `?read_timeout=` in the URL goes before
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6, "tcp_user_timeout": 90_000}


def arguments(url: URL, timeout: float) -> dict[str, Any]:
    """What the driver is told beside the URL, all in the start-up packet. `timeout`: seconds to wait for a lock."""
    settings = f"-c lock_timeout={int(timeout * 1000)} -c client_encoding=UTF8"
    given = url.query.get("options", "")
    options = f"{settings} {given if isinstance(given, str) else ' '.join(given)}".strip()
    told: dict[str, Any] = {"options": options}
    for name, value in (("connect_timeout", CONNECT_TIMEOUT), ("application_name", "ticketctl")):
        if name not in url.query:
            told[name] = value
    return told | {name: value for name, value in _ALIVE.items() if name not in url.query}


def prepare(engine: Engine, silence: float | None) -> None:
    """Nothing is acknowledged that a crash could take back (G1), whatever the server's default is; and nobody waits
    longer than `silence` seconds for an answer; 0: however long it takes."""

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, told: dict[str, Any]) -> Any:
        from psycopg import ProgrammingError

        from ticketctl.store.patient import Patient  # late: only here the driver is known to be there

        try:
            made = Patient.connect(*arguments, **told)
        except ProgrammingError as wrong:  # an option that libpq does not know, or not with that value
            raise Misconfigured(f"`database` is wrong: {str(wrong).partition(chr(10))[0]}") from None
        made.silence = SILENCE if silence is None else silence or None
        return made

    @event.listens_for(engine, "connect")
    def _connected(driver: Any, _record: Any) -> None:
        with driver.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
            )
        driver.commit()


def unfit(connection: Connection) -> str | None:
    """Why no desk can be made in that database, and the way out; None where one can."""
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding == "UTF8":
        return None
    return f"the database's encoding is {encoding}: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"


def doubts(connection: Connection) -> list[str]:
    """What of the server's settings breaks a promise: a mail that was acknowledged outlives a crash (G1)."""
    wanted = {
        "fsync": "a crash of the host loses mail that was acknowledged, or the whole database",
        "full_page_writes": "a crash of the host can damage the database",
    }
    off = [name for name in wanted if connection.exec_driver_sql(f"SHOW {name}").scalar() != "on"]
    found = unfit(connection)
    return [f"{name} = off: {wanted[name]}" for name in off] + ([found] if found else [])
