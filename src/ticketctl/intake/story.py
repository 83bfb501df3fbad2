"""The story of one letter, step by step, for a postmaster: how it came, what was tried, found and decided.

One function for a mail that has not come yet (`--explain`) and one that came long ago (`mail explain`), so that both
tell the same: what bytes, envelope and policy say is worked out anew; what the desk knew then stands in `why`.
A reason in `why` is a line whose first words tell where in the story it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from ticketctl.intake.reasons import in_words
from ticketctl.intake.route import attempts, route
from ticketctl.intake.trail import Tried, short, tried
from ticketctl.intake.value import Envelope, Verdict
from ticketctl.intake.witness import witness
from ticketctl.letter.value import Letter, Ours
from ticketctl.policy import Policy

_CHANGE = (
    "queue .{1,120} is gone: ", "linked with ", "copied, ", "failed: ", "late: ", "delivered: ", "belongs to ",
    "told: ", "the closed ", "the customer ", "owner ", "lock: ", "what rules set ", "state stays ", "opens with ",
    "(new|open|pending [a-z +-]{4,20}|closed [a-z]{4,20}) becomes ",
)  # fmt: skip
_TICKET = (
    "evidence: ", "envelope recipient ", "returned mail ", "In-Reply-To ", "References ", "Subject ", "ticket ",
    "Message-ID ", "no ticket", "a rule ", "sender ", "sender: ", "conflict", "a machine", "an agent answers",
)  # fmt: skip
# Chapters, and how the reasons begin that belong there: the first that fits; what fits nowhere stands by the verdict.
CHAPTERS = (
    ("control", ("X-Ticketctl-",)),
    ("rules", ("rule ",)),
    ("kind", ("kind ",)),
    ("change", _CHANGE),
    ("queue", ("queue ",)),
    ("seen", ("duplicate: ", "mail [0-9]+ ", "same Message-ID")),
    ("ticket", _TICKET),
    ("answer", ("answer: ", "no answer: ")),
    ("hand", ("placed by hand", "tried again by", "dropped by")),
    ("verdict", ("",)),
)
ORDER = ("came", "read", "control", "queue", "rules", "kind", "seen", "ticket", "change", "answer", "verdict", "hand")
_CONTROL = "x-ticketctl-"
_SEVERAL = 5
_ROW = re.compile(r"(.+?) \((A[0-9]{1,2}|rule)\)(?:; |$)")
_JUDGED = {f"A{n}" for n in range(1, 14)}  # rows that the letter itself tells


class Step(Struct, frozen=True, kw_only=True):
    """A step of the story. What does not apply is None."""

    step: str  # the chapter
    tried: str | None = None
    found: str | None = None
    decided: str | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of the letter, or would: of a decision now, or as it was stored then."""

    verdict: Verdict
    queue: str
    kind: str
    content: str  # the digest in its key (G4)
    rule: str | None = None
    silence: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    held: str | None = None
    number: str | None = None
    article: str | None = None
    status: int = 0  # the filter's exit status


def story(letter: Letter, envelope: Envelope, policy: Policy, outcome: Outcome, ours: Ours) -> tuple[Step, ...]:
    """Every step in order; the last one is the verdict. `envelope`, `policy`: those that it was decided by."""
    said = _sorted(outcome.why)
    told = {
        "came": _came(letter, envelope),
        "read": _read(letter),
        "control": [*_control(letter, envelope), *_decided("control", said["control"])],
        "queue": [*_queue(letter, envelope, policy), *_decided("queue", said["queue"])],
        "rules": _decided("rules", said["rules"]),
        "kind": _kind(letter, envelope, outcome, ours, said["kind"]),
        "seen": [_seen(letter, envelope, policy, outcome), *_decided("seen", said["seen"])],
        "ticket": _ticket(letter, envelope, policy, outcome, said["ticket"]),
        "change": _decided("change", said["change"]),
        "answer": _answer(letter, envelope, outcome, ours, said["answer"]),
        "hand": _decided("hand", said["hand"]),
        "verdict": [*_decided("verdict", said["verdict"]), _verdict(outcome)],
    }
    return tuple(step for chapter in ORDER for step in told[chapter])


def plain_story(outcome: Outcome) -> tuple[Step, ...]:
    """The story of a letter that cannot be read again: what was stored, and the verdict."""
    said = _sorted(outcome.why)
    steps = [step for chapter in ORDER for step in _decided(chapter, said[chapter])]
    return (*steps, _verdict(outcome))


