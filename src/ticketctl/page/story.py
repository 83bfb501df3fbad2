"""The story of one letter (`--explain`, `mail explain`): chapters, their steps, the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from ticketctl.page.safe import escape

HEADINGS = {
    "came": "How it came",
    "read": "What was read",
    "control": "Headers that ask for something",
    "queue": "Which queue",
    "rules": "Rules that fired",
    "kind": "Which kind of mail",
    "seen": "Seen before?",
    "ticket": "Which ticket",
    "change": "What happens beside the article",
    "answer": "Automatic answer",
    "verdict": "Verdict",
    "hand": "By hand, later",
}


def step_value(step: Any) -> dict[str, Any]:
    """A step as machine output has it: `step`, `tried`, `found`, `decided`; null for what does not apply."""
    return {key: getattr(step, key) for key in ("step", "tried", "found", "decided")}


def story_page(steps: Iterable[Mapping[str, Any]], end: str) -> str:
    """A heading for each chapter, a line for each step (`->` what was decided), and `=>` how it ended.

    The first line is a heading: a mail system takes a status out of a first line that begins with `4.x.x` or `5.x.x`.
    """
    lines = []
    for chapter, some in groupby(steps, key=lambda step: step["step"]):
        lines.append(HEADINGS.get(chapter, "And"))
        lines += [f"  {line}" for step in some for line in _lines(step)]
    return "".join(f"{escape(line)}\n" for line in [*(lines or ["Story"]), f"=> {end}"])


def _lines(step: Mapping[str, Any]) -> list[str]:
    said = ": ".join(text for text in (step["tried"], step["found"]) if text)
    return [*([said] if said else []), *([f"-> {step['decided']}"] if step["decided"] else [])]
