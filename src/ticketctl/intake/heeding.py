"""Where a decision heeds the rules: what they keep out, the number in a foreign system, and what they set on a ticket
that is there (`wishes` says what that is)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ticketctl.change.value import Assigned, Change, Moved, StateSet
from ticketctl.intake.case import Case
from ticketctl.intake.control import Control
from ticketctl.intake.evidence import Evidence
from ticketctl.intake.value import Decision
from ticketctl.intake.wishes import Ruled, on_ticket
from ticketctl.policy import Policy
from ticketctl.ticket import StateType, Ticket

GONE = (StateType.REMOVED, StateType.MERGED)
_AT_WORK = (StateType.NEW, StateType.OPEN, StateType.PENDING)


def ruled_out(plain: Decision, ruled: Ruled) -> Decision:
    """A rule keeps the letter from becoming an article: dropped, held or refused."""
    rule, outcome = f"rule {ruled.by}", ruled.outcome or "held"
    said = replace(plain, verdict=outcome, why=(*plain.why, f"{outcome}: {rule}"))
    return replace(said, held=rule if outcome == "held" else None, refused_by=rule if outcome == "refused" else None)


def copy_here(case: Case, plain: Decision) -> Decision | None:
    """Where a rule brings both copies of a mail to two queues into one, one ticket is enough: the first one's."""
    for twin in case.known.twins if case.ruled.new.queue and plain.verdict == "new" else ():
        found = case.known.tickets.get(twin.ticket) if twin.ticket is not None and twin.n is not None else None
        if found is not None and found.ticket.queue == plain.queue and found.ticket.state.type not in GONE:
            why = f"mail {twin.mail} is this mail under another address, and a rule brought both here: one article"
            return replace(plain, verdict="follow-up", ticket=twin.ticket, same_article=True, why=(*plain.why, why))
    return None


def numbered(case: Case) -> dict[str, Any]:
    """The next mails of the rule's number come to the new ticket, unless the one that they came to is still at work."""
    was = case.known.external
    theirs = case.known.tickets.get(was) if was is not None else None
    if case.ruled.ticket is None or (theirs is not None and theirs.ticket.state.type in _AT_WORK):
        return {}
    return {"external": case.ruled.ticket, "external_was": was}


def decides(case: Case, role: str, found: Evidence) -> bool:
    """Does a rule, and not the queue's closed-follow-up, say what becomes of the state?"""
    return _heeds(role, found) and _asked(case, found).state is not None


def heeded(case: Case, role: str, found: Evidence, decision: Decision) -> Decision:
    """The decision about a follow-up with what rules set on its ticket."""
    if decision.verdict != "follow-up" or decision.article is None or not case.ruled.fired:
        return decision
    article, heeds, asked = decision.article, _heeds(role, found), _asked(case, found)
    if case.ruled.visible is not None:
        article = replace(article, visible=case.ruled.visible and (heeds or article.visible))
    if not heeds:
        passed = ("what rules set on the ticket is passed over: no party wrote",) if asked != Control() else ()
        return replace(decision, article=article, why=(*decision.why, *passed))
    ticket = case.known.tickets[found.ticket].ticket
    changes, why = on_ticket(ticket, _homed(asked, role, ticket, case), case.policy)
    if asked.over(case.ruled.new) != asked:
        why = ("what rules set on a new ticket is passed over: this one is there, and they lack follow-up = true", *why)
    decision = _without(decision, ticket, state=asked.state is not None, owner=any(map(_assigns, changes)))
    return replace(
        decision, article=article, changes=(*decision.changes, *changes), why=(*decision.why, *why),
        tell=_concerned(decision.tell, changes, case.policy),
    )  # fmt: skip


def _without(decision: Decision, ticket: Ticket, *, state: bool, owner: bool) -> Decision:
    """The follow-up without what it would do by itself to the state, or to the owner, and the reasons for that."""
    changes = (each for each in decision.changes if not (state and isinstance(each, StateSet)))
    why = (line for line in decision.why if not (state and line == f"{ticket.state} becomes open"))
    if owner:
        changes = (each for each in changes if not _assigns(each))
        why = (line for line in why if not line.startswith("belongs to "))
    return replace(decision, changes=tuple(changes), why=tuple(why))


def _assigns(change: Change) -> bool:
    return isinstance(change, Assigned)


def _concerned(tell: str | None, changes: tuple[Change, ...], policy: Policy) -> str | None:
    """Who is told of a follow-up: its owner by now, but nobody who may not see where a rule has moved it."""
    if tell is None:
        return None
    owner = next((each.owner for each in changes if isinstance(each, Assigned)), tell)
    moved = next((each.queue for each in changes if isinstance(each, Moved)), None)
    return owner if moved is None or policy.rights(owner).may(moved, "ro") else None


def _heeds(role: str, found: Evidence) -> bool:
    """Does the ticket heed what rules set? Not for a third party or a machine, unless `ticket` led to it."""
    return role == "party" or found.proof == "external"


def _asked(case: Case, found: Evidence) -> Control:
    return case.ruled.on_ticket(grouped=found.proof == "external")


def _homed(asked: Control, role: str, ticket: Ticket, case: Case) -> Control:
    """No state can be set where the ticket's queue is gone; a party's follow-up moves it already."""
    homeless = ticket.queue not in case.policy.queues and role != "party" and not asked.queue
    return replace(asked, queue=case.policy.desk.default_queue) if homeless and asked.state else asked