def _sorted(why: Iterable[str]) -> dict[str, list[str]]:
    """The reasons by chapter."""
    said: dict[str, list[str]] = {chapter: [] for chapter in ORDER}
    for line in why:
        said[_chapter(line)].append(line)
    return said


def _chapter(line: str) -> str:
    return next(name for name, begins in CHAPTERS if re.match("|".join(begins), line))


def evidence(why: Iterable[str]) -> tuple[str, ...]:
    """The reasons without those for what a decision did: where a person decides instead, nothing of that was done."""
    return tuple(line for line in why if _chapter(line) not in ("change", "answer", "verdict"))


def _decided(chapter: str, lines: Iterable[str]) -> list[Step]:
    return [Step(step=chapter, decided=line) for line in lines]


def _came(letter: Letter, envelope: Envelope) -> list[Step]:
    """Who said for whom it is, and from whom."""
    if envelope.recipient is not None:
        recipient = f"{short(envelope.recipient)}, as --recipient says"
    elif letter.trace_recipients:
        recipient = "nobody said; delivered to " + _several(letter.trace_recipients) + ", as the mail's trace says"
    else:
        recipient = "nobody said, and the mail has no trace of it"
    steps = [Step(step="came", tried="envelope recipient", found=recipient)]
    sender = f"<{short(envelope.sender.strip('<>'))}>" if envelope.sender is not None else "nobody said"
    if envelope.sender is not None:
        sender += f", as {_who_said(letter, envelope.sender)} says"
    steps.append(Step(step="came", tried="envelope sender", found=sender))
    if envelope.queue is not None:
        steps.append(Step(step="came", tried="--queue", found=envelope.queue))
    return steps


def _who_said(letter: Letter, sender: str) -> str:
    if letter.envelope_from is not None and letter.envelope_from == sender:
        return 'the "From " line'
    return "Return-Path" if letter.return_path is not None and letter.return_path == sender else "--sender"


def _several(texts: Iterable[str]) -> str:
    texts = tuple(texts)
    more = f" and {len(texts) - _SEVERAL} more" if texts[_SEVERAL:] else ""
    return ", ".join(short(each, 100) for each in texts[:_SEVERAL]) + more


def _read(letter: Letter) -> list[Step]:
    author = letter.author
    name = f"{short(author.name)} " if author.name else ""
    claimed = f"nobody can be named; From is {short(letter.claimed)}" if letter.claimed else "nobody: there is no From"
    attached = f", {len(letter.attachments)} attached" if letter.attachments else ""
    read = {
        "author": f"{name}<{short(author.address)}>" if author.address else claimed,
        "subject": short(letter.subject) or "none",
        "Message-ID": short(letter.message_id) if letter.message_id else "none",
        "size": f"{len(letter.raw)} bytes, parts: {len(letter.parts)}{attached}",
    }
    steps = [Step(step="read", tried=key, found=found) for key, found in read.items()]
    return steps + [Step(step="read", tried="remark", found=short(each)) for each in letter.remarks[:_SEVERAL]]


def _control(letter: Letter, envelope: Envelope) -> list[Step]:
    """Headers of ours: who trusts them?"""
    asked = [(name, value) for name, value in letter.headers if name.lower().startswith(_CONTROL)]
    obeyed = "trusted (--trust)" if envelope.trust else "not obeyed: no --trust"
    return [
        Step(step="control", tried=f"{short(name, 60)}: {short(value, 80)}", found=obeyed)
        for name, value in asked[:10]
        if name.lower() != "x-ticketctl-loop"
    ]


def _queue(letter: Letter, envelope: Envelope, policy: Policy) -> list[Step]:
    """Every address that was tried, up to the one that a queue has."""
    looked_at = attempts(letter, envelope, policy)
    some = [*looked_at[:9], looked_at[-1]] if looked_at[10:] else looked_at
    steps = [
        Step(step="queue", tried=f"{source} {short(address)}", found=f"an address of {has}" if has else "of no queue")
        for source, address, has in some
    ]
    return steps or [Step(step="queue", tried="envelope recipient, To, Cc", found="no address in any")]


