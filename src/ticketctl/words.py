"""A text as the words that a full text index holds: one way on every database, whatever its own parser would do.

Folded about as UTS 10 compares at its first level: upper and lower case, accents and widths are the same (`Größe`,
`GROSSE`). Chinese, Japanese and Korean are cut into single characters and pairs (as Lucene's CJKBigramFilter does).
What is joined (`a@b.test`, `web-17.example.org`, `ERR_42`) is indexed by its parts and by pairs of neighbours.

A word of the index is ASCII, begins with what it is (KINDS below), and has 3 to 76 letters and figures, so that every
database's parser takes it as one: no list of stop words has it, no least length drops it. What is not a figure or a
letter from a to y is written with a z in front; thus the beginning of a word stays the beginning of what is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

Field = Literal["any", "title", "subject", "from"]

LONGEST = 200_000  # characters of a text that are looked at; a tsvector has at most 1 MB
HEAD = 1_000  # of a subject, an author, a title
BUDGET = 500_000  # characters of index words for one text
BEGINNING = 20  # letters of a word that a field is searched by
_LONGEST_WORD = 76  # MariaDB drops what is longer than 84; a word that is longer than this is cut to
_CUT = 64
_PART = 34  # of each of a pair

# KINDS: a word, a pair of joined parts, and the beginnings of words in a title, a subject, an author
_WORD, _PAIR = "kw", "kp"
_BEGINS: dict[str, str] = {"title": "kt", "subject": "ks", "from": "kf"}

_PIECE = r"[0-9a-z]+"
_JOINED = r"(?<![0-9a-z])[0-9a-z]++(?:[@._/:+&=\\'-]{1,3}[0-9a-z]++)+"
_NEIGHBOURS = r"(?<![0-9a-z])([0-9a-z]++)(?=[@._/:+&=\\'-]{1,3}([0-9a-z]++))"
_RUN = "(?:\x02[0-9a-z]+\x03){2,}"  # characters of a script without blanks, each in brackets
_LETTER = r"z[0-9a-v]{3}|zy[0-9a-v]{4}|z?."
_GAP = "[^0-9a-z]{1,40}"  # between the words of a phrase
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_ACCENTLESS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŧ": "t"}
_UNSPACED = (  # from, to: scripts that are read character by character
    (0x3041, 0x3096), (0x30A1, 0x30FC), (0x3105, 0x312F), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0x20000, 0x323AF),
)  # fmt: skip


class Needle(NamedTuple):
    """What to look for.

    `words`: those of the index that a text must have, all of them; with `begins` the last is the beginning of one.
    `pattern`: a regular expression for `folded` text. `loose`: the words are not enough, the text must match, too.
    """

    words: tuple[str, ...]
    begins: bool
    pattern: str
    loose: bool


def of_ticket(title: str, number: str) -> str:
    """The index words of a ticket, blanks between."""
    title = folded(title[:HEAD])
    return _joined([_words(title), [_WORD + number], _beginnings("title", title)])


def of_article(author: str, subject: str, body: str) -> str:
    """The index words of an article, blanks between; `author` is name and address."""
    author, subject = folded(author[:HEAD]), folded(subject[:HEAD])
    parts = [_words(subject), _words(author), _beginnings("subject", subject), _beginnings("from", author)]
    return _joined([*parts, _words(folded(body[:LONGEST]))])


def needle(text: str, field: Field = "any") -> Needle | None:
    """What an agent asks for, None where no letter or figure is in it.

    In `any` the text is a phrase, its last word a beginning where `*` follows; in a field every word is a beginning,
    and all of them are wanted in any order.
    """
    image = folded(text[:HEAD].rstrip("*"))
    pieces = re.findall(_PIECE, image)
    if not pieces:
        return None
    if field != "any":
        words = [_cut(_BEGINS[field] + each) for each in _asked_beginnings(image)]
        pattern = "|".join(f"(?<![0-9a-z]){each}" for each in dict.fromkeys(pieces))
        return Needle(words=tuple(dict.fromkeys(words)), begins=False, pattern=pattern, loose=False)
    begins = text[:HEAD].endswith("*")
    words, exact = _asked_words(image)
    end = "" if begins else "(?![0-9a-z])"
    pattern = f"(?<![0-9a-z]){_GAP.join(pieces)}{end}"
    last = words.pop()
    return Needle(words=(*dict.fromkeys(each for each in words if each != last), last), begins=begins,
                  pattern=pattern, loose=not exact)  # fmt: skip


def folded(text: str) -> str:
    """The text with every word in the letters that the index has, and what is between them.

    Linear in the text's length; `\\n` stays, so that lines can be counted.
    """
    if text.isascii():
        return text.lower().replace("z", "zz")
    import unicodedata

    return unicodedata.normalize("NFKC", text)[: 2 * len(text) + HEAD].translate(_fold)  # one of them becomes 18


def spans(text: str, patterns: Iterable[str]) -> list[tuple[int, int]]:
    """Where the patterns of needles match a short text: from, to (not in it), in order, none overlaps another."""
    import unicodedata

    image, at = "", list[int]()
    for index, char in enumerate(text):
        part = folded(char)
        image += part
        at += [index] * len(part)
    at.append(len(text))
    found: list[tuple[int, int]] = []
    for match in re.finditer("|".join(f"(?:{each})" for each in patterns), image):
        begin, end = at[match.start()], at[match.end() - 1] + 1
        while end < len(text) and unicodedata.combining(text[end]):  # an accent of its own belongs to its letter
            end += 1
        if not found or begin >= found[-1][1]:
            found.append((begin, end))
    return found


class _Fold(dict[int, str]):
    """What each character becomes, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        made = self[code] = _image(chr(code))
        return made


