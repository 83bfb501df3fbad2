"""Rights as the contract has them: what is named for a queue, else above it, else for `*`; tables add up."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import pytest

from ticketctl.policy import RIGHTS, Agent, Desk, Duration, Policy, Queue, Rights, Role


def rights(*tables: dict[str, str]) -> Rights:
    return Rights(tables=tuple({queue: frozenset(words.split()) for queue, words in table.items()} for table in tables))


@pytest.mark.parametrize(
    ("held", "queue", "expected"),
    [
        (rights(), "Sales", ""),
        (rights({"Sales": "ro"}), "Sales", "ro"),
        (rights({"Sales": "ro"}), "Raw", ""),
        (rights({"Sales": "note"}), "Sales::Europe", "note"),
        (rights({"Sales": "note"}), "Sales::Europe::North", "note"),
        (rights({"Sales": "rw", "Sales::Europe": "ro"}), "Sales::Europe", "ro"),
        (rights({"Sales": "rw", "Sales::Europe": "ro"}), "Sales::Europe::North", "ro"),
        (rights({"Sales": "rw", "Sales::Europe": ""}), "Sales::Europe", ""),
        (rights({"Sales": "ro"}), "Salesman", ""),
        (rights({"Sales::Europe": "rw"}), "Sales", ""),
        (rights({"*": "rw"}), "Sales", "rw"),
        (rights({"*": "rw", "Sales": "ro"}), "Sales", "ro"),
        (rights({"*": "rw", "Sales": "ro"}), "Sales::Europe", "ro"),
        (rights({"*": "rw", "Sales": ""}), "Sales", ""),
        (rights({"Sales": "ro"}, {"Sales": "note owner"}), "Sales", "ro note owner"),
        (rights({"*": "ro"}, {"Sales": "note"}), "Sales", "ro note"),
        (rights({"*": "rw"}, {"Sales": ""}), "Sales", "rw"),  # what one role gives another does not take
    ],
)
def test_the_rights_on_a_queue(held: Rights, queue: str, expected: str) -> None:
    assert held.of(queue) == frozenset(expected.split())


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        ("", ""),
        ("rw", " ".join(RIGHTS)),
        ("ro", "ro"),
        ("note", "ro note"),
        ("move_into create", "ro move_into create"),
    ],
)
def test_rw_includes_every_right_and_every_right_includes_ro(held: str, allowed: str) -> None:
    table = rights({"Sales": held})
    assert {right for right in RIGHTS if table.may("Sales", right)} == set(allowed.split())


def test_an_agent_has_the_rights_of_the_roles_and_the_agents_own() -> None:
    policy = Policy(
        desk=Desk(name="D", domain="d.example"),
        queues={"A": Queue(name="A"), "B": Queue(name="B")},
        roles={"r": Role(name="r", queues={"A": ("note",)}), "s": Role(name="s", queues={"*": ("ro",)})},
        agents={"x": Agent(name="x", full_name="X", roles=("r", "s"), queues={"B": ("owner",)}, admin=True)},
    )
    held = policy.rights("x")
    assert (held.admin, held.of("A"), held.of("B")) == (True, {"ro", "note"}, {"ro", "owner"})


def test_being_an_admin_gives_no_right_on_tickets() -> None:
    assert not Rights(admin=True).may("A", "ro")


@pytest.mark.parametrize(
    ("address", "queue"), [("A@d.example", "A"), (" a@D.EXAMPLE", "A"), ("a+1@d.example", None), ("", None)]
)
def test_a_queue_is_found_by_its_address_as_addresses_are_compared(address: str, queue: str | None) -> None:
    policy = Policy(desk=Desk(name="D", domain="d.example"), queues={"A": Queue(name="A", addresses=("a@d.example",))})
    assert policy.queue_of(address) == queue


def test_a_duration_is_a_timedelta_that_survives_a_copy() -> None:
    week = Duration(1, "w")
    assert week == timedelta(days=7)
    for twin in (copy.copy(week), copy.deepcopy(week), pickle.loads(pickle.dumps(week))):
        assert (twin, twin.count, twin.unit) == (week, 1, "w")
