"""What two deliveries of one mail have in common (mail-rules G4): the key that keeps a second one from being a second
article."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ticketctl.letter.structure import HEADER
from ticketctl.letter.value import Letter

_FIELDS = (
    "message-id", "from", "to", "cc", "date", "subject", "mime-version", "content-type", "content-transfer-encoding",
    "content-disposition", "content-id", "content-description", "content-language",
)  # fmt: skip
_PIECE = 1 << 20


def fingerprint(letter: Letter) -> str:
    """SHA-256 (hex) over Message-ID, From, To, Cc, Date, Subject, MIME fields and the body, without trace fields.

    Line ends count as LF and trailing blank lines do not count: a pipe gives LF, LMTP CRLF, procmail adds a line.
    Without a
    Message-ID the queue id of the topmost Received joins in.
    """
    digest = hashlib.sha256()
    values: dict[str, list[str]] = {name: [] for name in _FIELDS}
    for name, value in letter.headers:
        if (key := name.lower()) in values:
            values[key].append(" ".join(value.split()))
    for name, found in values.items():
        for value in found:
            digest.update(f"{name}: {value}\n".encode())
    if letter.message_id is None:
        digest.update(f"queue id: {letter.queue_id or ''}\n".encode())
    digest.update(b"\n")
    start, body = (letter.parts[0].start, letter.parts[0].body) if letter.parts else (0, 0)
    pending = 0  # line ends held back, since the last ones do not count
    for piece in _normalised(letter.raw, min(body, start + HEADER)):  # fields that were not read count as they stand
        solid = piece.rstrip(b"\n")
        if solid:
            for count in range(pending, 0, -_PIECE):
                digest.update(b"\n" * min(count, _PIECE))
            pending = 0
            digest.update(solid)
        pending += len(piece) - len(solid)
    return digest.hexdigest()


def _normalised(raw: bytes, position: int) -> Iterator[bytes]:
    """raw[position:] in pieces, every CRLF and bare CR an LF."""
    end = len(raw)
    while position < end:
        stop = min(position + _PIECE, end)
        if stop < end and raw[stop - 1] == 13:  # do not cut a CRLF in two
            stop += 1
        piece = raw[position:stop]
        yield piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in piece else piece
        position = stop
