"""Revisions of the policy."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import update

from servers import cast, sql
from store.conftest import ANNA, LATER, NOW, POLICY
from ticketctl.change import StateSet
from ticketctl.errors import BadData, Misconfigured, NotThere, TryAgain
from ticketctl.policy import read
from ticketctl.store import Revision, Store, tables
from ticketctl.ticket import SYSTEM, State

LESS = POLICY.replace('[queues."Support::Europe"]\naddresses = ["europe@example.org"]\n', "")


def test_a_revision_is_numbered_dated_and_signed(store):
    text = POLICY.replace("Example Help Desk", "New Desk")
    with store.writing(ANNA, LATER) as tx:
        made = tx.apply(text, "anna", "a name", 1)
        assert tx.current() == tx.policy() == read(text, revision=2)
    assert made == Revision(n=2, at=LATER, author="anna", reason="a name", text=text)
    with closing(Store(str(store.url))) as other, other.reading() as tx:
        assert tx.policy() == read(text, revision=2)
        assert tx.revisions() == [made, tx.revision(1)]
        assert tx.revision() == made
        assert (tx.revision(1).text, tx.revision(1).at) == (POLICY, NOW)
        with pytest.raises(NotThere):
            tx.revision(3)


def test_a_stale_base_is_75(store):
    with pytest.raises(TryAgain), store.writing(ANNA, NOW) as tx:
        tx.apply(POLICY, "anna", "", 0)
    with pytest.raises(TryAgain), store.writing(ANNA, NOW) as tx:
        tx.apply(POLICY, "anna", "", 2)


def test_a_queue_with_open_tickets_cannot_go(store, ticket):
    made = ticket(queue="Support::Europe")
    with pytest.raises(BadData, match="Support::Europe has open tickets"), store.writing(ANNA, NOW) as tx:
        tx.apply(LESS, "anna", "", 1)
    with store.writing(SYSTEM, NOW) as tx:
        tx.change(made.id, StateSet(state=State.CLOSED_SUCCESSFUL))
        assert tx.apply(LESS, "anna", "", 1).n == 2


def test_what_is_no_policy_is_refused_and_nothing_is_kept(store):
    with pytest.raises(BadData), store.writing(ANNA, NOW) as tx:
        tx.apply("[desk]\nnonsense = 1\n", "anna", "", 1)
    with store.reading() as tx:
        assert [each.n for each in tx.revisions()] == [1]


def test_a_desk_without_policy_says_init(place, tmp_path):
    cast(url := place(tmp_path / "desk.db"))
    made = Store(url)
    with pytest.raises(Misconfigured), made.reading() as tx:
        tx.policy()


def test_an_encoding_of_another_version_is_read_from_the_text(store):
    with sql(str(store.url)) as base:
        base.execute(update(tables.policy).values(compiled=b"\0"))
    with closing(Store(str(store.url))) as other, other.reading() as tx:
        assert tx.policy() == read(POLICY, revision=1)


def test_a_warm_process_sees_a_new_revision(store):
    other = Store(str(store.url))
    with other.reading() as tx:
        assert tx.policy().revision == 1
    with store.writing(ANNA, NOW) as tx:
        tx.apply(POLICY, "anna", "", 1)
    with other.reading() as tx:
        assert tx.policy().revision == 2
