"""The tables of mail-rules section 4: what was found x who wrote x state of the ticket."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from core.intake.desk import (
    AGENT_TOKEN,
    ANNA,
    AUTO,
    CUSTOMER,
    NOW,
    NUMBER,
    STRANGER,
    TOKEN,
    decided,
    judged,
    known,
    letter,
    policy,
    ticket,
)
from ticketctl.change import Assigned, Delivered, DeliveryDelayed, DeliveryFailed, Moved, StateSet
from ticketctl.intake import AutoAnswer, Candidate, Counts, Envelope, Twin
from ticketctl.intake.evidence import numbers
from ticketctl.letter.value import Report
from ticketctl.ticket import Address, Kind, State

OURS = f"<t.{TOKEN}.{NUMBER}@example.org>"
EVIDENCE = {
    "token": {"in_reply_to": (OURS,)},
    "token in references": {"references": ("<x@y.test>", OURS)},
    "id": {"in_reply_to": ("<first@customer.test>",)},
    "awaited": {"references": ("<root@customer.test>",)},
    "number": {"subject": f"Re: [Ticket#{NUMBER}] Printer"},
    "nothing": {},
}
STATES = [State.NEW, State.OPEN, State.PENDING_REMINDER, State.CLOSED_SUCCESSFUL, State.REMOVED]


def expected(evidence: str, sender: str, state: State) -> tuple[str, str]:
    """Verdict and role by the contract's words, written down apart from the code."""
    if evidence == "nothing" or state is State.REMOVED:
        return "new", "own"
    if sender == CUSTOMER:
        return "follow-up", "visible"
    if evidence.startswith("token"):
        return "follow-up", "hidden"
    return "new", "linked"


@pytest.mark.parametrize(
    ("evidence", "sender", "state"), list(itertools.product(EVIDENCE, (CUSTOMER, STRANGER, ANNA), STATES))
)
def test_every_evidence_with_every_sender_and_state(evidence, sender, state):
    until = NOW if state is State.PENDING_REMINDER else None
    one = ticket(state=state, pending_until=until)
    found = decided(letter(sender=sender, **EVIDENCE[evidence]), knows=known(ticket=one))
    verdict, role = expected(evidence, sender, state)
    assert found.verdict == verdict
    if role == "own":
        assert found.links == ()
    if role == "linked":
        assert found.links == (1,)
        assert "Ticket#" not in found.opening.title
    if role == "hidden":
        assert not found.article.visible
        assert found.changes == ()
        assert found.answer is None
        assert "third party" in found.article.remarks
    if role == "visible":
        assert found.article.visible
        reopens = state in (State.PENDING_REMINDER, State.CLOSED_SUCCESSFUL)
        assert (StateSet(state=State.OPEN) in found.changes) == reopens
        assert ("by number" in found.article.remarks) == (evidence == "number")


def test_a_stranger_with_a_number_gets_a_ticket_of_his_own_and_its_title_names_no_ticket():
    found = decided(letter(sender=STRANGER, subject=f"Re: [Ticket#{NUMBER}] Printer"))
    assert (found.verdict, found.opening.title, found.links) == ("new", f"Re: {NUMBER} Printer", (1,))


@pytest.mark.parametrize(
    ("rule", "sender", "verdict"),
    [
        ("party", "colleague@customer.test", "new"),
        ("domain", "colleague@customer.test", "follow-up"),
        ("domain", STRANGER, "new"),
        ("anyone", STRANGER, "follow-up"),
    ],
)
def test_who_may_continue_by_number_alone_is_the_policys(rule, sender, verdict):
    mail = letter(sender=sender, subject=f"[Ticket#{NUMBER}]")
    assert decided(mail, under=policy(follow_up_sender=rule)).verdict == verdict


@pytest.mark.parametrize(("sender", "verdict"), [(ANNA, "follow-up"), (CUSTOMER, "held"), (STRANGER, "held")])
def test_a_notice_is_answered_by_its_agent_only(sender, verdict):
    found = decided(letter(sender=sender, in_reply_to=(f"<t.{AGENT_TOKEN}.{NUMBER}@example.org>",)))
    assert found.verdict == verdict
    if verdict == "follow-up":
        assert (found.article.sender_type, found.article.visible, found.changes) == ("agent", False, ())


