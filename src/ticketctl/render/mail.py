"""An Outgoing value as bytes: RFC 5322 and MIME, line ends LF (the transport makes them CRLF where SMTP wants that).

Built through `email.message.EmailMessage` and then read again: where what comes back is not what was set, nothing is
sent (mail-rules section 6, header injection). The header fields that carry text or addresses are folded here and not by
`email.policy`, which on 3.11 to 3.13 encodes long message ids as words and loses blanks between encoded words.
"""

from __future__ import annotations

import re
import unicodedata
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from ticketctl.errors import BadData
from ticketctl.letter import read
from ticketctl.render.flowed import flow
from ticketctl.render.value import Outgoing
from ticketctl.ticket import Address

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]*\Z")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.(?=.))?)+\Z|\[[A-Za-z0-9.:]+\]\Z")
_ID = re.compile(r"<[!-;=?-~]{1,900}>\Z")
_FIELD = re.compile(r"[!-9;-~]{1,70}\Z")
_TYPE = re.compile(r"(?:application|audio|font|image|model|text|video)/[A-Za-z0-9!#$&^_.+-]{1,100}\Z")
_SPECIAL = re.compile(r'[()<>@,:;".\[\]\\]')
_LINE = 76


class _Folded(EmailPolicy):
    """Header fields that are set as text stand as they are; MIME's own go the usual way."""

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        return (name, value) if _ours(name) else super().header_store_parse(name, value)

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}\n" if _ours(name) else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii") if _ours(name) else super().fold_binary(name, value)


_POLICY = _Folded(linesep="\n", max_line_length=_LINE, raise_on_defect=True)


def _ours(name: str) -> bool:
    return not name.lower().startswith(("content-", "mime-"))


def build(mail: Outgoing) -> bytes:
    """The finished mail, line ends LF. Raises BadData naming the field for anything that a header may not hold,
    for an address that cannot be written in ASCII, and where the mail read again is not the mail that was set."""
    fields = _fields(mail)
    message = EmailMessage(policy=_POLICY)
    for name, value in fields:
        message[name] = value
    _set_text(message, mail.body)
    for thing in mail.enclosed:
        kind = thing.content_type.lower()
        main, _, sub = (kind if _TYPE.match(kind) else "application/octet-stream").partition("/")
        message.add_attachment(thing.content, main, sub, filename=_clean(f"attachment {thing.name!r:.80}", thing.name))
    raw = message.as_bytes()
    _read_again(raw, mail, fields)
    return raw


def check_address(field: str, address: str | None) -> str:
    """The address as it is written: a dot-atom (RFC 5322 section 3.4.1, dots taken loosely) at a domain, which is made
    ASCII (IDNA). Raises BadData for everything else: a leading "-" would be an option of sendmail's."""
    text = _clean(field, address or "")
    local, at, domain = text.rpartition("@")
    if domain and not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise BadData(f"{field}: no domain of mail: {text!r:.80}") from None
    if not at or text.startswith("-") or not _ATOM.match(local) or not _DOMAIN.match(domain) or len(text) > 254:
        why = " (its local part is not ASCII)" if not local.isascii() else ""
        raise BadData(f"{field}: not an address that mail can be sent to{why}: {text!r:.80}")
    return f"{local}@{domain}"


def is_id(text: str) -> bool:
    """Can it stand in References: `<...>`, ASCII, short enough for one line?"""
    return _ID.match(text) is not None


def clean_name(text: str) -> str:
    """A text as a header can hold it: one line, without controls, line separators and lone surrogates."""
    return " ".join("".join(" " if _bad(letter) else letter for letter in text).split())


