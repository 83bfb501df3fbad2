"""Rows A1 to A18 from the raw mail to the decision: spellings of several senders, and what becomes of the answer.

What each row makes of the kind is in letter/test_kind.py; here a whole mail meets the desk's memory and policy.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.intake.desk import ANNA, AUTO, CUSTOMER, NOW, NUMBER, TOKEN, known, policy, ticket
from ticketctl.intake import AutoAnswer, Counts, Envelope, Known, Twin, decide, route
from ticketctl.letter import kind, read
from ticketctl.letter.value import Ours
from ticketctl.policy import Policy
from ticketctl.ticket import State

OURS = f"<t.{TOKEN}.{NUMBER}@example.org>"
DESK = Ours(
    addresses=frozenset({"raw@example.org", "support@example.org", "help@example.org", "sales@example.org"}),
    domain="example.org",
    delimiter="+",
)


def decided(
    *fields: str,
    sender: str | None = CUSTOMER,
    knows: Known | None = None,
    under: Policy | None = None,
    body: str = "Hi",
):
    """The decision about a person's mail with these fields; a field given here replaces the usual one."""
    usual = {
        "From": f"Carla <{CUSTOMER}>",
        "To": "support@example.org",
        "Subject": "Printer",
        "Date": "Sun, 22 Nov 2026 10:00:00 +0100",
        "Message-ID": "<new@customer.test>",
    }
    names = {field.partition(":")[0].lower() for field in fields}
    lines = [*fields, *(f"{name}: {value}" for name, value in usual.items() if name.lower() not in names)]
    mail = read(("\n".join(lines) + f"\n\n{body}\n").encode())
    under = under or policy()
    envelope = Envelope(recipient="support@example.org", sender=sender)
    says = kind.judge(mail, sender=sender, recipient=envelope.recipient, ours=DESK)
    return decide(mail, envelope, route(mail, envelope, under), says, knows or known(), under, NOW)


SILENT = [
    ("A1", (), {"sender": ""}),
    ("A1", (), {"sender": "<>"}),
    ("A1", (), {"sender": "MAILER-DAEMON@mx.customer.test"}),
    ("A1", ("Return-Path: <>",), {"sender": None}),
    ("A2", ("X-Failed-Recipients: x@y.test",), {}),
    ("A2", ("From: MAILER-DAEMON@mx.test (Mail Delivery System)", "Subject: Undelivered Mail Returned to Sender"), {}),
    ("A2", ("Subject: Read: offer",), {"body": "Your message\n\n  To: Carla\n  Subject: offer\n\nwas read on Monday."}),
    ("A2", ("X-XARF: PLAIN",), {}),
    ("A3", ("From: support@example.org",), {}),
    ("A3", (), {"sender": f"support+{TOKEN}@example.org"}),
    ("A4", ("X-Ticketctl-Loop: example.org",), {}),
    ("A4", ("Received: from a by b; x",) * 26, {}),
    ("A4", ("Delivered-To: support@example.org",) * 2, {}),
    ("A5", ("Auto-Submitted: auto-replied",), {}),
    ("A5", ("auto-submitted: Auto-Generated (rejected)",), {}),
    ("A6", ("List-Id: <members.club.test>",), {}),
    ("A6", ("Mailing-List: contact x@club.test; run by ezmlm",), {}),
    ("A6", ("List-Unsubscribe: <https://shop.test/u>",), {}),
    ("A7", ("Precedence: bulk",), {}),
    ("A7", ("X-Precedence: AUTO_REPLY",), {}),
    ("A8", ("X-Auto-Response-Suppress: OOF, AutoReply",), {}),
    ("A8", ("X-Auto-Response-Suppress: All",), {}),
    ("A9", ("X-Autoreply: yes",), {}),
    ("A9", ("X-Apple-Action: VACATION",), {}),
    ("A9", ("X-POST-MessageClass: 9; Autoresponder",), {}),
    ("A10", ("From: No Reply <no-reply@shop.test>",), {"sender": "no-reply@shop.test"}),
    ("A10", ("From: nicht.antworten@laden.test",), {"sender": "nicht.antworten@laden.test"}),
    ("A10", ("From: members-request@club.test",), {"sender": "members-request@club.test"}),
    ("A11", ("Subject: Automatic reply: printer",), {}),
    ("A11", ("Subject: Abwesenheitsnotiz: Drucker",), {}),
    ("A11", ("Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_imprimante?=",), {}),
    ("A11", ("Subject: ** PROBLEM Service Alert: web1/HTTP is CRITICAL **",), {}),
    ("A12", ("From: a@x.test, b@y.test",), {}),
    ("A12", ("X-Spam-Flag: YES",), {}),
    ("A13", ("To: undisclosed-recipients:;",), {}),
    ("A13", ("To: somebody@else.test", "Cc: other@else.test"), {}),
    ("A14", (f"In-Reply-To: {OURS}",), {"knows": known(audience="auto")}),
    ("A14", (f"References: <x@y.test> {OURS}",), {"knows": known(audience="auto")}),
    ("A14", (f"In-Reply-To: {OURS}",), {"knows": known(answered_today=1)}),
    ("A15", (), {"knows": known(again=Twin(mail=7, queue="Support", ticket=1, n=1))}),
    ("A16", (), {"knows": known(counts=Counts(address_hour=3))}),
    ("A16", (), {"knows": known(counts=Counts(address_day=10))}),
    ("A16", (), {"knows": known(counts=Counts(domain_hour=30))}),
    ("A16", (), {"knows": known(counts=Counts(total_hour=200))}),
    ("A17", (f"From: Anna <{ANNA}>",), {"sender": ANNA}),
    ("A17", (), {"under": policy(queue={"auto": {"auto-follow-up": "received"}})}),
]


