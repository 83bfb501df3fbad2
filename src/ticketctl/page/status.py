"""What an agent should look at now (`status`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from ticketctl.page.safe import escape
from ticketctl.page.table import BOLD, MAIL_COLUMNS, OUTBOX_COLUMNS, YELLOW, paint, table

_TICKETS = ("number", "id", "queue", "priority", "customer", "age", "title")
_MOST = 10  # rows of a section; the rest is counted

# The sections in their order: key of the value, heading, short word for tmux, columns.
SECTIONS = (
    ("new", "New in my queues", "new", _TICKETS),
    ("answered", "Mine, waiting for me", "answered", _TICKETS),
    ("overdue", "Overdue", "overdue", _TICKETS),
    ("reminders", "Reminders that are due", "reminders", _TICKETS),
    ("unsent", "My mail that is not sent", "unsent", OUTBOX_COLUMNS),
    ("held", "Held mail", "held", MAIL_COLUMNS),
)


# What a brake stops, and the word that lets it go.
BRAKES = {"all": "All mail is held", "auto": "Automatic answers are held"}


def brake_line(brake: Mapping[str, Any]) -> str:
    """What is held for the whole desk, why, and how it is let go."""
    why = f" ({brake['reason']})" if brake["reason"] else ""
    return escape(f"{BRAKES[brake['name']]}{why}: ticketctl outbox release --{brake['name']}")


def status_page(
    value: Mapping[str, Any],
    *,
    width: int,
    color: bool,
    now: datetime,
    zone: tzinfo,
    brakes: Sequence[Mapping[str, Any]] = (),
    counts: Mapping[str, int] | None = None,
) -> str:
    """The sections that hold something; `value` has a list of tickets (`unsent`: outbox, `held`: mail) by key.

    `counts`: how many there are in all, of those that the lists do not hold whole.
    `brakes`, by name and reason, stand first: what stops mail for the whole desk.
    """
    parts = ["".join(paint(brake_line(brake), YELLOW, color) + "\n" for brake in brakes)] if brakes else []
    for key, heading, _, columns in SECTIONS:
        rows = value.get(key) or ()
        if not rows:
            continue
        count = (counts or {}).get(key, len(rows))
        more = f"... and {count - _MOST} more\n" if count > _MOST else ""
        lines = table(rows[:_MOST], columns, width=width, color=color, now=now, zone=zone, header=False)
        parts.append(paint(f"{heading}: {count}", BOLD, color) + "\n" + lines + more)
    return "\n".join(parts) or "Nothing to do.\n"


def status_short(counts: Mapping[str, int]) -> str:
    """One line of counts for a status bar: `3 new, 1 overdue`; an empty line when all is well."""
    return ", ".join(f"{counts[key]} {word}" for key, _, word, _ in SECTIONS if counts.get(key)) + "\n"
