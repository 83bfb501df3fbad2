"""Whole mails: what is the text, what is an attachment, what the envelope and the trace say."""

from __future__ import annotations

import base64
import binascii
import hashlib

import pytest

from ticketctl.letter import decoded, fingerprint, html, read
from ticketctl.letter.text import flowed

HEAD = """\
From: Ann <ann@example.org>
To: support@desk.example
Subject: printer
Date: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <1@example.org>
MIME-Version: 1.0
"""


def mail(body: str, *fields: str, head: str = HEAD) -> bytes:
    return (head + "".join(f"{field}\n" for field in fields) + "\n" + body).encode()


def multipart(*parts: str, kind: str = "mixed", extra: str = "") -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return mail(f"{body}--b--\n", f"Content-Type: multipart/{kind}; boundary=b{extra}")


def nested(kind: str, *parts: str, boundary: str = "c") -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{inner}--{boundary}--\n"


def uuencoded(data: bytes, name: str = "data.bin") -> str:
    lines = "".join(binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))
    return f"begin 644 {name}\n{lines}`\nend\n"


PLAIN = "Content-Type: text/plain\n\nplain\n"
HTML = "Content-Type: text/html\n\n<p>marked <b>up</b></p>\n"
PDF = (
    'Content-Type: application/pdf; name="a.pdf"\nContent-Transfer-Encoding: base64\n\n'
    f"{base64.b64encode(b'PDF').decode()}\n"
)


@pytest.mark.parametrize(
    ("raw", "text", "body_type", "names"),
    [
        (mail("hello\n"), "hello\n", "text/plain", []),
        (mail("hello"), "hello", "text/plain", []),
        (mail("<p>a<br>b", "Content-Type: text/html"), "a\nb\n", "text/html", []),
        (multipart(PLAIN, PDF), "plain\n", "text/plain", ["a.pdf"]),
        (multipart(PLAIN, HTML, kind="alternative"), "plain\n", "text/plain", ["part-1.html"]),
        (multipart(HTML, kind="alternative"), "marked up\n", "text/html", []),
        (
            multipart("Content-Type: text/plain\n\n \n", HTML, kind="alternative"),
            "marked up\n", "text/html", ["part-1.txt"],
        ),
        (multipart(PLAIN, PDF, PLAIN), "plain\nplain\n", "text/plain", ["a.pdf"]),
        (multipart(HTML, PLAIN), "marked up\nplain\n", "text/html", []),  # a list's footer
        (multipart(PLAIN, HTML), "plain\n", "text/plain", ["part-1.html"]),
        (
            multipart(nested("alternative", PLAIN, nested("related", HTML, PDF, boundary="d")), PDF),
            "plain\n", "text/plain", ["part-1.html", "a.pdf", "a-2.pdf"],
        ),
        (
            multipart(PLAIN, "Content-Type: text/plain; name=log.txt\nContent-Disposition: attachment\n\nlog\n"),
            "plain\n", "text/plain", ["log.txt"],
        ),
        (
            multipart(PLAIN, "Content-Type: text/plain; name=log.txt\nContent-Disposition: inline\n\nlog\n"),
            "plain\n", "text/plain", ["log.txt"],
        ),
        (multipart("Content-Type: text/plain; name=x.txt\n\nnamed\n"), "named\n", "text/plain", []),
        (multipart("Content-Type: text/markdown\n\n*x*\n"), "*x*\n", "text/plain", []),
        (multipart("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n"), "", "text/plain", ["part-1.ics"]),
        (
            multipart(PLAIN, "Content-Type: message/rfc822\n\nSubject: =?utf-8?q?a/b?=\n\nhi\n"),
            "plain\n", "text/plain", ["a-b.eml"],
        ),
        (
            multipart("\nSubject: inner\n\nhi\n", kind="digest"),
            "", "text/plain", ["inner.eml"],
        ),
        (
            multipart(PLAIN, "Content-Type: application/pgp-signature\n\nxx\n", kind="signed"),
            "plain\n", "text/plain", ["signature.asc"],
        ),
        (
            multipart(
                PLAIN, "Content-Type: message/delivery-status\n\nReporting-MTA: x\n",
                "Content-Type: text/rfc822-headers\n\nSubject: x\n", kind="report",
            ),
            "plain\n", "text/plain", ["part-1.txt", "part-2.txt"],
        ),
        (mail("x\n", "Content-Type: application/ms-tnef"), "", "text/plain", ["winmail.dat"]),
        (mail("", "Content-Type: application/pdf"), "", "text/plain", []),
        (mail("text\n", "Content-Type: multipart/mixed; boundary=b"), "text\n", "text/plain", []),
        (
            mail("<meta charset=gb2312>", "Content-Type: text/html").replace(b">", b">\xc4\xe3\xba\xc3"),
            "你好\n", "text/html", [],
        ),
        (mail("text\n", "Content-Type: nonsense"), "text\n", "text/plain", []),
        (mail("=\n", "Content-Transfer-Encoding: quoted-printable"), "", "text/plain", []),
        (mail("caf=C3=A9=\n!\n", "Content-Transfer-Encoding: quoted-printable"), "café!\n", "text/plain", []),
        (mail("Y2Fmw6kK\n\nlist footer\n", "Content-Transfer-Encoding: base64"), "café\n", "text/plain", []),
        (b"just text\r\n", "just text\n", "text/plain", []),
        (b"", "", "text/plain", []),
        (b"\r\n", "", "text/plain", []),
        (mail("caf\xe9\0\n"), "café\ufffd\n", "text/plain", []),
    ],
)  # fmt: skip
def test_a_mail_is_its_text_and_its_attachments(raw: bytes, text: str, body_type: str, names: list[str]) -> None:
    letter = read(raw)
    assert (letter.text, letter.body_type, [a.name for a in letter.attachments]) == (text, body_type, names)
    for end in (b"\r\n", b"\r"):
        other = read(raw.replace(b"\n", end) if b"\r" not in raw else raw)
        assert (other.text, other.body_type, [a.name for a in other.attachments]) == (text, body_type, names)


