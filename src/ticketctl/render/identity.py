"""What every mail of ours carries: the addresses that a desk speaks from, its mark in the subject, its thread
(mail-rules section 4; the token and the Message-ID are the ticket's own room)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ticketctl.errors import BadData
from ticketctl.policy import Policy
from ticketctl.ticket import Address

_SUBJECT = 200  # characters of other people's subject that we repeat
_PREFIX = re.compile(
    r"\s*(?:re|aw|antw?|sv|vs|wg|fwd?|fw|tr|rv|rif|ref|res|enc|i|r|odp|pd|ynt|ilt|bls|atb|doorst|vb|vl|pt)"
    r"\s?(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4}|\*\d{1,4})?\s?[:\uff1a]",
    re.IGNORECASE,
)


def with_token(address: str, token: str, delimiter: str) -> str:
    """`support+TOKEN@`, where the mail system has a recipient delimiter; else the address as it is."""
    local, at, domain = address.rpartition("@")
    return f"{local}{delimiter}{token}{at}{domain}" if delimiter and at else address


def speaks_from(policy: Policy, queue: str) -> Address:
    """The first address of the queue with its from-name; of the nearest queue above it, or the default queue, where it
    has none. Raises BadData where the desk has no address at all."""
    name, colons = queue, "::"
    names = []
    while colons:
        names.append(name)
        name, colons, _ = name.rpartition("::")
    for each in (*names, policy.desk.default_queue, *policy.queues):
        found = policy.queues.get(each)
        if found is not None and found.addresses:
            own = policy.queues.get(queue)
            name = (own and own.from_name) or found.from_name or policy.desk.name
            return Address(address=found.addresses[0], name=name)
    raise BadData(f"queues.{queue}: no queue of the desk has an address to send from")


def subject(policy: Policy, number: str, *texts: str) -> str:
    """`[Ticket#NUMBER] rest`: our mark once and in front, where no mail program cuts it off; the rest is the first of
    the texts that says something, without anybody's Re:, AW: or Fwd: and without any mark of ours."""
    hook = policy.desk.hook
    mark = re.compile(rf"\[\s*{re.escape(hook)}:?\s?\d[\w-]*\s*\]|{re.escape(hook)}:?\s?\d[\w-]*", re.IGNORECASE)
    rest = next((bare for text in texts if (bare := _bare(text, mark))), "")
    return f"[{hook}{number}] {rest}".rstrip()


def _bare(text: str, mark: re.Pattern[str]) -> str:
    from ticketctl.render.mail import clean_name

    rest = mark.sub(" ", clean_name(text[:2000])).strip()
    while found := _PREFIX.match(rest):
        rest = rest[found.end() :].strip()
    return rest if len(rest) <= _SUBJECT else rest[: _SUBJECT - 1].rstrip() + "…"


def chain(references: Iterable[str], parent: str | None, cap: int = 30) -> tuple[str, ...]:
    """References of an answer (RFC 5322 section 3.6.4): the parent's own, then the parent; each once; of a longer chain
    than `cap` the first and the newest. What is no message id is left out."""
    from ticketctl.render.mail import is_id

    ids = [each for each in (*references, parent) if each and is_id(each)]
    ids = list(dict.fromkeys(reversed(ids)))[::-1]
    return tuple(ids if len(ids) <= cap else [ids[0], *ids[1 - cap :]])
