"""What becomes of a letter: one pure function over the tables of mail-rules section 4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from ticketctl.change.value import Assigned, Change, DeliveryFailed, Moved, StateSet
from ticketctl.intake.answer import answer
from ticketctl.intake.case import Case
from ticketctl.intake.evidence import Evidence, defused, gather
from ticketctl.intake.figures import figures
from ticketctl.intake.heeding import GONE, copy_here, decides, heeded, numbered, ruled_out
from ticketctl.intake.party import is_party, with_copied
from ticketctl.intake.reasons import in_words
from ticketctl.intake.returned import came_back, outcomes_of
from ticketctl.intake.route import Route
from ticketctl.intake.trail import came_of, looked_for
from ticketctl.intake.value import AutoAnswer, Candidate, Decision, Envelope, Known, Mailed, Opening
from ticketctl.intake.wishes import Ruled, asked, granted
from ticketctl.letter.kind import FORGED
from ticketctl.letter.value import Judgement, Letter
from ticketctl.party import BY_NUMBER, THIRD_PARTY, customer_key
from ticketctl.policy import Agent, Policy
from ticketctl.ticket import NOBODY, Article, Kind, SenderType, State, StateType, Ticket

NO_SUBJECT = "(no subject)"
TITLE_LIMIT = 250
NO_IDENTITY = "parser: neither Message-ID nor queue id: the same mail again would be another one"
NO_RULES = Ruled()
_SHUT = "the closed ticket is not reopened"


class _Place(Struct, frozen=True, kw_only=True):
    """Where the letter goes: on `found` (None: a ticket of its own), as what, linked with what."""

    found: Evidence | None = None
    role: str = "party"  # party, third party, agent, machine
    why: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    links: tuple[int, ...] = ()
    held: str | None = None
    closed: Candidate | None = None  # the ticket that is closed to it: a new one


def decide(
    letter: Letter, envelope: Envelope, route: Route, judged: Judgement, known: Known, policy: Policy, now: datetime,
    ruled: Ruled = NO_RULES,
) -> Decision:  # fmt: skip
    """The decision about one letter: verdict, ticket, article, changes, answer, and the reasons in order."""
    wish, routed, moved = asked(letter, envelope, ruled, policy), route.why, tuple[str, ...]()
    if wish.queue:
        source = "a rule" if ruled.new.queue else "X-Ticketctl-Queue"
        moved = (f"queue {wish.queue}: {source}",)
        route = replace(route, queue=wish.queue, unknown=False, why=moved[0])
    if ruled.answer is False:
        judged = replace(judged, silence=(*judged.silence, "rule"))
    case = Case(letter=letter, envelope=envelope, route=route, judged=judged, known=known, policy=policy, now=now,
                 asked=wish, ruled=ruled)  # fmt: skip
    plain = Decision(verdict="new", queue=route.queue, kind=judged.kind, rule=judged.rule, silence=judged.silence,
                     why=(*wish.why, routed, _kind_text(judged), *ruled.why, *moved))  # fmt: skip
    if known.again is not None:
        why = f"duplicate: this mail came before, as mail {known.again.mail}"
        return replace(plain, verdict="duplicate", ticket=known.again.ticket, silence=(*judged.silence, "A15"),
                       why=(*plain.why, why))  # fmt: skip
    if wish.ignore:
        return replace(plain, verdict="dropped", why=(*plain.why, "dropped: X-Ticketctl-Ignore"))
    if ruled.outcome is not None:
        return ruled_out(plain, ruled)
    if route.unknown and policy.desk.unknown_recipient == "reject":
        return replace(plain, verdict="refused", why=(*plain.why, "refused: unknown recipient"))
    found = gather(case)
    place = _place(case, found)
    if known.same_id:
        place = replace(place, remarks=(*place.remarks, "same id, other content"))
    if letter.message_id is None and letter.queue_id is None:
        place = replace(place, remarks=(*place.remarks, NO_IDENTITY))
    plain = replace(plain, why=(*plain.why, *looked_for(case, found), *place.why))
    if place.held:
        return replace(plain, verdict="held", held=place.held)
    if place.found is None:
        made = copy_here(case, plain) or _open(case, place, plain)
    else:
        made = heeded(case, place.role, place.found, _follow(case, place, place.found, plain))
    made = with_copied(case, place.found, made)
    return replace(made, why=(*made.why, *came_of(case, made)))


def _kind_text(judged: Judgement) -> str:
    return f"kind {judged.kind}" + (f": {in_words([judged.rule])}" if judged.rule else "")


# -- where to ---------------------------------------------------------------------------------------------------


def _place(case: Case, found: list[Evidence]) -> _Place:
    """The strongest evidence that holds for this sender, or a ticket of its own."""
    if not found:
        return _Place(why=("no ticket named: a new one",))
    conflict = ("conflict",) if len({evidence.ticket for evidence in found}) > 1 else ()
    best = found[0]
    candidate = case.known.tickets[best.ticket]
    number = candidate.ticket.number
    place = _Place(found=best, remarks=conflict, why=(f"ticket {number}: {best.proof} in {best.where}",))
    if case.personal and best.mailed is not None and best.mailed.audience == "agent":
        return _notice(case, place, best.mailed, candidate)
    if candidate.ticket.state.type in GONE:
        return _own(place, f"ticket {number} is {candidate.ticket.state}: a new one")
    if best.proof == "external":
        why = f"a rule groups what is called {best.said} here"
        return replace(place, role="party" if case.personal else "machine", why=(*place.why, why))
    if not case.personal:
        return _machine(case, place, best, candidate)
    return _by_sender(case, place, best, candidate)


def _notice(case: Case, place: _Place, mailed: Mailed, candidate: Candidate) -> _Place:
    """An answer to a notice, which nobody but its agent should have; it may quote what is internal."""
    if case.sender not in mailed.recipients or case.sender is None:
        return replace(place, held="somebody other than its agent answered a notice to an agent")
    if case.policy.agent_of_address(case.sender) is None:
        return replace(place, held="a notice was answered by somebody who is no agent any more")
    if candidate.ticket.state.type in GONE:
        return replace(place, held=f"an agent answered a notice; ticket {candidate.ticket.number} is gone")
    return replace(place, role="agent", why=(*place.why, "an agent answers a notice: an internal note"))


def _machine(case: Case, place: _Place, best: Evidence, candidate: Candidate) -> _Place:
    """A machine's mail lands by our token from anybody; by anything else as a person's would."""
    by_number = best.proof == "number"
    if best.proof == "token" or _belongs(case, candidate, best) or (by_number and _lets_in(case, candidate)):
        remarks = (*place.remarks, BY_NUMBER) if by_number else place.remarks
        why = (*place.why, "a machine's mail: no change of state, no answer")
        return replace(place, role="machine", remarks=remarks, why=why)
    return _own(place, "a machine that is no party: a new ticket, linked", best.ticket)


def _by_sender(case: Case, place: _Place, best: Evidence, candidate: Candidate) -> _Place:
    party = _belongs(case, candidate, best)
    by_number = best.proof == "number"
    remarks = (*place.remarks, BY_NUMBER) if by_number else place.remarks
    if party or (by_number and _lets_in(case, candidate)):
        who = "a party" if party else f"let in by follow-up-sender = {case.policy.desk.follow_up_sender}"
        return replace(place, remarks=remarks, why=(*place.why, f"sender is {who}: a follow-up"))
    if "conflict" in place.remarks:
        return _own(place, "sender is no party, and several tickets are named: as if none were")
    if best.proof == "token":
        return replace(place, role="third party", remarks=(*remarks, THIRD_PARTY),
                       why=(*place.why, "sender is no party: kept from the customer's sight, no answer"))  # fmt: skip
    forged = FORGED in case.judged.flags
    return _own(place, f"sender is {'forged (DMARC)' if forged else 'no party'}: a new ticket, linked", best.ticket)


def _own(place: _Place, why: str, *links: int) -> _Place:
    """A ticket of its own. A conflict among what it named is of no more interest."""
    return replace(place, found=None, remarks=(), why=(*place.why, why), links=links)


def _belongs(case: Case, candidate: Candidate, best: Evidence) -> bool:
    """Is the author a party? A From that our own server found forged is nobody's word, but beside our token."""
    if best.proof != "token" and FORGED in case.judged.flags:
        return False
    return is_party(case.sender, candidate, case.known, case.policy)


