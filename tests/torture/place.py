"""Where a scenario plays: folders, programs, and the database as a parameter.

A scenario asks for desks and never for a kind of database, unless it says so in its `databases`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from torture.sizes import Sizes


class Database(Struct, frozen=True, kw_only=True):
    """A kind of database. `make` gives the URL of an empty one for the desk in a folder, `clear` takes it away."""

    name: str
    make: Callable[[Path], str]
    clear: Callable[[str], None] = lambda _url: None


SQLITE = Database(name="sqlite", make=lambda root: f"sqlite:///{root}/desk.db")


class Place:
    """What every scenario is given."""

    def __init__(self, root: Path, program: Callable[[str], list[str]], database: Database, sizes: Sizes) -> None:
        self.root, self.program, self.database, self.sizes = root, program, database, sizes
        self._numbers = itertools.count(1)

    def folder(self) -> Path:
        """A new one."""
        made = self.root / f"{next(self._numbers)}"
        made.mkdir()
        return made
