"""`config`: what holds on this host, and why."""

from __future__ import annotations

from typing import Any

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import Family, verb

command = Family("config", help="What holds on this host (ticketctl.toml, environment, flags), and why.", examples="""
ticketctl config show --origin
ticketctl config get database
""")  # fmt: skip


@verb("show")
@click.option("--origin", is_flag=True, help="Where each setting comes from.")
def show(frame: Frame, origin: bool) -> None:
    """Show every setting; passwords are hidden."""
    values = [
        {"key": key, "value": _plain(frame.config.redacted(key)), "origin": frame.config.origin[key]}
        for key in frame.config.values
    ]
    columns = ("key", "value", "origin") if origin else ("key", "value")
    shown = [{name: value[name] for name in columns} for value in values]
    output.rows(frame, shown, columns=columns, key="key")


@verb("get")
@click.argument("key")
def get(frame: Frame, key: str) -> None:
    """Print one setting."""
    from ticketctl.errors import NotThere

    if key not in frame.config.values:
        raise NotThere(f"no setting {key!r}: `ticketctl config show` lists them")
    value = _plain(frame.config.redacted(key))
    output.one(frame, {"key": key, "value": value}, lambda: _line(value), key="key")


def _line(value: Any) -> str:
    from ticketctl.page import escape
    from ticketctl.page.machine import plain

    return escape(" ".join(value) if isinstance(value, list) else plain(value)) + "\n"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


command.add_command(show)
command.add_command(get)
