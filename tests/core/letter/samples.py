"""Made-up mails that between them have every form that our readers know."""

from __future__ import annotations

import base64
import binascii

from core.letter.outlook import MESSAGE, attribute, compressed, file, properties, winmail

HEAD = """\
Return-Path: <emma@example.net>
Received: from mail.example.net by mx.example.org with ESMTP id 4Q1; Mon, 23 Nov 2026 09:00:00 +0100
From: =?utf-8?q?Emma_St=C3=B6ne?= <emma@example.net>
To: "Help, Desk" <help@example.org>, Tom <tom@example.org>
Cc: team: a@example.net, b@example.net;
Subject: =?iso-8859-1?Q?Re:_[Ticket#2026112210000017]_Gr=FC=DFe?=
 =?utf-8?b?4oKs?= from the printer
Message-ID: <1.2@example.net>
In-Reply-To: <t.abcdefghijklmnopqrstuvwxyz.1@example.org>
References: <0@example.net> <t.abcdefghijklmnopqrstuvwxyz.1@example.org>
Date: Mon, 23 Nov 2026 09:00:00 +0100 (CET)
MIME-Version: 1.0
"""
INVITATION = """\
BEGIN:VCALENDAR
METHOD:REQUEST
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Our own
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.net
SUMMARY:Printer\\, second
  look
DTSTART;TZID="Our own":20260701T100000
DTEND;TZID="Our own":20260701T113000
LOCATION:Room 4\\nfirst floor
ORGANIZER;CN="Stone, Emma":mailto:emma@example.net
ATTENDEE;CN=Tom;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:MAILTO:tom@example.net
ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:help@example.org
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10
BEGIN:VALARM
SUMMARY:not this
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def _coded(data: bytes) -> str:
    return base64.encodebytes(data).decode()


def _mixed(*parts: str, kind: str = "mixed", boundary: str = "b") -> str:
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\npreamble\n{body}--{boundary}--\nepilogue\n'


FLOWED = """\
Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe, this line goes on =20
 in the next.

On Mon, 1 Jan 2024 at 10:00, Anna <anna@example.org> wrote:
> Which =20
> printer?
>
> Anna
> -- =20
> Help
"""
HTML = """\
Content-Type: text/html; charset=windows-1252

<html><head><style>p {}</style></head><body><p>It <b>burns</b> &#8364; <a href="https://example.net/x?y=1">here</a>
<table><tr><td>a<td>b</table><img src="cid:logo@example.net"><blockquote>old</blockquote><ul><li>one<li>two</ul>
"""
PICTURE = f"""\
Content-Type: image/png; name*0*=utf-8''%E2%82%AC; name*1=uro.png
Content-ID: <logo@example.net>
Content-Disposition: inline
Content-Transfer-Encoding: base64

{_coded(b"PNG" * 40)}
"""
WINMAIL = f"""\
Content-Type: application/ms-tnef
Content-Transfer-Encoding: base64

{_coded(winmail(attribute(MESSAGE, properties((0x1009, 0x102, compressed(b"{rtf1 x}")))), file("a.pdf", b"%PDF" * 9)))}
"""
UUENCODED = f"""\
Content-Type: text/plain

See below.
begin 644 data.bin
{binascii.b2a_uu(b"data " * 8).decode()}`
end
"""
DIGEST = _mixed("\nSubject: one\n\nfirst\n", "\nFrom: a@example.net\n\nsecond\n", kind="digest", boundary="d")
SIGNED = _mixed(
    "Content-Type: text/plain\n\nsigned\n",
    "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n",
    kind='signed; protocol="application/pgp-signature"',
)
REPORT = _mixed(
    "Content-Type: text/plain\n\n<tom@example.org>: host mx said: 550 5.1.1 no such user\n",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
    "Final-Recipient: rfc822; tom@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n",
    "Content-Type: message/rfc822\n\nFrom: help@example.org\nMessage-ID: <t.abc@example.org>\n\nhello\n",
    kind="report; report-type=delivery-status",
)

SAMPLES = {
    "a thread": HEAD + FLOWED,
    "everything": HEAD + _mixed(
        _mixed(FLOWED, _mixed(HTML, PICTURE, kind="related", boundary="r"),
               f"Content-Type: text/calendar; method=REQUEST\n\n{INVITATION}", kind="alternative", boundary="a"),
        WINMAIL,
        UUENCODED,
        DIGEST,
    ),
    "signed": HEAD + SIGNED,
    "a bounce": HEAD + REPORT,
    "html": HEAD + HTML,
    "outlook": HEAD + WINMAIL,
}  # fmt: skip
MAILS = {name: text.encode() for name, text in SAMPLES.items()}
