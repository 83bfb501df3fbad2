"""Changes: their frozen JSON, what they do, how they read, and who may make them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from core.intake.desk import NOW, NUMBER, policy, ticket
from ticketctl.change import (
    CHANGES,
    Answered,
    ArticleAdded,
    Assigned,
    Created,
    CustomerSet,
    Delivered,
    DeliveryDelayed,
    DeliveryFailed,
    GaveBack,
    Linked,
    Moved,
    PartyAccepted,
    Prioritised,
    Reassigned,
    Retitled,
    Sent,
    StateSet,
    Stolen,
    Tagged,
    Taken,
    Unlocked,
    decode,
    describe,
    encode,
    evolve,
    fold,
    permit,
)
from ticketctl.errors import BadData, Locked, NotAllowed, NotThere
from ticketctl.policy.value import Agent, Role
from ticketctl.ticket import POSTMASTER, Actor, Address, Kind, Priority, State, damm, normal, untagged

LATER = NOW + timedelta(hours=1)
CUSTOMER = Address(address="carla@customer.test", name="Carla")

# Histories hold these words for ever: a line may be added, none may change.
FROZEN = [
    (Created(id=1, number=NUMBER, title="Printer", queue="Support", state=State.NEW, customer=CUSTOMER),
     ('{"id": 1, "number": "2026112210000014", "title": "Printer", "queue": "Support", "state": "new", '
     '"customer": {"address": "carla@customer.test", "name": "Carla"}}'),
     (None, NUMBER, "created in Support: Printer")),
    (ArticleAdded(n=2, channel="email", sender_type="customer", visible=True, kind=Kind.AUTO,
                  author="carla@customer.test", subject="Re", message_id="<a@b>", remarks=("by number",)),
     ('{"n": 2, "channel": "email", "sender_type": "customer", "visible": true, "kind": "auto", '
     '"author": "carla@customer.test", "subject": "Re", "message_id": "<a@b>", "remarks": ["by number"]}'),
     (None, "2", "email from carla@customer.test: Re")),
    (Taken(owner="anna"), '{"owner": "anna"}', (None, "anna", "locked by anna, who owns it")),
    (Stolen(owner="anna"), '{"owner": "anna"}', (None, "anna", "lock taken over by anna")),
    (Unlocked(), "{}", (None, None, "unlocked")),
    (GaveBack(owner=None, locked=False), '{"owner": null, "locked": false}',
     (None, None, "given up: lock and owner as they were")),
    (Assigned(owner="anna", locked=True), '{"owner": "anna", "locked": true}',
     (None, "anna", "belongs to anna, locked")),
    (Reassigned(owner="anna"), '{"owner": "anna"}', (None, "anna", "given to anna, who holds the lock")),
    (Moved(queue="Sales"), '{"queue": "Sales"}', ("Support", "Sales", "moved to Sales")),
    (Prioritised(priority=Priority.HIGH), '{"priority": "high"}', ("normal", "high", "priority high")),
    (Retitled(title="Fire"), '{"title": "Fire"}', ("Printer", "Fire", "title: Fire")),
    (StateSet(state=State.PENDING_REMINDER, pending_until=NOW),
     '{"state": "pending reminder", "pending_until": "2026-11-22T10:00:00+00:00"}',
     ("open", "pending reminder", "pending reminder until 2026-11-22T10:00:00Z")),
    (CustomerSet(customer=CUSTOMER), '{"customer": {"address": "carla@customer.test", "name": "Carla"}}',
     ("carla@customer.test", "carla@customer.test", "customer carla@customer.test")),
    (PartyAccepted(address="b@c.test"), '{"address": "b@c.test"}', (None, "b@c.test", "b@c.test accepted as a party")),
    (Tagged(added=("vip",), removed=("bug",)), '{"added": ["vip"], "removed": ["bug"]}',
     (None, None, "tags +vip -bug")),
    (Linked(other=2, number="2026112210000022"), '{"other": 2, "number": "2026112210000022"}',
     (None, "2026112210000022", "linked (normal) with 2026112210000022")),
    (Answered(answer="auto-reply", template="received", recipient="c@d.test"),
     '{"answer": "auto-reply", "template": "received", "recipient": "c@d.test"}',
     (None, "c@d.test", "auto-reply owed to c@d.test")),
    (Sent(n=1, recipient="c@d.test"), '{"n": 1, "recipient": "c@d.test"}',
     (None, "c@d.test", "article 1 sent to c@d.test")),
    (DeliveryFailed(n=1, recipient="c@d.test", code="5.1.1", permanent=True, why="no such user"),
     '{"n": 1, "recipient": "c@d.test", "code": "5.1.1", "permanent": true, "why": "no such user"}',
     (None, "c@d.test", "article 1 did not reach c@d.test: 5.1.1 no such user")),
    (DeliveryDelayed(n=1, recipient="c@d.test", code="4.4.1", why="no answer"),
     '{"n": 1, "recipient": "c@d.test", "code": "4.4.1", "why": "no answer"}',
     (None, "c@d.test", "article 1 is late for c@d.test: 4.4.1 no answer")),
    (Delivered(n=0, recipient="c@d.test"), '{"n": 0, "recipient": "c@d.test"}',
     (None, "c@d.test", "automatic answer delivered to c@d.test")),
]  # fmt: skip


def test_every_change_has_a_frozen_sample():
    assert {type(change).__name__ for change, *_ in FROZEN} == set(CHANGES)


@pytest.mark.parametrize(("change", "data", "words"), FROZEN)
def test_a_change_reads_and_writes_as_it_always_did(change, data, words):
    assert json.dumps(encode(change)) == data
    assert decode(type(change).__name__, json.loads(data)) == change
    assert describe(change, ticket()) == words


BASE = ticket(owner="bert", locked=True, waiting_on="us")


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (Taken(owner="anna"), {"owner": "anna", "locked": True}),
        (Unlocked(), {"locked": False}),
        (GaveBack(owner=None, locked=False), {"owner": None, "locked": False}),
        (Moved(queue="Sales"), {"queue": "Sales", "locked": False}),
        (StateSet(state=State.CLOSED_SUCCESSFUL),
         {"state": State.CLOSED_SUCCESSFUL, "closed": LATER, "locked": False, "waiting_on": None}),
        (StateSet(state=State.PENDING_REMINDER, pending_until=NOW),
         {"state": State.PENDING_REMINDER, "pending_until": NOW}),
        (Tagged(added=("vip", "bug"), removed=("bug",)), {"tags": ("vip",)}),
        (PartyAccepted(address="b@c.test"), {"parties": ("b@c.test",)}),
        (ArticleAdded(n=2, channel="email", sender_type="agent", visible=True),
         {"articles": 2, "waiting_on": "customer", "last_agent_article": 2}),
        (ArticleAdded(n=2, channel="email", sender_type="customer", visible=True, kind=Kind.AUTO), {"articles": 2}),
        (ArticleAdded(n=2, channel="note", sender_type="agent", visible=False), {"articles": 2}),
        (Sent(n=1, recipient="c@d.test"), {}),
    ],
)  # fmt: skip
def test_evolve_changes_these_fields_and_no_others(change, fields):
    assert evolve(BASE, change, LATER) == BASE.evolve(version=BASE.version + 1, changed=LATER, **fields)


def test_a_ticket_is_the_fold_of_its_history():
    history = [
        (Created(id=1, number=NUMBER, title="P", queue="Support", state=State.NEW), NOW),
        (Taken(owner="anna"), LATER),
    ]
    folded = fold(history)
    assert folded is not None
    assert (folded.version, folded.owner, folded.locked, folded.created, folded.changed) == (
        2,
        "anna",
        True,
        NOW,
        LATER,
    )


ANNA, BERT = Actor(agent="anna"), Actor(agent="bert")
NOTE = ArticleAdded(n=2, channel="note", sender_type="agent", visible=False)
REPLY = ArticleAdded(n=2, channel="email", sender_type="agent", visible=True)


LOCKED = f"ticket {NUMBER} is locked by bert; `ticketctl steal` takes it over"


def desk(*rights: str, queue: str = "Support"):
    under = policy()
    roles = {"some": Role(name="some", queues={queue: rights}), "all": Role(name="all", queues={"*": ("rw",)})}
    agents = {"anna": Agent(name="anna", full_name="Anna", roles=("some",)), "bert": under.agents["bert"]}
    return type(under)(desk=under.desk, queues=under.queues, roles=roles, agents=agents)


@pytest.mark.parametrize(
    ("rights", "change", "refusal"),
    [
        ((), NOTE, NotThere),
        (("ro",), NOTE, NotAllowed),
        (("note",), NOTE, None),
        (("note",), REPLY, NotAllowed),
        (("note", "owner"), REPLY, None),
        (("owner",), Taken(owner="anna"), None),
        (("owner",), Taken(owner="bert"), NotAllowed),
        (("owner",), Stolen(owner="anna"), NotAllowed),
        (("rw",), Stolen(owner="anna"), None),
        (("owner",), Moved(queue="Sales"), NotAllowed),
        (("owner",), Moved(queue="Nowhere"), NotThere),
        (("owner",), Reassigned(owner="nobody"), NotThere),
        (("priority",), Prioritised(priority=Priority.LOW), None),
        (("owner",), Prioritised(priority=Priority.LOW), NotAllowed),
        (("rw",), Answered(answer="auto-reply", template="received", recipient="x@y.test"), NotAllowed),
        (("rw",), Assigned(owner="anna", locked=True), NotAllowed),
    ],
)
def test_rights_decide(rights, change, refusal):
    if refusal is None:
        permit(change, ticket(), ANNA, desk(*rights))
        return
    with pytest.raises(refusal):
        permit(change, ticket(), ANNA, desk(*rights))


@pytest.mark.parametrize(
    ("rights", "change", "refusal"),
    [
        (("note", "owner"), NOTE, None),
        (("note", "owner"), REPLY, Locked),
        (("owner",), Taken(owner="anna"), Locked),
        (("owner",), Unlocked(), NotAllowed),
        (("rw",), Unlocked(), None),
        (("rw",), Stolen(owner="anna"), None),
        (("rw",), StateSet(state=State.CLOSED_SUCCESSFUL), Locked),
    ],
)
def test_the_lock_of_another_decides(rights, change, refusal):
    locked = ticket(owner="bert", locked=True)
    if refusal is None:
        permit(change, locked, ANNA, desk(*rights))
        return
    with pytest.raises(refusal) as caught:
        permit(change, locked, ANNA, desk(*rights))
    if refusal is Locked:
        assert caught.value.as_value() == {"error": "locked", "status": 79, "by": "bert", "ticket": NUMBER,
                                           "message": LOCKED}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "change"),
    [
        (State.REMOVED, NOTE),
        (State.MERGED, Taken(owner="anna")),
        (State.OPEN, StateSet(state=State.MERGED)),
        (State.OPEN, StateSet(state=State.PENDING_REMINDER)),
        (State.OPEN, StateSet(state=State.OPEN, pending_until=NOW)),
        (State.CLOSED_SUCCESSFUL, StateSet(state=State.PENDING_REMINDER, pending_until=LATER)),
        (State.OPEN, ArticleAdded(n=5, channel="note", sender_type="agent", visible=False)),
    ],
)
def test_steps_that_a_state_does_not_allow_are_refused_to_the_desk_itself_too(state, change):
    with pytest.raises(BadData):
        permit(change, ticket(state=state), POSTMASTER, policy())


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED_SUCCESSFUL])
def test_a_ticket_in_a_queue_that_is_gone_does_not_come_to_life_there(state):
    lost = ticket(queue="Gone", state=State.CLOSED_UNSUCCESSFUL)
    if state is State.CLOSED_SUCCESSFUL:
        permit(StateSet(state=state), lost, POSTMASTER, policy())
        return
    with pytest.raises(BadData, match="its queue Gone is gone: move it first"):
        permit(StateSet(state=state), lost, POSTMASTER, policy())


def test_a_reassigned_agent_must_be_able_to_see_the_queue():
    with pytest.raises(BadData, match="anna may not see queue Support"):
        permit(Reassigned(owner="anna"), ticket(), BERT, desk("ro", queue="Sales"))


def test_damm_catches_every_single_error_and_swap_of_neighbours():
    assert damm(NUMBER) == 0
    for place in range(len(NUMBER)):
        wrong = [NUMBER[:place] + digit + NUMBER[place + 1 :] for digit in "0123456789" if digit != NUMBER[place]]
        assert all(damm(each) for each in wrong)
    swaps = [NUMBER[:i] + NUMBER[i + 1] + NUMBER[i] + NUMBER[i + 2 :] for i in range(15) if NUMBER[i] != NUMBER[i + 1]]
    assert all(damm(each) for each in swaps)


@pytest.mark.parametrize(
    ("written", "plain", "counted"),
    [
        (" A.B+c@Example.ORG ", "a.b+c@example.org", "a.b@example.org"),
        ("SRS0=HHH=TT=example.org=carla@forw.test", "srs0=hhh=tt=example.org=carla@forw.test", "carla@example.org"),
        ("prvs=1234567890=carla@example.org", "carla@example.org", "carla@example.org"),
        ("SRS0=broken@forward.test", "srs0=broken@forward.test", "srs0=broken@forward.test"),
        ("SRS0+HHH=TT=example.org=carla@forw.test", "srs0+hhh=tt=example.org=carla@forw.test", "carla@example.org"),
        ("srs1=H2=first.test==H=TT=example.org=carla+x@second.test",
         "srs1=h2=first.test==h=tt=example.org=carla+x@second.test", "carla@example.org"),
        ("SRS1=H2=first.test=carla@second.test", *["srs1=h2=first.test=carla@second.test"] * 2),
        ("prvs=1234abcdef/carla@example.org", "carla@example.org", "carla@example.org"),
        ("btv1==1234abcdef==carla@example.org", "carla@example.org", "carla@example.org"),
        ("prvs=x@example.org", "prvs=x@example.org", "prvs=x@example.org"),
        ("carla@example.org.", "carla@example.org.", "carla@example.org"),
        ("no-at-sign", "no-at-sign", "no-at-sign"),
        ("+only@example.org", "+only@example.org", "+only@example.org"),
    ],
)
def test_addresses_are_compared_without_batv_and_counted_without_srs(written, plain, counted):
    assert (normal(written), untagged(written)) == (plain, counted)


def test_a_naive_time_is_refused_where_a_value_is_made():
    with pytest.raises(ValueError, match="not an aware UTC time"):
        ticket(created=datetime(2026, 1, 1))
    assert ticket(created=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_ticket_that_is_made_closed_was_closed_then():
    made = evolve(None, Created(id=1, number="1", title="T", queue="Q", state=State.CLOSED_SUCCESSFUL), NOW)
    assert made.closed == NOW
