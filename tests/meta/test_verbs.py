"""ticketctl(1) has every verb, every option, every variable and every key of the machine output, and no other; what
the examples type can be typed."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from meta import manual
from meta.manual import PAGES, Item
from ticketctl import config, page, postmaster
from ticketctl.cli import VERBS, cli
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import DRY_RUN, GLOBALS, Command
from ticketctl.errors import Usage
from ticketctl.ticket import Address, Article, Priority, State, Ticket

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONTEXT = click.Context(cli, info_name="ticketctl", obj=Frame([]))
ids = [path.name for path in PAGES]


def commands() -> Iterator[tuple[str, Command]]:
    """Every command by the words that name it: `list`, `mail list`."""
    for row in VERBS:
        found = cli.get_command(CONTEXT, row.name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from ((f"{row.name} {word}", each) for word, each in found.commands.items())  # type: ignore[misc]
        else:
            yield row.name, found  # type: ignore[misc]


COMMANDS = dict(commands())
SAME = {row.name: row.module for row in VERBS if row.name != row.module}
VERB_PARTS = manual.sections(manual.sections(manual.page("ticketctl.1"))["VERBS"], "Ss")


def words(entry: Item) -> str:
    """`Ic policy show Op Ar revision` is about `policy show`."""
    found = re.match(r"Ic ([a-z][a-z ]*[a-z])", entry.head)
    assert found is not None
    return found[1]


ENTRIES = {words(each): each for lines in VERB_PARTS.values() for each in manual.items(lines)}


def opts(parameter: click.Parameter) -> set[str]:
    return {*parameter.opts, *parameter.secondary_opts}


def described() -> list[Item]:
    """The entries of the options of every verb."""
    parts = manual.sections(manual.sections(manual.page("ticketctl.1"))["DESCRIPTION"], "Ss")
    return manual.items(parts["Options of every verb"])


def test_every_verb_has_its_entry_once_and_none_else_has() -> None:
    listed = [words(each) for lines in VERB_PARTS.values() for each in manual.items(lines)]
    assert sorted(listed) == sorted(COMMANDS)


def test_the_verbs_stand_below_the_headings_of_the_table() -> None:
    headings = {name: {words(each).split()[0] for each in manual.items(lines)} for name, lines in VERB_PARTS.items()}
    table: dict[str, set[str]] = {}
    for row in VERBS:
        table.setdefault(row.section, set()).add(row.name)
    assert headings == table


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_entry_has_the_options_of_its_verb_and_no_other(name: str) -> None:
    entry = ENTRIES[name]
    if name in SAME:
        assert entry.items == []
        assert [manual.plain(line) for line in entry.body] == ["The same as", f"{SAME[name]} ."]
        assert COMMANDS[name] is COMMANDS[SAME[name]]
        return
    options = [each for each in COMMANDS[name].params if isinstance(each, click.Option)]
    assert sorted(each.flags for each in manual.options(entry)) == sorted(tuple(each.opts) for each in options)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_head_of_an_entry_has_the_arguments_that_must_be_given(name: str) -> None:
    head = ENTRIES[name].head
    assert not re.search(r"Op Ar option( \.\.\.)? \w", head), "Op brackets all that follows; Oo and Oc end"
    head = head.replace("Ar option ...", "Ar option")
    for each in COMMANDS[name].params:
        if isinstance(each, click.Option):
            if each.required:
                assert opts(each) & set(manual.flags(head)), each.opts
        elif each.required:
            assert " Ar " in head
            if each.nargs == -1:
                assert "..." in head


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_option_with_a_few_words_to_choose_from_names_them_all(name: str) -> None:
    items = ENTRIES[name].items
    told = {flag: " ".join([item.text, *map(manual.plain, item.body)]) for item in items for flag in item.flags}
    for each in COMMANDS[name].params:
        if isinstance(each.type, click.Choice) and isinstance(each, click.Option) and name not in SAME:
            text = told[each.opts[0]]
            if each.name != "priority":  # its levels stand with the verb `priority`
                assert [word for word in each.type.choices if not re.search(rf"\b{word}\b", text)] == []


def test_the_options_of_every_verb_are_there() -> None:
    program = [each for each in cli.params if isinstance(each, click.Option)]
    expected = sorted(opts(each) for each in (*GLOBALS, DRY_RUN, *program))
    listed = [set(each.flags) for each in described()]
    assert sorted(map(sorted, listed)) == sorted([*map(sorted, expected), ["--help"]])  # type: ignore[type-var]


def test_dry_run_names_the_verbs_that_take_it() -> None:
    entry = next(each for each in described() if "--dry-run" in each.flags)
    named = ",".join(line[4:] for line in entry.body if line.startswith((".Cm ", ".Ic ")))
    listed = {word.strip() for word in named.removesuffix(" .").split(",")} - {""}
    assert listed == {name for name, each in COMMANDS.items() if each.changes}


# Variables


def test_environment_names_the_variables_that_are_read_and_no_other() -> None:
    entries = manual.items(manual.sections(manual.page("ticketctl.1"))["ENVIRONMENT"])
    listed = {word for each in entries for word in each.text.replace(",", " ").split()}
    source = Path(inspect.getfile(config)).parent
    text = "\n".join(path.read_text() for path in [*source.glob("cli/*.py"), source / "config.py"])
    read = set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", text)) - {"HOME"}
    read |= {each.environment for each in config.SETTINGS.values() if each.environment}
    read |= {name for each in config.SETTINGS.values() for name in each.fallback}
    assert listed == read


# Machine output


def keys(name: str) -> list[str]:
    entries = manual.items(manual.sections(manual.page("ticketctl.1"))["MACHINE OUTPUT"])
    (body,) = [each.body for each in entries if each.text == name]
    return [word for line in body if line.startswith(".Li ") for word in line[4:].replace(",", " ").split()]


TICKET = Ticket(id=17, number="2026112210000017", version=1, title="t", queue="Raw", state=State.OPEN,
                priority=Priority.NORMAL, created=NOW, changed=NOW)  # fmt: skip
ARTICLE = Article(n=1, channel="note", sender_type="agent", visible=False, author=Address(), received=NOW, date=NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ticket", page.ticket_value(TICKET)),
        ("article", page.article_value(ARTICLE)),
        ("mail", page.mail_value({})),
        ("outbox", page.outbox_value({})),
        ("error", Usage("").as_value()),
    ],
)
def test_machine_output_names_the_keys_of_an_object_in_their_order(name: str, value: dict[str, object]) -> None:
    assert keys(name) == list(value)


def test_machine_output_names_the_keys_of_history_and_the_columns_of_tsv() -> None:
    from ticketctl.cli.history import COLUMNS

    assert keys("history") == list(COLUMNS)
    text = " ".join(manual.sections(manual.page("ticketctl.1"))["MACHINE OUTPUT"])
    columns = text[text.index("columns of TSV are") : text.index("Tab, line feed")]
    assert re.findall(r"[a-z]+", re.sub(r"\.Li|columns of TSV are|\band\b", "", columns)) == list(page.TSV_COLUMNS)


# Examples


def typed(words: list[str]) -> None:
    """Reads a command line as the program would, and runs nothing. Raises click.UsageError."""
    context = cli.make_context("ticketctl", words[1:], obj=Frame(words[1:]))
    command: click.Command = cli
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            assert command is cli, "a word is missing"
            return
        assert command is not cli or rest[0] in cli.rows, f"no verb {rest[0]}"
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        context, command = found.make_context(name, rest, parent=context), found


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_the_examples_can_be_typed(path: Path) -> None:
    lines = list(manual.commands(path.read_text().splitlines()))
    assert lines
    for line in lines:
        if line[0] == "ticketctl-postmaster":
            postmaster.parse(line[1:])
        else:
            typed(line)


def test_the_lines_for_crontab_can_be_typed() -> None:
    text = (manual.MAN / "ticketctl.1").read_text()
    lines = re.findall(r"^[\d*]\S* \S+ \S+ \S+ \S+ (ticketctl .*)$", text, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        typed(shlex.split(line))


@pytest.mark.parametrize("name", [row.name for row in VERBS])
def test_the_examples_of_help_can_be_typed(name: str) -> None:
    found = cli.get_command(CONTEXT, name)
    assert found is not None
    for line in getattr(found, "examples", "").splitlines():
        for command in manual.programs(re.split(r"\s{2,}", line)[0].removeprefix("sudo ")):
            typed(command)


@pytest.mark.parametrize("line", ["ticketctl lst", "ticketctl list --strange", "ticketctl pend 17", "ticketctl mail"])
def test_what_cannot_be_typed_is_seen(line: str) -> None:
    with pytest.raises((AssertionError, click.UsageError, click.exceptions.NoArgsIsHelpError)):
        typed(line.split())
