"""The `[[rules]]` of the policy on one letter, in their order (mail-rules section 5): which fire, and what they set.

What a group took out of the mail is text from outside: it is cleaned and cut, put in once and never looked at for
groups again, and what it names must be there. A rule that cannot be run is passed over and said: it stops no mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from ticketctl.intake.control import Control
from ticketctl.intake.decide import TITLE_LIMIT
from ticketctl.intake.evidence import defused
from ticketctl.intake.value import Envelope
from ticketctl.intake.wishes import Fired, Outcome, Ruled, told
from ticketctl.letter.value import Judgement, Letter
from ticketctl.policy import Policy, Rule, patterns
from ticketctl.policy.patterns import EXTERNAL, HOLE, STATES
from ticketctl.ticket import Kind, Priority

BODY_LOOKED_AT = 262_144  # characters
VALUE_LOOKED_AT = 65_536  # characters of a header, address or name
VALUES_LOOKED_AT = 1000  # headers of one name, addresses, attachments
GROUP_LIMIT = 200  # characters of a captured group
TAG_LIMIT = 120
_UNITS = {"": 1, "k": 1024, "M": 1024 * 1024}
_OUTCOMES: dict[str, Outcome] = {"drop": "dropped", "hold": "held", "refuse": "refused"}

Groups = dict[str, str]


class _Unfit(ValueError):
    """A rule, or one of its values, that cannot be used; the message says why."""


class _Mail:
    """What conditions look at, made when it is first asked for."""

    def __init__(self, letter: Letter, envelope: Envelope, kind: Kind) -> None:
        self.letter = letter
        self.envelope = envelope
        self.kind = kind

    @cached_property
    def headers(self) -> dict[str, list[str]]:
        """Values by lower-case name. Control headers that nobody vouches for are not there."""
        found: dict[str, list[str]] = {}
        for name, value in self.letter.headers:
            if self.envelope.trust or not name.lower().startswith("x-ticketctl-"):
                found.setdefault(name.lower(), []).append(value)
        return found

    def recipients(self) -> list[str]:
        return [self.envelope.recipient] if self.envelope.recipient else [*self.letter.trace_recipients]

    def senders(self) -> list[str]:
        return [] if self.envelope.sender is None else [self.envelope.sender]

    def named(self) -> list[str]:
        """Whom it was written to."""
        letter = self.letter
        fields = (*letter.to, *letter.cc, *letter.resent_to, *letter.resent_cc)
        return [each.address for each in fields if each.address]


def run(letter: Letter, envelope: Envelope, judged: Judgement, policy: Policy) -> Ruled:
    """What the rules say of a letter. Raises nothing that a mail or an old policy could bring about."""
    mail, ruled = _Mail(letter, envelope, judged.kind), Ruled()
    for n, rule in enumerate(policy.rules):
        ruled = replace(ruled, tried=n + 1)
        try:
            groups = _when(rule.when, mail)
        except _Unfit as fault:
            ruled = replace(ruled, why=(*ruled.why, f"rule {rule.name}: passed over: {fault}"))
            continue
        if groups is not None:
            ruled = _heard(ruled, _fired(n, rule, groups, policy), rule)
            if rule.stop:
                break
    return ruled


# -- conditions -------------------------------------------------------------------------------------------------


def _when(when: dict[str, Any], mail: _Mail) -> Groups | None:
    """The groups of a table of conditions that all hold, None where one does not; of one name the first counts."""
    found: Groups = {}
    for word, item in when.items():
        check = _CONDITIONS.get(word)
        if check is None:
            raise _Unfit(f"there is no condition {word!r}")
        groups = check(item, mail)
        if groups is None:
            return None
        found = groups | found
    return found


def _any_of(item: Any, values: Iterable[str], limit: int = VALUE_LOOKED_AT) -> Groups | None:
    """The groups of the first pattern that one of these values has."""
    looked_at = [value[:limit] for value in [*values][:VALUES_LOOKED_AT]]
    for text in item if isinstance(item, list) else [item]:
        try:
            match = patterns.matcher(text)
        except patterns.Wrong as fault:
            raise _Unfit(str(fault)) from None
        for value in looked_at:
            groups = match(value)
            if groups is not None:
                return groups
    return None


def _header(item: dict[str, Any], mail: _Mail) -> Groups | None:
    found: Groups = {}
    for name, pattern in item.items():
        groups = _any_of(pattern, mail.headers.get(name.lower(), ()))
        if groups is None:
            return None
        found = groups | found
    return found


def _envelope(item: Any, mail: _Mail) -> Groups | None:
    if not isinstance(item, dict):
        return _any_of(item, [*mail.recipients(), *mail.senders()])
    found: Groups = {}
    for word, pattern in item.items():
        groups = _any_of(pattern, mail.recipients() if word == "recipient" else mail.senders())
        if groups is None:
            return None
        found = groups | found
    return found


def _size(item: str, mail: _Mail) -> Groups | None:
    least, _, most = item.partition("..")
    size = len(mail.letter.raw)
    return {} if (not least or _bytes(least) <= size) and (not most or size <= _bytes(most)) else None


def _bytes(word: str) -> int:
    unit = word[-1] if word[-1] in "kM" else ""
    return int(word.removesuffix(unit)) * _UNITS[unit]


def _any(item: list[dict[str, Any]], mail: _Mail) -> Groups | None:
    for inner in item:
        groups = _when(inner, mail)
        if groups is not None:
            return groups
    return None


def _all(item: list[dict[str, Any]], mail: _Mail) -> Groups | None:
    found: Groups = {}
    for inner in item:
        groups = _when(inner, mail)
        if groups is None:
            return None
        found = groups | found
    return found


_CONDITIONS: dict[str, Callable[[Any, _Mail], Groups | None]] = {
    "from": lambda item, mail: _any_of(item, [mail.letter.author.address] if mail.letter.author.address else []),
    "to": lambda item, mail: _any_of(item, mail.named()),
    "subject": lambda item, mail: _any_of(item, [mail.letter.subject]),
    "body": lambda item, mail: _any_of(item, [mail.letter.text], BODY_LOOKED_AT),
    "attachment": lambda item, mail: _any_of(item, (each.name for each in mail.letter.attachments)),
    "envelope": _envelope,
    "header": _header,
    "kind": lambda item, mail: {} if mail.kind.value in (item if isinstance(item, list) else [item]) else None,
    "size": _size,
    "all": _all,
    "any": _any,
    "not": lambda item, mail: {} if _when(item, mail) is None else None,
}


# -- what is set ------------------------------------------------------------------------------------------------


def _fired(n: int, rule: Rule, groups: Groups, policy: Policy) -> Fired:
    """The rule's values, each filled, cleaned, and looked up where it names something."""
    values: dict[str, Any] = {}
    passed: list[str] = []
    for word, item in rule.set.items():
        try:
            values[word] = _value(word, item, groups, policy)
        except _Unfit as fault:
            passed.append(f"{word}: {fault}: passed over")
    return Fired(n=n, name=rule.name, set=values, passed=tuple(passed))