@pytest.mark.parametrize("evidence", ["id", "awaited", "number"])
@pytest.mark.parametrize("rule", ["party", "domain"])
def test_an_srs_address_of_a_strangers_domain_is_not_whom_it_names(evidence, rule):
    mail = letter(sender="SRS0=ab=cd=customer.test=carla@elsewhere.test", **EVIDENCE[evidence])
    found = decided(mail, under=policy(follow_up_sender=rule))
    assert (found.verdict, found.links) == ("new", (1,))


def test_an_srs_address_that_names_an_agent_is_no_agents():
    claimed = "SRS0=ab=cd=example.org=anna@elsewhere.test"
    notice = decided(letter(sender=claimed, in_reply_to=(f"<t.{AGENT_TOKEN}.{NUMBER}@example.org>",)))
    assert (notice.verdict, decided(letter(sender=claimed)).answer.recipient) == ("held", claimed)


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [("token", "follow-up"), ("id", "new"), ("awaited", "new"), ("number", "new"), ("nothing", "new")],
)
@pytest.mark.parametrize("rule", ["party", "domain"])
def test_a_from_that_our_server_found_forged_lets_nobody_in_but_with_our_token(evidence, verdict, rule):
    forged = judged(flags=("DMARC fails",), silence=("A12",))
    found = decided(letter(**EVIDENCE[evidence]), says=forged, under=policy(follow_up_sender=rule))
    assert (found.verdict, found.article.visible, found.answer) == (verdict, True, None)
    assert found.links == ((1,) if evidence not in ("token", "nothing") else ())


def test_an_author_that_nobody_can_name_proves_nothing():
    found = decided(letter(author=Address(), subject=f"[Ticket#{NUMBER}]"))
    assert (found.verdict, found.opening.customer) == ("new", Address())


def test_closed_as_the_queue_says():
    one = ticket(state=State.CLOSED_SUCCESSFUL, owner="anna")
    mail = letter(in_reply_to=(OURS,))
    rejected = decided(mail, knows=known(ticket=one), under=policy(queue={"closed_follow_up": "reject"}))
    assert (rejected.verdict, rejected.changes, rejected.tell) == ("follow-up", (), None)
    assert rejected.answer == AutoAnswer(answer="auto-reject", template="received", recipient=CUSTOMER)
    fresh = decided(mail, knows=known(ticket=one), under=policy(queue={"closed_follow_up": "new-ticket"}))
    assert (fresh.verdict, fresh.links, fresh.answer.answer) == ("new", (1,), "auto-new-ticket")
    reopened = decided(mail, knows=known(ticket=one))
    assert reopened.changes == (StateSet(state=State.OPEN), Assigned(owner="anna", locked=True))


@pytest.mark.parametrize(
    ("owner", "first", "changes", "told"),
    [
        ("anna", None, (Assigned(owner="anna", locked=True),), "anna"),
        (None, "anna", (Assigned(owner="anna", locked=True),), "anna"),
        ("bert", None, (), "bert"),
        (None, "bert", (Assigned(owner="bert", locked=False),), "bert"),
        ("gone", None, (), None),
        ("gone", "anna", (Assigned(owner="anna", locked=True),), "anna"),
        ("gone", "bert", (Assigned(owner="bert", locked=False),), "bert"),
        (None, None, (), None),
    ],
)
def test_a_follow_up_belongs_to_the_agent_who_answered_first(owner, first, changes, told):
    found = decided(letter(in_reply_to=(OURS,)), knows=known(ticket=ticket(owner=owner), first_agent=first))
    assert (found.changes, found.tell) == (changes, told)


def test_the_same_delivery_again_is_a_duplicate_whatever_it_says():
    again = Twin(mail=7, queue="Support", ticket=1, n=1)
    found = decided(letter(in_reply_to=(OURS,)), knows=known(again=again))
    assert (found.verdict, found.ticket, found.answer) == ("duplicate", 1, None)


def test_one_mail_to_two_queues_is_an_article_in_each_and_linked():
    twin = Twin(mail=7, queue="Support", ticket=1, n=1)
    found = decided(letter(), knows=known(twins=(twin,)), envelope=Envelope(recipient="sales@example.org"))
    assert (found.verdict, found.queue, found.links) == ("new", "Sales", (1,))


