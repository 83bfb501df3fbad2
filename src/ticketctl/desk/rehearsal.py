"""`--dry-run`: the same, rolled back. Whatever is written is permitted, applied and shown, and then undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from ticketctl.policy import Policy
from ticketctl.store import Store, Writer
from ticketctl.ticket import Actor


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""


class Rehearsal(Store):
    """A store none of whose transactions is kept."""

    @contextmanager
    def writing(self, actor: Actor, now: datetime, policy: Policy | None = None) -> Iterator[Writer]:
        with suppress(_Undone), super().writing(actor, now, policy) as tx:
            yield tx
            raise _Undone
