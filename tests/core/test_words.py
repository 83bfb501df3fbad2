"""A text as index words: every script, whatever is joined, and nothing that takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketctl import words

TOKEN = re.compile(r"k[wpstf][0-9a-z]{1,74}")


def indexed(body: str) -> set[str]:
    """The words that the index has of a body."""
    return set(words.of_article("", "", body).split())


def finds(query: str, body: str) -> bool:
    """Would `search` find this body? What the index says, and the text where that is not enough."""
    asked = words.needle(query)
    assert asked is not None
    *whole, last = asked.words
    have = indexed(body)
    found = have.issuperset(whole) and (
        any(each.startswith(last) for each in have) if asked.begins else last in have
    )  # fmt: skip
    return found and bool(not asked.loose or re.search(asked.pattern, words.folded(body)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("Printer on FIRE!", "kwprinter kwon kwfire"),
        ("the a an of und www", "kwthe kwa kwan kwof kwund kwwww"),
        ("fire Fire fire", "kwfire"),
        ("zoo", "kwzzoo"),
        ("Größe GROSSE größe", "kwgrosse"),
        ("Crème brûlée, Ångström, Łódź, Øresund", "kwcreme kwbrulee kwangstrom kwlodzz kworesund"),
        ("e\u0301te\u0301", "kwete"),
        ("ﬁle ｗｉｄｅ ①", "kwfile kwwide kw1"),
        ("٤٢ ४२", "kw42"),
        ("ERR_42", "kwerr kw42 kperrzx42"),
        ("a@b.test", "kwa kwb kwtest kpazxb kpbzxtest"),
        ("don't don’t", "kwdon kwt kpdonzxt"),
        ("http://x.test/a?b=1", "kwhttp kwx kwtest kwa kwb kw1 kphttpzxx kpxzxtest kptestzxa kpbzx1"),
        ("2026112210000017", "kw2026112210000017"),
        ("one - two... three", "kwone kwtwo kwthree"),
        ("Σίσυφος ΣΊΣΥΦΟΣ", "kwz0u3z0tpz0u3z0u5z0u6z0tvz0u3"),
        ("ёлка ЕЛКА", "kwz11lz11rz11qz11g"),
        ("東京都", "kwzprh kwzjlc kwzy147t kwzprhzjlc kwzjlczy147t"),
        ("ガ ｶﾞ", "kwzc5c"),
        ("각 \u1100\u1161\u11a8", "kwzy1b01"),
        ("\U00020000", "kwzy4000"),
        ("🔥fire🔥", "kwzy3t95 kwfire"),
        ("\x00\x02a\x03\x7f\ud800\ufeff", "kwa"),
    ],
)
def test_a_text_becomes_words(text: str, wanted: str) -> None:
    assert words.of_article("", "", text) == wanted


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("strasse", "Hauptstr. 5, Alte Straße"),
        ("ετυμολογια", "Ετυμολογία"),
        ("МОСКВА", "из Москвы, Москва"),
        ("محمد", "مُحَمَّد"),
        ("שלום", "שָׁלוֹם עולם"),
        ("ภาษา", "ภาษา ไทย"),
        ("हिन्दी", "यह हिन्दी है"),
        ("東京", "行った東京都庁"),
        ("京都庁", "行った東京都庁"),
        ("庁", "行った東京都庁"),
        ("한국", "대한한국어"),
        ("カタカナ", "ｶﾀｶﾅ"),
        ("🔥", "it is on🔥!"),
        ("👍🏽", "👍🏽 done"),
        ("emma@shop.test", "mail from <Emma@Shop.test>, today"),
        ("shop.test", "mail from <Emma@Shop.test>, today"),
        ("web-17", "at web-17.example.org/x"),
        ("web_17", "at web-17.example.org/x"),
        ("example.or*", "at web-17.example.org/x"),
        ("print*", "the printers"),
        ("out of paper", "Out\n> of -- paper"),
        ("paper is out*", "the paper is outside"),
        ("C:\\Windows", r"in c:\windows\system32"),
        ("a" * 100, "a" * 100),
        ("ж" * 100, "ж" * 100),
    ],
)
def test_what_is_there_is_found(query: str, body: str) -> None:
    assert finds(query, body)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("print", "the printers"),
        ("京東", "東京"),
        ("東京都", "東京と京都"),
        ("b.a", "a.b"),
        ("web-18", "at web-17.example.org"),
        ("out of paper", "out paper of"),
        ("paper is out", "the paper is outside"),
        ("its", "it's"),
    ],
)
def test_what_is_not_there_is_not_found(query: str, body: str) -> None:
    assert not finds(query, body)


@pytest.mark.parametrize("text", ["", " ", "%", "*", "***", "-- !?", "\u0301", "\u200b", "«»"])
def test_where_no_letter_is_there_is_nothing_to_look_for(text: str) -> None:
    assert words.needle(text) is None
    assert words.needle(text, "title") is None


def test_a_ticket_has_its_number_and_every_beginning_of_a_word_of_its_title() -> None:
    assert words.of_ticket("No зуб", "42") == (
        "kwno kwz11nz123z11h kw42 ktn ktno ktz11n ktz11nz123 ktz11nz123z11h"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "title"),
    [("n", "No"), ("зу", "мой зуб"), ("ZO", "the zoo"), ("zoo th", "The Zoo"), ("京都", "東京都"), ("x" * 50, "x" * 60),
     ("a.b", "a big one")],
)  # fmt: skip
def test_a_field_is_searched_by_beginnings(query: str, title: str) -> None:
    asked = words.needle(query, "title")
    assert asked is not None
    assert set(asked.words) <= set(words.of_ticket(title, "1").split())
    assert not asked.begins
    assert not asked.loose


def test_subject_and_author_have_words_of_their_own() -> None:
    assert words.of_article("Al", "Re", "x") == "kwre kwal ksr ksre kfa kfal kwx"


@given(st.text(max_size=200))
def test_every_word_is_one_to_every_database(text: str) -> None:
    made = words.of_article(text, text, text).split(" ")
    assert [each for each in made if each and not TOKEN.fullmatch(each)] == []
    assert len(set(made)) == len(made)


@given(st.text(alphabet=st.characters(categories=["L", "N", "M", "P", "Zs"]), min_size=1, max_size=40))
def test_every_text_is_found_by_itself(text: str) -> None:
    asked = words.needle(text)
    if asked is not None and not asked.begins:
        assert set(asked.words) <= indexed(f"so {text} it")
        assert re.search(asked.pattern, words.folded(f"so {text} it"))


@given(st.text(max_size=60))
def test_spans_are_in_the_text_and_in_order(text: str) -> None:
    found = words.spans(text, ["(?<![0-9a-z])a", "z0", "1"])
    assert all(0 <= begin < end <= len(text) for begin, end in found)
    assert found == sorted(found)
    assert all(one[1] <= other[0] for one, other in zip(found, found[1:], strict=False))


def test_spans_are_those_of_the_text_as_it_stands() -> None:
    patterns = [asked.pattern for each in ("grosse", "ete", "東京") if (asked := words.needle(each))]
    text = "Größe e\u0301te\u0301, 東京都"
    assert [text[begin:end] for begin, end in words.spans(text, patterns)] == ["Größe", "e\u0301te\u0301", "東京"]


MANY = " ".join(f"w{n}x" for n in range(400_000))
HUGE = {
    "400,000 words": MANY, "one word": "a" * 10**6, "dots": "a." * 10**6, "accents": "\u0301" * 10**6,
    "Han": "漢" * 10**6, "all": "".join(map(chr, range(0x20, 0xD800))) * 20, "one into eighteen": "\ufdfa" * 10**6,
    "quotes": "'" * 10**6, "base64": "QUJD" * 10**6, "Cyrillic": "Щж" * 10**6,
}  # fmt: skip


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_huge_texts_are_cut_and_take_no_time(text: str) -> None:
    begun = time.process_time()
    made = words.of_article(text, text, text)
    assert time.process_time() - begun < 4
    assert len(made) <= words.BUDGET
    assert all(map(TOKEN.fullmatch, made.split()))


def test_the_first_words_of_a_huge_text_are_found_and_those_past_the_limit_are_not() -> None:
    made = indexed(MANY)
    assert "kww17x" in made
    assert "kww399999x" not in made


def test_time_grows_with_the_text() -> None:
    def taken(text: str) -> float:
        times = []
        for _ in range(5):
            begun = time.process_time()
            words.of_article("", "", text)
            times.append(time.process_time() - begun)
        return min(times)

    text = "Größe a.b c-17 東京 ёлка " * 500
    taken(text)
    assert taken(text * 8) < 24 * taken(text)