def test_a_uuencoded_block_is_an_attachment_and_no_text() -> None:
    data = bytes(range(256)) * 5
    raw = mail(f"before\n{uuencoded(data)}after\n")
    letter = read(raw)
    assert letter.text.split() == ["before", "after"]
    (attachment,) = letter.attachments
    assert (attachment.name, decoded(raw, attachment)) == ("data.bin", data)
    assert attachment.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "prose", ["begin 644 the work\nand never end\n", "begin 644 x\nwhat\nend\n", "let us begin 644 x\n"]
)
def test_prose_that_begins_is_no_uuencoded_block(prose: str) -> None:
    letter = read(mail(prose))
    assert (letter.text, letter.attachments) == (prose, ())


@pytest.mark.parametrize(
    ("encoding", "body", "data"),
    [
        ("base64", "QUJD", b"ABC"),
        ("base64", "QU JD\n!", b"ABC"),
        ("base64", "QUI", b"AB"),
        ("base64", "QUJDR", b"ABC"),
        ("base64", "QQ==\nQg==\nQw==\n", b"ABC"),
        ("base64", "QQ==\n-- \nlist footer\n", b"A"),
        ("quoted-printable", "=41=4", b"A=4"),
        ("x-uuencode", uuencoded(b"ABC"), b"ABC"),
        ("7bit", "ABC", b"ABC"),
        ("nonsense", "ABC", b"ABC"),
    ],
)
def test_an_attachment_is_decoded_as_far_as_it_goes(encoding: str, body: str, data: bytes) -> None:
    raw = mail(body, "Content-Type: a/b", f"Content-Transfer-Encoding: {encoding}")
    (attachment,) = read(raw).attachments
    assert decoded(raw, attachment) == data
    assert (attachment.size, attachment.sha256) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ('"../../etc/passwd"', "passwd"),
        (r'"C:\\dir\\a.txt"', "a.txt"),
        ('".."', "part-1.bin"),
        ('".hidden"', "hidden"),
        ('"-rf"', "_rf"),
        ('"a\x1b[0m.txt"', "a[0m.txt"),
        ('"=?utf-8?q?cod=E2=80=AEcod.exe?="', "codcod.exe"),
        ('"  a   b .txt "', "a b .txt"),
        (f'"{"é" * 300}.txt"', f"{'é' * 98}.txt"),
        ('""', "part-1.bin"),
    ],
)
def test_a_name_is_harmless(given: str, name: str) -> None:
    (attachment,) = read(
        mail("x", "Content-Type: a/b", f"Content-Disposition: attachment; filename={given}")
    ).attachments
    assert attachment.name == name


def test_names_are_unique_in_any_case() -> None:
    raw = multipart(*(f"Content-Type: a/b; name={name}\n\nx" for name in ("A.txt", "a.txt", "a.TXT", "a-2.txt")))
    assert [a.name for a in read(raw).attachments] == ["A.txt", "a-2.txt", "a-3.TXT", "a-2-2.txt"]


