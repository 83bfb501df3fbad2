"""Held letters and the outbox: seen, placed, dropped, held, released, tried again."""

from __future__ import annotations

import pytest

from cli.conftest import NOW, Desk, MakeDesk
from ticketctl.intake import Envelope
from ticketctl.receive import receive

FIRST = "2026112210000014"
SECOND = "2026112210000023"
REASON = "somebody other than its agent answered a notice to an agent"


def mail(reference: str, *, subject: str = "Re: notice", sender: str = "mallory@else.test") -> bytes:
    return (
        f"From: Mallory <{sender}>\nTo: support@example.org\nSubject: {subject}\n"
        f"Date: Sun, 22 Nov 2026 09:00:00 +0100\nMessage-ID: <held.{subject[-1]}@else.test>\n"
        f"In-Reply-To: {reference}\n\nHello.\n"
    ).encode()


@pytest.fixture
def held(desk: Desk) -> Desk:
    """A desk with ticket 1 and mail 1 held: somebody else answered the notice to bert."""
    desk.ticket(owner="bert", locked=True)
    desk.done("steal", "1")
    with desk.store.reading() as tx:
        notice = tx.outbox()[0]
    envelope = Envelope(recipient="support@example.org", sender="mallory@else.test")
    received = receive(desk.store, mail(notice.message_id), envelope, NOW)
    assert received.decision.verdict == "held"
    return desk


def test_held_letters_are_listed_shown_and_explained(held: Desk) -> None:
    (value,) = held.run("mail", "list", "-o", "json").json
    assert (value["id"], value["verdict"], value["number"], value["article"]) == (1, "held", None, None)
    assert value["from"] == {"address": "mallory@else.test", "name": "Mallory"}
    assert held.run("mail", "show", "1", "-o", "json").json == value
    assert held.run("mail", "show", "<held.e@else.test>", "-o", "json").json == value
    assert "somebody other than its agent" in held.done("mail", "show", "1")
    told = held.done("mail", "explain", "1").splitlines()
    assert told[0] == "How it came"
    assert told[-2:] == [
        "  -> held until somebody decides: somebody other than its agent answered a notice to an agent; exit status 0",
        "=> held, queue Support, kind personal: mail 1",
    ]
    assert held.done("mail", "show", "1", "--raw").startswith("From: Mallory <mallory@else.test>\n")
    assert held.done("mail", "list", "-o", "ids") == "1\n"
    assert "held" in held.done("status", "--short")


def test_a_held_letter_becomes_a_ticket_by_hand(held: Desk) -> None:
    rehearsed = held.run("mail", "accept", "1", "-Q", "Sales", "-n", "-o", "json").json
    assert (rehearsed[0]["verdict"], rehearsed[0]["dry_run"]) == ("new", True)
    assert held.done("list", "--all", "queue:Sales") == ""
    out = held.done("mail", "accept", "1", "-Q", "Sales")
    assert out == f"mail 1 new, article 2/1 of {SECOND}\n"
    assert held.shown(2)["queue"] == "Sales"
    assert held.done("mail", "list") == ""
    assert held.run("mail", "accept", "1", "-Q", "Sales").status == 65


def test_a_held_letter_becomes_an_article_by_hand(held: Desk) -> None:
    assert held.done("mail", "accept", "1", "--ticket", "1") == f"mail 1 follow-up, article 1/2 of {FIRST}\n"
    assert held.history(1)[-1] == "anna ArticleAdded"


def test_retry_lets_it_through_intake_again(held: Desk) -> None:
    ran = held.run("mail", "retry", "1")
    assert (ran.status, ran.out) == (0, f"mail 1 held: {REASON}\n")
    assert held.run("mail", "show", "1", "-o", "json").json["why"][-1] == "tried again by anna"
    assert "somebody other than its agent" in held.done("mail", "show", "1")


def test_drop_keeps_the_letter(held: Desk) -> None:
    assert held.done("mail", "drop", "1") == "mail 1 dropped\n"
    assert held.done("mail", "list") == ""
    assert held.run("mail", "list", "--all", "-o", "json").json[0]["verdict"] == "dropped"
    assert held.run("mail", "drop", "1").status == 65


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["show", "9"], 66),
        (["show", "nonsense"], 2),
        (["show", "<no@where>"], 66),
        (["accept", "1"], 2),
        (["accept", "1", "-Q", "Nope"], 66),
        (["accept", "1", "--ticket", "9"], 66),
        (["accept", "1", "-Q", "Raw", "--ticket", "1"], 2),
        (["retry", "9"], 66),
        (["nonsense"], 2),
    ],
)
def test_mail_refuses(held: Desk, words: list[str], status: int) -> None:
    assert held.run("mail", *words).status == status
    assert held.done("mail", "list", "-o", "ids") == "1\n"


def test_letters_of_other_queues_are_not_there(make_desk: MakeDesk) -> None:
    desk = make_desk('[agents.carl]\nname = "Carl"\n[agents.carl.queues]\nSales = ["rw"]\nSupport = ["ro"]\n')
    receive(desk.store, mail("<x@y>", subject="new"), Envelope(recipient="support@example.org", sender=""), NOW)
    assert desk.done("--as", "carl", "mail", "list", "--all") == ""
    assert desk.run("--as", "carl", "mail", "show", "1").err == desk.run("mail", "show", "9").err.replace("9", "1")
    assert desk.done("--as", "bert", "mail", "list", "--all", "-o", "ids") == "1\n"


