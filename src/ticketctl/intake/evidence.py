"""Which ticket a letter speaks of: tokens, message ids, numbers, strongest first (mail-rules section 4)."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ticketctl.intake.case import Case
from ticketctl.intake.route import TOKEN, Route
from ticketctl.intake.value import Asks, Envelope, Known, Mailed, message_id_key
from ticketctl.letter.value import Letter
from ticketctl.policy import Policy
from ticketctl.ticket import Kind, damm, normal

REFERENCES_LOOKED_AT = 20  # G9
NUMBERS_LOOKED_AT = 20
RETURNED_LOOKED_AT = 20
TOKENS_LOOKED_AT = 100
SUBJECT_LOOKED_AT = 2000  # characters
_MAILBOX = re.compile(r"[^\s<>,;]{1,64}@[^\s<>,;@]{1,255}")
_REPORTS = (Kind.BOUNCE, Kind.MDN, Kind.FEEDBACK)

Proof = Literal["token", "external", "id", "awaited", "number"]


class Evidence(Struct, frozen=True, kw_only=True):
    """A ticket that the letter names, and by what."""

    ticket: int
    proof: Proof
    where: str  # "envelope recipient", "In-Reply-To", "References", "Subject", "returned mail", "Message-ID", "a rule"
    mailed: Mailed | None = None  # proof token
    said: str = ""  # the id or number itself


def asks(
    letter: Letter, route: Route, envelope: Envelope, policy: Policy, content: str, external: str | None = None
) -> Asks:
    """What the desk must look up for this letter. `content` is `letter.fingerprint`; `external` a rule's number."""
    references = letter.references[-REFERENCES_LOOKED_AT:][::-1]
    replies = letter.in_reply_to[:REFERENCES_LOOKED_AT]
    ids = tuple(dict.fromkeys(message_id_key(each) for each in (*replies, *references)))
    returned = letter.returned_ids[:RETURNED_LOOKED_AT]
    own = message_id_key(letter.message_id) if letter.message_id else ""
    tokens = [token.lower() for source in (route.extension, *ids, own, *returned) for token in TOKEN.findall(source)]
    sender = normal(letter.author.address) if letter.author.address else None
    return Asks(
        key=f"{route.enveloped}\n{content}",
        content=content,
        message_id=letter.message_id,
        tokens=tuple(dict.fromkeys(tokens))[:TOKENS_LOOKED_AT],
        ids=ids,
        numbers=tuple(dict.fromkeys([*_extension_number(route), *numbers(letter.subject, policy)])),
        sender=sender,
        answer_to=answer_to(letter, envelope) if any(queue.auto for queue in policy.queues.values()) else None,
        returned=returned,
        external=external,
    )


def answer_to(letter: Letter, envelope: Envelope) -> str | None:
    """Row A18: Return-Path where it is From's address or domain, else From. None: nobody to answer.

    The domain is the one that the path is sent to: what SRS claims inside it anybody can write.
    """
    author = letter.author.address
    if not author:
        return None
    path = (envelope.sender if envelope.sender is not None else letter.return_path or "").strip().strip("<>")
    same = path.rpartition("@")[2].lower() == author.rpartition("@")[2].lower()
    return path if same and _MAILBOX.fullmatch(path) else author


def numbers(subject: str, policy: Policy) -> list[str]:
    """Every number right after our hook; those that carry our system id and a right check digit first."""
    found = [match[1] for match in _hooked(policy).finditer(subject[:SUBJECT_LOOKED_AT])]
    return sorted(dict.fromkeys(found), key=lambda number: not _ours(number, policy))[:NUMBERS_LOOKED_AT]


def defused(subject: str, policy: Policy) -> str:
    """The subject with our hook taken out before every number; the number stays, as a plain one.

    Again and again: what stood before a hook may be a hook for what is left.
    """
    rest, plain = subject, _hooked(policy).sub(r"\1", subject)
    while plain != rest:
        rest, plain = plain, _hooked(policy).sub(r"\1", plain)
    return rest.strip()


