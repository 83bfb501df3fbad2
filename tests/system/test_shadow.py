"""SHADOW RUN of ticketctl(1) with a real Postfix: the old system gets the mail, the desk a copy, nobody an answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from system.desks import USER, Desk
from system.mailservers import Postfix, Sink, wait_for

pytestmark = pytest.mark.requires("root", "postfix", "smtp-sink", "system-python")

MAIL = b"""\
From: Carla <carla@customer.test>
To: support@tickets.test
Subject: in the shadow
Date: Mon, 02 Nov 2026 10:00:00 +0100
Message-ID: <shadow@customer.test>

The printer prints nothing.
"""


@pytest.fixture(scope="module", params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """Copies are made whatever the desk is kept in."""
    return str(request.param)


def test_the_old_system_gets_the_mail_and_the_desk_a_copy(public: Path, sink: Sink, desk: Desk) -> None:
    desk.apply('unknown-recipient = "default-queue"', support='auto-reply = "got-it"')
    alias = f'desk-shadow: "|{desk.filter("--recipient support@tickets.test")}"\n'
    bcc = "inline:{ { support@tickets.test = desk-shadow@localhost } }"
    main = {"alias_maps": "hash:@ETC@/aliases", "recipient_bcc_maps": bcc}
    with Postfix(public, sink=sink.port, owner=USER, main=main, files={"aliases": alias}) as server:
        server.deliver(MAIL, sender="carla@customer.test", to="support@tickets.test")
        wait_for("the copy", desk.letters)
        wait_for("an empty queue", lambda: not server.queue())
        assert server.log().count("status=sent") == 2
        assert "status=bounced" not in server.log()
    old = [text for text in sink.mails() if "in the shadow" in text]
    assert [text.count("X-Rcpt-Args: <support@tickets.test>") for text in old] == [1]

    [letter] = desk.letters()
    assert (letter["verdict"], letter["recipient"], letter["sender"], letter["kind"]) == (
        "new", "support@tickets.test", "carla@customer.test", "personal",
    )  # fmt: skip
    assert desk.run("flush", "-v") == "mail 1 rendered\n"
    assert desk.run("outbox", "show", "1", "--raw").endswith(f"\nNumber {letter['number']}.\n")
    assert desk.run("outbox", "drop", "--all") == "mail 1 dropped: carla@customer.test\n"
    assert [row["status"] for row in json.loads(desk.run("outbox", "list", "--all", "-o", "json"))] == ["dropped"]
    assert [text for text in sink.mails() if "We have" in text or "Number" in text] == []
