"""Where a scenario plays: folders, programs, and the database as a parameter.

A scenario asks for desks and never for a kind of database, unless it says so in its `databases`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from torture.sizes import Sizes

Give = Callable[[Path], str]  # the URL of a new, empty database; an SQLite one is the file that is asked for


def sqlite_file(path: Path) -> str:
    """The plainest way to give one."""
    return f"sqlite:///{path}"


class Place:
    """What every scenario is given."""

    def __init__(
        self, root: Path, program: Callable[[str], list[str]], sizes: Sizes, *, database: str = "sqlite",
        give: Give = sqlite_file,
    ) -> None:  # fmt: skip
        self.root, self.program, self.sizes, self.database, self.give = root, program, sizes, database, give
        self._numbers = itertools.count(1)

    def folder(self) -> Path:
        """A new one."""
        made = self.root / f"{next(self._numbers)}"
        made.mkdir()
        return made
