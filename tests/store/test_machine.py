"""Whatever is asked of it in whatever order: the row is the fold of its history, and a denied change leaves nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

import servers
from store.conftest import NOW, added, asks, everything, letter, mail, opened, quick_store, received
from ticketctl.change import (
    Assigned,
    CustomerSet,
    GaveBack,
    Linked,
    Moved,
    PartyAccepted,
    Prioritised,
    Reassigned,
    Retitled,
    StateSet,
    Stolen,
    Tagged,
    Taken,
    Unlocked,
    fold,
)
from ticketctl.errors import Refusal
from ticketctl.store.fsck import fsck
from ticketctl.ticket import POSTMASTER, SYSTEM, Actor, Address, Priority, State

AGENTS = ("anna", "bert", "carla", "nobody")
TEXT = st.text(alphabet=st.characters(), max_size=20)
names = st.sampled_from(AGENTS)
changes = st.one_of(
    st.builds(Taken, owner=names),
    st.builds(Stolen, owner=names),
    st.just(Unlocked()),
    st.builds(GaveBack, owner=st.none() | names, locked=st.booleans()),
    st.builds(Assigned, owner=names, locked=st.booleans()),
    st.builds(Reassigned, owner=names),
    st.builds(Moved, queue=st.sampled_from(["Raw", "Support", "Support::Europe", "Nowhere"]),
              update_due=st.none() | st.just(NOW)),
    st.builds(Prioritised, priority=st.sampled_from(Priority)),
    st.builds(Retitled, title=TEXT),
    st.builds(StateSet, state=st.sampled_from(State), pending_until=st.none() | st.just(NOW + timedelta(days=1))),
    st.builds(CustomerSet, customer=st.builds(Address, address=st.none() | TEXT, name=st.none() | TEXT)),
    st.builds(PartyAccepted, address=TEXT),
    st.builds(Tagged, added=st.tuples(st.sampled_from(["vip", "Bug", "ß"])), removed=st.just(()) | st.tuples(TEXT)),
)  # fmt: skip
actors = st.sampled_from(
    [SYSTEM, POSTMASTER, *(Actor(agent=name) for name in AGENTS), Actor(agent="bert", real="anna", uid=0)]
)


class Desk(RuleBasedStateMachine):
    tickets = Bundle("tickets")
    claims = Bundle("claims")

    kind = "sqlite"

    def __init__(self):
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.now = NOW

    @initialize()
    def begin(self):
        self.place = servers.places(self.kind, Path(os.environ["TICKETCTL_TEST_SERVERS"]))
        self.store = quick_store(self.place.__enter__()(self.directory / "desk.db"))

    def tried(self, actor, work):
        """What the work gives; None where it was refused, and then nothing is different."""
        self.now += timedelta(seconds=1)
        before = everything(self.store)
        try:
            with self.store.writing(actor, self.now) as tx:
                return work(tx)
        except Refusal:
            assert everything(self.store) == before
            return None

    @rule(target=tickets, actor=actors, title=TEXT, queue=st.sampled_from(["Raw", "Support", "Nowhere"]))
    def open(self, actor, title, queue):
        made = self.tried(actor, lambda tx: opened(tx, title=title, queue=queue))
        return made.id if made else multiple()

    @rule(target=tickets, ids=st.lists(st.sampled_from(["a@x", "b@x"]), unique=True))
    def receive(self, ids):
        return received(self.store, letter(), asks(ids=tuple(ids)), self.now).id

    @rule(actor=actors, ticket=tickets, several=st.lists(changes, max_size=4))
    def change(self, actor, ticket, several):
        self.tried(actor, lambda tx: tx.change(ticket, *several))

    @rule(actor=actors, ticket=tickets, text=TEXT, visible=st.booleans(), n=st.integers(0, 1), owes=st.booleans())
    def say(self, actor, ticket, text, visible, n, owes):
        def work(tx):
            step = added(
                tx.ticket(ticket).articles + n, subject=text, body=text, visible=visible, sender_type="agent",
                raw=text.encode(errors="replace"), owed=(mail(mail_class="agent"),) if owes else (),
            )  # fmt: skip
            return tx.change(ticket, step)

        self.tried(actor, work)

    @rule(actor=actors, one=tickets, other=tickets, kind=st.sampled_from(["normal", "parent", "child"]))
    def link(self, actor, one, other, kind):
        self.tried(actor, lambda tx: tx.link(one, other, kind))

    @rule(actor=actors, one=tickets)
    def link_to_nothing(self, actor, one):
        try:
            with self.store.writing(actor, self.now) as tx:
                tx.change(one, Linked(other=10**6, number="12345678"))
        except Refusal:
            return
        raise AssertionError("a link to a ticket that is not there")

    @rule(target=claims)
    def claim(self):
        return multiple(*(self.tried(SYSTEM, lambda tx: tx.claim(limit=2)) or ()))

    @rule(row=consumes(claims), what=st.sampled_from(["sent", "failed", "deferred"]))
    def settle(self, row, what):
        with self.store.writing(SYSTEM, self.now) as tx:
            match what:
                case "sent":
                    tx.sent(row)
                case "failed":
                    tx.failed(row, "550")
                case _:
                    tx.deferred(row, "451", self.now)

    @rule(outbox_id=st.integers(1, 5), verb=st.sampled_from(["hold", "release", "retry", "drop"]))
    def handle(self, outbox_id, verb):
        self.tried(SYSTEM, lambda tx: getattr(tx, verb)(outbox_id))

    @invariant()
    def every_row_is_the_fold_of_its_history(self):
        if not hasattr(self, "store"):
            return
        with self.store.reading() as tx:
            for each in tx.find(None, queues=None):
                history = tx.history(each.id)
                assert fold((entry.change, entry.at) for entry in history) == each
                assert [entry.version for entry in history] == [*range(1, each.version + 1)]

    def teardown(self):
        if hasattr(self, "store"):
            assert fsck(self.store, contents=True) == []
            self.store.close()
            self.place.__exit__(None, None, None)
        shutil.rmtree(self.directory)


class DeskOnPostgresql(Desk):
    kind = "postgresql"


class DeskOnMariadb(Desk):
    kind = "mariadb"


def _tested(machine: type[Desk], examples: int) -> type:
    machine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return machine.TestCase


TestDesk = _tested(Desk, 25)
TestDeskOnPostgresql = pytest.mark.requires("postgresql")(_tested(DeskOnPostgresql, 3))
TestDeskOnMariadb = pytest.mark.requires("mariadb")(_tested(DeskOnMariadb, 3))
