"""A mail of ours that comes back: it finds its ticket by the envelope, agents see it, and the next reply says it."""

from __future__ import annotations

import re

import pytest

from cli.conftest import NOW, Desk, MakeDesk
from ticketctl.intake import Envelope
from ticketctl.receive import receive

EMMA = "emma@shop.test"
LOST = {"recipient": EMMA, "code": "5.1.1", "at": "2026-11-22T10:00:00Z"}


@pytest.fixture
def verp(make_desk: MakeDesk) -> Desk:
    """A desk whose mail system knows a delimiter, with anna's answer on ticket 1."""
    desk = make_desk()
    desk.done("policy", "set", "desk.recipient-delimiter", "+")
    desk.ticket()
    desk.done("reply", "1", "-y", "-m", "It is mended.")
    return desk


def comes_back(desk: Desk, action: str, status: str, *, number: int = 1) -> None:
    """A report to the envelope sender that our last mail had; it names neither our mail nor its recipient."""
    (path, *_) = re.findall(r"-f (\S+) ", (desk.root / "sent.args").read_text().splitlines()[-1])
    raw = (
        f"From: MAILER-DAEMON@mx.shop.test\nTo: {path}\nSubject: Report\nMessage-ID: <r{number}@x>\n"
        "Date: Sun, 22 Nov 2026 11:00:00 +0100\nContent-Type: multipart/report; report-type=delivery-status; "
        "boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.shop.test\n\n"
        f"Final-Recipient: rfc822; box17@inside.shop.test\nAction: {action}\nStatus: {status}\n--b--\n"
    )
    found = receive(desk.store, raw.encode(), Envelope(recipient=path, sender=""), NOW)
    assert (found.decision.verdict, found.ticket) == ("follow-up", 1)


def test_the_envelope_sender_carries_the_token_and_the_bounce_finds_its_article(verp: Desk) -> None:
    assert re.fullmatch(r"-i -f support\+[a-z2-7]{26}@example\.org -- \S+\n", (verp.root / "sent.args").read_text())
    comes_back(verp, "failed", "5.1.1")
    shown = verp.shown(1)["articles"]
    failed = {"recipient": EMMA, "status": "failed", "code": "5.1.1", "permanent": True, "at": "2026-11-22T10:00:00Z"}
    assert [each["deliveries"] for each in shown] == [[], [failed], []]
    assert (shown[2]["kind"], shown[2]["remarks"]) == ("bounce", ["address failed"])
    assert f"failed (5.1.1): {EMMA}" in verp.done("show", "1")
    (mail,) = verp.run("mail", "list", "--all", "-o", "json").json
    assert (mail["kind"], mail["rule"], mail["article"]) == ("bounce", "A1", "1/3")
    assert re.search(r"(?m)^rule +A1$", verp.done("mail", "show", "1"))
    assert "kind bounce: it came from nobody" in verp.done("mail", "explain", "1")


def test_what_came_back_for_good_is_said_before_the_next_reply_and_hinders_nothing(verp: Desk) -> None:
    words = f"ticketctl: mail to {EMMA} came back: 5.1.1, 2026-11-22T10:00:00Z; it may come back again\n"
    assert verp.run("reply", "1", "-y", "-m", "More.", "-n").err == ""
    comes_back(verp, "failed", "5.1.1")
    rehearsed = verp.run("reply", "1", "-y", "-q", "-m", "More.", "-n")
    assert (rehearsed.status, rehearsed.err) == (0, words)
    other = verp.run("reply", "1", "-y", "-m", "More.", "--to", "eve@else.test", "-n", "-o", "json")
    assert (other.err, other.json[0]["undelivered"]) == ("", [])
    verp.ticket(title="Another ticket of hers")
    ran = verp.run("reply", "2", "-y", "-m", "More.", "-o", "json")
    assert (ran.status, ran.err, ran.json[0]["undelivered"]) == (0, words, [LOST])
    again = verp.run("reply", "1", "-y", "-m", "More.", "-o", "json")
    assert again.json[0]["undelivered"] == [LOST]  # as long as nothing has gone out since


def test_what_comes_back_for_a_while_is_no_lost_address(verp: Desk) -> None:
    comes_back(verp, "delayed", "4.4.1")
    late = {"recipient": EMMA, "status": "delayed", "code": "4.4.1", "permanent": False, "at": "2026-11-22T10:00:00Z"}
    assert verp.shown(1)["articles"][1]["deliveries"] == [late]
    assert f"delayed (4.4.1): {EMMA}" in verp.done("show", "1")
    comes_back(verp, "failed", "4.4.7", number=2)
    assert verp.run("reply", "1", "-y", "-m", "More.", "-n").err == ""


def test_mail_that_was_dropped_here_says_nothing_of_the_address(desk: Desk) -> None:
    desk.ticket()
    desk.done("reply", "1", "-y", "-m", "x", "--queue-only")
    desk.done("outbox", "drop", "1")
    assert desk.run("reply", "1", "-y", "-m", "x", "-n").err == ""


def test_an_automatic_answer_that_came_back_is_seen_on_the_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk('[templates.received]\nkind = "auto"\nbody = "We have it."\n')
    desk.done("policy", "set", "queues.Support.auto-reply", "received")
    raw = (
        b"From: emma@shop.test\nTo: support@example.org\nSubject: x\nMessage-ID: <1@shop.test>\nDate: Sun, 22 Nov 2026"
    )
    raw += b" 10:00:00 +0100\n\nHi\n"
    receive(desk.store, raw, Envelope(recipient="support@example.org", sender=EMMA), NOW)
    desk.done("flush")
    assert re.search(rf"Answered +sent: {EMMA}", desk.done("show", "1"))
    (ours,) = re.findall(r"(?mi)^message-id: (<t\S+>)", (desk.root / "sent").read_text())
    bounce = (
        "From: MAILER-DAEMON@mx.shop.test (Mail Delivery System)\nTo: support@example.org\nSubject: failure notice\n"
        "Message-ID: <b@mx.shop.test>\nDate: Sun, 22 Nov 2026 11:00:00 +0100\n\n"
        f"<{EMMA}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\nYour mail was {ours}.\n"
    )
    receive(desk.store, bounce.encode(), Envelope(recipient="support@example.org", sender=""), NOW)
    assert re.search(rf"Answered +failed: {EMMA}", desk.done("show", "1"))
    assert desk.shown(1)["articles"][1]["visible"] is False
