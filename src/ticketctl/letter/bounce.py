"""Row A2: is this a report of a mail server, and which: a bounce, a receipt (MDN) or a complaint (feedback)?

By its structure where it has one (RFC 3464, RFC 8098, RFC 5965); else, for the dozens of servers that report in prose,
by how five things come together: who sends it, how its subject begins, what its text says, SMTP codes, and a mail of
ours that comes back in it. People forward and quote bounces, so what is quoted or forwarded does not count.
"""

from __future__ import annotations

import re
from functools import cache, cached_property

from ticketctl.letter import signing, vacation, wording
from ticketctl.letter.value import Letter
from ticketctl.letter.wording import fold
from ticketctl.ticket import Kind

TEXT_LIMIT = 1 << 18  # characters of text searched
_HEAD_LIMIT = 1 << 14  # characters of a server's own words searched
_LINES = 4_000
_NEAR = 600  # characters: a report says at once what it is
_OPENING = 400  # characters
_AHEAD = 40  # lines: where a returned header shows its trace fields

REPORT_PARTS = {
    "message/delivery-status": Kind.BOUNCE,
    "message/global-delivery-status": Kind.BOUNCE,
    "message/disposition-notification": Kind.MDN,
    "message/global-disposition-notification": Kind.MDN,
    "message/feedback-report": Kind.FEEDBACK,
    "application/tlsrpt+gzip": Kind.FEEDBACK,
    "application/tlsrpt+json": Kind.FEEDBACK,
}
_REPORT_TYPES = {
    "delivery-status": Kind.BOUNCE,
    "global-delivery-status": Kind.BOUNCE,
    "disposition-notification": Kind.MDN,
    "feedback-report": Kind.FEEDBACK,
    "tlsrpt": Kind.FEEDBACK,
}
RETURNED_PARTS = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global",
                  "message/global-headers", "message/partial")  # fmt: skip

_REPLY = ("re:", "fw:", "fwd:", "aw:", "wg:", "sv:", "vs:", "antw:", "tr:", "rv:", "enc:", "i:", "r:", "vb:", "doorst:",
          "pd:", "odp:", "转发:", "回复:", "答复:", "轉寄:")  # fmt: skip
# Fields that mark a report where its MIME structure is lost: Exchange of today and of 2003, X.400 gateways (RFC 2156
# section 2.3), Italian certified mail, and the complaint formats beside RFC 5965.
_MARKS = {
    "x-ms-exchange-message-is-ndr": {"": Kind.BOUNCE},
    "content-class": {"urn:content-classes:dsn": Kind.BOUNCE, "urn:content-classes:mdn": Kind.MDN},
    "message-type": {"delivery report": Kind.BOUNCE},
    "x-ricevuta": {"non-accettazione": Kind.BOUNCE, "errore-consegna": Kind.BOUNCE, "preavviso-errore": Kind.BOUNCE,
                   "rilevazione-virus": Kind.BOUNCE},
    "x-arf": {"yes": Kind.FEEDBACK}, "x-xarf": {"": Kind.FEEDBACK}, "x-hmxmroriginalrecipient": {"": Kind.FEEDBACK},
}  # fmt: skip

_QUOTED = r"[ \t]{0,8}[>|][ \t>]"
_FIELD = r"(?ai)(?:final-recipient|original-recipient|reporting-mta|diagnostic-code|remote-mta|action|status):"
_FIELD_ENDS = ("-recipient:", "-mta:", "-code:", "action:", "status:")
_TRACE = r"(?i)[ \t]{0,8}(?:received|return-path|message-id|mime-version|dkim-signature|x-[a-z-]{1,40}):"
_TOP = r"(?i)(?:received|return-path):[ \t]"
_BEGIN = 3  # characters
_FRAME = " \t-=*_|#.:;,[]()<>+~\u30fc\u2015\u2500"
_FORWARD = ("begin forwarded message", "forwarded message", "weitergeleitete nachricht", "message transfere",
            "anfang der weitergeleiteten", "mensaje reenviado", "messaggio inoltrato")  # fmt: skip
