"""What the desk knows of a letter: seen before, tokens, ids, numbers, parties, counters."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.conftest import (
    ANNA,
    LATER,
    NOW,
    POSTMASTER,
    added,
    asks,
    decision,
    everything,
    letter,
    mail,
    opened,
    received,
    reply,
    token,
)
from ticketctl.change import PartyAccepted
from ticketctl.intake.value import Candidate, Counts, Envelope, Known, Mailed, Twin, message_id_key
from ticketctl.store import Again
from ticketctl.ticket import SYSTEM, Address

DAY = timedelta(days=1)


def known(store, now=LATER, **fields) -> Known:
    with store.reading() as tx:
        return tx.known(asks(**fields), now)


def test_nothing_is_known_of_a_first_letter(store):
    assert known(store, ids=("a@b",), tokens=(token(),), numbers=("12345678", "1"), answer_to="a@b.c") == Known()


def test_the_same_delivery_is_seen_and_the_same_content_elsewhere_too(store):
    made = received(store, letter(), asks("c" * 64))
    twin = Twin(mail=1, queue="Raw", ticket=made.id, n=1)
    assert known(store, content="c" * 64).again == twin
    other = known(store, content="c" * 64, queue="Support")
    assert (other.again, other.twins) == (None, (twin,))
    assert other.tickets == {made.id: Candidate(ticket=made, parties=frozenset({"kim@customer.example"}))}


def test_a_message_id_with_other_content_is_told(store):
    first = letter(message_id="<One@X>")
    received(store, first, asks("c" * 64))
    assert known(store, message_id="<one@x>").same_id
    assert not known(store, content="c" * 64, message_id="<One@X>").same_id
    assert not known(store, message_id="<two@x>").same_id


def test_ids_of_998_characters_are_found(store):
    long = f"<{'x' * 990}@y>"
    made = received(store, letter(message_id=long), asks())
    key = message_id_key(long)
    assert known(store, ids=(key,)).ids == {key: (made.id, "Raw")}


def test_the_first_letter_that_bore_an_id_is_meant(store):
    one = received(store, letter(message_id="<same@x>"), asks())
    received(store, letter(b"other", message_id="<same@x>"), asks())
    assert known(store, ids=("same@x",)).ids == {"same@x": (one.id, "Raw")}


def test_a_held_letter_is_on_no_ticket_until_it_is_placed(store):
    held = letter(message_id="<held@x>")
    with store.writing(POSTMASTER, NOW) as tx:
        mail_id = tx.accept(held, Envelope(), decision(verdict="held", held="a limit"), asks("d" * 64))
    assert known(store, ids=("held@x",)).ids == {}
    assert known(store, content="d" * 64).again == Twin(mail=mail_id, queue="Raw", ticket=None, n=None)
    with store.writing(ANNA, NOW) as tx:
        made = opened(tx, added(1, mail=mail_id))
        tx.place(mail_id, made.id, 1, "new")
    assert known(store, ids=("held@x",)).ids == {"held@x": (made.id, "Raw")}
    with store.reading() as tx:
        row = tx.letter(mail_id)
        assert (row.verdict, row.held, row.number, row.n) == ("new", None, made.number, 1)
        assert tx.letters() == []


def test_a_reference_that_another_new_mail_named_is_awaited(store):
    made = received(store, letter(), asks(ids=("root@x", "mid@x")))
    assert known(store, ids=("other@x", "root@x")).awaited == {"root@x": made.id}
    received(store, letter(message_id="<root@x>"), asks(), into=made.id)
    later = known(store, ids=("root@x",))
    assert (later.ids, later.awaited) == ({"root@x": (made.id, "Raw")}, {})


def test_a_mail_that_another_one_named_before_it_came_is_awaited_itself(store):
    made = received(store, letter(), asks(ids=("root@x",)))
    assert known(store, message_id="<ROOT@x>").awaited == {"root@x": made.id}
    assert set(known(store, message_id="<ROOT@x>").tickets) == {made.id}
    assert known(store, message_id="<other@x>") == Known()


def test_references_of_follow_ups_are_not_awaited(store, ticket):
    made = ticket()
    received(store, letter(), asks(ids=("root@x",)), into=made.id)
    assert known(store, ids=("root@x",)).awaited == {}


def test_tokens_numbers_and_ids(store, ticket):
    made = ticket(added(1))
    owed = mail(recipients=("Kim+tag@Customer.example", "cc@x.example"))
    notice = mail(audience="agent", mail_class="notice", recipients=("bert@example.org",))
    with store.writing(ANNA, LATER) as tx:
        after = tx.change(made.id, PartyAccepted(address="lee@other.example"), reply(2, owed, notice))
    seen = known(store, tokens=(owed.token,), numbers=(made.number, str(made.id), "99"))
    recipients = ("cc@x.example", "kim+tag@customer.example")
    assert seen.tokens == {
        owed.token: Mailed(token=owed.token, ticket=1, n=2, audience="customer", recipients=recipients,
                           message_id=owed.message_id),
    }  # fmt: skip
    assert seen.numbers == {made.number: 1, "1": 1}
    parties = {"kim@customer.example", "lee@other.example", *recipients}
    assert seen.tickets == {1: Candidate(ticket=after, parties=frozenset(parties), first_agent="anna")}
    assert known(store, tokens=(notice.token,)).tokens[notice.token].audience == "agent"
    with store.reading() as tx:
        assert sorted(tx.mailed(1)) == sorted(recipients)
        assert tx.mailed(2) == []


def test_merged_tickets_are_followed(store, ticket):
    from sqlalchemy import text

    one, two = ticket(), ticket()
    with store.writing(SYSTEM, NOW) as tx:
        tx._connection.execute(text("UPDATE ticket SET merged_into = 2 WHERE id = 1"))
    assert set(known(store, numbers=(one.number,)).tickets) == {one.id, two.id}


def test_automatic_answers_are_counted_by_address_domain_and_all(store, ticket):
    made = ticket()
    answers = [
        (NOW - DAY - timedelta(minutes=1), "kim@customer.example"),
        (NOW - timedelta(hours=2), "Kim+x@Customer.example"),
        (NOW - timedelta(minutes=5), "SRS0=ab=cd=customer.example=kim@forwarder.example"),
        (NOW - timedelta(minutes=4), "lee@customer.example"),
        (NOW - timedelta(minutes=3), "lee@other.example"),
    ]
    for at, recipient in answers:
        with store.writing(SYSTEM, at) as tx:
            tx.change(made.id, added(tx.ticket(made.id).articles + 1, owed=(
                mail(mail_class="auto", audience="auto", recipients=(recipient,)),)))  # fmt: skip
    seen = known(store, NOW, answer_to="KIM+y@customer.example", numbers=(made.number,))
    assert seen.counts == Counts(address_hour=1, address_day=2, domain_hour=1, total_hour=3)
    claimed = known(store, NOW, answer_to="SRS0=ef=gh=new.example=new@forwarder.example")
    assert claimed.counts == Counts(domain_hour=1, total_hour=3)  # of the domain that it goes to
    assert seen.tickets[made.id].answered_today == 4
    with store.writing(SYSTEM, NOW) as tx:
        tx.drop(5)
    assert known(store, NOW, answer_to="x@other.example").counts == Counts(domain_hour=0, total_hour=2)


def test_answers_of_a_clock_that_stood_ahead_are_not_counted_for_ever(store, ticket):
    made = ticket()
    for at in (NOW + timedelta(days=3650), NOW + timedelta(hours=2)):  # the latter by a clock that was a little wrong
        with store.writing(SYSTEM, at) as tx:
            owed = mail(mail_class="auto", audience="auto", recipients=("kim@customer.example",))
            tx.change(made.id, added(tx.ticket(made.id).articles + 1, owed=(owed,)))
    seen = known(store, NOW, answer_to="kim@customer.example", numbers=(made.number,))
    assert seen.counts == Counts(address_hour=1, address_day=1, domain_hour=1, total_hour=1)
    assert seen.tickets[made.id].answered_today == 1


def test_another_process_that_stored_the_delivery_first_is_told(store):
    received(store, letter(), asks("c" * 64))
    with pytest.raises(Again):
        received(store, letter(), asks("c" * 64))
    with store.reading() as tx:
        assert tx.count_all() == 1


def test_a_letter_comes_back_whole(store):
    held = letter(b"raw", author=Address(), claimed="<<>>", subject="s\0", message_id=None)
    envelope = Envelope(recipient="x@y", sender="", queue="Support", trust=True)
    with store.writing(POSTMASTER, NOW) as tx:
        made = decision(verdict="held", held="because", why=("one", "two"), rule="A5", silence=("A5",))
        mail_id = tx.accept(held, envelope, made, asks("e" * 64))
    with store.reading() as tx:
        (row,) = tx.letters()
        assert tx.letters(queues=("Support",)) == []
        assert tx.standing(None, NOW, queues=None, held=None).held == 1
    assert (row.id, row.received, row.recipient, row.sender, row.said_queue, row.trust) == (
        mail_id, NOW, "x@y", "", "Support", True)  # fmt: skip
    assert (row.message_id, row.author, row.subject, row.held) == (None, Address(name="<<>>"), "s\ufffd", "because")
    assert (row.rule, row.silence, row.why, row.key_queue, row.size) == ("A5", ("A5",), ("one", "two"), "Raw", 3)


def test_a_letter_is_found_by_message_id_and_relabelled(store):
    with store.writing(POSTMASTER, NOW) as tx:
        mail_id = tx.accept(letter(message_id="<A@b>"), Envelope(), decision(verdict="held", held="x"), asks())
        tx.relabel(mail_id, "dropped", why=("by hand",))
    with store.reading() as tx:
        row = tx.letter("<a@B>")
    assert (row.verdict, row.held, row.why) == ("dropped", None, ("by hand",))


def test_the_same_bytes_are_stored_once(store):
    for queue in ("Raw", "Support"):
        received(store, letter(b"same"), asks("f" * 64, queue))
    assert len(everything(store)["raw"]) == 1