def _lets_in(case: Case, candidate: Candidate) -> bool:
    """Does `follow-up-sender` open the ticket to the sender by its number? Never to an agent's own address."""
    if case.sender is None or case.policy.agent_of_address(case.sender) is not None:
        return False
    if FORGED in case.judged.flags and case.policy.desk.follow_up_sender != "anyone":
        return False
    match case.policy.desk.follow_up_sender:
        case "anyone":
            return True
        case "domain":
            customer = customer_key(candidate.ticket)
            domain = customer.rpartition("@")[2]
            return bool(domain) and case.sender.rpartition("@")[2] == domain
        case _:
            return False


# -- a ticket of its own ----------------------------------------------------------------------------------------


def _open(case: Case, place: _Place, plain: Decision) -> Decision:
    letter, wish = case.letter, case.asked
    twins = tuple(twin.ticket for twin in case.known.twins if twin.ticket is not None)
    made, changes, passed = granted(opening(letter, case.route.queue, case.policy, wish.title), wish, case.policy)
    visible = case.ruled.visible is not False
    name = "auto-new-ticket" if place.closed else "auto-reply"
    reply, rows = answer(name, case, case.route.queue, place.closed)
    told = figures(rows, case, name=name, queue=case.route.queue, candidate=place.closed)
    return replace(
        plain,
        opening=made,
        article=as_article(letter, case.judged, case.now, visible=visible, remarks=place.remarks),
        changes=changes,
        links=tuple(dict.fromkeys((*place.links, *twins))),
        answer=reply,
        silence=rows,
        why=(*plain.why, *passed, _answer_text(reply, rows, told)),
        **numbered(case),
    )


