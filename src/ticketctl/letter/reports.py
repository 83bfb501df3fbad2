"""What a report says: which recipients it is about, and which mail of ours came back (RFC 3464, 8098, 5965).

From the report's own fields where it has them, else from the prose of the mail server. What is found counts only where
`kind.judge` says that the mail is a bounce, an MDN or a complaint; a person may quote anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ticketctl.letter import addresses as addresses_of
from ticketctl.letter import bounce, charsets, headers, ids, kind, transfer, wording
from ticketctl.letter.value import Letter, Part, Report
from ticketctl.ticket import Kind

_BYTES = 1 << 18  # of one part
_PARTS = 20  # report parts and returned mails read
_MOST = 100  # reports
_MOST_IDS = 20
_TEXT = 500  # characters of a diagnostic text
_SEGMENT = 2_000  # characters in which the reason for one recipient is looked for

_FIELD = r"[ \t]{0,8}([A-Za-z][A-Za-z-]{2,40})[ \t]{0,8}:"
_STATUS = r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?![\w]|\.\d)"
_REPLY = r"(?<![\w.:/-])([45])[0-5]\d(?=[ -][^\s\d]|[ -]{1,3}[<\w])"
_ADDRESS = r"[\w!#$%&'*+/=?^{}~.-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{1,63}"
_CONTEXT = (
    r"(?i)rcpt|recipient|\bto\b|\bfor\b|user|mailbox|address|account|deliver|unknown|\ban\b|empf|destina|fail|kunde|"
    r"宛|收件|получат|zustell|\b55\d\b"
)
_NOT_CONTEXT = (
    r"(?i)contact|mail from|envelope-from|https?:|\bfrom(?::| ?<)|please|sender[: ]|reply-to|^subject|message-?id"
)
# Looked for in long texts: what begins with a plain class is found ten times as quickly.
_LABEL = r"[Mm](?i:essage[-_ ]?id)"
_ID_END = r"[^\s<>\"\\,;)]{1,250}"
_TOKEN = r"([Tt]\.(?<![\w.]..)[A-Za-z2-7]{26}\.[\w-]{1,64}@[\w.-]{1,253})"
_ANGLE = r"<([^\s<>@]{10,250}@[^\s<>@]{3,250})>"
_XTEXT = r"\\x\{([0-9A-Fa-f]{2,5})\}|\+([2-7][0-9A-F])"
_XTEXT_LIMIT = 1_000  # characters
_SNS_ADDRESS = r'\\?"emailAddress\\?"\s{0,4}:\s{0,4}\\?"([^"\\]{3,320})'
_SNS_STATUS = r'\\?"status\\?"\s{0,4}:\s{0,4}\\?"([245]\.\d{1,3}\.\d{1,3})'

_ACTIONS = {
    "failed": "failed", "failure": "failed", "fail": "failed", "expired": "failed", "bounced": "failed",
    "undeliverable": "failed", "delayed": "delayed", "delay": "delayed", "warning": "delayed", "delivered": "delivered",
    "deliverable": "delivered", "relayed": "relayed", "expanded": "expanded",
}  # fmt: skip
_BY_CLASS = {"5": "failed", "4": "delayed", "2": "delivered"}
_FINAL = ("permanent", "given up", "giving up", "give up", "could not be delivered", "endgultig")


def find(letter: Letter) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """(one Report for each recipient that the mail reports on, Message-IDs of the mail that came back); never raises.

    Both are empty for a mail that would be no report, whatever its envelope (which is not known here). The recipient is
    the one that we wrote to (Original-Recipient) where the report knows it, else the final one. Linear in time; of each
    part the first 256 KiB, at most 100 recipients and 20 ids.
    """
    shape = bounce.Shape(letter)
    nature = shape.nature(null=bounce.from_nobody(letter)) or (Kind.BOUNCE if shape.likely else None)
    if nature is None:
        return (), ()
    found = tuple(_fields(letter, shape))[:_MOST] if nature is Kind.BOUNCE else ()
    found = tuple(_completed(report, shape.head, alone=len(found) == 1) for report in found)
    if nature is Kind.BOUNCE and not found:
        found = tuple(_notification(letter) or _prose(letter, shape))[:_MOST]
        if found[0].recipient is None:
            found = tuple(_groups(_body(letter)))[:_MOST] or found
    return found, _returned(letter, shape, {report.recipient for report in found if report.recipient})


# The mail's parts


def _decoded(letter: Letter, part: Part) -> str:
    """The first 256 KiB of a part, as text with LF."""
    data, _ = transfer.head(letter.raw, part.body, part.end, part.encoding, _BYTES)
    return charsets.decode(data, part.charset or "utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _parts(letter: Letter, shape: bounce.Shape, types: Iterable[str]) -> list[Part]:
    """Parts of these types: this mail's own, or where it has none, those of a mail in it (a wrapped report)."""
    wanted = frozenset(types)
    found = [letter.parts[index] for index in shape.own if letter.parts[index].content_type in wanted]
    return (found or [part for part in letter.parts if part.content_type in wanted])[:_PARTS]


