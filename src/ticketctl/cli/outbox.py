"""`outbox`: mail that we owe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ticketctl.cli import output, saving, sending, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family
from ticketctl.errors import GivenUp, Usage

if TYPE_CHECKING:
    from ticketctl.desk.outbox import Turned

COLUMNS = ("id", "created", "class", "status", "number", "recipients", "subject", "tries", "next_try", "last_error")

command = Family("outbox", help="Mail that we owe: my own; all of it for an admin.", examples="""
ticketctl outbox list
ticketctl outbox retry 12 --to emma@example.org
ticketctl outbox hold --auto      stop automatic answers; release --auto lets them go
""")  # fmt: skip


def _brakes(function: Any) -> Any:
    function = click.option("--all", "everything", is_flag=True, help="All mail of the desk (admins).")(function)
    return click.option("--auto", is_flag=True, help="Automatic answers only (admins).")(function)


some = click.argument("mails", nargs=-1, metavar="MAIL...")
needed = click.argument("mails", nargs=-1, required=True, metavar="MAIL...")


@command.word("list")
@click.option("--all", "everything", is_flag=True, help="What was sent or dropped, too.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
def list_(frame: Frame, everything: bool, limit: int | None) -> None:
    """List mail that is not sent yet, oldest first."""
    from ticketctl import page
    from ticketctl.desk import outbox

    owed = frame.do(outbox.mails, everything=everything, limit=limit)
    output.rows(frame, owed.mails, columns=COLUMNS, table=page.OUTBOX_COLUMNS, zone=owed.zone)
    for brake in owed.brakes:
        output.remark(frame, page.brake_line(brake))
    sending.muted(frame)


@command.word("show")
@click.argument("mail", type=click.IntRange(min=1, max=2**31 - 1))
@click.option("--raw", is_flag=True, help="Its bytes; those of an automatic answer as they would be now.")
def show(frame: Frame, mail: int, raw: bool) -> None:
    """Show a mail of the outbox."""
    from ticketctl.desk import outbox
    from ticketctl.desk.reading import File

    value, content, zone = frame.do(outbox.mail, mail)
    if not raw:
        output.one(frame, value, lambda: output.fields(value, zone), key="id")
    else:
        content = content if content is not None else sending.preview(frame, mail)
        saving.to_stdout(File(name="mail.eml", content_type="message/rfc822", content=content), force_text=True)


@command.word("retry", changes=True)
@needed
@click.option("--to", metavar="ADDR", help="To this address instead.")
def retry(frame: Frame, mails: tuple[str, ...], to: str | None) -> int:
    """Owe mail again, at once: what failed, was held, dropped or is unknown."""
    from ticketctl.desk import outbox

    return _print(frame, frame.do(outbox.retry, words.numbers(mails), to=to))


@command.word("drop", changes=True)
@some
@_brakes
def drop(frame: Frame, mails: tuple[str, ...], auto: bool, everything: bool) -> int:
    """Never send these mails; their articles say so. --auto and --all: what waits now, not what comes later."""
    from ticketctl.desk import outbox

    _one_of(mails, auto, everything)
    if mails:
        return _print(frame, frame.do(outbox.drop, words.numbers(mails)))
    waiting = frame.do(outbox.waiting, auto=auto)
    if waiting and not frame.options.yes and not frame.options.dry_run and frame.interactive:
        from ticketctl.cli.terminal import confirm

        if not confirm(frame, f"{len(waiting)} mails will never be sent. Go on?"):
            raise GivenUp("given up: nothing was changed")
    return _print(frame, frame.do(outbox.drop, waiting))


@command.word("hold", changes=True)
@some
@_brakes
def hold(frame: Frame, mails: tuple[str, ...], auto: bool, everything: bool) -> int:
    """Do not send these mails until they are released."""
    from ticketctl.desk import outbox

    return _held(frame, mails, auto, everything, on=True, act=lambda: frame.do(outbox.hold, words.numbers(mails)))


@command.word("release", changes=True)
@some
@_brakes
def release(frame: Frame, mails: tuple[str, ...], auto: bool, everything: bool) -> int:
    """Let held mail go."""
    from ticketctl.desk import outbox

    return _held(frame, mails, auto, everything, on=False, act=lambda: frame.do(outbox.release, words.numbers(mails)))


def _one_of(mails: tuple[str, ...], auto: bool, everything: bool) -> None:
    if bool(mails) + auto + everything != 1:
        raise Usage("which? mails by id, or --auto, or --all")


def _held(
    frame: Frame, mails: tuple[str, ...], auto: bool, everything: bool, *, on: bool, act: Callable[[], Turned]
) -> int:
    """Single mails, or a brake for the desk."""
    from ticketctl.change.step import ALL_BRAKE, AUTO_BRAKE
    from ticketctl.desk import outbox

    _one_of(mails, auto, everything)
    if mails:
        return _print(frame, act())
    brakes = frame.do(outbox.brake, AUTO_BRAKE if auto else ALL_BRAKE, on, "by hand" if on else "")
    if not output.machine(frame, brakes, output.form(frame, otherwise="table"),
                          columns=("name", "at", "author", "reason"), key="name"):  # fmt: skip
        what = "automatic answers" if auto else "all mail"
        output.remark(frame, f"{what}: {'held' if on else 'released'}")
    return 0


def _print(frame: Frame, turned: Turned) -> int:
    """Mails as they are now, a line each, and the refusals; gives the status."""
    values = [{**value, "dry_run": True} for value in turned.done] if frame.options.dry_run else turned.done
    if not (frame.options.quiet and frame.options.output in (None, "table")):
        chosen = output.form(frame, otherwise="table")
        if not output.machine(frame, values, chosen, columns=COLUMNS, key="id"):
            tried = "would be " if frame.options.dry_run else ""
            output.lines(
                f"mail {value['id']} {tried}{value['status']}: {', '.join(value['recipients'])}" for value in values
            )
    return output.refused(frame, turned.refused)
