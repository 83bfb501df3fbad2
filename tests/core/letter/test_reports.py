"""What reports say, as a table: recipients with status, and the Message-IDs of the mail that came back."""

from __future__ import annotations

import base64
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketctl.letter import read, reports
from ticketctl.letter.value import Report

DAEMON = (
    "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: support@desk.example\nReturn-Path: <>\n"
    "Subject: Undelivered\n"
)
TOKEN = "<t.abcdefghijklmnopqrstuvwx27.2026112210000017@desk.example>"
BERT = "bert@x.example"


def found(text: str, head: str = DAEMON) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    letter = read((head + text).encode())
    assert reports.find(letter) == (letter.reports, letter.returned_ids)
    return letter.reports, letter.returned_ids


def in_parts(*parts: tuple[str, str]) -> str:
    """A multipart/report of (content type with further fields, body)."""
    body = "".join(f"--b\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts)
    return f"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n{body}--b--\n"


def dsn(fields: str, *more: tuple[str, str]) -> str:
    group = f"Reporting-MTA: dns; mx.example\n\n{fields}"
    return in_parts(("text/plain", "It failed."), ("message/delivery-status", group), *more)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            (
                "Final-Recipient: rfc822; bert@x.example\nAction: failed\nStatus: 5.1.1\n"
                "Diagnostic-Code: smtp; 550 5.7.1\n  no such\n\tuser"
            ),
            Report(recipient=BERT, action="failed", status="5.1.1", diagnostic="550 5.7.1 no such user"),
        ),
        (
            "final-recipient: RFC822;<bert@x.example>\naction: Failed (bad)\nstatus: 5.0.0 (permanent failure)",
            Report(recipient=BERT, action="failed", status="5.0.0"),
        ),
        (
            (
                "Original-Recipient: rfc822;bert@x.example\nFinal-Recipient: rfc822;b2@y.example\n"
                "Action: delayed\nStatus: 4.4.1"
            ),
            Report(recipient=BERT, action="delayed", status="4.4.1", also=("b2@y.example",)),
        ),
        (  # xtext (RFC 3461 section 4) that a server has not undone
            "Original-Recipient: rfc822;bert+2Bshop@x.example\nAction: failed\nStatus: 5.1.1",
            Report(recipient="bert+2Bshop@x.example", action="failed", status="5.1.1", also=("bert+shop@x.example",)),
        ),
        (
            "Original-Recipient: rfc822;bert+40x.example\nAction: failed\nStatus: 5.1.1",
            Report(recipient=BERT, action="failed", status="5.1.1"),
        ),
        (  # RFC 6533 section 3: as it is, and as utf-8-addr-xtext; the domain as we write it
            "Final-Recipient: utf-8; jörg@bücher.example\nAction: failed\nStatus: 5.1.1",
            Report(recipient="jörg@xn--bcher-kva.example", action="failed", status="5.1.1"),
        ),
        (
            "Final-Recipient: utf-8; j\\x{F6}rg@x.example\nAction: failed\nStatus: 5.1.1",
            Report(recipient="jörg@x.example", action="failed", status="5.1.1"),
        ),
        (
            "Original-Recipient: rfc822;\nFinal-Recipient: utf-8; bert@x.example\nAction: delivered\nStatus: 2.0.0",
            Report(recipient=BERT, action="delivered", status="2.0.0"),
        ),
        (
            "Final-Recipient: bert@x.example\nAction: failed\nDiagnostic-Code: smtp; 552 5.2.2 Over quota",
            Report(recipient=BERT, action="failed", status="5.2.2", diagnostic="552 5.2.2 Over quota"),
        ),
        (
            (
                "Final-Recipient: rfc822; bert@x.example\nAction: failed\nStatus: bad\n"
                "Diagnostic-Code: smtp; 550 No such user"
            ),
            Report(recipient=BERT, action="failed", status="5.0.0", diagnostic="550 No such user"),
        ),
        (
            "Final-Recipient: rfc822; bert@x.example\nStatus: 4.2.2",
            Report(recipient=BERT, action="delayed", status="4.2.2"),
        ),
        (
            "Final-Recipient: rfc822; bert@x.example\nAction: relayed",
            Report(recipient=BERT, action="relayed", status=None),
        ),
        (
            "Final-Recipient: rfc822; bert@x.example\nAction: expired",
            Report(recipient=BERT, action="failed", status=None),
        ),
        (
            "Final-Recipient: x-local; bert\nAction: failed\nStatus: 5.1.1",
            Report(recipient=None, action="failed", status="5.1.1"),
        ),
    ],
)
def test_the_fields_of_a_delivery_status_are_read_by_rfc_3464(fields: str, expected: Report) -> None:
    assert found(dsn(fields)) == ((expected,), ())