def _body(letter: Letter) -> str:
    """The whole body as it came: the last resort where broken MIME hides its parts."""
    if not letter.parts:
        return ""
    root = letter.parts[0]
    return letter.raw[root.body : root.body + _BYTES].decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


# RFC 3464


def _fields(letter: Letter, shape: bounce.Shape) -> Iterator[Report]:
    """Reports from fields: of message/delivery-status parts, else as they stand in the text or in a broken body."""
    found: dict[str | None, Report] = {}
    for text in _places(letter, shape):
        for report in _groups(text):
            found.setdefault(report.recipient, report)
        if found:
            break
    yield from found.values()


def _places(letter: Letter, shape: bounce.Shape) -> Iterator[str]:
    """Where such fields may stand, the likeliest first."""
    for part in _parts(letter, shape, (name for name, nature in bounce.REPORT_PARTS.items() if nature is Kind.BOUNCE)):
        yield _decoded(letter, part)
    yield shape.head
    yield shape.returned


def _groups(text: str) -> Iterator[Report]:
    """The per-recipient groups of fields (RFC 3464 section 2.3) in a text that may hold other lines too."""
    group: dict[str, str] = {}
    name = ""
    matched = re.compile(_FIELD).match
    for line in text.split("\n")[:20_000]:
        field = matched(line) if line and line[0] not in " \t" else None
        if field is not None:
            name = field[1].lower()
            if name == "final-recipient" and name in group:
                yield from _group(group)
                group = {}
            if len(group) < 50:
                group.setdefault(name, line[field.end() :].strip()[:2_000])
        elif line.strip() and line[0] in " \t" and name in group:
            group[name] = f"{group[name]} {line.strip()}"[:2_000]
        elif not line.strip():
            if group:
                yield from _group(group)
            group, name = {}, ""
        else:
            name = ""
    yield from _group(group)


def _group(group: dict[str, str]) -> Iterator[Report]:
    names = ("original-recipient", "final-recipient", "x-actual-recipient")
    addresses = [found for name in names if (value := group.get(name)) for found in _recipients(value)]
    recipient = next(iter(addresses), None)
    # A per-message group has none of these; a stray "Status:" of a mail header is no report.
    if recipient is None and not ("status" in group and "action" in group):
        return
    if recipient is not None and group.keys().isdisjoint(("status", "action", "diagnostic-code", "final-recipient")):
        return
    diagnostic = group.get("diagnostic-code", "")
    kind_of, semicolon, text = diagnostic.partition(";")
    diagnostic = (text if semicolon and len(kind_of) < 20 else diagnostic).strip()
    status = next((code for value in (group.get("status", ""), diagnostic) if (code := _code(value))), None)
    action = _ACTIONS.get(group.get("action", "").split("(", 1)[0].split(" ", 1)[0].strip().lower())
    yield Report(
        recipient=recipient,
        action=action or _BY_CLASS.get((status or "")[:1], ""),
        status=status,
        diagnostic=headers.clean(diagnostic)[:_TEXT],
        also=tuple(dict.fromkeys(address for address in addresses if address != recipient)),
    )


def _completed(report: Report, head: str, *, alone: bool) -> Report:
    """Without a code in Status or Diagnostic-Code the prose's counts, then the class of an SMTP reply (fine print of
    mail-rules section 4): the prose about that recipient, or all of it where the report is on one only."""
    if report.status is not None:
        return report
    at = head.find(report.recipient) if report.recipient else -1
    prose = head[at : at + _SEGMENT] if at >= 0 else head if alone else ""
    status = _code(prose) or _class(report.diagnostic) or _class(prose)
    return replace(report, status=status, action=report.action or _BY_CLASS.get((status or "")[:1], ""))