def test_parts_are_offsets_into_the_mail() -> None:
    raw = multipart(PLAIN, nested("alternative", PLAIN, HTML))
    parts = read(raw).parts
    assert [(part.path, part.parent, part.content_type) for part in parts] == [
        ("", None, "multipart/mixed"),
        ("1", 0, "text/plain"),
        ("2", 0, "multipart/alternative"),
        ("2.1", 2, "text/plain"),
        ("2.2", 2, "text/html"),
    ]
    assert [raw[part.body : part.end] for part in parts if part.content_type == "text/plain"] == [b"plain\n"] * 2


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        (multipart(PLAIN, "--b\n--b\nplain"), 3),  # delimiters on end are one
        (mail("--b\n\nx\n--bx\n--b\n\ny\n", "Content-Type: multipart/mixed; boundary=b"), 3),
        (mail("--b \t\n\nx\n--b--\t\nepilogue\n", "Content-Type: multipart/mixed; boundary=b"), 2),
        (mail("--b\n\nx\n--b--\n--b\nContent-Type: a/b\n\ny\n--b--\n", "Content-Type: multipart/mixed; boundary=b"), 3),
        (mail("--b\n\nx\n--b--\n--b\nepilogue\n", "Content-Type: multipart/mixed; boundary=b"), 2),
        (mail("--other\nContent-Type: a/b\n\nx\n--other--\n", "Content-Type: multipart/mixed; boundary=b"), 2),
        (mail("--b\n\nx\n", 'Content-Type: multipart/mixed; boundary="b'), 2),
        (mail(f"--{'b' * 3000}\n\nx\n", f"Content-Type: multipart/mixed; boundary={'b' * 3000}"), 2),
    ],
)
def test_delimiters_are_whole_lines(raw: bytes, parts: int) -> None:
    assert len(read(raw).parts) == parts


@pytest.mark.parametrize(
    ("first", "sender", "subject"),
    [
        ("From ann@example.org Mon Jan  1 00:00:00 2024\n", "ann@example.org", "printer"),
        ("From MAILER-DAEMON Mon Jan  1 00:00:00 2024\r\n", "", "printer"),
        ("From <> Mon Jan  1 00:00:00 2024\n", "", "printer"),
        (">From ann@example.org Mon Jan  1 00:00:00 2024\n", None, "printer"),
        ("From : bob@example.org\n", None, "printer"),
        ("\n\n", None, "printer"),
        ("\ufeff", None, "printer"),
        ("", None, "printer"),
    ],
)
def test_a_from_line_is_the_envelope_and_no_part_of_the_mail(first: str, sender: str | None, subject: str) -> None:
    raw = first.encode() + mail("hello\n")
    letter = read(raw)
    assert (letter.envelope_from, letter.subject, letter.text) == (sender, subject, "hello\n")
    assert (letter.raw, letter.sha256) == (raw, hashlib.sha256(raw).hexdigest())


def test_trace_fields_count_only_above_the_topmost_received() -> None:
    head = (
        "Return-Path: <>\nDelivered-To: a@desk.example\nX-Original-To: <b@desk.example>\n"
        "Received: from x by y with ESMTP id Q1; Mon, 1 Jan 2024\nReceived: by z id Q2\nDelivered-To: c@desk.example\n"
    )
    letter = read(mail("x", head=head + HEAD))
    assert (letter.return_path, letter.trace_recipients) == ("", ("a@desk.example", "b@desk.example"))
    assert (letter.hops, letter.queue_id) == (2, "Q1")


@pytest.mark.parametrize(
    ("value", "path"),
    [("<>", ""), ("<a@b.example>", "a@b.example"), ("a@b.example", "a@b.example"), ("<#@[]>", "#@[]")],
)
def test_a_return_path_is_an_address_or_null(value: str, path: str) -> None:
    assert read(mail("x", f"Return-Path: {value}")).return_path == path


