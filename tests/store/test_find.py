"""Lists: the query tree as SQL, and that an index gives what they show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from servers import SQLITE
from store.conftest import ANNA, LATER, NOW, SYSTEM, added, opened
from ticketctl.change import Moved, Prioritised, StateSet, Taken
from ticketctl.query import And, Not, Or, Span, Term, TicketRef
from ticketctl.store import Store
from ticketctl.ticket import Address, Kind, Priority, State, StateType

LIVE = Term(field="type", values=(StateType.NEW, StateType.OPEN, StateType.PENDING))
QUEUES = ("Raw", "Support", "Support::Europe")


@pytest.fixture
def desk(store: Store) -> Store:
    """1 Raw, new; 2 Support, open, anna's; 3 Europe, closed; 4 Raw, pending, high, other customer."""
    with store.writing(SYSTEM, NOW) as tx:
        opened(tx, added(1, subject="Größe 100%"), title="Größe 100%")
        opened(tx, title="vpn", queue="Support")
        opened(tx, title="old_one", queue="Support::Europe")
        opened(tx, title="pending", customer=Address(address="Lee@Other.example", name="Lee"))
    with store.writing(ANNA, LATER) as tx:
        tx.change(2, StateSet(state=State.OPEN), Taken(owner="anna"))
        tx.change(3, StateSet(state=State.CLOSED_SUCCESSFUL))
        tx.change(4, Prioritised(priority=Priority.HIGH),
                  StateSet(state=State.PENDING_REMINDER, pending_until=LATER + timedelta(days=1)))  # fmt: skip
    return store


def found(desk: Store, query, **options) -> list[int]:
    with desk.reading() as tx:
        return [each.id for each in tx.find(query, **({"queues": None, "agent": "anna"} | options))]


def term(field: str, *values) -> Term:
    return Term(field=field, values=values)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (And(()), [1, 2, 3, 4]),
        (Or(()), []),
        (LIVE, [1, 2, 4]),
        (term("type", StateType.CLOSED), [3]),
        (term("type", StateType.NEW), [1]),
        (term("type", StateType.NEW, StateType.CLOSED), [1, 3]),
        (term("state", State.PENDING_REMINDER, State.OPEN), [2, 4]),
        (term("queue", "Raw"), [1, 4]),
        (term("queue", "Support"), [2]),
        (term("queue", "Support::"), [2, 3]),
        (term("owner", "me"), [2]),
        (term("owner", "none"), [1, 3, 4]),
        (term("owner", "bert"), []),
        (Not(term("owner", "me")), [1, 3, 4]),
        (term("customer", "kim@customer.example"), [1, 2, 3]),
        (term("customer", "@OTHER.example"), [4]),
        (term("customer", TicketRef(id=4)), [4]),
        (term("customer", TicketRef(number="12345678", id=1)), [1, 2, 3]),
        (term("from", "KIM@"), [1]),
        (term("from", "k_m"), []),
        (term("subject", "grösse"), [1]),
        (term("subject", "GRÖSSE"), [1]),
        (term("subject", "GRÖßE 100%"), [1]),
        (term("subject", "%"), []),
        (term("subject", "100 gro"), [1]),
        (term("subject", "x", "grö"), [1]),
        (Not(term("subject", "grö")), [2, 3, 4]),
        (term("word", "_"), []),
        (term("word", "old_o"), [3]),
        (term("word", "ne"), []),
        (term("word", "#4"), [4]),
        (term("word", "pend", "vpn", "3"), [2, 3, 4]),
        (term("word", "4"), [4]),
        (term("word", "VPN"), [2]),
        (term("tag", "x"), []),
        (term("priority", Priority.HIGH, Priority.LOW), [4]),
        (term("lock", "locked"), [2]),
        (term("lock", "locked", "unlocked"), [1, 2, 3, 4]),
        (term("kind", Kind.PERSONAL), [1]),
        (term("kind", Kind.AUTO), []),
        (term("waiting", "us"), [1]),
        (Not(term("waiting", "us")), [2, 3, 4]),
        (term("created", Span(until=NOW)), []),
        (term("created", Span(since=NOW, until=LATER)), [1, 2, 3, 4]),
        (term("changed", Span(since=LATER)), [2, 3, 4]),
        (term("due", Span()), []),
        (Not(term("due", Span())), [1, 2, 3, 4]),
        (term("id", 2, 3), [2, 3]),
        (And((LIVE, Not(Or((term("queue", "Raw"), term("owner", "me")))))), []),
        (And((LIVE, Or((term("queue", "Support"), term("priority", Priority.HIGH))))), [2, 4]),
    ],
)
def test_terms(desk, query, ids):
    assert found(desk, query) == ids
    assert found(desk, query, queues=QUEUES, limit=50) == ids, "the short walks find the same"
    assert found(desk, query, queues=QUEUES) == ids


