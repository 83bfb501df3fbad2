"""What the databases make of our questions: every list, search, status, mail in and flush goes along an index.

On a desk that was filled and analysed, each statement that our requests made is explained once more. All together: an
index that helps one list can lead another astray.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bench import growth
from ticketctl.store import Store, customers, fulltext, search, seek, window
from ticketctl.ticket import SYSTEM

TICKETS = 3000
WORDS = ("ticket_words", "article_words")
BIG = (
    *WORDS, "ticket", "article", "letter", "history", "outbox", "reference", "raw", "raw_piece", "token", "delivery",
    "tag",
)  # fmt: skip


@pytest.fixture
def bench(place, tmp_path, monkeypatch) -> Iterator[growth.Bench]:
    few = {  # what is few on a desk of so many is less on ours
        seek: ("SOON", "FEW", "BUDGET", "MANY"), fulltext: ("FEW", "_SAMPLE", "_OFTEN"), search: ("WINDOW",),
        window: ("NARROW",), customers: ("STEPS",),
    }  # fmt: skip
    for module, names in few.items():
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) // 10)
    store = growth.fill(place(tmp_path / "desk.db"), TICKETS, getpass.getuser())
    yield growth.Bench(store, getpass.getuser())
    store.close()


@contextmanager
def asked(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """The questions that are put to the database meanwhile, with their values."""
    seen: list[tuple[str, Any]] = []

    def see(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append((statement, values))

    event.listen(store._engine, "before_cursor_execute", see)
    yield seen
    event.remove(store._engine, "before_cursor_execute", see)


INDEXED = {  # a small table is best read whole: whether an index would serve a large one is asked
    "postgresql": "SET LOCAL enable_seqscan = off",
    "mariadb": "SET SESSION max_seeks_for_key = 1",
    "mysql": "SET SESSION max_seeks_for_key = 1",
}


def whole(connection: Connection, statement: str, values: Any) -> list[str]:
    """The lines of the plan that read a whole table; the newest of one, up to a limit, are not all of it."""
    big = [name for name in BIG if not re.search(rf"ORDER BY {name}\.id DESC\s+LIMIT", statement)]
    match connection.dialect.name:
        case "sqlite":
            lines = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            # FTS5 names its way by a number: 0 is none
            return [line for line in lines if line.startswith("SCAN ") and line.split()[1] in big
                    and (line.split()[1] not in WORDS or line.endswith("INDEX 0:"))]  # fmt: skip
        case "postgresql":
            lines = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", values)]
            return [line for line in lines if re.search(rf"Seq Scan on ({'|'.join(big)})\b", line)]
        case _:
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values).mappings()
            return [f"{row['table']}: {row['type']}" for row in rows if row["table"] in big and row["type"] == "ALL"]


def test_nothing_of_a_day_reads_a_whole_table(bench):
    mails = {name: received(make) for name, make in growth.MAILS.items()}
    works = growth.VERBS | growth.LISTS | growth.SEARCHES | mails
    found = {}
    for name, work in works.items():
        with asked(bench.store) as seen:
            work(bench, 0)
        with bench.store.writing(SYSTEM, growth.NOW) as tx:  # some of it locks rows
            if tx._connection.dialect.name in INDEXED:
                tx._connection.exec_driver_sql(INDEXED[tx._connection.dialect.name])
            lines = [line for question in seen for line in whole(tx._connection, *question)]
        if lines:
            found[name] = lines
    assert found == {}


def received(make: growth.Make) -> growth.Work:
    """The work of a mail in."""
    return lambda bench, n: growth.receive(bench.store, *make(bench, n), growth.NOW)
