"""Our own mails, broken in every way that we know of, keep everything that `read` promises."""

from __future__ import annotations

import pytest

from core.letter.promises import broken, kept
from core.letter.samples import MAILS


@pytest.mark.parametrize("name", MAILS)
def test_broken_mails_are_read(name: str) -> None:
    raw = MAILS[name]
    other = MAILS["everything" if name != "everything" else "a bounce"]
    count = sum(1 for each in broken(raw, other) if kept(each))
    assert count > len(raw) // 97 * 4


def test_the_samples_are_what_they_seem() -> None:
    letter = kept(MAILS["everything"])
    assert letter.remarks == ()
    assert letter.text.startswith("Grüße, this line goes on in the next.\n")
    assert [each.name for each in letter.attachments] == [
        "part-1.html", "€uro.png", "part-3.ics", "winmail.dat", "a.pdf", "data.bin", "one.eml", "part-8.eml",
    ]  # fmt: skip
