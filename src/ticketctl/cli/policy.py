"""`policy`: the desk's configuration as one document, changed as sudoers is by visudo."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ticketctl.cli import checking, editor, output, saving, terminal
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family
from ticketctl.errors import BadData, GivenUp, NotThere, Refusal, Usage

if TYPE_CHECKING:
    from ticketctl.desk.governing import Applied

AGAIN, ENOUGH = ("y", "yes", "e", "edit"), ("n", "no", "q", "quit", "x", "exit")  # visudo's letters, too
REVISION = ("revision", "at", "author", "reason")

command = Family(
    name="policy",
    help="The desk's policy: queues, agents, roles, templates, as numbered revisions. Comments are kept.",
    examples="""
ticketctl policy edit                          edit, check, show the difference, apply
ticketctl policy show > desk.toml              the current revision
ticketctl policy apply -m 'a new queue' desk.toml
ticketctl policy check desk.toml --mail *.eml  which rules fire
ticketctl policy check desk.toml --replay 7d   which letters would fare otherwise
ticketctl policy set queues.Support.from-name 'Example Support'
ticketctl policy log && ticketctl policy revert 3
""",
)
reason = click.option("-m", "--message", metavar="WHY", help="Why; it stands in the log.")
force = click.option("--force", is_flag=True, help="Even if no admin is left, or you are none any more.")


@command.command("show")
@click.argument("revision", type=int, required=False)
@click.pass_obj
def show(frame: Frame, revision: int | None) -> None:
    """Print a revision, by default the current one."""
    from ticketctl.desk import governing

    value = frame.do(governing.show, revision)
    if frame.options.output in (None, "table"):
        terminal.page(frame, _safe(value["text"]))
        return
    output.one(frame, value, lambda: value["text"], key="revision")


@command.command("log")
@click.pass_obj
def log(frame: Frame) -> None:
    """List the revisions, newest first."""
    from ticketctl.desk import governing

    values, zone = frame.do(governing.log)
    output.rows(frame, values, columns=REVISION, key="revision", zone=zone)


@command.command("check", cls=checking.Check)
@click.argument("file", required=False)
@click.option("--mail", "letters", multiple=True, metavar="MAIL...",
              help="Try the rules on these mails: files, folders, Maildirs, mbox; - is stdin.")
@click.option("--recipient", metavar="ADDR", help="With --mail: the envelope recipient.")
@click.option("--sender", metavar="ADDR", help="With --mail: the envelope sender.")
@click.option("--trust", is_flag=True, help="With --mail: obey X-Ticketctl headers.")
@click.option("--replay", metavar="SPAN", help="Show which letters of the last 7d, 12h ... would fare otherwise.")
@click.pass_obj
def check(
    frame: Frame, file: str | None, letters: tuple[str, ...], recipient: str | None, sender: str | None, trust: bool,
    replay: str | None,
) -> None:
    """Check a file (or the current policy) as apply would; try it on mail. Nothing is written."""
    from ticketctl.desk import governing

    if not letters and (recipient is not None or sender is not None or trust):
        raise Usage("--recipient, --sender and --trust say how a mail came: give one with --mail")
    if file == "-" and "-" in letters:
        raise Usage("stdin can be the policy or a mail, not both")
    if file is None:
        value = frame.do(governing.show, None)
        checked = governing.check(value["text"], source=f"revision {value['revision']}")
    else:
        checked = governing.check(document(file), source=file)
    if replay is not None:
        if file is None or letters:
            raise Usage("--replay wants the file of another policy, and no --mail")
        checking.replayed(frame, checked, replay)
    elif letters:
        from ticketctl.intake import Envelope

        checking.on_mails(frame, checked, letters, Envelope(recipient=recipient, sender=sender, trust=trust))
    else:
        output.remark(frame, f"{file or 'the policy'} is well")


@command.command("diff")
@click.argument("sides", nargs=-1, metavar="[REVISION|FILE [REVISION]]")
@click.pass_obj
def diff(frame: Frame, sides: tuple[str, ...]) -> None:
    """Show what a file would change; or what changed since a revision, or between two."""
    from ticketctl.desk import governing

    if len(sides) > 2:
        raise Usage("two sides at most")
    read = [int(side) if side.isdigit() and not os.path.exists(side) else document(side) for side in sides]
    first: int | str | None = read[0] if read else None
    if not read:
        newest = frame.do(governing.show, None)["revision"]
        first = newest - 1 if newest > 1 else newest
    if isinstance(first, str):
        text = frame.do(governing.difference, None, first)
    else:
        text = frame.do(governing.difference, first, read[1] if len(read) > 1 else None)
    terminal.page(frame, _safe(text))


@command.command("apply", changes=True)
@click.argument("file")
@reason
@force
@click.option("--base", type=int, metavar="N", help="The revision that the file was made from (else: the current one).")
@click.pass_obj
def apply(frame: Frame, file: str, message: str | None, force: bool, base: int | None) -> None:
    """Make a file the policy, as a new revision. - is stdin."""
    from ticketctl.desk import governing

    newest = frame.do(governing.show, None)["revision"]
    applied = frame.do(
        governing.apply, document(file), reason=message or f"apply {file}", base=newest if base is None else base,
        source=file, force=force,
    )  # fmt: skip
    _say(frame, applied)


@command.command("edit", changes=True)
@reason
@force
@click.pass_obj
def edit(frame: Frame, message: str | None, force: bool) -> None:
    """Edit the policy in your editor; it is checked, the difference shown, and then applied."""
    from ticketctl.desk import governing

    if not frame.interactive:
        raise Usage("edit wants a terminal: `policy show`, change the file, `policy apply`")
    frame.do(governing.may_change)
    current = frame.do(governing.show, None)
    text = current["text"]
    while True:
        text = editor.document(frame, text)
        if text.strip() == current["text"].strip():
            raise GivenUp("given up: nothing was changed")
        try:
            text = embedded(text, source="policy")
            governing.check(text, source="policy")
        except (BadData, NotThere) as wrong:
            output.warn(wrong.message)
            _ask(text)
            continue
        sys.stdout.write(_safe(frame.do(governing.difference, current["revision"], text)))
        if frame.options.yes or click.confirm("Apply?", default=True, err=True):
            break
        _ask(text)
    try:
        applied = frame.do(governing.apply, text, reason=message or "edit", base=current["revision"], force=force)
    except Refusal:
        if path := saving.draft(text):
            output.warn(f"your text is kept in {path}")
        raise
    _say(frame, applied)


def _ask(text: str) -> None:
    """Edit again, or give up (130) with the text kept."""
    answer = ""
    while answer not in (*AGAIN, *ENOUGH):
        answer = click.prompt("Edit again? [Y/n]", default="y", show_default=False, err=True).strip().lower()
    if answer in AGAIN:
        return
    path = saving.draft(text)
    raise GivenUp("given up: the policy stays as it was" + (f"; your text is kept in {path}" if path else ""))


@command.command("revert", changes=True)
@click.argument("revision", type=int)
@reason
@force
@click.pass_obj
def revert(frame: Frame, revision: int, message: str | None, force: bool) -> None:
    """Make an old revision the policy again, as a new one."""
    from ticketctl.desk import governing

    _say(frame, frame.do(governing.revert, revision, reason=message, force=force))


@command.command("get")
@click.argument("key")
@click.pass_obj
def get(frame: Frame, key: str) -> None:
    """Print what holds for a key, as desk.name or queues.Support.addresses."""
    from ticketctl.desk import governing

    sys.stdout.write(_safe(frame.do(governing.get, key)).rstrip("\n") + "\n")


@command.command("set", changes=True)
@click.argument("key")
@click.argument("value")
@reason
@force
@click.pass_obj
def set_(frame: Frame, key: str, value: str, message: str | None, force: bool) -> None:
    """Change one key, all else byte for byte. Texts need no quotes; lists and tables are TOML."""
    from ticketctl.desk import governing

    _say(frame, frame.do(governing.set_, key, value, reason=message, force=force))


def document(file: str) -> str:
    """A policy from a file, each body-file read in. Raises NotThere, BadData."""
    return embedded(editor.read(file), source=file, folder=Path() if file == "-" else Path(file).parent)


def embedded(text: str, *, source: str, folder: Path = Path()) -> str:
    """A policy with each body-file, named from the folder, read in. Raises NotThere, BadData."""
    from ticketctl import policy

    def body(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    if "body-file" not in text:
        return text
    policy.read(text, source=source, bodies=body)
    try:
        return policy.embed(text, body, source=source)
    except OSError as why:
        raise NotThere(f"{why.filename}: {why.strerror}") from None


def _say(frame: Frame, applied: Applied) -> None:
    for each in applied.remarks:
        output.remark(frame, each)
    if not applied.changed:
        output.remark(frame, "nothing changed")
    value = {"revision": applied.n, "dry_run": frame.options.dry_run}
    if frame.options.output in (None, "table"):
        if not frame.options.quiet:
            tried = frame.options.dry_run and applied.changed
            output.lines([f"revision {applied.n} {'would hold' if tried else 'holds'}"])
        return
    output.one(frame, value, lambda: "", key="revision")


def _safe(text: str) -> str:
    """Harmless on a terminal; byte for byte elsewhere."""
    from ticketctl.page import escape

    return escape(text, lines=True) if sys.stdout.isatty() else text
