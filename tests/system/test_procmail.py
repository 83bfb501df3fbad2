"""contrib/procmail with the real procmail: handed back or passed on, never left in a mailbox."""

from __future__ import annotations

import contextlib
import json
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from system.desks import USER, Desk

pytestmark = pytest.mark.requires("root", "procmail", "system-python")

MAIL = b"""\
Delivered-To: support@tickets.test
From: Carla <carla@customer.test>
To: support@tickets.test
Subject: by procmail
Date: Mon, 02 Nov 2026 10:00:00 +0100
Message-ID: <procmail@customer.test>

The printer prints nothing.
"""

NOWHERE = "/nonexistent/desk"


class Procmail:
    """procmail as the desk's user, with a recipe of contrib/ and the filter given as a command."""

    def __init__(self, root: Path, recipe: Path, text: str, default: Path) -> None:
        self.recipe, self.text, self.default = recipe, text, default
        self.boxes = [root / "mailbox", Path("/var/mail", USER), Path(NOWHERE)]

    def __call__(self, command: str, mail: bytes = MAIL) -> int:
        """Deliver one mail by the recipe, with this command for the filter; the exit status."""
        text = self.text.replace("| ticketctl-postmaster", f"| {command}").replace("example\\.org", "tickets\\.test")
        self.recipe.write_text(text)
        self.recipe.chmod(0o644)
        return self.deliver(mail)

    def deliver(self, mail: bytes = MAIL) -> int:
        """Deliver one mail by the recipe as it is; the exit status."""
        done = subprocess.run(
            ["procmail", "-t", "LOCKSLEEP=0", f"DEFAULT={self.default}", f"ORGMAIL={self.default}", str(self.recipe)],
            input=mail,
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
            user=USER,
            group=pwd.getpwnam(USER).pw_gid,
            extra_groups=[],
            capture_output=True,
            check=False,
            timeout=60,
        )
        return done.returncode

    def mailboxes(self) -> list[Path]:
        """Mailboxes that are not empty, wherever one could have come into being."""
        return [path for path in self.boxes if path.exists() and path.stat().st_size]


@pytest.fixture(scope="module", params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """A recipe passes a status on, whatever the desk is kept in: postfix's tests have all three."""
    return str(request.param)


@pytest.fixture
def run_by(public: Path, contributed: Callable[[str], str]) -> Iterator[Callable[[str], Procmail]]:
    """procmail with one of the shipped recipes."""
    root = Path(tempfile.mkdtemp(prefix="procmail", dir=public))
    root.chmod(0o755)
    shutil.chown(root, USER)

    def make(recipe: str) -> Procmail:
        default = Path(NOWHERE) if recipe == "ticketctl.rc" else root / "mailbox"
        return Procmail(root, root / recipe, contributed(f"procmail/{recipe}"), default)

    yield make
    shutil.rmtree(root)
    with contextlib.suppress(FileNotFoundError):  # procmail makes an empty mailbox for whoever has none
        spool = Path("/var/mail", USER)
        if not spool.stat().st_size and spool.stat().st_mtime >= (public / "began").stat().st_mtime:
            spool.unlink()


@pytest.fixture(params=["ticketctl.rc", "personal.rc"])
def procmail(request: pytest.FixtureRequest, run_by: Callable[[str], Procmail]) -> Procmail:
    """A mailbox that is the desk's, and a person's with a recipe for the desk's mail."""
    return run_by(request.param)


def test_a_mail_becomes_a_ticket(procmail: Procmail, desk: Desk) -> None:
    assert procmail(desk.filter()) == 0
    assert [(ticket["title"], ticket["queue"]) for ticket in desk.tickets()] == [("by procmail", "Support")]
    assert procmail.mailboxes() == []


def test_a_mail_that_cannot_be_stored_is_handed_back_and_becomes_one_ticket(procmail: Procmail, desk: Desk) -> None:
    desk.hide()
    assert procmail(desk.filter()) == 75
    desk.restore()
    assert desk.tickets() == []
    assert procmail(desk.filter()) == 0
    assert procmail(desk.filter()) == 0  # redelivered
    assert [(ticket["title"], ticket["articles"]) for ticket in desk.tickets()] == [("by procmail", 1)]
    assert procmail.mailboxes() == []


def test_an_unknown_recipient_is_passed_on(procmail: Procmail, desk: Desk) -> None:
    desk.apply('unknown-recipient = "reject"')
    assert procmail(desk.filter("--recipient=nosuch@tickets.test")) == 67
    assert desk.tickets() == []
    assert procmail.mailboxes() == []


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("cat >/dev/null; exit 0", 0),
        ("cat >/dev/null; exit 67", 67),
        ("cat >/dev/null; exit 77", 77),
        ("cat >/dev/null; exit 75", 75),
        ("cat >/dev/null; exit 1", 75),
        ("cat >/dev/null; exit 6", 75),
        ("cat >/dev/null; exit 120", 75),
        ("/nonexistent/ticketctl-postmaster", 75),
        ("/etc/passwd", 75),
        ("exec sh -c 'kill -9 $$'", 75),
        ("exec sh -c 'kill -TERM $$'", 75),
    ],
)
def test_67_and_77_are_passed_on_and_all_else_is_75(procmail: Procmail, command: str, status: int) -> None:
    assert procmail(command) == status
    assert procmail.mailboxes() == []


