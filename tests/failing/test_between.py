"""What comes between two steps of ours on a server: a backend that is killed, another who was faster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from failing.conftest import SERVERS
from servers import sql
from store.conftest import ANNA, NOW, added, mail, opened, quick_store, reply
from ticketctl.desk import Caller, Desk, answering
from ticketctl.errors import Refusal
from ticketctl.flush import TOO_OLD, flush
from ticketctl.post import Sendmail
from ticketctl.store import Store
from ticketctl.ticket import POSTMASTER, SYSTEM

pytestmark = pytest.mark.parametrize("database", SERVERS, indirect=True)
BACKENDS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}
PATIENCE = 20  # seconds


@pytest.fixture
def store(place: Callable[[Path], str], tmp_path: Path) -> Iterator[Store]:
    made = quick_store(place(tmp_path / "desk.db"))
    with made.writing(POSTMASTER, NOW) as tx:
        opened(tx, added(1, message_id="<1@customer.example>"), queue="Support")
    yield made
    made.close()


def sendmail(tmp_path: Path) -> Sendmail:
    path = tmp_path / "sendmail"
    path.write_text(f"#!/bin/sh\ncat > /dev/null\necho sent >> {tmp_path}/sent\n")
    path.chmod(0o755)
    return Sendmail(argv=(str(path),))


def flushed(store: Store, way: Sendmail, now: Any = NOW) -> list[str]:
    with store.reading() as tx:
        policy = tx.policy()
    return [each.became for each in flush(store, way, policy, now=now).results]


def test_a_reply_whose_bytes_could_not_be_read_for_a_moment_is_sent_later_and_once(store, database, tmp_path):
    with store.writing(ANNA, NOW) as tx:
        tx.change(1, reply(2))
    way, killed = sendmail(tmp_path), []

    def kill(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM raw_piece" in statement and not killed:
            killed.append(1)
            with sql(str(store.url)) as other:
                for (each,) in other.exec_driver_sql(BACKENDS[database]).all():
                    other.exec_driver_sql(KILL[database].format(each))

    event.listen(store._engine, "before_cursor_execute", kill)
    with pytest.raises(Refusal) as refused:
        flushed(store, way)
    assert (killed, refused.value.status in (69, 75)) == ([1], True)
    with store.reading() as tx:
        assert [(row.status, row.tries) for row in tx.outbox()] == [("owed", 1)]
    assert flushed(store, way, NOW + timedelta(hours=1)) == ["sent"]
    assert (tmp_path / "sent").read_text() == "sent\n"


def test_two_passes_that_drop_the_same_stale_notice_both_end_well(store, tmp_path):
    with store.writing(SYSTEM, NOW) as tx:
        tx.owe(mail(mail_class="notice", audience="agent", recipients=("bert@example.org",)))
    ended: list[object] = []

    def second() -> None:
        with closing(Store(str(store.url))) as other:
            ended.append(flushed(other, sendmail(tmp_path), NOW + 2 * TOO_OLD))

    running = threading.Thread(target=second)
    with store.writing(SYSTEM, NOW + 2 * TOO_OLD) as tx:
        tx.drop(1)
        running.start()
        running.join(1)  # it waits for us
    running.join(PATIENCE)
    assert ended == [[]]


def test_a_mail_that_comes_while_a_reply_is_stored_is_shown_first(store):
    anna = Desk(store=store, caller=Caller(uid=1000, login="anna"), now=NOW)
    begun = answering.begin(anna, "1", answering.Wish(text="hello"))
    ended: list[Any] = []

    def second() -> None:
        with closing(Store(str(store.url))) as other:
            desk = Desk(store=other, caller=Caller(uid=1000, login="anna"), now=NOW)
            ended.append(answering.commit(desk, "1", begun["draft"], seen=begun["seen"]))

    running = threading.Thread(target=second)
    with store.writing(POSTMASTER, NOW) as tx:
        tx.change(1, added(2, message_id="<2@customer.example>"))
        running.start()
        running.join(1)  # it waits for us
    running.join(PATIENCE)
    assert [[each["n"] for each in one["meanwhile"]] for one in ended] == [[2]]
