"""`make torture`: each scenario in its long form, on each database that it is about; not 0 where one failed.

Words choose scenarios by a part of their names, or of their databases'. Every figure of sizes.py can be set:
TORTURE_KILLS=100 make torture.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import servers
from conftest import REPOSITORY, absent, scrub
from torture.place import Place
from torture.scenarios import SCENARIOS, Scenario, played
from torture.sizes import forms
from torture.tally import Tally


def main(words: list[str]) -> int:
    """Plays those whose names have one of the words, all without words; 1 where one failed or none was played."""
    every = [(each, database) for each in SCENARIOS for database in each.databases]
    chosen = [one for one in every if not words or any(word in f"{one[0].name} {one[1]}" for word in words)]
    root = Path(tempfile.mkdtemp(prefix="ticketctl-torture-"))
    root.chmod(0o755)  # servers run as users of their own
    scrub(root / "home")
    try:
        tallies = [tally for each, database in chosen if (tally := _one(each, database, root))]
    finally:
        servers.stop_all(root)
        shutil.rmtree(root, ignore_errors=True)
    total = Tally("total")
    for each in tallies:
        total.statuses += each.statuses
        total.lost += each.lost
        total.twice += each.twice
        total.wrong += each.wrong
    print(total.line(), flush=True)
    return 1 if total.bad or not tallies else 0


def _one(scenario: Scenario, database: str, root: Path) -> Tally | None:
    """Plays one and prints its line and what was bad; None where the machine lacks what it needs."""
    name = scenario.name if database == "sqlite" else f"{scenario.name} ({database})"
    needs = [*scenario.needs, *([database] if database != "sqlite" else [])]
    if missing := [each for each in needs if absent(each)]:
        print(f"{name:44} skipped: needs {', '.join(missing)}", flush=True)
        if os.environ.get("CI") != "true":
            return None
        tally = Tally(name)
        tally.hold(False, f"needs {', '.join(missing)}, and in CI everything has to run")
        return tally
    folder = root / re.sub(r"\W+", "-", name)
    folder.mkdir()
    with servers.places(database, root) as give:
        place = Place(folder, _program, forms()[1], database=database, give=give)
        tally = played(scenario, place)
    tally.name = name
    shutil.rmtree(folder, ignore_errors=True)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print(tally.line(), flush=True)
    for each in tally.bad[:20]:
        print(f"    {each}", flush=True)
    return tally


def _program(name: str) -> list[str]:
    return [sys.executable, str(REPOSITORY / "bin" / name)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
