"""Who writes to us: however a page is found, it is the beginning of the whole list, on every database."""

from __future__ import annotations

import pytest

from bench import growth, madeup
from ticketctl.store import CustomerRow, Store, customers

ALIKE = (None, "kim1*", "@c3.example", "k?m2@*c*", "kim4@c2.example", "%")
READABLE = (None, ("Billing", "Junk"), ())


@pytest.fixture
def desk(place, tmp_path, monkeypatch):
    monkeypatch.setattr(customers, "WINDOWS", (10, 60))
    monkeypatch.setattr(customers, "STEPS", 15)
    store = growth.fill(place(tmp_path / "desk.db"), 200, "root")
    yield store
    store.close()


def every(store: Store) -> list[CustomerRow]:
    """Page by page and way by way, what there is."""
    found = []
    with store.reading() as tx:
        for like in ALIKE:
            for queues in READABLE:
                for sort in ("last", "address", "tickets"):
                    whole = tx.customers(queues=queues, like=like, sort=sort)
                    for limit in (1, 12):
                        assert tx.customers(queues=queues, like=like, sort=sort, limit=limit) == whole[:limit]
                    found += whole
    return found


def test_a_page_is_the_beginning_of_the_whole_list_wherever_it_is(desk, tmp_path):
    with_sqlite = growth.fill(f"sqlite:///{tmp_path / 'other.db'}", 200, "root")
    found = every(desk)
    assert found == every(with_sqlite)
    assert len({each.address for each in found}) > 30
    with_sqlite.close()


def test_the_whole_list_is_what_the_tickets_say(desk):
    with desk.reading() as tx:
        said: dict[str, list] = {}
        for ticket in tx.find(queues=madeup.QUEUES[:3]):
            said.setdefault(ticket.customer.address, []).append(ticket)
        rows = [CustomerRow(address=address, name=max(each.customer.name for each in of), tickets=len(of),
                            last=max(each.created for each in of)) for address, of in said.items()]  # fmt: skip
        found = tx.customers(queues=madeup.QUEUES[:3])
        assert found == sorted(sorted(rows, key=lambda row: row.address), key=lambda row: row.last, reverse=True)


def test_tickets_are_counted_as_far_as_wanted(desk):
    with desk.reading() as tx:
        most = tx.customers(sort="tickets", limit=1)[0]
        counted = tx.customers(like=most.address, limit=1, counted=3)[0]
        assert (most.tickets > 3, counted.tickets, counted.last) == (True, 3, most.last)
