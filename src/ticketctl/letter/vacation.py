"""Row A11: does a subject begin like the vacation mail of Exchange, Gmail, Notes, GroupWise, Zimbra and their like?

They write a fixed phrase in the user's language in front of the subject that they answer. People write the same words
in the middle of a sentence, behind "Re:" or in front of a question mark, and stay people.
"""

from __future__ import annotations

from ticketctl.letter import wording
from ticketctl.letter.wording import fold

_LIMIT = 300  # characters of a subject looked at
_OPEN, _CLOSE = "[(【<{*", "])】>}*"
_REPLY = ("re:", "aw:", "sv:", "vs:", "antw:")
_TAGS = 3  # "[EXTERNAL] [Support] Automatic reply: ..."
_BEHIND = tuple(":.!;-/|([{【「『<\"'～~*")
_STATE_BEHIND = ("(", "[", "【", "（", "\uff1a", "re:", "~")
# "Out of office until Monday", "Autoreply from Anna", "Automatic reply Re: invoice", "Abwesend vom 1.5."
_GOES_ON = (
    "re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "vs:", "antw:", "tr:", "rif:", "r:", "until ", "till ", "thru ",
    "through ", "from ", "by ", "bis ", "vom ", "von ", "ab ", "jusqu", "du ", "au ", "de la part ", "hasta ", "del ",
    "desde ", "dal ", "fino ", "tot ", "van ", "t.o.m", "fram ", "fra ", "til ", "до ", "с ", "od ", "do ",
)  # fmt: skip


def untagged(subject: str) -> tuple[str, str]:
    """A folded subject without the tags that lists and gateways put first, and the text of those tags.

    Tags are "[...]", "(...)", "【...】" of at most 40 characters and "***SPAM***", three at most.
    """
    subject = fold(subject[:_LIMIT]).replace(" :", ":")
    tags = []
    for _ in range(_TAGS):
        if subject.startswith("*"):
            end = subject.find("*", len(subject) - len(subject.lstrip("*")))
            rest = subject[end:].lstrip("*") if end > 0 else ""
        elif subject[:1] and subject[0] in _OPEN:
            end = subject.find(_CLOSE[_OPEN.index(subject[0])])
            rest = subject[end + 1 :] if end > 0 else ""
        else:
            break
        if not rest.strip() or end > 40:
            break
        tags.append(subject[1:end].strip("*[]() "))
        subject = rest.strip(" :")
    return subject, "|".join(tags)


def away(subject: str) -> bool:
    """Is it a vacation mail's subject, in a language that we know?"""
    return away_in(*untagged(subject))


def away_in(rest: str, tags: str) -> bool:
    """The same, of a subject without its tags, and the tags."""
    if tags and any(tag in wording.table(wording.AWAY) for tag in tags.split("|")):
        return True
    asks = rest.endswith("?")
    if rest.startswith("auto:"):  # Notes: "AUTO: Anna Smith is out of the office (returning 02.05.2024)"
        answered = rest[5:].strip()
        away_words = wording.table(wording.AWAY_TEXT)
        return answered.startswith(_REPLY) or away_in(answered, "") or any(phrase in rest for phrase in away_words)
    if rest.startswith(_REPLY) and rest.endswith(")"):  # GroupWise: "Re: invoice (Out of Office)"
        return rest[rest.rfind("(") + 1 : -1].strip() in wording.table(wording.AWAY)
    if rest.startswith(wording.table(wording.AWAY)):
        bare = rest.lstrip("[(【\"'")
        return any(_phrase_ends(bare, phrase, asks) for phrase in wording.table(wording.AWAY))
    if asks:
        return False
    return rest.startswith(wording.table(wording.AWAY_SENTENCE)) or _notes(rest)


def _phrase_ends(subject: str, phrase: str, asks: bool) -> bool:
    """Does `subject` begin with `phrase`, and does the phrase end there?"""
    if not subject.startswith(phrase):
        return False
    rest = subject[len(phrase) :]
    follower = rest.lstrip()
    if not follower or (follower[0] == ":" and not (asks and phrase in wording.table(wording.AWAY_STATE))):
        return True
    if asks:
        return False
    if phrase in wording.table(wording.AWAY_STATE):  # "On leave - who takes my tickets": a person's sentence
        dated = follower.lstrip(" -,;/").startswith(_GOES_ON)
        return dated or follower.startswith(_STATE_BEHIND) or not follower.strip(".!")
    spaced_script = phrase[0] > "\u3000" and rest[0] == " "  # Chinese and Japanese have no word of their own behind it
    # a hyphen or dot without a blank is part of a longer word: "auto-reply-to header"
    word_goes_on = rest[0] in "-./'" and rest[1:2].isalnum()
    return spaced_script or (not word_goes_on and follower.startswith(_BEHIND)) or follower.startswith(_GOES_ON)


def _notes(subject: str) -> bool:
    """ "Anna Smith/DE/Acme is out of the office." and at most a date in brackets or "until ..." behind it."""
    for phrase in [phrase for phrase in wording.table(wording.AWAY_PREDICATE) if phrase in subject]:
        at = subject.find(phrase)
        if 0 < at <= 80 and len(subject[:at].split()) <= 6:
            follower = subject[at + len(phrase) :].strip()
            if not follower or follower[0] in "!(:" or follower in (".", "...") or follower.startswith(_GOES_ON):
                return True
    return False
