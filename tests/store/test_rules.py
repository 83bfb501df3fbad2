"""Rules on a real database: what they keep out, foreign names on one ticket, trust that stays with the mail."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from contextlib import closing

import pytest
from msgspec.structs import replace

from store.conftest import ANNA, BERT, LATER, NOW, SYSTEM, make_store
from store.test_receive import POLICY, SUPPORT, mail
from ticketctl import errors
from ticketctl.receive import Incoming, accept, receive, retry, told
from ticketctl.receive.think import bare
from ticketctl.store import Store
from ticketctl.store.fsck import fsck
from ticketctl.ticket import Priority, State

RULES = r"""
[[rules]]
name = "alarms"
when.subject = '/(?P<host>web\d+) is (down|up)/'
set = { ticket = "external:{host}", title = "{host}", tags = ["alarm"] }
[[rules]]
name = "up"
when.subject = "*is up*"
set = { state = "closed successful" }
[[rules]]
name = "spam"
when.header.X-Spam-Flag = "YES"
set = { drop = true }
[[rules]]
name = "payroll"
when.subject = "*payroll*"
set = { hold = true, priority = "high" }
[[rules]]
name = "circus"
when.from = "*@circus.test"
set = { refuse = true }
"""
TEXT = POLICY.format(desk="") + RULES


@pytest.fixture
def store(place, tmp_path):
    made = make_store(place(tmp_path / "desk.db"), TEXT)
    yield made
    made.close()


def under(store, text):
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(text, "root", "a change", tx.policy().revision)


def test_of_mails_of_one_name_that_come_to_several_at_once_one_opens_the_ticket(store):
    """Each thread has connections of its own, as another host has. Without automatic answers nothing else makes them
    wait for each other."""
    under(store, TEXT.replace('auto-reply = "received"', "").replace('auto-follow-up = "received"', ""))
    start = threading.Barrier(6)
    verdicts: list[str] = []

    def deliver(i: int) -> None:
        own = Store(str(store.url))
        start.wait(30)
        for n in (1, 2):
            raw = mail(f"{i}.{n}\n", Subject="web1 is down", Message_ID=f"<{i}.{n}@m.test>")
            verdicts.append(receive(own, raw, SUPPORT, NOW).decision.verdict)
        own.close()

    threads = [threading.Thread(target=deliver, args=(i,)) for i in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert Counter(verdicts) == {"new": 1, "follow-up": 11}
    with store.reading() as tx:
        (one,) = tx.find(queues=None)
        assert (one.articles, one.title, one.tags) == (12, "web1", ("alarm",))
    assert fsck(store) == []


def test_a_ticket_of_a_name_is_opened_closed_removed_and_opened_anew(store):
    def got(n, subject):
        return receive(store, mail(f"{n}\n", Subject=subject, Message_ID=f"<{n}@m.test>"), SUPPORT, NOW)

    down, up, again = got(1, "web1 is down"), got(2, "web1 is up"), got(3, "web1 is down")
    assert [each.decision.verdict for each in (down, up, again)] == ["new", "follow-up", "follow-up"]
    assert {each.ticket for each in (down, up, again)} == {1}
    assert got(4, "web2 is down").ticket == 2
    with store.reading() as tx:
        assert (tx.ticket(1).state, tx.ticket(1).articles) == (State.OPEN, 3)  # a person's mail reopens
    under(store, TEXT.replace('auto-reply = "received"', 'closed-follow-up = "new-ticket"'))
    assert (got(5, "web1 is up").ticket, got(6, "web1 is down").decision.verdict) == (1, "new")
    assert got(7, "web1 is down").ticket == 3  # the name went over to the new one
    assert fsck(store) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_rules_keep_out(store):
    spam = receive(store, mail(X_Spam_Flag="YES"), SUPPORT, NOW)
    refused = receive(store, mail(From="clown@circus.test", Message_ID="<2@x.test>"), SUPPORT, NOW)
    held = receive(store, mail(Subject="payroll", Message_ID="<3@x.test>"), SUPPORT, NOW)
    assert [(each.decision.verdict, each.status, each.mail) for each in (spam, refused, held)] == [
        ("dropped", 0, 1), ("refused", 77, None), ("held", 0, 2),
    ]  # fmt: skip
    with store.reading() as tx:
        assert [(each.verdict, each.held) for each in tx.letters(held_only=False)] == [
            ("held", "rule payroll"), ("dropped", None),
        ]  # fmt: skip
        assert tx.letter(2).why[-2:] == ("rule payroll: hold yes, priority high", "held: rule payroll")
        assert (tx.count_all(), tx.outbox()) == (0, [])
    assert receive(store, mail(X_Spam_Flag="YES"), SUPPORT, NOW).decision.verdict == "duplicate"
    assert retry(store, 2, NOW).decision.verdict == "held"
    placed = accept(store, 2, queue="Sales", ticket=None, actor=ANNA, now=LATER)
    with store.reading() as tx:
        assert (tx.ticket(placed.ticket).queue, tx.ticket(placed.ticket).priority) == ("Sales", Priority.HIGH)
        assert (tx.letter(2).verdict, tx.letter(2).held) == ("new", None)


CONTROL = {"X_Ticketctl_Priority": "very-low", "X_Ticketctl_Owner": "bert", "X_Ticketctl_Title": "Ours"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("trust", [True, False])
@pytest.mark.parametrize("way", ["retry", "accept"])
def test_trust_stays_with_a_mail_that_is_held(store, trust, way):
    held = receive(store, mail(Subject="payroll", **CONTROL), replace(SUPPORT, trust=trust), NOW)
    assert held.decision.verdict == "held"
    under(store, POLICY.format(desk=""))
    if way == "retry":
        placed = retry(store, held.mail, LATER)
    else:
        placed = accept(store, held.mail, queue="Support", ticket=None, actor=ANNA, now=LATER)
    with store.reading() as tx:
        ticket = tx.ticket(placed.ticket)
    obeyed = (Priority.VERY_LOW, "bert", "Ours")
    assert (ticket.priority, ticket.owner, ticket.title) == (obeyed if trust else (Priority.NORMAL, None, "payroll"))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("actor", [ANNA, BERT])
def test_a_mail_placed_by_hand_gets_the_owner_that_a_rule_names_whoever_places_it(store, actor):
    owned = '[[rules]]\nname = "o"\nwhen.subject = "*payroll*"\nset = { owner = "bert", lock = true, tags = ["pay"] }\n'
    under(store, TEXT + owned)
    held = receive(store, mail(Subject="payroll"), SUPPORT, NOW)
    placed = accept(store, held.mail, queue="Sales", ticket=None, actor=actor, now=LATER)
    with store.reading() as tx:
        ticket = tx.ticket(placed.ticket)
    assert (ticket.queue, ticket.owner, ticket.locked, ticket.tags) == ("Sales", "bert", True, ("pay",))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_mail_placed_by_hand_gives_its_name_to_that_ticket(store):
    under(store, TEXT.replace('tags = ["alarm"]', "hold = true"))
    first = receive(store, mail("a\n", Subject="web9 is down"), SUPPORT, NOW)
    second = receive(store, mail("b\n", Subject="web9 is down", Message_ID="<2@x.test>"), SUPPORT, NOW)
    opened = accept(store, first.mail, queue="Sales", ticket=None, actor=ANNA, now=LATER)
    under(store, TEXT)
    assert retry(store, second.mail, LATER).ticket == opened.ticket


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_explain_tells_the_rules_and_writes_nothing(store):
    found, _ = told(store, mail(Subject="web1 is up"), SUPPORT, NOW)
    assert found.decision.why[2:4] == (
        "rule alarms: ticket web1, title web1, tags alarm",
        "rule up: state closed successful",
    )
    with store.reading() as tx:
        assert tx.letters(held_only=False) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rules_without_their_engine_are_75_and_no_mail_is_held(store, monkeypatch):
    import sys

    from ticketctl.policy import patterns

    patterns.regular.cache_clear()
    patterns.matcher.cache_clear()
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(errors.Misconfigured, match="google-re2"):
        receive(store, mail(), SUPPORT, NOW)
    with store.reading() as tx:
        assert tx.letters(held_only=False) == []


def test_two_held_letters_of_one_name_that_are_tried_again_at_once_are_on_one_ticket(store):
    quiet = TEXT.replace('auto-reply = "received"', "").replace('auto-follow-up = "received"', "")
    under(store, quiet.replace('tags = ["alarm"]', "hold = true"))
    mails = [mail(f"{n}\n", Subject="web1 is down", Message_ID=f"<{n}@m.test>") for n in (1, 2)]
    held = [receive(store, each, SUPPORT, NOW) for each in mails]
    under(store, quiet)
    start = threading.Barrier(2)
    numbers: list[str | None] = []

    def again(number: int) -> None:
        own = Store(str(store.url))
        start.wait(30)
        numbers.append(retry(own, number, LATER).number)
        own.close()

    threads = [threading.Thread(target=again, args=(each.mail,)) for each in held]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(numbers) == 2
    assert len(set(numbers)) == 1
    assert fsck(store) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_read_is_held_whatever_a_rule_says_of_its_absence(store):
    under(store, POLICY.format(desk="") + '[[rules]]\nname = "strangers"\nwhen.not.to = "*"\nset.refuse = true\n')
    unread = Incoming(letter=bare(b"\x00"), content="c" * 64, fault="a fault of ours: ValueError")
    found = receive(store, unread, SUPPORT, NOW).decision
    assert (found.verdict, found.held) == ("held", "a fault of ours: ValueError")
    assert receive(store, mail(To=None), SUPPORT, NOW).decision.verdict == "refused"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_policy_whose_rules_an_older_version_took_still_runs_the_desk(store):
    """Its compiled form is of that version, too: the text is read again."""
    nested = "{ not = " * 12 + "{ from = 'x' }" + " }" * 12
    old = f"""
[[rules]]
name = "old"
when.subject = '/(.)\\1/'
set = {{ state = "merged", ticket = "{{x}}" }}
[[rules]]
name = "deep"
when = {nested}
set.tags = ["deep"]
"""
    with closing(sqlite3.connect(store.path)) as file, file:
        file.execute("UPDATE policy SET compiled = ?, text = ?", [b"old", POLICY.format(desk="") + old])
    found = told(Store(str(store.url)), mail(), SUPPORT, NOW)[0].decision
    assert found.verdict == "new"
    assert found.why[2].startswith("rule old: passed over: invalid escape sequence")
    assert len(found.why) == 5  # the other does not fire: its author is not x
