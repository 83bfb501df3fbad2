"""What is different on a terminal: tables, the pager, questions, the editor."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import Desk

MAIN = "import sys; from ticketctl.cli import main; sys.exit(main())"
SOURCE = Path(__file__).resolve().parents[2] / "src"
Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(desk: Desk) -> Typed:
    """Runs a command on a terminal of its own, types `keys` when it has said something; status and what it showed."""

    def run(*words: str, keys: str = "", **environment: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        env = {**os.environ, "PYTHONPATH": str(SOURCE), "TERM": "xterm", "COLUMNS": "100", **environment}
        process = subprocess.Popen([sys.executable, "-c", MAIN, *words], stdin=theirs, stdout=theirs, stderr=theirs,
                                   env=env, start_new_session=True)  # fmt: skip
        os.close(theirs)
        shown, until = b"", time.monotonic() + 30
        try:
            while time.monotonic() < until:
                if not select.select([ours], [], [], 0.1)[0]:
                    continue
                try:
                    data = os.read(ours, 65536)
                except OSError:
                    break
                shown += data
                if keys and (b"?" in shown or b"[y/N]" in shown):
                    os.write(ours, keys.encode())
                    keys = ""
            return process.wait(timeout=10), shown.decode().replace("\r\n", "\n")
        finally:
            os.close(ours)
            process.kill()
            process.wait()

    return run


def test_a_list_is_a_table_on_a_terminal(desk: Desk, typed: Typed) -> None:
    desk.ticket()
    status, shown = typed("list", TICKETCTL_PAGER="cat")
    assert status == 0
    assert shown.splitlines()[0].startswith("\x1b[1mNUMBER")
    assert "\x1b" not in typed("list", "--color", "never")[1]
    assert "\x1b" not in typed("list", NO_COLOR="1")[1]
    assert "\x1b" not in typed("list", TERM="dumb")[1]


def test_colours_can_be_had_in_a_pipe(desk: Desk) -> None:
    desk.ticket()
    assert "\x1b[1m" in desk.done("list", "-o", "table", "--color", "always")
    assert "\x1b" not in desk.done("list", "-o", "table")


def test_a_page_goes_through_the_pager(desk: Desk, typed: Typed) -> None:
    desk.ticket()
    status, shown = typed("show", "1", TICKETCTL_PAGER="sed 's/^/paged: /'")
    assert status == 0
    assert all(line.startswith("paged: ") for line in shown.splitlines())
    assert "No dial tone" in typed("show", "1", TICKETCTL_PAGER="/no/such/pager")[1]


def test_a_long_list_on_a_terminal_says_that_there_is_more(desk: Desk, typed: Typed) -> None:
    for number in range(52):
        desk.ticket(title=str(number))
    _, shown = typed("list")
    assert shown.splitlines()[-1] == "ticketctl: the first 50; --limit N shows more"
    assert len(desk.done("list").splitlines()) == 52


def test_words_that_find_nothing_are_told_where_they_look(desk: Desk, typed: Typed) -> None:
    desk.ticket()
    hint = "ticketctl: bare words look at number, id and title; `ticketctl search` looks into texts, too\n"
    assert typed("list", "emma") == (0, hint)
    assert typed("list", "owner:me") == (0, "")
    assert desk.run("list", "emma").err == ""


def test_bytes_are_refused_on_a_terminal_and_text_is_harmless(desk: Desk, typed: Typed) -> None:
    from cli.conftest import NOW
    from cli.test_looking import MAIL
    from ticketctl.intake import Envelope
    from ticketctl.receive import receive

    raw = MAIL.replace(b"See the form.", b"See \x1b]0;x\x07 it.")
    receive(desk.store, raw, Envelope(recipient="support@example.org", sender="emma@shop.test"), NOW)
    status, shown = typed("show", "1/1/1")
    assert status == 2
    assert "application/pdf is nothing for a terminal" in shown
    assert typed("show", "1/1/2") == (0, "plain\n")
    status, shown = typed("show", "1/1", "--raw", TICKETCTL_PAGER="cat")
    assert status == 0
    assert "See \\x1b]0;x\\x07 it." in shown


def test_more_than_ten_tickets_are_asked_about(desk: Desk, typed: Typed) -> None:
    words = [str(desk.ticket()) for _ in range(11)]
    status, shown = typed("close", *words, keys="n\n")
    assert status == 130
    assert "11 tickets. Go on?" in shown
    assert typed("close", "--no-input", *words)[0] == 2
    assert len(desk.done("list").splitlines()) == 11
    assert typed("close", *words[:10])[0] == 0
    assert typed("reopen", "-y", *words)[0] == 0
    assert typed("close", *words, keys="y\n")[0] == 0
    assert desk.done("list") == ""


def editor(desk: Desk, script: str) -> str:
    path = desk.root / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_editor_opens_with_comments_below_the_scissors(desk: Desk, typed: Typed) -> None:
    desk.ticket()
    look = f'cat "$1" > {desk.root}/seen; stat -c %a "$1" > {desk.root}/mode'
    write = f'(echo "# one"; echo two; cat "$1") > {desk.root}/n; cp {desk.root}/n "$1"'
    status, _ = typed("note", "1", VISUAL=editor(desk, f"{look}; {write}"))
    assert status == 0
    assert desk.shown(1)["articles"][1]["body"] == "# one\ntwo\n"
    assert "# A note on 1, for agents only.\n" in (desk.root / "seen").read_text()
    assert (desk.root / "mode").read_text() == "600\n"


@pytest.mark.parametrize("script", ["exit 1", "exit 0", 'echo > "$1"', "kill -9 $$"])
def test_an_editor_that_fails_or_leaves_nothing_gives_up(desk: Desk, typed: Typed, script: str) -> None:
    desk.ticket()
    assert typed("note", "1", VISUAL=editor(desk, script))[0] == 130
    assert desk.history(1) == ["system Created", "system ArticleAdded"]


def test_edit_opens_the_editor_on_what_was_given(desk: Desk, typed: Typed) -> None:
    desk.ticket()
    assert typed("note", "1", "-m", "old", "-e", VISUAL=editor(desk, 'sed -i s/old/new/ "$1"'))[0] == 0
    assert desk.shown(1)["articles"][1]["body"] == "new\n"
    assert desk.run("note", "1", "-m", "old", "-e").status == 2


@pytest.mark.parametrize("letter", ["q", "x", "n", "e\nq"])
def test_the_question_after_a_faulty_policy_takes_the_letters_of_visudo(desk: Desk, typed: Typed, letter: str) -> None:
    program = editor(desk, 'echo "x = 1" > "$1"')
    status, shown = typed("policy", "edit", keys=f"{letter}\n", EDITOR=program, XDG_STATE_HOME=str(desk.root))
    assert (status, shown.count("Edit again?")) == (130, letter.count("\n") + 1)


def test_no_input_opens_no_editor(desk: Desk, typed: Typed) -> None:
    desk.ticket()
    assert typed("note", "1", "--no-input", VISUAL=editor(desk, "exit 0"))[0] == 2


def test_an_edited_policy_may_name_texts_in_files(desk: Desk, typed: Typed) -> None:
    (desk.root / "greeting.txt").write_text("Welcome.")
    more = f'[templates.hi]\nkind = "note"\nbody-file = "{desk.root}/greeting.txt"'
    status, shown = typed("policy", "edit", keys="y\n", VISUAL=editor(desk, f"printf '%s\\n' '{more}' >> \"$1\""))
    assert status == 0, shown
    assert "Welcome." in desk.done("policy", "show")
    assert "body-file" not in desk.done("policy", "show")
