"""What mail-rules section 1 promises, through the programs themselves: G1, G4, G5, G7, G10."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from system.home import Home, mail

KILLS = {"sqlite": 200, "postgresql": 20, "mariadb": 20}
EACH = 5  # kills for one mail


@pytest.fixture
def home(tmp_path: Path, place: Callable[[Path], str], program) -> Home:
    return Home(tmp_path, program, queue='auto-reply = "received"', url=place(tmp_path / "desk.db"))


def killed_then_delivered(home: Home, number: int, chance: random.Random, longest: float) -> int:
    """One mail, its filter killed at random moments, then delivered: how many kills came before its end."""
    hits = 0
    for _ in range(EACH):
        running = home.start("ticketctl-postmaster", "--recipient", "support@example.org")
        stop = threading.Timer(chance.uniform(0, longest), running.kill)
        stop.start()
        running.communicate(mail(number))
        stop.cancel()
        hits += running.returncode == -9
    home.deliver(mail(number), "--recipient", "support@example.org")
    return hits


def test_g1_g4_g5_nothing_is_lost_or_doubled_by_200_kills(home, database):
    kills, mails = KILLS[database], KILLS[database] // EACH
    begun = time.monotonic()
    home.deliver(mail("warm"), "--recipient", "support@example.org")
    longest = (time.monotonic() - begun) * 1.6
    chance = random.Random(20261122)
    with ThreadPoolExecutor(2) as pool:
        hits = sum(pool.map(lambda n: killed_then_delivered(home, n, chance, longest), range(mails)))
    assert hits > kills // 4
    tickets = home.json("list", "--all")
    assert Counter(ticket["title"] for ticket in tickets) == Counter(
        ["Printer warm", *(f"Printer {n}" for n in range(mails))]
    )
    assert {ticket["articles"] for ticket in tickets} == {1}
    assert len(home.json("mail", "list", "--all")) == mails + 1
    home.run("fsck")


def test_g4_twenty_copies_at_once_are_one_article(home):
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: home.deliver(mail(), "--recipient", "support@example.org"), range(20)))
    assert Counter(result["verdict"] for result in results) == {"new": 1, "duplicate": 19}
    assert len({result["number"] for result in results}) == 1
    (ticket,) = home.json("list")
    assert ticket["articles"] == 1
    home.run("flush")
    assert len(home.sent()) == 1


def test_g7_one_of_fifty_takes_the_ticket_and_the_others_are_told_who(tmp_path, place, program):
    home = Home(tmp_path, program, agents=50, url=place(tmp_path / "desk.db"))
    number = home.deliver(mail())["number"]
    running = [home.start("ticketctl", "-o", "json", "--as", f"agent{n}", "take", number) for n in range(1, 51)]
    ends = [(*each.communicate(timeout=120), each.returncode) for each in running]
    assert Counter(status for *_, status in ends) == {0: 1, 79: 49}
    (owner,) = {json.loads(out)[0]["owner"] for out, _, status in ends if status == 0}
    assert {json.loads(err)["by"] for _, err, status in ends if status == 79} == {owner}
    (ticket,) = home.json("list")
    assert (ticket["owner"], ticket["lock"]) == (owner, "locked")
    assert [entry["change"] for entry in home.json("history", number)].count("Taken") == 1


def test_g10_what_is_said_in_a_note_is_in_no_outgoing_byte(home, tmp_path):
    canary = "CANARY7731"
    number = home.deliver(mail())["number"]
    home.run("--as", "agent1", "note", number, "-m", f"{canary}: he is a difficult customer")
    home.run("--as", "agent1", "reply", number, "-m", "We look into it.", "-y")
    home.run("--as", "agent1", "close", number, "-m", f"closed {canary}")
    home.run("--as", "agent1", "reassign", number, "--to", "agent2", "-m", f"for you {canary}")
    answer = [sent for sent in home.sent() if b"We look into it." in sent][0]
    own = next(line.split()[1] for line in answer.decode().splitlines() if line.lower().startswith("message-id:"))
    home.deliver(mail(2, In_Reply_To=own), "--recipient", "support@example.org")
    home.run("--as", "agent2", "reply", number, "-m", "Once more.", "-y")
    home.run("flush")
    assert len(home.sent()) >= 3
    assert not [sent for sent in home.sent() if canary.encode() in sent]
    assert canary in home.run("show", number)
