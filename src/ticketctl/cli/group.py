"""click, as this program uses it: verbs that load when they run, global options on both sides of the verb, examples
first in every help."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FORMS = ("table", "json", "jsonl", "tsv", "ids")
F = TypeVar("F", bound=Callable[..., Any])
PATHS = ("file", "attach", "save", "sides", "letters")  # parameters that name files: any bytes
DEEPEST = 10  # aliases that stand for aliases


class Row(NamedTuple):
    """A verb: its module in this package is loaded when it runs. `access`: reads, writes or none (no database)."""

    name: str
    module: str
    summary: str
    access: str
    section: str


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """A global option, wherever it stood; the last one counts."""
    frame = context.find_root().obj
    name = parameter.name or ""
    if frame is None or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
        return
    if name == "format_version":
        if value != 1:
            raise click.UsageError(f"there is no output format version {value}: today's is 1", ctx=context)
        return
    setattr(frame.options, name.removeprefix("global_"), value)


def _agents(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    from ticketctl.cli import completing

    return completing.agents(context, parameter, typed)


def _option(*names: str, **attributes: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_keep, **attributes)


GLOBALS = (
    _option("-o", "--output", "global_output", type=click.Choice(FORMS), help="Form of what is printed."),
    _option("--as", "global_as_agent", metavar="AGENT", shell_complete=_agents,
            help="Act with that agent's rights (admins)."),  # fmt: skip
    _option("-q", "--quiet", "global_quiet", is_flag=True, help="Say nothing of what is done."),
    _option("-v", "--verbose", "global_verbose", is_flag=True, help="Say more."),
    _option("-y", "--yes", "global_yes", is_flag=True, help="Ask nothing: yes."),
    _option("--no-input", "global_no_input", is_flag=True, help="Ask nothing: refuse what would need asking."),
    _option("--color", "global_color", type=click.Choice(("auto", "always", "never")), help="Colours."),
    _option("--header", "global_header", is_flag=True, help="With TSV, a line of column names first."),
    _option("-0", "--null", "global_null", is_flag=True, help="With -o ids, NUL after each instead of a new line."),
    _option("--format-version", "format_version", type=int, metavar="1", help="Version of the machine output."),
    _option("--config", "global_config", metavar="FILE", help="Configuration file, instead of the usual ones."),
    _option("--database", "global_database", metavar="URL", help="Database."),
)
DRY_RUN = _option("-n", "--dry-run", "global_dry_run", is_flag=True, help="Show what would be; change nothing.")


class Command(click.Command):
    """A verb, or a word of a family of verbs. `changes`: it takes --dry-run. `examples`: lines, shown first."""

    def __init__(self, *args: Any, examples: str = "", changes: bool = False, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = examples.strip("\n")
        self.changes = changes

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        return [*own[:-1], *GLOBALS, *([DRY_RUN] if self.changes else []), *own[-1:]]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _format(self, self.examples, ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _options(self, ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        frame = ctx.find_root().obj
        if frame.options.dry_run and not self.changes:
            raise click.UsageError("there is nothing that --dry-run would keep from being changed", ctx=ctx)
        _is_text(ctx.params)
        return super().invoke(ctx)


class Family(click.Group):
    """A verb with words of its own, as `mail list`."""

    command_class = Command

    def __init__(self, *args: Any, examples: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = examples.strip("\n")

    def word(self, name: str, **attributes: Any) -> Callable[[F], F]:
        """Makes a function a word of this family; the function stays what it is."""

        def added(function: F) -> F:
            self.add_command(verb(name, **attributes)(function))
            return function

        return added

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        return [*own[:-1], *GLOBALS, *([DRY_RUN] if self.changes() else []), *own[-1:]]

    def changes(self) -> bool:
        """Does any of its words take --dry-run?"""
        return any(getattr(each, "changes", False) for each in self.commands.values())

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if ctx.resilient_parsing or args[0].startswith("-") or args[0] in self.list_commands(ctx):
            return super().resolve_command(ctx, args)
        help_ = f"`{ctx.command_path} --help`"
        raise click.UsageError(f"no word {args[0]!r}{_near(args[0], self.commands, help_)}", ctx=ctx)

    def invoke(self, ctx: click.Context) -> Any:
        if not ctx._protected_args:
            raise click.exceptions.NoArgsIsHelpError(ctx)
        return super().invoke(ctx)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Words"):
            formatter.write_dl([(name, each.get_short_help_str(limit=200)) for name, each in self.commands.items()])

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _format(self, self.examples, ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        _options(self, ctx, formatter)


def verb(
    name: str, *, examples: str = "", changes: bool = False, **attributes: Any
) -> Callable[[Callable[..., Any]], Command]:
    """Makes a function the command of a verb; it is given the Frame, then its own parameters."""

    def made(function: Callable[..., Any]) -> Command:
        decorate = click.command(name, cls=Command, examples=examples, changes=changes, **attributes)
        return decorate(click.pass_obj(function))

    return made


class LazyGroup(Family):
    """The program: every verb's summary is in the table, so that help and completion load none of them."""

    def __init__(self, *, rows: Sequence[Row], alone: str, **attributes: Any) -> None:
        super().__init__(invoke_without_command=True, subcommand_metavar="[VERB [...]]", **attributes)
        self.rows = {row.name: row for row in rows}
        self.alone = alone
        self.params.append(
            click.Option(["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version,
                         help="The program's version.")
        )  # fmt: skip

    def changes(self) -> bool:
        return True

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.rows)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = self.rows.get(cmd_name)
        if row is None:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"ticketctl.cli.{row.module}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        if not ctx._protected_args:
            ctx._protected_args = [self.alone]
        return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if ctx.resilient_parsing or args[0] in self.rows or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        words = _aliased(ctx, args, set(self.rows))
        if words[0] in self.rows:
            return super().resolve_command(ctx, words)
        _other_program(ctx, words)
        raise click.UsageError(f"no verb {words[0]!r}{_near(words[0], self.rows)}", ctx=ctx)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in dict.fromkeys(row.section for row in self.rows.values()):
            with formatter.section(section):
                formatter.write_dl([(row.name, row.summary) for row in self.rows.values() if row.section == section])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        verbs = [
            CompletionItem(row.name, help=row.summary) for row in self.rows.values() if row.name.startswith(incomplete)
        ]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)


