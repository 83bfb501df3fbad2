"""A finished mail: what is set comes back from our own reader and from the standard library's; nothing else gets in."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ticketctl.errors import BadData
from ticketctl.letter import decoded, read
from ticketctl.render import Enclosed, Outgoing, build, check_address
from ticketctl.render.flowed import flow
from ticketctl.render.mail import clean_name
from ticketctl.ticket import Address

NOW = datetime(2026, 11, 22, 21, 26, 5, tzinfo=UTC)
TOKEN = "abcdefghijklmnopqrstuvwxyz"


def mail(**fields: Any) -> Outgoing:
    given: dict[str, Any] = {
        "token": TOKEN,
        "message_id": f"<t.{TOKEN}.17@example.org>",
        "date": NOW,
        "sender": "support@example.org",
        "from_": Address(address="support@example.org", name="Example Support"),
        "to": (Address(address="kim@customer.example", name="Kim"),),
        "subject": "[Ticket#17] printer",
        "body": "Hello\n",
    }
    return Outgoing(**(given | fields))


def standard(raw: bytes) -> email.message.EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return message


def test_a_plain_mail_is_these_bytes():
    assert build(
        mail(
            cc=(Address(address="a@b.example"),),
            bcc=(Address(address="hidden@b.example"),),
            reply_to="support+x@example.org",
            in_reply_to="<1@customer.example>",
            references=("<0@customer.example>", "<1@customer.example>"),
            headers=(("Auto-Submitted", "auto-replied"),),
        )
    ) == (
        b"Date: Sun, 22 Nov 2026 21:26:05 +0000\nFrom: Example Support <support@example.org>\n"
        b"To: Kim <kim@customer.example>\nCc: a@b.example\nReply-To: support+x@example.org\n"
        b"Subject: [Ticket#17] printer\nMessage-ID: <t." + TOKEN.encode() + b".17@example.org>\n"
        b"In-Reply-To: <1@customer.example>\nReferences: <0@customer.example>\n <1@customer.example>\n"
        b"Auto-Submitted: auto-replied\nContent-Transfer-Encoding: 7bit\n"
        b'Content-Type: text/plain; charset="utf-8"; format="flowed"\nMIME-Version: 1.0\n\nHello\n'
    )


def test_recipients_of_the_envelope_are_each_there_once_with_the_blind_ones():
    people = (Address(address="kim@customer.example"),)
    assert mail(
        to=people,
        cc=(Address(address="KIM@customer.example"), Address(address="b@x.example")),
        bcc=(Address(address="c@x.example"),),
    ).recipients == ("kim@customer.example", "b@x.example", "c@x.example")


@pytest.mark.parametrize(
    "evil",
    [
        "a\nBcc: x@evil.example",
        "a\r\nBcc: x@evil.example",
        "a\rb",
        "a\0b",
        "a\x0bb",
        "a\x85b",
        "a\u2028Bcc: x",
        "a\udc80b",
        "a\r\n\r\nbody",
        "\x1b[2J",
    ],
)
@pytest.mark.parametrize(
    "field",
    [
        "subject",
        "from_",
        "to",
        "cc",
        "address",
        "bcc",
        "reply_to",
        "message_id",
        "in_reply_to",
        "references",
        "headers",
        "enclosed",
    ],
)
def test_a_line_break_in_any_field_is_refused_by_its_name(field, evil):
    person = Address(address="kim@customer.example", name=evil)
    values: dict[str, tuple[Any, str]] = {
        "subject": (evil, "Subject"),
        "from_": (person, "From"),
        "to": ((person,), "To"),
        "cc": ((person,), "Cc"),
        "bcc": ((Address(address=f"kim@customer.example{evil}"),), "Bcc"),
        "reply_to": (f"kim@customer.example{evil}", "Reply-To"),
        "message_id": (f"<a@b>{evil}", "Message-ID"),
        "in_reply_to": (f"<a@b{evil}>", "In-Reply-To"),
        "references": ((f"<a@b{evil}>",), "References"),
        "headers": ((("X-Thing", evil),), "X-Thing"),
        "enclosed": ((Enclosed(name=evil, content=b""),), "attachment"),
        "address": ((Address(address=f"{evil}@x.example"),), "To"),
    }
    value, named = values[field]
    with pytest.raises(BadData, match=f"^{named}"):
        build(mail(**{"to" if field == "address" else field: value}))


@pytest.mark.parametrize(
    "name", ["Bcc", "To", "Content-Type", "MIME-Version", "X:Y", "X Y", "", "Xü", "X\nY", "sender"]
)
def test_a_header_that_is_not_ours_to_add_is_refused(name):
    with pytest.raises(BadData, match="not a header field that can be added"):
        build(mail(headers=((name, "x"),)))


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "kim",
        "kim@",
        "@x.example",
        "-oQ/tmp@x.example",
        "a b@x.example",
        "a,b@x.example",
        "<a@x.example>",
        "a@b@x.example",
        '"a b"@x.example',
        "kim@x .example",
        "kim@-x.example",
        "küm@x.example",
        "kim@x..example",
        "a" * 250 + "@x.example",
        "kim@x.example.",
    ],
)
def test_an_address_that_cannot_be_written_is_refused(address):
    with pytest.raises(BadData, match=r"^To: not an address"):
        build(mail(to=(Address(address=address),)))


def test_nobody_to_write_to_is_refused():
    with pytest.raises(BadData, match="nobody"):
        build(mail(to=()))


def test_a_domain_outside_ascii_is_written_as_mail_has_it():
    assert check_address("To", "kim@müller.example") == "kim@xn--mller-kva.example"
    assert read(build(mail(to=(Address(address="kim@müller.example"),)))).to == (
        Address(address="kim@xn--mller-kva.example"),
    )


@pytest.mark.parametrize(
    "subject",
    [
        "[Ticket#17] Drücker",
        "[Ticket#17] =?utf-8?q?x=0D=0ABcc:_y?=",
        "a" * 2000,
        "ä" * 2000,
        "[Ticket#17] " + "word " * 200,
        "日本語 " * 50,
        "a =?b?= ü  c",
        "x: y",
        "",
    ],
)
def test_a_subject_comes_back_and_its_lines_are_short(subject):
    raw = build(mail(subject=subject))
    assert read(raw).subject.split() == subject.split()
    assert str(standard(raw)["Subject"]).split() == subject.split()
    assert max(map(len, raw.split(b"\n"))) <= 78
    if subject.startswith("[Ticket#17] "):
        assert b"Subject: [Ticket#17]" in raw


TEXT = st.text(st.characters(codec="utf-8"), max_size=300)
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)


@RELAXED
@given(TEXT, TEXT, TEXT)
def test_any_text_made_plain_comes_back_from_subject_names_and_body(subject, name, body):
    person = Address(address="kim@customer.example", name=clean_name(name) or None)
    letter = read(build(mail(subject=clean_name(subject), from_=person, to=(person,), body=body)))
    assert letter.subject.split() == clean_name(subject).split()
    assert (letter.author.address, letter.to[0].address) == ("kim@customer.example",) * 2
    assert (letter.author.name or "").split() == clean_name(name).split() == (letter.to[0].name or "").split()
    assert [name for name, _ in letter.headers] == [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Content-Transfer-Encoding",
        "Content-Type",
        "MIME-Version",
    ]


LINE = st.text(st.sampled_from("ab  -.>ü\tFrom"), max_size=200)


@RELAXED
@given(st.lists(LINE, max_size=8))
def test_a_text_flows_and_comes_back_line_for_line(lines):
    lines = [line.lstrip("> ").rstrip(" ") or "x" for line in lines]
    raw = build(mail(body="\n".join(lines)))
    assert read(raw).text.rstrip("\n").split("\n") == "\n".join(lines).rstrip("\n").split("\n")


@RELAXED
@given(st.lists(LINE, max_size=8))
def test_no_line_that_flows_is_longer_than_its_words_make_it(lines):
    for line in flow("\n".join(lines)).split("\n"):
        assert len(line) <= 78 or " " not in line.strip("> ")[:70].strip()


def test_signature_mark_leading_from_dots_and_quotes_stay():
    body = "From me\n.\n> quoted " + "word " * 40 + "\n>> older\n  indented\n-- \nAnna"
    letter = read(build(mail(body=body)))
    assert (
        letter.text.rstrip("\n")
        == "From me\n.\n> quoted " + ("word " * 40).strip() + "\n>> older\n  indented\n-- \nAnna"
    )


def test_a_text_that_looks_like_files_or_is_very_long_is_only_a_text():
    """Our reader takes uuencoded blocks out of a text and shows no more than a mebibyte; that is no injection."""
    for body in (
        "begin 644 x.txt\n#86)C\n`\nend",
        "w" * 1_500_000,
        "--x\nContent-Disposition: attachment\n\nhi\n--x--",
    ):
        assert standard(build(mail(body=body))).get_content() == f"{body}\n"


def test_line_ends_become_lf_and_controls_go():
    assert standard(build(mail(body="a\r\nb\rc\x00\x1b[2Jd\n\n\n"))).get_content() == "a\nb\nc[2Jd\n"


@RELAXED
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters="/\\"),
        min_size=1,
        max_size=120,
    ),
    st.binary(max_size=300),
)
def test_an_attachment_comes_back_with_its_name(name, content):
    name = " ".join(name.split()) or "x"
    raw = build(mail(enclosed=(Enclosed(name=name, content=content),)))
    part = next(standard(raw).iter_attachments())
    assert part.get_payload(decode=True) == content
    assert " ".join(str(part.get_filename()).split()) == name
    letter = read(raw)
    assert decoded(raw, letter.attachments[0]) == content
    assert max(map(len, raw.split(b"\n"))) <= 998


@pytest.mark.parametrize(
    ("given_type", "written"),
    [
        ("text/plain", "text/plain"),
        ("image/PNG", "image/png"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("x\r\nBcc: y", "application/octet-stream"),
        ("text/plain; charset=x", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_type_that_cannot_stand_there_is_octets(given_type, written):
    raw = build(mail(enclosed=(Enclosed(name="a", content_type=given_type, content=b"x"),)))
    assert next(standard(raw).iter_attachments()).get_content_type() == written


def test_a_long_chain_of_long_ids_is_not_encoded():
    ids = tuple(f"<{n}.{'x' * 200}@customer.example>" for n in range(30))
    letter = read(build(mail(references=ids, in_reply_to=ids[-1])))
    assert (letter.references, letter.in_reply_to) == (ids, (ids[-1],))


def test_what_does_not_come_back_is_not_sent(monkeypatch):
    monkeypatch.setattr("ticketctl.render.mail.read", lambda raw: replace(read(raw), to=()))
    with pytest.raises(BadData, match="header injection: To came back otherwise"):
        build(mail())
    monkeypatch.setattr("ticketctl.render.mail.read", lambda raw: read(b"Bcc: x@evil.example\n" + raw))
    with pytest.raises(BadData, match="header injection: Bcc came back"):
        build(mail())
