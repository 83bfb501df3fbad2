"""What a decision leaves behind for whoever asks later: what was known of the desk at that moment, in short texts.

What raw bytes, envelope and policy tell again at any time is not written down here: `story` works it out anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ticketctl.change.value import Assigned, Delivered, DeliveryDelayed, DeliveryFailed, StateSet
from ticketctl.intake.case import Case
from ticketctl.intake.evidence import (
    REFERENCES_LOOKED_AT,
    RETURNED_LOOKED_AT,
    Evidence,
    numbers,
)
from ticketctl.intake.party import is_party
from ticketctl.intake.reasons import in_words
from ticketctl.intake.route import Route
from ticketctl.intake.value import Candidate, Decision, message_id_key
from ticketctl.letter.value import Letter
from ticketctl.party import customer_key
from ticketctl.policy import Policy
from ticketctl.ticket import Priority, State

WHY_LIMIT = 4000  # bytes of all reasons of one letter that are stored
LINE_LIMIT = 400  # characters of one
FOUND_LIMIT = 8  # pieces of evidence that are told one by one
REPORTED_LIMIT = 5  # addresses whose mail a bounce tells of
_TOKEN_SHOWN = 8  # characters: enough to tell two apart, and no proof
_AUDIENCES = {
    "customer": "the mark of a mail of ours",
    "auto": "the mark of an automatic answer of ours",
    "agent": "the mark of a notice to an agent",
}
_PROOFS = {
    "id": "a mail that we received",
    "awaited": "a mail that we never saw; another one that answers it",
    "number": "a number",
    "external": "the number of a foreign system",
}


class Tried(Struct, frozen=True, kw_only=True):
    """What may name a ticket: where it stands, and what it is (an id as it is looked up, an extension, a number)."""

    where: str
    said: str


def short(text: str, limit: int = 160) -> str:
    """The text, cut where it is long."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def tried(letter: Letter, route: Route, policy: Policy, *, personal: bool) -> tuple[Tried, ...]:
    """All that is looked up to find the letter's ticket, strongest first."""
    named = [Tried(where="envelope recipient", said=route.extension)] if route.extension else []
    if not personal:
        named += [Tried(where="returned mail", said=message_id_key(each))
                  for each in letter.returned_ids[:RETURNED_LOOKED_AT]]  # fmt: skip
    replies = [message_id_key(each) for each in letter.in_reply_to[:REFERENCES_LOOKED_AT]]
    named += [Tried(where="In-Reply-To", said=each) for each in replies]
    references = [message_id_key(each) for each in letter.references[-REFERENCES_LOOKED_AT:][::-1]]
    named += [Tried(where="References", said=each) for each in references if each not in replies]
    named += [Tried(where="Subject", said=each) for each in numbers(letter.subject, policy)]
    return tuple(dict.fromkeys(named))


def looked_for(case: Case, evidence: list[Evidence]) -> tuple[str, ...]:
    """What evidence was looked for and what the desk knew of it, and what the sender is to the tickets it names.

    `evidence`: what `gather` found.
    """
    seen = [f"mail {twin.mail} in queue {twin.queue or 'none'} is the same mail" for twin in case.known.twins[:3]]
    if case.known.same_id:
        seen.append("same Message-ID as that of an earlier mail, other content")
    asked = tried(case.letter, case.route, case.policy, personal=case.personal)
    if not asked and not evidence:
        return tuple(seen)
    found = list({each.said: each for each in reversed(evidence)}.values())[::-1]
    lines = [_found(each, case) for each in found[:FOUND_LIMIT]]
    tickets = list(dict.fromkeys(each.ticket for each in found))
    standing = [_standing(case, case.known.tickets[each]) for each in tickets[:3]]
    conflict = [f"conflict: {len(tickets)} tickets are named; the strongest evidence counts"] if tickets[1:] else []
    beside = {each.said for each in evidence if each.where in ("a rule", "Message-ID")}
    told = f"evidence: {len(asked) + len(beside)} looked for, {len(found)} found"
    return (*seen, told, *lines, *standing, *conflict)


def _found(evidence: Evidence, case: Case) -> str:
    ticket = case.known.tickets[evidence.ticket].ticket
    mark = evidence.mailed is not None and evidence.proof == "token"
    what = _AUDIENCES[evidence.mailed.audience] if evidence.mailed and mark else _PROOFS.get(evidence.proof, "names it")
    said = f"{evidence.said[:_TOKEN_SHOWN]}..." if mark else short(evidence.said, 80)
    return f"{evidence.where} {said}: {what}, ticket {ticket.number}, {ticket.state}"