def _bad(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")


def _clean(field: str, value: str) -> str:
    if any(map(_bad, value)):
        raise BadData(f"{field}: a line break or control character in a header field: {value!r:.80}")
    return value


def _fields(mail: Outgoing) -> list[tuple[str, str]]:
    """Name and folded value of each field, in order."""
    fields = [
        ("Date", format_datetime(mail.date)),
        ("From", _people("From", (mail.from_,))),
        ("To", _people("To", mail.to)),
        ("Cc", _people("Cc", mail.cc)),
        ("Reply-To", check_address("Reply-To", mail.reply_to) if mail.reply_to else ""),
        ("Subject", _text("Subject", mail.subject) or " "),
        ("Message-ID", _ids("Message-ID", (mail.message_id,))),
        ("In-Reply-To", _ids("In-Reply-To", (mail.in_reply_to,) if mail.in_reply_to else ())),
        ("References", _ids("References", mail.references)),
    ]
    for person in mail.bcc:
        check_address("Bcc", person.address)
    if not mail.to and not mail.cc and not mail.bcc:
        raise BadData("To: nobody to write to")
    for name, value in mail.headers:
        if not _FIELD.match(name) or not _ours(name) or name.lower() in _SET:
            raise BadData(f"{name!r:.80}: not a header field that can be added")
        fields.append((name, _text(name, value)))
    return [(name, value) for name, value in fields if value]


_SET = frozenset(("date", "from", "to", "cc", "bcc", "reply-to", "subject", "message-id", "in-reply-to", "references",
                  "sender", "return-path"))  # fmt: skip


def _ids(field: str, ids: tuple[str, ...]) -> str:
    for each in ids:
        if not _ID.match(each):
            raise BadData(f"{field}: not a message id: {each!r:.80}")
    return "\n ".join(ids)


def _people(field: str, people: tuple[Address, ...]) -> str:
    return ",\n ".join(_person(field, person) for person in people)


def _person(field: str, person: Address) -> str:
    address = check_address(field, person.address)
    name = " ".join(_clean(field, person.name or "").split())
    if not name:
        return address
    if not name.isascii() or "=?" in name or len(name) > 200:
        return f"{Header(name, 'utf-8', maxlinelen=_LINE, header_name=field).encode(linesep=chr(10))}\n <{address}>"
    if _SPECIAL.search(name):
        name = '"' + re.sub(r'([\\"])', r"\\\1", name) + '"'
    return f"{name} <{address}>"


def _text(field: str, value: str) -> str:
    """Unstructured text, folded; words from the first that is not plain ASCII are RFC 2047's."""
    words = _clean(field, value).split()
    strange = next((at for at, word in enumerate(words) if _strange(word)), len(words))
    lines, room = [""], _LINE - len(field) - 2
    for word in words[:strange]:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines, room = [*lines, word], _LINE - 1
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    if strange < len(words):
        encoded = Header(" ".join(words[strange:]), "utf-8", maxlinelen=_LINE, header_name=field).encode(linesep="\n")
        lines = [*lines, encoded] if words[:strange] else [encoded]
    return "\n ".join(lines)


def _strange(word: str) -> bool:
    return not word.isascii() or "=?" in word or len(word) > _LINE - 10


def _set_text(message: EmailMessage, text: str) -> None:
    lines = flow("".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text))
    seven = lines.isascii() and all(len(line) <= 990 for line in lines.split("\n"))
    message.set_content(
        lines, charset="utf-8", cte="7bit" if seven else "quoted-printable", params={"format": "flowed"}
    )


def _read_again(raw: bytes, mail: Outgoing, fields: list[tuple[str, str]]) -> None:
    """Compare what our own reader finds in the bytes with what was set."""
    back = read(raw)
    asked = [name for name, _ in fields]
    got = [name for name, _ in back.headers if _ours(name)]
    if got != asked:
        names = ", ".join(sorted(set(got) ^ set(asked)) or got)
        raise BadData(f"header injection: {names} came back, or did not, against what was set")
    texts = {"Subject": mail.subject, **dict(mail.headers)}
    same = {name: _squeezed(back.first(name) or "") == _squeezed(value) for name, value in texts.items()} | {
        "From": _read_people((back.author,)) == _meant("From", (mail.from_,)),
        "To": _read_people(back.to) == _meant("To", mail.to),
        "Cc": _read_people(back.cc) == _meant("Cc", mail.cc),
        "Date": back.date == mail.date.replace(microsecond=0),
        "Message-ID": back.message_id == mail.message_id,
        "In-Reply-To": back.in_reply_to == ((mail.in_reply_to,) if mail.in_reply_to else ()),
        "References": back.references == mail.references,
        "an attachment": [part.disposition for part in back.parts].count("attachment") == len(mail.enclosed),
    }
    if strange := [name for name, equal in same.items() if not equal]:
        raise BadData(f"header injection: {', '.join(strange)} came back otherwise than it was set")


def _read_people(people: tuple[Address, ...]) -> list[tuple[str, str]]:
    return [(_squeezed(person.name or ""), person.address or "") for person in people]


def _meant(field: str, people: tuple[Address, ...]) -> list[tuple[str, str]]:
    return [(_squeezed(person.name or ""), check_address(field, person.address)) for person in people]


def _squeezed(text: str) -> str:
    return " ".join(text.split())
