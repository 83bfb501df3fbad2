"""The columns and the table that lists go along are filled for the tickets that were there before."""

from __future__ import annotations

from importlib import import_module

from alembic.operations import Operations

from store.conftest import NOW, SYSTEM, everything, opened
from ticketctl.change import Tagged
from ticketctl.store.migrate import context
from ticketctl.ticket import Address

lists = import_module("ticketctl.store.migrations.versions.0004_lists")


def test_what_was_there_is_filled_as_the_writer_does_it(store):
    with store.writing(SYSTEM, NOW) as tx:
        opened(tx, Tagged(added=("vip", "bug")), title="Größe " * 40)
        opened(tx, title="none", customer=Address(name="Kim"))
        opened(tx, customer=Address(address="no domain"))
    before = everything(store)
    with store.writing(SYSTEM, NOW) as tx:
        connection = tx._connection
        connection.exec_driver_sql("DELETE FROM tag")
        connection.exec_driver_sql("UPDATE ticket SET customer_domain = NULL, title_key = ''")
        with Operations.context(context(connection)):
            lists._fill()
    assert everything(store) == before
