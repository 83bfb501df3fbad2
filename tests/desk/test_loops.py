"""G13: however machines answer each other, the number of mails is bounded, and it stops. A month in a made-up world."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from desk.postal import (
    ANSWERS,
    DAY,
    HOUR,
    MINUTE,
    NEW,
    SAME,
    Alias,
    Post,
    Responder,
    Ticketctl,
    World,
    letter,
    stripped,
)
from ticketctl.store import Store

EVERY = "".join(f'{name} = "received"\n' for name in ANSWERS)
SPRAYED = int(os.environ.get("TORTURE_SPRAYED") or 60)
BETWEEN_TWO = 6  # mails that two machines may exchange, whoever began
US, THEM = "a.test", "b.test"
SUPPORT = f"support@{US}"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a policy."""
    path = tmp_path_factory.mktemp("base") / "base.db"
    Store.create(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def desk(tmp_path: Path, base: Path) -> Callable[..., Ticketctl]:
    def make(domain: str = US, queue: str = EVERY, limits: str = "", text: str = SAME) -> Ticketctl:
        return Ticketctl(tmp_path, base, domain, queue, limits, text)

    return make


def wrote(sender: str, n: int = 0, to: str = SUPPORT, **headers: str) -> Post:
    """Somebody's mail, or what is said to be that."""
    raw = letter(sender, to, f"Printer {n}", f"It burns, {n}.", **headers)
    return Post(sender=sender, recipient=SUPPORT, raw=raw)


# -- two desks --------------------------------------------------------------------------------------------------

ONE_EACH = [f'{name} = "received"\n' for name in ("auto-reply", "auto-follow-up", "auto-new-ticket")]
PAIRS = [(one, other, "all") for one, other in itertools.product(ONE_EACH, repeat=2)]
PAIRS += [(EVERY, EVERY, lost) for lost in ("none", "headers", "all", "all of one")]
CLOSED = 'closed-follow-up = "new-ticket"\n'


@pytest.mark.parametrize(("ours", "theirs", "lost"), PAIRS)
def test_two_desks_exchange_few_mails_whatever_a_gateway_makes_of_them(desk, ours, theirs, lost):
    """Also where their templates tell the time, and no two answers say the same."""
    world, us, them = World(), desk(US, ours + CLOSED, text=NEW), desk(THEM, theirs + CLOSED, text=NEW)
    world.machines = {US: us, THEM: them}
    if lost != "none":
        gateway = stripped(ids=lost != "headers")
        world.gateways = {US: gateway} if lost == "all of one" else {US: gateway, THEM: gateway}
    begins = (
        lambda: world.send("forger", wrote(f"support@{THEM}")),
        lambda: us.answer(world, 1),  # an agent of ours, to a ticket whose customer is the other desk
        lambda: us.answer(world, 1, then_close=True),
    )
    for begin in begins:
        before = us.count("auto") + them.count("auto")
        begin()
        assert world.run(10)
        assert us.count("auto") + them.count("auto") - before <= BETWEEN_TWO


def test_two_desks_that_lose_everything_on_the_way_stop_at_the_third_answer_that_says_the_same(desk):
    """Their answers say the same but for numbers, also where three hours lie between."""
    world = World()
    world.machines = {US: desk(US), THEM: desk(THEM)}
    world.gateways = dict.fromkeys((US, THEM), stripped(ids=True))
    world.send("forger", wrote(f"support@{THEM}"))
    assert world.run(30)
    assert (world.sent[US], world.sent[THEM]) == (3, 3)


# -- responders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "marks", "answered"),
    [(30, {"Precedence": "junk"}, 0), (8, {"Precedence": "bulk"}, 0), (8, {"Auto_Submitted": "auto-replied (a)"}, 0),
     (8, {}, 1)],
)  # fmt: skip
def test_vacation_is_not_answered_and_answers_once_a_week(desk, days, marks, answered):
    """One that says nothing of itself is taken for a person, who writes beside Carla."""
    world, us = World(), desk()
    vacation = Responder("c.test", marks=marks, silent_for=timedelta(days=7))
    world.machines = {US: us, "c.test": vacation}
    for day in range(days):
        world.send("carla", wrote("carla@c.test", day))
        world.run(1)
    assert world.run(1)
    weeks = -(-days // 7)
    assert (world.sent["c.test"], world.sent[US]) == (weeks, days + answered * weeks)


@pytest.mark.parametrize("after", [MINUTE, 30 * MINUTE, 3 * HOUR, 3 * DAY])
def test_a_responder_that_says_the_same_is_answered_twice(desk, after):
    world, us = World(), desk()
    world.machines = {US: us, "c.test": Responder("c.test", after=after)}
    world.send("forger", wrote("info@c.test"))
    assert world.run(30)
    assert (world.sent[US], world.sent["c.test"]) == (3, 3)


@pytest.mark.parametrize(
    ("after", "days", "answers", "stops"),
    [(MINUTE, 30, 3, True), (30 * MINUTE, 30, 10, True), (3 * HOUR, 3, 24, False)],
)
def test_a_responder_that_says_something_new_each_time_gets_the_policys_figures(desk, after, days, answers, stops):
    """3 an hour, 10 a day; nothing tells one that takes its time and finds new words from a person who writes often."""
    world, us = World(), desk()
    world.machines = {US: us, "c.test": Responder("c.test", after=after, varied=True)}
    world.send("forger", wrote("info@c.test"))
    assert world.run(days) == stops
    assert (world.sent[US], world.sent["c.test"]) == (answers, answers)


def test_a_responder_behind_many_addresses_with_new_words_gets_the_domains_figure(desk):
    """So would a hundred people of one house: nothing tells them apart."""
    world, us = World(), desk(limits="[desk.auto-limits]\nper-domain-hour = 6\n")
    world.machines = {US: us, "c.test": Responder("c.test", varied=True, many=True)}
    for n in range(4):
        world.send("forger", wrote(f"info{n}@c.test", n))
    world.run(1 / 24)
    assert us.count("auto") == 6
    world.run(2 / 24)
    assert us.count("auto") <= 18


# -- lists, forgers, aliases ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("queue", "headers", "answers"),
    [
        (EVERY, {"List_Id": "<list.l.test>"}, 0),
        (EVERY, {"Precedence": "list"}, 0),
        (EVERY, {}, 0),  # a list that says nothing of itself: none of our addresses is in To
        (EVERY + "answer-blind-copies = true\n", {"List_Id": "<list.l.test>"}, 0),
    ],
)
def test_a_list_that_the_desk_is_subscribed_to_is_not_answered(desk, queue, headers, answers):
    world, us = World(), desk(queue=queue)
    world.machines = {US: us, "l.test": Alias("l.test", [SUPPORT])}
    for n in range(5):
        world.send("member", Post(sender="owner@l.test", recipient="list@l.test",
                                  raw=wrote(f"member{n}@m.test", n, "list@l.test", **headers).raw))  # fmt: skip
    assert world.run(30)
    assert world.sent[US] == answers


