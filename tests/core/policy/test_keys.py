"""The table of keys against the values that it makes: no default and no field is written down twice differently."""

from __future__ import annotations

import tomllib

import pytest
from msgspec import NODEFAULT
from msgspec.structs import fields

from ticketctl import policy as p
from ticketctl.policy.keys import Key, Section

VALUES = {
    "desk": p.Desk,
    "desk.auto-limits": p.AutoLimits,
    "queues": p.Queue,
    "agents": p.Agent,
    "roles": p.Role,
    "calendars": p.Calendar,
    "templates": p.Template,
    "rules": p.Rule,
}
KEYS = [(section, key) for section in p.sections() for key in section.keys]


def test_there_is_a_section_for_each_value() -> None:
    assert {section.name for section in p.sections()} == VALUES.keys()


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[f"{section.name}.{key.name}" for section, key in KEYS])
def test_a_keys_default_is_the_values_own(section: Section, key: Key) -> None:
    assert key.doc
    assert key.kind.word
    known = {field.name: field for field in fields(VALUES[section.name])}
    if key.attribute not in known:
        assert key.name in (*p.AUTO_ANSWERS, "body-file")
    elif key.default is not None:
        default = tomllib.loads(f"x = {key.default}")["x"]
        assert known[key.attribute].default == (tuple(default) if isinstance(default, list) else default)
    elif key.required:
        assert known[key.attribute].default in (NODEFAULT,) or section.name in ("calendars", "rules")


@pytest.mark.parametrize("section", p.sections(), ids=lambda section: section.name)
def test_every_field_of_a_value_has_its_key(section: Section) -> None:
    filled = {key.attribute for key in section.keys} | ({"name"} if section.many else set())
    assert {field.name for field in fields(VALUES[section.name])} - filled - {"auto"} == set()
