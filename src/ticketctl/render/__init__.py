"""Templates -> text; values -> outgoing mail. Jinja2 and `email` are imported when the first thing is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ticketctl.render.answers import auto_answer, notice
    from ticketctl.render.compose import draft, quotation
    from ticketctl.render.mail import build, check_address
    from ticketctl.render.templates import Filled, check, fill
    from ticketctl.render.value import Enclosed, Outgoing

__all__ = [
    "Enclosed",
    "Filled",
    "Outgoing",
    "auto_answer",
    "build",
    "check",
    "check_address",
    "draft",
    "fill",
    "notice",
    "quotation",
]

_HOMES = {
    "Enclosed": "value",
    "Filled": "templates",
    "Outgoing": "value",
    "auto_answer": "answers",
    "build": "mail",
    "check": "templates",
    "check_address": "mail",
    "draft": "compose",
    "fill": "templates",
    "notice": "answers",
    "quotation": "compose",
}


def __getattr__(name: str) -> Any:
    """Each name from its file, when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
