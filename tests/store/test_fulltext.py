"""The full text index: what is in it, what a rare and a common word become, and what a list costs."""

from __future__ import annotations

from datetime import UTC

import pytest
from sqlalchemy import event

from servers import SQLITE, sql
from store.conftest import ANNA, LATER, NOW, SYSTEM, added, opened
from ticketctl import words
from ticketctl.change import Retitled
from ticketctl.query import And, Not, Or, Query, Term, parse
from ticketctl.store import Store, fulltext, indexing, migrate, search, window
from ticketctl.ticket import Address

FIELDS: tuple[words.Field, ...] = ("any", "title", "subject", "from")


@pytest.fixture
def few(monkeypatch):
    """Three hits are many."""
    monkeypatch.setattr(fulltext, "FEW", 2)


@pytest.fixture
def desk(store: Store) -> Store:
    """Six tickets with "printer" in title and subject, of which one has "vpn" in its text, and one of another title."""
    with store.writing(SYSTEM, NOW) as tx:
        for n in range(6):
            opened(tx, added(1, subject=f"printer {n}", body="vpn" if n == 3 else "it burns"), title=f"Printer {n}",
                   queue="Support" if n % 2 else "Raw")  # fmt: skip
        opened(tx, added(1, subject="scanner", author=Address(address="lee@other.example")), title="Scanner",
               queue="Raw")  # fmt: skip
    return store


def asked(line: str) -> Query:
    return parse(line, now=NOW, zone=UTC)


def found(store: Store, line: str, **options) -> list[int]:
    with store.reading() as tx:
        return [each.id for each in tx.find(asked(line), **({"queues": None} | options))]


def searched(store: Store, line: str, **options) -> list[int]:
    with store.reading() as tx:
        return [each.ticket.id for each in tx.search(asked(line), **({"queues": None} | options))]


def became(store: Store, line: str, **options) -> str:
    """The fields that a query's terms became."""
    with store.reading() as tx:
        made = fulltext.resolved(tx._connection, asked(line), **options)
    return said(made)


def said(query: Query) -> str:
    match query:
        case And(parts=parts):
            return f"({' and '.join(map(said, parts))})"
        case Or(parts=parts):
            return f"({' or '.join(map(said, parts))})"
        case Not(part=part):
            return f"not {said(part)}"
        case Term(field="has"):
            return "has"
        case Term(field=field, values=values):
            return f"{field}:{','.join(map(str, values))}"


def test_what_few_tickets_have_becomes_their_ids(desk):
    assert became(desk, "vpn") == "id:"
    assert became(desk, "vpn", anywhere=True) == "id:4"
    assert became(desk, "scan") == "id:7"
    assert became(desk, "subject:scanner,printer") == "id:7,1,2,3,4,5,6"
    assert became(desk, "not scan owner:me (print or queue:Raw)") == (
        "(not id:7 and owner:me and (id:1,2,3,4,5,6 or queue:Raw))"
    )  # fmt: skip


def test_what_many_tickets_have_becomes_a_condition(desk, few):
    assert became(desk, "print") == became(desk, "subject:print") == became(desk, "from:kim") == "has"
    assert became(desk, "printer", anywhere=True) == "has"
    assert became(desk, "print not scan") == "(has and not id:7)"
    assert became(desk, "subject:print,scan") == "(has or id:7)"
    assert became(desk, "2") == "id:3,2"


LISTED = {
    "print": [1, 2, 3, 4, 5, 6],
    "print 4": [4, 5],  # one by its id
    "not print": [7],
    "subject:print queue:Raw": [1, 3, 5],
    "from:kim": [1, 2, 3, 4, 5, 6],
    "from:lee@": [7],
    "rint": [],
    "print queue:Support": [2, 4, 6],
}
SEARCHED = {
    "printer": [6, 5, 4, 3, 2, 1],
    "printer burns": [6, 5, 3, 2, 1],
    "printer not vpn": [6, 5, 3, 2, 1],
    "vpn or scanner": [7, 4],
    "lee or scanner": [7],
    "'it burns'": [6, 5, 3, 2, 1],
    "'burns it'": [],
    "print*": [6, 5, 4, 3, 2, 1],
    "kim scanner": [],
}


