"""Makes what Outlook packs its mails into (MS-OXTNEF): attributes, and lists of properties in two of them."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

SIGNATURE = b"\x78\x9f\x3e\x22"
BODY, TITLE, DATA, FILE, MESSAGE, FILE_PROPERTIES, CODEPAGE = (
    0x0002800C, 0x00018010, 0x0006800F, 0x00069002, 0x00069003, 0x00069005, 0x00069007,
)  # fmt: skip


def winmail(*attributes: bytes) -> bytes:
    return SIGNATURE + b"\x01\x00" + b"".join(attributes)


def attribute(key: int, data: bytes) -> bytes:
    level = 2 if key in (TITLE, DATA, FILE, FILE_PROPERTIES) else 1
    return bytes([level]) + pack("<II", key, len(data)) + data + pack("<H", sum(data) & 0xFFFF)


def properties(*given: tuple[int, int, object]) -> bytes:
    """(id, type, value): an int, bytes, or a str for a text in UTF-16."""
    return pack("<I", len(given)) + b"".join(_property(*each) for each in given)


def _property(key: int, kind: int, value: object) -> bytes:
    if isinstance(value, int):
        return pack("<HHI", kind, key, value)
    data = value.encode("utf-16-le") + b"\0\0" if isinstance(value, str) else bytes(value)  # type: ignore[call-overload]
    return pack("<HHII", kind, key, 1, len(data)) + data + b"\0" * (-len(data) % 4)


def file(name: str, data: bytes, *more: tuple[int, int, object]) -> bytes:
    """A file as Outlook writes one: a short name, the long one in its properties."""
    short = name.encode("cp1252", "replace")[:8] + b"\0"
    parts: Sequence[tuple[int, bytes]] = (
        (FILE, bytes(14)), (TITLE, short), (DATA, data),
        (FILE_PROPERTIES, properties((0x3707, 0x1F, name), *more)),
    )  # fmt: skip
    return b"".join(attribute(key, value) for key, value in parts)


def compressed(rtf: bytes) -> bytes:
    """As compressed RTF (MS-OXRTFCP) without a single repetition."""
    runs = b"".join(b"\0" + rtf[at : at + 8] for at in range(0, len(rtf), 8))
    return pack("<II", len(runs) + 12, len(rtf)) + b"LZFu" + bytes(4) + runs
