"""Mail programs that people answer with, each driven as its owner would, on a mailbox that holds one mail.

Nothing of them strays: HOME is a folder of the test's own, and what they send goes to a script there.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

from system.seen import Typist

CARLA = "carla@customer.test"
TEXT = "Es brennt noch immer."
PATIENCE = 30  # seconds, and none of them needs more than one on an idle machine
Keys = tuple[tuple[str, str], ...]  # each is typed when the text before it was seen

SENDMAIL = '#!/bin/sh\ncat > "{sent}.partial" && mv "{sent}.partial" "{sent}"\n'
EDITOR = '#!/bin/sh\nprintf "\\n{text}\\n" >> "$1"\n'


class Mailbox:
    """Carla's: `answer(program)` gives the bytes that she sends."""

    def __init__(self, root: Path, mail: bytes) -> None:
        self.root = root
        root.mkdir()
        self.sent = root / "sent.eml"
        self.mail = root / "one.eml"
        self.mail.write_bytes(mail)
        self.box = root / "mbox"
        self.box.write_bytes(b"From support@example.org Mon Nov 23 09:00:00 2026\n" + mail + b"\n")
        self.sendmail = self.program("sendmail", SENDMAIL.format(sent=self.sent))
        self.editor = self.program("editor", EDITOR.format(text=TEXT))

    def program(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def file(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *words: object, typed: str = "", terminal: Keys | None = None, **more: str) -> None:
        """`terminal`: on one of its own, where each key is typed when the text before it was seen."""
        command = [*map(str, words)]
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.root), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm",
            "EMAIL": CARLA, "TMPDIR": str(self.root), "USER": "carla", "LOGNAME": "carla", **more,
        }  # fmt: skip
        if terminal is not None:
            self.said = on_terminal(command, terminal, env=env, cwd=self.root, until=self.sent.exists)
            return
        done = subprocess.run(
            command, input=typed.encode(), capture_output=True, timeout=PATIENCE, check=False, env=env, cwd=self.root
        )
        self.said = (done.stdout + done.stderr).decode("utf-8", "replace")

    def answer(self, program: str) -> bytes:
        CLIENTS[program](self)
        assert self.sent.exists(), self.said
        return submitted(self.sent.read_bytes())


def on_terminal(
    command: list[str], keys: Keys, *, env: dict[str, str], cwd: Path, until: Callable[[], bool]
) -> str:
    """What a program showed on a terminal of its own, until it ended or the mail is out; then it is ended."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=cwd,
                               start_new_session=True)  # fmt: skip
    os.close(theirs)
    typist, shown, fresh, end = Typist(*keys), "", "", time.monotonic() + PATIENCE
    try:
        while time.monotonic() < end and not until():
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    text = os.read(ours, 65536).decode("utf-8", "replace")
                except OSError:  # the other side is closed
                    break
                shown, fresh = shown + text, fresh + text
            typed, fresh = typist.keys(fresh)
            os.write(ours, typed.encode())
    finally:
        running.kill()
        running.wait(timeout=PATIENCE)
        os.close(ours)
    return shown


def submitted(mail: bytes) -> bytes:
    """What a mail server makes of a mail that is handed in: with From, Date and Message-ID (RFC 6409 section 8)."""
    head = mail.replace(b"\r\n", b"\n").partition(b"\n\n")[0].lower()
    there = {line.partition(b":")[0] for line in head.split(b"\n") if line[:1] not in (b" ", b"\t")}
    wanted = {"From": CARLA, "Date": formatdate(1795420800), "Message-ID": f"<{os.urandom(8).hex()}@customer.test>"}
    missing = "".join(f"{name}: {text}\n" for name, text in wanted.items() if name.lower().encode() not in there)
    return missing.encode() + mail


def mutt(box: Mailbox, name: str = "mutt") -> None:
    rc = box.file("muttrc", f"""\