@pytest.mark.parametrize("many", [True, False])
def test_a_list_finds_the_same_whether_a_word_is_rare_or_common(desk, monkeypatch, many):
    if many:
        monkeypatch.setattr(fulltext, "FEW", 0)
    for line, ids in LISTED.items():
        assert found(desk, line) == found(desk, line, queues=("Raw", "Support"), limit=9) == ids, line
        assert found(desk, line, queues=("Raw",), limit=9) == [each for each in ids if each in (1, 3, 5, 7)], line


@pytest.mark.parametrize("many", [True, False])
def test_a_search_finds_the_same_whether_a_word_is_rare_or_common(desk, monkeypatch, many):
    for line, ids in SEARCHED.items():
        monkeypatch.setattr(fulltext, "FEW", 0 if many and "'" not in line else 2_000)
        assert searched(desk, line) == ids, line
        assert searched(desk, line, order="newest") == ids, line
        assert searched(desk, line, limit=2) == ids[:2], line
        assert searched(desk, line, queues=("Support",)) == [each for each in ids if each in (2, 4, 6)], line


def test_the_best_come_first(store):
    with store.writing(SYSTEM, NOW) as tx:
        opened(tx, added(1, subject="x", body="valve"), title="x")
        opened(tx, added(1, subject="the valve"), title="x")
        opened(tx, added(1, subject="x"), title="valve")
        opened(tx, added(1, subject="x", author=Address(name="Val Valve")), title="x")
        opened(tx, added(1, subject="x", body="valve gasket"), title="x")
    assert searched(store, "valve") == [3, 2, 4, 5, 1]
    assert searched(store, "valve or gasket") == [3, 2, 5, 4, 1]
    assert searched(store, "from:val or gasket") == [4, 5]
    assert searched(store, "valve", order="newest") == [5, 4, 3, 2, 1]


def test_the_newest_are_found_behind_a_window_that_has_too_few(desk, monkeypatch):
    monkeypatch.setattr(fulltext, "FEW", 0)
    monkeypatch.setattr(search, "WINDOW", 1)
    monkeypatch.setattr(window, "NARROW", 0)
    assert searched(desk, "printer queue:Raw", order="newest", limit=9) == [5, 3, 1]
    assert searched(desk, "printer", order="newest", limit=2) == [6, 5]
    assert searched(desk, "printer or scanner", order="newest", limit=9) == [7, 6, 5, 4, 3, 2, 1]
    assert searched(desk, "not printer", order="newest", limit=9) == [7]
    assert searched(desk, "printer", limit=9) == [6]


def test_the_newest_of_a_common_word_end_where_the_texts_do(desk, few, monkeypatch):
    monkeypatch.setattr(fulltext, "_OFTEN", 1)
    monkeypatch.setattr(search, "WINDOW", 2)
    monkeypatch.setattr(window, "NARROW", 0)
    assert became(desk, "printer", anywhere=True) == "has"
    assert searched(desk, "printer", order="newest", limit=21, queues=("Support",)) == [6, 4, 2]
    assert searched(desk, "printer", order="newest", limit=21) == [6, 5, 4, 3, 2, 1]


@pytest.fixture(params=["as it is", "common"])
def crowded(request, store, monkeypatch) -> Store:
    """Four old tickets of Support, two of them with "out of paper" and two with "paper ran out of", and behind them so
    many newer ones in Raw that no window reaches back; MariaDB takes their words for rare or for common."""
    monkeypatch.setattr(fulltext, "FEW", 2)
    monkeypatch.setattr(search, "WINDOW", 4)
    monkeypatch.setattr(window, "NARROW", 0)
    monkeypatch.setattr(window, "_ENOUGH", 1)
    monkeypatch.setattr(fulltext, "_OFTEN", 1 if request.param == "common" else 501)
    bodies = ["out of paper", "paper ran out of"] * 2
    with store.writing(SYSTEM, NOW) as tx:
        for queue, body in [*(("Support", each) for each in bodies), *(("Raw", bodies[0]) for _ in range(9))]:
            opened(tx, added(1, subject="printer", body=body), title="printer", queue=queue)
    return store


