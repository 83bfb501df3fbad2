"""Mail-rules section 4 as one table: what was found x who wrote x prefix x state x queue x `follow-up-sender`.

What must come out is said by `expected`, made of the document's words and of nothing of ours.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import NamedTuple

import pytest

from core.intake.desk import AGENT_TOKEN, ANNA, CUSTOMER, NOW, NUMBER, STRANGER, TOKEN, decided, letter, policy, ticket
from ticketctl.change import StateSet
from ticketctl.intake import Candidate, Envelope, Known, Mailed
from ticketctl.intake.evidence import numbers
from ticketctl.policy import Policy
from ticketctl.ticket import Address, State, damm

ACCEPTED, MAILED, COLLEAGUE, BERT = "boss@partner.test", "help@vendor.test", "col@customer.test", "bert@example.org"
OTHER = next(f"202611221000003{digit}" for digit in range(10) if damm(f"202611221000003{digit}") == 0)
AUTO_TOKEN, STRANGE_TOKEN = "autoautoautoautoautoautoau", "strangerstrangerstrangerst"
SUBJECT = "Drucker brennt, très urgent"


def ours(token: str) -> str:
    return f"<t.{token}.{NUMBER}@example.org>"


class Found(NamedTuple):
    """What a letter carries; `row` of the table; `aside`: by References alone, which do not reach other queues."""

    row: str
    fields: dict[str, str | tuple[str, ...]]
    tag: str = ""
    extension: str = ""
    aside: bool = False


FOUND = {
    "our token": Found("token", {"in_reply_to": (ours(TOKEN),)}),
    "our token, as some clients write it": Found("token", {"in_reply_to": (ours(TOKEN).upper(),)}),
    "our token in References": Found("token", {"references": ("<a@b.test>", ours(TOKEN))}, aside=True),
    "our token in the envelope": Found("token", {}, extension=TOKEN),
    "token of an automatic answer": Found("automatic", {"in_reply_to": (ours(AUTO_TOKEN),)}),
    "token to an agent": Found("agent", {"in_reply_to": (ours(AGENT_TOKEN),)}),
    "id of a mail we received": Found("id", {"in_reply_to": ("<first@customer.test>",)}),
    "such an id in References": Found("id", {"references": ("<first@customer.test>", "<x@y.test>")}, aside=True),
    "an id that another mail awaited": Found("id", {"in_reply_to": ("<root@customer.test>",)}),
    "such a root in References": Found("id", {"references": ("<root@customer.test>",)}, aside=True),
    "an answer that came before it": Found("id", {"message_id": "<root@customer.test>"}, aside=True),
    "a number": Found("number", {}, tag=f"[Ticket#{NUMBER}] "),
    "a number in the envelope": Found("number", {}, extension=NUMBER),
    "an id in the envelope": Found("number", {}, extension="1"),
    "several tickets": Found("several", {"in_reply_to": (ours(TOKEN),)}, tag=f"[Ticket#{OTHER}] "),
    "several tickets, none by a token": Found("several", {"references": ("<first@customer.test>",)},
                                             tag=f"[Ticket#{OTHER}] "),
    "a token that is not ours": Found("nothing", {"in_reply_to": (ours(STRANGE_TOKEN),)}),
    "the number of no ticket": Found("nothing", {}, tag="[Ticket#2026112210000099] "),
    "nothing": Found("nothing", {}),
}  # fmt: skip
SENDERS = {
    "the customer": CUSTOMER,
    "an accepted Cc": ACCEPTED,
    "somebody we mailed": MAILED,
    "a colleague of the customer": COLLEAGUE,
    "a stranger": STRANGER,
    "the agent of the notice": ANNA,
    "another agent": BERT,
    "an agent who is the customer": ANNA,
    "a From that names nobody": None,
}
PREFIXES = ("", "Re: ", "AW: ", "WG: ", "Fwd: ", "TR: ", "SV: ", "RV: ", "Re: AW: Fwd: ")
STATES = {
    "new": (State.NEW, "reopen"),
    "open": (State.OPEN, "reopen"),
    "pending": (State.PENDING_REMINDER, "reopen"),
    "closed, reopens": (State.CLOSED_SUCCESSFUL, "reopen"),
    "closed, new ticket": (State.CLOSED_UNSUCCESSFUL, "new-ticket"),
    "closed, rejects": (State.CLOSED_SUCCESSFUL, "reject"),
    "merged": (State.MERGED, "reopen"),
    "merged twice": (State.MERGED, "reopen"),
    "removed": (State.REMOVED, "reopen"),
}
QUEUES = {"same queue": "support", "other queue": "sales"}
RULES = ("party", "domain", "anyone")


class Outcome(NamedTuple):
    """All of a decision that the table speaks of."""

    verdict: str
    ticket: int | None = None
    visible: bool | None = None
    sender_type: str | None = None
    remarks: tuple[str, ...] = ()
    links: tuple[int, ...] = ()
    opened: bool = False
    answer: str | None = None


# the document


def expected(found: Found, who: str, state: str, queue: str, rule: str) -> Outcome:
    """By the words of section 4: rows first, then what the ticket's state makes of them."""
    party = who in ("the customer", "an accepted Cc", "somebody we mailed", "an agent who is the customer")
    agent, nobody = "agent" in who, who == "a From that names nobody"
    row = "nothing" if found.aside and not found.tag and queue == "other queue" else found.row
    # A17: no answer to an agent; Sales has no template; A12: none where nobody can be named
    unanswered = agent or nobody
    new = Outcome("new", visible=True, sender_type="customer",
                  answer=None if unanswered or queue == "other queue" else "auto-reply")  # fmt: skip
    if row == "nothing":
        return new
    if row == "agent":
        own = who in ("the agent of the notice", "an agent who is the customer")
        if not own or state == "removed":
            return Outcome("held")
        return Outcome("follow-up", lands(state), False, "agent")
    if state == "removed":
        return new._replace(answer=None if row == "automatic" else new.answer)
    if not party:
        return of_others(row, who, state, rule, new)
    remarks = {"number": ("by number",), "several": ("conflict",)}.get(row, ())
    return of_party(remarks, state, unanswered or row == "automatic", new)


