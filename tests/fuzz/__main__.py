"""`make fuzz`: bytes that atheris makes up, by what they reach, against every reader and what it promises.

python -m fuzz [TARGET] [options of libFuzzer]; without a target each for SECONDS_EACH. Begins with our own mails and
those of TICKETCTL_CORPUS; what it finds is a file `crash-...` in the current directory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import atheris

BYTES = 20_000  # of one input; what is longer only takes longer

with atheris.instrument_imports(include=["ticketctl"]):
    from core.letter.outlook import compressed
    from core.letter.promises import kept
    from core.letter.samples import MAILS
    from ticketctl.letter import addresses, calendar, charsets, dates, headers, html, ids, parameters, rtf, text, tnef
    from ticketctl.page.folding import folds
    from ticketctl.page.meeting import meeting_lines, meeting_value

SECONDS = int(os.environ.get("SECONDS_EACH", "60"))


def a_mail(data: bytes) -> None:
    kept(data)


def a_field(data: bytes) -> None:
    said = headers.eight_bit(data)
    for address in (box.address.address for box in addresses.read(said)[0]):
        assert address is None or address.isprintable()
    dates.read(said)
    ids.read(said)
    parameters.read(said)
    assert headers.decode(said).isprintable() or not [char for char in headers.decode(said) if char < " "]


def markup(data: bytes) -> None:
    html.to_text(charsets.guess(data)).encode()


def outlook(data: bytes) -> None:
    its = tnef.read(data)
    its.text()[0].encode()
    assert all(0 <= each.start <= each.end <= len(data) for each in its.files)


def rich(data: bytes) -> None:
    tnef.inflated(data, 10_000)
    for told in rtf.read(data.decode("latin-1")):
        told.encode()


def meetings(data: bytes) -> None:
    for _, told in meeting_lines([meeting_value(event) for event in calendar.read(data)], UTC):
        told.encode()


def a_text(data: bytes) -> None:
    said = charsets.guess(data)
    text.flowed(said, delsp=len(data) % 2 == 0)
    folds({"body": said, "subject": "Re: x", "channel": "email", "in_reply_to": "x", "references": []})


TARGETS: dict[str, Callable[[bytes], None]] = {
    "mail": a_mail, "field": a_field, "html": markup, "tnef": outlook, "rtf": rich, "calendar": meetings,
    "text": a_text,
}  # fmt: skip


def main(words: list[str]) -> int:
    """One target in this process, or each in one of its own; not 0 where one failed."""
    if words[:1] and words[0] in TARGETS:
        atheris.Setup([words[0], *words[1:]], TARGETS[words[0]])
        atheris.Fuzz()
        return 0
    failed = 0
    with tempfile.TemporaryDirectory(prefix="ticketctl-fuzz-") as folder:
        for name in TARGETS:
            seeds = Path(folder) / name
            seeds.mkdir()
            for number, seed in enumerate(_seeds(name)):
                (seeds / str(number)).write_bytes(seed)
            limits = [f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=1000", f"-max_len={BYTES}"]
            print(f"{name}:", flush=True)
            ran = subprocess.run([sys.executable, "-m", "fuzz", name, str(seeds), *limits], check=False)
            failed += ran.returncode != 0
    return 1 if failed else 0


def _seeds(name: str) -> list[bytes]:
    mails = [raw for raw in (*MAILS.values(), *_corpus()) if len(raw) <= BYTES]
    if name in ("tnef", "rtf"):
        return [raw for _, raw in _packed()] + [compressed(b"{\\rtf1\\ansi \\'e4\\u8364?\\par}")]
    return mails if name == "mail" else [line for raw in mails for line in raw.split(b"\n\n", 2)][:2_000]


def _packed() -> list[tuple[str, bytes]]:
    from ticketctl.letter import decoded, read

    return [
        (each.name, decoded(raw, each))
        for raw in (*MAILS.values(), *_corpus())
        for each in read(raw).attachments
        if "tnef" in each.content_type
    ]


def _corpus() -> list[bytes]:
    folder = os.environ.get("TICKETCTL_CORPUS")
    return [path.read_bytes() for path in sorted(Path(folder).glob("*/*"))[::3]] if folder else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