def _recipients(value: str) -> list[str]:
    """`rfc822;anna@example.org` (RFC 3464 section 2.3.2), `utf-8;...` (RFC 6533 section 3) without the type, brackets
    and comments: as it stands, and where it looks like xtext (RFC 3461 section 4) with that undone."""
    address = headers.decode(value.partition(";")[2] or value).strip().strip("<>\"' ")
    if "+" not in address and "\\x{" not in address:
        return [found] if "@" in address and (found := _recipient(address)) else []
    plain = re.sub(_XTEXT, lambda found: chr(int(found[1] or found[2], 16)), address[:_XTEXT_LIMIT])
    named = [_recipient(address)] if "@" in address and "\\x{" not in address else []
    if plain != address:
        named.append(_recipient(headers.clean(plain)))
    return [each for each in named if each is not None]


def _recipient(address: str) -> str | None:
    if not address.isascii():  # as we wrote it: the domain as A-labels (RFC 5891)
        boxes, _ = addresses_of.read(address[:320], 1)
        if boxes and boxes[0].address.address:
            return boxes[0].address.address
    found = re.search(_ADDRESS, address)
    if found is not None:
        return found[0].strip(".'")
    local, at, domain = address.partition("@")
    return address[:320] if local and at and domain and " " not in address else None


def _code(text: str) -> str | None:
    found = re.search(_STATUS, text)
    return found[1] if found else None


def _class(text: str) -> str | None:
    """`5.0.0` for an SMTP reply 5yz without an enhanced code: its first digit means the same (RFC 3463 section 3.1)."""
    found = re.search(_REPLY, text)
    return f"{found[1]}.0.0" if found else None


# Prose


def _notification(letter: Letter) -> list[Report]:
    """Amazon's JSON about a bounce, sent as a mail by its notification service."""
    if not letter.first("X-Amz-Sns-Message-Id"):
        return []
    text = letter.text[: bounce.TEXT_LIMIT]
    found, status = re.findall(_SNS_ADDRESS, text)[:_MOST], re.search(_SNS_STATUS, text)
    code = status[1] if status else None
    return [Report(recipient=address, action="failed", status=code) for address in dict.fromkeys(found)]


def _prose(letter: Letter, shape: bounce.Shape) -> list[Report]:
    """One Report for each address that the server's words complain about; one without address where none is named."""
    head = shape.head
    named = letter.all("X-Failed-Recipients")
    wanted = list(dict.fromkeys(found[0] for value in named for found in re.finditer(_ADDRESS, value[:8_000])))
    places = [(at, address) for address in wanted if (at := head.find(address)) >= 0] or _complaints(letter, head)
    places += [(len(head), address) for address in wanted if all(address != other for _, other in places)]
    whole = _reason(head)
    if not places:
        return [_report(None, whole, head, shape)]
    found = []
    for number, (at, address) in enumerate(places):
        end = places[number + 1][0] if number + 1 < len(places) else len(head)
        segment = head[at : max(at, min(end, at + _SEGMENT))]
        reason = _reason(segment)
        if reason[0] is None:
            reason = whole
        found.append(_report(address, reason, segment, shape))
    return found


def _report(recipient: str | None, reason: tuple[str | None, str], segment: str, shape: bounce.Shape) -> Report:
    status, diagnostic = reason
    words, subject = shape.words, shape.subject[0]
    late = any(phrase in subject or phrase in words for phrase in wording.table(wording.DELAYED))
    final = (status or "").startswith("5") or any(phrase in words for phrase in _FINAL)
    delayed = late and not final
    if delayed and status is None:
        status = "4.0.0"
    action = "delayed" if delayed else _BY_CLASS["2"] if (status or "").startswith("2") else "failed"
    return Report(recipient=recipient, action=action, status=status, diagnostic=diagnostic or segment.strip()[:_TEXT])


def _reason(text: str) -> tuple[str | None, str]:
    """(status, the line that gives it)"""
    for pattern, suffix in ((_STATUS, ""), (_REPLY, ".0.0")):
        if found := re.search(pattern, text):
            line = text[text.rfind("\n", 0, found.start()) + 1 :].split("\n", 1)[0]
            return found[1] + suffix, headers.clean(" ".join(line.split()))[:_TEXT]
    return None, ""


