"""Many tickets at once: the very rows that the writer makes, and nothing that it would refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bench import madeup
from store.conftest import ANNA, LATER, NOW, added, asks, decision, everything, letter, make_store, opened, reply
from ticketctl.change import ArticleAdded, Created, Linked, StateSet, Tagged, Taken
from ticketctl.change.step import Step
from ticketctl.errors import BadData, NotThere
from ticketctl.intake.value import Envelope
from ticketctl.store import bulk
from ticketctl.store.bulk import Arrival, Event, Held
from ticketctl.store.fsck import fsck
from ticketctl.ticket import POSTMASTER, SYSTEM, State


def created(ticket_id: int, **fields) -> Created:
    return Created(**({"id": ticket_id, "number": f"20261122{ticket_id}", "title": "it", "queue": "Raw",
                       "state": State.NEW} | fields))  # fmt: skip


def told(*changes, **fields):
    """A story of plain changes."""
    return lambda ticket_id: [
        Event(at=NOW, step=Step(change=each)) for each in (created(ticket_id, **fields), *changes)
    ]


def test_a_made_up_desk_is_whole(store):
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(madeup.policy("root"), "root", "another", 1)
    done = []
    assert bulk.load(store, madeup.desk(300), NOW, batch=70, commit=2, progress=done.append) == 315
    assert done == [70, 140, 210, 280, 315]
    assert fsck(store, contents=True) == []


def test_its_rows_are_those_that_the_writer_makes(place, tmp_path):
    one, many = (make_store(place(tmp_path / name)) for name in ("one.db", "many.db"))
    mail, asked = letter(), asks(ids=("a@b.example", "c@d.example"))
    sent = reply(2)
    envelope, decided = Envelope(recipient="raw@example.org"), decision()
    arrival = Arrival(letter=mail, envelope=envelope, decision=decided, asks=asked)
    with one.writing(POSTMASTER, NOW) as tx:
        mail_id = tx.accept(mail, envelope, decided, asked)
        ticket = opened(tx, added(1, mail=mail_id, raw_sha256=mail.sha256))
        tx.place(mail_id, ticket.id, 1)
    with one.writing(ANNA, LATER) as tx:
        tx.change(ticket.id, Taken(owner="anna"), Tagged(added=("vip", "bug")), sent)
        tx.change(ticket.id, Tagged(removed=("bug",)), StateSet(state=State.CLOSED_SUCCESSFUL))

    def story(ticket_id):
        first = Created(id=ticket_id, number=ticket.number, title="printer", queue="Raw", state=State.NEW,
                        customer=ticket.customer)  # fmt: skip
        yield Event(at=NOW, actor=POSTMASTER, step=Step(change=first))
        yield Event(at=NOW, actor=POSTMASTER, step=added(1), arrival=arrival)
        for change in (Taken(owner="anna"), Tagged(added=("vip", "bug")), sent, Tagged(removed=("bug",)),
                       StateSet(state=State.CLOSED_SUCCESSFUL)):  # fmt: skip
            yield Event(at=LATER, actor=ANNA, step=change if isinstance(change, Step) else Step(change=change))

    bulk.load(many, [story], NOW)
    assert everything(many) == everything(one)
    one.close()
    many.close()


def test_a_letter_may_be_held_and_its_content_come_twice(store):
    mail = letter()
    arrivals = [Arrival(letter=mail, envelope=Envelope(), asks=asks("c" * 64, queue=queue),
                        decision=decision(verdict="held", held="odd")) for queue in ("Raw", "Support")]  # fmt: skip
    bulk.load(store, [Held(at=NOW, arrival=arrivals[0])], NOW)
    bulk.load(store, [Held(at=NOW + timedelta(hours=1), arrival=arrivals[1])], NOW)
    with store.reading() as tx:
        assert [(each.verdict, each.held, each.ticket) for each in tx.letters()] == [("held", "odd", None)] * 2
        assert tx.raw(mail.sha256) == mail.raw


@pytest.mark.parametrize(
    ("story", "refusal"),
    [
        (told(queue="Nowhere"), NotThere),
        (told(Taken(owner="nobody")), NotThere),
        (told(StateSet(state=State.MERGED)), BadData),
        (told(ArticleAdded(n=2, channel="note", sender_type="agent", visible=False)), BadData),
        (told(ArticleAdded(n=1, channel="note", sender_type="agent", visible=False)), ValueError),
        (told(created(1)), BadData),
        (lambda _: [Event(at=NOW, step=Step(change=created(99)))], ValueError),
        (lambda _: [], ValueError),
        (lambda _: [Event(at=NOW, step=Step(change=Taken(owner="anna")))], ValueError),
    ],
    ids=range(9),
)
def test_what_the_writer_refuses_is_refused_and_leaves_nothing(store, story, refusal):
    before = everything(store)
    with pytest.raises(refusal):
        bulk.load(store, [told(Linked(other=1, number="1")), story], NOW)
    assert everything(store) == before
