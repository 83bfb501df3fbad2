"""`queue:Support age:3d.. not owner:me` -> Query: a small reader of our own, with columns in its errors.

`or` binds weakest, then `and` (blanks mean it too), then `not`. Depth and length are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Literal, NamedTuple, NoReturn, TypeVar

from ticketctl.errors import Usage
from ticketctl.query.field import FIELDS, Field, Moment, Wrong, near
from ticketctl.query.reference import ticket
from ticketctl.query.value import And, Not, Or, Query, Term, Value

DEEPEST = 50
MOST_TERMS = 200  # of one query; SQLite's own limit on expressions is 1000 deep

# Patterns, here and beside, are compiled by `re` when first used: most runs read no query.
_NAME = r"([A-Za-z][A-Za-z_-]*):"
_RAW = r"[^\s()]+"
_ITEM = r"[^\s(),]*"
T = TypeVar("T")

_QUOTES = "\"'"
_HOOK = r"(?a:\[.*[0-9]{8,}\]|\w+#[0-9]{8,}|#[0-9]+)"


class _Token(NamedTuple):
    kind: Literal["(", ")", "and", "or", "not", "term", "end"]
    column: int
    term: Term | None = None


def parse(text: str, *, now: datetime, zone: tzinfo) -> Query:
    """The tree of a query; Usage (2) that names the column and shows the place. An empty text is `And(())`."""
    line = _Line(text)
    return _Grammar(line, _tokens(line, Moment(now=now, zone=zone))).query()


def joined(words: Sequence[str], *, phrases: bool = False) -> str:
    """The words of a command line as one text: what the shell unquoted (`queue:"A B"`) is quoted again; with `phrases`
    `"A B"`, too.

    A word with blanks that is a query of several terms by itself (`'queue:A or tag:b'`) stays as it is.
    """
    return " ".join(_phrase(word) if phrases else _requoted(word) for word in words)


def _phrase(word: str) -> str:
    several = re.search(r"[()\"]|(^|\s)((and|or|not)(\s|$)|[a-z]+:\S)", word.lower())
    return _requoted(word) if several or not re.search(r"\S\s+\S", word) else f'"{word}"'


def _requoted(word: str) -> str:
    head = re.match(_NAME, word)
    if head is None or head[1].lower() not in FIELDS:
        return word
    value = word[head.end() :].strip()
    several = re.search(r"[()]|(^|\s)(and|or|not|[a-z]+:\S+)(\s|$)", value.lower())
    if not re.search(r"\s", value) or value[0] in _QUOTES or several:
        return word
    quote = "'" if '"' in value else '"'
    items = value.split(",") if quote == '"' else [value]
    return head[0] + ",".join(f"{quote}{item.strip()}{quote}" for item in items)


class _Line:
    """The text, and how to refuse a place in it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def refuse(self, at: int, message: str) -> NoReturn:
        shown = "".join(char if char.isprintable() else " " for char in self.text)
        raise Usage(f"column {at + 1}: {message}\n  {shown}\n  {' ' * at}^")


def _tokens(line: _Line, moment: Moment) -> list[_Token]:
    text, at, tokens = line.text, 0, list[_Token]()
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
            continue
        if char in "()":
            tokens.append(_Token(kind="(" if char == "(" else ")", column=at))
            at += 1
            continue
        token, at = _word(line, at, moment)
        tokens.append(token)
        if len(tokens) > 2 * MOST_TERMS:
            line.refuse(at - 1, f"too long: a query has at most {MOST_TERMS} terms")
    tokens.append(_Token(kind="end", column=len(text)))
    return tokens


