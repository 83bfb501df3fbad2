"""`make torture`: every scenario in its long form, a line each; not 0 where one failed.

Words choose scenarios by a part of their names. Every figure of sizes.py can be set: TORTURE_KILLS=100 make torture.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from conftest import REPOSITORY, absent, scrub
from torture.place import Place
from torture.scenarios import SCENARIOS, Scenario, played
from torture.sizes import forms
from torture.tally import Tally


def main(words: list[str]) -> int:
    """Plays those whose names have one of the words, all without words; 1 where one failed or none was played."""
    chosen = [each for each in SCENARIOS if not words or any(word in each.name for word in words)]
    root = Path(tempfile.mkdtemp(prefix="ticketctl-torture-"))
    scrub(root / "home")
    try:
        tallies = [tally for each in chosen if (tally := _one(each, root))]
    finally:
        shutil.rmtree(root, ignore_errors=True)
    total = Tally("total")
    for each in tallies:
        total.statuses += each.statuses
        total.lost += each.lost
        total.twice += each.twice
        total.wrong += each.wrong
    print(total.line(), flush=True)
    return 1 if total.bad or not tallies else 0


def _one(scenario: Scenario, root: Path) -> Tally | None:
    """Plays one and prints its line and what was bad; None where the machine lacks what it needs."""
    if missing := [name for name in scenario.needs if absent(name)]:
        print(f"{scenario.name:34} skipped: needs {', '.join(missing)}", flush=True)
        if os.environ.get("CI") != "true":
            return None
        tally = Tally(scenario.name)
        tally.hold(False, f"needs {', '.join(missing)}, and in CI everything has to run")
        return tally
    folder = root / re.sub(r"\W+", "-", scenario.name)
    folder.mkdir()
    place = Place(folder, lambda name: [sys.executable, str(REPOSITORY / "bin" / name)], forms()[1])
    tally = played(scenario, place)
    shutil.rmtree(folder, ignore_errors=True)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print(tally.line(), flush=True)
    for each in tally.bad[:20]:
        print(f"    {each}", flush=True)
    return tally


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
