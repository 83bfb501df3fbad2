"""Bytes -> text by an allow-list of charsets, total: names by IANA's registry, supersets as WHATWG's Encoding says.

Python's codecs that are no charsets (`rot13`, `zlib`, `idna`, `unicode_escape`) or that smuggle (`utf-7`) are not on
the
list. A charset that is unknown, or wrong for its bytes, is guessed: byte order mark, ISO-2022 escapes, UTF-8, at last
windows-1252 with U+FFFD.
"""

from __future__ import annotations

# Keys are lower case letters and digits only (`_key`), values are Python codecs.
_ALIASES = {
    "utf-8": "utf8 utf unicode11utf8 unicode20utf8 xutf8 cp65001 utf8mb4 utf8n",
    "cp1252": "iso88591 iso885911987 latin1 latin l1 isolatin1 windows1252 cp1252 xcp1252 ibm819 cp819 isoir100 ansi"
    " iso88591windows1252 windows1252 win1252 88591",
    "cp1250": "windows1250 cp1250 xcp1250",
    "cp1251": "windows1251 cp1251 xcp1251 win1251",
    "cp1253": "windows1253 cp1253 xcp1253",
    "cp1254": "windows1254 cp1254 xcp1254 iso88599 latin5 l5 isoir148",
    "cp1255": "windows1255 cp1255 xcp1255",
    "cp1256": "windows1256 cp1256 xcp1256",
    "cp1257": "windows1257 cp1257 xcp1257",
    "cp1258": "windows1258 cp1258 xcp1258",
    "cp874": "windows874 cp874 dos874 tis620 iso885911 tis6202533",
    "iso8859_2": "iso88592 latin2 l2 isoir101 iso885921987",
    "iso8859_3": "iso88593 latin3 l3 isoir109",
    "iso8859_4": "iso88594 latin4 l4 isoir110",
    "iso8859_5": "iso88595 cyrillic isoir144",
    "iso8859_6": "iso88596 arabic iso88596i iso88596e ecma114 asmo708",
    "iso8859_7": "iso88597 greek greek8 ecma118 elot928 suneugreek",
    "iso8859_8": "iso88598 hebrew iso88598i iso88598e visual logical csiso88598i",
    "iso8859_10": "iso885910 latin6 l6 isoir157",
    "iso8859_13": "iso885913 latin7",
    "iso8859_14": "iso885914 latin8",
    "iso8859_15": "iso885915 latin9 latin0 l9",
    "iso8859_16": "iso885916 latin10",
    "koi8_r": "koi8r koi8 koi cskoi8r",
    "koi8_u": "koi8u koi8ru",
    "cp437": "cp437 ibm437 437 dosus",
    "cp850": "cp850 ibm850 850",
    "cp852": "cp852 ibm852 852",
    "cp855": "cp855 ibm855 855",
    "cp858": "cp858 ibm858",
    "cp866": "cp866 ibm866 866",
    "mac_roman": "macroman macintosh mac xmacroman",
    "mac_cyrillic": "maccyrillic xmaccyrillic xmacukrainian",
    "gb18030": "gb18030 gbk gb2312 xgbk cp936 ms936 windows936 euccn gb231280 chinese csgb2312 gb23121980 xeuccn",
    "hz": "hz hzgb hzgb2312",
    "big5hkscs": "big5 big5hkscs cnbig5 xxbig5 csbig5 big5tw big5eten cp950 ms950 windows950",
    "cp932": "shiftjis sjis xsjis mskanji cp932 ms932 windows31j windows932 csshiftjis shiftjis2004",
    "euc_jp": "eucjp xeucjp xeuc ujis cseucpkdfmtjapanese",
    "iso2022_jp_ext": "iso2022jp csiso2022jp iso2022jp1 iso2022jpms cp50220 cp50221 cp50222 jis iso2022jp2 iso2022jp3"
    " iso2022jp2004 iso2022jpext",
    "iso2022_kr": "iso2022kr csiso2022kr",
    "cp949": "euckr ksc56011987 ksc5601 ksc56011989 korean uhc cp949 ms949 windows949 ksx1001 cseuckr ks56011987",
    "johab": "johab",
    "utf_16": "utf16 ucs2 unicode iso10646ucs2",
    "utf_16_le": "utf16le",
    "utf_16_be": "utf16be",
    "utf_32": "utf32 ucs4",
    "utf_32_le": "utf32le",
    "utf_32_be": "utf32be",
    "ptcp154": "ptcp154 csptcp154 pt154 cp154 cyrillicasian",
    "kz1048": "kz1048 strk1048 rk1048",
}
_CODECS = {alias: codec for codec, names in _ALIASES.items() for alias in names.split()}
_ASCII = frozenset(
    ["usascii", "ascii", "ansix341968", "ansix341986", "isoir6", "us", "iso646us", "7bit", "8bit", "binary"]
)
_NOT_IN_KEYS = bytes(code for code in range(128) if not chr(code).isalnum())
_SINGLE = ("cp1", "iso8859", "koi8", "mac_", "cp4", "cp8", "ptcp", "kz")


def _key(name: str) -> str:
    return name[:80].lower().encode("ascii", "ignore").translate(None, _NOT_IN_KEYS).decode("ascii")


def codec(name: str | None) -> str | None:
    """The Python codec for a charset's name, `"ascii"` for US-ASCII, None where it is unknown or not allowed."""
    if not name:
        return None
    key = _key(name)
    return "ascii" if key in _ASCII else _CODECS.get(key)


def decode(data: bytes, charset: str | None) -> str:
    """The text of `data`; `charset` is what it claims. Never raises, gives neither NUL nor lone surrogate."""
    return _decode(data, charset).replace("\0", "\ufffd")


def _decode(data: bytes, charset: str | None) -> str:
    name = codec(charset)
    if data.isascii() and b"\x1b" not in data and b"~" not in data and (name is None or not name.startswith("utf_")):
        return data.decode("ascii")
    if name is None or name == "ascii":
        return guess(data)
    if name == "cp1252":
        return windows_1252(data)
    try:
        text = data.decode(name)
    except (UnicodeError, ValueError, LookupError):
        return _wrong(data, name)
    return text.removeprefix("\ufeff")


def _wrong(data: bytes, name: str) -> str:
    """Bytes that their charset forbids: a few bad ones are U+FFFD, many mean that the label is wrong."""
    if name.startswith(_SINGLE):
        return data.decode(name, "replace")
    if name != "utf-8":
        try:
            return data.decode("utf-8")
        except UnicodeError:
            pass
    text = data.decode(name, "replace").removeprefix("\ufeff")
    bad = text.count("\ufffd")
    good = sum(1 for char in text[:65536] if char > "\x7f") - bad
    return text if bad <= 1 + good // 4 or name.startswith("utf_") else guess(data)


def guess(data: bytes) -> str:
    """Text of an unknown charset."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf_16", "replace")
    if b"\x1b$" in data and (b"\x1b$B" in data or b"\x1b$@" in data):
        try:
            return data.decode("iso2022_jp_ext")
        except UnicodeError:
            pass
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeError:
        pass
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text[:65536] if char > "\x7f") - bad
    return text if good > 4 * bad else windows_1252(data)


def windows_1252(data: bytes) -> str:
    """windows-1252, with U+FFFD for the five bytes that it leaves undefined."""
    return data.decode("cp1252", "replace")
