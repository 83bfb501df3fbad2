"""The outbox: agents' mail at least once, automatic answers at most once, and what the ticket then says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.conftest import ANNA, LATER, NOW, added, asks, mail, reply
from ticketctl.change import Delivered, DeliveryDelayed, DeliveryFailed, Sent
from ticketctl.errors import BadData, NotThere, TryAgain
from ticketctl.ticket import CLOCK, POSTMASTER, SYSTEM

MINUTE = timedelta(minutes=1)


@pytest.fixture
def replied(store, ticket):
    """Ticket 1 with anna's reply, article 2, to kim and cc: outbox row 1."""
    made = ticket(added(1))
    with store.writing(ANNA, NOW) as tx:
        tx.change(made.id, reply(2, mail(recipients=("kim@customer.example", "cc@x.example"))))
    return store


def auto(**fields):
    return mail(mail_class="auto", audience="auto", recipients=("kim@customer.example",), **fields)


def claim(store, now=NOW, **options):
    with store.writing(SYSTEM, now) as tx:
        return tx.claim(**options)


def state(store, outbox_id=1):
    with store.reading() as tx:
        row = tx.outbox_row(outbox_id)
        statuses = [each["status"] for each in tx.deliveries(row.ticket or 0).get(row.n, [])]
        return row.status, row.tries, statuses, tx.history(1)[-1].change


def test_a_claimed_mail_is_nobody_elses(replied):
    (row,) = claim(replied)
    assert (row.id, row.status, row.recipients) == (1, "sending", ("kim@customer.example", "cc@x.example"))
    assert claim(replied) == []


def test_sent_is_in_the_history_and_on_the_deliveries(replied):
    (row,) = claim(replied)
    with replied.writing(ANNA, LATER) as tx:
        tx.sent(row)
    assert state(replied) == ("sent", 1, ["sent", "sent"], Sent(n=2, recipient="cc@x.example"))
    with replied.reading() as tx:
        assert tx.outbox() == []
        assert tx.history(1)[-1].actor == "anna"


def test_a_recipient_who_was_refused_failed(replied):
    (row,) = claim(replied)
    with replied.writing(CLOCK, LATER) as tx:
        tx.sent(row, refused={"cc@x.example": ("5.1.1", "no such user")})
    failed = DeliveryFailed(n=2, recipient="cc@x.example", code="5.1.1", permanent=True, why="no such user")
    assert state(replied) == ("sent", 1, ["sent", "failed"], failed)


def test_deferred_mail_is_due_later(replied):
    (row,) = claim(replied)
    with replied.writing(SYSTEM, NOW) as tx:
        tx.deferred(row, "451 later", LATER)
    assert state(replied)[:3] == ("owed", 1, ["owed", "owed"])
    assert claim(replied, LATER - MINUTE) == []
    (again,) = claim(replied, LATER)
    assert (again.tries, again.last_error, again.message_id) == (1, "451 later", row.message_id)


def test_failed_mail_is_in_the_history_and_can_be_retried_to_another_address(replied):
    (row,) = claim(replied)
    with replied.writing(SYSTEM, NOW) as tx:
        tx.failed(row, "550 no", code="5.1.1")
    assert state(replied)[:3] == ("failed", 1, ["failed", "failed"])
    with replied.writing(ANNA, LATER) as tx:
        tx.retry(1, "new@x.example")
        covered = tx.known(asks(tokens=(row.token,)), LATER).tokens[row.token].recipients
        assert covered == ("cc@x.example", "kim@customer.example", "new@x.example")
    (again,) = claim(replied, LATER)
    assert (again.recipients, again.tries) == (("new@x.example",), 0)
    with replied.writing(SYSTEM, LATER) as tx:
        tx.sent(again)
    assert state(replied)[:3] == ("sent", 1, ["failed", "failed", "sent"])


