"""winmail.dat: its files are attachments, its text is the mail's where that has none; hostile ones harm nobody."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.letter.outlook import (
    BODY,
    CODEPAGE,
    FILE,
    FILE_PROPERTIES,
    MESSAGE,
    SIGNATURE,
    TITLE,
    attribute,
    compressed,
    file,
    properties,
    winmail,
)
from ticketctl.letter import decoded, read, rtf, tnef

HEAD = b"From: emma@example.net\nSubject: Printer\nMIME-Version: 1.0\n"


def mail(data: bytes, text: str = "", kind: str = "application/ms-tnef", name: str = "winmail.dat") -> bytes:
    return (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
        + text.encode() + f"\n--b\nContent-Type: {kind}; name={name}\n".encode()
        + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(data) + b"--b--\n"
    )  # fmt: skip


def listed(raw: bytes) -> list[tuple[str, str, bytes]]:
    """The attachments of a mail, each held to what it says of itself."""
    found = []
    for n, each in enumerate(read(raw).attachments, 1):
        data = decoded(raw, each)
        assert (each.n, each.size, each.sha256) == (n, len(data), hashlib.sha256(data).hexdigest())
        found.append((each.name, each.content_type, data))
    return found


PDF = file("Größe der Anlage.pdf", b"%PDF-1.4")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/ms-tnef", "winmail.dat"),
        ("application/vnd.ms-tnef", "x"),
        ("application/octet-stream", "WinMail.dat"),
    ],
)
def test_the_files_in_it_are_attachments_of_the_mail(kind: str, name: str) -> None:
    picture = file("../..\\p.gif", b"GIF89a", (0x370E, 0x1E, b"image/gif\0"))
    data = winmail(attribute(CODEPAGE, bytes(8)), PDF, picture)
    assert listed(mail(data, "It burns.", kind, name)) == [
        (name, kind, data),
        ("Größe der Anlage.pdf", "application/pdf", b"%PDF-1.4"),
        ("p.gif", "image/gif", b"GIF89a"),
    ]


def test_a_file_without_long_name_or_content_beside_its_properties_is_found() -> None:
    bare = attribute(FILE, bytes(14)) + attribute(TITLE, b"\xef\xf0\xe8.txt\0")
    held = attribute(FILE_PROPERTIES, properties((0x3704, 0x1E, b"A~1.DOC\0"), (0x3701, 0x102, b"held")))
    data = winmail(attribute(CODEPAGE, b"\xe3\x04\0\0\0\0\0\0"), bare, attribute(FILE, bytes(14)), held)
    assert listed(mail(data, "x"))[1:] == [("при.txt", "text/plain", b""), ("A~1.DOC", "application/msword", b"held")]


def test_files_of_a_message_in_it_stand_behind_that_message() -> None:
    inner = winmail(PDF)
    held = attribute(FILE_PROPERTIES, properties((0x3001, 0x1F, "Old mail"), (0x3701, 0x0D, bytes(16) + inner)))
    assert listed(mail(winmail(attribute(FILE, bytes(14)), held), "x"))[1:] == [
        ("Old mail.dat", "application/vnd.ms-tnef", inner),
        ("Größe der Anlage.pdf", "application/pdf", b"%PDF-1.4"),
    ]


RTF = b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}{\\f1\\fcharset204 Arial;}}\\f0 It b\\'fcrns.\\par\n"
HIDDEN = (
    b"{\\rtf1\\ansi\\ansicpg1252\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 It {\\*\\htmltag84 <b>}"
    b"\\htmlrtf\\b\\htmlrtf0 burns{\\*\\htmltag92 </b>}.{\\*\\htmltag72 </p>}}"
)


@pytest.mark.parametrize(
    ("attributes", "text", "body_type"),
    [
        (attribute(BODY, b"It burns.\r\nNow\0"), "It burns.\nNow", "text/plain"),
        (attribute(MESSAGE, properties((0x1000, 0x1F, "Es brännt"))), "Es brännt", "text/plain"),
        (
            attribute(MESSAGE, properties((0x1013, 0x102, b"<p>\xf0\xd2\xc9</p>"), (0x3FDE, 3, 20866))),
            "При\n",
            "text/html",
        ),
        (
            attribute(MESSAGE, properties((0x1009, 0x102, compressed(RTF + b"{\\f1\\'cf\\'f0}\\u8364?}")))),
            "It bürns.\nПр€\n",
            "text/plain",
        ),
        (attribute(MESSAGE, properties((0x1009, 0x102, compressed(HIDDEN)))), "It burns.\n", "text/html"),
    ],
)
def test_its_text_is_the_mails_where_that_has_none(attributes: bytes, text: str, body_type: str) -> None:
    letter = read(mail(winmail(attributes)))
    assert (letter.text, letter.body_type, letter.remarks) == (text, body_type, ())
    assert read(mail(winmail(attributes), "Hello")).text == "Hello"


@pytest.mark.parametrize(
    ("packed", "text"),
    [  # the examples of MS-OXRTFCP section 4
        (
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0",
            b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
        ),
        ("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0", b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"),
        ("0f0000000b0000004d454c41000000007b5c727466317d", b"{\\rtf1}"),
        ("0f0000000b000000585858580000000000", b""),
        ("", b""),
    ],
)
def test_compressed_rtf_is_inflated(packed: str, text: bytes) -> None:
    assert tnef.inflated(bytes.fromhex(packed), 1000) == text
    assert tnef.inflated(bytes.fromhex(packed), 5) == text[:5]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"{\rtf1 a\line b\tab c\emdash d\~e\_f\{\}\\}", "a\nb\tc\u2014d\u00a0e-f{}\\\n"),
        (r"{\rtf1{\*\generator x;}{\info{\author x}}{\pict 00ff}\bin5 {{{}}a}", "a\n"),
        (r"{\rtf1\uc2\u-10179\u-8704??x}", "😀x\n"),
        (r"{\rtf1\u0 ?\u55357?a\'}", "\ufffda\n"),
        (r"{\rtf1 a}}}}b", "ab\n"),
        ("no rtf", ""),
    ],
)
def test_rtf_reads_as_text(source: str, text: str) -> None:
    assert rtf.read(source) == (text, "")


def test_what_is_no_tnef_or_cut_is_a_remark() -> None:
    assert read(mail(b"nothing")).remarks == ("parser: TNEF not read",)
    whole = winmail(PDF, PDF)
    for end in range(len(SIGNATURE) + 2, len(whole)):
        letter = read(mail(whole[:end], "x"))
        assert letter.remarks in ((), ("parser: TNEF cut",))
        listed(mail(whole[:end], "x"))


def test_a_name_of_a_stretch_is_no_encoding_of_a_mail() -> None:
    raw = HEAD + b"Content-Type: a/b\nContent-Transfer-Encoding: base64[0:1]\n\nQUJD\n"
    assert listed(raw) == [("part-1.bin", "a/b", b"QUJD\n")]


ATTRIBUTE = st.tuples(
    st.sampled_from((BODY, TITLE, FILE, FILE_PROPERTIES, MESSAGE, CODEPAGE, 0x0006800F)),
    st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.tuples(
                st.sampled_from((0x1000, 0x1009, 0x1013, 0x3701, 0x3707, 0x370E, 0x3FDE, 0x8001)),
                st.sampled_from((2, 3, 0x0D, 0x1E, 0x1F, 0x102, 0x101F, 0x1003, 0x48, 0x1102)),
                st.one_of(st.integers(0, 2**32 - 1), st.binary(max_size=40), st.text(max_size=9)),
            ),
            max_size=4,
        ).map(lambda given: properties(*[(key, kind, _sane(value)) for key, kind, value in given])),
    ),
)  # fmt: skip


def _sane(value: object) -> object:
    return value.encode("utf-8", "replace") if isinstance(value, str) else value


@settings(max_examples=150, deadline=None)
@given(st.lists(ATTRIBUTE, max_size=8), st.integers(0, 400), st.binary(max_size=4))
def test_any_bytes_are_read(attributes: list[tuple[int, bytes]], at: int, junk: bytes) -> None:
    data = bytearray(winmail(*[attribute(key, value) for key, value in attributes]))
    data[at + 6 : at + 6 + len(junk)] = junk
    its = tnef.read(bytes(data))
    assert all(0 <= each.start <= each.end <= len(data) for each in its.files)
    its.text()[0].encode()
    listed(mail(bytes(data)))


WORDS = (
    "{", "}", "\\", "\\u55357", "\\u0", "\\'", "\\'c3", "\\bin9", "\\*", "\\par", "\\fonttbl", "\\f1", "\\fcharset128",
    "\\htmlrtf", "\\uc9", "\\fromhtml1", "\\htmltag", "\\ansicpg932", " ", "a", "é", "\n", "\0",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_any_rtf_is_text(pieces: list[str]) -> None:
    for text in rtf.read("{\\rtf1" + "".join(pieces)):
        assert "\0" not in text
        text.encode()