def _kind(letter: Letter, envelope: Envelope, outcome: Outcome, ours: Ours, lines: list[str]) -> list[Step]:
    """The row that gave the kind, and the header that fired it."""
    header = _witness(outcome.rule, letter, envelope, ours) if outcome.rule else None
    row = [Step(step="kind", tried=outcome.rule, found=header)] if header else []
    none = [Step(step="kind", tried="A1 to A13", found="none says that a machine wrote it")] if not outcome.rule else []
    return row + none + _decided("kind", lines or [f"kind {outcome.kind}"])


def _witness(row: str, letter: Letter, envelope: Envelope, ours: Ours) -> str | None:
    if row not in _JUDGED:
        return None
    return witness(row, letter, sender=envelope.sender, recipient=envelope.recipient, ours=ours)


def _seen(letter: Letter, envelope: Envelope, policy: Policy, outcome: Outcome) -> Step:
    queue = route(letter, envelope, policy).enveloped or "no queue"
    key = f"key {queue} and content {outcome.content[:16]}"
    return Step(step="seen", tried=key, found="seen before" if outcome.verdict == "duplicate" else "not seen before")


def _ticket(letter: Letter, envelope: Envelope, policy: Policy, outcome: Outcome, lines: list[str]) -> list[Step]:
    """Each mark that may name a ticket, found or not; then what that decided."""
    if outcome.verdict in ("duplicate", "refused") or (outcome.verdict == "dropped" and not lines):
        return _decided("ticket", lines)
    asked = tried(letter, route(letter, envelope, policy), policy, personal=outcome.kind == "personal")
    rest = [line for line in lines if not line.startswith("evidence: ")]
    unknown = "not known here" if len(rest) < len(lines) else "not recorded"
    steps = []
    for each in asked:
        line = next((line for line in rest if _speaks_of(line, each)), None)
        found = line.partition(": ")[2] if line else unknown
        steps.append(Step(step="ticket", tried=f"{each.where} {short(each.said)}", found=found))
        rest = [other for other in rest if other is not line]
    if not asked and len(rest) == len(lines):
        steps = [Step(step="ticket", tried="marks of a ticket in envelope, ids and subject", found="none")]
    return steps + [_said("ticket", line) for line in rest]


def _said(chapter: str, line: str) -> Step:
    """What the sender is to a ticket was found; all else was decided."""
    head, colon, tail = line.partition(": ")
    if colon and (head == "sender" or (head.startswith("sender ") and "@" in head)):
        return Step(step=chapter, tried=head, found=tail)
    return Step(step=chapter, decided=line)


def _speaks_of(line: str, asked: Tried) -> bool:
    """Is that reason about this mark? A token is told by its beginning, an id that is long is cut."""
    where, said = f"{asked.where} ", asked.said.lower()
    return line.startswith(where) and line[len(where) :].partition(": ")[0].removesuffix("...") in said


def _answer(letter: Letter, envelope: Envelope, outcome: Outcome, ours: Ours, lines: list[str]) -> list[Step]:
    """The answer, or every row that forbids it with what made it."""
    if outcome.verdict in ("duplicate", "refused", "dropped", "held"):
        return [Step(step="answer", decided=f"no answer: the mail is {_DONE[outcome.verdict]}")]
    steps = []
    decided = [line for line in lines if line.startswith("answer: ")]
    words = {row: text for line in lines for text, row in _ROW.findall(line.removeprefix("no answer: "))}
    for row in dict.fromkeys((*outcome.silence, *words)) if not decided else ():
        header = _witness(row, letter, envelope, ours)
        text = words.get(row) or in_words([row]).removesuffix(f" ({row})")
        steps.append(Step(step="answer", tried=row, found=f"{text} ({header})" if header else text))
    other = [line for line in lines if line not in decided and not _ROW.search(line)]
    return steps + _decided("answer", decided or other or ["no answer"])


_DONE = {"duplicate": "known", "refused": "refused", "dropped": "dropped", "held": "held"}


def _verdict(outcome: Outcome) -> Step:
    on = f" {outcome.number}" if outcome.number else ""
    ticket = f"ticket{on}" if on else "its ticket"
    words = {
        "new": f"a new ticket{on} in queue {outcome.queue}",
        "follow-up": f"an article on {ticket}",
        "duplicate": "accepted, nothing new",
        "held": f"held until somebody decides: {outcome.held or 'no reason was kept'}",
        "dropped": "dropped: the bytes are kept, nobody is told",
        "refused": "refused: nothing of it is kept",
    }
    return Step(step="verdict", decided=f"{words[outcome.verdict]}; exit status {outcome.status}")