@pytest.mark.parametrize(
    ("raw", "remark"),
    [
        (multipart(PLAIN, PDF, kind="signed", extra='; protocol="application/pgp-signature"'),
         "crypto: signed (PGP), not checked"),
        (multipart(PDF, PDF, kind="encrypted", extra='; protocol="application/pgp-encrypted"'),
        "crypto: encrypted (PGP)"),
        (mail("x", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data"), "crypto: encrypted (S/MIME)"),
        (mail("-----BEGIN PGP SIGNED MESSAGE-----\n"), "crypto: signed (PGP), not checked"),
        (mail("x\n" * 600_000), "parser: text cut"),
        (multipart(*[PLAIN] * 1_001), "parser: more than 1000 parts"),
        (mail("x", f"X-Long: {'x' * 300_000}"), "parser: header beyond 256 KiB not read"),
        (mail("x", "no field", "X-A: b"), "parser: a line in the header is no field"),
        (mail("x", "Content-Type: multipart/mixed; boundary=b"), "parser: multipart without parts"),
    ],
)  # fmt: skip
def test_trouble_is_a_remark(raw: bytes, remark: str) -> None:
    assert remark in read(raw).remarks


def test_a_text_that_was_cut_is_an_attachment_too() -> None:
    raw = mail("x\n" * 600_000)
    letter = read(raw)
    assert (len(letter.text), [a.size for a in letter.attachments]) == (1 << 20, [1_200_000])


@pytest.mark.parametrize(
    ("text", "delsp", "shown"),
    [
        ("a \nb\nc\n", False, "a b\nc\n"),
        ("a \nb\n", True, "ab\n"),
        ("> a \n> b\n>> c\n", False, "> a b\n>> c\n"),
        (" stuffed\n From\n", False, "stuffed\nFrom\n"),
        ("a \n-- \nAnn\n", False, "a \n-- \nAnn\n"),
        ("> a \nb\n", False, "> a\nb\n"),
        ("a ", False, "a "),
    ],
)
def test_flowed_lines_are_joined(text: str, delsp: bool, shown: str) -> None:
    assert flowed(text, delsp) == shown


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb\n"),
        ('<a href="http://evil.example/">http://bank.example</a>', "http://bank.example <http://evil.example/>\n"),
        ('<a href="https://example.org/">example.org</a>', "example.org\n"),
        ('<a href="javascript:x()">click</a>', "click\n"),
        ('<a href="mailto:a@example.org">a@example.org</a>', "a@example.org\n"),
        ("a<style>b</style><script>c</script><!-- d --><title>e</title>", "a\n"),
        ('a<span style="display: none">b</span><i hidden>c</i>', "a\n"),
        ("<table><tr><td>a<td>b</tr><tr><td>ccc<td>d</table>", "a    b\nccc  d\n"),
        ("x<blockquote>y<blockquote>z</blockquote></blockquote>", "x\n> y\n>> z\n"),
        ('<img src="http://track.example/x.gif" alt="Logo">', "[Logo]\n"),
        ("1 < 2 &amp; 3", "1 < 2 & 3\n"),
        ("<!-- never closed <p>a", "never closed\n\na\n"),
        ("&#99999999999;", "\ufffd;\n"),
        ("", ""),
    ],
)
def test_html_reads_as_text_with_the_real_targets_of_links(source: str, text: str) -> None:
    assert html.to_text(source) == text


def test_html_too_deep_for_a_layout_is_still_read() -> None:
    assert "deep" in html.to_text("<div>" * 5000 + "deep" + "</div>" * 5000)
    assert html.to_text("<ul><li>" * 500 + "deep").split()[-1] == "deep"


TRACE = "Received: by mx id {}\nDelivered-To: s@desk.example\nAuthentication-Results: mx; {}\n"


def test_a_second_delivery_has_the_same_fingerprint() -> None:
    raw = mail("hello\n\nthere\n")
    key = fingerprint(read(raw))
    again = [
        raw.replace(b"\n", b"\r\n"),
        raw + b"\n",
        raw.rstrip(b"\n"),
        b"From x@example.org Mon Jan  1 00:00:00 2024\n" + raw,
        TRACE.format("Q2", "none").encode() + raw,
        raw.replace(b"\n", b"\r\n") + b"\r\n" * 70_000,
    ]
    assert [fingerprint(read(other)) for other in again] == [key] * len(again)


def test_another_mail_has_another_fingerprint() -> None:
    raw = mail("hello\n\nthere\n")
    others = [
        raw.replace(b"\n\nthere", b"\nthere"), raw.replace(b"<1@", b"<2@"), raw.replace(b"Ann", b"Bob"),
        raw.replace(b"printer", b"scanner"), raw.replace(b"MIME", b"Content-Type: text/html\nMIME"), b"\n" + raw + b"x",
    ]  # fmt: skip
    assert len({fingerprint(read(other)) for other in (raw, *others)}) == 7


def test_without_a_message_id_the_queue_id_tells_two_mails_apart() -> None:
    raw = mail("hello\n").replace(b"Message-ID: <1@example.org>\n", b"")
    keys = [fingerprint(read(TRACE.format(queue, "x").encode() + raw)) for queue in ("Q1", "Q1", "Q2")]
    assert keys[0] == keys[1] != keys[2]
