"""Real mail, broken in every way that we know of: nothing raises, nothing is lost, everything in its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from conftest import CORPUS
from core.letter.promises import STEP, broken, kept
from core.letter.samples import MAILS
from torture.place import Place
from torture.tally import Tally

SECONDS = 10  # of CPU for one mail, G9


def of_broken_mail(place: Place, tally: Tally) -> None:
    """Every mail cut at every 97th byte, spliced with the one before, its fields and line ends mistreated."""
    every = place.sizes["BROKEN"]
    other = b""
    slowest = (0.0, "")
    for name, raw in list(_mails())[::every]:
        for number, worse in enumerate(broken(raw, other, step=STEP if every == 1 else max(STEP, len(raw) // 20))):
            begun = time.process_time()
            try:
                kept(worse)
            except Exception as error:
                tally.hold(False, f"{name}, form {number}: {type(error).__name__} {error}")
            slowest = max(slowest, (time.process_time() - begun, name))
            tally.ended(0, (0,), name)
        other = raw
    tally.hold(slowest[0] < SECONDS, f"{slowest[1]}: {slowest[0]:.1f} s")
    tally.note("ms for the slowest", round(slowest[0] * 1000))


def _mails() -> Iterator[tuple[str, bytes]]:
    yield from MAILS.items()
    for path in sorted(CORPUS.glob("*/*")) if CORPUS.is_dir() else ():
        if path.suffix != ".md" and "LICENSE" not in path.name:
            yield f"{path.parent.name}/{path.name}", Path(path).read_bytes()