def _value(word: str, item: Any, groups: Groups, policy: Policy) -> Any:
    match word:
        case "queue" | "owner":
            name = _filled(item, groups)
            if name not in (policy.queues if word == "queue" else policy.agents):
                raise _Unfit(f"there is no {'queue' if word == 'queue' else 'agent'} {name[:80]!r}")
            return name
        case "title":
            title = defused(_filled(item, groups)[:TITLE_LIMIT], policy)
            return title or _unfit("nothing is left of it")
        case "tags":
            return tuple(dict.fromkeys(_filled(each, groups)[:TAG_LIMIT] for each in item))
        case "ticket" if not item.startswith(EXTERNAL):
            raise _Unfit(f"{item[:80]!r} does not begin with {EXTERNAL}")
        case "ticket":
            return _filled(item.removeprefix(EXTERNAL), groups)
        case "priority":
            return Priority(item) if item in [*Priority] else _unfit(f"there is no priority {item!r}")
        case "state":
            known = {each.value: each for each in STATES}
            return known[item] if item in known else _unfit(f"a new ticket cannot be {item!r}")
        case "lock" | "visible" | "answer" | "follow-up" | "drop" | "hold" | "refuse":
            return bool(item)
        case _:
            return _unfit("there is nothing of that name to set")


def _unfit(why: str) -> Any:
    raise _Unfit(why)


def _filled(text: str, groups: Groups) -> str:
    """The text with each `{name}` replaced, once, by what that group took, cleaned. Raises _Unfit for one that took
    nothing."""

    def part(hole: re.Match[str]) -> str:
        if hole[1] is None:
            return hole[0][0]
        taken = _clean(groups.get(hole[1], ""))[:GROUP_LIMIT].strip()
        return taken or str(_unfit(f"group {{{hole[1]}}} took nothing"))

    return _clean(HOLE.sub(part, text)) or str(_unfit("nothing is left of it"))


def _clean(text: str) -> str:
    """One line without controls, bidirectional marks and the like."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


# -- one after the other ----------------------------------------------------------------------------------------


def _heard(ruled: Ruled, fired: Fired, rule: Rule) -> Ruled:
    """What was said so far, and what this rule says."""
    values = fired.set
    wish = Control(
        queue=values.get("queue"), priority=values.get("priority"), state=values.get("state"),
        owner=values.get("owner"), lock=values.get("lock", False), title=values.get("title"),
        tags=values.get("tags", ()),
    )  # fmt: skip
    outcome = next((_OUTCOMES[word] for word in _OUTCOMES if values.get(word)), None)
    said = [f"rule {fired.name}: {told(values)}" + ("; no further rule" if rule.stop else "")]
    return replace(
        ruled,
        fired=(*ruled.fired, fired),
        new=wish.over(ruled.new),
        follow=wish.over(ruled.follow) if values.get("follow-up") else ruled.follow,
        visible=values.get("visible", ruled.visible),
        answer=values.get("answer", ruled.answer),
        outcome=outcome or ruled.outcome,
        by=fired.name if outcome else ruled.by,
        ticket=values.get("ticket", ruled.ticket),
        why=(*ruled.why, *said, *(f"rule {fired.name}: {each}" for each in fired.passed)),
    )