def test_a_claim_left_behind_is_taken_up_again_and_the_late_finisher_is_told(replied):
    (first,) = claim(replied)
    later = NOW + 16 * MINUTE
    (second,) = claim(replied, later)
    assert second.message_id == first.message_id
    with pytest.raises(TryAgain), replied.writing(SYSTEM, later) as tx:
        tx.sent(first)
    with replied.writing(SYSTEM, later) as tx:
        tx.sent(second)


def test_an_automatic_answer_left_behind_is_unknown_and_never_sent_by_itself(store, ticket):
    ticket(added(1, owed=(auto(),)))
    claim(store)
    assert claim(store, NOW + 16 * MINUTE) == []
    assert state(store)[:3] == ("unknown", 0, ["unknown"])
    assert claim(store, NOW + timedelta(days=9)) == []


YEARS = timedelta(days=3650)


def test_a_claim_of_a_clock_that_stood_ahead_was_left_behind(replied):
    with replied.writing(POSTMASTER, NOW) as tx:
        tx.change(1, added(3, owed=(auto(),)))
    assert len(claim(replied, NOW + YEARS)) == 2
    assert [row.mail_class for row in claim(replied)] == ["agent"]
    with replied.reading() as tx:
        assert [row.status for row in tx.outbox()] == ["sending", "unknown"]


def test_what_a_clock_that_stood_ahead_put_off_is_due(replied):
    (row,) = claim(replied, NOW + YEARS)
    with replied.writing(SYSTEM, NOW + YEARS) as tx:
        tx.deferred(row, "busy", NOW + YEARS + MINUTE)
    assert len(claim(replied)) == 1


def test_a_mail_claimed_by_a_clock_that_stood_ahead_can_be_retried_by_hand(replied):
    claim(replied, NOW + YEARS)
    with replied.writing(ANNA, NOW) as tx:
        tx.retry(1)
    assert len(claim(replied)) == 1


def test_agents_mail_goes_first(replied):
    with replied.writing(POSTMASTER, NOW - MINUTE) as tx:
        tx.change(1, added(3, owed=(auto(),)))
        tx.owe(mail(mail_class="notice", audience="agent"))
    assert [row.mail_class for row in claim(replied)] == ["agent", "auto", "notice"]


def test_ids_and_limit(replied):
    with replied.writing(POSTMASTER, NOW) as tx:
        tx.change(1, added(3, owed=(auto(), auto())))
    assert [row.id for row in claim(replied, limit=1)] == [1]
    assert [row.id for row in claim(replied, ids=[3])] == [3]


def test_a_notice_says_nothing_in_the_history(replied):
    with replied.writing(POSTMASTER, NOW) as tx:
        before = tx.change(1, added(3, owed=(mail(mail_class="notice", audience="agent", plan={"a": ["ü\0"]}),)))
    (row,) = claim(replied, ids=[2])
    assert row.plan == {"a": ["ü\ufffd"]}
    with replied.writing(SYSTEM, LATER) as tx:
        tx.sent(row)
        assert tx.ticket(1) == before


def test_hold_release_drop(replied):
    with replied.writing(ANNA, NOW) as tx:
        tx.hold(1)
    assert state(replied)[:3] == ("held", 0, ["held", "held"])
    assert claim(replied) == []
    with replied.writing(ANNA, NOW) as tx:
        tx.release(1)
    assert state(replied)[:3] == ("owed", 0, ["owed", "owed"])
    with replied.writing(ANNA, NOW) as tx:
        tx.drop(1, "wrong customer")
    failed = DeliveryFailed(n=2, recipient="cc@x.example", permanent=True, why="never sent: wrong customer")
    assert state(replied) == ("dropped", 0, ["failed", "failed"], failed)
    with pytest.raises(BadData), replied.writing(ANNA, NOW) as tx:
        tx.release(1)
    with pytest.raises(NotThere), replied.writing(ANNA, NOW) as tx:
        tx.hold(7)