def _word(line: _Line, start: int, moment: Moment) -> tuple[_Token, int]:
    """A bare word, a quoted one, an operator or a `field:value` that begins at `start`, and where it ends."""
    if line.text[start] in _QUOTES:
        word, end = _quoted(line, start)
        return _term(start, "word", (word,)), end
    found = re.match(_RAW, line.text[start:])
    assert found is not None  # neither a blank nor a bracket stands here
    word, end = found[0], start + found.end()
    match word.lower():
        case "and" | "or" | "not" as operator:
            return _Token(kind=operator, column=start), end
    if re.fullmatch(_HOOK, word):
        named = _checked(line, start, ticket, word)
        if named.number is None:
            return _term(start, "id", (named.id or 0,)), end
        return _term(start, "number", (named.number,)), end
    name = re.match(_NAME, word)
    if name is None:
        return _term(start, "word", (word,)), end
    field = FIELDS.get(name[1].lower())
    if field is None:
        hint = near(name[1], FIELDS) or f"; a word with a colon is quoted: '{word}'"
        line.refuse(start, f"no such field: {name[1]!r}{hint}")
    return _values(line, start, start + name.end(), field, moment)


def _values(line: _Line, start: int, at: int, field: Field, moment: Moment) -> tuple[_Token, int]:
    """The values of `field`, with commas between, from `at`."""
    values: list[Value] = []
    while True:
        item_at = at
        if line.text[at : at + 1] and line.text[at] in _QUOTES:
            item, at = _quoted(line, at)
        else:
            found = re.match(_ITEM, line.text[at:])
            assert found is not None  # it matches nothing, too
            item, at = found[0], at + found.end()
        if not item.strip():
            line.refuse(item_at, f"{field.name}: wants {field.takes}")
        values += _checked(line, item_at, field.values, item, moment)
        if line.text[at : at + 1] != ",":
            break
        at += 1
    if at < len(line.text) and not line.text[at].isspace() and line.text[at] != ")":
        line.refuse(at, "a value ends with a blank; quote it whole, as 'a(b)'")
    return _term(start, field.becomes or field.name, tuple(dict.fromkeys(values))), at


def _checked(line: _Line, at: int, read: Callable[..., T], *given: object) -> T:
    try:
        return read(*given)
    except (Wrong, Usage) as wrong:
        line.refuse(at, str(wrong))
    except (OverflowError, ValueError):
        line.refuse(at, "beyond the calendar")


def _quoted(line: _Line, start: int) -> tuple[str, int]:
    end = line.text.find(line.text[start], start + 1)
    if end < 0:
        line.refuse(start, "this quote is not closed")
    return line.text[start + 1 : end], end + 1


def _term(start: int, field: str, values: tuple[Value, ...]) -> _Token:
    return _Token(kind="term", column=start, term=Term(field=field, values=values, column=start + 1))


class _Grammar:
    """The three levels of binding, as functions that call each other."""

    def __init__(self, line: _Line, tokens: list[_Token]) -> None:
        self.line, self.rest, self.depth = line, iter(tokens[1:]), 0
        self.token = tokens[0]

    def step(self) -> _Token:
        """The token that is next, with the one behind it made the next one."""
        token, self.token = self.token, next(self.rest, self.token)
        return token

    def at(self, *kinds: str) -> bool:
        return self.token.kind in kinds

    def query(self) -> Query:
        if self.at("end"):
            return And(())
        found = self.any_of()
        if not self.at("end"):
            self.line.refuse(self.token.column, "this bracket was never opened")
        return found

    def any_of(self) -> Query:
        parts = [self.all_of()]
        while self.at("or"):
            self.step()
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def all_of(self) -> Query:
        parts = [self.one()]
        while not self.at("or", ")", "end"):
            if self.at("and"):
                self.step()
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self) -> Query:
        token = self.step()
        self.depth += 1
        if self.depth > DEEPEST:
            self.line.refuse(token.column, f"too deep: at most {DEEPEST} brackets and nots in each other")
        try:
            if token.kind == "not":
                return Not(self.one())
            if token.kind == "(":
                found = self.any_of()
                if not self.at(")"):
                    self.line.refuse(token.column, "this bracket is not closed")
                self.step()
                return found
        finally:
            self.depth -= 1
        if token.term is None:
            what = "the end" if token.kind == "end" else f"{token.kind!r}"
            self.line.refuse(token.column, f"a term is missing before {what}")
        return token.term
