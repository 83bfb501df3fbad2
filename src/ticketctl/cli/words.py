"""The tickets that a command line names, and the options that many verbs share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ticketctl.errors import GivenUp, Usage

if TYPE_CHECKING:
    from ticketctl.cli.frame import Frame

MANY = 10  # more tickets than that are asked about
F = TypeVar("F", bound=Callable[..., Any])

tickets = click.argument("words", nargs=-1, required=True, metavar="TICKET...")
ticket = click.argument("word", metavar="TICKET")


def text_options(function: F) -> F:
    """-m and -F."""
    for option in (
        click.option("-F", "--file", metavar="FILE", help="Read the text from a file; - is stdin."),
        click.option("-m", "--message", metavar="TEXT", help="The text."),
    ):
        function = option(function)
    return function


def given(words: Sequence[str]) -> list[str]:
    """The words, `-` replaced by those on stdin."""
    found: list[str] = []
    for word in words:
        found += sys.stdin.read().replace("\0", " ").split() if word == "-" else [word]
    return found


def numbers(words: Sequence[str]) -> list[int]:
    """The ids of mails that a command line names, `-` replaced by those on stdin. Usage (2) for what is none."""
    found = given(words)
    for word in found:
        if not (word.isascii() and word.isdigit() and 0 < int(word[:11]) < 2**31):
            raise Usage(f"not a mail of the outbox: {word!r}; write its id")
    return list(map(int, found))


def expanded(frame: Frame, words: Sequence[str]) -> list[str]:
    """The words, `-` replaced by those on stdin. More than ten tickets are asked about on a terminal.

    Raises GivenUp (130) for a no, Usage (2) where nobody may be asked.
    """
    found = given(words)
    if len(found) > MANY and not frame.options.yes and sys.stdin.isatty() and sys.stdout.isatty():
        from ticketctl.cli.terminal import confirm

        if frame.options.no_input:
            raise Usage(f"{len(found)} tickets: say -y, since nothing may be asked")
        if not confirm(frame, f"{len(found)} tickets. Go on?"):
            raise GivenUp("given up: nothing was changed")
    return found
