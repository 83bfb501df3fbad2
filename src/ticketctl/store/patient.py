"""A connection to PostgreSQL that does not wait for ever: psycopg has a limit for connecting alone."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors


class Patient(psycopg.Connection[Any]):
    """A connection that is closed where its server keeps silent for `silence` seconds."""

    silence: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's; OperationalError after that silence."""
        try:
            return super().wait(gen, interval, timeout or self.silence)
        except errors._WaitTimeout:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("timed out: no answer from the server") from None