def test_two_copies_that_lead_to_one_ticket_are_one_article():
    twin = Twin(mail=7, queue="Support", ticket=1, n=2)
    mail = letter(in_reply_to=(OURS,))
    found = decided(mail, knows=known(twins=(twin,)), envelope=Envelope(recipient="sales@example.org"))
    assert (found.verdict, found.ticket, found.same_article) == ("follow-up", 1, True)


def test_a_forward_to_another_queue_without_number_is_new_though_its_references_are_ours():
    mail = letter(references=(OURS,))
    assert decided(mail, envelope=Envelope(recipient="sales@example.org")).verdict == "new"
    beside = letter(references=(OURS,), in_reply_to=("<somebody@else.test>",))
    assert decided(beside, envelope=Envelope(recipient="sales@example.org")).verdict == "follow-up"


def test_same_id_with_other_content_is_stored_and_flagged():
    assert decided(knows=known(same_id=True)).article.remarks == ("same id, other content",)


def test_a_personal_mail_that_carries_our_mail_inside_is_no_follow_up():
    assert decided(letter(returned_ids=(OURS,))).verdict == "new"


def failed(code, permanent, recipient=CUSTOMER, n=1):
    return DeliveryFailed(n=n, recipient=recipient, code=code, permanent=permanent)


BOUNCE = judged(kind=Kind.BOUNCE, rule="A1", silence=("A1",))
DAEMON = "mailer-daemon@mx.customer.test"


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED_SUCCESSFUL, State.NEW])
def test_a_bounce_lands_on_the_ticket_and_marks_the_address(state):
    report = Report(recipient=CUSTOMER, action="failed", status="5.1.1", diagnostic="550 no such user")
    mail = letter(sender=DAEMON, returned_ids=(OURS,), reports=(report,))
    found = decided(mail, says=BOUNCE, knows=known(ticket=ticket(state=state)))
    failed = DeliveryFailed(n=1, recipient=CUSTOMER, code="5.1.1", permanent=True, why="550 no such user")
    assert (found.verdict, found.changes, found.answer) == ("follow-up", (failed,), None)
    assert (found.article.visible, found.article.remarks) == (True, ("address failed",))


def test_a_delay_is_not_a_failure():
    report = Report(recipient=CUSTOMER, action="delayed", status="4.4.1", diagnostic="no answer")
    found = decided(letter(sender=DAEMON, returned_ids=(OURS,), reports=(report,)), says=BOUNCE)
    late = DeliveryDelayed(n=1, recipient=CUSTOMER, code="4.4.1", why="no answer")
    assert (found.verdict, found.changes, found.article.visible) == ("follow-up", (late,), False)
    assert found.article.remarks == ()


def test_a_machines_mail_changes_nothing_on_a_pending_ticket():
    auto = judged(kind=Kind.AUTO, rule="A5", silence=("A5",))
    one = ticket(state=State.PENDING_REMINDER, pending_until=NOW, owner="anna")
    found = decided(letter(in_reply_to=(OURS,)), says=auto, knows=known(ticket=one))
    assert (found.verdict, found.changes, found.answer, found.article.visible) == ("follow-up", (), None, False)


@pytest.mark.parametrize(
    ("name", "arguments", "rows"),
    [
        ("a null sender", {"says": judged(kind=Kind.AUTO, rule="A1", silence=("A1",))}, ("A1",)),
        ("a blind copy", {"says": judged(silence=("A13",))}, ("A13",)),
        ("a full counter", {"knows": known(counts=Counts(address_hour=3))}, ("A16",)),
        ("a full desk", {"knows": known(counts=Counts(total_hour=200))}, ("A16",)),
        ("no template", {"envelope": Envelope(recipient="sales@example.org")}, ("A17",)),
        ("an agent", {"mail": letter(sender=ANNA)}, ("A17",)),
        ("an answered ticket", {"mail": letter(in_reply_to=(OURS,)), "knows": known(answered_today=1)}, ("A14",)),
        ("a mail of ours", {"mail": letter(message_id=OURS)}, ("A4",)),
        ("an answer to an answer", {"mail": letter(in_reply_to=(OURS,)), "knows": known(audience="auto")}, ("A14",)),
        ("everything", {"says": judged(silence=("A5", "A10")), "knows": known(counts=Counts(domain_hour=30)),
                        "envelope": Envelope(recipient="sales@example.org")}, ("A5", "A10", "A16", "A17")),
    ],
)  # fmt: skip
def test_any_row_silences_the_answer(name, arguments, rows):
    found = decided(arguments.pop("mail", None), **arguments)
    assert (found.answer, found.silence) == (None, rows)


