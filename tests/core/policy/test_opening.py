"""The first policy: valid for whatever `init` is told, and what it offers in comments is valid too."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketctl import policy as p


def test_the_first_policy_reads_and_lets_its_admin_do_everything() -> None:
    text = p.first("d.example", 'The "D" desk', {"Support": "s@d.example"}, "anna", timezone="Europe/Paris")
    policy = p.read(text)
    assert policy.desk == p.Desk(name='The "D" desk', domain="d.example", timezone="Europe/Paris")
    assert {name: queue.addresses for name, queue in policy.queues.items()} == {
        "Raw": ("raw@d.example",), "Support": ("s@d.example",)
    }  # fmt: skip
    assert p.admins(policy) == ["anna"]
    assert policy.rights("anna").may("Support", "rw")
    assert p.remarks(policy) == []


def test_no_automatic_answer_is_sent_before_somebody_says_so() -> None:
    policy = p.read(p.first("d.example", "D", {}, "anna"))
    assert {queue.name: queue.auto for queue in policy.queues.values()} == {"Raw": {}}


def test_what_is_commented_out_is_valid_too() -> None:
    text = re.sub(r"(?m)^# (?=\[|[a-z-]+ = |Raw = )", "", p.first("d.example", "D", {"A": "a@d.example"}, "anna"))
    policy = p.read(text.replace('email = ""', 'email = "anna@d.example"'))
    assert policy.queues["A"].auto == {"auto-reply": "received"}
    assert policy.desk.unknown_recipient == "reject"
    assert set(policy.roles) == {"everything", "first-level"}


@pytest.mark.parametrize(
    ("queues", "expected"),
    [
        ({}, {"Raw": ("raw@d.example",)}),
        ({"Raw": "in@d.example"}, {"Raw": ("in@d.example",)}),
        ({"A b::C": "raw@d.example"}, {"Raw": (), "A b::C": ("raw@d.example",)}),
    ],
)
def test_there_is_a_default_queue_whatever_queues_are_named(
    queues: dict[str, str], expected: dict[str, tuple[str, ...]]
) -> None:
    policy = p.read(p.first("d.example", "D", queues, "anna"))
    assert {name: queue.addresses for name, queue in policy.queues.items()} == expected


@pytest.mark.parametrize(
    ("login", "agent"),
    [("anna", "anna"), ("EX\\anna", "EX-anna"), ("me", "me-agent"), ("$", "admin"), ("-x-", "x"), ("a.b", "a.b")],
)
def test_an_admin_with_any_login_gets_a_name_that_the_policy_allows(login: str, agent: str) -> None:
    policy = p.read(p.first("d.example", "D", {}, login))
    assert policy.agents[agent].logins == (login,)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60))
def test_any_name_of_a_desk_is_written_as_it_is(name: str) -> None:
    assert p.read(p.first("d.example", name, {}, "anna")).desk.name == name
