"""The walk over a TOML text against tomllib: every key that tomllib finds has its place, and its span its value."""

from __future__ import annotations

import time
import tomllib
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketctl.policy.places import shown, split_key, walk

SAMPLE = (Path(__file__).parent / "sample.toml").read_text()
ODD = """\
# c
a . "b.c" = 1 # c
'lit' = "\\"#]"
multi = \"\"\"x "" \\\"\"\" # y
[no.header]
\"\"\"\"\"
raw = '''it's ''quoted''''' # c
when = 2026-01-01 07:00:00+01:00
list = [ # c
  1, [2, 3], { k = "}" , l.m = 2 },
  "]", # ]
]
empty = [ ]
[ t . "u v" ] # c
x = -inf
[[t.many]]
y = 1
[t.many.below]
z = 2
[[t.many]]
[[t.many.deep]]
w = {}
"""


def leaves(value: object, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], object]:
    if isinstance(value, dict) and value:
        return {at: leaf for key, item in value.items() for at, leaf in leaves(item, (*path, key)).items()}
    if isinstance(value, list) and value:
        return {at: leaf for n, item in enumerate(value) for at, leaf in leaves(item, (*path, n)).items()}
    return {path: value}


def placed(text: str) -> dict[tuple[str | int, ...], object]:
    entries = walk(text)
    inner = {entry.path[:n] for entry in entries for n in range(len(entry.path))}
    return {
        entry.path: tomllib.loads(f"x = {text[slice(*entry.value)]}")["x"] if entry.value else {}
        for entry in entries
        if entry.path not in inner
    }


@pytest.mark.parametrize("text", [SAMPLE, ODD, ODD.replace("\n", "\r\n"), "", "\n", "#", "a=1"])
def test_every_key_has_its_place(text: str) -> None:
    assert placed(text) == leaves(tomllib.loads(text)) or not text.strip("\n#")


SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.integers(-99, 99),
    st.booleans(),
    st.dates(min_value=date(1900, 1, 1)),
    st.datetimes(min_value=datetime(1900, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.just(clock(7, 30)),
)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
TABLES = st.recursive(
    st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
    lambda inner: st.dictionaries(NAMES, inner | SCALARS | st.lists(inner, min_size=1, max_size=2), max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(TABLES.filter(bool))
def test_every_key_of_any_document_has_its_place(tables: dict[str, object]) -> None:
    text = tomlkit.dumps(tables)
    if tomllib.loads(text) == tables:
        assert placed(text) == leaves(tables)


@settings(deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_that_is_shown_is_read_as_the_same_path(path: list[str]) -> None:
    written = shown(tuple(path))
    table: object = tomllib.loads(f"[{written}]")
    for part in path:
        table = table[part]  # type: ignore[index]  # a table
    assert split_key(written) == tuple(path)


def test_ten_times_the_text_takes_about_ten_times_the_time() -> None:
    def seconds(count: int) -> float:
        text = "".join(f'[a.t{n}]\nx = ["{n}", {{ y = {n} }}] # c\n' for n in range(count))
        begin = time.process_time()
        walk(text)
        return time.process_time() - begin

    seconds(100)
    assert min(seconds(5000) for _ in range(3)) < 40 * min(seconds(500) for _ in range(3))