def test_a_list_without_headers_that_writes_in_its_own_name_is_answered_a_few_times(desk):
    """Where blind copies are answered, and it takes our marks off, only the figures and the same words are left."""

    def as_list(post: Post) -> Post:
        plain = stripped(ids=True)(post)
        head = b"From: list@l.test\nTo: list@l.test\n"
        rest = b"\n".join(line for line in plain.raw.split(b"\n") if not line.startswith((b"From:", b"To:")))
        return Post(sender="list@l.test", recipient="", raw=head + rest)

    world, us = World(), desk(queue=EVERY + "answer-blind-copies = true\n")
    world.machines = {US: us, "l.test": Alias("l.test", [SUPPORT], as_list)}
    world.send("member", Post(sender="member@m.test", recipient="list@l.test",
                              raw=wrote("member@m.test", 0, "list@l.test").raw))  # fmt: skip
    assert world.run(30)
    assert world.sent[US] <= 3


def test_a_forger_who_sprays_gets_a_victim_no_more_than_the_figures(desk):
    """Mails within fifty minutes with ten victims' addresses, in all spellings, then every hour of the day."""
    world, us = World(), desk(limits="[desk.auto-limits]\nper-domain-hour = 200\n")
    world.machines = {US: us}
    spellings = ("{0}@v.test", "{0}+{1}@v.test", "{0}@V.test", "prvs={1}=victim{2}@v.test", "btv1=={1}=={0}@v.test")
    for n in range(SPRAYED):
        victim = f"victim{n % 10}"
        sender = spellings[n // 10 % len(spellings)].format(victim, n, n % 10)
        post = wrote(sender, n)
        world.send("forger", post, timedelta(seconds=3000 * n / SPRAYED))
    assert world.run(1)
    assert us.count("auto") == 10 * 3
    assert us.kinds() == {"personal": SPRAYED}
    for n in range(12):
        world.send("forger", wrote("victim1@v.test", SPRAYED + n))
        world.run(1 / 12)
    assert sum(count for to, count in world.to.items() if "victim1@" in to.lower()) <= 3 + 10


def test_a_forger_with_many_victims_trips_the_breaker_and_one_notice_tells_of_it(desk):
    world, us = World(), desk(limits="[desk.auto-limits]\ntotal-hour = 20\n")
    world.machines = {US: us}
    for n in range(60):
        world.send("forger", wrote(f"victim@v{n}.test", n), timedelta(seconds=n))
    for _ in range(3):  # and every day anew: nobody lets go
        assert world.run(10)
        world.send("forger", wrote("late@v.test", 99))
    assert (us.count("auto"), us.count("notice"), world.to[f"anna@{US}"]) == (20, 1, 1)


@pytest.mark.parametrize("lost", ["none", "headers", "all"])
def test_our_own_mail_that_comes_back_through_an_alias_is_not_answered_twice(desk, lost):
    """The customer's address passes on to the desk itself; stripped, it comes in the name of the alias."""

    def renamed(post: Post) -> Post:
        raw = stripped(ids=lost == "all")(post).raw
        return Post(sender="me@alias.test", recipient="", raw=raw.replace(b"support@a.test", b"me@alias.test", 1))

    world, us = World(), desk()
    world.machines = {US: us}
    world.machines["alias.test"] = Alias("alias.test", [SUPPORT], (lambda same: same) if lost == "none" else renamed)
    world.send("me", wrote("me@alias.test"))
    assert world.run(1)
    us.answer(world, 1)
    assert world.run(30)
    assert us.count("auto") == 1
