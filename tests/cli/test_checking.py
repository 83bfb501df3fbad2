"""`policy check` with mail: which rules fire, and which letters would fare otherwise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cli.conftest import LOGIN, NOW, POLICY, Desk, MakeDesk
from ticketctl.cli.checking import spread
from ticketctl.intake import Envelope
from ticketctl.receive import receive

RULES = r"""
[queues.Junk]
[[rules]]
name = "spam"
when.header.X-Spam-Flag = "YES"
set = { queue = "Junk", priority = "low" }
stop = true
[[rules]]
name = "nagios"
when.envelope.sender = "nagios@*"
when.subject = '/(?P<host>web\d)/'
set = { ticket = "external:{host}", queue = "{host}", tags = ["alarm"] }
"""


def mail(n: int = 1, subject: str = "Hello", **headers: str) -> bytes:
    fields = {"From": "Emma <emma@shop.test>", "To": "support@example.org", "Subject": subject,
              "Message-ID": f"<{n}@shop.test>", "Date": "Sun, 22 Nov 2026 09:00:00 +0000",
              **{name.replace("_", "-"): value for name, value in headers.items()}}  # fmt: skip
    return ("".join(f"{name}: {value}\n" for name, value in fields.items()) + f"\nText {n}.\n").encode()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "desk.toml"
    file.write_text(POLICY.format(login=LOGIN, more=RULES))
    return file


@pytest.mark.parametrize(
    ("words", "spread_out"),
    [
        (["p", "--mail", "a"], ["p", "--mail", "a"]),
        (["p", "--mail", "a", "b", "-"], ["p", "--mail", "a", "--mail", "b", "--mail", "-"]),
        (["--mail", "a", "b", "-v", "p"], ["--mail", "a", "--mail", "b", "-v", "p"]),
        (["--mail", "a", "--mail", "b", "c"], ["--mail", "a", "--mail", "b", "--mail", "c"]),
        (["--mail=a", "b"], ["--mail=a", "b"]),
        (["p", "--mail"], ["p", "--mail"]),
        (["--mail", "a", "--", "b"], ["--mail", "a", "--", "b"]),
    ],
)
def test_mail_takes_what_a_shell_makes_of_a_star(words: list[str], spread_out: list[str]) -> None:
    assert spread(words) == spread_out


def test_which_rules_fire_and_what_they_would_set(desk: Desk, policy: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.eml", tmp_path / "two.eml"
    one.write_bytes(mail(X_Spam_Flag="YES"))
    two.write_bytes(mail(2, "web1 is down"))
    out = desk.done("policy", "check", str(policy), "--mail", str(one), str(two), "--sender", "nagios@monitor.test")
    assert out.splitlines() == [
        f"{one}: personal, from emma@shop.test, 'Hello'",
        "  rule spam fires: queue Junk, priority low",
        "  => new, queue Junk, title 'Hello', priority low, state new",
        f"{two}: personal, from emma@shop.test, 'web1 is down'",
        "  rule nagios fires: ticket web1, tags alarm",
        "    queue: there is no queue 'web1': passed over",
        "  => new, queue Support, title 'web1 is down', priority normal, state new",
    ]


def test_verbose_names_every_rule_and_every_step(desk: Desk, policy: Path) -> None:
    out = desk.done("policy", "check", str(policy), "-v", "--mail", "-", stdin=mail(X_Spam_Flag="YES"))
    assert "  rule nagios is not tried\n" in out
    assert "   2 kind personal\n" in out
    assert "  rule spam does not fire\n" in desk.done("policy", "check", str(policy), "-v", "--mail", "-", stdin=mail())


def test_programs_get_json_and_tsv(desk: Desk, policy: Path) -> None:
    ran = desk.run("policy", "check", str(policy), "-o", "json", "--mail", "-", stdin=mail(X_Spam_Flag="YES"))
    (value,) = ran.json
    assert value["rules"] == [
        {"name": "spam", "fires": True, "set": {"queue": "Junk", "priority": "low"}, "passed_over": []},
        {"name": "nagios", "fires": None, "set": {}, "passed_over": []},
    ]
    assert (value["mail"], value["verdict"], value["queue"], value["priority"]) == ("-", "new", "Junk", "low")
    words = ("policy", "check", str(policy), "-o", "tsv", "--header", "--mail", "-")
    assert desk.done(*words, stdin=mail(X_Spam_Flag="YES")) == (
        "mail\tkind\tverdict\tqueue\trules\n-\tpersonal\tnew\tJunk\tspam\n"
    )


def test_mails_come_from_files_folders_maildirs_and_boxes(desk: Desk, policy: Path, tmp_path: Path) -> None:
    folder, maildir, box = tmp_path / "folder", tmp_path / "Maildir", tmp_path / "box"
    for place in (folder, maildir / "new", maildir / "cur", maildir / "tmp"):
        place.mkdir(parents=True)
    (folder / "a").write_bytes(mail(1))
    (folder / ".hidden").write_bytes(mail(2))
    (maildir / "new" / "b").write_bytes(mail(3))
    (maildir / "cur" / "c").write_bytes(mail(4))
    (maildir / "tmp" / "d").write_bytes(mail(5))
    box.write_bytes(b"".join(b"From emma@shop.test Sun Nov 22 09:00:00 2026\n" + mail(n) + b"\n" for n in (6, 7)))
    out = desk.done("policy", "check", str(policy), "-o", "ids", "--mail", str(folder), str(maildir), str(box))
    assert out.splitlines() == [
        f"{folder}/a", f"{maildir}/new/b", f"{maildir}/cur/c", f"{box}:1", f"{box}:2",
    ]  # fmt: skip


def test_a_hostile_mail_acts_on_no_terminal_and_is_told(desk: Desk, policy: Path) -> None:
    out = desk.done("policy", "check", str(policy), "--mail", "-", stdin=b"Subject: \x1b]0;x\x07 \xff\n" + b"\x00" * 99)
    assert all(line.isprintable() for line in out.splitlines())
    assert out.splitlines()[-1].startswith("  => new, queue Raw")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--mail", "/nowhere"), 66),
        (("--mail",), 2),
        (("--replay", "7d"), 2),
        (("FILE", "--replay", "week"), 2),
        (("FILE", "--replay", "7d", "--mail", "x"), 2),
        (("-", "--mail", "-"), 2),
        (("FILE", "--sender", "emma@shop.test"), 2),
        (("FILE", "--trust", "--replay", "7d"), 2),
    ],
)
def test_check_refuses(desk: Desk, policy: Path, words: tuple[str, ...], status: int) -> None:
    given = [str(policy) if word == "FILE" else word for word in words]
    assert desk.run("policy", "check", *given).status == status


@pytest.fixture
def week(desk: Desk) -> Desk:
    """Three letters: one of eight days ago, a spam of yesterday, one of today."""
    for n, (age, headers) in enumerate(((8, {}), (1, {"X_Spam_Flag": "YES"}), (0, {})), 1):
        to = Envelope(recipient="support@example.org", sender="emma@shop.test")
        receive(desk.store, mail(n, **headers), to, NOW - timedelta(days=age))
    return desk


def test_replay_shows_what_would_fare_otherwise(week: Desk, policy: Path) -> None:
    ran = week.run("policy", "check", str(policy), "--replay", "7d")
    assert (ran.status, ran.out, ran.err) == (
        0,
        "mail 2  2026-11-21 11:00  emma@shop.test  'Hello'\n  queue: Support -> Junk\n  priority: normal -> low\n",
        "ticketctl: 1 of 2 letters would fare otherwise\n",
    )
    assert "rule spam: queue Junk, priority low; no further rule\n" in week.done(
        "policy", "check", str(policy), "--replay", "7d", "-v"
    )


def test_replay_for_programs(week: Desk, policy: Path) -> None:
    (value,) = week.run("policy", "check", str(policy), "--replay", "30d", "-o", "json").json
    assert (value["id"], value["differs"], value["was"], value["would"]) == (
        2, ["queue", "priority"], {"queue": "Support", "priority": "normal"}, {"queue": "Junk", "priority": "low"},
    )  # fmt: skip
    out = week.done("policy", "check", str(policy), "--replay", "30d", "-o", "tsv")
    assert out == "2\t2026-11-21T10:00:00Z\temma@shop.test\tHello\tqueue,priority\n"


def test_replay_writes_nothing_and_is_for_admins(week: Desk, make_desk: MakeDesk, policy: Path) -> None:
    letters = week.done("mail", "list", "--all", "-o", "json")
    week.done("policy", "check", str(policy), "--replay", "7d")
    assert week.done("mail", "list", "--all", "-o", "json") == letters
    assert week.run("--as", "bert", "policy", "check", str(policy), "--replay", "7d").status == 77