@pytest.mark.parametrize(("row", "fields", "case"), SILENT)
def test_a_row_alone_forbids_the_answer(row, fields, case):
    found = decided(*fields, **case)
    assert (found.answer, row in found.silence) == (None, True)


def test_every_row_that_forbids_is_among_them():
    assert {row for row, *_ in SILENT} == {f"A{n}" for n in range(1, 18)}


PERSONS = [
    ("X-Mailer: Microsoft Outlook 16.0", "Thread-Index: AQ==", "X-MS-Exchange-Organization-SCL: -1"),
    ("X-Mailer: Apple Mail (2.3774)", "Mime-Version: 1.0 (Mac OS X Mail 16.0)"),
    ("User-Agent: Mutt/2.2.9", "Organization: Customer"),
    ("X-Gm-Message-State: x", "X-Google-Smtp-Source: y", "MIME-Version: 1.0"),
    ("X-Mailer: Lotus Notes 9", "Importance: High", "X-Priority: 1"),
    ("Auto-Submitted: no", "Precedence: first-class", "X-Auto-Response-Suppress: DR, RN"),
    ("Disposition-Notification-To: carla@customer.test", "Return-Receipt-To: carla@customer.test"),
    ("X-Spam-Flag: NO", "X-Spam-Status: No, score=-1", "Received: from a by b; x"),
]


@pytest.mark.parametrize("fields", PERSONS)
def test_a18_a_persons_mail_is_answered_whatever_program_it_was_written_with(fields):
    found = decided(*fields)
    assert (found.rule, found.silence) == (None, ())
    assert found.answer == AutoAnswer(answer="auto-reply", template="received", recipient=CUSTOMER)


@pytest.mark.parametrize(
    ("path", "recipient"),
    [
        (CUSTOMER, CUSTOMER),
        ("c.alias@customer.test", "c.alias@customer.test"),
        ("C.Alias@CUSTOMER.test", "C.Alias@CUSTOMER.test"),
        ("bounce+17@elsewhere.test", CUSTOMER),
        ("SRS0=ab=cd=customer.test=carla@forwarder.test", CUSTOMER),
        (None, CUSTOMER),
    ],
)
def test_a18_the_answer_goes_to_the_return_path_of_the_authors_domain_else_to_the_author(path, recipient):
    assert decided(sender=path).answer.recipient == recipient


@pytest.mark.parametrize("state", [State.CLOSED_SUCCESSFUL, State.MERGED, State.REMOVED])
def test_a17_a_closed_ticket_answers_only_with_what_is_for_it(state):
    one = ticket(state=state)
    under = policy(queue={"closed_follow_up": "reopen", "auto": {**AUTO}})
    found = decided(f"In-Reply-To: {OURS}", knows=known(ticket=one), under=under)
    if state is State.CLOSED_SUCCESSFUL:
        assert (found.answer, found.silence) == (None, ("A17",))
    else:  # it is as if there were none: a new ticket, which is answered as such
        assert (found.verdict, found.answer.answer) == ("new", "auto-reply")
    rejecting = replace(under, queues={**under.queues, "Support": replace(under.queues["Support"],
                                                                          closed_follow_up="reject")})  # fmt: skip
    if state is State.CLOSED_SUCCESSFUL:
        found = decided(f"In-Reply-To: {OURS}", knows=known(ticket=one), under=rejecting)
        assert (found.verdict, found.answer.answer) == ("follow-up", "auto-reject")
