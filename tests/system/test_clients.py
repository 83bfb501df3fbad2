"""Mail programs answer a real mail of ours, and what they send comes back to its ticket."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from system.clients import CLIENTS, TEXT, Mailbox
from system.home import Home, mail
from ticketctl.intake.evidence import numbers
from ticketctl.letter import read
from ticketctl.policy import Policy
from ticketctl.policy.value import Desk as DeskSettings

SHORT = "Drücker brennt, ça presse"
LONG = "Der Drücker im zweiten Stock brennt schon wieder lichterloh, " * 4
DESKS = {"subject not in ASCII": ("", SHORT), "long subject, tagged address": ('recipient-delimiter = "+"', LONG)}


class Sent(NamedTuple):
    """A desk, its ticket's number, and the mail that Carla got on it."""

    home: Home
    number: str
    mail: bytes


@pytest.fixture(scope="module", params=DESKS)
def sent(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, program) -> Sent:  # type: ignore[no-untyped-def]
    settings, subject = DESKS[request.param]
    home = Home(tmp_path_factory.mktemp("desk"), program, desk=settings)
    number = home.deliver(mail(subject=subject), "--recipient", "support@example.org")["number"]
    home.run("--as", "agent1", "reply", number, "-m", "We look into it.", "-y", "--queue-only")
    home.run("flush")
    return Sent(home, number, home.sent()[-1])


@pytest.mark.requires(*CLIENTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_what_people_answer_with_comes_back_to_its_ticket(sent: Sent, client: str, tmp_path: Path) -> None:
    answer = Mailbox(tmp_path / "home", sent.mail).answer(client)
    ours = [each for each in recipients(answer) if each.startswith("support")]
    results = [sent.home.deliver(answer, "--recipient", each) for each in ours]
    assert {(each["verdict"], each["number"]) for each in results} <= {
        ("follow-up", sent.number), ("duplicate", sent.number)
    }  # fmt: skip
    assert results[0]["verdict"] == "follow-up"
    assert len({each["article"] for each in results}) == 1, "one mail to two of our addresses is one article"
    letter = read(answer)
    assert TEXT in letter.text
    assert letter.in_reply_to == (read(sent.mail).message_id,)
    # people's evidence, too: every program keeps the mark in front, where none cuts it off
    assert numbers(letter.subject, Policy(desk=DeskSettings(name="x", domain="example.org"))) == [sent.number]


def recipients(answer: bytes) -> list[str]:
    letter = read(answer)
    return list(dict.fromkeys(re.sub(r"^<|>$", "", each.address or "") for each in (*letter.to, *letter.cc)))
