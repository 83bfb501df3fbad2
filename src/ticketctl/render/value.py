"""A mail of ours before it is bytes: plain values, checked by `mail.build`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from ticketctl.ticket import Address, normal, utc


class Enclosed(Struct, frozen=True, kw_only=True):
    """A file that goes with a mail."""

    name: str
    content_type: str = "application/octet-stream"
    content: bytes


class Outgoing(Struct, frozen=True, kw_only=True):
    """Everything a mail of ours says. `sender` is the envelope's ("" the null one), `bcc` stays in the envelope."""

    token: str
    message_id: str
    date: datetime  # UTC
    sender: str
    from_: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: str | None = None
    subject: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    body: str = ""
    enclosed: tuple[Enclosed, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()  # more of them, ASCII

    def __post_init__(self) -> None:
        utc(self.date)

    def evolve(self, **changes: Any) -> Self:
        return replace(self, **changes)

    @property
    def recipients(self) -> tuple[str, ...]:
        """The envelope's recipients, each once, in order."""
        written = [each.address for each in (*self.to, *self.cc, *self.bcc) if each.address]
        return tuple({normal(address): address for address in reversed(written)}.values())[::-1]
