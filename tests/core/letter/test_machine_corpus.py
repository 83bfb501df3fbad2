"""Real mail of other projects: what machines wrote is recognised, and people are left alone.

The collection is no part of this repository (TICKETCTL_CORPUS, else ../shared/mail); without it these are skipped.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from ticketctl.letter import kind, read
from ticketctl.letter.value import Judgement, Letter, Ours
from ticketctl.ticket import Kind

CORPUS = Path(os.environ.get("TICKETCTL_CORPUS") or Path(__file__).resolve().parents[3].parent / "shared" / "mail")
NO_MAIL = frozenset(("README.md", "machine.txt", "hostile.py"))
A_MACHINES_TOO = frozenset(("mime-tools/badbound.msg",))  # a bounce, though machine.txt does not list it
REPORTS = (Kind.BOUNCE, Kind.MDN, Kind.FEEDBACK)
# Fields that only programs write (RFC 3834, 2369, 2919, 6522; Precedence): by these a mail is not a person's.
MARKS = (
    "auto-submitted",
    "precedence",
    "x-precedence",
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "mailing-list",
    "x-mailman-version",
    "x-failed-recipients",
)

pytestmark = pytest.mark.requires("corpus")


@pytest.fixture(scope="module")
def machine() -> frozenset[str]:
    return frozenset((CORPUS / "machine.txt").read_text().split())


@pytest.fixture(scope="module")
def mails() -> dict[str, tuple[Letter, Judgement]]:
    found = {}
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and path.name not in NO_MAIL and "LICENSE" not in path.name:
            letter = read(path.read_bytes())
            judgement = kind.judge(letter, sender=None, recipient=None, ours=Ours())
            found[path.relative_to(CORPUS).as_posix()] = (letter, judgement)
    return found


def is_report(letter: Letter) -> bool:
    return bool(letter.parts) and letter.parts[0].content_type == "multipart/report"


def is_null(letter: Letter) -> bool:
    return letter.return_path == "" or (letter.return_path is None and letter.envelope_from == "")


def test_of_the_mail_that_machines_wrote_99_in_100_is_recognised(
    machine: frozenset[str], mails: dict[str, tuple[Letter, Judgement]]
) -> None:
    judged = {name: mails[name][1] for name in machine}
    missed = sorted(name for name, judgement in judged.items() if judgement.kind is Kind.PERSONAL)
    print(f"\nmachine's: {len(judged) - len(missed)} of {len(judged)} recognised; missed: {missed}")
    print("by row:", dict(sorted(Counter(str(judgement.rule) for judgement in judged.values()).items())))
    print("by kind:", dict(sorted(Counter(judgement.kind.value for judgement in judged.values()).items())))
    assert len(missed) * 100 <= len(judged)


def test_every_multipart_report_and_every_null_sender_is_recognised(mails: dict[str, tuple[Letter, Judgement]]) -> None:
    wrong = [name for name, (letter, judgement) in mails.items() if is_report(letter) and judgement.kind not in REPORTS]
    wrong += [name for name, (letter, judgement) in mails.items() if is_null(letter) and judgement.rule != "A1"]
    assert wrong == []


def test_of_the_other_mail_at_most_1_in_200_is_taken_for_a_machines(
    machine: frozenset[str], mails: dict[str, tuple[Letter, Judgement]]
) -> None:
    others = {name: mail for name, mail in mails.items() if name not in machine | A_MACHINES_TOO}
    people = {
        name: judgement
        for name, (letter, judgement) in others.items()
        if not is_report(letter) and not is_null(letter) and not any(letter.first(mark) for mark in MARKS)
    }
    wrong = {name: judgement.rule for name, judgement in people.items() if judgement.kind is not Kind.PERSONAL}
    print(f"\nothers: {len(others)}, of them people's: {len(people)}, taken for a machine's: {wrong}")
    assert len(people) > 300
    assert len(wrong) * 200 <= len(people)


def test_most_real_bounces_name_a_recipient_a_status_and_the_mail_that_came_back(
    mails: dict[str, tuple[Letter, Judgement]],
) -> None:
    bounces = [letter for letter, judgement in mails.values() if judgement.kind is Kind.BOUNCE]
    named = sum(1 for letter in bounces if any(report.recipient for report in letter.reports))
    coded = sum(1 for letter in bounces if any(report.status for report in letter.reports))
    returned = sum(1 for letter in bounces if letter.returned_ids)
    print(f"\nbounces: {len(bounces)}; with recipient {named}, with status {coded}, with the id of our mail {returned}")
    assert named >= 0.95 * len(bounces)
    assert coded >= 0.8 * len(bounces)
    assert returned >= 0.83 * len(bounces)
