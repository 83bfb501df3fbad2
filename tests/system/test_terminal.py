"""On a terminal, through the programs: the editor, the questions, the pager, and text that would steer a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from system.home import Home, mail
from system.seen import desk, ended, typed

ASKED = "Send? [y]es [e]dit [a]ttach [q]uit"
ANSWER = """\
[templates.vpn]
kind = "answer"
body = "Restart it."
[agents.quick]
name = "Quick"
email = "quick@example.org"
roles = ["all"]
confirm = false
"""


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, module_place: Callable[[Path], str], program: Callable[[str], list[str]]
) -> Home:
    root = tmp_path_factory.mktemp("desk")
    made = Home(root, program, url=module_place(root / "desk.db"))
    policy = made.root / "policy.toml"
    policy.write_text(policy.read_text() + ANSWER)
    made.run("policy", "apply", "-m", "answers", str(policy))
    return made


@pytest.fixture
def number(home: Home, request: pytest.FixtureRequest) -> str:
    """The number of a new ticket."""
    return str(home.deliver(mail(request.node.name.replace("[", ".").replace("]", ""), subject="Printer"))["number"])


def editor(home: Home, script: str) -> str:
    """An editor that does this to the file "$1"."""
    path = home.root / "editor"
    path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
    path.chmod(0o755)
    return str(path)


def adds(home: Home, line: str, more: str = "") -> str:
    """An editor that writes a line on top."""
    return editor(home, f'{{ echo "{line}"; cat "$1"; }} > "$1.new"; mv "$1.new" "$1"\n{more}')


def looks(home: Home, number: str) -> tuple[Any, ...]:
    """State, lock, owner and articles of a ticket."""
    value = home.json("show", number)
    return value["state"], value["lock"], value["owner"], [each["body"].splitlines()[0] for each in value["articles"]]


# reply


def test_what_is_written_in_the_editor_is_looked_at_and_sent(home, number):
    before = len(home.sent())
    status, shown = typed(home, "reply", number, answers=((ASKED, "y\n"),), EDITOR=adds(home, "We are coming."))
    assert status == 0
    assert "To: Carla <carla@customer.test>\n" in shown
    assert f"Subject: [Ticket#{number}] Printer\n" in shown
    state, lock, owner, bodies = looks(home, number)
    assert (state, lock, owner, bodies[1:]) == ("open", "locked", "admin", ["We are coming."])
    (sent,) = home.sent()[before:]
    assert b"\nWe are coming.\n" in sent
    assert b"Everything below" not in sent


def test_a_no_at_the_question_gives_lock_and_owner_back(home, number):
    before = looks(home, number)
    sent = home.sent()
    status, shown = typed(home, "reply", number, answers=((ASKED, "q\n"),), EDITOR=adds(home, "No."))
    assert (status, shown.splitlines()[-1]) == (130, f"ticketctl: given up: nothing was sent on ticket {number}")
    assert (looks(home, number), home.sent()) == (before, sent)
    assert [entry["change"] for entry in home.json("history", number)][-2:] == ["Taken", "GaveBack"]


@pytest.mark.parametrize("script", ["exit 3", ': > "$1"', "kill -9 $$", ":"])
def test_an_editor_that_fails_or_writes_nothing_gives_lock_and_owner_back(home, number, script):
    before = looks(home, number)
    status, shown = typed(home, "reply", number, EDITOR=editor(home, script))
    assert (status, looks(home, number)) == (130, before)
    assert shown.splitlines()[-1].startswith("ticketctl: given up: ")


def test_a_lock_that_was_ones_own_before_stays(home, number):
    home.run("take", number)
    assert typed(home, "reply", number, EDITOR=editor(home, "exit 1"))[0] == 130
    assert looks(home, number)[:3] == ("new", "locked", "admin")


def test_at_the_question_it_can_be_edited_again_and_files_attached(home, number):
    (home.root / "log.txt").write_text("all red\n")
    answers = (
        (ASKED, "e\n"),
        (ASKED, "a\n"),
        ("File", "nope\n"),
        (ASKED, "a\n"),
        ("File", "log.txt\n"),
        (ASKED, "y\n"),
    )
    status, shown = typed(home, "reply", number, answers=answers, EDITOR=adds(home, "Once more."))
    assert status == 0
    assert "nope: cannot be read: No such file or directory" in shown
    assert "Attached: log.txt (8 bytes)" in shown
    article = home.json("show", number)["articles"][1]
    assert article["body"].splitlines()[:2] == ["Once more.", "Once more."]
    assert [(each["name"], each["size"]) for each in article["attachments"]] == [("log.txt", 8)]
    assert home.run("show", f"{number}/2/1") == "all red\n"


def test_who_wants_no_question_is_asked_none(home, number):
    status, shown = typed(home, "--as", "quick", "reply", number, EDITOR=adds(home, "Done."))
    assert (status, ASKED in shown) == (0, False)
    status, shown = typed(home, "--as", "quick", "reply", number, "-t", "vpn", "-y")
    assert (status, ASKED in shown) == (0, False)
    assert looks(home, number)[3][1:] == ["Done.", "Restart it."]


@pytest.mark.parametrize(("key", "status", "articles"), [("y\n", 0, 3), ("n\n", 130, 2)])
def test_an_article_that_came_meanwhile_is_shown_and_asked_about(home, number, key, status, articles):
    other = " ".join([*home.program("ticketctl"), "--as", "agent2", "note", number, "-m", "'Mind the paper.'"])
    answers = ((ASKED, "y\n"), ("Mind the paper.", ""), ("Send all the same?", key))
    ended_with, shown = typed(home, "reply", number, answers=answers, EDITOR=adds(home, "Hello.", other))
    assert ended_with == status
    assert f"ticket {number}: article 2 by Agent 2 came meanwhile" in shown
    assert len(home.json("show", number)["articles"]) == articles


def test_a_text_whose_lock_was_stolen_meanwhile_is_kept_in_a_file(home, number, tmp_path):
    other = " ".join([*home.program("ticketctl"), "--as", "agent2", "steal", number])
    status, shown = typed(
        home, "reply", number, answers=((ASKED, "y\n"),), EDITOR=adds(home, "A long text.", other),
        XDG_STATE_HOME=str(tmp_path),
    )  # fmt: skip
    (draft,) = (tmp_path / "ticketctl" / "drafts").iterdir()
    assert shown.splitlines()[-2:] == [
        f"ticketctl: the text is kept in {draft}",
        f"ticketctl: ticket {number} is locked by agent2; `ticketctl steal` takes it over",
    ]
    assert (status, draft.read_text().splitlines()[0], draft.stat().st_mode & 0o777) == (79, "A long text.", 0o600)
    assert looks(home, number)[:3] == ("new", "locked", "agent2")


# policy edit


def policy_editor(home: Home, *scripts: str) -> str:
    """An editor that does another thing each time."""
    count = home.root / "count"
    count.write_text("0")
    cases = "\n".join(f"{n}) {script} ;;" for n, script in enumerate(scripts))
    return editor(home, f"n=$(cat {count}); echo $((n + 1)) > {count}\ncase $n in\n{cases}\n*) exit 9 ;; esac")


def test_a_policy_is_edited_checked_shown_and_applied(home):
    rename = 'sed -i "s/^name = .Example.*/name = \\"Bench\\"/" "$1"'
    wrong = 'echo "[queues.X]" >> "$1"; echo "adresses = []" >> "$1"'
    right = 'sed -i -e /queues.X/d -e /adresses/d "$1"'
    status, shown = typed(
        home, "policy", "edit", "-m", "renamed", answers=(("Edit again?", "y\n"), ("Apply?", "y\n")),
        EDITOR=policy_editor(home, f"{rename}; {wrong}", right),
    )  # fmt: skip
    assert status == 0
    assert "queues.X.adresses: unknown key; did you mean addresses?" in shown
    assert '\n-name = "Example Help Desk"\n+name = "Bench"\n' in shown
    assert home.run("policy", "get", "desk.name").strip().strip('"') == "Bench"
    assert home.json("policy", "log")[0]["reason"] == "renamed"


def test_a_policy_that_is_given_up_stays_as_it_was_and_its_text_is_kept(home, tmp_path):
    before = desk(home)
    status, shown = typed(
        home, "policy", "edit", answers=(("Edit again?", "n\n"),), XDG_STATE_HOME=str(tmp_path),
        EDITOR=policy_editor(home, 'echo "x = 1" > "$1"'),
    )  # fmt: skip
    (draft,) = (tmp_path / "ticketctl" / "drafts").iterdir()
    assert status == 130
    assert shown.splitlines()[-1] == f"ticketctl: given up: the policy stays as it was; your text is kept in {draft}"
    assert draft.read_text() == "x = 1\n"
    assert typed(home, "policy", "edit", EDITOR="true")[0] == 130
    assert typed(home, "policy", "edit", EDITOR="false")[0] == 130
    assert desk(home) == before


def test_a_policy_that_somebody_else_changed_meanwhile_is_75_and_the_text_is_kept(home, tmp_path):
    other = " ".join([*home.program("ticketctl"), "policy", "set", "desk.name", "Other", ">", "/dev/null"])
    rename = 'sed -i "s/^name = .*Desk.*/name = \\"Mine\\"/" "$1"; echo "# mine" >> "$1"'
    status, shown = typed(
        home, "policy", "edit", answers=(("Apply?", "y\n"),), XDG_STATE_HOME=str(tmp_path),
        EDITOR=policy_editor(home, f"{rename}; {other}"),
    )  # fmt: skip
    assert status == 75
    (draft,) = (tmp_path / "ticketctl" / "drafts").iterdir()
    assert "# mine" in draft.read_text()
    assert str(draft) in shown
    assert home.run("policy", "get", "desk.name").strip().strip('"') == "Other"


# How it looks


def test_a_terminal_gets_a_table_and_a_pager_and_a_pipe_gets_tsv_and_plain_pages(home, number):
    pager = "sed 's/^/paged: /'"
    status, shown = typed(home, "show", number, TICKETCTL_PAGER=pager)
    assert (status, {line.startswith("paged: ") for line in shown.splitlines()}) == (0, {True})
    home.environment["TICKETCTL_PAGER"] = pager
    assert "paged: " not in home.run("show", number)
    del home.environment["TICKETCTL_PAGER"]
    assert typed(home, "list", NO_COLOR="1")[1].split()[:2] == ["NUMBER", "ID"]
    assert home.run("list", number).split("\t")[0] == number


HOSTILE = "a\x1b]0;owned\x07b\x9b31mc\u202ed\u2066e\rf"


def test_a_hostile_mail_is_harmless_wherever_it_is_shown(tmp_path, place, program):
    home = Home(tmp_path, program, queue='auto-reply = "received"', url=place(tmp_path / "desk.db"))
    raw = (
        f'From: "{HOSTILE}" <carla@customer.test>\nTo: support@example.org\nSubject: {HOSTILE}\n'
        f"Message-ID: <1@customer.test>\n\nThe text {HOSTILE} ends.\n"
    )
    number = home.deliver(raw.encode(), "--recipient", "support@example.org")["number"]
    home.run("note", number, "-m", f"note {HOSTILE}")
    looked = [
        ("list",), ("show", f"{number}/1", "--raw"), ("show", number, "--headers"), ("mail", "list", "--all"),
        ("history", number), ("mail", "show", "1"), ("take", number), ("list", "\x1b[31m:x"),
        ("outbox", "list", "--all"),
    ]  # fmt: skip
    dangerous = set("\x07\x9b\u202e\u2066\x1b")
    for words in looked:
        shown = typed(home, *words, NO_COLOR="1")[1]
        assert not dangerous & set(shown), (words, shown)
        assert "\r" not in shown.replace("\r\n", "\n"), words
    for words in looked[::4]:
        for form in ("json", "tsv"):
            _, out, err = ended(home, "-o", form, *words)
            assert not (dangerous | {"\r"}) & set(out + err), (form, words, out, err)
            assert form == "tsv" or not out or json.loads(out) is not None


def test_bytes_are_refused_on_a_terminal_and_more_than_ten_tickets_are_asked_about(home, number):
    (home.root / "x.bin").write_bytes(bytes(range(256)))
    home.run("note", number, "-m", "look", "-a", str(home.root / "x.bin"))
    status, shown = typed(home, "show", f"{number}/2/1")
    assert (status, shown) == (
        2, "ticketctl: application/octet-stream is nothing for a terminal: write it to a file (> FILE, or --save DIR)\n"
    )  # fmt: skip
    before = desk(home)
    many = [number, *(str(n) for n in range(1, 11))]
    status, shown = typed(home, "priority", *many, "high", answers=(("11 tickets. Go on?", "n\n"),))
    assert (status, shown.splitlines()[-1]) == (130, "ticketctl: given up: nothing was changed")
    assert desk(home) == before
