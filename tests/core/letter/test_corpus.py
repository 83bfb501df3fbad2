"""Mail of other projects, as it is and maltreated: nothing raises, nothing is lost, everything within its limits."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import CORPUS, REPOSITORY
from ticketctl.letter import Letter, decoded, fingerprint, read

pytestmark = pytest.mark.requires("corpus")

TEXTS = ("README.md", "hostile.py", "machine.txt", "MIT-LICENSE.txt", "COPYING.txt")
SECONDS, MEGABYTES = 10, 300  # G9

CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]), int(sys.argv[2])))
from ticketctl.letter import decoded, fingerprint, read
with open(sys.argv[1], "rb") as file:
    raw = file.read()
letter = read(raw)
fingerprint(letter)
assert letter.raw == raw
assert not [remark for remark in letter.remarks if " in re" in remark], letter.remarks
assert len(letter.parts) <= 1000 and all(part.path.count(".") < 50 for part in letter.parts)
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))  # since its own exec
print(used.ru_utime + used.ru_stime, int(peak) // 1024)
"""


def mails() -> list[Path]:
    return sorted(path for path in CORPUS.glob("*/*") if path.name not in TEXTS and "LICENSE" not in path.name)


def check(raw: bytes) -> Letter:
    """Reads a mail, and holds it to everything that `read` promises of any bytes."""
    letter = read(raw)
    assert letter.raw == raw
    assert letter.sha256 == hashlib.sha256(raw).hexdigest()
    assert not [remark for remark in letter.remarks if not remark.startswith(("parser: ", "crypto: "))]
    assert not [remark for remark in letter.remarks if " in re" in remark], letter.remarks  # a fault of ours
    letter.text.encode()
    assert "\0" not in letter.text
    assert "\r" not in letter.text
    for name, value in (*letter.headers, ("Subject", letter.subject), ("From", letter.claimed)):
        assert name.isascii()
        value.encode()
        assert not [char for char in value if char < " " or "\x7f" <= char < "\xa0"]
    names = [attachment.name.casefold() for attachment in letter.attachments]
    assert len(set(names)) == len(names)
    assert not [name for name in names if "/" in name or name in ("", ".", "..") or not name.isprintable()]
    assert [attachment.n for attachment in letter.attachments] == list(range(1, len(names) + 1))
    for attachment in letter.attachments:
        data = decoded(raw, attachment)
        assert (attachment.size, attachment.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    for part in letter.parts:
        assert 0 <= part.start <= part.body <= part.end <= len(raw)
        if part.parent is not None:
            above = letter.parts[part.parent]
            assert above.body <= part.start <= part.end <= above.end
    assert len(fingerprint(letter)) == 64
    return letter


def test_every_mail_of_the_corpus_is_read() -> None:
    paths = mails()
    assert len(paths) >= 877
    for path in paths:
        check(path.read_bytes())


def test_line_ends_do_not_change_what_a_mail_says() -> None:
    differ = []
    for path in mails():
        raw = path.read_bytes()
        if b"\r" in raw:
            continue
        one, other = read(raw), read(raw.replace(b"\n", b"\r\n"))
        told = [(m.subject, m.author, m.to, m.date, m.text, [a.name for a in m.attachments]) for m in (one, other)]
        if told[0] != told[1] or fingerprint(one) != fingerprint(other):
            differ.append(path.name)
    assert differ == []


def maltreated(raw: bytes, other: bytes) -> Iterator[bytes]:
    """Cut, spliced, headers dropped and doubled, line ends changed."""
    step = max(97, len(raw) // 6)
    for at in range(step, len(raw), step):
        yield raw[:at]
        yield raw[at:]
        yield raw[:at] + other[at:]
        yield raw[:at] + b"\0\xff\n" + raw[at + 97 :]
    lines = raw.splitlines(keepends=True)
    if len(lines) < 5_000:
        yield b"".join(lines[::2])
        yield b"".join(line for line in lines for _ in (1, 2))
        yield b"".join(reversed(lines))
    for end in (b"\r\n", b"\r", b""):
        yield raw.replace(b"\r\n", b"\n").replace(b"\n", end)


def test_maltreated_mails_are_read() -> None:
    paths = mails()
    other = b""
    for path in paths[::5]:
        raw = path.read_bytes()[:60_000]
        for worse in maltreated(raw, other):
            check(worse)
        other = raw


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, CORPUS / "hostile.py", folder], check=True)
    return sorted(folder.iterdir())


def test_hostile_mails_stay_within_the_limits(hostile: list[Path]) -> None:
    assert len(hostile) >= 56
    beyond = []
    for path in hostile:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, path, str(SECONDS)],
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(REPOSITORY / "src")},
            check=False,
        )
        if done.returncode:
            beyond.append((path.name, done.returncode, done.stderr[-300:]))
            continue
        seconds, megabytes = done.stdout.split()
        if float(seconds) > SECONDS or int(megabytes) > MEGABYTES:
            beyond.append((path.name, 0, done.stdout))
    assert beyond == []
