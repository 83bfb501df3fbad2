"""Letters decided again: from what was known when they came, under another policy; nothing is written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.conftest import ANNA, LATER, NOW, SYSTEM, everything, make_store
from store.test_receive import POLICY, SALES, SUPPORT, mail
from ticketctl import policy
from ticketctl.change import Moved, Retitled, StateSet
from ticketctl.intake import Envelope
from ticketctl.receive import accept, read, receive
from ticketctl.receive.replaying import replay
from ticketctl.receive.think import think
from ticketctl.ticket import State

TEXT = POLICY.format(desk="").replace('admin = true', 'admin = true\nroles = ["all"]', 1)
RULES = TEXT + """
[[rules]]
name = "payroll"
when.subject = "*payroll*"
set.hold = true
"""
EPOCH = NOW - timedelta(days=1)


@pytest.fixture
def store(place, tmp_path):
    """A week of mail, and what people did meanwhile."""
    made = make_store(place(tmp_path / "desk.db"), RULES)
    hour = timedelta(hours=1)

    def got(n, at, subject, envelope=SUPPORT, **headers):
        raw = mail(f"{n}\n", Subject=subject, Message_ID=f"<{n}@customer.test>", **headers)
        return receive(made, raw, envelope, NOW + at * hour)

    def changed(at, *changes):
        with made.writing(SYSTEM, NOW + at * hour) as tx:
            tx.change(1, *changes)

    number = got(1, 0, "Printer").number
    changed(1, StateSet(state=State.CLOSED_SUCCESSFUL), Retitled(title="Solved"))
    got(2, 2, f"Re: [Ticket#{number}]")
    got(3, 3, "It is me again", In_Reply_To="<2@customer.test>")
    changed(4, Moved(queue="Raw"), StateSet(state=State.CLOSED_SUCCESSFUL))
    got(4, 5, f"[Ticket#{number}] what about it?", From="Eve <eve@elsewhere.test>")
    held = got(5, 6, "payroll", X_Spam_Flag="YES")
    accept(made, held.mail, queue="Sales", ticket=None, actor=ANNA, now=LATER + 9 * hour)
    got(6, 7, "both", envelope=SUPPORT)
    got(6, 7, "both", envelope=SALES)
    yield made
    made.close()


def found(store, text, since=EPOCH):
    counts: list[int] = []
    before = everything(store)
    values = [*replay(store, policy.read(text), since, counts.append)]
    assert everything(store) == before
    return {each.letter.id: (each.was, each.would) for each in values}, counts[-1]


def test_a_letter_is_decided_again_as_it_was_when_it_came(store):
    with store.reading() as tx:
        letters = [each for each in tx.letters(held_only=False) if each.id != 5]  # that one was placed by hand
        assert len(letters) == 6
        for letter in letters:
            incoming = read(tx.raw(letter.raw_sha256))
            envelope = Envelope(recipient=letter.recipient, sender=letter.sender)
            again = think(tx, incoming, envelope, tx.policy(), letter.received, then=letter).decision
            stored = (letter.verdict, letter.why, letter.silence)
            assert (letter.id, (again.verdict, again.why, again.silence)) == (letter.id, stored)


def test_under_the_same_policy_nothing_fares_otherwise(store):
    assert found(store, RULES) == ({}, 7)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_only_what_came_while_the_ticket_was_closed_makes_a_new_one(store):
    strict = 'closed-follow-up = "new-ticket"\nauto-reply = "received"'
    other, _ = found(store, RULES.replace('auto-reply = "received"', strict))
    became = {each: (was["verdict"], would["verdict"]) for each, (was, would) in other.items()}
    assert became == {2: ("follow-up", "new")}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_differs_is_told_and_nothing_else(store):
    spam = '[[rules]]\nname = "spam"\nwhen.header.X-Spam-Flag = "YES"\nset = { queue = "Raw", hold = false }\n'
    other, _ = found(store, TEXT + spam)
    assert other == {
        5: (
            {"verdict": "held", "queue": "Support", "held": "rule payroll", "title": None, "state": None,
             "priority": None, "visible": None, "remarks": []},
            {"verdict": "new", "queue": "Raw", "held": None, "title": "payroll", "state": "new", "priority": "normal",
             "visible": True, "remarks": ["marked as spam"]},
        ),
    }  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_answers_are_counted_as_they_were(store):
    other, _ = found(store, RULES.replace('auto-reply = "received"', ""))
    answer = "auto-reply (received) to kim@customer.test"
    assert {each: (was, would) for each, (was, would) in other.items() if each == 1} == {
        1: ({"answer": answer}, {"answer": None})
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_another_language_of_an_answer_is_told(store):
    raw = mail("7\n", Message_ID="<7@french.test>", From="Luc <luc@french.test>", Accept_Language="fr")
    seventh = receive(store, raw, SUPPORT, LATER + timedelta(days=1)).mail
    french = 'body = { en = "We have it.", fr = "Nous avons votre message." }'
    body = next(line for line in RULES.split("[templates.received]")[1].splitlines() if line.startswith("body"))
    other, _ = found(store, RULES.replace(body, french))
    assert other == {seventh: ({"answer": "auto-reply (received) to luc@french.test"},
                               {"answer": "auto-reply (received, in fr) to luc@french.test"})}  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_letters_from_before_are_not_looked_at(store):
    assert found(store, TEXT, since=NOW + timedelta(hours=6, minutes=30)) == ({}, 2)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_letter_that_cannot_be_decided_is_held_in_the_telling(store, monkeypatch):
    from ticketctl.intake import rules

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(rules, "run", broken)
    other, done = found(store, TEXT)
    assert (done, other[1][0]["verdict"], other[1][0]["held"]) == (7, "held", "a fault of ours: ZeroDivisionError")