@pytest.mark.parametrize("mode", [0o000, None])
def test_without_its_recipe_the_mail_stays_with_the_mail_system(
    run_by: Callable[[str], Procmail], mode: int | None
) -> None:
    procmail = run_by("ticketctl.rc")
    if mode is not None:
        procmail.recipe.write_text(procmail.text)
        procmail.recipe.chmod(mode)
    assert procmail.deliver() == 75
    assert procmail.mailboxes() == []


def test_what_is_not_the_desks_stays_with_its_owner(run_by: Callable[[str], Procmail]) -> None:
    procmail = run_by("personal.rc")
    assert procmail("exit 75", MAIL.replace(b"support@", b"someone@")) == 0
    assert procmail.mailboxes() == [procmail.default]


# -- beside the old system ----------------------------------------------------------------------------------------


@pytest.fixture
def shadow(run_by: Callable[[str], Procmail]) -> Procmail:
    """A copy for the desk; what it cannot take is kept beside the mailbox of the old system."""
    procmail = run_by("shadow.rc")
    procmail.text = procmail.text.replace("shadow-missed/", f"{procmail.default}.missed/")
    return procmail


def test_in_a_shadow_run_the_desk_gets_a_copy_and_the_old_system_the_mail(shadow: Procmail, desk: Desk) -> None:
    desk.apply('unknown-recipient = "default-queue"', support='auto-reply = "got-it"')
    assert shadow(desk.filter()) == 0
    other = MAIL.replace(b"support@", b"someone@")
    assert shadow.deliver(other) == 0
    box = shadow.default.read_bytes()
    assert (box.count(b"Subject: by procmail"), box.count(b"someone@tickets.test")) == (2, 2)
    assert [(letter["verdict"], letter["subject"]) for letter in desk.letters()] == [("new", "by procmail")]
    assert desk.run("flush") == ""
    (owed,) = json.loads(desk.run("outbox", "list", "-o", "json"))
    assert (owed["class"], owed["status"], owed["recipients"]) == ("auto", "owed", ["carla@customer.test"])
    told = desk.run("mail", "explain", "1").splitlines()
    assert "  -> answer: auto-reply to carla@customer.test, template got-it (A18)" in told
    assert told[-1] == "=> new, queue Support, kind personal: mail 1, article 1/1"


@pytest.mark.parametrize("command", ["exit 75", "exit 77", "/nonexistent/ticketctl-postmaster"])
def test_whatever_becomes_of_the_copy_the_mail_goes_on_and_the_copy_is_kept(shadow: Procmail, command: str) -> None:
    assert shadow(command) == 0
    assert shadow.default.read_bytes().count(b"Subject: by procmail") == 1
    (kept,) = Path(f"{shadow.default}.missed/new").iterdir()
    assert kept.read_bytes().count(b"Subject: by procmail") == 1
