"""Aligned columns for a terminal, of our own: rich alone costs more than all of a list (deps.md row 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from ticketctl.page.machine import plain
from ticketctl.page.safe import escape
from ticketctl.ticket import in_zone

LIST_COLUMNS = ("number", "id", "age", "queue", "state", "priority", "lock", "owner", "customer", "title")
HELD_COLUMNS = ("id", "received", "kind", "from", "subject", "held")
MAIL_COLUMNS = ("id", "received", "verdict", "kind", "from", "subject", "number")
OUTBOX_COLUMNS = ("id", "created", "class", "status", "number", "recipients", "tries", "subject")

_TIMES = {"created", "changed", "closed", "pending_until", "first_response_due", "update_due", "solution_due",
          "received", "date", "at", "next_try", "last"}  # fmt: skip
_RIGHT = {"id", "age", "version", "articles", "tries", "size", "n"}
_WHOLE = {"number", "id", "article", "verdict", *_RIGHT, *_TIMES}  # never cut: they are there to be copied
_TEXTS = {"title": 3, "subject": 3, "held": 3, "customer": 2, "recipients": 2, "from": 2}  # how much more they are read
_NARROWEST = 8
_USUAL = {"priority": "normal", "lock": "unlocked", "owner": None}
_GAP = "  "

BOLD, DIM, RED, YELLOW, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


def paint(text: str, colour: str | None, on: bool) -> str:
    """The text in a colour, where colours are on; what is painted must be escaped already."""
    return f"{colour}{text}{PLAIN}" if on and colour and text else text


def width_of(text: str) -> int:
    """Cells on a terminal (UAX 11): East Asian wide ones take two, combining marks and joiners none."""
    if text.isascii():
        return len(text)
    import unicodedata  # late: most lists are ASCII

    total = 0
    for char in text:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


def clip(text: str, width: int) -> str:
    """The text in at most `width` cells, its end an ellipsis where it is cut."""
    if width_of(text) <= width:
        return text
    if text.isascii():
        return text[: max(width - 1, 0)] + "…"
    kept, used = "", 0
    for char in text:
        used += width_of(char)
        if used > width - 1:
            break
        kept += char
    return kept + "…"


def age(lapse: timedelta) -> str:
    """`5m`, `2h`, `3d`, `20w`: the greatest unit, rounded down; what is to come has none."""
    minutes = max(int(lapse.total_seconds()) // 60, 0)
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 48 * 60:
        return f"{minutes // 60}h"
    days = minutes // (24 * 60)
    return f"{days}d" if days < 100 else f"{days // 7}w"


def local(when: str | None, zone: tzinfo) -> str:
    """A time of the machine output as the agent's clock has it, to the minute; nothing for null."""
    return f"{in_zone(_read(when), zone):%Y-%m-%d %H:%M}" if when else ""


def _read(when: str) -> datetime:
    return datetime.fromisoformat(when).astimezone(UTC)


def shown(column: str, value: object, *, zone: tzinfo) -> str:
    """A value as people read it below that name: a time as the agent's clock has it; not escaped."""
    return local(str(value), zone) if column in _TIMES and value else plain(value)


def cell(row: Mapping[str, object], column: str, *, now: datetime, zone: tzinfo) -> str:
    """What a column shows of a row, escaped: ages, local times, a person's address."""
    if column == "age":
        return age(now - _read(str(row["created"]))) if row.get("created") else ""
    value = row.get(column)
    if column in _TIMES:
        return local(str(value), zone) if value else ""
    if column == "lock":
        return "" if value == "unlocked" else "locked"
    return escape(plain(value))


def table(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str] = LIST_COLUMNS,
    *,
    width: int,
    color: bool,
    now: datetime,
    zone: tzinfo,
    header: bool = True,
) -> str:
    """Rows under a header, the wide columns cut until a line has at most `width` cells; no rows, nothing at all."""
    if not rows:
        return ""
    cells = [[cell(row, column, now=now, zone=zone) for column in columns] for row in rows]
    titles = [column.replace("_", " ").upper() for column in columns]
    widths = _fitted([titles, *cells] if header else cells, columns, width)
    lines = [paint(_line(titles, columns, widths), BOLD, color)] if header else []
    for row, line in zip(rows, cells, strict=True):
        lines.append(paint(_line(line, columns, widths), _colour(row, now), color))
    return "".join(f"{line}\n" for line in lines)


def telling(rows: Sequence[Mapping[str, object]], columns: Sequence[str] = LIST_COLUMNS) -> tuple[str, ...]:
    """The columns that tell something: without those where every row has what is usual."""
    return tuple(
        column
        for column in columns
        if column not in _USUAL or any(row.get(column) != _USUAL[column] for row in rows)
    )


def _fitted(cells: Sequence[Sequence[str]], columns: Sequence[str], width: int) -> list[int]:
    """The columns' widths: as wide as they need, then the widest that may be cut gives way, cell by cell; a title
    counts as a third of its width, since it is what one reads."""
    widths = [max(width_of(line[index]) for line in cells) for index in range(len(columns))]
    soft = [index for index, column in enumerate(columns) if column not in _WHOLE]
    excess = sum(widths) + len(_GAP) * (len(columns) - 1) - width
    while excess > 0 and (wide := [index for index in soft if widths[index] > _NARROWEST]):
        widths[max(wide, key=lambda index: widths[index] / _TEXTS.get(columns[index], 1))] -= 1
        excess -= 1
    return widths


def _line(cells: Sequence[str], columns: Sequence[str], widths: Sequence[int]) -> str:
    shown = []
    for text, column, width in zip(cells, columns, widths, strict=True):
        kept = clip(text, width)
        pad = " " * (width - width_of(kept))
        shown.append(pad + kept if column in _RIGHT else kept + pad)
    return _GAP.join(shown).rstrip()


def _colour(row: Mapping[str, object], now: datetime) -> str | None:
    """Red what is overdue, bold what is unread, yellow what is urgent, dim what is done."""
    if row.get("state_type") in ("closed", "merged", "removed"):
        return DIM
    due = [str(row[key]) for key in ("first_response_due", "update_due", "solution_due") if row.get(key)]
    if any(_read(when) <= now for when in due):
        return RED
    if row.get("unread"):
        return BOLD
    return YELLOW if row.get("priority") in ("high", "very-high") else None
