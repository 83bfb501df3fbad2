"""The story of a letter, whole: twelve mails as they come, each with the page that a postmaster reads.

The mails and their stories stand in stories.txt; what the desk knows, and how each came, stands here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import CORPUS
from core.intake.desk import CUSTOMER, NOW, NUMBER, known, policy, ticket
from ticketctl import letter
from ticketctl.intake import Counts, Envelope, Known, Twin, bounded, decide, ours, route
from ticketctl.intake.story import Outcome, Step, plain_story, story
from ticketctl.intake.trail import WHY_LIMIT
from ticketctl.page import step_value, story_page
from ticketctl.page.safe import unsafe
from ticketctl.ticket import State

TO_SUPPORT = Envelope(recipient="support@example.org", sender=CUSTOMER)
FOREIGN = Envelope(recipient="support@example.org", sender="stranger@elsewhere.test")
STORIES = {
    name.strip(): tuple(text.strip("\n") for text in rest.split("--- story\n"))
    for name, _, rest in (
        each.partition("\n")
        for each in Path(__file__).with_name("stories.txt").read_text(encoding="utf-8").split("=== ")[1:]
    )
}

# name of the story: what the desk knows, how the mail came, keys of the policy's [desk]
ASKED: dict[str, tuple[Known, Envelope, dict[str, Any]]] = {
    "a first mail": (known(), TO_SUPPORT, {}),
    "nobody said for whom": (known(), Envelope(sender=CUSTOMER), {}),
    "a follow-up to a closed ticket": (
        known(ticket=ticket(state=State.CLOSED_SUCCESSFUL, owner="anna")), TO_SUPPORT, {},
    ),
    "a third party with our token": (known(), FOREIGN, {}),
    "a stranger by number": (known(), FOREIGN, {}),
    "an agent answers a notice": (
        known(), Envelope(recipient="support@example.org", sender="anna@example.org"), {},
    ),
    "somebody else answers a notice": (known(), FOREIGN, {}),
    "a bounce": (known(), Envelope(recipient="support@example.org", sender=""), {}),
    "a vacation mail": (known(), TO_SUPPORT, {}),
    "too many answers": (known(answered_today=1, counts=Counts(address_hour=3, total_hour=200)), TO_SUPPORT, {}),
    "the same mail again": (known(again=Twin(mail=7, queue="Support", ticket=1, n=2)), TO_SUPPORT, {}),
    "an unknown recipient": (
        known(), Envelope(recipient="nobody@example.org", sender=CUSTOMER), {"unknown_recipient": "reject"},
    ),
    "trusted headers": (known(), Envelope(recipient="support@example.org", sender=CUSTOMER, trust=True), {}),
    "hostile headers": (known(), FOREIGN, {}),
}  # fmt: skip


def told(raw: bytes, knows: Known, envelope: Envelope, **desk: Any) -> tuple[Step, ...]:
    """The story of these bytes, as `--explain` tells it."""
    read, under = letter.read(raw), policy(**desk)
    way = route(read, envelope, under)
    judged = letter.judge(read, sender=envelope.sender, recipient=envelope.recipient, ours=ours(under))
    made = decide(read, envelope, way, judged, knows, under, NOW)
    outcome = Outcome(
        verdict=made.verdict, queue=made.queue, kind=made.kind.value, content="c0ffee", rule=made.rule,
        silence=made.silence, why=made.why, held=made.held,
        number=None if made.ticket is None else knows.tickets[made.ticket].ticket.number,
        status=67 if made.verdict == "refused" else 0,
    )  # fmt: skip
    return story(read, envelope, under, outcome, ours(under))


@pytest.mark.parametrize("name", STORIES)
def test_the_story_of_a_mail(name):
    mail, page = STORIES[name]
    knows, envelope, desk = ASKED[name]
    steps = told(mail.encode() + b"\n", knows, envelope, **desk)
    assert story_page(map(step_value, steps), "end") == f"{page}\n=> end\n"


@pytest.mark.parametrize(
    ("action", "status", "line"),
    [
        ("delayed", "4.4.1", "late: carla@customer.test 4.4.1, a mail server still tries"),
        ("delivered", "2.0.0", "delivered: carla@customer.test"),
    ],
)
def test_a_delay_and_a_late_delivery_are_told_too(action, status, line):
    mail = STORIES["a bounce"][0].replace("Action: failed", f"Action: {action}").replace("5.1.1", status)
    steps = told(mail.encode() + b"\n", *ASKED["a bounce"][:2])
    assert Step(step="change", decided=line) in steps


def test_every_story_has_its_page():
    assert set(STORIES) == set(ASKED)


# -- what was stored before ---------------------------------------------------------------------------------------

OLD = Outcome(
    verdict="follow-up", queue="Support", kind="personal", content="c0ffee", number="2026112210000014",
    article="1/2", silence=("A17",), why=(
        "queue Support: envelope recipient support@example.org",
        "kind personal",
        "ticket 2026112210000014: id in In-Reply-To",
        "sender is a party: a follow-up",
        "belongs to anna",
        "no answer: the queue has no such answer, the sender is an agent, or the ticket is closed (A17)",
        "a sentence of another version",
    ),
)  # fmt: skip


def test_what_was_stored_before_evidence_was_is_told_as_far_as_it_goes():
    raw = f"From: {CUSTOMER}\nTo: support@example.org\nSubject: Re: x\nIn-Reply-To: <a@b.test>\n\n.\n".encode()
    steps = story(letter.read(raw), TO_SUPPORT, policy(), OLD, ours(policy()))
    assert [step for step in steps if step.step not in ("came", "read", "queue", "kind", "seen")] == [
        Step(step="ticket", tried="In-Reply-To a@b.test", found="not recorded"),
        Step(step="ticket", decided="ticket 2026112210000014: id in In-Reply-To"),
        Step(step="ticket", decided="sender is a party: a follow-up"),
        Step(step="change", decided="belongs to anna"),
        Step(step="answer", tried="A17",
             found="the queue has no such answer, the sender is an agent, or the ticket is closed"),
        Step(step="answer", decided="no answer"),
        Step(step="verdict", decided="a sentence of another version"),
        Step(step="verdict", decided="an article on ticket 2026112210000014; exit status 0"),
    ]  # fmt: skip


def test_a_letter_that_cannot_be_read_again_is_told_from_what_was_stored():
    steps = plain_story(OLD)
    assert [step.step for step in steps] == [
        "queue", "kind", "ticket", "ticket", "change", "answer", "verdict", "verdict",
    ]  # fmt: skip
    assert {step.decided for step in steps[:-1]} == set(OLD.why)


# -- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["x" * 300, "\u20ac" * 5000, "y"])
def test_the_reasons_that_are_stored_are_bounded_and_end_with_what_decided(line):
    lines = [f"{n} {line}" for n in range(2000)] + ["held: the last one"]
    kept = bounded(lines)
    assert sum(len(each.encode()) for each in kept) <= WHY_LIMIT
    assert kept[-1] == "held: the last one"
    assert kept[-2] == f"and {2000 - len(kept[:-2])} reasons more"
    assert bounded(lines[:2]) == tuple(each if len(each) < 400 else f"{each[:397]}..." for each in lines[:2])
    assert bounded([]) == ("",)


def test_what_is_found_by_twenty_references_is_told_in_a_few_lines():
    ids = {f"m{n}@customer.test": (1, "Support") for n in range(30)}
    raw = (
        f"From: {CUSTOMER}\nTo: support@example.org\nSubject: x\nReferences: "
        + " ".join(f"<{each}>" for each in ids) + "\nIn-Reply-To: <m1@customer.test>\n\n.\n"
    ).encode()  # fmt: skip
    steps = told(raw, known(ids=ids), TO_SUPPORT)
    tried = [step for step in steps if step.step == "ticket" and step.tried and "@customer.test" in step.tried]
    assert len(tried) == 22
    assert [bool(step.found) for step in tried] == [True] * 22


def test_no_story_begins_with_what_a_mail_system_takes_for_a_status():
    raw = b"From: 5.1.1 <a@b.test>\nSubject: 5.7.1 no\nX-Ticketctl-Queue: 4.2.0\n\n5.0.0\n"
    page = story_page(map(step_value, told(raw, known(), Envelope(recipient="5.1.1 x"))), "end")
    assert page.startswith("How it came\n")
    assert story_page([], "x") == "Story\n=> x\n"


# -- whatever comes -----------------------------------------------------------------------------------------------

NAMES = ["From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References", "Return-Path", "Delivered-To",
         "Auto-Submitted", "List-Id", "X-Ticketctl-Queue", "X-Spam-Flag", "Content-Type", "", "\x1b"]  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from([
        f"<t.abcdefghijklmnopqrstuvwxyz.{NUMBER}@example.org>", f"[Ticket#{NUMBER}]", "support@example.org", CUSTOMER,
        "<>", "multipart/report; boundary=b", "auto-replied", "x" * 3000, "=?utf-8?q?=0A?=",
        "<first@customer.test> " * 30,
    ]),
)  # fmt: skip


def held_to_its_promises(raw: bytes, envelope: Envelope) -> None:
    steps = told(raw, known(), envelope)
    page = story_page(map(step_value, steps), "end")
    assert steps[-1].step == "verdict"
    assert (steps[-1].decided or "").endswith(("; exit status 0", "; exit status 67"))
    assert page.startswith("How it came\n  envelope recipient: ")
    assert not unsafe("\n").search(page)
    assert max(map(len, page.splitlines())) < 800


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12),
    st.one_of(st.none(), VALUES),
    st.one_of(st.none(), VALUES),
    st.booleans(),
)
def test_whatever_comes_has_a_story_that_ends_with_a_verdict(headers, recipient, sender, trust):
    raw = "".join(f"{name}: {value}\n" for name, value in headers).encode("utf-8", "surrogatepass") + b"\nx\n"
    held_to_its_promises(raw, Envelope(recipient=recipient, sender=sender, trust=trust))


@pytest.mark.requires("corpus")
def test_every_mail_of_other_projects_has_a_story_that_ends_with_a_verdict():
    mails = list(CORPUS.glob("*/*"))
    assert len(mails) > 500
    for path in mails:
        held_to_its_promises(path.read_bytes(), Envelope(recipient="support@example.org"))
