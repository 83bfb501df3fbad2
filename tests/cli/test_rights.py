"""The table of contract section 4, verb x right x lock, as one generated test; statuses are the contract's."""

from __future__ import annotations

import itertools

import pytest

from cli.conftest import MakeDesk

RIGHTS = {
    "stranger": (),
    "ro": ("ro",),
    "move_into": ("move_into",),
    "create": ("create",),
    "note": ("note",),
    "owner": ("owner",),
    "priority": ("priority",),
    "note-owner": ("note", "owner"),
    "rw": ("rw",),
}
LOCKS = ("nobody", "own", "other")

# verb: what it is called with (T: the ticket), the rights on the queue that it needs, what another's lock does
VERBS: dict[str, tuple[list[str], set[str], str]] = {
    "show": (["show", "T"], {"ro"}, "may"),
    "history": (["history", "T"], {"ro"}, "may"),
    "take": (["take", "T"], {"owner"}, "79"),
    "lock": (["lock", "T"], {"owner"}, "79"),
    "steal": (["steal", "T"], {"rw"}, "may"),
    "unlock": (["unlock", "T"], {"owner"}, "rw"),
    "note": (["note", "T", "-m", "x"], {"note"}, "may"),
    "move": (["move", "T", "-Q", "Sales"], {"owner"}, "79"),
    "move elsewhere": (["move", "T", "-Q", "Raw"], {"owner", "nothing gives it"}, "79"),
    "reassign": (["reassign", "T", "--to", "anna"], {"owner"}, "79"),
    "priority": (["priority", "T", "high"], {"priority"}, "79"),
    "title": (["title", "T", "x"], {"rw"}, "79"),
    "pend": (["pend", "T", "-u", "3d"], {"owner"}, "79"),
    "close": (["close", "T"], {"owner"}, "79"),
    "close -m": (["close", "T", "-m", "x"], {"owner", "note"}, "79"),
    "reopen": (["reopen", "T"], {"owner"}, "79"),
    "reply": (["reply", "T", "-m", "x", "-y", "--queue-only"], {"note", "owner"}, "79"),
}
AGENTS = "".join(
    f"""
[agents.{name}]
name = "{name}"
logins = ["{name}"]
[agents.{name}.queues]
Sales = ["move_into"]
Raw = ["ro"]
Support = [{", ".join(f'"{right}"' for right in rights)}]
"""
    for name, rights in RIGHTS.items()
)


def expected(verb: str, agent: str, lock: str) -> int:
    """The contract's answer: not seen 66; the right 77; then the lock 79."""
    _, needed, on_lock = VERBS[verb]
    held = set(RIGHTS[agent])
    if not held:
        return 66
    if verb == "move elsewhere":
        return 77
    if "rw" not in held and not needed <= held | {"ro"}:
        return 77
    if lock != "other" or on_lock == "may":
        return 0
    return 79 if on_lock == "79" else 0 if "rw" in held else 77


@pytest.mark.parametrize("verb", VERBS)
def test_each_right_and_each_lock_gets_the_contracts_status(make_desk: MakeDesk, verb: str) -> None:
    desk = make_desk(AGENTS)
    words = VERBS[verb][0]
    got, wanted = {}, {}
    for agent, lock in itertools.product(RIGHTS, LOCKS):
        owner = {"nobody": None, "own": agent, "other": "bert"}[lock]
        ticket = desk.ticket(owner=owner, locked=owner is not None)
        before = desk.shown(ticket)
        ran = desk.run("--as", agent, *(str(ticket) if word == "T" else word for word in words))
        got[agent, lock] = ran.status
        wanted[agent, lock] = expected(verb, agent, lock)
        if ran.status:
            assert desk.shown(ticket) == before, f"{agent} {lock}: refused, and something is left behind"
        if ran.status == 79:
            assert "locked by bert" in ran.err
    assert got == wanted


@pytest.mark.parametrize("agent", RIGHTS)
def test_making_a_ticket_needs_create(make_desk: MakeDesk, agent: str) -> None:
    desk = make_desk(AGENTS)
    status = 0 if {"create", "rw"} & set(RIGHTS[agent]) else 77 if RIGHTS[agent] else 66
    made = ("new", "-Q", "Support", "--customer", "emma@shop.test", "--title", "x", "-m", "y")
    ran = desk.run("--as", agent, *made)
    assert ran.status == status, ran


def test_what_an_agent_may_not_see_is_not_there_in_the_same_words(make_desk: MakeDesk) -> None:
    desk = make_desk(AGENTS)
    desk.ticket()
    hidden, absent = (desk.run("--as", "stranger", "show", str(each)) for each in (1, 2))
    assert (hidden.status, hidden.err) == (66, "ticketctl: no ticket 1\n")
    assert (absent.status, absent.err) == (66, "ticketctl: no ticket 2\n")
    for words in (["queue:{}"], ["-Q", "{}"]):
        hidden, absent = (desk.run("--as", "stranger", "list", *words[:-1], words[-1].format(name))
                          for name in ("Support", "Nowhere"))  # fmt: skip
        assert (hidden.status, hidden.err) == (66, absent.err.replace("Nowhere", "Support"))


def test_the_customer_of_a_ticket_that_an_agent_may_not_see_is_nobody(make_desk: MakeDesk) -> None:
    desk = make_desk("")
    desk.ticket(queue="Raw")
    desk.ticket(queue="Support")
    for words in ("customer:of:{}", "not customer:of:{}", "tone customer:of:{}", "tone not customer:of:{}"):
        verb = "search" if "tone" in words else "list"
        hidden, absent = (desk.run("--as", "bert", verb, "-o", "json", words.format(each)) for each in (1, 99))
        assert (hidden.status, hidden.out, hidden.err) == (absent.status, absent.out, absent.err), words
        assert [each["id"] for each in hidden.json] == ([2] if "not" in words else []), words
    ran = desk.run("list", "customer:of:1", "-o", "json")
    assert [each["id"] for each in ran.json] == [2], "of a queue that is not one of hers, but that she may read"


@pytest.mark.parametrize("agent", RIGHTS)
def test_as_gives_that_agents_rights_and_the_history_keeps_both_names(make_desk: MakeDesk, agent: str) -> None:
    desk = make_desk(AGENTS)
    ticket = desk.ticket()
    status = desk.run("--as", agent, "note", str(ticket), "-m", "seen").status
    if status == 0:
        last = desk.run("history", str(ticket), "-o", "json").json[-1]
        assert (last["actor"], last["as"], last["change"]) == ("anna", agent, "ArticleAdded")
    else:
        assert status == (77 if RIGHTS[agent] else 66)