def of_others(row: str, who: str, state: str, rule: str, new: Outcome) -> Outcome:
    if row in ("token", "automatic"):
        return Outcome("follow-up", lands(state), False, "customer", ("third party",))
    if row == "several":
        return new
    let_in = rule == "anyone" or (rule == "domain" and who == "a colleague of the customer" and "merged" not in state)
    if row == "number" and let_in and "agent" not in who and who != "a From that names nobody":
        return of_party(("by number",), state, False, new)
    return new._replace(links=(lands(state),))


def of_party(remarks: tuple[str, ...], state: str, unanswered: bool, new: Outcome) -> Outcome:
    if state == "closed, new ticket":
        name = None if unanswered or new.answer is None else "auto-new-ticket"
        return new._replace(links=(1,), remarks=remarks, answer=name)
    # A17: a closed ticket answers nothing but what is for closed ones
    name = {"closed, rejects": "auto-reject", "closed, reopens": None}.get(state, "auto-follow-up")
    return Outcome("follow-up", lands(state), True, "customer", remarks, (),
                   state in ("pending", "closed, reopens"), None if unanswered else name)  # fmt: skip


def lands(state: str) -> int:
    return {"merged": 8, "merged twice": 9}.get(state, 1)


# the desk


@cache
def under(closed: str, rule: str) -> Policy:
    return policy(queue={"closed_follow_up": closed}, follow_up_sender=rule, recipient_delimiter="+")


@cache
def knows(who: str, state: str) -> Known:
    """Ticket 1 in that state, ticket 2 of somebody else, and 8 and 9, into which others were merged."""
    now, _ = STATES[state]
    customer = ANNA if who == "an agent who is the customer" else CUSTOMER
    until = NOW if now is State.PENDING_REMINDER else None
    into = 8 if "merged" in state else None
    twice = state == "merged twice"
    tickets = {
        1: ticket(state=now, pending_until=until, customer=Address(address=customer), merged_into=into),
        2: ticket(id=2, number=OTHER, customer=Address(address="dora@other.test")),
        8: ticket(id=8, number="88888888", customer=Address(address="eve@other.test"),
                  state=State.MERGED if twice else State.OPEN, merged_into=9 if twice else None),
        9: ticket(id=9, number="99999999", customer=Address(address="finn@other.test")),
    }  # fmt: skip
    parties = {1: {customer, ACCEPTED, MAILED}, 2: {"dora@other.test"}, 8: {"eve@other.test"}, 9: {"finn@other.test"}}
    mailed = (
        Mailed(token=TOKEN, ticket=1, n=1, audience="customer", recipients=(customer, MAILED), message_id=ours(TOKEN)),
        Mailed(token=AUTO_TOKEN, ticket=1, n=0, audience="auto", recipients=(customer,), message_id=ours(AUTO_TOKEN)),
        Mailed(token=AGENT_TOKEN, ticket=1, n=0, audience="agent", recipients=(ANNA,), message_id=ours(AGENT_TOKEN)),
    )
    return Known(
        tokens={each.token: each for each in mailed},
        ids={"first@customer.test": (1, "Support")},
        awaited={"root@customer.test": 1},
        numbers={NUMBER: 1, "1": 1, OTHER: 2},
        tickets={each: Candidate(ticket=one, parties=frozenset(parties[each])) for each, one in tickets.items()},
    )


@pytest.mark.parametrize("who", SENDERS)
@pytest.mark.parametrize("name", FOUND)
def test_section_4_cell_by_cell(name: str, who: str) -> None:
    found = FOUND[name]
    author = Address(address=SENDERS[who])
    wrong = []
    mails = [letter(author=author, subject=prefix + found.tag + SUBJECT, **found.fields) for prefix in PREFIXES]
    for state, queue, rule in itertools.product(STATES, QUEUES, RULES):
        known = knows(who, state)
        held_to = under(STATES[state][1], rule)
        wanted = expected(found, who, state, queue, rule)
        local = f"{QUEUES[queue]}+{found.extension}" if found.extension else QUEUES[queue]
        envelope = Envelope(recipient=f"{local}@example.org")
        for mail in mails:
            made = decided(mail, knows=known, under=held_to, envelope=envelope)
            article = made.article
            got = Outcome(
                made.verdict, made.ticket, article and article.visible, article and article.sender_type,
                article.remarks if article else (), made.links, made.changes == (StateSet(state=State.OPEN),),
                made.answer and made.answer.answer,
            )  # fmt: skip
            sane = got.opened or made.changes == ()
            defused = made.opening is None or not numbers(made.opening.title, held_to)
            if got != wanted or not sane or not defused:
                wrong.append((mail.subject, state, queue, rule, got, wanted, made.why))
    assert wrong == [], wrong[:3]