def _standing(case: Case, candidate: Candidate) -> str:
    """What the sender is to that ticket."""
    ticket, sender = candidate.ticket, case.sender
    if sender is None:
        return f"sender: nobody can be named, so no party of ticket {ticket.number}"
    agent = case.policy.agent_of_address(sender)
    if sender == customer_key(ticket):
        what = "the customer of"
    elif sender not in candidate.parties and is_party(sender, candidate, case.known, case.policy):
        what = "a party of what was merged into"
    elif agent is not None:
        what = "an agent's address, which is never a party of"
    elif sender in ticket.parties:
        what = "accepted on"
    elif sender in candidate.parties:
        what = "somebody we mailed on"
    else:
        what = "no party of"
    return f"sender {short(sender, 100)}: {what} ticket {ticket.number}"


def came_of(case: Case, decision: Decision) -> tuple[str, ...]:
    """What was decided beyond the words that go with it: how a ticket opens, links, reported addresses, who is told,
    what the customer does not see, and why nobody is answered where that was not asked."""
    linked = [case.known.tickets[each].ticket.number for each in decision.links if each in case.known.tickets]
    lines = [*_opens(decision), *_reports(decision)]
    lines += [f"linked with ticket {', '.join(linked[:5])}"] if linked else []
    if decision.ticket is not None:
        lines += _stays(case, decision)
    if decision.article is not None and not decision.article.visible:
        lines.append("the customer does not see it")
    if decision.article is not None and not any(line.startswith(("answer:", "no answer:")) for line in decision.why):
        of_agent = {"A17": "the sender is an agent"}
        lines.append("no answer: " + (in_words(decision.silence, of_agent) or "nobody of this ticket wrote it"))
    return tuple(lines)


def _opens(decision: Decision) -> list[str]:
    """A new ticket that is not as usual."""
    if decision.opening is None:
        return []
    state, priority = decision.opening.state, decision.opening.priority
    usual = state is State.NEW and priority is Priority.NORMAL
    owners = [each for each in decision.changes if isinstance(each, Assigned)]
    owned = [f"belongs to {each.owner}{', locked' if each.locked else ''}" for each in owners]
    return [*([] if usual else [f"opens with state {state}, priority {priority}"]), *owned]


def _stays(case: Case, decision: Decision) -> list[str]:
    """What does not happen to the ticket; who is told."""
    changed = any(isinstance(each, StateSet) for each in decision.changes)
    state = [] if changed else [f"state stays {case.known.tickets[decision.ticket or 0].ticket.state}"]
    if decision.tell is None:
        return [*state, "told: nobody"]
    agent = case.policy.agents.get(decision.tell)
    reached = agent is not None and bool(agent.email)
    return [*state, f"told: {decision.tell}" if reached else f"told: nobody, {decision.tell} has no address"]


def _reports(decision: Decision) -> list[str]:
    """What a bounce says of our mail, address by address: failed before late before delivered."""
    failed = [_failed(each) for each in decision.changes if isinstance(each, DeliveryFailed)]
    late = [_late(each) for each in decision.changes if isinstance(each, DeliveryDelayed)]
    there = [f"delivered: {short(each.recipient, 100)}" for each in decision.changes if isinstance(each, Delivered)]
    lines: list[str] = []
    for word, said in (("failed", failed), ("late", late), ("delivered", there)):
        more = [f"{word}: {len(said) - REPORTED_LIMIT} addresses more"] if said[REPORTED_LIMIT:] else []
        lines += [*said[:REPORTED_LIMIT], *more]
    return lines


def _failed(change: DeliveryFailed) -> str:
    how = {True: "for good", False: "for now", None: "nobody knows for how long"}[change.permanent]
    return f"failed: {short(change.recipient, 100)} {change.code or 'without a code'}, {how}"


def _late(change: DeliveryDelayed) -> str:
    return f"late: {short(change.recipient, 100)} {change.code or 'without a code'}, a mail server still tries"


def bounded(why: Iterable[str]) -> tuple[str, ...]:
    """The reasons, cut so that all together are at most WHY_LIMIT bytes; the last one, which decided, stays."""
    *before, last = [short(line, LINE_LIMIT) for line in why] or [""]
    room = WHY_LIMIT - _size(last) - _size("and 99999 reasons more")
    kept: list[str] = []
    for line in before:
        room -= _size(line)
        if room < 0:
            return (*kept, f"and {len(before) - len(kept)} reasons more", last)
        kept.append(line)
    return (*kept, last)


def _size(line: str) -> int:
    return len(line.encode("utf-8", "replace"))
