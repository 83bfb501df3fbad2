"""Letters as a postmaster looks for them: by time, verdict, kind, queue, rule; several with one id; the shadow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.conftest import NOW, Desk, MakeDesk
from ticketctl.intake import Envelope
from ticketctl.page import step_value
from ticketctl.receive import receive, told

ANSWERING = '[templates.got-it]\nkind = "auto"\nsubject = "We have it"\nbody = "Number {{ ticket.number }}."\n'
DAY = timedelta(days=1)


def mail(n: int, *headers: str, sender: str = "emma@shop.test", to: str = "support@example.org") -> bytes:
    lines = [f"From: {sender}", f"To: {to}", f"Subject: mail {n}", "Date: Sun, 22 Nov 2026 09:00:00 +0100"]
    ids = [] if any(header.startswith("Message-ID") for header in headers) else [f"Message-ID: <{n}@shop.test>"]
    return "\n".join([*lines, *ids, *headers, "", f"This is {n}.", ""]).encode()


def take(desk: Desk, raw: bytes, *, age: timedelta = timedelta(), to: str = "support@example.org") -> str:
    received = receive(desk.store, raw, Envelope(recipient=to, sender="emma@shop.test"), NOW - age)
    return received.decision.verdict


@pytest.fixture
def week(desk: Desk) -> Desk:
    """A desk with seven letters of a week, one of them held."""
    desk.ticket(owner="bert", locked=True)
    desk.done("steal", "1")
    with desk.store.reading() as tx:
        notice = tx.outbox()[0].message_id
    assert take(desk, mail(1), age=6 * DAY) == "new"
    assert take(desk, mail(2, "Auto-Submitted: auto-replied"), age=5 * DAY) == "new"
    assert take(desk, mail(3, "List-Id: <l.shop.test>"), age=4 * DAY) == "new"
    assert take(desk, mail(4, to="sales@example.org"), age=3 * DAY, to="sales@example.org") == "new"
    assert take(desk, mail(5, "In-Reply-To: <1@shop.test>"), age=2 * DAY) == "follow-up"
    assert take(desk, mail(6, f"In-Reply-To: {notice}"), age=1 * DAY) == "held"
    assert take(desk, mail(7)) == "new"
    return desk


FOUND = {
    "": "6",
    "--all": "7 6 5 4 3 2 1",
    "--all --limit 2": "7 6",
    "--all --since 3d": "7 6 5 4",
    "--all --since 2026-11-18": "7 6 5 4 3",
    "--all --since friday": "7 6 5",
    "--since 3d": "6",
    "--since 1h": "",
    "--all --since 1m": "7",
    "--all --since 30d": "7 6 5 4 3 2 1",
    "--verdict follow-up": "5",
    "--verdict new --since 5d": "7 4 3 2",
    "--all --kind auto": "2",
    "--kind auto": "",
    "--all -Q Sales": "4",
    "--all -Q Support --limit 1": "7",
    "--all --rule A6": "3",
    "--all --rule A17 --limit 2": "7 5",
    "--all --rule A1": "",
    "--all --rule nonsense": "",
}


def test_letters_are_found_by_time_verdict_kind_queue_and_row(week: Desk) -> None:
    for words, ids in FOUND.items():
        assert week.done("mail", "list", *words.split(), "-o", "ids").split() == ids.split(), words


def test_letters_are_found_by_the_name_of_a_rule(week: Desk) -> None:
    with week.store.writing(actor(), NOW) as tx:
        tx.relabel(3, "dropped", why=["queue Support: asked for", "rule lists: dropped"])
    assert week.done("mail", "list", "--all", "--rule", "lists", "-o", "ids") == "3\n"
    assert week.done("mail", "list", "--all", "--rule", "list", "-o", "ids") == ""
    assert "Rules that fired\n  -> rule lists: dropped\n" in week.done("mail", "explain", "3")


def actor() -> object:
    from ticketctl.ticket import POSTMASTER

    return POSTMASTER


def test_an_empty_list_of_what_is_held_says_where_the_rest_is(week: Desk) -> None:
    ran = week.run("mail", "list", "--kind", "auto")
    assert ran.out == ""
    assert ran.err == "ticketctl: no such letter is held; --all looks among every letter ever received\n"
    assert week.run("mail", "list", "--all", "--kind", "bounce").err == ""
    assert week.run("mail", "list", "--since", "1h", "-q").err == ""


def test_mail_list_refuses(desk: Desk) -> None:
    wrong = {"--since xx": 2, "--since 99999999999": 2, "-Q Nope": 66, "--verdict refused": 2, "--kind spam": 2}
    for words, status in wrong.items():
        ran = desk.run("mail", "list", *words.split())
        assert (ran.status, ran.out) == (status, ""), words


def test_a_list_in_a_pipe_has_the_rule_at_its_end(week: Desk) -> None:
    line = "2\t2026-11-17T10:00:00Z\tnew\tauto\temma@shop.test\tmail 2\t2026111710000031\t3/1\tA5\n"
    assert week.done("mail", "list", "--all", "--kind", "auto") == line


def test_people_see_why_a_letter_is_held_and_each_reason_on_its_line(week: Desk) -> None:
    held = week.done("mail", "list", "-o", "table").splitlines()
    assert held[0].split() == ["ID", "RECEIVED", "KIND", "FROM", "SUBJECT", "HELD"]
    assert held[1].startswith(" 6 ")
    assert "  somebody other than" in held[1]
    everything = week.done("mail", "list", "--all", "--limit", "2", "-o", "table").splitlines()
    assert everything[0].split() == ["ID", "RECEIVED", "VERDICT", "KIND", "FROM", "SUBJECT", "NUMBER"]
    assert week.done("mail", "show", "1").splitlines()[-4:] == [
        "why         queue Support: envelope recipient support@example.org",
        "            kind personal",
        "            no ticket named: a new one",
        "            no answer: queue Support has no auto-reply (A17)",
    ]


# -- one Message-ID, several letters ------------------------------------------------------------------------------


@pytest.fixture
def twice(desk: Desk) -> Desk:
    """A desk with two letters held that have one Message-ID, and a third that is a ticket."""
    desk.ticket(owner="bert", locked=True)
    desk.done("steal", "1")
    with desk.store.reading() as tx:
        notice = tx.outbox()[0].message_id
    for n, header in ((1, f"In-Reply-To: {notice}"), (2, f"In-Reply-To: {notice}"), (3, "X-Nothing: x")):
        take(desk, mail(n, "Message-ID: <same@shop.test>", header))
    return desk


def test_of_several_with_one_id_the_newest_is_explained_and_the_others_are_named(twice: Desk) -> None:
    ran = twice.run("mail", "explain", "<same@shop.test>")
    assert ran.out.endswith("=> new, queue Support, kind personal: mail 3, article 2/1\n")
    assert ran.err == "ticketctl: this is mail 3; the same Message-ID have: 2, 1\n"
    assert "  -> same Message-ID as that of an earlier mail, other content\n" in ran.out
    assert twice.run("mail", "explain", "2").err == ""
    assert twice.run("mail", "show", "same@shop.test", "-o", "json").json["id"] == 3


def test_what_changes_a_letter_wants_to_know_which_one(twice: Desk) -> None:
    for words in (["drop", "<same@shop.test>"], ["retry", "<same@shop.test>"],
                  ["accept", "<same@shop.test>", "-Q", "Sales"]):  # fmt: skip
        ran = twice.run("mail", *words)
        assert (ran.status, ran.err) == (2, "ticketctl: several mails are <same@shop.test>: 2, 1; write an id\n")
    assert twice.done("mail", "drop", "2") == "mail 2 dropped\n"
    assert twice.done("mail", "accept", "<same@shop.test>", "-Q", "Sales").startswith("mail 1 new, article 3/1 of ")
    assert twice.done("mail", "retry", "<same@shop.test>").startswith("mail 2 held: somebody other ")


def test_an_id_names_the_newest_letter_that_one_may_see(make_desk: MakeDesk) -> None:
    desk = make_desk('[agents.carl]\nname = "Carl"\n[agents.carl.queues]\nSales = ["rw"]\n')
    take(desk, mail(1, "Message-ID: <same@shop.test>", to="sales@example.org"), to="sales@example.org")
    take(desk, mail(2, "Message-ID: <same@shop.test>"))
    assert desk.run("--as", "carl", "mail", "show", "<same@shop.test>", "-o", "json").json["id"] == 1
    ran = desk.run("--as", "carl", "mail", "explain", "<same@shop.test>")
    assert (ran.err, "mail 2" in ran.out) == ("", False)


# -- the story, afterwards ----------------------------------------------------------------------------------------


def test_explain_as_json_is_the_mail_with_its_steps(week: Desk) -> None:
    value = week.run("mail", "explain", "2", "-o", "json").json
    assert {key: value[key] for key in value if key != "steps"} == week.run("mail", "show", "2", "-o", "json").json
    assert [step for step in value["steps"] if step["step"] in ("kind", "verdict")] == [
        {"step": "kind", "tried": "A5", "found": "Auto-Submitted: auto-replied", "decided": None},
        {"step": "kind", "tried": None, "found": None,
         "decided": "kind auto: Auto-Submitted says that a machine wrote it (A5)"},
        {"step": "verdict", "tried": None, "found": None,
         "decided": "a new ticket 2026111710000031 in queue Support; exit status 0"},
    ]  # fmt: skip


def test_the_filter_before_and_the_agent_afterwards_tell_the_same_story(week: Desk) -> None:
    for n, headers in enumerate(
        ((), ("In-Reply-To: <1@shop.test>",), ("Auto-Submitted: auto-replied", "Precedence: bulk"),
         ("References: <0@shop.test> <4@shop.test>", "X-Ticketctl-State: open")), 8):  # fmt: skip
        raw, envelope = mail(n, *headers), Envelope(recipient="support@example.org", sender="emma@shop.test")
        received, steps = told(week.store, raw, envelope, NOW)
        became = receive(week.store, raw, envelope, NOW)
        assert became.decision == received.decision
        before = [step_value(step) for step in steps]
        afterwards = week.run("mail", "explain", str(became.mail), "-o", "json").json["steps"]
        afterwards[-1]["decided"] = afterwards[-1]["decided"].replace(f"a new ticket {became.number}", "a new ticket")
        assert afterwards == before


def test_a_mail_that_was_too_much_is_not_read_again(week: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("ticketctl.intake.decide", too_much)
        take(week, mail(8))
        before = [step_value(step) for step in told(week.store, mail(9), Envelope(sender=""), NOW)[1]]
    assert week.done("mail", "explain", "8").splitlines() == [
        "Which queue",
        "  -> queue Support: envelope recipient support@example.org",
        "Verdict",
        "  -> a fault of ours: MemoryError",
        "  -> held until somebody decides: a fault of ours: MemoryError; exit status 0",
        "=> held, queue Support, kind personal: mail 8",
    ]
    assert [step["step"] for step in before] == ["queue", "verdict", "verdict"]


def too_much(*_: object, **__: object) -> None:
    raise MemoryError


def test_a_mail_is_explained_by_the_policy_that_held_when_it_came(week: Desk) -> None:
    before = week.done("mail", "explain", "1")
    policy = week.done("policy", "show").replace("support@example.org", "other@example.org")
    week.done("policy", "apply", "-m", "moved", "-", stdin=policy)
    assert week.done("mail", "explain", "1") == before
    assert "  envelope recipient support@example.org: an address of Support\n" in before


def test_a_mail_that_was_placed_by_hand_says_by_whom(week: Desk) -> None:
    week.done("mail", "accept", "6", "--ticket", "1")
    assert week.done("mail", "explain", "6").splitlines()[-5:] == [
        "Verdict",
        "  -> an article on ticket 2026112210000014; exit status 0",
        "By hand, later",
        "  -> placed by hand by anna",
        "=> follow-up, queue Support, kind personal: mail 6, article 1/2",
    ]


# -- a host that does not send ------------------------------------------------------------------------------------


@pytest.fixture
def shadow(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that answers and does not send, with two answers and a reply owed."""
    desk = make_desk(ANSWERING)
    policy = desk.done("policy", "show").replace("[queues.Support]\n", '[queues.Support]\nauto-reply = "got-it"\n')
    desk.done("policy", "apply", "-m", "answers", "-", stdin=policy)
    monkeypatch.setenv("TICKETCTL_SEND", "false")
    take(desk, mail(1))
    take(desk, mail(2, sender="kim@else.test"))
    made = ["new", "-Q", "Sales", "--customer", "b@x.test", "--title", "T", "--channel", "email", "-m", "Hi"]
    desk.done(*made, "--queue-only")
    return desk