def test_every_recipient_has_its_report_once_and_the_class_tells_what_is_permanent() -> None:
    fields = "\n\n".join(
        f"Final-Recipient: rfc822; {name}@x.example\nAction: {action}\nStatus: {status}"
        for name, action, status in (("a", "failed", "5.1.1"), ("b", "delayed", "4.2.2"), ("a", "failed", "5.9.9"))
    )
    got, _ = found(dsn(fields))
    assert got == (
        Report(recipient="a@x.example", action="failed", status="5.1.1"),
        Report(recipient="b@x.example", action="delayed", status="4.2.2"),
    )
    assert [report.permanent for report in got] == [True, False]


def test_groups_that_no_blank_line_parts_are_told_apart() -> None:
    fields = "Final-Recipient: rfc822; a@x.example\nStatus: 5.1.1\nFinal-Recipient: rfc822; b@x.example\nStatus: 5.1.2"
    assert [(report.recipient, report.status) for report in found(dsn(fields))[0]] == [
        ("a@x.example", "5.1.1"),
        ("b@x.example", "5.1.2"),
    ]


@pytest.mark.parametrize(
    "part",
    [
        ("message/rfc822", f"Received: from a\nMessage-ID: {TOKEN}\nSubject: x\n\nMessage-ID: <no@body.example>"),
        ("text/rfc822-headers", f"Subject: x\nmessage-id:\n {TOKEN}\n"),
        ("message/global-headers; charset=utf-8", f"Message-Id: {TOKEN}\n"),
    ],
)
def test_the_message_id_of_the_returned_mail_is_read_from_its_part(part: tuple[str, str]) -> None:
    assert found(dsn("Final-Recipient: rfc822; bert@x.example\nAction: failed\nStatus: 5.1.1", part))[1] == (TOKEN,)


def test_parts_in_base64_and_quoted_printable_are_decoded() -> None:
    status = base64.b64encode(b"Final-Recipient: rfc822; bert@x.example\nAction: failed\nStatus: 5.1.1\n").decode()
    header = f"Message-ID: {TOKEN}\n".replace("@", "=40")
    text = in_parts(
        ("message/delivery-status\nContent-Transfer-Encoding: base64", status),
        ("text/rfc822-headers\nContent-Transfer-Encoding: quoted-printable", header),
    )
    assert found(text) == ((Report(recipient=BERT, action="failed", status="5.1.1"),), (TOKEN,))


def test_an_mdn_and_a_complaint_give_the_id_and_no_report() -> None:
    text = in_parts(
        ("message/disposition-notification", f"Original-Message-ID: {TOKEN}\nDisposition: manual; displayed")
    )
    assert found(text.replace("delivery-status", "disposition-notification")) == ((), (TOKEN,))
    text = in_parts(
        ("message/feedback-report", "Feedback-Type: abuse"), ("message/rfc822", f"Message-ID: {TOKEN}\n\nx")
    )
    assert found(text.replace("delivery-status", "feedback-report")) == ((), (TOKEN,))


