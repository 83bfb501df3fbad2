"""Queries of contract 4a: text in, tree out."""

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketctl.errors import Usage
from ticketctl.query import FIELDS, And, Not, Or, Query, Span, Term, TicketRef, joined, mentions, parse
from ticketctl.ticket import Kind, Priority, State, StateType

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)  # a Sunday, 11:00 in Paris
PARIS = ZoneInfo("Europe/Paris")
TICK = timedelta(microseconds=1)


def read(text: str) -> Query:
    return parse(text, now=NOW, zone=PARIS)


def term(field: str, *values: object) -> Term:
    return Term(field=field, values=values)  # type: ignore[arg-type]


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("queue:Support", term("queue", "Support")),
        ("queue:Sales::Europe", term("queue", "Sales::Europe")),
        ("queue:'A B'", term("queue", "A B")),
        ('queue:"A B",C', term("queue", "A B", "C")),
        ("QUEUE:Support", term("queue", "Support")),
        ("state:new,open", term("state", State.NEW, State.OPEN)),
        ("state:pending-reminder", term("state", State.PENDING_REMINDER)),
        ("state:pending-auto-close-", term("state", State.PENDING_AUTO_CLOSE_UNSUCCESSFUL)),
        ("state:'pending auto close+'", term("state", State.PENDING_AUTO_CLOSE)),
        ("state:closed", term("state", State.CLOSED_SUCCESSFUL, State.CLOSED_UNSUCCESSFUL)),
        ("type:closed", term("type", StateType.CLOSED)),
        ("owner:me", term("owner", "me")),
        ("owner:none,anna", term("owner", "none", "anna")),
        ("customer:Anna@Example.org", term("customer", "anna@example.org")),
        ("customer:@example.org", term("customer", "@example.org")),
        ("customer:of:17", term("customer", TicketRef(id=17))),
        ("from:bert", term("from", "bert")),
        ("subject:'printer on fire'", term("subject", "printer on fire")),
        ("tag:vip", term("tag", "vip")),
        ("priority:high", term("priority", Priority.HIGH)),
        ("priority:high..", term("priority", Priority.HIGH, Priority.VERY_HIGH)),
        ("priority:..low", term("priority", Priority.VERY_LOW, Priority.LOW)),
        ("lock:unlocked", term("lock", "unlocked")),
        ("kind:bounce", term("kind", Kind.BOUNCE)),
        ("waiting:us", term("waiting", "us")),
        ("id:17,18", term("id", 17, 18)),
        ("id:#17", term("id", 17)),
        ("number:2026112210000017", term("number", "2026112210000017")),
        ("printer", term("word", "printer")),
        ("17", term("word", "17")),
        ("it's", term("word", "it's")),
        ("'not'", term("word", "not")),
        ("'foo:bar'", term("word", "foo:bar")),
        ("#17", term("id", 17)),
        ("[Ticket#2026112210000017]", term("number", "2026112210000017")),
    ],
)
def test_a_term_becomes_a_field_and_its_values(text: str, expected: Query) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "field", "since", "until"),
    [
        ("age:3d..", "created", None, NOW - timedelta(days=3) + TICK),
        ("age:..2h", "created", NOW - timedelta(hours=2), None),
        ("age:1d..3d", "created", NOW - timedelta(days=3), NOW - timedelta(days=1) + TICK),
        ("age:3d", "created", NOW - timedelta(days=4) + TICK, NOW - timedelta(days=3) + TICK),
        ("created:2026-11-01..", "created", at(2026, 10, 31, 23), None),
        ("created:..2026-11-01", "created", None, at(2026, 11, 1, 23)),
        ("created:2026-11-01", "created", at(2026, 10, 31, 23), at(2026, 11, 1, 23)),
        ("created:2026-11", "created", at(2026, 10, 31, 23), at(2026, 11, 30, 23)),
        ("created:2026", "created", at(2025, 12, 31, 23), at(2026, 12, 31, 23)),
        ("created:yesterday..today", "created", at(2026, 11, 20, 23), at(2026, 11, 22, 23)),
        ("created:sunday", "created", at(2026, 11, 21, 23), at(2026, 11, 22, 23)),
        ("changed:monday..", "changed", at(2026, 11, 15, 23), None),
        ("changed:3d..", "changed", NOW - timedelta(days=3), None),
        ("due:..now", "due", None, NOW + TICK),
        ("due:..3d", "due", None, NOW + timedelta(days=3) + TICK),
        ("due:monday", "due", at(2026, 11, 22, 23), at(2026, 11, 23, 23)),
        ("due:..", "due", None, None),
        ("created:2026-11-01T09:00..", "created", at(2026, 11, 1, 8), None),
        ("created:2026-11-01T09:00Z..", "created", at(2026, 11, 1, 9), None),
    ],
)
def test_times_become_spans_in_utc_with_both_ends_in_them(
    text: str, field: str, since: datetime | None, until: datetime | None
) -> None:
    assert read(text) == term(field, Span(since=since, until=until))


