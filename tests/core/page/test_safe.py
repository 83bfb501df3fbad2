"""No text from outside can steer a terminal, hide, or be lost."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketctl.page import escape, json_, jsonl, tsv

VISIBLE = {*"\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"}  # format characters that have a shape
JOINERS = {"\u200c", "\u200d"}
ANY = st.text(st.characters(exclude_categories=()))  # lone surrogates, too


def hostile(char: str) -> bool:
    """Control characters, format characters (bidi among them), separators of lines, surrogates."""
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") and char not in VISIBLE | JOINERS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Printer on fire", "Printer on fire"),
        ("Drucker brennt – für Müller", "Drucker brennt – für Müller"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("a\x9b2Jb\x7f\x85", r"a\x9b2Jb\x7f\x85"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("in\u202evoice.exe\u2066", r"in\u202evoice.exe\u2066"),
        ("pay\u200bpal\ufeff\u00ad", r"pay\u200bpal\ufeff\xad"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("half\ud800", r"half\ud800"),
        ("pay\u200dpal", r"pay\u200dpal"),
        ("\U0001f469\u200d\U0001f4bb \u2764\ufe0f", "\U0001f469\u200d\U0001f4bb \u2764\ufe0f"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_what_steers_or_hides_is_shown_as_its_code(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_a_body_keeps_its_lines_and_tabs() -> None:
    assert escape("a\r\nb\tc\rd\x1b\n", lines=True) == "a\nb\tc\\rd\\x1b\n"


def test_every_hostile_character_of_unicode_is_escaped() -> None:
    everything = [chr(code) for code in range(0x110000)]
    assert [char for char in everything if hostile(char) and escape(char) == char] == []


@given(ANY)
def test_an_escaped_text_holds_nothing_hostile(text: str) -> None:
    assert not any(hostile(char) for char in escape(text))
    assert not any(hostile(char) for char in escape(text, lines=True) if char not in "\n\t")
    assert escape(escape(text)) == escape(text)


def unescaped(field: str) -> str:
    """What a reader of our TSV does."""
    short = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
    pattern = r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([tnr\\]))"
    return re.sub(pattern, lambda m: short[m[4]] if m[4] else chr(int(m[1] or m[2] or m[3], 16)), field)


@given(st.lists(st.fixed_dictionaries({"a": ANY, "b": ANY}), max_size=3))
def test_tsv_comes_back_as_it_was(rows: list[dict[str, str]]) -> None:
    text = tsv(rows, ("a", "b"))
    assert not any(hostile(char) for char in text if char not in "\n\t")
    lines = text.split("\n")
    assert lines.pop() == ""
    assert [dict(zip("ab", map(unescaped, line.split("\t")), strict=True)) for line in lines] == rows


@given(st.dictionaries(ANY, ANY | st.none() | st.booleans() | st.integers() | st.lists(ANY)))
def test_json_is_harmless_and_comes_back_as_it_was(value: dict[str, object]) -> None:
    for text in (json_(value).replace("\n", ""), jsonl([value]).removesuffix("\n")):
        assert not any(hostile(char) for char in text)
        assert json.dumps(json.loads(text)) == json.dumps(value)
