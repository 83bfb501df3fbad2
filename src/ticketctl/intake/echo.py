"""Does a letter say once more what the last ones said that were answered? Then a machine may be talking to us.

A responder without any header that gives it away, a new subject and no references each time, can be told from a person
by this alone: it says the same, whatever it is told. Of a person who does, only the fourth confirmation is missing.
"""

from __future__ import annotations

import re

from ticketctl.intake.value import Known
from ticketctl.letter.value import Letter

LOOKED_AT = 20_000  # characters of a text
ANSWERED = 3  # automatic answers in a row, with no word of an agent between: two machines exchange six mails
SAME = 2  # of the mails that they answered, the newest: whoever began may have said something else
_NUMBER = re.compile(r"\d{8,}")  # a ticket's: the one thing of ours that it may put into its text


def echoes(letter: Letter, known: Known) -> bool:
    """The same words as the mails of this address that were answered last, all of them by a machine."""
    said = gist(letter.text)
    return bool(said) and len(known.said) >= ANSWERED and {gist(each) for each in known.said[:SAME]} == {said}


def gist(text: str) -> str:
    """A text without what it quotes, without long numbers, however its lines are broken."""
    lines = (line for line in text[:LOOKED_AT].split("\n") if not line.startswith(">"))
    return _NUMBER.sub("#", " ".join(" ".join(lines).split()))
