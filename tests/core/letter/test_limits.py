"""Ten times the mail, about ten times the time; a large mail in little memory; and any bytes at all are a Letter."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY
from ticketctl.letter import addresses, headers, html, parameters, read

HEAD = b"From: a@example.org\r\nTo: s@example.com\r\nMIME-Version: 1.0\r\n"
FLOOR = 0.03  # seconds; below it a ratio is noise
RATIO = 25


def field(name: bytes, unit: bytes, head: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: HEAD + name + b": " + head + unit * (size // 10 // len(unit)) + b"\r\n\r\nbody\r\n"


def body(unit: bytes, fields: bytes = b"", head: bytes = b"", tail: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: HEAD + fields + b"\r\n" + head + unit * (size // len(unit)) + tail


MARKUP = b"Content-Type: text/html\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n"
BINARY = b"Content-Type: a/b\r\nContent-Transfer-Encoding: "
DEEP = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(49))

GROWING = {
    "angles": field(b"From", b"<"), "ats": field(b"From", b"a@ "), "pairs": field(b"From", b"a@b <c@d> "),
    "quotes": field(b"Cc", b'"\\"'), "open quotes": field(b"Cc", b'" '), "comments": field(b"Cc", b"()"),
    "open comments": field(b"Cc", b"("), "colons": field(b"Cc", b"a:"), "blanks": field(b"Cc", b" ", b"a"),
    "open words": field(b"Subject", b"=?a?q?x"), "words": field(b"Subject", b"=?utf-8?q?x?= =?latin1?q?y?= "),
    "half words": field(b"Subject", b"=?"), "parameters": field(b"Content-Type", b'x="', b"a/b; "),
    "sections": field(b"Content-Type", b"a*0*=x; ", b"a/b; "), "parameter blanks": field(b"Content-Type", b" ",
    b"a/b; x=y"),
    "date": field(b"Date", b"("), "ids": field(b"References", b"<a "), "folds": field(b"X", b"\r\n "),
    "tags": body(b"<a href='x' ", MARKUP), "open comment": body(b"<!--", MARKUP),
    "quoted tags": body(b"<a x=\"><b y=' ", MARKUP),
    "lists": body(b"<ul><li>x", MARKUP), "tables": body(b"<table><tr><td>", MARKUP), "entities": body(b"&#9999999999;",
    MARKUP),
    "cells": body(b"<td>x</td>", MARKUP, b"<table><tr>"), "delimiters": body(b"--b\r\n", MIXED),
    "near delimiters": body(b"--bX\r\n", MIXED), "deep": body(b"\n--b", DEEP), "deep breaks": body(b"\n", DEEP),
    "soft breaks": body(b"=\r\n", BINARY + b"quoted-printable\r\n"), "padding": body(b"QQ==\r\n",
    BINARY + b"base64\r\n"),
    "equals": body(b"=\n", BINARY + b"base64\r\n"), "uu lines": body(b"#\n", BINARY + b"x-uuencode\r\n",
    b"begin 644 x\n"),
    "uu begins": body(b"begin 644 x\nzzz\n", b"", b"", b"end\n"), "flowed": body(b"x \n",
    b"Content-Type: text/plain; format=flowed\r\n"),
    "one line": body(b"x"), "breaks": body(b"\n"), "returns": body(b"\r"),
    "no header": lambda size: b"x\n" * (size // 2),
    "strays": lambda size: HEAD + b"stray\nX-A: b\n" * (size // 13),
}  # fmt: skip


def seconds(raw: bytes) -> float:
    best = float("inf")
    for _ in range(2):
        begin = time.process_time()
        letter = read(raw)
        best = min(best, time.process_time() - begin)
    assert not [remark for remark in letter.remarks if " in re" in remark]
    return best


@pytest.mark.parametrize("name", GROWING)
def test_ten_times_the_mail_takes_about_ten_times_the_time(name: str) -> None:
    small, large = (seconds(GROWING[name](size)) for size in (100_000, 1_000_000))
    assert large < RATIO * max(small, FLOOR), (small, large)


BIG = """
import base64, os
from ticketctl.letter import decoded, fingerprint, read
head = b"From: a@example.org\\nMIME-Version: 1.0\\nContent-Type: multipart/mixed; boundary=b\\n\\n--b\\n\\nhi\\n--b\\n"
head += b"Content-Type: a/b\\nContent-Transfer-Encoding: base64\\n\\n"
raw = head + base64.encodebytes(os.urandom(1 << 20)) * 18 + b"--b--\\n"
letter = read(raw)
fingerprint(letter)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))  # since its own exec
print(len(raw), int(peak) // 1024)
"""


def test_a_mail_of_25_mb_takes_less_than_200_mb() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BIG],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(REPOSITORY / "src")},
    )
    size, megabytes = (int(figure) for figure in done.stdout.split())
    assert size > 25_000_000
    assert megabytes < 200


def test_reading_imports_neither_email_nor_what_html_needs() -> None:
    code = (
        "import sys; from ticketctl.letter import read; read(b'From: a@example.org\\n\\nhi\\n');"
        "print(sorted({'email', 'lxml', 'inscriptis', 'urllib', 'socket', 'logging'} & {name for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(REPOSITORY / "src")},
    )
    assert done.stdout.strip() == "[]"


NAMES = st.sampled_from(
    [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "References",
        "Content-Type",
        "Content-Disposition",
        "Received",
        "X",
    ]
)
BITS = st.sampled_from(
    [
        *'<>()",;:@\\=?[].*\'%-_ \t\r\n\0',
        "\x1b[0m", "\u202e", "\ud800", "é", "=?utf-8?q?", "?=", "=?iso-2022-jp?b?GyRC?=", "a@example.org", "utf-8''%E2",
        "multipart/mixed; boundary=b", "text/html; charset=", "text/plain; format=flowed", "name*0*=", "filename=",
        "--b", "\r\n--b\r\n", "\n--b--\n", "\r\n\r\n", "begin 644 x\n", "\nend\n", "Content-Type: ",
        "Content-Transfer-Encoding: base64\n", "<a href='", "<!--", "</p>", "&#x41;", "QUJD", "=41", "=\n",
    ]
)  # fmt: skip
TEXT = st.lists(BITS, max_size=30).map("".join)


def sound(raw: bytes) -> None:
    letter = read(raw)
    assert letter.raw == raw
    assert not [remark for remark in letter.remarks if " in re" in remark]
    for text in (letter.text, letter.subject, letter.claimed, *(value for _, value in letter.headers)):
        text.encode()
        assert "\0" not in text


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_letter(raw: bytes) -> None:
    sound(raw)


@given(st.lists(st.tuples(NAMES, TEXT), max_size=8), TEXT)
@settings(max_examples=500, deadline=None)
def test_anything_that_looks_like_a_mail_is_a_letter(fields: list[tuple[str, str]], text: str) -> None:
    head = "".join(f"{name}: {value}\n" for name, value in fields)
    sound(f"{head}\n{text}".encode("utf-8", "surrogatepass"))


@given(TEXT)
@settings(max_examples=500, deadline=None)
def test_no_field_and_no_markup_is_refused(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    boxes, _ = addresses.read(text)
    for box in boxes:
        address = box.address.address
        assert address is None or (address.count("@") >= 1 and address.isprintable())
    value = headers.decode(text)
    assert not [char for char in value if char < " "]
    parameters.read(text)
    html.to_text(text)


def test_a_fault_of_ours_is_a_remark_and_keeps_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ticketctl.letter.structure.split", broken)
    raw = base64.b64encode(b"anything")
    letter = read(raw)
    assert (letter.raw, letter.remarks) == (raw, ("parser: MemoryError in reading",))
