"""Completion of values: names of queues, agents, templates, and what a query may say.

The database is opened when a value is completed, never before; where it cannot be read there is nothing to offer, and
nobody is disturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ticketctl.cli.frame import Frame

Names = Callable[["Frame"], Iterable[str]]
Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def _offered(names: Names) -> Offer:
    """A click callback that offers those of the names that begin with what is typed."""

    def offer(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
        return [name for name in _asked(names) if name.startswith(typed)]

    return offer


def _asked(names: Names) -> list[str]:
    """The names, as the agent may see them; none where anything is wrong."""
    from ticketctl.cli.frame import Frame

    frame = Frame([])
    try:
        with suppress(Exception):
            return list(names(frame))
        return []
    finally:
        frame.close()


def _listed(noun: str, **wanted: Any) -> Names:
    """The names that `desk.directory` lists, of those values that are as wanted."""

    def names(frame: Frame) -> Iterable[str]:
        from ticketctl.cli.directory import request

        values = frame.do(request(noun)).values
        return [value["name"] for value in values if all(value[key] == each for key, each in wanted.items())]

    return names


queues = _offered(_listed("queues"))
agents = _offered(_listed("agents"))
answers = _offered(_listed("templates", kind="answer"))


def terms(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """`qu` -> `queue:`, `queue:Su` -> `queue:Support`. bash takes a word apart at its colons."""
    from ticketctl.query import FIELDS

    before: tuple[str, ...] = context.params.get("query") or ()
    if len(before) > 1 and before[-1] == ":":
        return [value for value in _values(before[-2]) if value.startswith(typed)]
    field, colon, value = typed.partition(":")
    if not colon:
        return [f"{name}:" for name in FIELDS if name.startswith(typed)]
    return [f"{field}:{each}" for each in _values(field) if each.startswith(value)]


def _values(field: str) -> list[str]:
    """What a field of a query may hold, as far as it can be listed; nothing that would want quotes."""
    from ticketctl.ticket import Kind, Priority, State, StateType

    fixed: dict[str, Iterable[str]] = {
        "state": State, "type": StateType, "priority": Priority, "kind": Kind, "lock": ("locked", "unlocked"),
        "waiting": ("us", "customer"),
    }  # fmt: skip
    match field:
        case "queue":
            found: Iterable[str] = _asked(_listed("queues"))
        case "owner":
            found = ["me", "none", *_asked(_listed("agents"))]
        case _:
            found = map(str, fixed.get(field, ()))
    return [each for each in found if " " not in each]
