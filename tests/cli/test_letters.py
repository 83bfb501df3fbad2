"""Letters and where they are: on their ticket, which may have moved."""

from __future__ import annotations

from cli.conftest import NOW, Desk, MakeDesk
from ticketctl.intake import Envelope
from ticketctl.receive import receive

MAIL = b"From: emma@shop.test\nTo: support@example.org\nSubject: Help\nMessage-ID: <1@shop.test>\n\nSecret.\n"


def test_a_letter_is_where_its_ticket_is_now(desk: Desk) -> None:
    receive(desk.store, MAIL, Envelope(recipient="support@example.org", sender="emma@shop.test"), NOW)
    seen = ("mail", "list", "--all", "-o", "ids")
    assert desk.done("--as", "bert", *seen) == "1\n"
    desk.done("move", "1", "-Q", "Sales")
    assert desk.done("--as", "bert", *seen) == ""
    for words in (["show", "1"], ["show", "1", "--raw"], ["show", "<1@shop.test>"], ["explain", "1"], ["drop", "1"]):
        ran = desk.run("--as", "bert", "mail", *words)
        assert (ran.status, ran.out, "Secret" in ran.err) == (66, "", False), words
    assert desk.done("mail", "show", "1", "--raw") == MAIL.decode()


def test_a_letter_comes_into_view_with_its_ticket(make_desk: MakeDesk) -> None:
    desk = make_desk('[agents.carl]\nname = "Carl"\n[agents.carl.queues]\nSales = ["rw"]\n')
    receive(desk.store, MAIL, Envelope(recipient="support@example.org", sender="emma@shop.test"), NOW)
    assert desk.run("--as", "carl", "mail", "show", "1").status == 66
    desk.done("move", "1", "-Q", "Sales")
    assert desk.done("--as", "carl", "mail", "list", "--all", "-o", "ids") == "1\n"
    assert desk.done("--as", "carl", "mail", "show", "1", "--raw") == MAIL.decode()
