"""In which of a template's languages a letter is answered.

Its Accept-Language says what its author reads (RFC 3282 section 3), else its Content-Language what it is written in;
tags are looked up as RFC 4647 section 3.4 has it: `fr-CH` finds `fr`. Only words of the template itself come out of
here, since what a header says would be a stranger's text in our mail.
"""

from __future__ import annotations

import re

from ticketctl.letter.value import Letter
from ticketctl.policy.value import Template

TAGS_LOOKED_AT = 20
_FIELD_LIMIT = 1_000  # characters
_RANGE = re.compile(r"\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4})\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def language(letter: Letter, template: Template | None) -> str:
    """The template's language for the author of a letter; "" where it has none of those wanted: then the desk's."""
    texts = {each.lower().replace("_", "-"): each for each in (template.body if template else {}) if each}
    if not texts:
        return ""
    found = (texts[short] for tag in wanted(letter) for short in _shorter(tag) if short in texts)
    return next(found, "")


def wanted(letter: Letter) -> tuple[str, ...]:
    """The languages that the author reads, best first, in lower case; what is no tag is passed over."""
    ranges: list[tuple[float, str]] = []
    for name in ("Accept-Language", "Content-Language"):
        words = [word for value in letter.all(name) for word in value[:_FIELD_LIMIT].split(",")]
        matches = [match for word in words[:TAGS_LOOKED_AT] if (match := _RANGE.fullmatch(word))]
        weighed = [(float(match[2] or 1), match[1].lower()) for match in matches]
        ranges += sorted((each for each in weighed if each[0] > 0), key=lambda each: -each[0])
    return tuple(dict.fromkeys(tag for _, tag in ranges))


def _shorter(tag: str) -> list[str]:
    """`zh-hant-tw`, `zh-hant`, `zh`."""
    parts = tag.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
