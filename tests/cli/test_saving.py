"""Files of strangers into a directory of ours: a name is a name, never a path, an option, a device or a trick."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from cli.conftest import NOW, Desk
from core.letter.outlook import file, winmail
from core.letter.samples import INVITATION
from ticketctl.cli.saving import to_directory
from ticketctl.desk.reading import File
from ticketctl.errors import Failed
from ticketctl.intake import Envelope
from ticketctl.receive import receive

EURO = "\u20ac"  # three bytes


def saved(target: Path, *names: str) -> list[str]:
    files = [File(name=name, content_type="a/b", content=b"x") for name in names]
    return [os.path.relpath(path, target) for path in to_directory(files, str(target))]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/", "etc"),
        ("..", "attachment"),
        (".", "attachment"),
        ("", "attachment"),
        ("/", "attachment"),
        (".bashrc", "bashrc"),
        ("...profile", "profile"),
        ("-rf", "_-rf"),
        ("--help.txt", "_--help.txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("console.txt", "console.txt"),
        ("a\0b\n\x1b[2J.txt", "a_b__[2J.txt"),
        ("fdp.\u202egnp.exe", "fdp._gnp.exe"),
        ("a\u200b\ud800.txt", "a__.txt"),
        ("C:evil?.txt", "C_evil_.txt"),
        ("trailing. . ", "trailing"),
        (f"{'a' * 300}.pdf", f"{'a' * 251}.pdf"),
        (f"{EURO * 100}.pdf", f"{EURO * 83}.pdf"),
        (f"a.{EURO * 100}", f"a.{EURO * 84}"),
        ("Grüße aus Köln.pdf", "Grüße aus Köln.pdf"),
    ],
)
def test_what_is_left_of_a_name(tmp_path: Path, name: str, kept: str) -> None:
    assert saved(tmp_path, name) == [kept]
    assert os.listdir(tmp_path) == [kept]


def test_names_that_clash_are_numbered_within_the_length(tmp_path: Path) -> None:
    long = "a" * 251
    assert saved(tmp_path, "x.tar.gz", "X.tar.gz", "x.tar.gz", f"{long}.pdf", f"{long}.pdf", "..", "..") == [
        "x.tar.gz", "X.tar.gz", "x.tar-1.gz", f"{long}.pdf", f"{'a' * 249}-1.pdf", "attachment", "attachment-1",
    ]  # fmt: skip


def test_links_are_not_followed_and_others_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").symlink_to(tmp_path / "not-there")
    (tmp_path / "a-1.pdf").symlink_to("/dev/null")
    assert saved(tmp_path, "a.pdf") == ["a-2.pdf"]
    assert not (tmp_path / "not-there").exists()
    assert (tmp_path / "a-2.pdf").stat().st_mode & 0o777 == 0o600


def test_a_directory_where_every_name_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketctl.cli.saving.TRIES", 2)
    assert saved(tmp_path, "a", "a") == ["a", "a-1"]
    with pytest.raises(Failed, match="no free name like 'a' in 2 tries"):
        saved(tmp_path, "a")


def outlook() -> bytes:
    packed = base64.encodebytes(winmail(file("report.pdf", b"%PDF"), file("report.pdf", b"second"))).decode()
    return f"""\
From: Emma Jones <emma@shop.test>
To: support@example.org
Subject: Meeting
Message-ID: <two@shop.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See you.
--b
Content-Type: text/calendar; method=REQUEST

{INVITATION}
--b
Content-Type: application/ms-tnef; name=winmail.dat
Content-Transfer-Encoding: base64

{packed}
--b--
""".encode()


def test_a_mail_of_outlooks_is_shown_and_saved_with_all_that_is_in_it(desk: Desk, tmp_path: Path) -> None:
    receive(desk.store, outlook(), Envelope(recipient="support@example.org", sender="emma@shop.test"), NOW)
    page = desk.done("show", "1/1")
    assert page.partition("See you.\n\n")[2] == (
        "Meeting    invitation: Printer, second look\n"
        "When       2026-07-01 10:00 - 11:30\n"
        "Repeats    every 2 weeks on Monday and Wednesday, 10 times\n"
        "Where      Room 4 first floor\n"
        "Organizer  Stone, Emma <emma@example.net>\n"
        "Attendees  Tom <tom@example.net> (accepted), help@example.org\n"
        "\n"
        "Attached   1/1/1  part-1.ics  text/calendar, 809 B\n"
        "Attached   1/1/2  winmail.dat  application/ms-tnef, 230 B\n"
        "Attached   1/1/3  report.pdf  application/pdf, 4 B\n"
        "Attached   1/1/4  report-2.pdf  application/pdf, 6 B\n"
    )
    assert desk.done("show", "1/1/4") == "second"
    target = tmp_path / "out"
    target.mkdir()
    desk.done("show", "1", "--save", str(target))
    assert (target / "report.pdf").read_bytes() == b"%PDF"
    assert len(os.listdir(target)) == 4
