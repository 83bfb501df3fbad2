"""A reply that comes to nothing: nothing is taken for it, what was taken goes back, and no text is lost."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.conftest import Desk

MAIN = "import sys; from ticketctl.cli import main; sys.exit(main())"
SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--pend", "someday"], 2),
        (["--pend", "2020-01-01"], 65),
        (["--to", "nobody"], 65),
        (["-c", "a@b@x.test"], 65),
        (["-b", "-oX@x.test"], 65),
        (["-t", "nope"], 66),
        (["-a", "/nowhere"], 66),
        (["-m", "\udcff"], 65),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_taken(desk: Desk, words: list[str], status: int) -> None:
    desk.ticket()
    message = [] if "-m" in words else ["-m", "x"]
    assert desk.run("reply", "1", "-y", *message, *words).status == status
    assert desk.history(1) == ["system Created", "system ArticleAdded"]


def test_an_address_may_have_a_name(desk: Desk) -> None:
    desk.ticket()
    desk.done("reply", "1", "-y", "-m", "x", "--to", "Bob Lee <bob@x.test>", "-c", "cc@x.test", "-b", "Al <al@x.test>")
    sent = (desk.root / "sent").read_text()
    assert "\nTo: Bob Lee <bob@x.test>\nCc: cc@x.test\n" in sent
    assert (desk.root / "sent.args").read_text().split()[-3:] == ["bob@x.test", "cc@x.test", "al@x.test"]


def test_a_rehearsed_reply_shows_what_one_would_give(desk: Desk) -> None:
    desk.ticket(owner="bert")
    (value,) = desk.run("reply", "1", "-y", "-n", "-m", "x", "-o", "json").json
    assert (value["lock"], value["owner"], value["state"], value["dry_run"]) == ("locked", "anna", "open", True)
    assert desk.history(1) == ["system Created", "system ArticleAdded", "system Assigned"]


def _hangs_up() -> None:
    """As a terminal's program, also where whoever runs the tests ignores it (nohup)."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Writing:
    """`reply 1` on a terminal of its own, its editor a script."""

    def __init__(self, desk: Desk, script: str) -> None:
        editor = desk.root / "editor"
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o755)
        self.desk = desk
        state = str(desk.root / "state")
        env = os.environ | {"PYTHONPATH": str(SOURCE), "VISUAL": str(editor), "XDG_STATE_HOME": state}
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen([sys.executable, "-c", MAIN, "reply", "1"], stdin=theirs, stdout=theirs,
                                        stderr=theirs, env=env, start_new_session=True,
                                        preexec_fn=_hangs_up)  # fmt: skip
        os.close(theirs)

    def drafts(self) -> list[str]:
        return [path.read_text() for path in (self.desk.root / "state").rglob("draft-*")]

    def ended(self, *, answer: bytes = b"") -> int:
        if answer:
            os.write(self.terminal, answer)
        try:
            while os.read(self.terminal, 65536):
                pass
        except OSError:
            pass  # the terminal's other end is closed
        status = self.process.wait(30)
        os.close(self.terminal)
        return status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ended_while_the_editor_is_open_lock_and_owner_go_back_and_the_text_is_kept(
    desk: Desk, number: signal.Signals
) -> None:
    desk.ticket(owner="bert")
    writing = Writing(desk, f'echo "Half a text" > "$1"; touch {desk.root}/open; exec sleep 30 <&- >&- 2>&-')
    until = time.monotonic() + 30
    while not (desk.root / "open").exists() and time.monotonic() < until:
        time.sleep(0.05)
    writing.process.send_signal(number)
    assert writing.ended() == 130
    value = desk.shown(1)
    assert (value["lock"], value["owner"]) == ("unlocked", "bert")
    assert writing.drafts() == ["Half a text\n"]


def test_a_text_outlives_a_second_editor_that_fails(desk: Desk) -> None:
    desk.ticket()
    writing = Writing(desk, f'test -e {desk.root}/first && exit 1; touch {desk.root}/first; echo "My text" > "$1"')
    assert writing.ended(answer=b"e\n") == 130
    assert writing.drafts() == ["My text\n"]
    assert desk.shown(1)["owner"] is None


def test_an_untouched_draft_is_not_kept(desk: Desk) -> None:
    desk.ticket()
    writing = Writing(desk, "exit 1")
    assert writing.ended() == 130
    assert writing.drafts() == []