def _version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from ticketctl import __version__

        click.echo(f"ticketctl {__version__}")
        context.exit()


def _aliased(context: click.Context, words: list[str], verbs: set[str]) -> list[str]:
    """What an alias of ticketctl.toml stands for, as in git: `!` runs a shell; a verb cannot be hidden."""
    aliases = context.find_root().obj.config.alias
    for _ in range(DEEPEST):
        stands_for = aliases.get(words[0])
        if stands_for is None or words[0] in verbs:
            return words
        if stands_for.startswith("!"):
            _exec(["/bin/sh", "-c", f'{stands_for[1:]} "$@"', words[0], *words[1:]])
        import shlex

        try:
            meant = shlex.split(stands_for)
        except ValueError as wrong:
            raise click.UsageError(f"alias {words[0]}: {wrong}", ctx=context) from None
        if not meant:
            raise click.UsageError(f"alias {words[0]} is empty", ctx=context)
        words = [*meant, *words[1:]]
    raise click.UsageError(f"alias {words[0]} never ends", ctx=context)


def _other_program(context: click.Context, words: list[str]) -> None:
    """Runs `ticketctl-VERB` of PATH in our place, if there is one; --config and --database go on in the environment."""
    if "/" in words[0]:
        return
    import shutil

    program = shutil.which(f"ticketctl-{words[0]}")
    if program is None:
        return
    options = context.find_root().obj.options
    for name in ("config", "database"):
        if value := getattr(options, name):
            os.environ[f"TICKETCTL_{name.upper()}"] = value
    _exec([program, *words[1:]])


def _is_text(given: dict[str, Any]) -> None:
    """Raises BadData (65) for bytes that are no text in anything but the name of a file."""
    for name, value in given.items():
        for each in value if isinstance(value, tuple) else (value,):
            try:
                if isinstance(each, str) and name not in PATHS:
                    each.encode()
            except UnicodeEncodeError:
                from ticketctl.errors import BadData

                raise BadData(f"{name.replace('_', '-')}: not UTF-8: {each!r:.80}") from None


def _exec(argv: list[str]) -> None:
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(argv[0], argv)


def _near(word: str, known: Any, help_: str = "`ticketctl --help`") -> str:
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else f"; {help_} lists them"


def _format(command: click.Command, examples: str, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Usage, what it is for, examples, and only then the options."""
    command.format_usage(ctx, formatter)
    command.format_help_text(ctx, formatter)
    if examples:
        with formatter.section("Examples"):
            for line in examples.splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
    command.format_options(ctx, formatter)
    command.format_epilog(ctx, formatter)


def _options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """The verb's own options, then those that all have."""
    own: list[tuple[str, str]] = []
    common: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            (common if parameter in GLOBALS else own).append(record)
    for title, records in (("Options", own), ("Options of every verb", common)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
