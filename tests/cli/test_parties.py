"""Who belongs to a ticket: shown by `show`, changed by `accept`, `customer set` and `new --cc`."""

from __future__ import annotations

import pytest

from cli.conftest import NOW, Desk, MakeDesk
from ticketctl.intake import Envelope
from ticketctl.receive import Received, receive

LEE = "lee@vendor.test"


def letter(n: int, sender: str, subject: str = "Printer", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    head = f"From: {sender}\nTo: support@example.org\nSubject: {subject}\nMessage-ID: <{n}@out.test>\n{more}"
    return f"{head}Date: Sun, 22 Nov 2026 09:00:00 +0000\n\nSaid in mail {n}.\n".encode()


def came(desk: Desk, mail: bytes) -> Received:
    return receive(desk.store, mail, Envelope(recipient="support@example.org"), NOW)


def people(desk: Desk) -> dict[str, str]:
    return {each["address"]: each["role"] for each in desk.shown(1)["parties"]}


def ours(desk: Desk, n: int) -> str:
    """The Message-ID of an article of ours."""
    return str(desk.shown(1)["articles"][n - 1]["message_id"])


def asked(desk: Desk) -> str:
    """A ticket, and an answer on it, whose Message-ID somebody else gets to know."""
    came(desk, letter(1, "Emma <emma@shop.test>", Cc="Boss <Boss@Shop.test>, anna@example.org, support@example.org"))
    desk.done("reply", "1", "-m", "We look into it.", "-y")
    return ours(desk, 2)


def test_show_heads_a_ticket_with_its_people(desk: Desk) -> None:
    token = asked(desk)
    came(desk, letter(2, LEE, In_Reply_To=token))
    desk.done("reply", "1", "-m", "Lee?", "-y", "--to", "max@vendor.test")
    assert people(desk) == {
        "emma@shop.test": "customer", "boss@shop.test": "accepted", "max@vendor.test": "mailed", LEE: "third party",
    }  # fmt: skip
    page = desk.done("show", "1")
    assert "Parties    boss@shop.test (accepted), max@vendor.test (mailed)\n" in page
    assert f"Outsiders  {LEE} (third party)\n" in page


def test_what_an_accepted_third_party_writes_is_a_follow_up_and_what_they_wrote_stays_inside(desk: Desk) -> None:
    token = asked(desk)
    came(desk, letter(2, LEE, In_Reply_To=token))
    desk.done("close", "1")
    line = desk.done("accept", "1", "Lee <LEE@vendor.test>")
    assert line.endswith("closed successful in Support, owned by anna: Printer\n")
    assert people(desk)[LEE] == "accepted"
    came(desk, letter(3, LEE, In_Reply_To=token))
    shown = desk.shown(1)
    assert [(each["visible"], each["remarks"]) for each in shown["articles"][2:]] == [
        (False, ["third party"]), (True, [])
    ]  # fmt: skip
    assert shown["state"] == "open"
    assert f"{LEE} accepted as a party" in desk.done("history", "1")
    again = desk.run("accept", "1", LEE)
    assert (again.status, "is a party of ticket" in again.err) == (0, True)
    assert desk.history(1).count("anna PartyAccepted") == 1


@pytest.mark.parametrize(
    ("address", "status"), [("bert@example.org", 65), ("Support@example.org", 65), ("nobody", 65), ("a@b, c@d", 65)]
)
def test_no_agent_no_address_of_ours_and_no_nonsense_is_accepted(desk: Desk, address: str, status: int) -> None:
    desk.ticket()
    before = desk.history(1)
    assert desk.run("accept", "1", address).status == status
    assert desk.history(1) == before


@pytest.mark.parametrize("words", [("accept", "1", LEE), ("customer", "set", "1", LEE)])
def test_another_agents_lock_is_in_the_way_and_a_rehearsal_changes_nothing(desk: Desk, words: tuple[str, ...]) -> None:
    desk.ticket(owner="bert", locked=True)
    assert desk.run(*words).status == 79
    desk.done("steal", "1")
    before = desk.history(1)
    assert "would be: " in desk.done(*words, "-n")
    assert desk.history(1) == before


def test_another_customer_is_answered_and_the_one_of_before_stands_outside(desk: Desk) -> None:
    came(desk, letter(1, "Emma <emma@shop.test>"))
    desk.done("customer", "set", "1", "Boss <boss@shop.test>", "-m", "She wrote for him.")
    assert people(desk) == {"boss@shop.test": "customer", "emma@shop.test": "third party"}
    assert desk.history(1)[-2:] == ["anna ArticleAdded", "anna CustomerSet"]
    desk.done("reply", "1", "-m", "To him", "-y")
    sent = (desk.root / "sent").read_text()
    assert "\nTo: Boss <boss@shop.test>\n" in sent
    again = desk.run("customer", "set", "1", "Boss <boss@shop.test>")
    assert (again.status, "already" in again.err) == (0, True)
    assert desk.run("customer", "set", "1", "support@example.org").status == 65


def test_new_names_who_else_may_write(desk: Desk) -> None:
    desk.done("new", "-Q", "Support", "--customer", "emma@shop.test", "--title", "T", "-m", "x", "-c", LEE, "-c",
              "Anna Martin <anna@example.org>", "-c", "emma@shop.test", "--channel", "email")  # fmt: skip
    assert people(desk) == {"emma@shop.test": "customer", LEE: "accepted"}
    assert f"\nTo: emma@shop.test\nCc: {LEE},\n Anna Martin <anna@example.org>\n" in (desk.root / "sent").read_text()
    found = came(desk, letter(2, LEE, In_Reply_To=ours(desk, 1)))
    assert found.decision.article is not None
    assert (found.decision.verdict, found.decision.article.visible) == ("follow-up", True)
    assert desk.run("new", "-Q", "Support", "--customer", "e@x.test", "--title", "T", "-m", "x", "-c",
                    "support@example.org").status == 65  # fmt: skip


def test_a_call_may_have_others_too_and_nobody_is_written_to(desk: Desk) -> None:
    desk.done("new", "-Q", "Support", "--customer", "emma@shop.test", "--title", "T", "-m", "x", "--cc", LEE)
    assert people(desk) == {"emma@shop.test": "customer", LEE: "accepted"}
    assert not (desk.root / "sent").exists()


HELLO = '[templates.hello]\nkind = "salutation"\nbody = "Hello {{ customer.name or customer.address }},"\n'


def test_who_is_outside_gets_back_what_they_wrote_and_nothing_of_others(make_desk: MakeDesk) -> None:
    desk = make_desk(HELLO)
    desk.done("policy", "set", "queues.Support.salutation", "hello")
    token = asked(desk)
    came(desk, letter(2, f"Lee <{LEE}>", "Spare part 4711", In_Reply_To=token))
    desk.done("note", "1", "-m", "Secret of the house")
    (desk.root / "sent").unlink()
    desk.done("reply", "1", "-m", "When?", "-y", "--to", LEE)
    sent = (desk.root / "sent").read_text()
    head, _, body = sent.partition("\n\n")
    assert "> Said in mail 2." in body
    assert "Subject: [Ticket#" in head
    assert "Spare part 4711" in head
    assert "In-Reply-To: <2@out.test>" in head
    for secret in ("Said in mail 1", "Secret", "We look into it", "Emma", "emma", "boss", "Boss", "<1@out.test>"):
        assert secret not in sent, secret
    (desk.root / "sent").unlink()
    desk.done("reply", "1", "-m", "A new one", "-y", "--to", "zoe@else.test")
    sent = (desk.root / "sent").read_text()
    assert "In-Reply-To" not in sent
    for secret in ("Said in mail", "Lee", "lee@", "emma", token, "out.test"):
        assert secret not in sent, secret