COPY = f"Return-Path: <support@desk.example>\nReceived: from desk.example\nMessage-ID: {TOKEN}\nSubject: x\n\nText\n"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (  # after Exim
            (
                "A message that you sent could not be delivered. The following address(es) failed:\n\n"
                "  bert@x.example\n"
                "    host mx.x.example: 550 5.1.1 no such user\n\n"
                "------ This is a copy of the message, including all the headers. ------\n\n"
            ),
            "5.1.1",
        ),
        (  # after qmail
            (
                "Hi. This is the qmail-send program at mx.example.\n"
                "I'm afraid I wasn't able to deliver your message.\n\n"
                "<bert@x.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 552 quota exceeded\n\n"
                "--- Below this line is a copy of the message.\n\n"
            ),
            "5.0.0",
        ),
        (  # after Postfix
            (
                "I'm sorry to have to inform you that your message could not be delivered.\n\n"
                "<bert@x.example>: host mx.x.example said: 554 5.7.1 <bert@x.example>: Relay access denied\n\n"
            ),
            "5.7.1",
        ),
        (  # after sendmail
            (
                "   ----- The following addresses had permanent fatal errors -----\n<bert@x.example>\n"
                "    (reason: 550 5.2.1 disabled)\n\n"
                "   ----- Original message follows -----\n\n"
            ),
            "5.2.1",
        ),
        ("Unknown user: bert@x.example\n\nOriginal message follows.\n\n", None),
        ("Unable to deliver message to <bert@x.example> (and others). 5.1.2\n\n-------original message\n", "5.1.2"),
        (
            (
                "Ihre Nachricht an bert@x.example konnte nicht zugestellt werden: 5.1.1\n\n"
                "--- Ursprüngliche Nachricht ---\n"
            ),
            "5.1.1",
        ),
        (
            "次の宛先に配信できませんでした。\n<bert@x.example>\n 550 5.1.1 User unknown\n\n--- 元のメッセージ ---\n",
            "5.1.1",
        ),
    ],
)
def test_prose_names_recipient_status_and_returned_mail(text: str, status: str | None) -> None:
    got, returned = found("\n" + text + COPY)
    assert [(report.recipient, report.action, report.status) for report in got] == [(BERT, "failed", status)]
    assert returned == (TOKEN,)


def test_each_address_in_prose_has_its_own_reason() -> None:
    text = "\nCould not be delivered:\n\n<a@x.example>:\n550 5.1.1 unknown\n\n<b@x.example>:\n552 5.2.2 full\n"
    assert [(report.recipient, report.status, report.diagnostic) for report in found(text)[0]] == [
        ("a@x.example", "5.1.1", "550 5.1.1 unknown"),
        ("b@x.example", "5.2.2", "552 5.2.2 full"),
    ]


def test_a_delay_in_prose_is_no_failure_unless_it_says_that_it_gave_up() -> None:
    late = "\nYour message has been delayed and will be retried.\n\n<bert@x.example>: connection timed out\n"
    assert [(report.action, report.status, report.permanent) for report in found(late)[0]] == [
        ("delayed", "4.0.0", False)
    ]
    over = late + "This is a permanent error; I've given up.\n"
    assert [(report.action, report.status) for report in found(over)[0]] == [("failed", None)]


def test_failed_recipients_in_the_header_win_over_addresses_in_the_text() -> None:
    head = DAEMON + f"X-Failed-Recipients: {BERT}, carl@x.example\n"
    got, _ = found("\nPlease ask help@x.example. 550 5.1.1 bert@x.example is unknown\n", head)
    assert [(report.recipient, report.status) for report in got] == [(BERT, "5.1.1"), ("carl@x.example", "5.1.1")]


def test_report_fields_in_plain_text_are_read_too() -> None:
    text = (
        "\nTechnical report:\n\nReporting-MTA: dns; mx\nAction: failed\n"
        "Final-Recipient: rfc822; bert@x.example\nStatus: 5.1.1\n"
    )
    assert found(text) == ((Report(recipient=BERT, action="failed", status="5.1.1"),), ())


def test_parts_behind_a_broken_boundary_are_still_read() -> None:
    text = dsn(
        "Final-Recipient: rfc822; bert@x.example\nAction: failed\nStatus: 5.1.1",
        ("text/rfc822-headers", f"Message-ID: {TOKEN}"),
    )
    assert found(text.replace("boundary=b", "boundary=lost")) == (
        (Report(recipient=BERT, action="failed", status="5.1.1"),),
        (TOKEN,),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Your mail with message-id {TOKEN} failed.", (TOKEN,)),
        (f"Message ID: {TOKEN[1:-1]}", (TOKEN,)),
        ("Nachrichten-ID " + TOKEN.upper().strip("<>"), (TOKEN.upper(),)),
        (
            "The mail <20240506.112233.x@desk.example> to <bert@x.example> failed.",
            ("<20240506.112233.x@desk.example>",),
        ),
        ("To <bert@x.example>, <support@desk.example>.", ()),
    ],
)
def test_ids_anywhere_in_the_prose_are_found_and_addresses_are_none(text: str, expected: tuple[str, ...]) -> None:
    assert found("\nUndeliverable. " + text + "\n")[1] == expected


