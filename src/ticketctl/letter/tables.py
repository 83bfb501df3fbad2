"""Tables of HTML: those that fit a screen stay tables, those that only lay a page out are read cell by cell.

Newsletters stand in tables within tables; side by side their columns would be lines of hundreds of characters. Each
table is judged at its end by its columns' widest lines, and its tags are turned into line breaks if they are too wide.
"""

from __future__ import annotations

from msgspec import Struct, field

WIDTH = 76  # characters that all columns together may take
_GAP = 2  # between two columns

CELLS = frozenset(("td", "th"))
ROWS = frozenset(("tr", "tbody", "thead", "tfoot", "caption"))


class _Table(Struct):
    """One that is open: where its tags stand in the output, and how wide it is so far."""

    tags: list[int] = field(default_factory=list)
    cells: list[tuple[int, bool]] = field(default_factory=list)  # where each begins; does it say anything?
    columns: list[int] = field(default_factory=list)  # the widest line of each
    column: int = -1
    line: int = 0  # of the cell, so far
    widest: int = 0  # line of the cell


class Tables:
    """Follows the tables of a page while it is cleaned; rewrites `out` where one ends."""

    def __init__(self, out: list[str]) -> None:
        self.out = out
        self.opened: list[_Table] = []

    def open(self, name: str) -> None:
        """An opening tag of a table or in one; it stands last in `out`."""
        at = len(self.out) - 1
        if name == "table":
            self.opened.append(_Table())
        if not self.opened:
            return
        top = self.opened[-1]
        top.tags.append(at)
        if name in CELLS:
            self._end_of_cell(top)
            top.column += 1
            top.cells.append((at, False))
        elif name in ROWS:
            self._end_of_cell(top)
            top.column = -1

    def close(self, name: str) -> None:
        """A closing one; it stands last in `out`."""
        if not self.opened:
            return
        top = self.opened[-1]
        top.tags.append(len(self.out) - 1)
        if name in CELLS or name in ROWS:
            self._end_of_cell(top)
        elif name == "table":
            self._end_of_cell(top)
            self.opened.pop()
            self._judge(top)

    def text(self, length: int, *, blank: bool) -> None:
        """So many characters of text."""
        if self.opened:
            top = self.opened[-1]
            if not blank and top.cells:
                top.cells[-1] = (top.cells[-1][0], True)
            if not blank or top.line:
                top.line += length

    def line_break(self) -> None:
        """A tag that begins a line of its own."""
        if self.opened:
            top = self.opened[-1]
            top.widest, top.line = max(top.widest, top.line), 0

    def _end_of_cell(self, top: _Table) -> None:
        widest = max(top.widest, top.line)
        top.widest = top.line = 0
        if top.column < 0:
            return
        while len(top.columns) <= top.column < 1_000:
            top.columns.append(0)
        if top.column < len(top.columns):
            top.columns[top.column] = max(top.columns[top.column], widest)

    def _judge(self, top: _Table) -> None:
        width = sum(top.columns) + _GAP * max(len(top.columns) - 1, 0)
        if len(top.columns) > 1 and width > WIDTH:
            for at in top.tags:
                self.out[at] = ""
            for at, says in top.cells:
                self.out[at] = "<br>" if says else ""
            self.out[top.tags[-1]] = "<br>"
            width = max(top.columns)
        if self.opened:
            above = self.opened[-1]
            above.widest = max(above.widest, width)
            if any(top.columns) and above.cells:
                above.cells[-1] = (above.cells[-1][0], True)
