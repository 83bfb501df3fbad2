"""Raw bytes -> Letter: the order in which the rooms of this package are asked. Total: trouble is a remark."""

from __future__ import annotations

import hashlib
import re

from msgspec.structs import replace

from ticketctl.letter import addresses, attachments, dates, headers, ids, structure, text, transfer
from ticketctl.letter.headers import Field
from ticketctl.letter.structure import Node
from ticketctl.letter.value import Letter, Part
from ticketctl.ticket import Address, Attachment

_OBSOLETE_FROM = re.compile(rb"From[ \t]*:")
_ENVELOPE = re.compile(rb"From[ \t]+([^ \t\r\n]{1,998})?")
_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]{0,16}")
_FIELD = re.compile(rb"(?:>?From [^\r\n]{1,998}[\r\n]|[A-Za-z][A-Za-z0-9-]{1,60}:[ \t])")
_TRACE = frozenset(("delivered-to", "x-original-to", "envelope-to"))
_SMIME = {
    "signed-data": "crypto: signed (S/MIME), not checked",
    "enveloped-data": "crypto: encrypted (S/MIME)",
    "authenveloped-data": "crypto: encrypted (S/MIME)",
}
_PGP = ("-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP MESSAGE-----")


def read(raw: bytes) -> Letter:
    """What these bytes say as a mail. Never raises, linear in time; the bytes are kept as they are."""
    digest = hashlib.sha256(raw).hexdigest()
    try:
        letter = _read(raw, digest)
    except Exception as error:  # G2: a fault of ours costs a look, never the mail
        return Letter(raw=raw, sha256=digest, remarks=(f"parser: {type(error).__name__} in reading",))
    try:
        from ticketctl.letter import reports

        found, returned = reports.find(letter)
    except Exception as error:
        return replace(letter, remarks=(*letter.remarks, f"parser: {type(error).__name__} in reports"))
    return replace(letter, reports=found, returned_ids=returned) if found or returned else letter


def decoded(raw: bytes, attachment: Attachment) -> bytes:
    """The bytes of an attachment, decoded out of the raw mail that it is a view of."""
    end = min(len(raw), attachment.offset + attachment.length)
    return b"".join(transfer.pieces(raw, attachment.offset, end, attachment.encoding))


def _read(raw: bytes, digest: str) -> Letter:
    start, envelope_from = _envelope(raw)
    nodes, remarks = structure.split(raw, start)
    shown = text.Reader(raw, nodes).shown()
    fields = nodes[0].fields
    said = tuple([(name, headers.decode(value)) for name, value in fields])
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name.lower(), []).append(value)
    lists = {name: _list(values.get(name, []), remarks) for name in ("reply-to", "to", "cc", "resent-to", "resent-cc")}
    received = values.get("received", [])
    origin = values.get("from", [])
    return_path = values.get("return-path")
    return Letter(
        raw=raw,
        sha256=digest,
        headers=said,
        envelope_from=envelope_from,
        author=addresses.author(origin),
        claimed=", ".join([value for name, value in said if name.lower() == "from"]),
        reply_to=lists["reply-to"],
        to=lists["to"],
        cc=lists["cc"],
        resent_to=lists["resent-to"],
        resent_cc=lists["resent-cc"],
        subject=headers.decode(values.get("subject", [""])[0]),
        date=dates.read(values.get("date", [""])[0]),
        message_id=ids.first(_first(values, "message-id")),
        in_reply_to=_ids(values, "in-reply-to"),
        references=_ids(values, "references"),
        return_path=None if return_path is None else _path(return_path[0]),
        trace_recipients=_trace(fields),
        hops=len(received),
        queue_id=ids.queue(received[0]) if received else None,
        parts=tuple(map(_part, nodes)),
        text=shown.text,
        body_type=shown.body_type,
        attachments=attachments.listed(raw, nodes, shown),
        remarks=(*remarks, *shown.remarks, *_crypto(nodes, shown.text)),
    )