def test_mail_that_is_being_sent_cannot_be_dropped_or_retried(replied):
    claim(replied)
    with pytest.raises(BadData), replied.writing(ANNA, NOW) as tx:
        tx.drop(1)
    with pytest.raises(TryAgain), replied.writing(ANNA, NOW) as tx:
        tx.retry(1)


@pytest.mark.parametrize(("name", "left"), [("auto", ["agent"]), ("all", [])])
def test_brakes(replied, name, left):
    with replied.writing(ANNA, NOW) as tx:
        tx.change(1, added(3, sender_type="agent", visible=False, channel="note", owed=(auto(),)))
        tx.brake(name, True, "loop")
        assert [(each.name, each.author, each.reason) for each in tx.brakes()] == [(name, "anna", "loop")]
    assert [row.mail_class for row in claim(replied)] == left
    with replied.writing(ANNA, NOW) as tx:
        tx.brake(name, False)
    assert len(claim(replied)) == 2 - len(left)


def test_a_bounce_marks_the_delivery(replied):
    (row,) = claim(replied)
    with replied.writing(SYSTEM, NOW) as tx:
        tx.sent(row)
    with replied.writing(POSTMASTER, LATER) as tx:
        tx.change(1, DeliveryFailed(n=2, recipient="KIM@customer.example", code="5.1.1", permanent=True, why="gone"))
    with replied.reading() as tx:
        (hit, other) = tx.deliveries(1)[2]
    assert (hit["status"], hit["code"], hit["permanent"], hit["at"]) == ("failed", "5.1.1", True, LATER)
    assert other["status"] == "sent"


def test_an_agents_own_outbox(replied):
    with replied.reading() as tx:
        assert [row.id for row in tx.outbox(agent="anna")] == [1]
        assert tx.outbox(agent="bert") == []
        assert tx.standing("anna", NOW, queues=None).unsent == 1


LATE = DeliveryDelayed(n=2, recipient="kim@customer.example", code="4.4.1", why="no answer")
FAILED = DeliveryFailed(n=2, recipient="kim@customer.example", code="5.1.1", permanent=True, why="gone")
THERE = Delivered(n=2, recipient="kim@customer.example")


@pytest.mark.parametrize(
    ("reports", "left"),
    [
        ([LATE], ("delayed", "4.4.1", False)),
        ([LATE, THERE], ("sent", None, None)),
        ([LATE, FAILED], ("failed", "5.1.1", True)),
        ([FAILED, LATE], ("failed", "5.1.1", True)),
        ([FAILED, THERE], ("failed", "5.1.1", True)),
    ],
)
def test_a_delay_is_replaced_by_what_comes_of_it_and_replaces_no_failure(replied, reports, left):
    (row,) = claim(replied)
    with replied.writing(SYSTEM, NOW) as tx:
        tx.sent(row)
    for each in reports:
        with replied.writing(POSTMASTER, LATER) as tx:
            tx.change(1, each)
    with replied.reading() as tx:
        (hit, other) = tx.deliveries(1)[2]
        gone = tx.undelivered(1, ["KIM@customer.example", "cc@x.example"])
    assert (hit["status"], hit["code"], hit["permanent"], other["status"]) == (*left, "sent")
    wanted = [{"recipient": "KIM@customer.example", "code": "5.1.1", "at": LATER}] if left[0] == "failed" else []
    assert gone == wanted


def test_an_address_that_was_mailed_since_is_not_lost(replied):
    (row,) = claim(replied)
    with replied.writing(SYSTEM, NOW) as tx:
        tx.sent(row)
        tx.change(1, FAILED)
    with replied.writing(ANNA, NOW) as tx:
        tx.change(1, reply(3, mail(recipients=("kim@customer.example",))))
    with replied.reading() as tx:
        assert len(tx.undelivered(1, ["kim@customer.example"])) == 1  # owed is not sent
    (second,) = claim(replied)
    with replied.writing(SYSTEM, LATER) as tx:
        tx.sent(second)
    with replied.reading() as tx:
        assert tx.undelivered(1, ["kim@customer.example"]) == []
