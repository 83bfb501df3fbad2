"""The four automatic answers through the real programs: filter, flush, and a sendmail that keeps what it gets."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from system.home import Home, mail

ALL = """\
auto-reply = "received"
auto-follow-up = "again"
auto-reject = "shut"
auto-new-ticket = "anew"
closed-follow-up = "{closed}"
[templates.again]
kind = "auto"
body = "Your answer on {{{{ ticket.number }}}} is here."
[templates.shut]
kind = "auto"
subject = "Closed"
[templates.shut.body]
en = "Request {{{{ ticket.number }}}} is closed. Please write anew."
fr = "La demande {{{{ ticket.number }}}} est close."
[templates.anew]
kind = "auto"
subject = "A new request"
body = "It has number {{{{ ticket.number }}}}, for {{{{ customer.address }}}}."
"""
TO_SUPPORT = ("--recipient", "support@example.org", "--sender", "carla@customer.test")


def founded(root: Path, program: Callable[[str], list[str]], closed: str, *, desk: str = "") -> Home:
    return Home(root, program, desk=desk or "[desk.auto-limits]\nper-ticket-day = 9\n",
                queue=ALL.format(closed=closed))  # fmt: skip


def flushed(home: Home) -> list[EmailMessage]:
    """What a flush has sent."""
    before = len(home.sent())
    home.run("flush")
    return [message_from_bytes(raw, policy=policy.default) for raw in home.sent()[before:]]  # type: ignore[misc]


def text(message: EmailMessage) -> str:
    return " ".join(message.get_content().split())


def fields(message: EmailMessage) -> dict[str, str]:
    """Every field but those that no two mails have in common."""
    return {name: " ".join(str(value).split()) for name, value in message.items() if name not in ("Date", "Message-ID")}


def of_rfc_3834(number: str) -> dict[str, str]:
    """The fields that the standard asks for, to the author whatever Reply-To says; and no other."""
    return {
        "From": "Example Help Desk <support@example.org>",
        "To": "carla@customer.test",
        "Subject": f"[Ticket#{number}] We have your mail",
        "In-Reply-To": "<1.made.up@customer.test>",
        "References": "<a@x.test> <b@x.test> <1.made.up@customer.test>",
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Ticketctl-Loop": "example.org",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"; format="flowed"',
        "Content-Transfer-Encoding": "7bit",
    }


@pytest.mark.parametrize("closed", ["reject", "new-ticket"])
def test_each_mail_of_a_ticket_has_its_answer(
    tmp_path: Path, program: Callable[[str], list[str]], closed: str
) -> None:
    home = founded(tmp_path, program, closed)
    raw = mail(1, References="<a@x.test> <b@x.test>", Reply_To="x@evil.test")
    number = home.deliver(raw, *TO_SUPPORT)["number"]
    (answer,) = flushed(home)
    assert (fields(answer), text(answer)) == (of_rfc_3834(number), f"Your request has number {number}.")
    (arguments,) = tmp_path.glob("sent/*.arguments")
    assert arguments.read_text() == "-i -f <> -- carla@customer.test\n"
    home.run("reply", number, "-m", "Is it plugged in?", "-y")
    own = message_from_bytes(home.sent()[-1])["Message-ID"]
    follow = {"In_Reply_To": own, "Accept_Language": "de, fr;q=0.5"}
    assert home.deliver(mail(2, **follow), *TO_SUPPORT)["verdict"] == "follow-up"
    (answer,) = flushed(home)
    assert text(answer) == f"Your answer on {number} is here."
    home.run("close", number)
    third = home.deliver(mail(3, **follow), *TO_SUPPORT)
    (answer,) = flushed(home)
    state = home.json("show", number)["state"]
    if closed == "reject":
        assert (third["verdict"], third["number"], state) == ("follow-up", number, "closed successful")
        assert (answer["Subject"], text(answer)) == (
            f"[Ticket#{number}] Closed", f"La demande {number} est close."
        )  # fmt: skip
    else:
        fresh = third["number"]
        assert (third["verdict"], fresh != number, state) == ("new", True, "closed successful")
        assert text(answer) == f"It has number {fresh}, for carla@customer.test."
        assert [link["number"] for link in home.json("show", fresh)["links"]] == [number]


def test_the_breaker_is_seen_everywhere_tells_once_and_is_let_go(
    tmp_path: Path, program: Callable[[str], list[str]]
) -> None:
    desk = "[desk.auto-limits]\ntotal-hour = 1\n"
    home = founded(tmp_path, program, "reject", desk=desk)
    home.run("policy", "set", "agents.admin.email", "ada@example.org")
    for n in range(2):
        sender = f"kim@c{n}.test"
        home.deliver(mail(n, sender=sender), "--recipient", "support@example.org", "--sender", sender)
    left = flushed(home)
    assert [message["To"] for message in left] == ["ada@example.org"]
    assert "outbox release --auto" in left[0].get_content()
    assert "Automatic answers are held" in home.run("status")
    assert [row["class"] for row in home.json("outbox", "list")] == ["auto"]
    assert "auto mail is held by postmaster: 1 automatic answers in an hour; the limit is 1" in home.run(
        "doctor", status=0
    )  # fmt: skip
    home.run("outbox", "release", "--auto")
    assert [message["To"] for message in flushed(home)] == ["kim@c0.test"]
    assert "held" not in home.run("status")