MINE = {"queues": ("Support",), "limit": 3}


def test_hits_in_queues_that_may_not_be_read_push_none_out(crowded):
    for order in ("rank", "newest"):
        assert searched(crowded, "printer", order=order, **MINE) == [4, 3, 2], order
        assert searched(crowded, "'out of paper'", order=order, **MINE) == [3, 1], order
        assert searched(crowded, "printer 'out of paper'", order=order, **MINE) == [3, 1], order
        assert searched(crowded, "printer not 'out of paper'", order=order, **MINE) == [4, 2], order
        assert searched(crowded, "ghost or 'out of paper'", order=order, **MINE) == [3, 1], order


def test_a_phrase_that_many_have_in_other_queues_is_found_and_left_out_as_a_rare_one(crowded, monkeypatch):
    lines = ("printer", "'out of paper'", "not 'out of paper'", "not (not 'paper ran')", "printer not 'ran out of'")
    for line in lines:
        few = [searched(crowded, line, order="newest", queues=("Support",), limit=most) for most in (1, 2, 9, None)]
        with monkeypatch.context() as otherwise:
            otherwise.setattr(fulltext, "FEW", 2_000)
            otherwise.setattr(fulltext, "_OFTEN", 501)
            all_ = searched(crowded, line, order="newest", queues=("Support",))
        assert len(all_) == (4 if line == "printer" else 2), line
        assert few == [all_[:1], all_[:2], all_, all_], line


def test_a_phrase_that_many_have_is_looked_for_word_for_word(crowded):
    assert became(crowded, "'out of paper'", anywhere=True) == "has"
    assert searched(crowded, "'out of paper'", order="newest") == [13, 12, 11, 10, 9, 8, 7, 6, 5, 3, 1]
    assert searched(crowded, "not 'out of paper'", order="newest", limit=1) == [4]
    assert searched(crowded, "printer not 'out of paper'", order="newest", limit=9) == [4, 2]


def test_a_window_is_of_hits_however_many_newer_texts_have_none(desk, monkeypatch):
    for name, value in {"FEW": 0, "_OFTEN": 1}.items():
        monkeypatch.setattr(fulltext, name, value)
    monkeypatch.setattr(search, "WINDOW", 3)
    monkeypatch.setattr(window, "NARROW", 0)
    assert searched(desk, "vpn", limit=9) == searched(desk, "vpn", limit=9, queues=("Support",)) == [4]
    assert searched(desk, "printer", limit=9, queues=("Support",)) == [6, 4]


def test_few_tickets_that_may_be_read_are_gone_through_whatever_hits_there_are(desk, monkeypatch):
    monkeypatch.setattr(fulltext, "FEW", 0)
    monkeypatch.setattr(search, "WINDOW", 1)
    assert searched(desk, "printer", limit=9, queues=("Raw",)) == [5, 3, 1]
    assert searched(desk, "printer or scanner", limit=9, queues=("Support",)) == [6, 4, 2]
    monkeypatch.setattr(fulltext, "_OFTEN", 1)
    assert searched(desk, "print* not vpn", order="newest", limit=9, queues=("Support",)) == [6, 2]


