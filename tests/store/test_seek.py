"""Pages of lists: which way each is found, and that every way finds the same, on every database."""

from __future__ import annotations

from datetime import UTC
from itertools import product

import pytest
from msgspec.structs import replace

from bench import growth, madeup
from store.conftest import NOW
from ticketctl import query
from ticketctl.query import And, Or, Span, Term
from ticketctl.store import Store, find, seek, walk
from ticketctl.ticket import Priority, State, StateType

LIVE = Term(field="type", values=(StateType.NEW, StateType.OPEN, StateType.PENDING))
QUEUES = ("Raw", "Support", "Support::Europe")
NEXT = (Term(field="lock", values=("unlocked",)), Term(field="type", values=(StateType.NEW, StateType.OPEN)))


def term(field: str, *values) -> Term:
    return Term(field=field, values=values)


@pytest.mark.parametrize(
    ("terms", "options", "index", "walks", "exact"),
    [
        ((LIVE,), {}, "live queue created id", 3, True),
        ((), {}, "live queue created id", 6, True),
        ((LIVE,), {"queues": None}, "live created id", 1, True),
        ((LIVE,), {"queues": [f"Q{i}" for i in range(99)]}, "live created id", 1, False),
        ((LIVE, term("queue", "Support::")), {}, "live queue created id", 2, True),
        ((LIVE, term("created", Span(since=NOW))), {}, "live queue created id", 3, True),
        ((term("type", StateType.NEW),), {}, "state queue created id", 3, True),
        ((term("state", State.PENDING_REMINDER),), {}, "state queue created id", 3, True),
        ((term("type", StateType.NEW), Or((term("lock", "unlocked"), term("owner", "me")))), {},
         "state queue created id", 3, False),
        ((LIVE, term("owner", "me")), {}, "live owner created id", 1, False),
        ((LIVE, term("owner", "me")), {"queues": None}, "live owner created id", 1, True),
        ((term("owner", "none"),), {"queues": None}, "live owner created id", 2, True),
        ((LIVE, term("waiting", "us")), {"queues": None}, "live waiting_on created id", 1, True),
        ((LIVE, term("priority", Priority.HIGH)), {}, "live queue locked priority_rank created id", 6, True),
        ((LIVE, term("lock", "locked")), {}, "live queue locked priority_rank created id", 15, True),
        (NEXT, {"sort": "priority", "reverse": True}, "live queue locked priority_rank created id", 3, False),
        ((LIVE,), {"sort": "priority"}, "live queue locked priority_rank created id", 6, True),
        ((LIVE,), {"sort": "due"}, "live queue due created id", 6, True),
        ((LIVE, term("due", Span(until=NOW))), {"sort": "due"}, "live queue due created id", 3, True),
        ((LIVE,), {"sort": "changed"}, "live changed id", 1, False),
        ((LIVE,), {"sort": "changed", "queues": None}, "live changed id", 1, True),
        ((), {"sort": "title", "queues": None}, "live title_key id", 2, True),
        ((), {"sort": "number", "queues": None}, "live number id", 2, True),
        ((), {"sort": "owner", "queues": None}, "live owner created id", 4, True),
        ((), {"sort": "customer", "queues": None}, "live customer_key created id", 4, True),
        ((LIVE,), {"sort": "queue"}, "live queue created id", 3, True),
        ((LIVE,), {"sort": "state"}, "state queue created id", 15, True),
        ((term("customer", "a@b.example"),), {"queues": None}, "live customer_key created id", 2, True),
        ((term("customer", "@b.example"),), {"queues": None}, "live customer_domain created id", 2, True),
        ((term("tag", "x"),), {}, "live queue created id", 6, False),
    ],
)  # fmt: skip
def test_a_page_is_walked_along_its_index(terms, options, index, walks, exact):
    asked = find.Page(**({"query": And(terms), "agent": "anna", "limit": 50, "queues": QUEUES} | options))
    way = walk.best(asked, walk.held(asked))
    assert ({each.along for each in way.walks}, len(way.walks), way.exact) == (
        {walk.name(index.split())}, walks, exact)  # fmt: skip


def test_every_index_that_is_walked_is_there():
    from ticketctl.store.tables import ticket

    assert {walk.name(index) for index in walk.INDEXES} <= {index.name for index in ticket.indexes}


TEXTS = (
    "", "type:new", "tag:rare", "tag:vip", "customer:@rare.example waiting:us", "kind:feedback", "waiting:us",
    "owner:agent3", "owner:none", "customer:of:17", "age:900d..", "changed:2026-01-01..", "due:..now",
    "not queue:Sales", "state:merged", "tag:vip or lock:locked", "priority:high..",
)  # fmt: skip


@pytest.fixture
def desk(place, tmp_path, monkeypatch):
    for name, value in {"SOON": 10, "FEW": 5, "BUDGET": 25, "MANY": 90}.items():  # so that each way is taken
        monkeypatch.setattr(seek, name, value)
    store = growth.fill(place(tmp_path / "desk.db"), 300, "root")
    yield store
    store.close()


def pages(store: Store, *, plain: bool) -> dict[object, list[int]]:
    """The ids of every page there may be, in order."""
    found: dict[object, list[int]] = {}
    with store.reading() as tx:
        connection = tx._connection
        for n, (text, sort) in enumerate(product(TEXTS, walk.ORDERS)):
            asked = find.Page(
                query=query.parse(text, now=madeup.ENDED, zone=UTC), sort=sort, agent="anna", reverse=n % 3 == 0,
                queues=None if n % 2 else madeup.QUEUES[:3], limit=None if n % 5 == 0 else 20, offset=n % 7,
            )  # fmt: skip
            named = replace(asked, query=seek._named(connection, asked.query, asked.queues))
            rows = connection.execute(seek.plain(named)).all() if plain else seek.tickets(connection, asked)
            found[text, sort] = [row.id for row in rows]
    return found


def test_however_a_page_is_found_and_wherever_it_is_the_same(desk, tmp_path):
    found = pages(desk, plain=False)
    assert found == pages(desk, plain=True)
    with_sqlite = growth.fill(f"sqlite:///{tmp_path / 'other.db'}", 300, "root")
    assert found == pages(with_sqlite, plain=False)
    with_sqlite.close()