# -- a follow-up ------------------------------------------------------------------------------------------------


def _follow(case: Case, place: _Place, found: Evidence, plain: Decision) -> Decision:
    candidate = case.known.tickets[found.ticket]
    ticket = candidate.ticket
    twin = next((twin for twin in case.known.twins if twin.ticket == ticket.id), None)
    if twin is not None:
        why = f"mail {twin.mail} is this mail under another address: one article"
        return replace(plain, verdict="follow-up", ticket=ticket.id, same_article=True, why=(*plain.why, why))
    queue = case.policy.queues.get(ticket.queue)
    grouped = found.proof == "external"
    closed = ticket.state.type is StateType.CLOSED and not decides(case, place.role, found)
    policy_of_closed = queue.closed_follow_up if queue else "reopen"
    if closed and (place.role == "party" or grouped) and policy_of_closed == "new-ticket":
        own = replace(place, found=None, links=(ticket.id,), closed=candidate)
        why = f"ticket {ticket.number} is closed: a new one, linked"
        return _open(case, own, replace(plain, why=(*plain.why, why)))
    follow = replace(plain, verdict="follow-up", ticket=ticket.id)
    if place.role != "party":
        return _aside(case, place, candidate, follow)
    rejected = closed and policy_of_closed == "reject"
    name = "auto-reject" if rejected else "auto-follow-up"
    reply, rows = answer(name, case, ticket.queue, candidate)
    told = figures(rows, case, name=name, queue=ticket.queue, candidate=candidate)
    changes, reasons, owner = ((), (_SHUT,), None) if rejected else _revive(case, candidate)
    return replace(
        follow,
        article=as_article(case.letter, case.judged, case.now, remarks=place.remarks),
        changes=changes,
        answer=reply,
        silence=rows,
        tell=owner,
        why=(*follow.why, *reasons, _answer_text(reply, rows, told)),
    )


