"""What is PostgreSQL's alone: how a connection is set up, and what a transaction is begun as.

Readers have a snapshot (REPEATABLE READ, READ ONLY), writers READ COMMITTED: correctness rests on `UPDATE ... WHERE
version`, unique keys and row locks, and a row that was waited for is then seen as it is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL

READS: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
WRITES: dict[str, Any] = {"isolation_level": "READ COMMITTED"}
CONNECT_TIMEOUT = 10  # seconds for each host


def arguments(url: URL, timeout: float) -> dict[str, Any]:
    """What the driver is told beside the URL, all in the start-up packet. `timeout`: seconds to wait for a lock."""
    settings = f"-c lock_timeout={int(timeout * 1000)} -c client_encoding=UTF8"
    given = url.query.get("options", "")
    options = f"{settings} {given if isinstance(given, str) else ' '.join(given)}".strip()
    told: dict[str, Any] = {"options": options}
    for name, value in (("connect_timeout", CONNECT_TIMEOUT), ("application_name", "ticketctl")):
        if name not in url.query:
            told[name] = value
    return told


def prepare(engine: Engine) -> None:
    """Nothing is acknowledged that a crash could take back (G1), whatever the server's default is."""

    @event.listens_for(engine, "connect")
    def _connected(driver: Any, _record: Any) -> None:
        with driver.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
            )
        driver.commit()
