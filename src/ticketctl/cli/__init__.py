"""The shell's side of the desk: the table of verbs, and `main`, where every exit status comes out.

A verb asks here (options, files, editor, terminal) and is done in `desk`. Nothing slow is imported before a verb
needs it: `--help` and completion stand on click alone (style.md rule 17; tests/meta/test_imports.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ticketctl.cli.group import LazyGroup, Row

if TYPE_CHECKING:
    from ticketctl.cli.frame import Frame
    from ticketctl.errors import Refusal

PROGRAM = "ticketctl"
COMPLETE = "_TICKETCTL_COMPLETE"

LOOK, WORK, SAY, MAIL, DESK, HOST = (
    "Look", "Work on tickets", "Say something", "Mail", "The desk", "This host"
)  # fmt: skip
VERBS: tuple[Row, ...] = (
    Row("status", "status", "What is new, mine, late or unsent", "reads", LOOK),
    Row("list", "list", "List tickets, oldest first", "reads", LOOK),
    Row("search", "search", "Find tickets by what was said on them", "reads", LOOK),
    Row("show", "show", "Show a ticket with its thread, an article, an attachment", "reads", LOOK),
    Row("history", "history", "Tell all that happened to a ticket", "reads", LOOK),
    Row("new", "new", "Make a ticket: a call, a first mail, a note", "writes", SAY),
    Row("reply", "reply", "Answer the customer by mail", "writes", SAY),
    Row("note", "note", "Add an internal note, or a phone call", "writes", SAY),
    Row("take", "take", "Lock and own tickets, or the next one", "writes", WORK),
    Row("lock", "take", "The same as take", "writes", WORK),
    Row("steal", "steal", "Take over what another agent has locked", "writes", WORK),
    Row("unlock", "unlock", "Take the lock off", "writes", WORK),
    Row("move", "move", "Move tickets to another queue", "writes", WORK),
    Row("reassign", "reassign", "Give tickets to another agent", "writes", WORK),
    Row("priority", "priority", "Set the priority", "writes", WORK),
    Row("title", "title", "Set the title", "writes", WORK),
    Row("pend", "pend", "Let tickets wait until a time", "writes", WORK),
    Row("close", "close", "Close tickets", "writes", WORK),
    Row("reopen", "reopen", "Open tickets again", "writes", WORK),
    Row("accept", "accept", "Let a third party take part in a ticket", "writes", WORK),
    Row("mail", "mail", "Letters as they came: see, place, drop those that are held", "writes", MAIL),
    Row("outbox", "outbox", "Mail that we owe: see, hold, release, retry, drop", "writes", MAIL),
    Row("flush", "flush", "Send what the outbox holds, once", "writes", MAIL),
    Row("policy", "policy", "The desk's policy: show, edit, apply, its revisions", "writes", DESK),
    Row("queue", "queue", "Queues and their addresses", "reads", DESK),
    Row("agent", "agent", "Agents and their rights", "reads", DESK),
    Row("role", "role", "Roles", "reads", DESK),
    Row("template", "template", "Templates, and what one makes of a ticket", "reads", DESK),
    Row("customer", "customer", "Who writes to us; whose a ticket is", "writes", DESK),
    Row("whoami", "whoami", "Who I am to the desk, and what I may do", "reads", HOST),
    Row("config", "config", "What holds on this host, and why", "none", HOST),
    Row("init", "init", "Make a desk", "none", HOST),
    Row("fsck", "fsck", "Check the data", "reads", HOST),
    Row("db", "db", "Upgrade, back up, restore, copy, re-index the database", "none", HOST),
    Row("doctor", "doctor", "Check this host", "reads", HOST),
    Row("completion", "completion", "Completion for bash, zsh or fish", "none", HOST),
    Row("help", "help", "The manual page of a verb", "none", HOST),
)

cli = LazyGroup(
    name=PROGRAM,
    rows=VERBS,
    alone="status",
    help="The help desk from the shell. Mail becomes tickets; agents work them here.",
    examples="""
