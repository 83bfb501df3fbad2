"""Several at once, through the programs: tickets in a row, agents in a race, rehearsals, the outbox."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest

from core.test_post_smtp import served
from system.home import Home, mail
from system.seen import desk, ended


@pytest.fixture
def home(tmp_path, place, program: Callable[[str], list[str]]) -> Home:
    """A desk of three tickets."""
    made = Home(tmp_path, program, url=place(tmp_path / "desk.db"))
    for number in range(1, 4):
        made.deliver(mail(number))
    return made


def test_ten_who_take_the_next_of_five_get_one_each_and_five_get_none(tmp_path, place, program):
    home = Home(tmp_path, program, agents=10, url=place(tmp_path / "desk.db"))
    numbers = {home.deliver(mail(number))["number"] for number in range(5)}
    running = [home.start("ticketctl", "-o", "ids", "--as", f"agent{n}", "take", "--next") for n in range(1, 11)]
    ends = [(*each.communicate(timeout=60), each.returncode) for each in running]
    assert Counter(status for *_, status in ends) == {0: 5, 66: 5}
    assert sorted(out.decode().strip() for out, _, status in ends if status == 0) == sorted(numbers)
    assert {err for _, err, status in ends if status} == {b"ticketctl: no unlocked ticket waits there\n"}
    assert len({ticket["owner"] for ticket in home.json("list")}) == 5


def test_two_who_answer_one_ticket_send_one_answer(home):
    running = [home.start("ticketctl", "--as", f"agent{n}", "reply", "1", "-m", f"Hello from {n}.") for n in (1, 2)]
    ends = [(*each.communicate(timeout=60), each.returncode) for each in running]
    assert sorted(status for *_, status in ends) == [0, 79]
    assert len(home.sent()) == 1
    assert len(home.json("show", "1")["articles"]) == 2


def test_one_bad_ticket_does_not_stop_the_rest_and_the_status_is_theirs_where_they_agree(home):
    status, out, err = ended(home, "priority", "1", "99", "2", "98", "high")
    assert (status, len(out.splitlines()), err) == (66, 2, "ticketctl: no ticket 99\nticketctl: no ticket 98\n")
    home.run("--as", "agent1", "take", "2")
    status, out, err = ended(home, "close", "-", stdin=b"1 2\n99\n3\n")
    assert (status, len(out.splitlines()), len(err.splitlines())) == (1, 2, 2)
    assert [ticket["state"] for ticket in home.json("list", "--all")] == [
        "closed successful",
        "new",
        "closed successful",
    ]
    assert ended(home, "reopen", "-", stdin=b"") == (0, "", "")


WRITES: list[tuple[str, ...]] = [
    ("new", "-Q", "Support", "--customer", "kim@x.test", "--title", "t", "-m", "x", "--channel", "email"),
    ("reply", "1", "-m", "x", "-y"),
    ("note", "1", "-m", "x"),
    ("take", "1"),
    ("take", "--next"),
    ("steal", "2"),
    ("unlock", "3"),
    ("move", "1", "-Q", "Sales"),
    ("reassign", "1", "--to", "agent2"),
    ("priority", "1", "high"),
    ("title", "1", "Other"),
    ("pend", "1", "-u", "3d"),
    ("close", "1", "-m", "x"),
    ("reopen", "3"),
]  # fmt: skip
ON_OTHER_THINGS: list[tuple[str, ...]] = [
    ("outbox", "hold", "1"),
    ("outbox", "hold", "--auto"),
    ("outbox", "retry", "1"),
    ("outbox", "drop", "1"),
    ("mail", "drop", "4"),
    ("mail", "retry", "4"),
    ("mail", "accept", "4", "-Q", "Sales"),
    ("policy", "set", "desk.name", "Other"),
    ("policy", "revert", "1", "--force"),
    ("flush",),
]


def test_a_rehearsal_shows_what_would_be_and_writes_nothing(home):
    home.run("--as", "agent1", "take", "2")
    home.run("take", "3")
    home.run("close", "3")
    home.run("take", "3")
    home.run("reply", "3", "-m", "y", "-y", "--queue-only")
    before = desk(home)
    for words in WRITES:
        (ticket,) = home.json("-n", *words)
        assert ticket["dry_run"] is True, words
        assert desk(home) == before, words
    for words in ON_OTHER_THINGS:
        status, out, err = ended(home, "-n", "-o", "json", *words)
        assert desk(home) == before, words
        if status == 0 and words[0] != "flush" and "--auto" not in words:
            value = json.loads(out)
            assert (value[0] if isinstance(value, list) else value)["dry_run"] is True, words
        else:
            assert (status, words[0]) in {(0, "flush"), (0, "outbox"), (65, "mail"), (66, "mail")}, (words, err)
    assert home.sent() == []


# The outbox


def test_a_sendmail_that_fails_leaves_the_answer_owed_with_a_warning(home):
    home.environment["TICKETCTL_SENDMAIL"] = "/bin/false"
    status, out, err = ended(home, "-o", "json", "reply", "1", "-m", "x", "-y")
    (value,) = json.loads(out)
    (delivery,) = value["deliveries"]
    assert (status, delivery["recipient"]) == (0, "carla@customer.test")
    assert delivery["status"] in ("owed", "delayed")
    assert err.startswith("ticketctl: mail 1 is ")
    assert [(each["status"], each["tries"]) for each in home.json("outbox", "list")] == [("owed", 1)]


def test_mail_is_held_released_dropped_and_owed_again(home):
    for number in ("1", "2", "3"):
        home.run("reply", number, "-m", "x", "-y", "--queue-only")
    home.run("outbox", "hold", "1")
    home.run("outbox", "drop", "2")
    home.run("flush")
    assert [each["status"] for each in home.json("outbox", "list", "--all")] == ["held", "dropped", "sent"]
    assert len(home.sent()) == 1
    home.run("outbox", "release", "1")
    home.run("outbox", "retry", "2", "--to", "other@customer.test")
    home.run("flush")
    assert [each["status"] for each in home.json("outbox", "list", "--all")] == ["sent", "sent", "sent"]
    home.run("flush")
    assert len(home.sent()) == 3
    deliveries = home.json("show", "2")["articles"][1]["deliveries"]
    assert [(each["recipient"], each["status"]) for each in deliveries] == [
        ("carla@customer.test", "failed"),
        ("other@customer.test", "sent"),
    ]


def test_all_mail_is_held_until_all_is_released(home):
    home.run("outbox", "hold", "--all")
    status, out, err = ended(home, "-o", "json", "reply", "1", "-m", "x", "-y")
    assert (status, json.loads(out)[0]["deliveries"][0]["status"]) == (0, "owed")
    home.run("flush")
    assert home.sent() == []
    home.run("outbox", "release", "--all")
    home.run("flush")
    assert len(home.sent()) == 1


def test_held_automatic_answers_do_not_hold_an_agents_answer(tmp_path, place, program):
    home = Home(tmp_path, program, queue='auto-reply = "received"', url=place(tmp_path / "desk.db"))
    home.run("outbox", "hold", "--auto")
    home.deliver(mail(1), "--recipient", "support@example.org")
    home.run("reply", "1", "-m", "Here I am.", "-y")
    home.run("flush")
    assert [b"Here I am." in each for each in home.sent()] == [True]
    home.run("outbox", "release", "--auto")
    home.run("flush")
    assert [b"Your request has number" in each for each in home.sent()] == [False, True]


def test_a_host_that_does_not_send_renders_and_keeps(home):
    home.environment["TICKETCTL_SEND"] = "false"
    status, _, err = ended(home, "reply", "1", "-m", "x", "-y")
    assert (status, err) == (0, "ticketctl: mail 1 is owed, not sent: `send = false` on this host\n")
    home.run("flush")
    assert (home.sent(), [each["status"] for each in home.json("outbox", "list")]) == ([], ["owed"])
    del home.environment["TICKETCTL_SEND"]
    home.run("flush")
    assert len(home.sent()) == 1


def test_without_sendmail_mail_leaves_by_smtp(home):
    del home.environment["TICKETCTL_SENDMAIL"]
    with served() as server:
        (home.root / "ticketctl.toml").write_text(
            f'sendmail = []\n[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nstarttls = false\n'
        )
        home.run("reply", "1", "-m", ".\nA dot.", "-y", "-b", "boss@example.org")
    (sent,) = server.mails
    assert b"\r\n..\r\nA dot.\r\n" in sent
    assert b"boss@example.org" not in sent
    recipients = [line for line in server.heard if line.startswith("RCPT")]
    assert recipients == ["RCPT TO:<carla@customer.test>", "RCPT TO:<boss@example.org>"]
    assert ended(home, "reply", "1", "-m", "x", "-y")[0] == 0
    assert ended(home, "flush")[0] in (0, 69)


def test_the_files_of_a_note_never_leave(home):
    (home.root / "mail.eml").write_bytes(mail(9))
    (home.root / "all.bin").write_bytes(bytes(range(256)) * 100)
    home.run("note", "1", "-m", "see", "-a", str(home.root / "mail.eml"), "-a", str(home.root / "all.bin"))
    home.run("reply", "1", "-m", "x", "-y")
    (sent,) = home.sent()
    assert b"It burns, says 9" not in sent
    article = home.json("show", "1/2")
    assert [each["size"] for each in article["attachments"]] == [len(mail(9)), 25600]
    for n, name in ((1, "mail.eml"), (2, "all.bin")):
        shown = home.start("ticketctl", "show", f"1/2/{n}").communicate(timeout=60)
        assert shown == ((home.root / name).read_bytes(), b"")
    home.run("fsck")
