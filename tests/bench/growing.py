"""Ten times the bytes, ten times the time: every reader on what hurts it most. Rows print; nothing here is a test."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).parents[1]))
from core.letter.outlook import BODY, FILE, MESSAGE, attribute, properties, winmail
from ticketctl.letter import calendar, html, rtf, tnef
from ticketctl.page.folding import folds

SIZE, TIMES, MOST = 20_000, 10, 12
NOISE = 0.01  # seconds, below which a ratio says nothing


def _outlook(unit: bytes) -> Callable[[int], object]:
    return lambda size: tnef.read(winmail(unit * (size // len(unit)))).text()


def _listed(unit: bytes) -> Callable[[int], object]:
    return lambda size: tnef.read(winmail(attribute(MESSAGE, pack("<I", 1 << 31) + unit * (size // len(unit)))))


def _text(read: Callable[[str], object], unit: str, head: str = "") -> Callable[[int], object]:
    return lambda size: read(head + unit * (size // len(unit)))


def _folds(body: str) -> object:
    return folds({"body": body, "subject": "Re: x", "channel": "email", "in_reply_to": "x", "references": []})


def _events(text: str) -> object:
    return calendar.read(text.encode())


TINY = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51fffff0f0ffff")
READERS = {
    "tnef, files": _outlook(attribute(FILE, bytes(14))),
    "tnef, attributes": _outlook(attribute(BODY, b"")),
    "tnef, compressed texts": _outlook(attribute(MESSAGE, properties((0x1009, 0x102, TINY)))),
    "tnef, properties": _listed(pack("<HHII", 0x1F, 0x3707, 1, 2) + b"x\0\0\0"),
    "tnef, named properties": _listed(pack("<HH16sIIHH", 3, 0x8001, b"", 1, 4, 1, 1)),
    "rtf, words": _text(rtf.read, "\\a", "{\\rtf1 "),
    "rtf, groups": _text(rtf.read, "{", "{\\rtf1 "),
    "rtf, fonts and bytes": _text(rtf.read, "\\f1\\'e4", "{\\rtf1 "),
    "calendar, lines": _text(_events, "X:y\n", "BEGIN:VEVENT\n"),
    "calendar, quotes": _text(_events, 'X;A="', "BEGIN:VEVENT\n"),
    "calendar, zones": _text(_events, "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:+0100\nEND:STANDARD\n"),
    "html, open tables": _text(html.to_text, "<table><tr><td>x"),
    "html, closed tables": _text(html.to_text, "<table><tr><td>x</table>"),
    "html, wide tables": _text(html.to_text, f"<table><tr><td>{'x' * 50}<td>{'y' * 50}</table>"),
    "html, cells": _text(html.to_text, "<td>x", "<table>"),
    "html, pictures": _text(html.to_text, "<img src='cid:x'>"),
    "html, links": _text(html.to_text, "<a href=https://a.test/>"),
    "history, introductions": _text(_folds, "On 2024 a@b.test wrote:\n"),
    "history, headers": _text(_folds, "From: a\nTo: b\nSubject: c\nSent: d\n"),
    "history, between": _text(_folds, "> a\nb\n"),
}  # fmt: skip


def growing() -> None:
    """A row for each reader; those that grow faster than they should are marked."""
    print(f"\n{'ten times the bytes':42} {'one ms':>9} {'ten ms':>9} {'ratio':>7}  target")
    for name, reader in READERS.items():
        reader(100)
        one, ten = (min(_spent(reader, size) for _ in range(3)) for size in (SIZE, SIZE * TIMES))
        verdict = "  MISSED" if ten > NOISE and ten > MOST * one else ""
        print(f"{name:42} {one * 1000:9.1f} {ten * 1000:9.1f} {ten / max(one, 1e-6):7.1f}  {MOST}{verdict}", flush=True)


def _spent(reader: Callable[[int], object], size: int) -> float:
    begun = time.process_time()
    reader(size)
    return time.process_time() - begun


if __name__ == "__main__":
    growing()
