"""What each verb that works on tickets does, tells and leaves in the history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.conftest import EMMA, NOW, Desk, MakeDesk
from ticketctl.change import Created
from ticketctl.ticket import SYSTEM, Priority, State

FIRST = "2026112210000014"  # the number of ticket 1 on that day
SECOND = "2026112210000023"
THIRD = "2026112210000038"


def test_new_makes_an_open_ticket_that_nobody_owns(desk: Desk) -> None:
    out = desk.done("new", "-Q", "Support", "--customer", "Emma Jones <emma@shop.test>", "--title", " No  tone ",
                    "-m", "She called.")  # fmt: skip
    assert out == f"{FIRST} (#1) open in Support: No tone\n"
    value = desk.shown(1)
    assert value.pop("articles") == [
        {
            "id": 1, "n": 1, "mail": None, "channel": "phone", "sender_type": "customer", "visible": True,
            "from": {"address": "emma@shop.test", "name": "Emma Jones"}, "to": [], "cc": [], "subject": None,
            "date": "2026-11-22T10:00:00Z", "received": "2026-11-22T10:00:00Z", "message_id": None,
            "in_reply_to": None, "references": [], "body": "She called.\n", "body_type": "text/plain",
            "kind": "personal", "remarks": [], "attachments": [], "raw_sha256": None, "deliveries": [], "crypto": None,
        }
    ]  # fmt: skip
    assert value == {
        "number": FIRST, "id": 1, "version": 2, "title": "No tone", "queue": "Support", "state": "open",
        "state_type": "open", "priority": "normal", "lock": "unlocked", "owner": None, "responsible": None,
        "customer": {"address": "emma@shop.test", "name": "Emma Jones"}, "created": "2026-11-22T10:00:00Z",
        "changed": "2026-11-22T10:00:00Z", "closed": None, "pending_until": None, "first_response_due": None,
        "update_due": None, "solution_due": None, "waiting_on": "us", "unread": True, "tags": [], "watchers": [],
        "merged_into": None, "fields": {}, "links": [],
        "parties": [{"address": "emma@shop.test", "role": "customer"}],
    }  # fmt: skip


def test_new_takes_it_where_asked(desk: Desk) -> None:
    out = desk.done("new", "-Q", "Raw", "--customer", "x@y.test", "--title", "T", "-m", "x", "--take", "--channel",
                    "note", "--priority", "high")  # fmt: skip
    assert out == f"{FIRST} (#1) open in Raw, locked by anna: T\n"
    assert desk.history(1) == ["anna Created", "anna ArticleAdded", "anna Taken"]
    article = desk.shown(1)["articles"][0]
    assert (article["channel"], article["visible"], article["sender_type"]) == ("note", False, "agent")


def test_new_by_email_sends_its_first_mail(desk: Desk) -> None:
    desk.done("new", "-Q", "Support", "--customer", "bob@x.test", "--title", "Offer", "--channel", "email", "-m", "Hi")
    assert "bob@x.test" in (desk.root / "sent.args").read_text()
    sent = (desk.root / "sent").read_text()
    assert f"[Ticket#{FIRST}] Offer" in sent
    assert "From: Example Support <support@example.org>" in sent
    assert desk.shown(1)["articles"][0]["deliveries"] == [
        {"recipient": "bob@x.test", "status": "sent", "code": None, "permanent": None, "at": "2026-11-22T10:00:00Z"}
    ]


def test_new_by_email_that_cannot_be_sent_is_owed(desk: Desk) -> None:
    (desk.root / "sendmail").write_text("#!/bin/sh\nexit 75\n")
    ran = desk.run("new", "-Q", "Support", "--customer", "b@x.test", "--title", "T", "--channel", "email", "-m", "Hi")
    assert ran.status == 0
    assert ran.err.startswith("ticketctl: mail 1 is deferred, not sent: ")
    assert desk.shown(1)["articles"][0]["deliveries"][0]["status"] == "owed"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["-Q", "Nope", "--customer", "a@b.test", "--title", "T", "-m", "x"], 66),
        (["-Q", "Raw", "--customer", "nobody", "--title", "T", "-m", "x"], 65),
        (["-Q", "Raw", "--customer", "a@b.test", "--title", " ", "-m", "x"], 2),
        (["-Q", "Raw", "--customer", "a@b.test", "--title", "T"], 2),
        (["-Q", "Raw", "--customer", "a@b.test", "--title", "T", "-m", " "], 130),
        (["-Q", "Raw", "--customer", "a@b.test", "--title", "T", "-F", "/nowhere"], 66),
        (["-Q", "Raw", "--customer", "a@b.test", "-m", "x"], 2),
    ],
)
def test_new_refuses_what_is_no_ticket(desk: Desk, words: list[str], status: int) -> None:
    assert desk.run("new", *words).status == status
    assert desk.done("list", "--all") == ""


def test_take_locks_and_owns(desk: Desk) -> None:
    desk.ticket()
    assert desk.done("take", "1") == f"{FIRST} (#1) new in Support, locked by anna: No dial tone\n"
    again = desk.run("take", "1")
    assert (again.status, again.err) == (0, f"ticketctl: ticket {FIRST} is yours already\n")
    other = desk.run("--as", "bert", "lock", "1", "-o", "json")
    assert other.status == 79
    assert other.errors == [
        {"error": "locked", "status": 79, "ticket": FIRST, "by": "anna",
         "message": f"ticket {FIRST} is locked by anna; `ticketctl steal` takes it over"}
    ]  # fmt: skip


def test_take_next_takes_the_most_urgent_then_the_oldest(desk: Desk) -> None:
    desk.ticket(title="old", age=timedelta(days=3))
    desk.ticket(title="urgent, young", priority=Priority.HIGH, age=timedelta(hours=1))
    desk.ticket(title="urgent, old", priority=Priority.HIGH, age=timedelta(hours=2))
    desk.ticket(title="urgent, taken", priority=Priority.VERY_HIGH, owner="bert", locked=True)
    desk.ticket(title="urgent, waits", priority=Priority.VERY_HIGH, state=State.PENDING_REMINDER)
    taken = [desk.done("take", "--next").partition(": ")[2] for _ in range(3)]
    assert taken == ["urgent, old\n", "urgent, young\n", "old\n"]
    ran = desk.run("take", "--next")
    assert (ran.status, ran.err) == (66, "ticketctl: no unlocked ticket waits there\n")


def test_take_next_keeps_to_its_query(desk: Desk) -> None:
    desk.ticket(title="support", priority=Priority.HIGH)
    desk.ticket(title="sales", queue="Sales")
    assert desk.done("take", "--next", "queue:Sales").endswith(": sales\n")
    assert desk.run("take", "--next", "queue:Sales").status == 66


def test_take_wants_a_ticket_or_next(desk: Desk) -> None:
    assert desk.run("take").status == 2


def test_steal_takes_over_and_tells_the_loser(desk: Desk) -> None:
    desk.ticket(owner="bert", locked=True)
    assert desk.done("steal", "1") == f"{FIRST} (#1) new in Support, locked by anna: No dial tone\n"
    (owed,) = desk.run("outbox", "list", "-o", "json").json
    assert (owed["class"], owed["recipients"], owed["status"]) == ("notice", ["bert@example.org"], "owed")
    desk.done("flush")
    assert "Anna Martin has taken over ticket" in (desk.root / "sent").read_text()


def test_unlock_keeps_the_owner(desk: Desk) -> None:
    desk.ticket(owner="anna", locked=True)
    assert desk.done("unlock", "1") == f"{FIRST} (#1) new in Support, owned by anna: No dial tone\n"
    again = desk.run("unlock", "1")
    assert (again.status, again.err) == (0, f"ticketctl: ticket {FIRST} is not locked\n")


def test_note_is_internal_and_by_its_agent(desk: Desk) -> None:
    desk.ticket()
    desk.done("note", "1", "-F", "-", stdin="Their gateway.\nSecond line.\n")
    article = desk.shown(1)["articles"][1]
    assert (article["visible"], article["channel"]) == (False, "note")
    assert article["body"] == "Their gateway.\nSecond line.\n"
    assert article["from"] == {"address": "anna@example.org", "name": "Anna Martin"}
    assert desk.shown(1)["lock"] == "unlocked"


def test_note_of_a_call_is_the_customers(desk: Desk) -> None:
    desk.ticket()
    desk.done("note", "1", "--channel", "phone", "-m", "She called again.")
    article = desk.shown(1)["articles"][1]
    assert (article["visible"], article["channel"], article["sender_type"]) == (True, "phone", "customer")
    assert article["from"] == {"address": EMMA.address, "name": EMMA.name}


def test_note_keeps_its_attachments(desk: Desk) -> None:
    desk.ticket()
    (desk.root / "log.bin").write_bytes(b"\x00\r\n.\n\xff")
    (desk.root / "a.txt").write_text("two\n")
    desk.done("note", "1", "-m", "The log.", "--attach", f"{desk.root}/log.bin", "-a", f"{desk.root}/a.txt")
    article = desk.shown(1)["articles"][1]
    assert [(each["name"], each["size"]) for each in article["attachments"]] == [("log.bin", 6), ("a.txt", 4)]
    assert article["body"] == "The log.\n"
    desk.done("show", "1/2", "--save", str(desk.root / "."))
    assert (desk.root / "log-1.bin").read_bytes() == b"\x00\r\n.\n\xff"
    assert desk.run("note", "1", "-m", "x", "-a", "/nowhere").status == 66


def test_move_unlocks_and_takes_its_note_along(desk: Desk) -> None:
    desk.ticket(owner="anna", locked=True)
    assert desk.done("move", "1", "-Q", "Sales", "-m", "They want an offer.") == (
        f"{FIRST} (#1) new in Sales, owned by anna: No dial tone\n"
    )
    assert desk.history(1)[-2:] == ["anna ArticleAdded", "anna Moved"]
    again = desk.run("move", "1", "-Q", "Sales")
    assert (again.status, again.err) == (0, f"ticketctl: ticket {FIRST} is in Sales already\n")
    assert desk.run("move", "1", "-Q", "Nope").status == 66


def test_reassign_gives_the_lock_and_tells_the_new_owner(desk: Desk) -> None:
    desk.ticket()
    assert desk.done("reassign", "1", "--to", "bert").endswith("locked by bert: No dial tone\n")
    assert desk.run("outbox", "list", "-o", "json").json[0]["recipients"] == ["bert@example.org"]
    assert desk.run("reassign", "1", "--to", "anna").status == 79
    desk.ticket(queue="Sales")
    ran = desk.run("reassign", "2", "--to", "bert")
    assert (ran.status, ran.err) == (65, f"ticketctl: ticket {SECOND}: bert may not see queue Sales\n")
    assert desk.run("reassign", "2", "--to", "zoe").status == 66
    assert desk.done("reassign", "2", "--to", "me").endswith("locked by anna: No dial tone\n")


def test_priority_and_title(desk: Desk) -> None:
    desk.ticket()
    line = f"{FIRST} (#1) new in Support, priority very-high: No dial tone\n"
    assert desk.done("priority", "1", "very-high", "-m", "The boss.") == line
    desk.done("title", "1", "VPN\nis down")
    value = desk.shown(1)
    assert (value["priority"], value["title"], len(value["articles"])) == ("very-high", "VPN is down", 2)
    assert desk.run("priority", "1", "urgent").status == 2
    assert desk.run("title", "1", "").status == 2
    assert "already" in desk.run("title", "1", "VPN is down").err


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ([], "pending reminder"),
        (["--then-close"], "pending auto close+"),
        (["--then-close-unsuccessful"], "pending auto close-"),
    ],
)
def test_pend_waits_and_tells_the_time_in_the_agents_zone(desk: Desk, options: list[str], state: str) -> None:
    desk.ticket()
    ran = desk.run("pend", "1", "-u", "tomorrow 14:00", *options)
    assert (ran.status, ran.err) == (0, "ticketctl: until Mon 2026-11-23 14:00 CET\n")
    value = desk.shown(1)
    assert (value["state"], value["pending_until"]) == (state, "2026-11-23T13:00:00Z")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["-u", "yesterday"], 65),
        (["-u", "someday"], 2),
        ([], 2),
        (["-u", "3d", "--then-close", "--then-close-unsuccessful"], 2),
    ],
)
def test_pend_refuses_what_is_no_time_to_come(desk: Desk, words: list[str], status: int) -> None:
    desk.ticket()
    assert desk.run("pend", "1", *words).status == status


def test_close_unlocks_and_reopen_opens(desk: Desk) -> None:
    desk.ticket(owner="anna", locked=True)
    out = desk.done("close", "1", "-m", "Done.")
    assert out == f"{FIRST} (#1) closed successful in Support, owned by anna: No dial tone\n"
    again = desk.run("close", "1")
    assert (again.status, again.err) == (0, f"ticketctl: ticket {FIRST} is closed successful already\n")
    assert desk.run("pend", "1", "-u", "3d").status == 65
    desk.done("close", "1", "--unsuccessful")
    assert desk.shown(1)["state"] == "closed unsuccessful"
    desk.done("reopen", "1")
    assert (desk.shown(1)["state"], desk.shown(1)["closed"]) == ("open", None)


def test_several_tickets_are_a_transaction_each(desk: Desk) -> None:
    desk.ticket(title="one")
    desk.ticket(title="two", owner="bert", locked=True)
    desk.ticket(title="three")
    ran = desk.run("close", "1", "2", "3", "1")
    assert ran.status == 79
    assert ran.out.splitlines() == [
        f"{FIRST} (#1) closed successful in Support: one",
        f"{THIRD} (#3) closed successful in Support: three",
    ]
    assert ran.err == f"ticketctl: ticket {SECOND} is locked by bert; `ticketctl steal` takes it over\n"
    assert desk.run("close", "99", "98").status == 66
    assert desk.run("close", "99", "2").status == 1


def test_words_come_from_stdin(desk: Desk) -> None:
    desk.ticket()
    desk.ticket()
    assert desk.run("close", "-", stdin="").status == 0
    ran = desk.run("close", "-", "-o", "ids", stdin=f"1\n#2 {FIRST}\n")
    assert (ran.status, ran.out) == (0, f"{FIRST}\n{SECOND}\n")
    assert desk.run("close", "-", "-F", "-", stdin="1").status == 2


def test_a_word_that_is_a_number_and_an_id_is_ambiguous(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ticket()
    with desk.store.writing(SYSTEM, NOW) as tx:
        tx._connection.exec_driver_sql("INSERT INTO ticket_id (id) VALUES (20261122)")
        tx.change(None, Created(id=20261122, number="12345678", title="by id", queue="Support", state=State.NEW))
        ticket_id, _ = tx.number(tx.policy().desk)
        tx.change(None, Created(id=ticket_id, number="20261122", title="by number", queue="Support", state=State.NEW))
    assert desk.run("show", "20261122").status == 2
    assert desk.run("close", "20261122").status == 2
    assert "by number" in desk.done("show", "number:20261122")
    assert "by id" in desk.done("show", "id:20261122")


def test_dry_run_shows_the_same_and_keeps_nothing(desk: Desk) -> None:
    desk.ticket(owner="bert")
    before = desk.shown(1)
    (value,) = desk.run("-n", "close", "1", "-m", "x", "-o", "json").json
    assert (value["state"], value["dry_run"], value["articles"]) == ("closed successful", True, 2)
    assert desk.done("take", "1", "--dry-run").startswith(f"{FIRST} (#1) would be: new in Support, locked by anna")
    assert desk.shown(1) == before
    assert desk.run("new", "-n", "-Q", "Raw", "--customer", "a@b.test", "--title", "T", "-m", "x").status == 0
    assert desk.run("list", "--all", "-o", "ids").out == f"{FIRST}\n"
    assert desk.run("-n", "list").status == 2


def test_a_rehearsed_reply_shows_what_would_be_sent(desk: Desk) -> None:
    desk.ticket()
    words = ["reply", "1", "-n", "-m", "Mended.", "--no-quote", "-c", "c@x.test", "--pend", "3d"]
    ran = desk.run(*words)
    assert (ran.status, ran.err) == (0, "ticketctl: until Wed 2026-11-25 11:00 CET\n")
    mail, _, line = ran.out.rpartition("\n\n")
    assert line.startswith(f"{FIRST} (#1) would be: pending reminder in Support")
    assert mail == (
        "From: Example Support <support@example.org>\n"
        "To: Emma Jones <emma@shop.test>\n"
        "Cc: c@x.test\n"
        f"Subject: [Ticket#{FIRST}] No dial tone\n"
        "\n"
        "Mended."
    )
    assert desk.run(*words, "-o", "json").json[0]["dry_run"] is True
    assert desk.run(*words, "-q").out == ""
    assert desk.shown(1)["lock"] == "unlocked"
    pended = desk.run("reply", "1", "-m", "x", "--pend", "2d", "-y")
    assert (pended.status, pended.err) == (0, "ticketctl: until Tue 2026-11-24 11:00 CET\n")


def test_quiet_says_nothing_of_what_is_done(desk: Desk) -> None:
    desk.ticket()
    ran = desk.run("take", "1", "-q")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    ran = desk.run("-q", "take", "1")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