def test_a_blind_copy_is_answered_where_the_queue_says_so():
    found = decided(says=judged(silence=("A13",)), under=policy(queue={"answer_blind_copies": True}))
    assert found.answer == AutoAnswer(answer="auto-reply", template="received", recipient=CUSTOMER)


@pytest.mark.parametrize(
    ("sender", "recipient"),
    [("bounce+x@customer.test", "bounce+x@customer.test"), ("bulk@mailer.test", CUSTOMER), (None, CUSTOMER)],
)
def test_the_answer_goes_to_return_path_where_it_is_of_the_authors_domain(sender, recipient):
    found = decided(envelope=Envelope(recipient="support@example.org", sender=sender))
    assert found.answer.recipient == recipient


def test_unknown_recipients_are_refused_where_the_policy_says_so():
    envelope = Envelope(recipient="nobody@example.org")
    assert decided(envelope=envelope, under=policy(unknown_recipient="reject")).verdict == "refused"
    assert decided(envelope=envelope).verdict == "new"


def test_trusted_headers_are_obeyed_and_others_are_not():
    headers = (("X-Ticketctl-Queue", "Sales"), ("X-Ticketctl-Priority", "high"), ("X-Ticketctl-Owner", "anna"),
               ("X-Ticketctl-Title", f"[Ticket#{NUMBER}] Told"), ("X-Ticketctl-State", "nonsense"))  # fmt: skip
    mail = letter(headers=headers)
    trusted = decided(mail, envelope=Envelope(recipient="support@example.org", trust=True))
    assert (trusted.queue, trusted.opening.priority) == ("Sales", "high")
    assert trusted.opening.title == f"{NUMBER} Told"  # it names no other ticket
    assert trusted.changes == (Assigned(owner="anna", locked=False),)
    assert trusted.why[0] == "X-Ticketctl-State: 'nonsense' is not there: passed over"
    plain = decided(mail)
    assert (plain.queue, plain.opening.priority, plain.changes) == ("Support", "normal", ())


# what an attacker, or a lawyer, would try

OTHER = "2026112210000028"


def two(**fields):
    """Ticket 1 of the customer, ticket 2 of somebody else."""
    other = ticket(id=2, number=OTHER, customer=Address(address="dora@other.test"))
    one = known(**fields)
    tickets = {**one.tickets, 2: Candidate(ticket=other, parties=frozenset({"dora@other.test"}))}
    return replace(one, tickets=tickets, numbers={**one.numbers, OTHER: 2})


@pytest.mark.parametrize(
    ("sender", "fields", "expected"),
    [
        # the strongest evidence alone, and the conflict is a remark
        (CUSTOMER, {"in_reply_to": (OURS,), "subject": f"[Ticket#{OTHER}]"}, ("follow-up", 1, ("conflict",))),
        # a party of the weaker one gains nothing
        ("dora@other.test", {"in_reply_to": (OURS,), "subject": f"[Ticket#{OTHER}]"}, ("new", None, ())),
        ("dora@other.test", {"in_reply_to": ("<first@customer.test>",), "subject": f"[Ticket#{OTHER}]"},
         ("new", None, ())),
        (STRANGER, {"subject": f"Ticket#{NUMBER} Ticket#{OTHER}"}, ("new", None, ())),
    ],
)  # fmt: skip
def test_several_tickets_are_as_none_to_who_is_no_party_of_the_strongest(sender, fields, expected):
    found = decided(letter(sender=sender, **fields), knows=two())
    assert (found.verdict, found.ticket, found.article.remarks) == expected
    assert found.links == ()


@pytest.mark.parametrize("rule", ["domain", "anyone"])
def test_an_agents_own_mail_by_number_alone_is_a_third_partys(rule):
    mail = letter(sender=ANNA, subject=f"[Ticket#{NUMBER}]")
    one = ticket(customer=Address(address="carla@example.org"))
    found = decided(mail, under=policy(follow_up_sender=rule), knows=known(ticket=one))
    assert (found.verdict, found.links) == ("new", (1,))


