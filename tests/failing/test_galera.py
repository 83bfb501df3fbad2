"""One desk, written through three nodes of a Galera cluster at once: what meets at COMMIT is done again, not twice."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from failing import many
from failing.clusters import Node, galera
from servers import fresh_name
from store.conftest import NOW, SYSTEM, mail, make_store, opened
from system.home import mail as letter
from ticketctl.errors import TryAgain
from ticketctl.intake import Envelope
from ticketctl.receive import receive
from ticketctl.store import Store
from ticketctl.store.fsck import fsck

pytestmark = pytest.mark.requires("mariadb", "galera", "rsync")


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    root = Path(tempfile.mkdtemp(prefix="g", dir=os.environ["TICKETCTL_TEST_SERVERS"]))
    root.chmod(0o755)
    with galera(root) as made:
        yield made


@pytest.fixture
def urls(nodes: list[Node]) -> list[str]:
    name = fresh_name()
    nodes[0].run(f"CREATE DATABASE {name}")
    return [each.url(name) for each in nodes]


def founded(urls: list[str], queue: str = "") -> Store:
    return make_store(urls[0], many.POLICY.format(queue=queue))


def test_a_mail_that_comes_to_all_nodes_at_once_is_one_ticket(urls):
    store = founded(urls)
    found = many.arrivals(urls, 10, 6)
    assert (found["new"], found["duplicate"]) == (10, 50)
    with store.reading() as tx:
        tickets = tx.find(None, queues=None)
    assert len({each.number for each in tickets}) == len(tickets) == 10
    assert fsck(store) == []


def test_numbers_are_unique_over_nodes_though_ids_have_gaps(urls):
    store = founded(urls)
    found = [number for each in many.crowd(6, many.numbers, urls, 15) for number in each]
    assert len(set(found)) == len(found) == 90
    assert fsck(store) == []


def test_follow_ups_and_notes_from_all_nodes_are_all_on_the_ticket_in_one_order(urls):
    store = founded(urls)
    first = receive(store, letter(1), Envelope(recipient="support@example.org", sender="carla@customer.test"), NOW)
    found = sum(many.crowd(6, many.follow_up, urls, first.number, 5), Counter())
    notes = sum(many.crowd(3, many.write_notes, urls, first.ticket, 5))
    with store.reading() as tx:
        articles = [each.n for each in tx.articles(first.ticket)]
    assert (found["follow-up"], notes, articles) == (30, 15, [*range(1, 47)])
    assert fsck(store) == []


def test_a_follow_up_finds_the_ticket_that_another_node_has_just_acknowledged(nodes, urls):
    founded(urls)
    here, there = Store(urls[0]), Store(urls[1])
    envelope = Envelope(recipient="support@example.org", sender="carla@customer.test")
    receive(there, letter("p0"), envelope, NOW)
    with nodes[1].connection() as behind, ThreadPoolExecutor(1) as other:
        behind.cursor().execute("FLUSH TABLES WITH READ LOCK")  # this node takes nothing in
        first = receive(here, letter("p1"), envelope, NOW)
        answer = other.submit(receive, there, letter("r1", In_Reply_To="<p1.made.up@customer.test>"), envelope, NOW)
        time.sleep(0.5)
        behind.cursor().execute("UNLOCK TABLES")
        assert answer.result(60).number == first.number


def test_of_many_who_take_a_ticket_over_all_nodes_one_wins_and_the_others_are_told_who(urls):
    store = founded(urls)
    with store.writing(SYSTEM, NOW) as tx:
        ticket = opened(tx, queue="Support").id
    said = Counter(many.crowd(12, many.take, urls, ticket))
    with store.reading() as tx:
        winner, history = tx.ticket(ticket).owner, len(tx.history(ticket))
    assert (said, history) == (Counter({"took": 1, f"79 by {winner}": 11}), 2)


def test_take_next_over_all_nodes_gives_each_ticket_once(urls):
    store = founded(urls)
    with store.writing(SYSTEM, NOW) as tx:
        made = {opened(tx, queue="Support").number for _ in range(18)}
    taken = [number for each in many.crowd(6, many.take_next, urls, 3) for number in each]
    assert (len(taken), set(taken)) == (18, made)
    assert fsck(store) == []


def test_the_limits_of_automatic_answers_hold_over_all_nodes(urls):
    store = founded(urls, 'auto-reply = "received"')
    found = sum(many.crowd(6, many.answered, urls, 3), Counter())
    with store.reading() as tx:
        assert (found["new"], len(tx.outbox())) == (18, 3)


def test_a_held_letter_is_placed_once(urls):
    store = founded(urls)
    said = Counter(many.crowd(6, many.place, urls, many.hold(store)))
    with store.reading() as tx:
        assert (said, tx.count_all()) == (Counter({"placed": 1, "placed already": 5}), 1)
    assert fsck(store) == []


def test_no_mail_is_claimed_on_two_nodes(urls):
    store = founded(urls)
    with store.writing(SYSTEM, NOW) as tx:
        owed = sorted(tx.owe(*(mail(mail_class="auto") for _ in range(30))))
    assert sorted(each for found in many.crowd(6, many.claim, urls) for each in found) == owed


def test_no_ticket_comes_into_a_queue_that_another_node_takes_away(urls):
    store = founded(urls)
    text = many.POLICY.format(queue="")
    without = text.replace('[queues.Sales]\naddresses = ["sales@example.org"]\n', "")
    said = many.crowd(6, many.close_queue, urls, without, 6)
    with store.reading() as tx:
        queues, found = tx.policy().queues, Counter(each.queue for each in tx.find(None, queues=None))
    assert found.total() == 30
    assert ("Sales" in queues) == (found["Sales"] > 0), said


def test_a_ticket_that_is_being_made_is_refused_where_another_node_takes_its_queue_away(urls):
    founded(urls)
    stores = [Store(each) for each in urls]
    text = many.POLICY.format(queue="").replace('[queues.Sales]\naddresses = ["sales@example.org"]\n', "")

    def made_late() -> None:
        with stores[1].writing(SYSTEM, NOW) as tx:
            opened(tx, queue="Sales")
            with stores[0].writing(SYSTEM, NOW) as other:
                other.apply(text, "ada", "no Sales", 1)

    with pytest.raises(TryAgain) as lost:
        made_late()
    assert lost.value.race
    with stores[2].reading() as tx:
        assert (tx.count_all(), tx.policy().revision) == (0, 2)


def test_a_node_that_dies_in_the_middle_loses_nothing_and_doubles_nothing(nodes, urls):
    store = founded(urls)
    found: list[Counter[str]] = []
    stream = threading.Thread(target=lambda: found.append(many.arrivals(urls[:2], 40, 4)))
    stream.start()
    nodes[2].stop(signal.SIGKILL)
    stream.join()
    nodes[2].start(timeout=90)
    assert (found[0]["new"], found[0]["duplicate"]) == (40, 120)
    with Store(urls[2]).reading() as tx:
        assert tx.count_all() == 40
    assert fsck(store) == []
