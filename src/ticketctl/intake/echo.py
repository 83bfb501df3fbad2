"""Does a letter say once more what was said in the mail that was answered last? Then a machine may be talking to us.

A responder without any header that gives it away, a new subject and no references each time, can be told from a person
by this alone: it says the same. Of a person who does, only the second confirmation is missing.
"""

from __future__ import annotations

import re

from ticketctl.intake.value import Known
from ticketctl.letter.value import Letter

LOOKED_AT = 20_000  # characters of a text
_SHORT = 20  # characters: so little, strangers of one domain may say by chance
_NUMBER = re.compile(r"\d{8,}")  # a ticket's: the one thing of ours that it may put into its text


def echoes(letter: Letter, known: Known) -> bool:
    """The same words as the letter of this address that was answered last, or as that of its domain."""
    said = gist(letter.text)
    return bool(said) and (said == gist(known.said) or (len(said) >= _SHORT and said == gist(known.said_near)))


def gist(text: str) -> str:
    """A text without what it quotes, without long numbers, however its lines are broken."""
    lines = (line for line in text[:LOOKED_AT].split("\n") if not line.startswith(">"))
    return _NUMBER.sub("#", " ".join(" ".join(lines).split()))