def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is() -> None:
    assert read("created:2026-10-25") == term("created", Span(since=at(2026, 10, 24, 22), until=at(2026, 10, 25, 23)))


A, B, C, D = (term("word", name) for name in "abcd")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", And(())),
        ("  \n ", And(())),
        ("a b", And((A, B))),
        ("a and b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a b or c d", Or((And((A, B)), And((C, D))))),
        ("a (b or c) d", And((A, Or((B, C)), D))),
        ("a(b)", And((A, B))),
        ("not a b", And((Not(A), B))),
        ("not (a b)", Not(And((A, B)))),
        ("not not a", Not(Not(A))),
        ("a or b or c", Or((A, B, C))),
    ],
)
def test_or_binds_weakest_then_and_then_not(text: str, expected: Query) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a queu:Junk", "column 3: no such field: 'queu'; did you mean 'queue'?\n  a queu:Junk\n    ^"),
        ("state:opne", "column 7: no such state: 'opne'; did you mean 'open'?\n  state:opne\n        ^"),
        ("state:new,opne", "column 11: no such state: 'opne'; did you mean 'open'?\n  state:new,opne\n            ^"),
        ("queue:", "column 7: queue: wants QUEUE\n  queue:\n        ^"),
        ("tag:a,,b", "column 7: tag: wants TAG\n  tag:a,,b\n        ^"),
        ("(a", "column 1: this bracket is not closed\n  (a\n  ^"),
        ("a )", "column 3: this bracket was never opened\n  a )\n    ^"),
        ("a or", "column 5: a term is missing before the end\n  a or\n      ^"),
        ("a or or b", "column 6: a term is missing before 'or'\n  a or or b\n       ^"),
        ("()", "column 2: a term is missing before ')'\n  ()\n   ^"),
        ("a 'b", "column 3: this quote is not closed\n  a 'b\n    ^"),
        ("http://x", "column 1: no such field: 'http'; a word with a colon is quoted: 'http://x'\n  http://x\n  ^"),
        ("age:3x", "column 5: not an age: '3x': write 30m, 4h, 3d or 2w\n  age:3x\n      ^"),
        ("age:3d..1d", "column 5: '3d..1d' ends before it begins\n  age:3d..1d\n      ^"),
        ("created:3d", "column 9: '3d' is a moment, not a day: write 3d.. or ..3d\n  created:3d\n          ^"),
        ("due:2026-13", ("column 5: not a date: '2026-13': write 2026-11-01, 2026-11, yesterday, monday, 3d or now\n"
                        "  due:2026-13\n      ^")),
        ("created:999999w..", "column 9: beyond the calendar\n  created:999999w..\n          ^"),
        ("id:x", "column 4: not a ticket: 'id:x': write its number, or its id as 17 or id:17\n  id:x\n     ^"),
    ],
)  # fmt: skip
def test_an_error_names_the_column_and_shows_the_place(text: str, message: str) -> None:
    with pytest.raises(Usage) as refused:
        read(text)
    assert refused.value.message == message


def test_an_error_repeats_no_control_character() -> None:
    with pytest.raises(Usage) as refused:
        read("stat:\x1b[31m\u202e")
    assert "\x1b" not in refused.value.message
    assert "\u202e" not in refused.value.message


def test_depth_and_length_are_bounded() -> None:
    with pytest.raises(Usage, match="too deep"):
        read("(" * 10_000)
    with pytest.raises(Usage, match="too deep"):
        read("not " * 150 + "a")
    with pytest.raises(Usage, match="too long"):
        read("a " * 10_000)


def test_mentions_tells_which_defaults_are_lifted() -> None:
    assert mentions(read("a or not (queue:Junk state:new)")) == {"word", "queue", "state"}
    assert mentions(read("")) == set()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["queue:Support", "printer"], "queue:Support printer"),
        (["queue:First Level", "a"], 'queue:"First Level" a'),
        (["queue:First Level,Raw"], 'queue:"First Level","Raw"'),
        (["queue:Support or tag:vip"], "queue:Support or tag:vip"),
        (["queue:'First Level'"], "queue:'First Level'"),
        (['subject:a "b" c'], "subject:'a \"b\" c'"),
        (["printer fire"], "printer fire"),
    ],
)
def test_what_the_shell_unquoted_is_quoted_again(words: list[str], text: str) -> None:
    assert joined(words) == text
    read(text)


@given(st.text() | st.text(alphabet="()'\",:.#-not and or queue:state:age:created:id:of:3d2026\u0663 \t\n"))
def test_no_text_makes_it_raise_anything_but_usage(text: str) -> None:
    with contextlib.suppress(Usage):
        mentions(read(text))


@given(st.sampled_from(sorted(FIELDS)), st.text(alphabet="0123456789dhwm.-:,tzTZ+us \u0663"))
def test_no_value_makes_a_field_raise_anything_but_usage(field: str, value: str) -> None:
    for text in (f"{field}:{value}", f"{field}:'{value}'"):
        with contextlib.suppress(Usage):
            read(text)