@pytest.mark.parametrize(
    ("sender", "rule", "verdict", "remarks"),
    [
        (CUSTOMER, "party", "follow-up", ("by number",)),
        (STRANGER, "anyone", "follow-up", ("by number",)),
        (STRANGER, "party", "new", ()),
    ],
)
def test_a_machines_mail_by_number_lands_as_a_persons_would_and_changes_nothing(sender, rule, verdict, remarks):
    mail = letter(sender=sender, subject=f"[Ticket#{NUMBER}]")
    bulk = judged(kind=Kind.BULK, rule="A7", silence=("A7",))
    one = ticket(state=State.CLOSED_SUCCESSFUL)
    found = decided(mail, says=bulk, under=policy(follow_up_sender=rule), knows=known(ticket=one))
    assert (found.verdict, found.article.remarks, found.changes, found.answer) == (verdict, remarks, (), None)


@pytest.mark.parametrize("state", [State.OPEN, State.REMOVED, State.CLOSED_SUCCESSFUL])
def test_an_answered_notice_never_becomes_a_ticket(state):
    mail = letter(sender=STRANGER, in_reply_to=(f"<t.{AGENT_TOKEN}.{NUMBER}@example.org>",))
    assert decided(mail, knows=known(ticket=ticket(state=state))).verdict == "held"


def test_a_notice_answered_by_who_was_an_agent_is_held():
    was = policy()
    was = replace(was, agents={"bert": was.agents["bert"]})
    mail = letter(sender=ANNA, in_reply_to=(f"<t.{AGENT_TOKEN}.{NUMBER}@example.org>",))
    assert decided(mail, under=was).held == "a notice was answered by somebody who is no agent any more"


@pytest.mark.parametrize(
    "subject",
    [
        f"Ticket#Ticket#{NUMBER}",
        f"Ticket#: [Ticket#: {NUMBER}] x",
        "Ticket#" * 30 + NUMBER,
        "a " * 110 + f"Ticket#{NUMBER}" + "0" * 40,
        f"Ticket#{OTHER}",
    ],
)
def test_no_title_of_a_new_ticket_names_a_ticket(subject):
    found = decided(letter(sender=STRANGER, subject=subject))
    assert not numbers(found.opening.title, policy())


def test_a_customer_whose_agent_may_not_see_the_queue_any_more_tells_him_nothing():
    under = policy()
    under = replace(under, roles={"all": replace(under.roles["all"], queues={"Sales": ("rw",)})})
    for fields in ({"ticket": ticket(owner="anna")}, {"first_agent": "anna"}):
        found = decided(letter(in_reply_to=(OURS,)), knows=known(**fields), under=under)
        assert (found.changes, found.tell) == ((), None)


def test_a_mail_is_answered_once_though_two_queues_get_it():
    under = policy()
    twin = Twin(mail=7, queue="Sales", ticket=1, n=1)
    silent = decided(knows=known(twins=(twin,)))  # Sales answers nobody
    assert silent.answer is not None
    queues = {**under.queues, "Sales": replace(under.queues["Sales"], auto=AUTO)}
    found = decided(knows=known(twins=(twin,)), under=replace(under, queues=queues))
    assert (found.verdict, found.links, found.answer, found.silence) == ("new", (1,), None, ("A15",))
    held = replace(twin, ticket=None, n=None)
    assert decided(knows=known(twins=(held,)), under=replace(under, queues=queues)).answer is not None


@pytest.mark.parametrize(
    ("fields", "knows", "rows"),
    [
        ({"in_reply_to": (OURS,)}, {"audience": "auto"}, ("A14",)),
        ({"references": ("<x@y.test>", OURS)}, {"audience": "auto"}, ("A14",)),
        ({"references": (OURS, "<x@y.test>")}, {"audience": "auto"}, ()),
        ({"in_reply_to": (OURS,)}, {"answered_today": 1}, ("A14",)),
        ({"in_reply_to": (OURS,)}, {"counts": Counts(address_day=10)}, ("A16",)),
    ],
)
@pytest.mark.parametrize("closed", ["new-ticket", "reject"])
def test_a14_and_a16_hold_for_the_answers_of_closed_tickets(fields, knows, rows, closed):
    one = ticket(state=State.CLOSED_SUCCESSFUL)
    under = policy(queue={"closed_follow_up": closed})
    found = decided(letter(**fields), knows=known(ticket=one, **knows), under=under)
    assert (found.silence, found.answer is None) == (rows, bool(rows))