_CODE = r"(?<![\w.:/-])(?:[245]\.\d{1,3}\.\d{1,3}(?![\w.])|(?:42\d|45\d|50[0-4]|52[0-3]|53\d|55\d|57\d)[ -]\S)"
_CODE_BEGINS = r"[245]\.\d|[45]\d\d[ -]\S"
_NOTIFICATION = r'\\?"(?:notificationType|eventType)\\?"\s{0,4}:\s{0,4}\\?"(Bounce|Complaint)'


def nobody(address: str) -> bool:
    """Is this the null envelope sender, or what servers write for it?"""
    plain = address[:320].strip().strip("<>").strip().lower()
    return plain in ("", "#@[]") or plain.split("@", 1)[0] in ("mailer-daemon", "double-bounce")


def from_nobody(letter: Letter) -> bool:
    """The same, as far as the letter itself tells: Return-Path, else a leading "From " line."""
    origin = letter.envelope_from if letter.return_path is None else letter.return_path
    return origin is not None and nobody(origin)


def outermost(letter: Letter) -> tuple[int, ...]:
    """Indexes of the parts that are this mail's own, not those of a mail inside it."""
    inside: list[bool] = []
    for part in letter.parts:
        up = part.parent
        inside.append(
            up is not None and 0 <= up < len(inside) and (inside[up] or letter.parts[up].content_type in RETURNED_PARTS)
        )
    return tuple(index for index, within in enumerate(inside) if not within)


def nature(letter: Letter, *, null: bool) -> Kind | None:
    """BOUNCE, MDN or FEEDBACK, or None where the mail is no report; `null`: it came from the null sender.

    A bounce is every delivery report, one of a delay or a success too (RFC 3464 section 2.3.3); `Letter.reports` tells
    them apart. A vacation mail or a challenge is none, even where it gives our mail back (RFC 3834 section 2).
    """
    return Shape(letter).nature(null)


def _structure(letter: Letter, own: list[str], subject: str) -> Kind | None:
    """By MIME types (`own`: of its own parts) and by fields that only reports have; `subject` without its tags."""
    report = own[:1] == ["multipart/report"]
    forwarded = not report and fold(letter.subject[:20]).replace(" :", ":").startswith(_REPLY)
    if not forwarded and (kind := next((REPORT_PARTS[name] for name in own if name in REPORT_PARTS), None)):
        return kind
    if report:
        declared = (letter.first("Content-Type") or "")[:2_000].lower()
        named = (kind for word, kind in _REPORT_TYPES.items() if word in declared)
        return next(named, None) or Kind.BOUNCE
    fields = {name.lower(): value for name, value in reversed(letter.headers)}
    if fields.get("x-failed-recipients"):  # Exim, Gmail
        return Kind.BOUNCE
    if fields.get("tls-report-domain"):  # RFC 8460 section 5.3
        return Kind.FEEDBACK
    for name in fields.keys() & _MARKS.keys():
        value = fields[name][:100].strip().lower()
        if marked := next((kind for begin, kind in _MARKS[name].items() if value.startswith(begin)), None):
            return marked
    if fields.get("x-amz-sns-message-id") and (found := re.search(_NOTIFICATION, letter.text[:TEXT_LIMIT])):
        return Kind.BOUNCE if found[1] == "Bounce" else Kind.FEEDBACK
    if subject.startswith("report domain: ") and "submitter:" in subject:  # RFC 7489 section 7.2.1.1
        return Kind.FEEDBACK
    if subject.startswith("complaint about message from ") and "message/rfc822" in own:  # Hotmail's JMRP
        return Kind.FEEDBACK
    return None