NOTHING_SENT = "ticketctl: nothing is sent: `send = false` on this host\n"


def test_in_the_shadow_flush_renders_once_and_everything_says_that_nothing_is_sent(shadow: Desk) -> None:
    assert shadow.done("flush", "-v") == "mail 3 rendered\nmail 1 rendered\nmail 2 rendered\n"
    assert shadow.run("flush", "-v").out == ""
    assert shadow.run("outbox", "list").err == NOTHING_SENT
    assert shadow.run("status").err == NOTHING_SENT
    assert shadow.run("status", "-q").err == ""
    assert not (shadow.root / "sent").exists()


def test_what_would_be_answered_is_shown_to_an_admin(shadow: Desk) -> None:
    raw = shadow.done("outbox", "show", "1", "--raw")
    assert "\nSubject: [Ticket#2026112210000014] We have it\n" in raw
    assert raw.endswith("\n\nNumber 2026112210000014.\n")
    assert shadow.run("--as", "bert", "outbox", "show", "1", "--raw").status == 66  # its token is a proof


def test_a_template_that_breaks_is_said_once(shadow: Desk) -> None:
    of_second = "{{ 1 // (0 if ticket.number == '2026112210000023' else 1) }}"
    policy = shadow.done("policy", "show").replace("{{ ticket.number }}", of_second)
    shadow.done("policy", "apply", "-m", "broken", "-", stdin=policy)
    words = "templates.got-it.body: line 1: integer division or modulo by zero"
    assert shadow.run("flush").err == f"ticketctl: mail 2 rendered: {words}\n"
    assert shadow.run("flush").err == ""
    assert [each["last_error"] for each in shadow.run("outbox", "list", "-o", "json").json] == [None, words, None]


def test_the_outbox_is_emptied_before_a_host_sends_again(shadow: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shadow.run("--as", "bert", "outbox", "drop", "--all").status == 77
    assert shadow.run("outbox", "drop").status == 2
    assert shadow.run("outbox", "drop", "1", "--all").status == 2
    assert shadow.done("outbox", "drop", "--all", "-n").count("would be dropped") == 3
    assert shadow.done("outbox", "drop", "--auto") == (
        "mail 1 dropped: emma@shop.test\nmail 2 dropped: kim@else.test\n"
    )
    assert shadow.done("outbox", "drop", "--all") == "mail 3 dropped: b@x.test\n"
    assert shadow.done("outbox", "drop", "--all") == ""
    monkeypatch.setenv("TICKETCTL_SEND", "true")
    assert shadow.done("flush", "-v") == ""
    assert [each["status"] for each in shadow.run("outbox", "list", "--all", "-o", "json").json] == ["dropped"] * 3
