"""The way out by sendmail: stand-ins that do what programs do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ticketctl.errors import BadData, Unavailable
from ticketctl.post import Outcome, Sendmail, Smtp, clean, send, transport

RAW = b"Subject: x\n\n.dot\nFrom me\nend\n"
KIM, LEE = "kim@customer.example", "lee@customer.example"


@pytest.fixture
def sendmail(tmp_path: Path) -> Callable[[str], Sendmail]:
    """A stand-in that runs these lines of shell; it keeps its arguments in `args` and what it reads in `mail`."""

    def make(body: str) -> Sendmail:
        path = tmp_path / "sendmail"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\nprintf '%s\\n' \"$@\" > args\n{body}\n")
        path.chmod(0o755)
        return Sendmail(argv=(str(path), "-i"))

    return make


def posted(via: Sendmail | Smtp, *recipients: str, sender: str = "support@example.org", **options) -> list[Outcome]:
    return send(RAW, sender=sender, recipients=recipients or (KIM,), via=via, **options)


def sent(*recipients: str) -> list[Outcome]:
    return [Outcome(recipient=each, status="sent") for each in recipients]


def refused(status: str, text: str, code: str | None = None) -> Outcome:
    return Outcome(recipient=KIM, status=status, code=code, permanent=code is not None, text=text)


def test_a_good_sendmail_gets_bytes_sender_and_recipients(sendmail, tmp_path):
    assert posted(sendmail("cat > mail"), KIM, LEE) == sent(KIM, LEE)
    assert (tmp_path / "args").read_text().split() == ["-i", "-f", "support@example.org", "--", KIM, LEE]
    assert (tmp_path / "mail").read_bytes() == RAW


def test_the_null_sender_is_given_as_angle_brackets(sendmail, tmp_path):
    assert posted(sendmail("cat > mail"), sender="") == sent(KIM)
    assert (tmp_path / "args").read_text().split() == ["-i", "-f", "<>", "--", KIM]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("exit 0", Outcome(recipient=KIM, status="sent")),
        (
            "echo 'no such\x1b[2J user' >&2; exit 67",
            refused("failed", "exit 67, no such user: no such [2J user", "5.1.1"),
        ),
        ("exit 68", refused("failed", "exit 68, no such host", "5.1.2")),
        ("exit 65", refused("failed", "exit 65, bad data", "5.6.0")),
        ("exit 77", refused("failed", "exit 77, not permitted", "5.7.1")),
        ("exit 75", Outcome(recipient=KIM, status="unknown", text="exit 75, try again")),
        ("exit 71", Outcome(recipient=KIM, status="unknown", text="exit 71, operating system error")),
        ("exit 64", Outcome(recipient=KIM, status="unknown", text="exit 64, usage")),
        ("exit 1", Outcome(recipient=KIM, status="unknown", text="exit 1")),
        ("kill -KILL $$", Outcome(recipient=KIM, status="unknown", text="died by SIGKILL")),
        ("kill -TERM $$", Outcome(recipient=KIM, status="unknown", text="died by SIGTERM")),
    ],
)
def test_an_exit_status_says_what_became_of_the_mail(sendmail, body, outcome):
    assert posted(sendmail(body)) == [outcome]


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_sendmail_that_hangs_is_killed_with_its_children(sendmail, tmp_path):
    begun = time.monotonic()
    outcomes = posted(sendmail("echo $$ > pid; sleep 60 & echo waiting >&2; sleep 60"), timeout=0.5)
    assert outcomes == [Outcome(recipient=KIM, status="unknown", text="killed after 0.5 s: waiting")]
    assert time.monotonic() - begun < 10
    group = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not _alive(group):
            break
        time.sleep(0.05)
    assert not _alive(group)


def test_a_sendmail_that_closes_stderr_and_hangs_is_killed(sendmail):
    assert posted(sendmail("exec 2>&-; sleep 60"), timeout=0.5)[0].status == "unknown"


def test_a_flood_on_stderr_is_read_and_cut(sendmail):
    (outcome,) = posted(sendmail("head -c 20000000 /dev/zero | tr '\\0' x >&2; exit 75"))
    assert (outcome.status, len(outcome.text)) == ("unknown", 300)


def test_an_endless_flood_ends_with_the_time_limit(sendmail):
    assert posted(sendmail("exec yes >&2"), timeout=0.5)[0].text.startswith("killed after 0.5 s: y y")


def test_a_sendmail_that_reads_nothing_of_a_large_mail_is_believed(sendmail):
    assert send(b"x" * 5_000_000, sender="", recipients=[KIM], via=sendmail("exit 0")) == sent(KIM)


def test_a_child_left_behind_with_our_pipe_is_not_waited_for(sendmail):
    begun = time.monotonic()
    assert posted(sendmail("sleep 5 & exit 0")) == sent(KIM)
    assert time.monotonic() - begun < 4


def test_a_program_that_is_not_there_is_a_way_that_is_away(tmp_path):
    with pytest.raises(Unavailable, match="nope cannot be run: No such file"):
        posted(Sendmail(argv=(str(tmp_path / "nope"),)))
    plain = tmp_path / "plain"
    plain.write_text("no program")
    with pytest.raises(Unavailable, match="plain cannot be run"):
        posted(Sendmail(argv=(str(plain),)))


@pytest.mark.parametrize("address", ["-oQ/tmp@x.example", "a b@x.example", "a\n@x.example", "kim", "", "<a@x.example>"])
def test_an_address_that_a_program_could_misread_is_refused(address, sendmail):
    for sender, recipient in ((address or "x", KIM), ("", address)):
        with pytest.raises(BadData, match="not an address"):
            send(RAW, sender=sender, recipients=[recipient], via=sendmail("exit 0"))


def test_a_domain_outside_ascii_is_given_as_mail_has_it(sendmail, tmp_path):
    assert posted(sendmail("cat > mail"), "kim@müller.example") == sent("kim@müller.example")
    assert (tmp_path / "args").read_text().split()[-1] == "kim@xn--mller-kva.example"


def test_nobody_to_send_to_starts_nothing(tmp_path):
    assert send(RAW, sender="", recipients=[], via=Sendmail(argv=(str(tmp_path / "nope"),))) == []


def test_a_configuration_names_sendmail_before_a_server():
    server = Smtp(host="mx", user="desk", password_file="/x")
    assert transport(("s", "-i"), server) == Sendmail(argv=("s", "-i"))
    assert transport(None, server) == server
    assert transport(None, None) is None


def test_what_a_server_says_becomes_one_short_line_without_controls():
    assert clean(b"a\r\n\x1b[31mb\xff\x00c\xe2\x80\xaed") == "a [31mb\ufffd c d"
    assert len(clean("x" * 5000)) == 300