_fold = _Fold({code: chr(code) for code in range(0x80)} | {code: chr(code + 32) for code in range(65, 90)})
_fold |= {ord("z"): "zz", ord("Z"): "zz", 2: " ", 3: " ", 0x2019: "'"}


def _image(char: str) -> str:
    """A character in the index's letters: a blank for what is between words, nothing for what is to be ignored."""
    import unicodedata

    code = ord(char)
    if any(first <= code <= last for first, last in _UNSPACED):
        return f"\x02{_written(code)}\x03"
    shown = ""
    for each in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold()):
        shown += _part(_ACCENTLESS.get(each, each))
    return shown


def _part(char: str) -> str:
    import unicodedata

    if char.isascii():
        return _fold[ord(char)] if len(char) == 1 else char
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in ("Mn", "Mc", "Me"):
        # accents and points go; vowel signs and viramas are letters; so says no standard, but search does by it
        accent = unicodedata.combining(char) not in (0, 9) or category == "Me" or "\ufe00" <= char <= "\ufe0f"
        return "" if accent or char >= "\U000e0100" else _written(ord(char))
    if category[0] in "LN":
        return _written(ord(char))
    if category == "So":
        return f" {_written(ord(char))} "
    return "" if category in ("Cf", "Sk", "Lm") and char != "\u200b" else " "


def _written(code: int) -> str:
    """A character as `z` and its number in base 32: 3 figures, or `y` and 4."""
    figures = "".join(_DIGITS[code >> shift & 31] for shift in (15, 10, 5, 0))
    return f"z{figures[1:]}" if code < 0x8000 else f"zy{figures}"


def _words(image: str) -> Iterator[str]:
    """The words of a folded text: each, then those of runs and of what is joined; doubles, too."""
    yield from map(_WORD.__add__, dict.fromkeys(re.findall(_PIECE, image)))
    for pair in _pairs(image):
        yield _WORD + pair
    yield from _neighbours(image)


def _neighbours(image: str) -> Iterator[str]:
    for one, other in dict.fromkeys(re.findall(_NEIGHBOURS, image)):
        yield f"{_PAIR}{one[:_PART]}zx{other[:_PART]}"


def _pairs(image: str) -> Iterator[str]:
    if "\x02" in image:
        for run in re.findall(_RUN, image):
            chars = re.findall(_PIECE, run)
            yield from map(str.__add__, chars, chars[1:])


def _beginnings(field: str, image: str) -> Iterator[str]:
    """Every beginning of every word, and the pairs of runs."""
    kind = _BEGINS[field]
    for word in dict.fromkeys(re.findall(_PIECE, image)):
        if "z" not in word:
            yield from (kind + word[:end] for end in range(1, min(len(word), BEGINNING) + 1))
            continue
        begin = kind
        for letter in re.findall(_LETTER, word)[:BEGINNING]:
            begin += letter
            yield begin
    for pair in _pairs(image):
        yield kind + pair


def _joined(parts: Iterable[Iterable[str]]) -> str:
    """Each word once, none too long, as many as the budget takes."""
    kept: dict[str, None] = {}
    for part in parts:
        kept |= dict.fromkeys(map(_cut, part))
    text = " ".join(kept)
    return text if len(text) <= BUDGET else text[:BUDGET].rpartition(" ")[0]


def _asked_words(image: str) -> tuple[list[str], bool]:
    """The words that a text with this phrase must have, in order, and whether they are as good as the phrase."""
    words: list[str] = []
    parts = re.findall(f"{_JOINED}|{_RUN}|{_PIECE}", image)
    for part in parts:
        if part[0] == "\x02":
            words += [_WORD + pair for pair in _pairs(part)]
        else:
            words += [*_neighbours(part)] or [_cut(_WORD + part)]
    return words, len(parts) == 1 and (len(words) == 1 or parts[0][0] != "\x02")


def _asked_beginnings(image: str) -> list[str]:
    alone = re.findall(_PIECE, re.sub(_RUN, " ", image))
    return [*("".join(re.findall(_LETTER, word)[:BEGINNING]) for word in alone), *_pairs(image)]


def _cut(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[:_CUT]
