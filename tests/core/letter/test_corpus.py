"""Mail of other projects, as it is and maltreated: nothing raises, nothing is lost, everything within its limits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CORPUS, REPOSITORY
from core.letter.promises import STEP, broken, kept
from ticketctl.letter import fingerprint, read

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


def test_every_mail_of_the_corpus_is_read() -> None:
    paths = mails()
    assert len(paths) >= 877
    for path in paths:
        kept(path.read_bytes())


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


def test_maltreated_mails_are_read() -> None:
    """A sample; the whole is a scenario of the fault suite."""
    other = b""
    for path in mails()[::5]:
        raw = path.read_bytes()[:60_000]
        for worse in broken(raw, other, step=max(STEP, len(raw) // 6)):
            kept(worse)
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
