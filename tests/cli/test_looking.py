"""list, show, history, status: what is shown, in which form, and what is left out."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from cli.conftest import NOW, Desk, MakeDesk
from ticketctl.intake import Envelope
from ticketctl.receive import receive
from ticketctl.ticket import Address, Priority, State

FIRST = "2026112210000014"
SECOND = "2026112210000023"
THIRD = "2026112210000038"
PDF = b"%PDF-1.4\x00\xff\n"
MAIL = b"""\
From: Emma Jones <emma@shop.test>
To: support@example.org
Subject: The form
Date: Sun, 22 Nov 2026 09:00:00 +0100
Message-ID: <one@shop.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See the form.
--b
Content-Type: application/pdf; name="../../form.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQA/wo=
--b
Content-Type: text/plain; name="notes.txt"
Content-Disposition: attachment

plain
--b--
"""


@pytest.fixture
def mailed(desk: Desk) -> Desk:
    """A desk with one mail that has two attachments."""
    receive(desk.store, MAIL, Envelope(recipient="support@example.org", sender="emma@shop.test"), NOW)
    return desk


def test_list_is_tsv_in_a_pipe_oldest_first_of_my_queues(desk: Desk) -> None:
    desk.ticket(title="young\tone\\")
    desk.ticket(title="old", age=timedelta(days=2), owner="bert", locked=True)
    desk.ticket(title="elsewhere", queue="Sales")
    desk.ticket(title="below", queue="Support::Europe", state=State.PENDING_REMINDER)
    desk.ticket(title="done", state=State.CLOSED_SUCCESSFUL)
    assert desk.done("list") == (
        f"2026112010000021\t2\tSupport\tnew\tnormal\tlocked\tbert\temma@shop.test\t2026-11-20T10:00:00Z\told\n"
        f"{FIRST}\t1\tSupport\tnew\tnormal\tunlocked\t\temma@shop.test\t2026-11-22T10:00:00Z\tyoung\\tone\\\\\n"
        "2026112210000046\t4\tSupport::Europe\tpending reminder\tnormal\tunlocked\t\temma@shop.test\t"
        "2026-11-22T10:00:00Z\tbelow\n"
    )
    assert desk.done("list", "--header", "--columns", "id,title").splitlines()[0] == "id\ttitle"
    assert [each["id"] for each in desk.run("list", "--all", "-o", "json").json] == [2, 1, 4, 5]
    assert desk.done("list", "queue:Sales", "-o", "ids") == f"{THIRD}\n"
    assert desk.done("list", "-Q", "Sales", "-o", "ids") == f"{THIRD}\n"
    assert desk.done("list", "state:closed", "--columns", "id") == "5\n"


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--sort", "priority", "--reverse"], [2, 3, 1]),
        (["--reverse"], [3, 2, 1]),
        (["--limit", "2"], [1, 2]),
        (["owner:me"], [3]),
        (["owner:none", "priority:high"], [2]),
        (["not", "owner:none"], [3]),
        (["age:2h.."], [1]),
        (["b"], [2]),
    ],
)
def test_list_takes_queries_and_orders(desk: Desk, words: list[str], ids: list[int]) -> None:
    desk.ticket(title="a", age=timedelta(hours=3))
    desk.ticket(title="b", age=timedelta(hours=1), priority=Priority.HIGH)
    desk.ticket(title="c", owner="anna")
    assert [each["id"] for each in desk.run("list", *words, "-o", "json").json] == ids


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["nonsense:x"], 2),
        (["("], 2),
        (["-Q", "Nope"], 66),
        (["--columns", "nope"], 2),
        (["--sort", "nope"], 2),
        (["-0"], 2),
        (["--limit", "0"], 2),
    ],
)
def test_list_refuses_what_it_does_not_know(desk: Desk, words: list[str], status: int) -> None:
    assert desk.run("list", *words).status == status


def test_the_forms_of_a_list(desk: Desk) -> None:
    desk.ticket()
    desk.ticket()
    assert desk.done("list", "-o", "ids") == f"{FIRST}\n{SECOND}\n"
    assert desk.done("list", "-o", "ids", "-0") == f"{FIRST}\0{SECOND}\0"
    assert [line[:11] for line in desk.done("-o", "jsonl", "list").splitlines()] == ['{"number": '] * 2
    assert desk.done("list", "-o", "table").splitlines()[0].split()[:2] == ["NUMBER", "ID"]
    assert desk.done("list", "-o", "tsv") == desk.done("list")
    assert desk.done("list", "owner:me") == ""
    assert desk.done("list", "owner:me", "-o", "json") == "[]\n"


def test_show_tells_head_and_thread(mailed: Desk) -> None:
    out = mailed.done("show", "1")
    assert out.splitlines()[0] == f"{FIRST} (#1)  The form"
    assert "See the form." in out
    assert "1/1/1  form.pdf  application/pdf" in out
    assert mailed.done("show", FIRST) == out
    assert mailed.done("show", f"[Ticket#{FIRST}]") == out


def test_show_of_an_article_is_that_article(mailed: Desk) -> None:
    mailed.done("note", "1", "-m", "mine")
    assert "mine" in mailed.done("show", "1/-1")
    assert "See the form." not in mailed.done("show", "1/-1")
    article = mailed.run("show", "1/1", "-o", "json").json
    assert (article["n"], article["raw_sha256"]) == (1, hashlib.sha256(MAIL).hexdigest())
    for word in ("1/3", "1/9/1", "1/1/9", "2", "99/1"):
        assert mailed.run("show", word).status == 66, word
    for word in ("1/0", "x", "1/1/0"):
        assert mailed.run("show", word).status == 2, word


def test_the_raw_bytes_come_back_identical(mailed: Desk) -> None:
    mailed.done("note", "1", "-m", "no mail")
    assert mailed.done("show", "1/1", "--raw").encode() == MAIL
    assert mailed.done("show", "1", "--raw").encode() == MAIL
    assert mailed.run("show", "1/2", "--raw").status == 66


def test_headers_show_every_header(mailed: Desk) -> None:
    assert "Message-ID: <one@shop.test>\n" in mailed.done("show", "1/1", "--headers")
    assert ["Subject", "The form"] in mailed.run("show", "1/1", "--headers", "-o", "json").json["headers"]


def test_an_attachments_address_writes_it_out(mailed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mailed.done("show", "1/1/2").strip() == "plain"
    article = mailed.run("show", "1/1", "-o", "json").json
    assert article["attachments"][0] == {
        "n": 1, "name": "form.pdf", "content_type": "application/pdf", "size": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
    }  # fmt: skip


def test_saving_follows_no_path_overwrites_nothing_and_follows_no_link(mailed: Desk, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "form.pdf").write_bytes(b"mine")
    os.symlink(tmp_path / "elsewhere", target / "notes.txt")
    out = mailed.done("show", "1", "--save", str(target))
    assert out == f"{target}/form-1.pdf\n{target}/notes-1.txt\n"
    assert (target / "form-1.pdf").read_bytes() == PDF
    assert (target / "form.pdf").read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()
    assert mailed.run("show", "1", "--save", str(tmp_path / "nowhere")).status == 66
    assert mailed.run("show", "1", "--save", str(target), "--raw").status == 2


def test_show_tells_of_the_automatic_answer_below_the_thread(make_desk: MakeDesk) -> None:
    more = '[templates.received]\nkind = "auto"\nsubject = "We have it"\nbody = "Number {{ ticket.number }}."\n'
    desk = make_desk(more)
    desk.done("policy", "set", "queues.Support.auto-reply", "received")
    receive(desk.store, MAIL, Envelope(recipient="support@example.org", sender="emma@shop.test"), NOW)
    line = "Answered   {}: emma@shop.test (template received, mail 1 of the outbox)\n"
    assert desk.done("show", "1").endswith("\n\n" + line.format("owed"))
    assert "Answered" not in desk.done("show", "1/1")
    desk.done("flush")
    assert desk.done("show", "1").endswith(line.format("sent"))
    assert desk.done("--as", "bert", "outbox", "show", "1", "-o", "ids") == "1\n"


def test_history_tells_who_did_what(desk: Desk) -> None:
    desk.ticket()
    desk.done("take", "1")
    desk.done("--as", "bert", "note", "1", "-m", "x")
    desk.done("close", "1")
    entries = desk.run("history", "1", "-o", "json").json
    keys = ("version", "actor", "as", "change", "old", "new")
    assert [tuple(each[key] for key in keys) for each in entries] == [
        (1, "system", None, "Created", None, FIRST),
        (2, "system", None, "ArticleAdded", None, "1"),
        (3, "anna", None, "Taken", None, "anna"),
        (4, "anna", "bert", "ArticleAdded", None, "2"),
        (5, "anna", None, "StateSet", "new", "closed successful"),
    ]  # fmt: skip
    assert "anna as bert" in desk.done("history", "1")


def test_status_counts_what_waits(desk: Desk) -> None:
    assert desk.done() == "Nothing to do.\n"
    assert desk.done("status", "--short") == "\n"
    desk.ticket(title="fresh")
    desk.ticket(title="answered", owner="anna", state=State.OPEN)
    desk.ticket(title="not mine", queue="Sales")
    assert desk.done("status", "--short") == "1 new, 1 answered\n"
    assert desk.done("status") == desk.done()
    value = desk.run("-o", "json").json
    assert {key: [each["title"] for each in rows] for key, rows in value.items()} == {
        "new": ["fresh"], "answered": ["answered"], "overdue": [], "reminders": [], "unsent": [], "held": [],
    }  # fmt: skip


def test_status_leaves_out_what_others_work_on_and_what_others_are_told(desk: Desk) -> None:
    desk.ticket(title="bert's", owner="bert", locked=True)
    desk.ticket(title="mine", owner="anna", locked=True)
    desk.done("steal", "1")
    desk.done("unlock", "1")
    desk.done("--as", "bert", "take", "1")
    value = desk.run("status", "-o", "json").json
    shown = {key: [each["title"] for each in value[key]] for key in ("new", "answered")}
    assert shown == {"new": ["mine"], "answered": ["mine"]}
    assert value["unsent"] == []
    assert desk.done("outbox", "list", "-o", "ids") == "1\n"
    assert "Mine, waiting for me: 1\n" in desk.done("status")


@pytest.mark.parametrize(
    ("agent", "words", "said"),
    [
        ("anna", ["queue:Suport"], "no queue 'Suport'; did you mean 'Support'?"),
        ("anna", ["-Q", "suport"], "no queue 'suport'; did you mean 'Support'?"),
        ("anna", ["not", "(", "owner:zoe", "or", "b", ")"], "no agent 'zoe'; `ticketctl agent list` names them"),
        ("anna", ["owner:brt"], "no agent 'brt'; did you mean 'bert'?"),
        ("bert", ["queue:Sales"], "no queue 'Sales'; `ticketctl queue list` names them"),
        ("bert", ["queue:Sale"], "no queue 'Sale'; `ticketctl queue list` names them"),
        ("bert", ["queue:Sales::"], "no queue 'Sales::'; `ticketctl queue list` names them"),
    ],
)
def test_a_queue_or_an_agent_that_is_not_there_is_66(desk: Desk, agent: str, words: list[str], said: str) -> None:
    ran = desk.run("--as", agent, "list", *words)
    assert (ran.status, ran.err) == (66, f"ticketctl: {said}\n")
    if "-Q" not in words:
        assert desk.run("--as", agent, "take", "--next", *words).status == 66


def test_who_left_the_desk_is_found_as_long_as_there_are_tickets(desk: Desk) -> None:
    desk.ticket(owner="zoe")
    assert desk.done("list", "owner:zoe", "-o", "ids") == f"{FIRST}\n"
    assert desk.done("list", "queue:Support::", "-o", "ids") == f"{FIRST}\n"


def test_a_list_says_why_it_is_empty(make_desk: MakeDesk) -> None:
    desk = make_desk('[agents.carl]\nname = "Carl"\n')
    for words in (["list"], ["queue", "list"], ["customer", "list"]):
        ran = desk.run("--as", "carl", *words)
        assert (ran.status, ran.out, ran.err) == (0, "", "ticketctl: you have no rights on any queue\n"), words
    assert desk.run("list", "due:..now").err == "ticketctl: no ticket has a deadline in this version\n"


HOSTILE = "\x1b]0;owned\x07 \u202egnp.exe\u2066 \x9b31m \x7f"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "tsv", "ids"])
@pytest.mark.parametrize("verb", ["list", "show", "history", "status"])
def test_nothing_from_outside_acts_on_a_terminal(desk: Desk, verb: str, form: str) -> None:
    customer = Address(address="a@b.test", name=HOSTILE)
    desk.ticket(title=HOSTILE, body=f"{HOSTILE}\n", customer=customer)
    words = [verb, "1"] if verb in ("show", "history") else [verb]
    ran = desk.run(*words, "-o", form)
    assert ran.status == 0
    assert not set(ran.out) & set("\x1b\x07\u202e\u2066\x9b\x7f")


def test_errors_repeat_nothing_that_acts(desk: Desk) -> None:
    for words in (["show", HOSTILE], ["list", "-Q", HOSTILE], [HOSTILE], ["show", f"--{HOSTILE}"], ["-o", HOSTILE]):
        ran = desk.run(*words)
        assert ran.status in (2, 66)
        assert not set(ran.err) & set("\x1b\x07\u202e\u2066\x9b\x7f"), words


def test_customers_are_listed_as_far_as_asked(desk: Desk) -> None:
    for n, name in enumerate(["lee@shop.test", "kim@other.test", "kim@other.test", "Max@Shop.test"]):
        desk.ticket(customer=Address(address=name), age=timedelta(hours=n))
    listed = {
        "": ["lee@shop.test", "kim@other.test", "max@shop.test"],
        "--limit 2": ["lee@shop.test", "kim@other.test"],
        "--sort address": ["kim@other.test", "lee@shop.test", "max@shop.test"],
        "--sort address --limit 1": ["kim@other.test"],
        "--sort tickets --limit 1": ["kim@other.test"],
        "@SHOP.test": ["lee@shop.test", "max@shop.test"],
        "m?x@*": ["max@shop.test"],
        "kim@other.test": ["kim@other.test"],
        "kim": [],
    }
    for words, addresses in listed.items():
        assert desk.done("customer", "list", "-o", "ids", *words.split()).splitlines() == addresses, words


def test_a_table_of_customers_counts_no_further_than_people_read(desk: Desk, monkeypatch) -> None:
    monkeypatch.setattr("ticketctl.cli.customer.COUNTED", 2)
    for _ in range(4):
        desk.ticket()
    assert [line.split()[-3] for line in desk.done("customer", "list", "-o", "table").splitlines()[1:]] == ["2+"]
    assert [each["tickets"] for each in desk.run("customer", "list", "--limit", "1", "-o", "json").json] == [4]