def _envelope(raw: bytes) -> tuple[int, str | None]:
    """Where the mail begins, and the sender of a leading "From " line (an mbox's, RFC 4155); "" is the null sender."""
    start = 0
    if raw[:1] in (b"\r", b"\n", b"\xef"):  # a byte order mark or blank lines before a header
        blank = _BLANK.match(raw)
        if blank is not None and _FIELD.match(raw, blank.end()):
            start = blank.end()
    if not raw.startswith((b"From ", b"From\t", b">From "), start) or _OBSOLETE_FROM.match(raw, start):
        return start, None
    quoted = raw.startswith(b">", start)
    line = _ENVELOPE.match(raw, start + quoted)
    found = [at for at in (raw.find(b"\n", start, start + 4096), raw.find(b"\r", start, start + 4096)) if at >= 0]
    end = min(found, default=min(len(raw), start + 4096))
    end += 2 if raw.startswith(b"\r\n", end) else 1
    sender = headers.clean(headers.eight_bit(line[1] or b"")) if line is not None else ""
    if quoted or not sender:
        return min(end, len(raw)), None
    sender = sender.strip("<>")
    return min(end, len(raw)), "" if sender.lower() in ("", "mailer-daemon") else sender


def _list(fields: list[str], remarks: list[str]) -> tuple[Address, ...]:
    """The addresses of all fields of one name together."""
    found: list[Address] = []
    for value in fields:
        boxes, more = addresses.read(value, addresses.LIMIT - len(found))
        found += (box.address for box in boxes)
        if more:
            remarks.append(f"parser: addresses beyond {addresses.LIMIT} left out")
            break
    return tuple(found)


def _first(values: dict[str, list[str]], name: str) -> str | None:
    found = values.get(name)
    return headers.decode(found[0]) if found else None


def _ids(values: dict[str, list[str]], name: str) -> tuple[str, ...]:
    return tuple(found for value in values.get(name, []) for found in ids.read(headers.decode(value)))


def _path(value: str) -> str:
    """The address of a Return-Path, or whatever stands in its angle brackets; "" is the null sender (RFC 5321 section
    4.4)."""
    boxes, _ = addresses.read(value, 1)
    if boxes and boxes[0].address.address is not None:
        return boxes[0].address.address
    plain = headers.clean(value)
    _, angle, inner = plain.partition("<")
    return (inner.split(">", 1)[0] if angle else plain.split("(", 1)[0]).strip()


def _trace(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """Who the mail was delivered to, as fields above the topmost Received say; those below it anybody may have
    written."""
    found: list[str] = []
    for name, value in fields:
        key = name.lower()
        if key == "received":
            break
        if key in _TRACE:
            found += (box.address.address for box in addresses.read(value, 100)[0] if box.address.address is not None)
    return tuple(found)


def _part(node: Node) -> Part:
    return Part(
        path=node.path, parent=node.parent, content_type=node.content_type, charset=node.charset,
        encoding=node.encoding,
        disposition=node.disposition, name=attachments.safe(node.filename), start=node.start, body=node.body,
        end=node.end,
    )  # fmt: skip


def _crypto(nodes: list[Node], shown: str) -> list[str]:
    """Remarks on signatures and ciphers (RFC 1847, RFC 3156, RFC 8551): nothing is checked here."""
    found: list[str] = []
    for node in nodes:
        protocol = node.parameters.get("protocol", "").lower()
        kind = "PGP" if "pgp" in protocol else "S/MIME" if "pkcs7" in protocol else ""
        if node.content_type == "multipart/signed":
            found.append(f"crypto: signed ({kind or 'unknown protocol'}), not checked")
        elif node.content_type == "multipart/encrypted":
            found.append(f"crypto: encrypted ({kind or 'unknown protocol'})")
        elif node.content_type in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
            found.append(_SMIME.get(node.parameters.get("smime-type", "").lower(), "crypto: S/MIME, not opened"))
    if _PGP[0] in shown:
        found.append("crypto: signed (PGP), not checked")
    elif _PGP[1] in shown:
        found.append("crypto: encrypted (PGP)")
    return list(dict.fromkeys(found))
