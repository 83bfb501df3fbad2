"""The short form of the fault suite (mail-rules section 7); `make torture` is the long one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from torture.place import Place
from torture.scenarios import SCENARIOS, Scenario, played
from torture.sizes import forms

PLAYED = [
    pytest.param(each, database, id=f"{each.name}-{database}", marks=[pytest.mark.requires(*each.needs)])
    for each in SCENARIOS
    for database in each.databases
    if database not in each.only_long
]


@pytest.mark.parametrize(("scenario", "database"), PLAYED, indirect=["database"])
def test_nothing_is_lost_and_nothing_is_twice(
    tmp_path: Path,
    program: Callable[[str], list[str]],
    place: Callable[[Path], str],
    scenario: Scenario,
    database: str,
) -> None:
    short, _ = forms()
    tally = played(scenario, Place(tmp_path, program, short, database=database, give=place))
    print(tally.line())
    assert tally.bad == []
    assert tally.statuses.total() > 0
