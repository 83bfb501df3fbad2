"""What queue, agent, role, template and customer have in common: `list` and `show`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family, verb

Value = dict[str, Any]


def family(noun: str, columns: Sequence[str], *, help: str, examples: str) -> Family:
    """The verb of a noun, with its `list` and `show`; `desk.directory` has `<noun>s` and `<noun>`."""
    made = Family(noun, help=help, examples=examples)

    @verb("list", help=f"List {noun}s.")
    def list_(frame: Frame) -> None:
        output.rows(frame, frame.do(request(f"{noun}s")), columns=columns, key=columns[0])

    @verb("show", help=f"Show one {noun}.")
    @click.argument("name")
    def show(frame: Frame, name: str) -> None:
        value = frame.do(request(noun), name)
        output.one(frame, value, lambda: output.fields(value), key=columns[0])

    made.add_command(list_)
    made.add_command(show)
    return made


def request(name: str) -> Any:
    """A request of desk.directory, imported when it is made."""
    return getattr(import_module("ticketctl.desk.directory"), name)
