"""Mail of makes, languages and people: made-up, in machines.txt and people.txt beside this, read as a table.

They were written in three lots before the rules met them, and the rules mended after each. What was made of them at
first (without an envelope 186 of 228, 58 of 81 and 42 of 48 machines' recognised; 4 of 154, 7 of 60 and 1 of 44
people's taken for a machine's) tells more of mail that nobody has seen than what the rules make of them now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ticketctl.letter import kind, read
from ticketctl.letter.value import Judgement, Ours
from ticketctl.ticket import Kind

OURS = Ours(addresses=frozenset({"support@desk.example"}), domain="desk.example", delimiter="+")
USUAL = (
    ("To", "support@desk.example"),
    ("Date", "Tue, 4 Mar 2025 10:00:00 +0100"),
    ("Message-ID", "<1@kunde.example>"),
)
REPORTS = (Kind.BOUNCE, Kind.MDN, Kind.FEEDBACK)
# What these say a person could say, too.
UNKNOWN_YET = frozenset(
    ("auto Wordpress", "auto Synology", "bounce Symantec Cloud", "auto Statping", "mdn Notes, German, delivered")
)
MISTAKEN_YET = frozenset(("out, and a colon",))  # word for word as Exchange begins


def mails(name: str) -> Iterator[tuple[str, bytes]]:
    """(title, mail) of each; a mail without one of the usual fields gets it."""
    for chunk in re.split(r"(?m)^%% ", Path(__file__).with_name(name).read_text())[1:]:
        title, mail = chunk.split("\n", 1)
        head = mail.split("\n\n", 1)[0]
        missing = [f"{field}: {value}\n" for field, value in USUAL if not re.search(rf"(?mi)^{field}:", head)]
        yield title, ("".join(missing) + mail).encode()


MACHINES, PEOPLE = list(mails("machines.txt")), list(mails("people.txt"))


def judged(mail: bytes, sender: str | None) -> Judgement:
    return kind.judge(read(mail), sender=sender, recipient="support@desk.example", ours=OURS)


@pytest.mark.parametrize(("title", "mail"), MACHINES, ids=[title for title, _ in MACHINES])
def test_a_machines_mail_is_known_without_any_envelope(title: str, mail: bytes) -> None:
    expected = title.split(" ", 1)[0]
    found = judged(mail, None)
    assert found.kind.value == ("personal" if title in UNKNOWN_YET else expected)
    assert (found.rule is None) == (title in UNKNOWN_YET)


@pytest.mark.parametrize(("title", "mail"), MACHINES, ids=[title for title, _ in MACHINES])
def test_with_the_null_sender_every_machines_mail_is_silenced_by_a1(title: str, mail: bytes) -> None:
    found = judged(mail, "")
    assert found.rule == "A1"
    if title.startswith(("bounce ", "mdn ", "feedback ")) and title not in UNKNOWN_YET:
        assert found.kind.value == title.split(" ", 1)[0]
    else:
        assert found.kind is Kind.AUTO or found.kind in REPORTS


@pytest.mark.parametrize(("title", "mail"), PEOPLE, ids=[title for title, _ in PEOPLE])
def test_a_persons_mail_that_looks_like_a_machines_stays_personal(title: str, mail: bytes) -> None:
    letter = read(mail)
    expected = (Kind.AUTO, "A11") if title in MISTAKEN_YET else (Kind.PERSONAL, None)
    for sender in (None, letter.author.address):
        found = judged(mail, sender)
        assert (found.kind, found.rule) == expected


def test_there_are_enough_of_each() -> None:
    assert len(MACHINES) >= 300
    assert len(PEOPLE) >= 200
    assert len({title for title, _ in MACHINES}) == len(MACHINES)
    assert len({title for title, _ in PEOPLE}) == len(PEOPLE)
