"""Which queue: the administrator's word, envelope, trace headers, To and Cc, the default (contract section 3)."""

from __future__ import annotations

import re

from msgspec import Struct

from ticketctl.intake.value import Envelope
from ticketctl.letter.value import Letter
from ticketctl.policy import Policy
from ticketctl.ticket import unwrapped

EXTENSION_LIMIT = 64  # characters: no local part is longer (RFC 5321 section 4.5.3.1)
TOKEN = re.compile(r"(?<![A-Za-z0-9])([A-Za-z2-7]{26})(?![A-Za-z0-9])")


class Route(Struct, frozen=True, kw_only=True):
    """`enveloped`: the queue of the envelope recipient, "" where none: it is in the key against doubles (G4)."""

    queue: str
    enveloped: str
    why: str
    extension: str = ""  # what stood behind the delimiter: a token or a number
    unknown: bool = False  # an envelope recipient was given, and no queue has it


def route(letter: Letter, envelope: Envelope, policy: Policy) -> Route:
    """The queue of a letter, before any rule."""
    for address, source in _enveloped(letter, envelope):
        queue, extension = _queue_of(address, policy)
        if queue:
            why = f"queue {envelope.queue}: asked for" if envelope.queue else f"queue {queue}: {source} {address[:320]}"
            return Route(queue=envelope.queue or queue, enveloped=queue, extension=extension, why=why)
    if envelope.queue:
        return Route(queue=envelope.queue, enveloped=envelope.queue, why=f"queue {envelope.queue}: asked for")
    default = policy.desk.default_queue
    if envelope.recipient:
        why = f"queue {default}: the default; no queue has {envelope.recipient[:320]}"
        return Route(queue=default, enveloped="", why=why, unknown=True)
    for named in (*letter.to, *letter.cc):
        if named.address:
            queue, extension = _queue_of(named.address, policy)
            if queue:
                why = f"queue {queue}: To or Cc {named.address}"
                return Route(queue=queue, enveloped="", extension=extension, why=why)
    return Route(queue=default, enveloped="", why=f"queue {default}: the default; no address of ours in the mail")


def attempts(letter: Letter, envelope: Envelope, policy: Policy) -> list[tuple[str, str, str | None]]:
    """What `route` looks at, in its order, up to what it finds: source, address, and the queue that has it, if any."""
    named = [] if envelope.recipient else [address.address for address in (*letter.to, *letter.cc) if address.address]
    asked = [*_enveloped(letter, envelope), *(() if envelope.queue else [(each, "To or Cc") for each in named])]
    looked_at = []
    for address, source in asked:
        queue, _ = _queue_of(address, policy)
        looked_at.append((source, address, queue))
        if queue:
            break
    return looked_at


def _enveloped(letter: Letter, envelope: Envelope) -> list[tuple[str, str]]:
    if envelope.recipient:
        return [(envelope.recipient, "envelope recipient")]
    return [(address, "delivered to") for address in letter.trace_recipients]


def _queue_of(address: str, policy: Policy) -> tuple[str | None, str]:
    """Queue and extension of an address; one without a domain is of the desk's domain."""
    plain = unwrapped(address.strip().strip("<>"))
    if "@" not in plain:
        plain = f"{plain}@{policy.desk.domain.lower()}"
    queue = policy.queue_of(plain)
    if queue or not policy.desk.recipient_delimiter:
        return queue, ""
    local, _, domain = plain.rpartition("@")
    name, found, extension = local.partition(policy.desk.recipient_delimiter)
    return (policy.queue_of(f"{name}@{domain}"), extension[:EXTENSION_LIMIT]) if found else (None, "")