def _complaints(letter: Letter, head: str) -> list[tuple[int, str]]:
    """(place, address) of the addresses that did not get the mail: at the head of a line, else in a telling context."""
    mine = {
        address.address.lower()
        for address in (*letter.to, *letter.cc, *letter.reply_to, letter.author)
        if address.address
    }
    leading: dict[str, int] = {}
    telling: dict[str, int] = {}
    at = 0
    before = ""
    for line in head.split("\n")[:2_000]:
        for found in list(re.finditer(_ADDRESS, line[:2_000]))[:_MOST]:
            address = found[0].strip(".'")
            if _like_an_id(address):
                continue
            front = line[: found.start()].strip(" \t<*>-\"'|[(•・")
            if not front and line[found.end() : found.end() + 1] not in ("@",):
                leading.setdefault(address, at + found.start())
            elif not re.search(_NOT_CONTEXT, line[:400]) and re.search(_CONTEXT, f"{before[:200]} {line[:400]}"):
                telling.setdefault(address, at + found.start())
        before = line if line.strip() else before
        at += len(line) + 1
    others = [
        {a: place for a, place in chosen.items() if a.lower() not in mine and kind.answerable(a)}
        for chosen in (leading, telling)
    ]
    chosen = others[0] or others[1] or leading or telling
    return [(place, address) for address, place in chosen.items()][:_MOST]


# The mail that came back


def _returned(letter: Letter, shape: bounce.Shape, recipients: set[str]) -> tuple[str, ...]:
    """Message-IDs: of returned parts, of Original-Message-ID fields (RFC 8098 section 3.2.5), then of the prose."""
    found: dict[str, None] = {}
    for part in _parts(letter, shape, bounce.RETURNED_PARTS):
        found.update(dict.fromkeys(_header_ids(_decoded(letter, part))))
    for part in _parts(letter, shape, bounce.REPORT_PARTS):
        if not part.content_type.startswith("application/"):
            found.update(dict.fromkeys(_labelled(_decoded(letter, part))))
    text = letter.text[: bounce.TEXT_LIMIT]
    found.update(dict.fromkeys(_header_ids(shape.returned.partition("\n")[2])))
    found.update(dict.fromkeys(_labelled(text)))
    found.update(dict.fromkeys(f"<{match[1]}>" for match in re.finditer(_TOKEN, text)))
    if not found:
        found.update(dict.fromkeys(_labelled(_body(letter))))
    if not found:
        found.update(dict.fromkeys(_anywhere(letter, text, recipients)))
    return tuple(found)[:_MOST_IDS]


def _header_ids(text: str) -> Iterator[str]:
    """The Message-ID of a mail's header, which the text begins with."""
    lines = text.lstrip("\n").split("\n", 2_000)[:2_000]
    for number, line in enumerate(lines):
        line = line.strip()
        if not line:
            return
        if line[0] not in "mM":
            continue
        name, _, value = line[:2_100].partition(":")
        if name.strip().lower() == "message-id":
            if not value.strip() and number + 1 < len(lines):
                value = lines[number + 1].strip()[:2_100]
            if found := ids.first(value):
                yield found
            return


def _labelled(text: str) -> Iterator[str]:
    """Ids beside the words "Message-ID", in a header or in prose."""
    for label, _ in zip(re.finditer(_LABEL, text), range(_MOST), strict=False):
        before, at, after = text[label.end() : label.end() + 320].partition("@")
        start = max(before.rfind(mark) for mark in ' \t\n<>"\\:=(,;') + 1
        domain = re.match(_ID_END, after)
        if at and domain and 0 < start <= 60 and start < len(before):
            yield f"<{before[start:]}@{domain[0].rstrip('.')}>"


def _anywhere(letter: Letter, text: str, recipients: set[str]) -> Iterator[str]:
    """Whatever looks like an id and not like somebody's address: long, with a digit, and no party of this mail."""
    known = {address.address for address in (*letter.to, *letter.cc, *letter.reply_to, letter.author)} | recipients
    for match, _ in zip(re.finditer(_ANGLE, text), range(_MOST), strict=False):
        if match[1] not in known and _like_an_id(match[1]):
            yield f"<{match[1]}>"


def _like_an_id(address: str) -> bool:
    """Many digits, and not digits alone: telephones have addresses too."""
    local = address.partition("@")[0]
    return sum(map(str.isdigit, local)) > 7 and not local.isdigit()