def gather(case: Case) -> list[Evidence]:
    """All evidence for a ticket that is there, strongest first; returned mail speaks in a machine's mail only."""
    letter, route, known, policy = case.letter, case.route, case.known, case.policy
    found = [*_by_token(route.extension, "envelope recipient", known)]
    returned: list[Evidence] = []
    if not case.personal:
        for each in letter.returned_ids[:RETURNED_LOOKED_AT]:
            returned += _by_token(each, "returned mail", known)
    if case.judged.kind in _REPORTS:  # it belongs to the mail that came back
        found += returned
    replies = [message_id_key(each) for each in letter.in_reply_to[:REFERENCES_LOOKED_AT]]
    for each in replies:
        found += _by_id(each, "In-Reply-To", known)
    named = [(number, "envelope recipient") for number in _extension_number(route)]
    named += [(number, "Subject") for number in numbers(letter.subject, policy)]
    subject = [
        Evidence(ticket=known.numbers[number], proof="number", where=where, said=number)
        for number, where in named
        if number in known.numbers
    ]
    beside = bool(replies or found or subject)
    for each in letter.references[-REFERENCES_LOOKED_AT:][::-1]:
        found += [
            evidence
            for evidence in _by_id(message_id_key(each), "References", known)
            if beside or _same_queue(evidence, message_id_key(each), route, known)
        ]
    found += subject
    if case.judged.kind not in _REPORTS:
        found += returned
    found += _answered_before(letter, route, known)
    found = _grouped(found, case)
    return [_merged(evidence, known) for evidence in found if evidence.ticket in known.tickets]


def _grouped(found: list[Evidence], case: Case) -> list[Evidence]:
    """With the ticket of the rule's number: it gives way to a token of ours alone, which nobody can guess."""
    if case.known.external is None or case.ruled.ticket is None:
        return found
    said = Evidence(ticket=case.known.external, proof="external", where="a rule", said=case.ruled.ticket)
    return [*found, said] if any(evidence.proof == "token" for evidence in found) else [said, *found]


def _merged(evidence: Evidence, known: Known) -> Evidence:
    """The same evidence for the ticket that the named one went into."""
    ticket, seen = evidence.ticket, {evidence.ticket}
    while (into := known.tickets[ticket].ticket.merged_into) is not None and into in known.tickets and into not in seen:
        ticket = into
        seen.add(into)
    return evidence if ticket == evidence.ticket else replace(evidence, ticket=ticket)


def answers_a_machine(case: Case) -> bool:
    """Does the letter answer one of our automatic mails (row A14)?"""
    said = [*case.letter.in_reply_to[:REFERENCES_LOOKED_AT]] or [*case.letter.references[-1:]]
    return any(
        evidence.mailed is not None and evidence.mailed.audience != "customer"
        for text in (case.route.extension, *map(message_id_key, said))
        for evidence in _by_token(text, "", case.known)
    )


def went_round(case: Case) -> bool:
    """Is it a mail of ours, come back under its own Message-ID, whoever it says it is from (row A4)?"""
    own = case.letter.message_id
    return own is not None and bool(_by_token(message_id_key(own), "", case.known))


def _by_token(text: str, where: str, known: Known) -> list[Evidence]:
    mails = [known.tokens[token.lower()] for token in TOKEN.findall(text) if token.lower() in known.tokens]
    return [Evidence(ticket=m.ticket, proof="token", where=where, mailed=m, said=m.token) for m in mails]


def _by_id(message_id: str, where: str, known: Known) -> list[Evidence]:
    by_token = _by_token(message_id, where, known)
    if by_token:
        return by_token
    if message_id in known.ids:
        return [Evidence(ticket=known.ids[message_id][0], proof="id", where=where, said=message_id)]
    twins = {twin.ticket for twin in known.twins}
    if message_id in known.awaited and known.awaited[message_id] not in twins:
        return [Evidence(ticket=known.awaited[message_id], proof="awaited", where=where, said=message_id)]
    return []


def _answered_before(letter: Letter, route: Route, known: Known) -> list[Evidence]:
    """The ticket of a mail that named this one before it came: an answer that overtook it."""
    key = message_id_key(letter.message_id) if letter.message_id else ""
    if key not in known.awaited or known.awaited[key] in {twin.ticket for twin in known.twins}:
        return []
    evidence = Evidence(ticket=known.awaited[key], proof="awaited", where="Message-ID", said=key)
    return [evidence] if _same_queue(evidence, key, route, known) else []


def _same_queue(evidence: Evidence, message_id: str, route: Route, known: Known) -> bool:
    """Was the letter sent to the queue where the ticket is, or was then?"""
    if evidence.ticket not in known.tickets:
        return False
    then = known.ids[message_id][1] if message_id in known.ids else None
    return route.queue in (known.tickets[evidence.ticket].ticket.queue, then)


def _extension_number(route: Route) -> list[str]:
    return [route.extension] if route.extension.isascii() and route.extension.isdigit() else []


def _hooked(policy: Policy) -> re.Pattern[str]:
    """Our hook, a colon or blanks, digits; brackets around it go with it."""
    hook = re.escape(policy.desk.hook)
    return re.compile(rf"\[?(?<![A-Za-z0-9]){hook}:? {{0,3}}([0-9]{{8,40}})(?![0-9])\]?", re.IGNORECASE)


def _ours(number: str, policy: Policy) -> bool:
    if policy.desk.number != "date-checksum":
        return policy.desk.system_id in number
    return number[8 : 8 + len(policy.desk.system_id)] == policy.desk.system_id and damm(number) == 0
