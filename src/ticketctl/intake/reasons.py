"""The rows of the table of kinds and answers, in words that a postmaster understands (mail-rules section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ROWS = {
    "A1": "it came from nobody: null envelope sender, or a mailer daemon",
    "A2": "it reports on a delivery, a reading, a complaint, or brings a mail of ours back",
    "A3": "its sender is an address of the desk itself",
    "A4": "it went round: our own mark, too many hops, or delivered here before",
    "A5": "Auto-Submitted says that a machine wrote it",
    "A6": "it came through a mailing list",
    "A7": "Precedence says bulk, junk, list or auto_reply",
    "A8": "X-Auto-Response-Suppress asks for no answer",
    "A9": "a header of an automatic responder is in it",
    "A10": "the answer would go to a daemon, a role, or a no-reply address",
    "A11": "its words are those of an automatic mail: a vacation notice, or a program that watches something",
    "A12": "nobody can be named as its author, or it is marked as spam",
    "A13": "none of our addresses is in To or Cc: a blind copy",
    "A14": "it answers an automatic answer, or the ticket had one within a day",
    "A15": "this mail came before, or to another queue that answers, or says the same as the last ones answered",
    "A16": "a limit on automatic answers is reached",
    "A17": "the queue has no such answer, the sender is an agent, or the ticket is closed",
    "rule": "a rule of the policy says so",
}


def in_words(rows: Iterable[str], figures: Mapping[str, str] | None = None) -> str:
    """`it came from nobody ... (A1); queue Raw has no auto-reply (A17)`. `figures`: words that say more of a row."""
    return "; ".join(f"{(figures or {}).get(row) or ROWS.get(row, 'a rule')} ({row})" for row in rows)