@pytest.mark.parametrize(
    ("path", "recipient"),
    [
        ("SRS0=ab=cd=customer.test=carla@evil.test", CUSTOMER),
        ("<Bounce@CUSTOMER.test>", "Bounce@CUSTOMER.test"),
        ("prvs=123=carla@customer.test", "prvs=123=carla@customer.test"),
        ("a b@customer.test", CUSTOMER),
        ("x,evil@evil.test,y@customer.test", CUSTOMER),
        ("", CUSTOMER),
        ("@customer.test", CUSTOMER),
    ],
)
def test_an_answer_goes_where_the_author_is_and_nowhere_that_a_path_only_claims(path, recipient):
    assert decided(envelope=Envelope(recipient="support@example.org", sender=path)).answer.recipient == recipient


def test_a_bounce_lands_where_the_returned_mail_belongs_whatever_its_subject_says():
    report = Report(recipient=CUSTOMER, action="failed", status="5.1.1")
    mail = letter(sender=DAEMON, subject=f"Returned: [Ticket#{OTHER}]", returned_ids=(OURS,), reports=(report,))
    found = decided(mail, says=BOUNCE, knows=two())
    assert (found.ticket, [change.recipient for change in found.changes]) == (1, [CUSTOMER])


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        ({"action": "failed", "status": "4.4.7"}, failed("4.4.7", False)),
        ({"action": "", "status": "4.4.7"}, DeliveryDelayed(n=1, recipient=CUSTOMER, code="4.4.7")),
        ({"action": "", "status": "2.0.0"}, Delivered(n=1, recipient=CUSTOMER)),
        ({"action": "", "status": None}, failed(None, None)),
        ({"action": "relayed", "status": "2.0.0"}, Delivered(n=1, recipient=CUSTOMER)),
        ({"action": "delivered", "status": None}, Delivered(n=1, recipient=CUSTOMER)),
        ({"action": "delayed", "status": "5.0.0"}, DeliveryDelayed(n=1, recipient=CUSTOMER, code="5.0.0")),
        ({"action": "failed", "status": "5.1.1", "recipient": "forwarded@far.test"}, failed("5.1.1", True)),
        ({"action": "failed", "status": "5.1.1", "recipient": None}, failed("5.1.1", True)),
    ],
)
def test_a_report_becomes_what_it_says_of_the_address_that_we_wrote_to(report, outcome):
    mail = letter(sender=DAEMON, returned_ids=(OURS,), reports=(Report(**{"recipient": CUSTOMER, **report}),))
    assert decided(mail, says=BOUNCE).changes == (outcome,)


DORA = "dora+shop@other.test"


@pytest.mark.parametrize(
    ("reports", "outcomes"),
    [
        ([{"recipient": CUSTOMER}, {"recipient": DORA}], [CUSTOMER, DORA]),
        ([{"recipient": "Dora+Shop@Other.Test"}], [DORA]),
        ([{"recipient": "forwarded@far.test", "also": (DORA,)}], [DORA]),  # Final- beside Original-Recipient
        ([{"recipient": "dora+2Bshop@other.test", "also": (DORA,)}], [DORA]),  # xtext left as it was
        ([{"recipient": f"prvs=0123456789={DORA}"}], [DORA]),
        ([{"recipient": "forwarded@far.test"}, {"recipient": None}], []),
    ],
)
def test_of_several_recipients_those_that_the_reports_name_are_marked(reports, outcomes):
    one = known()
    mailed = replace(one.tokens[TOKEN], recipients=(CUSTOMER, DORA))
    said = tuple(Report(**{"action": "failed", "status": "5.1.1", **each}) for each in reports)
    mail = letter(sender=DAEMON, returned_ids=(OURS,), reports=said)
    found = decided(mail, says=BOUNCE, knows=replace(one, tokens={TOKEN: mailed}))
    assert found.changes == tuple(failed("5.1.1", True, recipient) for recipient in outcomes)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_several_reports_on_one_address_a_failure_wins(order):
    said = [Report(recipient=CUSTOMER, action=action, status=None) for action in ("failed", "delayed", "delivered")]
    mail = letter(sender=DAEMON, returned_ids=(OURS,), reports=tuple(said[each] for each in order))
    assert decided(mail, says=BOUNCE).changes == (failed(None, None),)


