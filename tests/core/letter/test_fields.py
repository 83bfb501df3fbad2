"""Fields of a header as tables: encoded words, addresses, parameters, dates, ids."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ticketctl.letter import addresses, charsets, dates, headers, ids, parameters
from ticketctl.ticket import NOBODY, Address


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?=\t =?iso-8859-1?Q?=E9?=", "aé"),
        ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
        ("=?utf-8?q?=E2=82?= =?utf-8?q?=AC?=", "€"),  # a character split over two words
        ("=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"),
        ("=?utf-8?b?4o?= =?utf-8?b?Ks?=", "€"),  # a quantum split over two words
        ("=?utf-8?b?4oKs", "=?utf-8?b?4oKs"),
        ("=?utf-8?q?two words?=", "two words"),
        ("=?utf-8?q?a_b?=", "a b"),
        ("=?utf-8*en?q?lang?=", "lang"),
        ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト"),
        ("=?x-nobody-knows?q?caf=E9?=", "café"),
        ("=?utf-8?q?x=0D=0ABcc:_y?=", "x  Bcc: y"),
        ("=?utf-8?q?x=00y=1B[0m?=", "x\ufffdy[0m"),
        ("=?a?q?open =?utf-8?q?closed?=", "=?a?q?open closed"),
        ("(=?utf-8?q?a?=)", "(a)"),
        ("=?utf-8?q??=", ""),
        ("=?=?=?=", "=?=?=?="),
        ("a\tb\x7f", "a b"),
    ],
)
def test_encoded_words_are_decoded_and_controls_are_gone(written: str, read: str) -> None:
    assert headers.decode(written) == read


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"M\xc3\xbcller", "Müller"),
        (b"M\xfcller", "Müller"),
        (b"\xed\xa0\x80 \xff", "í\xa0€ ÿ"),
    ],
)
def test_eight_bit_headers_are_utf_8_or_windows_1252(raw: bytes, text: str) -> None:
    assert headers.eight_bit(raw) == text


@pytest.mark.parametrize(
    ("block", "names", "body", "strays"),
    [
        (b"A: 1\r\nB: 2\r\n\tmore\r\n", [("A", "1"), ("B", "2\tmore")], None, 0),
        (b"A : 1\nb:2\n", [("A", "1"), ("b", "2")], None, 0),
        (b"A: 1\nno field\ntext\n", [("A", "1")], 5, 0),
        (b"A: 1\nno field\nSubject: 2\n", [("A", "1"), ("Subject", "2")], None, 1),
        (b" lost\nA: 1\n", [("A", "1")], None, 0),
        (b"just text\n", [], 0, 0),
    ],
)
def test_a_header_block_gives_its_fields(
    block: bytes, names: list[tuple[str, str]], body: int | None, strays: int
) -> None:
    assert headers.fields(block, 10) == (names, body, strays)


def listed(text: str) -> list[tuple[str | None, str | None]]:
    return [(box.address.address, box.address.name) for box in addresses.read(text)[0]]


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("a@example.org", [("a@example.org", None)]),
        ("<a@example.org>", [("a@example.org", None)]),
        ("Ann Lee <a@example.org>", [("a@example.org", "Ann Lee")]),
        ('"Lee, Ann" <a@example.org>', [("a@example.org", "Lee, Ann")]),
        (r'"Ann \"A\" Lee" <a@example.org>', [("a@example.org", 'Ann "A" Lee')]),
        ("a@example.org (Ann Lee)", [("a@example.org", "Ann Lee")]),
        ("a@example.org (Ann (A) Lee)", [("a@example.org", "Ann (A) Lee")]),
        ("Ann Lee a@example.org", [("a@example.org", "Ann Lee")]),
        ("=?utf-8?q?Ann_L=C3=A9?= <a@example.org>", [("a@example.org", "Ann Lé")]),
        ("=?utf-8?q?L=C3=A9,_Ann?= <a@example.org>", [("a@example.org", "Lé, Ann")]),
        ("=?utf-8?q?Lé,_Ann?= <a@example.org>", [("a@example.org", "Lé, Ann")]),
        ('"=?utf-8?q?Ann?=" <a@example.org>', [("a@example.org", "Ann")]),
        ("\"'Ann'\" <a@example.org>", [("a@example.org", "Ann")]),
        ("a@example.org, b@example.org", [("a@example.org", None), ("b@example.org", None)]),
        ("a@example.org; b@example.org", [("a@example.org", None), ("b@example.org", None)]),
        ("a@example.org b@example.org", [("a@example.org", None), ("b@example.org", None)]),
        ("Team: a@example.org, B <b@example.org>;", [("a@example.org", None), ("b@example.org", "B")]),
        ("undisclosed-recipients:;", []),
        ("unlisted-recipients:; (no To-header on input)", []),
        ("<@relay.example,@two.example:a@example.org>", [("a@example.org", None)]),
        ("john . doe @ example . org", [("john.doe@example.org", None)]),
        ("a(x)@(y)example.org", [("a@example.org", "x y")]),
        ('"john"@example.org', [("john@example.org", None)]),
        ('"john doe"@example.org', [('"john doe"@example.org', None)]),
        ("a@[192.0.2.1]", [("a@[192.0.2.1]", None)]),
        ("a@bücher.example", [("a@xn--bcher-kva.example", None)]),
        ("jörg@example.org", [("jörg@example.org", None)]),
        ("\u202egro.evil@example.org", [(None, "\u202egro.evil@example.org")]),
        ("mailto:a@example.org", [("a@example.org", None)]),
        ("<mailto:a@example.org>", [("a@example.org", None)]),
        ("<<a@example.org>>", [("a@example.org", None)]),
        ("<a@example.org> <b@example.org>", [("a@example.org", None), ("b@example.org", None)]),
        ("Ann <a@example.org, Bob <b@example.org>", [("a@example.org", "Ann"), ("b@example.org", "Bob")]),
        ('"Ann <a@example.org>', [("a@example.org", "Ann")]),
        ("Ann (x <a@example.org>", [("a@example.org", "Ann x")]),
        ("a@example.org.", [("a@example.org", None)]),
        ("'a@example.org'", [("a@example.org", None)]),
        ("a@b@example.org", [(None, "a@b@example.org")]),
        ("root", [(None, "root")]),
        ("MAILER-DAEMON <>", [(None, "MAILER-DAEMON")]),
        ("a@", [(None, "a@")]),
        ("@example.org", [(None, "@example.org")]),
        ("a\0b@example.org", [(None, "ab@example.org")]),
        ("\u202ea@example.org", [(None, "\u202ea@example.org")]),
        ('"a\u200b b"@example.org', [(None, "a\u200b b@example.org")]),
        ("a@exa mple..org", [("a@exa", "mple..org")]),
        ('"', []),
        ("<", []),
        ("(", []),
        ("", []),
        (":,;", []),
    ],
)
def test_an_address_list_is_read_as_people_wrote_it(field: str, found: list[tuple[str | None, str | None]]) -> None:
    assert listed(field) == found


@pytest.mark.parametrize(
    ("fields", "author"),
    [
        (["Ann <a@example.org>"], Address(address="a@example.org", name="Ann")),
        (["a@example.org <a@example.org>"], Address(address="a@example.org", name="a@example.org")),
        (["a@example.org", "A@Example.org"], Address(address="a@example.org")),
        (["a@good.example <b@evil.example>"], NOBODY),
        (["<a@good.example> <b@evil.example>"], NOBODY),
        (["a@example.org, b@example.org"], NOBODY),
        (["a@example.org", "b@example.org"], NOBODY),
        (["a@example.org, nobody"], NOBODY),
        (["=?utf-8?q?a=40example.org?="], NOBODY),
        (["nobody"], NOBODY),
        ([""], NOBODY),
        ([], NOBODY),
    ],
)
def test_the_author_is_the_one_address_of_from_or_unknown(fields: list[str], author: Address) -> None:
    assert addresses.author(fields) == author


def test_the_quick_way_and_the_long_way_read_an_address_alike() -> None:
    for field in ('"Ann Lee" <a.b+c@example.org>', " a@example.org ", "Ann<a@example.org>", "Ann  Lee\t<a@b>"):
        assert listed(field) == listed(f"{field},")


def test_addresses_beyond_the_cap_are_left_out() -> None:
    boxes, more = addresses.read(",".join(f"u{n}@example.org" for n in range(2000)))
    assert (len(boxes), more) == (addresses.LIMIT, True)


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("text/plain", "text/plain", {}),
        ("Text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ('text/plain; charset="utf-8" ; name=x', "text/plain", {"charset": "utf-8", "name": "x"}),
        ('text/plain; charset="utf-8" name="x"', "text/plain", {"charset": "utf-8", "name": "x"}),
        ("text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ("text/plain; charset=us-ascii (Plain text)", "text/plain", {"charset": "us-ascii"}),
        ("attachment; filename=My File (1).pdf", "attachment", {"filename": "My File (1).pdf"}),
        ('attachment; filename="a;b.txt"', "attachment", {"filename": "a;b.txt"}),
        ('attachment; filename="a.txt', "attachment", {"filename": "a.txt"}),
        (r'attachment; filename="C:\dir\a\"b.txt"', "attachment", {"filename": 'C:\\dir\\a"b.txt'}),
        ("attachment; filename*=utf-8''caf%C3%A9.txt", "attachment", {"filename": "café.txt"}),
        ("attachment; filename*=\"iso-8859-1'en'caf%E9.txt\"", "attachment", {"filename": "café.txt"}),
        ("attachment; filename*=caf%C3%A9", "attachment", {"filename": "café"}),
        ("attachment; filename=x; filename*=utf-8''y", "attachment", {"filename": "y"}),
        ("attachment; filename*1=b; filename*0=a", "attachment", {"filename": "ab"}),
        ("attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC; filename*2=x", "attachment", {"filename": "€x"}),
        ("attachment; filename*0=a; filename*2000000000=b", "attachment", {"filename": "a"}),
        ('attachment; filename*0="a"; filename*0="b"; filename*1="c"', "attachment", {"filename": "ac"}),
        ("attachment; filename*1=a; filename*2=b", "attachment", {"filename": "ab"}),
        ("attachment; filename==?utf-8?q?caf=C3=A9?=", "attachment", {"filename": "café"}),
        ('attachment; filename="=?utf-8?b?4oKs?="', "attachment", {"filename": "€"}),
        ("a/b; filename*1*", "a/b", {}),
        ("a/b; x*=NUL\0''y", "a/b", {"x": "y"}),
        ("multipart/mixed; boundary==?a?q?b?=", "multipart/mixed", {"boundary": "=?a?q?b?="}),
        ("a/b; x=1; x=2", "a/b", {"x": "1"}),
        (";;;", "", {}),
        ("", "", {}),
    ],
)
def test_a_field_gives_its_value_and_parameters(field: str, value: str, found: dict[str, str]) -> None:
    assert parameters.read(field) == (value, found)


NEW_YEAR = datetime(2024, 1, 1, 0, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "moment"),
    [
        ("Mon, 1 Jan 2024 00:00:00 +0000", NEW_YEAR),
        ("Mon, 1 Jan 2024 01:00:00 +0100 (CET)", NEW_YEAR),
        ("1 Jan 2024 00:00 GMT", NEW_YEAR),
        ("Sun, 31 Dec 2023 19:00:00 EST", NEW_YEAR),
        ("Mon, 01 January 2024 00:00:00 -0000", NEW_YEAR),
        ("Mon, 1 Jan 24 00:00:00 Z", NEW_YEAR),
        ("Mon, 1-Jan-2024 00:00:00 UT", NEW_YEAR),
        ("Mon Jan  1 00:00:00 2024", NEW_YEAR),
        ("Mon Jan  1 00:00:00 EST 2024", datetime(2024, 1, 1, 5, tzinfo=UTC)),
        ("Mon, 1 Jan 2024 12:00:00 AM +0000", datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("2024-01-01T00:00:00Z", NEW_YEAR),
        ("2024-01-01 02:00:00.123 +02:00", NEW_YEAR),
        ("1 Jan 2024 00.00.00 +0000", NEW_YEAR),
        ("1 Jan 2024 00:00+0000", NEW_YEAR),
        ("Mon, 1 Jan 2024 00:00:60 +0000", datetime(2024, 1, 1, 0, 0, 59, tzinfo=UTC)),
        ("Mon, 1 Jan 2024 00:00:00 +9999", NEW_YEAR),
        ("1 Jan 2024", NEW_YEAR),
        ("1 Jan 99999999999 00:00:00 +0000", None),
        ("1 Jan 0001 00:00:00 +0100", None),
        ("31 Dec 9999 23:59:59 -0100", None),
        ("1 Jan 0001 00:00:00 +0000", None),  # in New York it would be before all years
        ("31 Dec 9999 23:59:59 +0000", None),
        ("31 Dec 9998 23:59:59 +0000", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("32 Jan 2024 00:00:00 +0000", None),
        ("1 Jan 2024 25:00:00 +0000", None),
        ("yesterday", None),
        ("1 " * 5000, None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_a_moment_in_utc_or_unknown(field: str | None, moment: datetime | None) -> None:
    assert dates.read(field) == moment


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("<a@b> <c@d>", ("<a@b>", "<c@d>")),
        ("<a@b>,<c@d>", ("<a@b>", "<c@d>")),
        ("<a@\r\n b>", ("<a@b>",)),
        ("your mail of Monday <a@b>", ("<a@b>",)),
        ("<a@b> <cut@of", ("<a@b>", "<cut@of>")),
        ("a@b c@d", ("<a@b>", "<c@d>")),
        ("Your message of Monday", ()),
        ("mail from a@b", ()),
        ("<>", ()),
        ("<<<<", ()),
        ("", ()),
    ],
)
def test_every_id_of_a_field_is_found_in_order(field: str, found: tuple[str, ...]) -> None:
    assert ids.read(field) == found


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("<a@b>", "<a@b>"),
        ("a@b", "<a@b>"),
        ("no at all", "<noatall>"),
        ("<a@b> (comment)", "<a@b>"),
        ("<", None),
        ("", None),
        (None, None),
        (f"<{'a' * 2000}@b>", f"<{'a' * 996}>"),
    ],
)
def test_a_message_id_has_its_angle_brackets_and_an_end(field: str | None, found: str | None) -> None:
    assert ids.first(field) == found


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("from a by b (Postfix) with ESMTP id 4XyZ12 for <c@d>; Mon, 1 Jan 2024", "4XyZ12"),
        ("from a by b with esmtps (Exim 4.96) id 1rKabc-0001Xy-2Z", "1rKabc-0001Xy-2Z"),
        ("by b (Postfix, from userid 1000) id ABC; Mon", "ABC"),
        ("(qmail 123 invoked by uid 0)", None),
        (None, None),
    ],
)
def test_the_queue_id_is_what_the_server_calls_id(field: str | None, found: str | None) -> None:
    assert ids.queue(field) == found


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"caf\xc3\xa9", "utf-8", "café"),
        (b"caf\xe9", "ISO-8859-1", "café"),
        (b"\x80", "latin1", "€"),
        (b"caf\xe9", "us-ascii", "café"),
        (b"caf\xc3\xa9", None, "café"),
        (b"caf\xe9", "utf-8", "caf\ufffd"),
        (b"caf\xe9 na\xefve \xe0 la \xf4", "utf-8", "café naïve à la ô"),
        (b"\x81", None, "\ufffd"),
        (b"\xc4\xe3\xba\xc3", "gb2312", "你好"),
        (b"\x83e\x83X\x83g", "Shift_JIS", "テスト"),
        (b"\x1b$B%F%9%H\x1b(B", "iso-2022-jp", "テスト"),
        (b"\x1b$B%F%9%H\x1b(B", None, "テスト"),
        (b"\xbe\xc8\xb3\xe7", "ks_c_5601-1987", "안녕"),
        (b"\xf0\xd2\xc9", "KOI8-R", "При"),
        (b"\xff\xfea\0", "utf-16", "a"),
        (b"\xef\xbb\xbfa", "utf-8", "a"),
        (b"+2AA-", "utf-7", "+2AA-"),
        (b"\\x1b", "unicode_escape", "\\x1b"),
        (b"uryyb", "rot13", "uryyb"),
        (b"a-9", "punycode", "a-9"),
        (b"a", "a\0b", "a"),
        (b"a", "", "a"),
        (b"a\0b", "us-ascii", "a\ufffdb"),
        (b"\x00\xd8\x00\xd8", "utf-16-le", "\ufffd\ufffd"),
    ],
)
def test_bytes_become_text_by_a_list_of_charsets(data: bytes, charset: str | None, text: str) -> None:
    assert charsets.decode(data, charset) == text


def test_every_codec_on_the_list_exists() -> None:
    for codec in {*charsets._CODECS.values()}:
        assert "".encode(codec) is not None