set sendmail="{box.sendmail}" editor="{box.editor}" from="{CARLA}" realname="Carla" charset="utf-8"
set sendmail_wait=0 abort_unmodified=no abort_nosubject=no include=yes fast_reply=yes reply_to=yes recall=no
set copy=no quit=yes delete=no move=no mark_old=no edit_headers=no wait_key=no
set folder="{box.root}" record="" postponed="{box.root}/postponed" tmpdir="{box.root}"
push "<reply><send-message><quit>"
""")
    box.run(name, "-n", "-F", rc, "-f", box.box, terminal=())


def neomutt(box: Mailbox) -> None:
    mutt(box, "neomutt")


def s_nail(box: Mailbox) -> None:
    options = {"mta": box.sendmail, "from": CARLA, "ttycharset": "utf-8"}
    words = [word for key, value in options.items() for word in ("-S", f"{key}={value}")]
    box.run("s-nail", "-:/", "-#", "-S", "sendwait", *words, "-f", box.box, typed=f"reply 1\n{TEXT}\n~.\nxit\n")


def bsd_mailx(box: Mailbox) -> None:
    rc = box.file("mailrc", f"set sendmail={box.sendmail} dot sendwait\n")
    box.run("bsd-mailx", "-n", "-f", box.box, typed=f"reply 1\n{TEXT}\n.\nx\n", MAILRC=str(rc))


def mailutils(box: Mailbox) -> None:
    box.file(".mailrc", f'set sendmail="sendmail:{box.sendmail}" dot\n')
    box.run("mail.mailutils", "-n", "-f", box.box, typed=f"reply 1\n{TEXT}\n.\nx\n", MAILRC=str(box.root / ".mailrc"))


def nmh(box: Mailbox) -> None:
    box.file(".mh_profile", f"Path: Mail\nLocal-Mailbox: {CARLA}\n")
    (box.root / "Mail" / "inbox").mkdir(parents=True)
    programs = Path("/usr/bin/mh")
    box.run(programs / "inc", "-file", box.box, "-silent")
    box.run(programs / "repl", "-nowhatnowproc", "1")
    draft = box.root / "Mail" / "draft"
    draft.write_text(f"{draft.read_text()}{TEXT}\n")
    box.run(programs / "send", "-mts", "sendmail/pipe", "-sendmail", box.sendmail, "-draft")


def mblaze(box: Mailbox) -> None:
    box.file(".mblaze/profile", f"Local-Mailbox: Carla <{CARLA}>\nSendmail: {box.sendmail}\n")
    text = box.file("text", f"{TEXT}\n")
    box.file("Maildir/cur/1:2,", "").write_bytes(box.mail.read_bytes())
    box.run("sh", "-c", "mlist Maildir | mseq -S")
    box.run("mrep", "-send", "-body", text, "--", "1", terminal=())  # its list of mails would come from a pipe


def alpine(box: Mailbox) -> None:
    box.file(".addressbook", "")  # or it tells for a while that there is none
    box.file("mail/x", "")
    rc = box.file("pinerc", f"""\
personal-name=Carla
user-domain=customer.test
customized-hdrs=From: Carla <{CARLA}>
sendmail-path={box.sendmail}
inbox-path={box.box}
default-fcc=""
last-version-used=9.99
alt-addresses={CARLA}
feature-list=reply-always-uses-reply-to
""")
    keys = (('[Folder "', "r"), ("Include", "y"), ("Message Text", f"{TEXT}\r\x18"),
            ("Send message", "y"))  # fmt: skip
    box.run("alpine", "-p", rc, "-i", "-f", box.box, terminal=keys)


CLIENTS: dict[str, Callable[[Mailbox], None]] = {
    "mutt": mutt,
    "neomutt": neomutt,
    "s-nail": s_nail,
    "bsd-mailx": bsd_mailx,
    "mail.mailutils": mailutils,
    "/usr/bin/mh/repl": nmh,
    "mrep": mblaze,
    "alpine": alpine,
}