def test_a_bounce_finds_its_ticket_by_the_token_in_the_envelope_recipient():
    report = Report(recipient=None, action="failed", status="5.1.1")
    verp = Envelope(recipient=f"support+{TOKEN.upper()}@example.org", sender="")
    found = decided(letter(sender=DAEMON, reports=(report,)), says=BOUNCE, under=policy(recipient_delimiter="+"),
                    envelope=verp)  # fmt: skip
    assert (found.verdict, found.ticket, found.changes) == ("follow-up", 1, (failed("5.1.1", True),))


def test_a_bounce_of_an_automatic_answer_marks_that_and_one_of_a_notice_stays_inside():
    report = Report(recipient=None, action="failed", status="5.1.1")
    mail = letter(sender=DAEMON, returned_ids=(OURS,), reports=(report,))
    one = known(audience="auto")
    auto = replace(one, tokens={TOKEN: replace(one.tokens[TOKEN], n=0)})
    found = decided(mail, says=BOUNCE, knows=auto)
    assert (found.changes, found.article.visible) == ((failed("5.1.1", True, n=0),), False)
    notice = letter(sender=DAEMON, returned_ids=(OURS.replace(TOKEN, AGENT_TOKEN),), reports=(report,))
    found = decided(notice, says=BOUNCE)
    assert (found.changes, found.article.visible) == ((failed("5.1.1", True, ANNA, n=0),), False)


def test_a_bounce_without_our_token_marks_nobody():
    report = Report(recipient=CUSTOMER, action="failed", status="5.1.1")
    for fields in ({"subject": f"[Ticket#{NUMBER}]"}, {"in_reply_to": ("<first@customer.test>",)}):
        found = decided(letter(sender=DAEMON, reports=(report,), **fields), says=BOUNCE)
        assert (found.verdict, found.changes) == ("new", ())


def test_several_recipients_and_a_report_on_none_of_them_mark_nobody():
    one = known()
    mailed = replace(one.tokens[TOKEN], recipients=(CUSTOMER, "dora@other.test"))
    report = Report(recipient="somebody@far.test", action="failed", status="5.1.1")
    mail = letter(sender=DAEMON, returned_ids=(OURS,), reports=(report,))
    found = decided(mail, says=BOUNCE, knows=replace(one, tokens={TOKEN: mailed}))
    assert (found.verdict, found.changes) == ("follow-up", ())


def test_a_mail_without_any_identity_is_flagged():
    assert decided(letter(message_id=None)).article.remarks[0].startswith("parser: neither Message-ID nor queue id")
    assert decided(letter(message_id=None, queue_id="4XyZ")).article.remarks == ()


def test_a_trusted_queue_is_no_unknown_recipient_and_a_trusted_owner_must_see_it():
    headers = (("X-Ticketctl-Queue", "Sales"), ("X-Ticketctl-Owner", "anna"))
    under = policy(unknown_recipient="reject")
    under = replace(under, roles={"all": replace(under.roles["all"], queues={"Support": ("rw",)})})
    found = decided(letter(headers=headers), under=under, envelope=Envelope(recipient="no@example.org", trust=True))
    assert (found.verdict, found.queue, found.changes) == ("new", "Sales", ())
    assert "owner anna may not see queue Sales: passed over" in found.why


def test_why_no_answer_went_out_is_told_in_words():
    found = decided(says=judged(kind=Kind.AUTO, rule="A5", silence=("A5",)))
    assert "kind auto: Auto-Submitted says that a machine wrote it (A5)" in found.why
    assert found.why[-1] == "no answer: Auto-Submitted says that a machine wrote it (A5)"


def test_an_answer_to_a_ticket_whose_queue_is_gone_brings_it_into_the_default_queue():
    one = ticket(state=State.CLOSED_SUCCESSFUL, queue="Gone")
    found = decided(letter(in_reply_to=(OURS,)), knows=known(ticket=one))
    assert found.changes == (Moved(queue="Raw"), StateSet(state=State.OPEN))
    assert "queue Gone is gone: moved to Raw" in found.why
