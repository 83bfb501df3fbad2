"""The manual says what the code does, word for word where a word can be checked, and nothing else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from meta import manual
from meta.manual import MAN, PAGES, Item
from ticketctl import config, errors, postmaster
from ticketctl.intake.reasons import ROWS
from ticketctl.policy import read, sections
from ticketctl.query import FIELDS
from ticketctl.render.templates import NAMES, NOT_IN_AUTO, check

PROGRAMS = ("ticketctl.1", "ticketctl-postmaster.1")
ids = [path.name for path in PAGES]


def part(name: str, heading: str) -> list[str]:
    return manual.sections(manual.page(name))[heading]


def entries(name: str, heading: str, below: str | None = None) -> dict[str, Item]:
    """The entries of a section or a part of it, by what they begin with."""
    lines = part(name, heading)
    if below is not None:
        lines = manual.sections(lines, "Ss")[below]
    found = manual.items(lines)
    named = {each.text.split(" ")[0]: each for each in found}
    assert len(named) == len(found), "an entry stands there twice"
    return named


@pytest.mark.requires("mandoc")
def test_every_page_passes_the_linter_without_a_word() -> None:
    lint = ["mandoc", "-T", "lint", "-W", "warning", *PAGES]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def test_the_pages_are_those_that_the_readers_are_sent_to() -> None:
    assert ids == ["ticketctl-policy.5", "ticketctl-postmaster.1", "ticketctl-query.7", "ticketctl-templates.5",
                   "ticketctl.1", "ticketctl.toml.5"]  # fmt: skip
    sent = {
        f"{name}.{section}"
        for path in PAGES
        for name, section in re.findall(r"^\.Xr (ticket\S+) (\d)", path.read_text(), re.MULTILINE)
    }
    assert sent == set(ids)


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_a_page_has_the_sections_that_a_reader_looks_for(path: Path) -> None:
    found = manual.sections(path.read_text().splitlines())
    assert {"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} <= found.keys()
    assert found["NAME"][0] == f".Nm {path.stem}"
    assert f".Dt {path.stem.upper()} {path.suffix[1:]}" in path.read_text().splitlines()


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_a_page_is_seen_with_mans_own_width(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if len(line) > 120 or line != line.rstrip()] == []


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_no_quote_is_eaten_by_a_macro(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if line.startswith((".Dl ", ".Ql ")) and '"' in line] == []


# ticketctl(1)'s statuses


def refusals(base: type[errors.Refusal] = errors.Refusal) -> Iterator[type[errors.Refusal]]:
    for each in base.__subclasses__():
        yield each
        yield from refusals(each)


def test_every_refusal_has_a_status_of_its_own() -> None:
    statuses = [each.status for each in refusals()]
    assert len(set(statuses)) == len(statuses)
    assert sorted(statuses) == [1, 2, 65, 66, 69, 75, 77, 78, 79, 130]
    words = [each.word for each in refusals()]
    assert len(set(words)) == len(words)


def test_ticketctl_1_lists_the_statuses_of_the_refusals_in_order() -> None:
    listed = [int(each) for each in entries("ticketctl.1", "EXIT STATUS")]
    assert listed == [0, *sorted(each.status for each in refusals())]


@pytest.mark.parametrize("name", [name for name in ids if name not in PROGRAMS])
def test_no_page_speaks_of_another_status(name: str) -> None:
    text = re.sub(r"\.Xr \S+ \d", "", " ".join(part(name, "EXIT STATUS")))
    said = {int(each) for each in re.findall(r"\b\d{1,3}\b", text)}
    assert said
    assert said <= {each.status for each in refusals()}


# The filter


def launcher_statuses() -> set[int]:
    launcher = (manual.MAN.parent / "bin" / "ticketctl-postmaster").read_text()
    keep = re.search(r"^KEEP = (\d+)", launcher, re.MULTILINE)
    listed = re.search(r"^STATUSES = \((.*)\)", launcher, re.MULTILINE)
    assert keep is not None
    assert listed is not None
    return {int(each) for each in listed[1].replace("KEEP", keep[1]).split(",")}


def test_the_filters_page_has_the_statuses_that_its_launcher_lets_out() -> None:
    assert {int(each) for each in entries("ticketctl-postmaster.1", "EXIT STATUS")} == launcher_statuses()
    assert launcher_statuses() == {0, 67, postmaster.TEMPFAIL, 77}
    assert launcher_statuses() <= {int(each) for each in re.findall(r"\b\d+\b", postmaster.USAGE)}


def test_the_filters_page_has_its_options_and_no_other() -> None:
    long = {f"--{word.rstrip('=')}" for word in postmaster._WORDS}
    options = [each for each in manual.items(part("ticketctl-postmaster.1", "DESCRIPTION")) if each.flags]
    listed = {flag for each in options for flag in each.flags}
    assert listed == long | {"-o", "-v", "-h"}
    short = {flag for flag in listed if not flag.startswith("--")}
    for flag in short:  # each short one is taken
        assert postmaster.parse([flag, "json"] if flag == "-o" else [flag])
    synopsis = {flag for line in part("ticketctl-postmaster.1", "SYNOPSIS") for flag in manual.flags(line)}
    assert synopsis == listed - {"-h", "--help", "--output", "--verbose"}


def test_the_filters_page_has_its_limit_of_time_as_the_launcher_has_it() -> None:
    launcher = (manual.MAN.parent / "bin" / "ticketctl-postmaster").read_text()
    limit = re.search(r"^LIMIT = (\d+)", launcher, re.MULTILINE)
    environment = entries("ticketctl-postmaster.1", "ENVIRONMENT")
    assert limit is not None
    assert f"gives the mail back with 75; {limit[1]} by default" in " ".join(environment["TICKETCTL_TIME_LIMIT"].body)


# ticketctl.toml(5)


def test_ticketctl_toml_5_has_every_setting_with_what_it_takes_and_its_variable() -> None:
    settings = [*config.SETTINGS.values(), config.ALIAS]
    expected = {
        each.name: f"{each.name} {each.takes}" + (f" {each.environment}" if each.environment else "")
        for each in settings
    }
    listed = entries("ticketctl.toml.5", "DESCRIPTION", "Settings")
    assert {name: each.text for name, each in listed.items()} == expected


@pytest.mark.parametrize("name", [name for name, each in config.SETTINGS.items() if each.default is not None])
def test_ticketctl_toml_5_has_the_defaults_of_the_table(name: str) -> None:
    import json

    default = config.SETTINGS[name].default
    written = default if isinstance(default, str) else json.dumps(default)
    assert entries("ticketctl.toml.5", "DESCRIPTION", "Settings")[name].default == written


def test_ticketctl_toml_5_names_the_variables_that_stand_in() -> None:
    listed = entries("ticketctl.toml.5", "DESCRIPTION", "Settings")
    for each in config.SETTINGS.values():
        said = {line.split()[1] for line in listed[each.name].body if line.startswith(".Ev ")}
        assert said == set(each.fallback), each.name


# ticketctl-policy(5)

KEYS = [(section, key) for section in sections() for key in section.keys]


def test_ticketctl_policy_5_has_every_section_and_key_in_the_order_of_the_table() -> None:
    parts = manual.sections(part("ticketctl-policy.5", "DESCRIPTION"), "Ss")
    listed = {name: [each.text.split(" ")[0] for each in manual.items(lines)] for name, lines in parts.items()}
    expected = {section.name: [key.name for key in section.keys] for section in sections()}
    assert {name: listed[name] for name in list(listed)[: len(expected)]} == expected
    assert list(listed)[len(expected) :] == ["Rights", "Rules on mail", "What is refused"]


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[f"{section.name}.{key.name}" for section, key in KEYS])
def test_ticketctl_policy_5_says_of_a_key_what_the_table_says(section, key) -> None:  # type: ignore[no-untyped-def]
    entry = entries("ticketctl-policy.5", "DESCRIPTION", section.name)[key.name]
    assert entry.text == f"{key.name} {key.kind.word}"
    assert entry.default == key.default
    assert ("Must be given." in entry.body) == key.required
    assert ("Not in force yet." in entry.body) == key.later


def test_ticketctl_policy_5_lists_the_rights_in_their_order() -> None:
    from ticketctl.policy import RIGHTS

    assert tuple(entries("ticketctl-policy.5", "DESCRIPTION", "Rights")) == RIGHTS


def test_ticketctl_policy_5_names_every_word_of_conditions_and_of_what_to_set() -> None:
    from ticketctl.policy import conditions

    rules = entries("ticketctl-policy.5", "DESCRIPTION", "rules")
    for name, words in (("when", conditions._WHEN), ("set", conditions._SET)):
        assert sorted(item.text for item in rules[name].items) == sorted(words)


def documents() -> list[tuple[str, str]]:
    """The TOML of every EXAMPLES, by page."""
    found = []
    for path in PAGES:
        text = "\n".join(manual.sections(path.read_text().splitlines())["EXAMPLES"])
        blocks = re.findall(r"^\.Bd -literal.*\n((?:(?!\.Ed).*\n)*)\.Ed", text, re.MULTILINE)
        found += [(path.name, block) for block in blocks if re.match(r"\[|\w+ = ", block)]
    return found


def test_the_policy_of_the_examples_is_one_that_is_applied() -> None:
    (document,) = [text for name, text in documents() if name == "ticketctl-policy.5"]
    assert check(read(document)) == []


def test_the_settings_of_the_examples_are_read(tmp_path: Path) -> None:
    texts = [text for name, text in documents() if name == "ticketctl.toml.5"]
    assert len(texts) >= 4
    for text in texts:
        file = tmp_path / "ticketctl.toml"
        file.write_text(text)
        config.read(environ={}, flags={"config": str(file)}, euid=1000)


# ticketctl-templates(5)


def test_ticketctl_templates_5_has_every_value_and_where_it_is_not() -> None:
    listed = entries("ticketctl-templates.5", "DESCRIPTION", "Values")
    expected = {f"{name}.{field}" for name, fields in NAMES.items() for field in fields}
    expected |= {name for name, fields in NAMES.items() if not fields}
    assert listed.keys() == expected
    for name, entry in listed.items():
        assert ("Not in" in entry.body) == (name.split(".")[0] in NOT_IN_AUTO), name


def test_ticketctl_templates_5_has_every_kind_and_filter() -> None:
    from typing import get_args

    from ticketctl.policy import TemplateKind
    from ticketctl.render.sandbox import _FILTERS

    assert tuple(entries("ticketctl-templates.5", "DESCRIPTION", "Kinds")) == get_args(TemplateKind)
    lines = manual.sections(part("ticketctl-templates.5", "DESCRIPTION"), "Ss")["What a template can do"]
    block = " ".join(lines[lines.index(".Bd -literal -offset indent") + 1 : lines.index(".Ed")])
    assert block.split() == sorted(_FILTERS)


def test_the_templates_of_the_examples_are_filled() -> None:
    texts = [text for name, text in documents() if name == "ticketctl-templates.5"]
    assert len(texts) == 4
    desk = '[desk]\nname = "D"\ndomain = "example.org"\n[queues.Raw]\n'
    assert check(read(desk + "\n".join(texts))) == []


# ticketctl-query(7)


def test_ticketctl_query_7_has_every_field_with_what_it_takes() -> None:
    lines = manual.sections(part("ticketctl-query.7", "DESCRIPTION"), "Ss")["Fields"]
    assert [each.text for each in manual.items(lines)] == [f"{each.name}:{each.takes}" for each in FIELDS.values()]


@pytest.mark.parametrize("name", ["state", "type", "priority", "kind"])
def test_ticketctl_query_7_has_every_word_that_a_field_knows(name: str) -> None:
    entry = entries("ticketctl-query.7", "DESCRIPTION", "Fields")[
        next(f"{each.name}:{each.takes}" for each in FIELDS.values() if each.name == name)
    ]
    literal = " ".join(line[4:] for line in entry.body if line.startswith(".Li "))
    words = {word.strip(",.:") for word in literal.split()} - {""}
    known = set(FIELDS[name].words)
    assert words == (known - {"pending", "closed"} if name == "state" else known)


def test_every_row_is_in_the_filters_manual_in_its_words() -> None:
    text = " ".join((MAN / "ticketctl-postmaster.1").read_text().split())
    assert [row for row, words in ROWS.items() if f".It {row} {words[0].upper()}{words[1:]}." not in text] == []
