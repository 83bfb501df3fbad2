"""What queue, agent, role, template and customer have in common: `list` and `show`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from importlib import import_module
from typing import Any

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family, verb

Value = dict[str, Any]


def family(
    noun: str,
    columns: Sequence[str],
    *,
    help: str,
    examples: str,
    page: Callable[[Value, tzinfo], str] = output.fields,
) -> Family:
    """The verb of a noun, with its `list` and `show`; `desk.directory` has `<noun>s` and `<noun>`.

    `page`: how people see one.
    """
    made = Family(noun, help=help, examples=examples)

    @verb("list", help=f"List {noun}s.")
    def list_(frame: Frame) -> None:
        listed = frame.do(request(f"{noun}s"))
        values = [_told(value) for value in listed.values] if output.form(frame) == "table" else listed.values
        output.rows(frame, values, columns=columns, key=columns[0], zone=listed.zone)
        if listed.blind and not values:
            output.remark(frame, output.BLIND)

    @verb("show", help=f"Show one {noun}.")
    @click.argument("name")
    def show(frame: Frame, name: str) -> None:
        value, zone = frame.do(request(noun), name)
        output.one(frame, value, lambda: page(_told(value), zone), key=columns[0])

    made.add_command(list_)
    made.add_command(show)
    return made


def _told(value: Value) -> Value:
    """For people: no rights are a dash."""
    return {**value, "rights": value["rights"] or "-"} if "rights" in value else value


def request(name: str) -> Any:
    """A request of desk.directory, imported when it is made."""
    return getattr(import_module("ticketctl.desk.directory"), name)