@pytest.fixture
def owing(desk: Desk) -> Desk:
    """A desk that owes a mail of bert's, number 1, and one of anna's, number 2."""
    for agent in ("bert", "anna"):
        made = ["new", "-Q", "Support", "--customer", "b@x.test", "--title", agent, "--channel", "email", "-m", "Hi"]
        desk.done("--as", agent, *made, "--queue-only")
    return desk


def test_the_outbox_is_ones_own_and_an_admins_is_all(owing: Desk) -> None:
    assert owing.done("outbox", "list", "-o", "ids") == "1\n2\n"
    assert owing.done("--as", "bert", "outbox", "list", "-o", "ids") == "1\n"
    assert "subject     [Ticket#" in owing.done("--as", "bert", "outbox", "show", "2")  # he may read its ticket
    owing.done("move", "2", "-Q", "Sales")
    assert owing.run("--as", "bert", "outbox", "show", "2").status == 66
    assert owing.run("--as", "bert", "outbox", "drop", "2").status == 66
    (first, _) = owing.run("outbox", "list", "-o", "json").json
    assert first == {
        "id": 1, "created": "2026-11-22T10:00:00Z", "class": "agent", "status": "owed", "number": FIRST,
        "recipients": ["b@x.test"], "subject": f"[Ticket#{FIRST}] bert", "tries": 0,
        "next_try": "2026-11-22T10:00:00Z", "last_error": None,
    }  # fmt: skip
    assert "Hi" in owing.done("outbox", "show", "1", "--raw")


def test_hold_release_retry_drop(owing: Desk) -> None:
    assert owing.done("outbox", "hold", "1") == "mail 1 held: b@x.test\n"
    owing.done("flush")
    assert (owing.root / "sent.args").read_text().count("\n") == 1
    assert owing.done("outbox", "release", "1") == "mail 1 owed: b@x.test\n"
    assert owing.done("outbox", "retry", "1", "--to", "c@x.test") == "mail 1 owed: c@x.test\n"
    owing.done("flush")
    assert "c@x.test" in (owing.root / "sent.args").read_text()
    assert owing.run("outbox", "drop", "1").status == 65
    assert owing.run("outbox", "retry", "1", "--to", "-oX").status in (2, 65)


def test_mails_are_named_on_stdin_too(owing: Desk) -> None:
    owed = owing.done("outbox", "list", "-o", "ids")
    assert owing.done("outbox", "hold", "-", stdin=owed) == "mail 1 held: b@x.test\nmail 2 held: b@x.test\n"
    assert owing.done("outbox", "release", "-", stdin="2") == "mail 2 owed: b@x.test\n"
    assert owing.done("outbox", "drop", "-", stdin="") == ""
    for word in ("x", "0", "-1", str(2**31)):
        assert owing.run("outbox", "drop", "--", word).status == 2, word


def test_letters_are_named_on_stdin_too(held: Desk) -> None:
    assert held.done("mail", "retry", "-", stdin=held.done("mail", "list", "-o", "ids")) == f"mail 1 held: {REASON}\n"
    assert held.done("mail", "drop", "-", stdin="1\n") == "mail 1 dropped\n"


def test_drop_marks_the_article_never_sent(owing: Desk) -> None:
    assert owing.done("outbox", "drop", "2", "-n").startswith("mail 2 would be dropped")
    assert owing.done("outbox", "drop", "2") == "mail 2 dropped: b@x.test\n"
    assert owing.shown(2)["articles"][0]["deliveries"][0]["status"] == "failed"
    assert owing.done("outbox", "list", "-o", "ids") == "1\n"


def test_a_brake_stops_a_class_of_mail(owing: Desk) -> None:
    assert owing.run("--as", "bert", "outbox", "hold", "--all").status == 77
    owing.done("outbox", "hold", "--all")
    owing.done("flush")
    assert not (owing.root / "sent").exists()
    line = "All mail is held (by hand): ticketctl outbox release --all\n"
    assert owing.run("outbox", "list").err == f"ticketctl: {line}"
    assert owing.done("status").startswith(line)
    owing.done("outbox", "hold", "--auto")
    assert "\nAutomatic answers are held (by hand): ticketctl outbox release --auto\n" in owing.done("status")
    assert owing.done("status", "-q", "-o", "json").count("held") == 1
    owing.done("outbox", "release", "--all")
    owing.done("flush")
    assert (owing.root / "sent.args").read_text().count("\n") == 2
    assert owing.run("outbox", "hold").status == 2
    assert owing.run("outbox", "hold", "1", "--auto").status == 2


def test_flush_is_silent_when_all_is_well_and_69_where_nothing_can_be_sent(owing: Desk) -> None:
    rehearsed = owing.run("flush", "-n", "-o", "json").json
    assert [each["became"] for each in rehearsed] == ["rendered", "rendered"]
    ran = owing.run("flush")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert owing.done("outbox", "list") == ""
    made = ["new", "-Q", "Raw", "--customer", "b@x.test", "--title", "T", "--channel", "email", "-m", "x"]
    owing.done(*made, "--queue-only")
    (owing.root / "sendmail").unlink()
    assert owing.run("flush").status == 69