def _revive(case: Case, candidate: Candidate) -> tuple[tuple[Change, ...], tuple[str, ...], str | None]:
    """What a customer's follow-up does to state, owner and lock: the changes, their reasons, the agent to tell."""
    ticket = candidate.ticket
    changes: list[Change] = []
    why: list[str] = []
    if ticket.queue not in case.policy.queues:
        changes.append(Moved(queue=case.policy.desk.default_queue))
        why.append(f"queue {ticket.queue} is gone: moved to {case.policy.desk.default_queue}")
    if ticket.state.type in (StateType.PENDING, StateType.CLOSED):
        changes.append(StateSet(state=State.OPEN))
        why.append(f"{ticket.state} becomes open")
    agent = next(
        (found for name in (ticket.owner, candidate.first_agent) if (found := _seeing(case, ticket, name))), None
    )
    if agent is None:
        return tuple(changes), tuple(why), None
    owner, active = agent.name, not agent.away
    if not (ticket.owner == owner and ticket.locked) and (active or ticket.owner != owner):
        changes.append(Assigned(owner=agent.name, locked=active))
    why.append(f"belongs to {agent.name}" + ("" if active else ", who is away"))
    return tuple(changes), tuple(why), agent.name


def _seeing(case: Case, ticket: Ticket, name: str | None) -> Agent | None:
    """The agent of that name, if the desk still has one who may see the ticket."""
    agent = case.policy.agents.get(name) if name else None
    return agent if agent and case.policy.rights(agent.name).may(ticket.queue, "ro") else None


def _aside(case: Case, place: _Place, candidate: Candidate, follow: Decision) -> Decision:
    """What a third party, an agent or a machine writes: an article that changes nothing."""
    mailed = came_back(case, candidate) if case.judged.kind is Kind.BOUNCE else None
    outcomes = outcomes_of(case.letter, mailed) if mailed else ()
    failures = [each for each in outcomes if isinstance(each, DeliveryFailed)]
    of_answer = bool(failures) and mailed is not None and mailed.audience == "customer"
    remarks = (*place.remarks, "address failed") if failures else place.remarks
    author = case.policy.agent_of_address(case.sender) if place.role == "agent" and case.sender else None
    sender: SenderType = "agent" if author else "system" if case.judged.kind is Kind.BOUNCE else "customer"
    article = as_article(case.letter, case.judged, case.now, sender_type=sender, visible=of_answer, remarks=remarks)
    silence = (*follow.silence, "A17") if author else follow.silence
    return replace(follow, article=article, changes=outcomes, silence=silence)


# -- what is written --------------------------------------------------------------------------------------------


def as_article(
    letter: Letter,
    judged: Judgement,
    now: datetime,
    *,
    sender_type: SenderType = "customer",
    visible: bool = True,
    remarks: tuple[str, ...] = (),
) -> Article:
    """The letter as an article; its `n` and `mail` are set when it is written."""
    return Article(
        n=0,
        channel="email",
        sender_type=sender_type,
        visible=visible,
        author=letter.author if letter.author.address else NOBODY,
        to=letter.to,
        cc=letter.cc,
        reply_to=letter.reply_to,
        subject=letter.subject,
        date=letter.date,
        received=now,
        message_id=letter.message_id,
        in_reply_to=letter.in_reply_to[0] if letter.in_reply_to else None,
        references=letter.references,
        body=letter.text,
        body_type=letter.body_type,
        kind=judged.kind,
        remarks=(*letter.remarks, *judged.flags, *remarks),
        attachments=letter.attachments,
        raw_sha256=letter.sha256,
    )


def opening(letter: Letter, queue: str, policy: Policy, title: str | None = None) -> Opening:
    """The ticket that the letter would make there. A subject is cut before it is defused: the cut could arm it."""
    title = defused((title or letter.subject).strip()[:TITLE_LIMIT], policy)
    return Opening(
        title=title.strip() or NO_SUBJECT,
        queue=queue,
        customer=letter.author if letter.author.address else NOBODY,
    )


def _answer_text(reply: AutoAnswer | None, rows: tuple[str, ...], told: Mapping[str, str]) -> str:
    if reply is not None:
        spoken = f" in {reply.language}" if reply.language else ""
        return f"answer: {reply.answer} to {reply.recipient}, template {reply.template}{spoken} (A18)"
    return "no answer: " + in_words(rows, told)