@pytest.mark.parametrize("often", [1, 501])
def test_the_beginning_of_a_word_is_found_whether_it_is_common_or_not(crowded, monkeypatch, often):
    monkeypatch.setattr(fulltext, "_OFTEN", often)
    monkeypatch.setattr(window, "_READ", 1)
    for order in ("rank", "newest"):
        assert searched(crowded, "pri*", order=order, **MINE) == [4, 3, 2], order
        assert searched(crowded, "subject:pri", order=order, **MINE) == [4, 3, 2], order
        assert searched(crowded, "pap*", order=order, **MINE) == [4, 3, 2], order
    assert searched(crowded, "pri* 'paper ran'", order="newest", limit=9) == [4, 2]


def test_only_the_newest_are_ranked(desk, monkeypatch):
    monkeypatch.setattr(search, "RANKED", 2)
    assert searched(desk, "printer") == [6, 5]
    assert searched(desk, "printer", order="newest") == [6, 5, 4, 3, 2, 1]


def test_a_title_that_changes_is_found_by_its_new_words_alone(desk):
    with desk.writing(ANNA, LATER) as tx:
        tx.change(7, Retitled(title="Größe"))
    assert (found(desk, "scan"), found(desk, "gross"), searched(desk, "subject:scanner")) == ([], [7], [7])
    with desk.reading() as tx:
        assert list(indexing.wrong(tx._connection, contents=True)) == []


def test_what_is_given_up_is_not_found(desk):
    with pytest.raises(KeyError), desk.writing(SYSTEM, NOW) as tx:
        raise KeyError(opened(tx, title="ghost").id)
    assert found(desk, "ghost") == []


def test_no_text_is_too_much(desk):
    many = " ".join(f"w{n}x" for n in range(400_000))
    with desk.writing(SYSTEM, NOW) as tx:
        made = opened(tx, added(1, subject=many[:9999], body=many), title=many[:9999])
    assert searched(desk, "w7x") == found(desk, "w7x") == [made.id]
    assert searched(desk, "w399999x") == []


def test_what_is_there_before_the_index_is_filled_in_batches(desk, monkeypatch):
    monkeypatch.setattr(indexing, "BATCH", 3)
    monkeypatch.setattr(indexing, "TOLD", 1)
    told: list[str] = []
    with sql(str(desk.url)) as connection:
        for name in indexing.TABLES:
            connection.exec_driver_sql(f"DROP TABLE {name}")
        migrate.build(connection, migrate.revisions("0002", "0003"), told.append)
    assert told[1:7] == [f"full text: {which}s from #{first} on" for which in ("ticket", "article")
                         for first in (1, 4, 7)]  # fmt: skip
    with desk.reading() as tx:
        assert list(indexing.wrong(tx._connection, contents=True)) == []
    assert searched(desk, "vpn") == [4]


def statements(store: Store, line: str, **options) -> list[str]:
    """The plan of every statement that a list makes."""
    asked_: list = []
    with store.reading() as tx:
        event.listen(tx._connection, "before_cursor_execute", lambda *given: asked_.append(given[2:4]))
        tx.find(asked(line), **options)
        plans = []
        for statement, values in list(asked_):
            plan = tx._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans += [row.detail for row in plan]
    return plans


@SQLITE
def test_a_common_word_is_looked_up_along_the_walk_of_the_page(desk, few):
    plan = statements(desk, "print", queues=("Raw", "Support"), limit=50)
    assert any("ix_ticket_live_queue_created_id" in line for line in plan), plan
    looked = [line for line in plan if "ticket_words" in line]
    assert [line.startswith("SCAN ticket_words VIRTUAL TABLE INDEX ") for line in looked] == [True], "to see that it is"
    assert all("COVERING INDEX" in line for line in plan if "ix_ticket" in line), plan
    # no walk is sorted: what is looked at together is, to be found and to be counted, and the page
    assert len([line for line in plan if "B-TREE" in line]) == 3, plan


@SQLITE
def test_a_rare_word_is_the_way_in(desk):
    plan = statements(desk, "scan", queues=("Raw", "Support"), limit=50)
    assert any("INTEGER PRIMARY KEY" in line for line in plan), plan
    assert not any("ix_ticket_live" in line for line in plan), plan