PERSON = "From: anna@home.example\nTo: support@desk.example\nReturn-Path: <anna@home.example>\n"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Question",
            "My mail to bert@x.example was not delivered: 550 5.1.1. Why?\n\n-----Original Message-----\n" + COPY,
        ),
        ("Fwd: Undelivered Mail Returned to Sender", "See below.\n\n" + COPY),
        ("Printer", COPY),
        ("Delivery", "When will my parcel <20240506112233@shop.example> come?"),
    ],
)
def test_a_persons_mail_reports_nothing_whatever_it_quotes(subject: str, text: str) -> None:
    assert found(text, PERSON + f"Subject: {subject}\n\n") == ((), ())


def test_many_recipients_and_ids_are_cut() -> None:
    many = "\n\n".join(f"Final-Recipient: rfc822; u{n}@x.example\nAction: failed\nStatus: 5.1.1" for n in range(500))
    got, _ = found(dsn(many))
    assert len(got) == 100
    _, ids = found("\n" + "\n".join(f"Message-ID: <{n}@desk.example>" for n in range(500)))
    assert len(ids) == 20


@pytest.mark.parametrize(
    "bit",
    [
        "\n",
        "<",
        "message-id ",
        "message-id:<a",
        "a@",
        "a.",
        "a@b.c ",
        "<a@b.cc>:\n",
        "Received: x\n",
        "-----Original Message-----\n",
        " ",
        "> ",
        "Final-Recipient: rfc822;a@b.cc\n",
        "550 ",
        "5.1.1 ",
        "t.",
        "\\",
        "é",
        "\u4e0d",
        "5",
        "F-",
        "*",
        "Status:\n \n",
    ],
)
def test_ten_times_the_mail_takes_about_ten_times_the_time(bit: str) -> None:
    def cost(size: int) -> float:
        letter = read((DAEMON + "\n" + bit * (size // len(bit))).encode())
        begun = process_time()
        reports.find(letter)
        return process_time() - begun

    cost(1_000)
    assert cost(250_000) < 40 * max(cost(25_000), 0.005)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Final-Recipient:",
                "Original-Recipient: rfc822;",
                "Status: 5.1.1",
                "Action: failed",
                "Diagnostic-Code:",
                "Message-ID: <a@b>",
                "\n",
                "\n\n",
                " ",
                "a@b.example",
                "<",
                ">",
                "@",
                ";",
                "=?utf-8?q?x?=",
                "--b\n",
                "Content-Type: message/delivery-status\n",
                "\u4e0d",
                "\ud800",
                "Content-Type: message/rfc822\n\n",
                "Content-Transfer-Encoding: base64\n",
                "550 x",
                "--- Original message ---\n",
                "Received: x\n",
            ]
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_it_never_raises(bits: list[str], parts: bool) -> None:
    head = DAEMON + ("Content-Type: multipart/report; boundary=b\n\n" if parts else "\n")
    letter = read((head + "".join(bits)).encode("utf-8", "surrogatepass"))
    got, ids = reports.find(letter)
    assert len(got) <= 100
    assert all(each.startswith("<") and each.endswith(">") for each in ids)


@pytest.mark.parametrize(
    ("fields", "prose", "status"),
    [
        ("Status: 5.2.1\nDiagnostic-Code: smtp; 550 5.7.1 no", "550 5.1.1 <bert@x.example> no", "5.2.1"),
        ("Diagnostic-Code: smtp; 550 5.7.1 no", "550 5.1.1 <bert@x.example> no", "5.7.1"),
        ("Diagnostic-Code: smtp; 550 no", "<bert@x.example>: 5.1.1 unknown\n<dora@x.example>: 5.2.2 full", "5.1.1"),
        ("Diagnostic-Code: smtp; 554 no", "Nothing that has a code.", "5.0.0"),
        ("Action: failed", "<bert@x.example>: 450 busy", "4.0.0"),
    ],
)
def test_the_code_is_that_of_status_then_of_the_diagnostic_then_of_the_prose(
    fields: str, prose: str, status: str
) -> None:
    group = f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; bert@x.example\n{fields}"
    if "Action" not in fields:
        group += "\nAction: failed"
    (report,), _ = found(in_parts(("text/plain", prose), ("message/delivery-status", group)))
    assert (report.recipient, report.action, report.status) == (BERT, "failed", status)
