"""The short form of the fault suite (mail-rules section 7); `make torture` is the long one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from torture.place import SQLITE, Database, Place
from torture.scenarios import SCENARIOS, Scenario, played
from torture.sizes import forms

DATABASES = (SQLITE,)
PLAYED = [
    pytest.param(scenario, database, id=f"{scenario.name}-{database.name}",
                 marks=[pytest.mark.requires(*scenario.needs)])
    for scenario in SCENARIOS
    for database in DATABASES
    if database.name in scenario.databases
]  # fmt: skip


@pytest.mark.parametrize(("scenario", "database"), PLAYED)
def test_nothing_is_lost_and_nothing_is_twice(
    tmp_path: Path, program: Callable[[str], list[str]], scenario: Scenario, database: Database
) -> None:
    short, _ = forms()
    tally = played(scenario, Place(tmp_path, program, database, short))
    print(tally.line())
    assert tally.bad == []
    assert tally.statuses.total() > 0
