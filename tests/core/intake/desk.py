"""Factories with defaults for what intake decides from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ticketctl.intake import Candidate, Decision, Envelope, Known, Mailed, decide, route
from ticketctl.letter.value import Judgement, Letter
from ticketctl.policy import Policy
from ticketctl.policy.value import Agent, Desk, Queue, Role, Template
from ticketctl.ticket import Address, Kind, Priority, State, Ticket

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TOKEN = "abcdefghijklmnopqrstuvwxyz"
AGENT_TOKEN = "zyxwvutsrqponmlkjihgfedcba"
NUMBER = "2026112210000014"
CUSTOMER, STRANGER, ANNA = "carla@customer.test", "stranger@elsewhere.test", "anna@example.org"
AUTO = dict.fromkeys(("auto-reply", "auto-follow-up", "auto-reject", "auto-new-ticket"), "received")


def policy(*, queue: dict[str, Any] | None = None, **desk: Any) -> Policy:
    support = {"auto": AUTO, **(queue or {})}
    return Policy(
        desk=Desk(**{"name": "Example", "domain": "example.org", "default_queue": "Raw", **desk}),
        queues={
            "Raw": Queue(name="Raw", addresses=("raw@example.org",)),
            "Support": Queue(name="Support", addresses=("support@example.org", "Help@example.org"), **support),
            "Sales": Queue(name="Sales", addresses=("sales@example.org",)),
        },
        agents={
            "anna": Agent(name="anna", full_name="Anna Martin", email=ANNA, logins=("anna",), roles=("all",)),
            "bert": Agent(name="bert", full_name="Bert", email="bert@example.org", roles=("all",), away=True),
        },
        roles={"all": Role(name="all", queues={"*": ("rw",)})},
        templates={"received": Template(name="received", kind="auto", body={"": "We have it."})},
    )


def letter(**fields: Any) -> Letter:
    sender = fields.pop("sender", CUSTOMER)
    plain: dict[str, Any] = {
        "raw": b"x",
        "sha256": "00",
        "author": Address(address=sender),
        "to": (Address(address="support@example.org"),),
        "subject": "Printer",
        "message_id": "<new@customer.test>",
        "date": NOW,
        "text": "It burns.",
    }
    return Letter(**{**plain, **fields})


def ticket(**fields: Any) -> Ticket:
    plain: dict[str, Any] = {
        "id": 1, "number": NUMBER, "version": 3, "title": "Printer", "queue": "Support", "state": State.OPEN,
        "priority": Priority.NORMAL, "customer": Address(address=CUSTOMER), "created": NOW, "changed": NOW,
        "articles": 1,
    }  # fmt: skip
    return Ticket(**{**plain, **fields})


def known(**fields: Any) -> Known:
    """Ticket 1 as the desk remembers it: one mail of ours to the customer, one notice to anna, one mail received."""
    one = fields.pop("ticket", ticket())
    parties = frozenset(fields.pop("parties", (CUSTOMER,)))
    extra = {name: fields.pop(name) for name in ("answered_today", "first_agent") if name in fields}
    plain: dict[str, Any] = {
        "tokens": {
            TOKEN: Mailed(token=TOKEN, ticket=1, n=1, audience=fields.pop("audience", "customer"),
                          recipients=(CUSTOMER,), message_id=f"<t.{TOKEN}.{NUMBER}@example.org>"),
            AGENT_TOKEN: Mailed(token=AGENT_TOKEN, ticket=1, n=0, audience="agent", recipients=(ANNA,),
                                message_id=f"<t.{AGENT_TOKEN}.{NUMBER}@example.org>"),
        },
        "ids": {"first@customer.test": (1, "Support")},
        "awaited": {"root@customer.test": 1},
        "numbers": {NUMBER: 1, "1": 1},
        "tickets": {1: Candidate(ticket=one, parties=parties, **extra)},
    }  # fmt: skip
    return Known(**{**plain, **fields})


def judged(**fields: Any) -> Judgement:
    return Judgement(**{"kind": Kind.PERSONAL, "rule": None, **fields})


def decided(
    mail: Letter | None = None,
    *,
    knows: Known | None = None,
    says: Judgement | None = None,
    under: Policy | None = None,
    envelope: Envelope | None = None,
) -> Decision:
    mail = mail or letter()
    under = under or policy()
    envelope = envelope or Envelope(recipient="support@example.org")
    return decide(mail, envelope, route(mail, envelope, under), says or judged(), knows or known(), under, NOW)