def test_a_number_finds_its_ticket(desk):
    with desk.reading() as tx:
        number = tx.ticket(3).number
        assert tx.resolve(number, 3) == [3]
        assert tx.resolve(number, 2) == [2, 3]
        assert tx.resolve("nothing", None) == tx.resolve(None, 99) == tx.resolve(None, None) == []
        assert tx.resolve(None, 2**40) == []
    assert found(desk, term("number", number)) == found(desk, term("word", number)) == [3]


def test_rights_are_never_lifted(desk):
    assert found(desk, term("queue", "Raw"), queues=("Support",), limit=5) == []
    assert found(desk, And(()), queues=(), limit=5) == []
    for named in (TicketRef(id=1), TicketRef(id=99)):  # one of Raw, and none
        assert found(desk, term("customer", named), queues=("Support",)) == []
        assert found(desk, Not(term("customer", named)), queues=("Support",)) == [2]
    assert found(desk, term("customer", TicketRef(id=1)), queues=("Support",), readable=QUEUES) == [2]
    assert found(desk, term("queue", "Support::"), queues=("Support::Europe",), limit=5) == [3]
    assert found(desk, Or((term("queue", "Raw"), term("queue", "Support"))), queues=("Support",), limit=5) == [2]
    assert found(desk, term("word", "1"), queues=("Support",)) == []


def test_pages_and_orders(desk):
    assert found(desk, LIVE, queues=QUEUES, limit=2) == [1, 2]
    assert found(desk, LIVE, queues=QUEUES, limit=2, offset=2) == [4]
    assert found(desk, LIVE, queues=QUEUES, limit=2, reverse=True) == [4, 2]
    assert found(desk, And(()), queues=QUEUES, limit=2, sort="priority", reverse=True) == [4, 3]
    assert found(desk, And(()), sort="priority", reverse=True)[0] == 4
    assert found(desk, And(()), sort="title") == [1, 3, 4, 2]
    assert found(desk, And(()), sort="due") == [1, 2, 3, 4]


def test_a_moved_ticket_is_found_where_it_is(desk):
    with desk.writing(ANNA, LATER) as tx:
        tx.change(1, Moved(queue="Support"))
    assert found(desk, LIVE, queues=("Raw",), limit=9) == [4]
    assert found(desk, LIVE, queues=("Support",), limit=9) == [1, 2]


STATE, OWNER = "ix_ticket_state_queue_created_id", "ix_ticket_live_owner_created_id"
DUE = "ix_ticket_live_queue_due_created_id"


@SQLITE
def test_what_stands_is_counted_along_indexes(store):
    plans = []
    with store.reading() as tx:
        event.listen(tx._connection, "before_cursor_execute", lambda *given: plans.append(given[2:4]))
        tx.standing("anna", NOW, queues=QUEUES, held=None)
        ((statement, values),) = plans
        plan = [row.detail for row in tx._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    searched = [line for line in plan if line.startswith(("SEARCH", "SCAN")) and "CONSTANT" not in line]
    wanted = [STATE, OWNER, DUE, OWNER, "ix_outbox_agent_status_id", "ix_letter_verdict_id"]
    assert [each for line in searched for each in wanted if each in line and line.startswith("SEARCH")][:1], plan
    assert all(any(each in line for each in wanted) for line in searched if "anon" not in line), plan
