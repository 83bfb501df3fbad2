"""One pass over the outbox: claimed, sent outside of any transaction, stamped; at least once, or at most once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from servers import sql
from store.conftest import ANNA, NOW, POLICY, added, mail, quick_store, reply
from ticketctl.errors import Misconfigured, Unavailable
from ticketctl.flush import BACK_OFF, GIVE_UP, LATER, after, flush
from ticketctl.letter import read
from ticketctl.policy import Policy
from ticketctl.post import Sendmail, Smtp
from ticketctl.store import OutboxRow, Store, tables
from ticketctl.ticket import SYSTEM, Address, Ticket

TEMPLATES = (
    POLICY
    + """
[templates.received]
kind = "auto"
subject = "We have your mail"
body = "Number {{ ticket.number }}."
[templates.broken]
kind = "auto"
body = "{{ 1 // 0 }}"
"""
)
MINUTE = timedelta(minutes=1)
Make = Callable[..., Ticket]


@pytest.fixture
def desk(place: Callable[[Path], str], tmp_path: Path):
    made = quick_store(place(tmp_path / "desk.db"), TEMPLATES)
    yield made
    made.close()


@pytest.fixture
def box(tmp_path: Path) -> Callable[[str], Sendmail]:
    """A sendmail that appends its recipients to `sent`, keeps its last mail, and then does what it is told."""

    def make(body: str = "exit 0") -> Sendmail:
        path = tmp_path / "sendmail"
        path.write_text(f'#!/bin/sh\ncd {tmp_path}\ncat > mail\nshift 4\necho "$@" >> sent\n{body}\n')
        path.chmod(0o755)
        return Sendmail(argv=(str(path), "-i"))

    return make


def policy(store: Store) -> Policy:
    with store.reading() as tx:
        return tx.policy()


def owe(store: Store, *owed: Any, actor: Any = ANNA) -> Ticket:
    from store.conftest import opened
    from ticketctl.ticket import POSTMASTER

    with store.writing(POSTMASTER, NOW) as tx:
        ticket = opened(tx, added(1, message_id="<1@customer.example>"))
    with store.writing(actor, NOW) as tx:
        return tx.change(ticket.id, reply(2, *owed))


def answer(template: str = "received", **fields: Any) -> Any:
    given = {
        "mail_class": "auto",
        "audience": "auto",
        "sender": "",
        "plan": {"answer": "auto-reply", "template": template, "article": 1},
    }
    return mail(**(given | fields))


def told(event: str = "stolen", **plan: Any) -> Any:
    return mail(
        mail_class="notice",
        audience="agent",
        sender="",
        recipients=("bert@example.org",),
        plan={"event": event, "agent": "bert", "by": "anna"} | plan,
    )


def flushed(store: Store, way: Any, now: datetime = NOW, **options: Any) -> list[tuple[str, str | None]]:
    return [(result.became, result.error) for result in flush(store, way, policy(store), now=now, **options).results]


def rows(store: Store) -> list[OutboxRow]:
    with store.reading() as tx:
        return tx.outbox(unsent_only=False)


def sent(tmp_path: Path) -> list[str]:
    path = tmp_path / "sent"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def test_a_pass_tries_each_mail_once_however_long_it_takes(desk, box, tmp_path, monkeypatch):
    owe(desk, mail(), mail())
    seconds = iter(range(0, 100_000, 400))
    monkeypatch.setattr("ticketctl.flush.time.monotonic", lambda: next(seconds))
    report = flush(desk, box("exit 75"), policy(desk), now=NOW)
    assert [(result.row.id, result.became) for result in report.results] == [(1, "deferred"), (2, "deferred")]


def test_a_reply_goes_out_as_its_bytes_once_and_its_article_says_so(desk, box, tmp_path):
    ticket = owe(desk, mail(recipients=("kim@customer.example", "lee@customer.example")))
    assert flushed(desk, box()) == [("sent", None)]
    assert flushed(desk, box()) == []
    assert (tmp_path / "mail").read_bytes() == b"From: us\n\nhello\n"
    assert sent(tmp_path) == ["kim@customer.example lee@customer.example"]
    with desk.reading() as tx:
        assert [(each["recipient"], each["status"]) for each in tx.deliveries(ticket.id)[2]] == [
            ("kim@customer.example", "sent"),
            ("lee@customer.example", "sent"),
        ]
        assert [type(entry.change).__name__ for entry in tx.history(ticket.id)][-2:] == ["Sent", "Sent"]


def test_an_automatic_answer_is_rendered_when_it_is_claimed(desk, box, tmp_path):
    ticket = owe(desk, answer())
    assert flushed(desk, box()) == [("sent", None)]
    letter = read((tmp_path / "mail").read_bytes())
    assert (letter.text.strip(), letter.in_reply_to, letter.subject) == (
        f"Number {ticket.number}.",
        ("<1@customer.example>",),
        f"[Ticket#{ticket.number}] We have your mail",
    )
    assert letter.message_id == rows(desk)[0].message_id
    assert letter.first("Auto-Submitted") == "auto-replied"


def test_a_notice_tells_the_loser_who_took_it(desk, box, tmp_path):
    owe(desk, told())
    assert flushed(desk, box()) == [("sent", None)]
    assert read((tmp_path / "mail").read_bytes()).text.startswith("Anna Martin has taken over ticket")
    assert sent(tmp_path) == ["bert@example.org"]


def test_mail_that_belongs_to_no_ticket_goes_out(desk, box, tmp_path):
    from ticketctl.ticket import SYSTEM

    with desk.writing(SYSTEM, NOW) as tx:
        tx.owe(told("breaker", reason="too many"))
    assert flushed(desk, box()) == [("sent", None)]
    assert "too many" in read((tmp_path / "mail").read_bytes()).text


@pytest.mark.parametrize("template", ["broken", "gone"])
def test_a_template_that_fails_marks_its_row_and_stops_nothing_else(desk, box, tmp_path, template):
    owe(desk, answer(template))
    owe(desk)
    results = flushed(desk, box())
    assert sorted(became for became, _ in results) == ["failed", "sent"]
    assert f"templates.{template}" in next(error or "" for became, error in results if became == "failed")
    assert {row.status for row in rows(desk)} == {"sent", "failed"}
    assert sent(tmp_path) == ["Kim@Customer.example"]


def test_a_missing_program_defers_the_first_and_ends_the_pass(desk, tmp_path):
    owe(desk)
    owe(desk)
    report = flush(desk, Sendmail(argv=(str(tmp_path / "nope"),)), policy(desk), now=NOW)
    assert isinstance(report.unavailable, Unavailable)
    assert [result.became for result in report.results] == ["deferred"]
    assert [(row.status, row.tries) for row in rows(desk)] == [("owed", 1), ("owed", 0)]


def test_without_any_way_out_mail_waits(desk):
    owe(desk)
    report = flush(desk, None, policy(desk), now=NOW)
    assert report.unavailable is not None
    assert "sendmail" in report.unavailable.message
    assert rows(desk)[0].status == "owed"


def test_a_wrong_password_file_is_said_and_mail_waits(desk, tmp_path):
    owe(desk)
    way = Smtp(host="127.0.0.1", port=9, user="desk", password_file=str(tmp_path / "nope"))
    assert isinstance(flush(desk, way, policy(desk), now=NOW).unavailable, Misconfigured)
    assert rows(desk)[0].status == "owed"


def test_tries_back_off_and_end_after_five_days(desk, box, tmp_path):
    owe(desk)
    now, waits = NOW, []
    for _ in range(60):
        ((became, error),) = flushed(desk, box("exit 75"), now)
        row = rows(desk)[0]
        if became == "failed":
            break
        assert (became, error, row.status) == ("deferred", "exit 75, try again", "owed")
        assert flushed(desk, box("exit 75"), row.next_try - timedelta(seconds=1)) == []
        waits.append(row.next_try - now)
        now = row.next_try
    assert waits[:6] == [*BACK_OFF, LATER, LATER]
    assert GIVE_UP <= sum(waits, timedelta()) < GIVE_UP + LATER
    assert (rows(desk)[0].status, error) == ("failed", f"given up after {len(waits) + 1} tries: exit 75, try again")


def test_the_waits_are_these():
    assert [after(tries) for tries in (0, 1, 2, 3, 4, 20, 99)] == [*BACK_OFF, LATER, LATER, None]


def test_a_refusal_for_good_is_not_tried_again(desk, box):
    ticket = owe(desk)
    assert flushed(desk, box("echo nobody >&2; exit 67")) == [
        ("failed", "Kim@Customer.example: exit 67, no such user: nobody")
    ]
    assert flushed(desk, box(), NOW + timedelta(days=1)) == []
    with desk.reading() as tx:
        ((delivery,),) = tx.deliveries(ticket.id).values()
    assert (delivery["status"], delivery["code"], delivery["permanent"]) == ("failed", "5.1.1", True)


def test_g6_a_reply_whose_sendmail_died_is_sent_again(desk, box, tmp_path):
    owe(desk)
    assert flushed(desk, box("kill -KILL $$")) == [("deferred", "died by SIGKILL")]
    assert flushed(desk, box(), NOW + MINUTE) == [("sent", None)]
    assert len(sent(tmp_path)) == 2


def test_g5_an_automatic_answer_whose_sendmail_died_is_never_sent_again(desk, box, tmp_path):
    owe(desk, answer())
    assert flushed(desk, box("kill -KILL $$")) == [("unknown", "died by SIGKILL")]
    for minutes in (1, 16, 600):
        assert flushed(desk, box(), NOW + minutes * MINUTE) == []
    assert len(sent(tmp_path)) == 1
    assert rows(desk)[0].status == "unknown"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("exit 75", "exit 75, try again"),  # Sendmail's has queued it then, Postfix's has not
        ("echo queued >&2; exit 71", "exit 71, operating system error: queued"),
        ("kill -KILL $$", "died by SIGKILL"),
    ],
)
def test_g5_an_automatic_answer_of_which_nobody_knows_is_shown_with_what_was_said(desk, box, tmp_path, end, words):
    ticket = owe(desk, answer())
    assert flushed(desk, box(end)) == [("unknown", words)]
    (row,) = rows(desk)
    assert (row.status, row.last_error, row.tries, row.claim) == ("unknown", words, 1, None)
    with desk.reading() as tx:
        assert [each["status"] for each in tx.deliveries(ticket.id)[0]] == ["unknown"]
    assert flushed(desk, box(), NOW + timedelta(hours=6)) == []
    assert len(sent(tmp_path)) == 1
    with desk.writing(ANNA, NOW) as tx:
        tx.retry(row.id)
    assert flushed(desk, box(), NOW + timedelta(hours=6)) == [("sent", None)]


@pytest.mark.parametrize("class_", ["agent", "auto", "notice"])
def test_what_certainly_was_not_taken_is_tried_again_whatever_it_is(desk, box, tmp_path, class_):
    owe(desk, {"agent": mail, "auto": answer, "notice": told}[class_]())
    assert [became for became, _ in flushed(desk, Sendmail(argv=(str(tmp_path / "nothing"),)))] == ["deferred"]
    assert flushed(desk, box(), NOW + MINUTE) == [("sent", None)]


def test_g5_g6_a_pass_that_was_killed_after_claiming(desk, box, tmp_path):
    owe(desk, answer())
    owe(desk)
    with desk.writing(ANNA, NOW) as tx:
        assert len(tx.claim(limit=9)) == 2
    assert flushed(desk, box(), NOW + MINUTE) == []
    assert flushed(desk, box(), NOW + 16 * MINUTE) == [("sent", None)]
    assert {row.mail_class: row.status for row in rows(desk)} == {"auto": "unknown", "agent": "sent"}


def test_where_nothing_is_sent_everything_is_rendered_and_still_owed(desk, tmp_path):
    owe(desk)
    owe(desk, answer())
    owe(desk, answer("gone"))
    before = rows(desk)
    results = flushed(desk, None, send=False)
    assert [became for became, _ in results] == ["rendered"] * 3
    assert [error is None for _, error in results] == [True, True, False]
    assert rows(desk) == before


def test_only_the_one_that_was_asked_for(desk, box, tmp_path):
    owe(desk, mail(recipients=("a@x.example",)))
    owe(desk, mail(recipients=("b@x.example",)))
    assert flushed(desk, box(), only=rows(desk)[1].id) == [("sent", None)]
    assert sent(tmp_path) == ["b@x.example"]


def test_a_limit_ends_a_pass(desk, box):
    for _ in range(3):
        owe(desk)
    assert len(flushed(desk, box(), limit=2)) == 2
    assert len(flushed(desk, box(), limit=2)) == 1


def test_a_brake_stops_automatic_answers_alone(desk, box):
    owe(desk)
    owe(desk, answer())
    with desk.writing(ANNA, NOW) as tx:
        tx.brake("auto", True)
    assert flushed(desk, box()) == [("sent", None)]
    assert {row.mail_class: row.status for row in rows(desk)} == {"agent": "sent", "auto": "owed"}


def test_an_address_that_cannot_be_sent_to_fails_alone(desk, box):
    owe(desk, mail(recipients=("-oQ/tmp@x.example",)))
    owe(desk)
    assert [became for became, _ in flushed(desk, box())] == ["failed", "sent"]


def test_two_passes_at_once_send_each_mail_once(desk, box, tmp_path):
    for number in range(10):
        owe(desk, mail(recipients=(f"{number}@x.example",)))
    way, current = box("sleep 0.02"), policy(desk)
    passes = [threading.Thread(target=flush, args=(desk, way, current), kwargs={"now": NOW}) for _ in range(3)]
    for each in passes:
        each.start()
    for each in passes:
        each.join()
    assert sorted(sent(tmp_path)) == [f"{number}@x.example" for number in range(10)]
    assert {row.status for row in rows(desk)} == {"sent"}


def test_a_mail_dropped_while_it_was_sent_harms_nothing(desk, box, monkeypatch):
    """Somebody else settled the row: the pass goes on, and says what it saw."""
    owe(desk, answer())
    from ticketctl.errors import TryAgain
    from ticketctl.store import Writer

    def lost(*_: Any, **__: Any) -> None:
        raise TryAgain("taken by another process")

    monkeypatch.setattr(Writer, "sent", lost)
    assert flushed(desk, box()) == [("unknown", None)]


def test_the_customers_address_is_all_that_an_answer_knows_of_a_ticket_without_customer(desk, box, tmp_path):
    owe(desk, answer(recipients=("kim@customer.example",)))
    assert flushed(desk, box()) == [("sent", None)]
    assert read((tmp_path / "mail").read_bytes()).to == (Address(address="kim@customer.example"),)


def test_a_backlog_of_machines_mail_is_dropped_and_an_agents_reply_goes_out(desk, box, tmp_path):
    owe(desk)
    owe(desk, answer())
    assert flushed(desk, box(), NOW + timedelta(days=2)) == [("sent", None)]
    assert [(row.mail_class, row.status) for row in rows(desk)] == [("agent", "sent"), ("auto", "dropped")]


def test_what_a_brake_holds_and_what_was_asked_for_again_does_not_grow_too_old(desk, box):
    owe(desk, answer())
    with desk.writing(SYSTEM, NOW) as tx:
        tx.brake("auto", True, "a test")
    later = NOW + timedelta(days=2)
    assert flushed(desk, box(), later) == []
    with desk.writing(SYSTEM, later) as tx:
        tx.brake("auto", False)
        tx.retry(1)
    assert flushed(desk, box(), later) == [("sent", None)]


def test_a_mail_whose_bytes_are_damaged_fails_alone(desk, box):
    owe(desk)
    owe(desk, answer())
    with sql(str(desk.url)) as base:
        base.execute(update(tables.raw_piece).values(data=b"\0"))
    became = [word for word, _ in flushed(desk, box())]
    assert sorted(became) == ["failed", "sent"]
