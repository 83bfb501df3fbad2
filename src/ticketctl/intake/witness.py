"""What in a letter made a row of the table of kinds and answers match (A1 to A13): the header, or what stands for it.

Found by asking `letter.judge` again with fewer headers: a row of the table needs to know nothing of this.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from ticketctl.intake.trail import short
from ticketctl.letter import judge
from ticketctl.letter.value import Letter, Ours
from ticketctl.ticket import Address


def witness(row: str, letter: Letter, *, sender: str | None, recipient: str | None, ours: Ours) -> str | None:
    """`Auto-Submitted: auto-replied`; None where the row does not match the letter (any more)."""

    def fires(first: int) -> bool:
        """Does the row match with the first headers alone?"""
        some = replace(letter, headers=letter.headers[:first])
        return row in judge(some, sender=sender, recipient=recipient, ours=ours).silence

    whole = judge(letter, sender=sender, recipient=recipient, ours=ours)
    if row not in whole.silence:
        return None
    if row == "A12":
        return short(", ".join(whole.flags))
    if fires(0):
        said = _WORDS.get(row)
        return said(letter, sender) if said else None
    low, high = 0, len(letter.headers)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fires(middle) else (middle, high)
    name, value = letter.headers[high - 1]
    return short(f"{name}: {value}")


def _nobody(letter: Letter, sender: str | None) -> str:
    given = next((each for each in (sender, letter.return_path, letter.envelope_from) if each is not None), "")
    return f"envelope sender <{short(given.strip('<>'))}>"


def _report(letter: Letter, _: str | None) -> str:
    kind = letter.parts[0].content_type if letter.parts else "text"
    returned = f", it brings back <{short(letter.returned_ids[0].strip('<>'))}>" if letter.returned_ids else ""
    return f"{short(kind)}, recipients reported: {len(letter.reports)}{returned}"


def _addresses(name: str, addresses: tuple[Address, ...]) -> str:
    if not addresses:
        return f"no {name}"
    more = f" and {len(addresses) - 3} more" if addresses[3:] else ""
    return f"{name}: {short(', '.join(each.address or '?' for each in addresses[:3]))}{more}"


def _author(letter: Letter, sender: str | None) -> str:
    return f"From: {short(letter.author.address or letter.claimed)}, envelope sender <{short(sender or '')}>"


_WORDS: dict[str, Callable[[Letter, str | None], str]] = {
    "A1": _nobody,
    "A2": _report,
    "A3": _author,
    "A4": lambda letter, _: f"{letter.hops} Received lines",
    "A10": _author,
    "A11": lambda letter, _: f"Subject: {short(letter.subject)}",
    "A13": lambda letter, _: f"{_addresses('To', letter.to)}; {_addresses('Cc', letter.cc)}",
}
