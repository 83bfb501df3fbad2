"""Bytes exactly as they came, once for each SHA-256: pieces of at most 1 MiB, each packed by itself.

So an attachment, a view into the raw mail, is read without unpacking what lies before it, and no statement outgrows
MariaDB's max_allowed_packet.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, insert, select

from ticketctl.errors import NotThere, Unavailable
from ticketctl.store import tables as t

PIECE = 1 << 20
_LEVEL = 3  # of 9: mail is mostly base64, and the postmaster waits


def put(connection: Connection, data: bytes) -> str:
    """Stores the bytes, unless they are there; gives their SHA-256."""
    digest = hashlib.sha256(data).hexdigest()
    if connection.execute(select(t.raw.c.id).where(t.raw.c.sha256 == digest)).first() is not None:
        return digest
    raw_id = t.put(connection, t.raw, {"sha256": digest, "size": len(data)})
    for piece in pieces(data):
        connection.execute(insert(t.raw_piece), piece | {"raw_id": raw_id})
    return digest


def pieces(data: bytes) -> Iterator[dict[str, Any]]:
    """The bytes as rows of `raw_piece`, without the id."""
    view = memoryview(data)
    for n, start in enumerate(range(0, len(data), PIECE)):
        piece = view[start : start + PIECE]
        packed = zlib.compress(piece, _LEVEL)
        smaller = len(packed) < len(piece)
        yield {"n": n, "packed": smaller, "data": packed if smaller else bytes(piece)}


def get(connection: Connection, digest: str) -> bytes:
    """The bytes of that SHA-256; NotThere where there are none, Unavailable where they are no more what they were."""
    data = b"".join(_pieces(connection, digest, 0, None))
    if hashlib.sha256(data).hexdigest() != digest:
        raise Unavailable(f"the stored mail {digest} is damaged: see `ticketctl fsck --contents`", damaged=True)
    return data


def view(connection: Connection, digest: str, offset: int, length: int) -> bytes:
    """`length` of the bytes from `offset` on: an attachment, still encoded as it came."""
    first, last = offset // PIECE, max(offset, offset + length - 1) // PIECE
    start = offset - first * PIECE
    return b"".join(_pieces(connection, digest, first, last))[start : start + length]


def _pieces(connection: Connection, digest: str, first: int, last: int | None) -> list[bytes]:
    raw_id = connection.execute(select(t.raw.c.id).where(t.raw.c.sha256 == digest)).scalar()
    if raw_id is None:
        raise NotThere(f"no stored mail with SHA-256 {digest}")
    piece = t.raw_piece.c
    wanted = select(piece.packed, piece.data).where(piece.raw_id == raw_id, piece.n >= first)
    if last is not None:
        wanted = wanted.where(piece.n <= last)
    found = connection.execute(wanted.order_by(piece.n))
    try:
        return [zlib.decompress(row.data) if row.packed else row.data for row in found]
    except zlib.error as trouble:
        raise Unavailable(f"the stored mail {digest} is damaged: see `ticketctl fsck`", damaged=True) from trouble
