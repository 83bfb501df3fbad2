"""Everything that reading promises of any bytes, in one place; and the many ways in which a mail can be broken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise

from ticketctl.letter import Letter, Ours, decoded, fingerprint, judge, read
from ticketctl.page.folding import folds

STEP = 97
OURS = Ours(addresses=frozenset(["help@example.org"]), domain="example.org", delimiter="+")


def kept(raw: bytes) -> Letter:
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
    _attachments(letter)
    for part in letter.parts:
        assert 0 <= part.start <= part.body <= part.end <= len(raw)
        if part.parent is not None:
            above = letter.parts[part.parent]
            assert above.body <= part.start <= part.end <= above.end
    assert len(fingerprint(letter)) == 64
    assert judge(letter, sender=None, recipient="help@example.org", ours=OURS).kind
    lines = letter.text.count("\n") + 1
    article = {"body": letter.text, "subject": letter.subject, "channel": "email", "in_reply_to": "x", "references": []}
    assert all(0 <= begin < end <= lines for begin, end in folds(article))
    return letter


def _attachments(letter: Letter) -> None:
    names = [attachment.name.casefold() for attachment in letter.attachments]
    assert len(set(names)) == len(names)
    assert not [name for name in names if "/" in name or name in ("", ".", "..") or not name.isprintable()]
    assert not [name for name in names if len(name.encode()) > 255]
    assert [attachment.n for attachment in letter.attachments] == list(range(1, len(names) + 1))
    for attachment in letter.attachments:
        data = decoded(letter.raw, attachment)
        assert (attachment.size, attachment.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def broken(raw: bytes, other: bytes, step: int = STEP) -> Iterator[bytes]:
    """A mail cut at every `step`-th byte, spliced with another, overwritten; its header's fields dropped, doubled,
    swapped; its line ends changed."""
    for at in range(step, len(raw), step):
        yield raw[:at]
        yield raw[at:]
        yield raw[:at] + other[at:]
        yield raw[:at] + b"\0\xff\n" + raw[at + 7 :]
    yield from _with_fields(raw)
    lines = raw.splitlines(keepends=True)
    if len(lines) < 5_000:
        yield b"".join(lines[::2])
        yield b"".join(line for line in lines for _ in (1, 2))
        yield b"".join(reversed(lines))
    for end in (b"\r\n", b"\r", b"", b"\n\n", b"\n\r"):
        yield raw.replace(b"\r\n", b"\n").replace(b"\n", end)


def _with_fields(raw: bytes) -> Iterator[bytes]:
    end = raw.find(b"\n\n") if raw.find(b"\n\n") >= 0 else raw.find(b"\r\n\r\n")
    head, body = raw[: max(end, 0)], raw[max(end, 0) :]
    lines = head.split(b"\n")
    fields = [n for n, line in enumerate(lines) if line[:1] not in (b" ", b"\t")]
    spans = [lines[begin:stop] for begin, stop in pairwise([*fields, len(lines)])][:60]
    for n, span in enumerate(spans):
        rest = [line for each in (*spans[:n], *spans[n + 1 :]) for line in each]
        follower = spans[(n + 1) % len(spans)]
        swapped = [*spans[:n], follower, span, *spans[n + 2 :]]
        yield b"\n".join(rest) + body
        yield b"\n".join([*span, *rest, *span]) + body
        yield b"\n".join([line for each in swapped for line in each]) + body
