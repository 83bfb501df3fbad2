"""The tables of mail-rules section 4: what was found x who wrote x state of the ticket."""

from __future__ import annotations

import itertools

import pytest

from core.intake.desk import (
    AGENT_TOKEN,
    ANNA,
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
from ticketctl.change import Assigned, DeliveryFailed, StateSet
from ticketctl.intake import AutoAnswer, Counts, Envelope, Twin
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
    report = Report(recipient=CUSTOMER, action="delayed", status="4.4.1")
    found = decided(letter(sender=DAEMON, returned_ids=(OURS,), reports=(report,)), says=BOUNCE)
    assert (found.verdict, found.changes, found.article.visible) == ("follow-up", (), False)


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
               ("X-Ticketctl-Title", "Told"), ("X-Ticketctl-State", "nonsense"))  # fmt: skip
    mail = letter(headers=headers)
    trusted = decided(mail, envelope=Envelope(recipient="support@example.org", trust=True))
    assert (trusted.queue, trusted.opening.priority, trusted.opening.title) == ("Sales", "high", "Told")
    assert trusted.changes == (Assigned(owner="anna", locked=False),)
    assert trusted.why[0] == "X-Ticketctl-State: 'nonsense' is not there: passed over"
    plain = decided(mail)
    assert (plain.queue, plain.opening.priority, plain.changes) == ("Support", "normal", ())