ticketctl                               what waits for me
ticketctl list queue:Support age:3d..   older than three days, in one queue
ticketctl take --next && ticketctl reply 17
ticketctl list -o ids waiting:customer age:90d.. | ticketctl close --unsuccessful -
""",
)


def main(argv: Sequence[str] | None = None) -> int:
    """One command line, by default the process's own; gives the exit status (ticketctl(1), EXIT STATUS)."""
    words = [*(sys.argv[1:] if argv is None else argv)]  # cli.list is a verb, not the builtin
    os.umask(os.umask(0o077) | 0o002)  # whatever we are given, nothing of ours is written by others
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if instruction := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, PROGRAM, COMPLETE, instruction)
    try:
        with _ended_gently():
            return _flushed(_guarded(words))
    except KeyboardInterrupt:
        return 130


@contextmanager
def _ended_gently() -> Iterator[None]:
    """SIGTERM, and SIGHUP of a terminal that went away, end a verb as ^C does: locks go back, texts are kept.

    Once: what is done then is not to be disturbed. One that our caller ignores (nohup) stays ignored.
    """
    import signal
    import threading

    def end(*_: object) -> None:
        for number in mine:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    ends = (signal.SIGHUP, signal.SIGTERM) if main else ()
    mine = [number for number in ends if signal.getsignal(number) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def _guarded(words: list[str]) -> int:
    """Runs a command line; whatever is raised becomes a message on stderr and a status."""
    from ticketctl.cli.frame import Frame

    frame = Frame(words)
    try:
        with cli.make_context(PROGRAM, [*words], obj=frame) as context:
            return cli.invoke(context) or 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as wrong:
        return _wrong_usage(frame, wrong)
    except (KeyboardInterrupt, EOFError, click.Abort):
        return _refused(frame, _given_up())
    except BrokenPipeError:
        _silence()
        return 0
    except Exception as trouble:
        return _trouble(frame, trouble)
    finally:
        frame.close()


def _trouble(frame: Frame, trouble: Exception) -> int:
    """A refusal says its own status; anything else is a fault of ours: one line, and 1."""
    from ticketctl.errors import Refusal

    if isinstance(trouble, Refusal):
        return _refused(frame, trouble)
    from ticketctl.errors import Failed, Unavailable

    if frame.options.verbose:
        import traceback

        from ticketctl.cli.output import say
        from ticketctl.page import escape

        say(escape("".join(traceback.format_exception(trouble)), lines=True))
    hint = "" if frame.options.verbose else "; -v shows where"
    if isinstance(trouble, OSError) and trouble.strerror:
        import errno

        where = f"{trouble.filename}: " if trouble.filename else ""
        if trouble.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            where = where or ("" if _writable() else "stdout: ")
            return _refused(frame, Unavailable(f"{where}{trouble.strerror}"))
        return _refused(frame, Failed(f"{where}{trouble.strerror}{hint}"))
    return _refused(frame, Failed(f"a fault of ours: {type(trouble).__name__}: {trouble}{hint}"))


def _refused(frame: Frame, refusal: Refusal) -> int:
    from ticketctl.cli.output import complain

    complain(frame, refusal)
    return refusal.status


def _given_up() -> Refusal:
    from ticketctl.errors import GivenUp

    return GivenUp("given up")


def _wrong_usage(frame: Frame, wrong: click.ClickException) -> int:
    """Click's own refusals, in our words and with our statuses: 2, or 66 for a file that is not there."""
    from ticketctl.errors import NotThere, Usage

    message = wrong.format_message()
    if isinstance(wrong, click.exceptions.NoArgsIsHelpError):
        if frame.form not in ("json", "jsonl"):
            from ticketctl.cli.output import say

            say(f"{message}\n")
            return Usage.status
        message = "a word is missing"
    context = getattr(wrong, "ctx", None)
    if isinstance(wrong, click.FileError):
        return _refused(frame, NotThere(message))
    if context is not None and "--help" not in message:
        message += f" (see `{context.command_path} --help`)"
    return _refused(frame, Usage(message))


def _flushed(status: int) -> int:
    """The status, once all output has left; a reader that went away changes nothing, a full disk does."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as trouble:
        _silence()
        from ticketctl.cli.output import say

        say(f"{PROGRAM}: stdout: {trouble.strerror}\n")
        return status or 69
    return status


def _writable() -> bool:
    """Does stdout still take what is left for it? If not, nothing more goes there."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        _silence()
        return False
    return True


def _open_closed() -> None:
    """Something behind 0, 1 and 2: where one is closed, the next file that is opened would get its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def _silence() -> None:
    """Nothing more goes to stdout: what is left in its buffer would fail again when Python ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