class Shape:
    """What a mail shows of being a report; everything is computed when first asked for."""

    def __init__(self, letter: Letter) -> None:
        self.letter = letter

    def nature(self, null: bool) -> Kind | None:
        """BOUNCE, MDN or FEEDBACK, or None: as the function of that name says."""
        own = [self.letter.parts[index].content_type for index in self.own]
        return _structure(self.letter, own, self.subject[0]) or self._prose(null)

    def _prose(self, null: bool) -> Kind | None:
        """BOUNCE or MDN, or None, of a mail without a report's structure."""
        if self._receipt():  # first: a receipt must not mark an address as failed
            return Kind.MDN
        if self._bounce(null):
            return Kind.BOUNCE
        begins = self._text[:40].lstrip().lower().startswith(("this is ", "[ spamcop"))
        return Kind.FEEDBACK if begins and self.opening.startswith(wording.table(wording.COMPLAINT)) else None

    def _receipt(self) -> bool:
        """A return receipt in prose: its subject says so, and either its text too, or the text is Outlook's, which
        repeats recipient and subject in lines of their own, in every language."""
        subject, _ = self.subject
        if not subject.startswith(wording.table(wording.READ_SUBJECT)):
            return False
        messages = wording.table(wording.MESSAGE)
        if len(self.words) > 3 * _NEAR or not any(word in self.words for word in messages):
            return False
        if any(phrase in self.words for phrase in wording.table(wording.READ_TEXT)):
            return True
        answered = subject.partition(":")[2].strip()
        lines = [fold(line).replace(" :", ":") for line in self.head.split("\n", 12)[:12]]
        labelled = [line.partition(":")[2].strip() for line in lines if len(line) < 300 and ":" in line]
        named = any(word in line for line in lines[:2] for word in messages)
        return named and bool(answered) and answered in labelled and len(labelled) > 1 and len(self.words) < _NEAR

    def _bounce(self, null: bool) -> bool:
        if vacation.away_in(*self.subject):
            return False
        daemon = self.daemon
        if daemon and not null:
            return True
        if null:
            if self.failed_subject or self.says_fields:
                return True
            if any(phrase in self.words for phrase in wording.table(wording.AWAY_TEXT)):
                return daemon
            return daemon or self.has_code or (self.returns and not self.forwarded) or self.says_failed
        if self.server:
            if self.nameless and (self.failed_subject or self.says_at_once):
                return True
            if self.subject[0].startswith(wording.table(wording.WHOLE_SUBJECT)):
                return True
            return (
                (self.failed_subject and (self.program or self.has_code or self.returns or self.says_failed))
                or self.says_fields
                or ((self.has_code or self.returns) and self.says_failed)
            )
        # Anybody: all of it at once, and neither forwarded nor quoted.
        return (
            self.failed_subject and not self.forwarded and not self.subject[0].endswith("?")
            and ((self.returns and self.says_at_once) or self.form)
        )  # fmt: skip

    @cached_property
    def likely(self) -> bool:
        """Would it be a bounce if its envelope sender, which the letter does not tell, were null?"""
        if self.letter.return_path is not None or not (self.failed_subject or self._tells):
            return False
        told = self.failed_subject or self.says_fields
        return (told or (self.has_code and self.says_failed)) and not self.forwarded and self._bounce(null=True)

    @cached_property
    def _tells(self) -> bool:
        """May there be fields or a code in the text? The quick look that spares a person's mail the long one."""
        lower = self._text.lower()
        return any(end in lower for end in _FIELD_ENDS) or re.search(_CODE_BEGINS, lower) is not None

    @cached_property
    def own(self) -> tuple[int, ...]:
        """Indexes of the parts that are this mail's own."""
        return outermost(self.letter)

    @cached_property
    def subject(self) -> tuple[str, str]:
        """The folded subject without tags, and the tags."""
        return vacation.untagged(self.letter.subject)

    @cached_property
    def failed_subject(self) -> bool:
        subject = self.subject[0]
        if subject.startswith(wording.table(wording.FAILED_SUBJECT)):
            return True
        if subject.isascii() or subject.startswith(_REPLY):
            return False
        return any(phrase in subject for phrase in wording.table(wording.FAILED_WITHIN))

    @cached_property
    def forwarded(self) -> bool:
        """A person's "Re:" or "Fwd:"."""
        return self.subject[0].startswith(_REPLY)

    @cached_property
    def daemon(self) -> bool:
        """Does a mailer daemon sign it? No person has that name."""
        return signing.daemon(self.letter)

    @cached_property
    def server(self) -> bool:
        """Does a mail server or its postmaster sign it? The postmaster may be a person too."""
        return self.daemon or signing.server(self.letter)

    @cached_property
    def program(self) -> bool:
        """Does its author bear a name that only mail servers have, and is it no answer to such a mail?"""
        return not self.forwarded and signing.program(self.letter)

    @cached_property
    def nameless(self) -> bool:
        """Does a server's account sign it, and no name beside the address that a person could have?"""
        return not self.forwarded and signing.nameless(self.letter)

    @cached_property
    def opening(self) -> str:
        """The first words of its text."""
        return fold(self._text[:_OPENING])

    @cached_property
    def form(self) -> bool:
        """Does its text begin as the reports of a make of server begin?"""
        for phrase in wording.table(wording.FORMS):
            begin, _, later = phrase.partition(" & ")
            if self.opening.startswith(begin) and later in self.opening:
                return True
        return False

    @cached_property
    def _text(self) -> str:
        """The text, or where broken MIME hides it, the bytes of the body."""
        text = self.letter.text[:TEXT_LIMIT]
        if text.strip() or not self.letter.parts:
            return text
        body = self.letter.parts[0].body
        return self.letter.raw[body : body + _HEAD_LIMIT].decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def _cut(self) -> tuple[tuple[str, ...], int, bool]:
        """(lines of the text, the number of that where what came back or was forwarded begins, is a header there)"""
        lines = tuple(self._text.split("\n", _LINES)[:_LINES])
        marks, begin = wording.table(wording.RETURNED), _begin()
        for number, line in enumerate(lines):
            if not line or len(line) > 120:
                continue
            if line[0] in "rR" and re.match(_TOP, line):
                if _headers_follow(lines, number):
                    return lines, number, True
                continue
            framed = line.strip(_FRAME)
            bare = fold(framed)
            if bare[:_BEGIN] not in begin:
                continue
            if bare.startswith(_FORWARD):
                return lines, number, False
            if bare.startswith(marks) and (len(bare) < 60 or line[0] in "-=*_|#"):
                return lines, number, _headers_follow(lines, number + 1)
        return lines, len(lines), False

    @cached_property
    def head(self) -> str:
        """The writer's own words: what stands above a returned or forwarded mail and is not quoted."""
        lines, cut, _ = self._cut
        quoted = re.compile(_QUOTED).match
        own = (line for line in lines[:cut] if line[:1] not in (">", " ", "\t", "|") or not quoted(line))
        return "\n".join(own)[:_HEAD_LIMIT]

    @cached_property
    def returned(self) -> str:
        """The text from the line on that says that a mail comes back; "" where none does."""
        lines, cut, _ = self._cut
        return "\n".join(lines[cut:])

    @cached_property
    def words(self) -> str:
        return fold(self.head)

    @cached_property
    def says_failed(self) -> bool:
        """Does a phrase of failure stand in `words`?"""
        return any(phrase in self.words for phrase in wording.table(wording.FAILED_TEXT))

    @cached_property
    def says_at_once(self) -> bool:
        """Does one begin within their first characters?"""
        words = self.words[: 2 * _NEAR]  # no phrase is longer
        return any(0 <= words.find(phrase) < _NEAR for phrase in wording.table(wording.FAILED_TEXT))

    @cached_property
    def says_fields(self) -> bool:
        """Two fields of a delivery-status (RFC 3464 section 2) in the text itself."""
        lower = self.head.lower()
        if not any(end in lower for end in _FIELD_ENDS):
            return False
        match = re.compile(_FIELD).match
        return len({found[0] for line in lower.split("\n") if (found := match(line.lstrip()[:80]))}) > 1

    @cached_property
    def has_code(self) -> bool:
        """An enhanced status code (RFC 3463) or an SMTP reply of failure (RFC 5321 section 4.2)."""
        return re.search(_CODE, self.head) is not None

    @cached_property
    def returns(self) -> bool:
        """Does a mail come back: as a part, or as a header below a line that says so?"""
        parts = self.letter.parts
        return self._cut[2] or any(parts[index].content_type in RETURNED_PARTS for index in self.own)


@cache
def _begin() -> frozenset[str]:
    """How the marks in front of a returned or forwarded mail begin: most lines begin like none of them."""
    return frozenset(mark[:_BEGIN] for mark in (*_FORWARD, *wording.table(wording.RETURNED)))


def _headers_follow(lines: tuple[str, ...], start: int) -> bool:
    """Trace fields that no mail program quotes show a returned header, not somebody's "Original Message"."""
    return any(map(re.compile(_TRACE).match, lines[start : start + _AHEAD]))
