"""Edits in place: what was asked changes, every other byte stays."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketctl import policy as p
from ticketctl.errors import BadData, NotThere
from ticketctl.policy.editing import quoted
from ticketctl.policy.places import shown, split_key, walk

SAMPLE = (Path(__file__).parent / "sample.toml").read_text()


def changed(text: str, key: str, value: str) -> tuple[list[str], list[str]]:
    """The lines that an edit took away and added."""
    lines = p.diff(text, p.set_(text, key, value)).split("\n")[2:]
    return [line[1:] for line in lines if line[:1] == "-"], [line[1:] for line in lines if line[:1] == "+"]


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("desk.name", "My Desk", ['name = "Water Works"'], ['name = "My Desk"']),
        ("desk.name", '"My Desk"', ['name = "Water Works"'], ['name = "My Desk"']),
        ("desk.name", 'My "D"', ['name = "Water Works"'], ["name = 'My \"D\"'"]),
        ("desk.domain", "x.example", ['domain = "water.example"            # right-hand side'],
         ['domain = "x.example"            # right-hand side']),
        ("desk.system-id", "10", ['system-id = "42"'], ['system-id = "10"']),
        ("desk.auto-limits.total-hour", "5", ["total-hour = 201"], ["total-hour = 5"]),
        ("agents.berta.away", "false", ["away = true"], ["away = false"]),
        ("agents.carl.away", "true", [], ["away = true"]),
        ("agents.berta.queues.Leaks", '["ro"]', [], ['Leaks = ["ro"]']),
        ("queues.Leaks.addresses", '["a@b.c"]', ['addresses = ["leaks@water.example", "Burst@water.example"]'],
         ['addresses = ["a@b.c"]']),
        ('queues."Leaks::Nord-Süd".from-name', "N", [], ['from-name = "N"']),
        ("queues.Leaks::Nord-Süd.from-name", "N", [], ['from-name = "N"']),
        ("queues.In Tray.from-name", "N", [], ['from-name = "N"']),
        ("queues.New.from-name", "N", [], ["", "[queues.New]", 'from-name = "N"']),
        ('queues."A{b}".from-name', "{0}", [], ["", '[queues."A{b}"]', 'from-name = "{0}"']),
        ("roles.plumber.queues.*", '["rw"]', ['"*" = ["ro"]'], ['"*" = ["rw"]']),
        ("roles.new.queues.*", '["rw"]', [], ["", "[roles.new.queues]", '"*" = ["rw"]']),
        ("calendars.depot.hours.sun", "08:00-09:00",
         ['hours = { mon-wed = "07:30-12:00, 12:30-16:00", sat = "00:00-24:00" }'],
         ['hours = { mon-wed = "07:30-12:00, 12:30-16:00", sat = "00:00-24:00", sun = "08:00-09:00" }']),
        ("templates.dear.body", "{{ x }}", ['body = "Dear {{ customer.name }},"'], ['body = "{{ x }}"']),
        ("templates.dear.body", "a\nb", ['body = "Dear {{ customer.name }},"'], ["body = '''", "a", "b'''"]),
        ("rules[1].stop", "true", [], ["stop = true"]),
        ("rules[1].set.drop", "false", ["set = { drop = true }"], ["set = { drop = false }"]),
    ],
)  # fmt: skip
def test_set_changes_one_line_alone(key: str, value: str, old: list[str], new: list[str]) -> None:
    assert changed(SAMPLE, key, value) == (old, new)


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ("[desk]", "desk.name", "D", '[desk]\nname = "D"\n'),
        ("", "desk.name", "D", '[desk]\nname = "D"\n'),
        ("[desk] # c\r\n", "desk.name", "D", '[desk] # c\r\nname = "D"\r\n'),
        ("[desk]\nauto-limits.total-hour = 3 # c\n[x]\n", "desk.auto-limits.per-ticket-day", "2",
         "[desk]\nauto-limits.total-hour = 3 # c\nauto-limits.per-ticket-day = 2\n[x]\n"),
        ("desk = {}\n", "desk.name", "D", 'desk = { name = "D" }\n'),
        ('agents = { x = { name = "X" } }\n', "agents.y.name", "Y", 'agents = { x = { name = "X" }, y.name = "Y" }\n'),
        ("[roles.r.queues]\n", "roles.r.queues.A", "[]", "[roles.r.queues]\nA = []\n"),
    ],
)  # fmt: skip
def test_set_finds_the_place_however_the_tables_are_written(text: str, key: str, value: str, expected: str) -> None:
    assert p.set_(text, key, value) == expected


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("desk.nam", "x", "desk.nam: unknown key; did you mean name?"),
        ("queues.New.adresses", "[]", "queues.New.adresses: unknown key; did you mean addresses?"),
        ("dek.name", "x", "dek.name: there is no section dek; did you mean desk?"),
        ("desk", "x", "desk: is a table; set its keys, or use `ticketctl policy edit`"),
        ("queues.Leaks", "{}", "queues.Leaks: is a table; set its keys, or use `ticketctl policy edit`"),
        ("agents.berta.admin", "yes", 'agents.berta.admin: expected true | false as TOML writes it, not "yes"'),
        ("queues.Leaks.templates", "a", 'queues.Leaks.templates: expected ["..."] as TOML writes it, not "a"'),
        ("queues.Leaks.notify-before", "1\nx = 2",
         'queues.Leaks.notify-before: expected number 1-99 as TOML writes it, not "1\\nx = 2"'),
        ("rules[7].name", "x", "rules[7].name: cannot be set by itself here; use `ticketctl policy edit`"),
        ("a..b", "x", '"a..b" is no key; write it like desk.name, with quotes around a piece that holds a dot'),
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_refused_in_words(key: str, value: str, message: str) -> None:
    with pytest.raises(BadData) as caught:
        p.set_(SAMPLE, key, value)
    assert caught.value.message == message


KEYS = [shown(entry.path) for entry in walk(SAMPLE) if entry.value and entry.form == "pair"]


@settings(deadline=None)
@given(
    st.sampled_from(KEYS), st.text(max_size=30) | st.sampled_from(["true", "3", "[]", "{}", '"x"', "'x'", "''''x'''"])
)
def test_set_touches_nothing_but_the_value(key: str, value: str) -> None:
    try:
        result = p.set_(SAMPLE, key, value)
    except BadData:
        return
    entry = next(entry for entry in walk(SAMPLE) if shown(entry.path) == key and entry.value)
    assert entry.value is not None
    begin, end = entry.value
    assert (result[:begin], result[len(result) - len(SAMPLE) + end :]) == (SAMPLE[:begin], SAMPLE[end:])
    tomllib.loads(result)


@settings(deadline=None)
@given(st.sampled_from(KEYS), st.text(alphabet="ab\"'\\\n\t {}#[]=,\u202e\x7f\x01é", max_size=30))
def test_a_text_that_is_set_is_got_again(key: str, value: str) -> None:
    text = SAMPLE if key != "templates.dear.body" else SAMPLE.replace("# Every", "# All")
    assert tomllib.loads(f"x = {quoted(value)}")["x"] == value
    assert p.get(p.set_(text, "desk.name", quoted(value)), "desk.name") == value


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        ("desk.name", "Water Works"),
        ("desk.system-id", "42"),
        ("desk.auto-limits.total-hour", "201"),
        ("agents.berta.admin", "true"),
        ("agents.carl.admin", "false"),  # the default
        ("queues.In Tray.closed-follow-up", "reopen"),  # the default
        ("queues.Leaks.addresses", '["leaks@water.example", "Burst@water.example"]'),
        ('queues."Leaks::Nord-Süd".addresses', "[]"),
        ("queues.Leaks::Nord-Süd.notify-before", "80"),
        ("queues.In Tray", 'addresses = ["in@water.example"]'),
        ("templates.yours.body", "-- \n{{ agent.name }}\n"),
        ("rules[1].name", "lists"),
        ("calendars.depot.hours.sat", "00:00-24:00"),
    ],
)
def test_get_prints_what_holds(key: str, printed: str) -> None:
    assert p.get(SAMPLE, key) == printed


@pytest.mark.parametrize("key", ["desk", "queues", "queues.Leaks", "agents", "rules", "rules[0]", "templates.got it"])
def test_a_table_is_printed_as_toml(key: str) -> None:
    value: object = tomllib.loads(SAMPLE)
    for part in split_key(key):
        value = value[int(part)] if isinstance(value, list) else value[part]  # type: ignore[index]  # a table of the sample
    assert tomllib.loads(p.get(SAMPLE, key)) == ({"rules": value} if key == "rules" else value)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("queues.Leeks.calendar", "queues.Leeks.calendar: there is no queue Leeks; did you mean Leaks?"),
        ("queues.In Tray.calendar", 'queues."In Tray".calendar: is not set'),
        ("desk.hok", "desk.hok: unknown key; did you mean hook?"),
        ("agents.anna", "agents.anna: there is no agent anna; there is berta, carl"),
        ("rules[9]", "rules[9]: there is no rule 9; there are 2, counted from 0"),
    ],
)
def test_get_of_what_is_not_there_says_so(key: str, message: str) -> None:
    with pytest.raises(NotThere) as caught:
        p.get(SAMPLE, key)
    assert caught.value.message == message


def test_a_body_file_becomes_body_and_every_other_byte_stays() -> None:
    text = SAMPLE.replace('body = "Dear {{ customer.name }},"', "body-file = 'dear.txt'   # by hand") + (
        '\n[templates.a]\nkind = "note" # n\n[templates.a.body-file] # t\nen = "a.en" # e\n'
        '[templates."b c"]\nkind = "note"\n"body-file" = { en = "b.en" } # b\n'
        'templates.d.kind = "x"'.replace("templates.d", "[templates.d]\nkind = 'note'\nbody-file.fr = 'd.fr' #", 1)
    )
    files = {"dear.txt": "It's\r\n'''\n", "a.en": "A", "b.en": "B\nB\n", "d.fr": "D"}
    expected = text
    for old, new in [
        ("body-file = 'dear.txt'   # by hand", 'body = """\nIt\'s\n\'\'\'\n"""   # by hand'),
        ('[templates.a.body-file] # t\nen = "a.en" # e', '[templates.a.body] # t\nen = "A" # e'),
        ('"body-file" = { en = "b.en" } # b', "body = { en = '''\nB\nB\n''' } # b"),
        ("body-file.fr = 'd.fr' #", 'body.fr = "D" #'),
    ]:
        assert old in expected
        expected = expected.replace(old, new)
    result = p.embed(text, files.__getitem__)
    assert result == expected
    assert p.read(result) == p.read(text, bodies=files.__getitem__)


def test_a_body_file_that_cannot_be_read_is_bad_data_with_its_line() -> None:
    def absent(name: str) -> str:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(BadData) as caught:
        p.embed('\n[templates.a]\nbody-file = "x"', absent, source="f.toml")
    assert caught.value.message == 'f.toml:3: templates.a.body-file: cannot read "x": Permission denied'


def test_a_document_without_body_files_is_not_touched() -> None:
    assert p.embed(SAMPLE, {}.__getitem__) == SAMPLE


def test_a_diff_names_the_revisions_and_splits_lines_at_line_feeds_alone() -> None:
    assert p.diff("a\nb\x0c\u2028c\n", "a\nd", before=3, after=4) == (
        "--- revision 3\n+++ revision 4\n@@ -1,2 +1,2 @@\n a\n-b\x0c\u2028c\n+d\n\\ No newline at end of file\n"
    )
    assert p.diff("a\n", "a\n") == ""
