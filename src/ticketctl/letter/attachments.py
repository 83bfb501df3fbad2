"""What is not the text shown: every other leaf as a view with a sane name (RFC 2183 section 2.3, RFC 2231, RFC
2047)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from ticketctl.letter import headers, transfer
from ticketctl.letter.structure import Node, newline_of
from ticketctl.letter.text import Shown
from ticketctl.ticket import Attachment

_LENGTH = 200  # bytes of a name in UTF-8
_SUFFIX = re.compile(r"(.+?)(\.[A-Za-z0-9]{1,10})\Z", re.DOTALL)
_SHORT = re.compile(r"(?:image|audio|video)/(?:x-)?([a-z0-9]{1,5})\Z")
_SUFFIXES = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "text/vcard": ".vcf",
    "text/x-vcard": ".vcf", "text/directory": ".vcf", "text/xml": ".xml", "text/css": ".css", "text/markdown": ".md",
    "text/rtf": ".rtf", "text/x-patch": ".patch", "text/x-diff": ".diff", "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt", "message/disposition-notification": ".txt", "message/feedback-report": ".txt",
    "message/global-delivery-status": ".txt", "application/pdf": ".pdf", "application/zip": ".zip",
    "application/x-zip-compressed": ".zip", "application/gzip": ".gz", "application/x-gzip": ".gz",
    "application/x-tar": ".tar",
    "application/x-7z-compressed": ".7z", "application/json": ".json", "application/xml": ".xml",
    "application/rtf": ".rtf",
    "application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt", "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/ics": ".ics", "application/postscript": ".ps", "application/pgp-keys": ".asc",
    "application/ms-tnef": ".dat",
    "application/vnd.ms-tnef": ".dat", "application/pgp": ".asc", "application/javascript": ".js",
    "image/jpeg": ".jpg", "image/pjpeg": ".jpg", "image/tiff": ".tif", "image/svg+xml": ".svg", "image/x-icon": ".ico",
    "image/vnd.microsoft.icon": ".ico", "audio/mpeg": ".mp3", "audio/x-wav": ".wav", "video/quicktime": ".mov",
    "video/mpeg": ".mpg",
}  # fmt: skip
_TYPES = {
    ending: kind for kind, ending in reversed(_SUFFIXES.items()) if not kind.startswith(("message/", "application/ms-"))
} | {
    ".eml": "message/rfc822", ".png": "image/png", ".gif": "image/gif", ".bmp": "image/bmp", ".asc": "text/plain",
    ".webp": "image/webp", ".dat": "application/octet-stream",
}  # fmt: skip
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}\Z")
_NAMES = {
    "application/pgp-signature": "signature.asc", "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s", "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m", "application/ms-tnef": "winmail.dat",
    "application/vnd.ms-tnef": "winmail.dat",
}  # fmt: skip


def safe(name: str | None) -> str | None:
    """A name without path, controls, format characters (bidi among them) and leading dots; None where nothing is
    left."""
    if not name:
        return None
    last = name[-2_000:].replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    if not last.isascii() or not last.isprintable():
        last = "".join(" " if char.isspace() else char for char in last if char.isspace() or _visible(char))
        last = unicodedata.normalize("NFC", last)
    last = " ".join(last.split()).lstrip(". ").rstrip(". ")
    if last.startswith("-"):
        last = f"_{last[1:]}"
    return _short(last) or None


def _visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")


def _short(name: str) -> str:
    if len(name.encode("utf-8", "replace")) <= _LENGTH:
        return name
    match = _SUFFIX.match(name)
    stem, suffix = (match[1], match[2]) if match else (name, "")
    kept = stem.encode("utf-8", "replace")[: _LENGTH - len(suffix)].decode("utf-8", "ignore")
    return f"{kept.rstrip('. ')}{suffix}"


def suffix(content_type: str) -> str:
    """The usual suffix of a type, ".bin" where there is none."""
    found = _SUFFIXES.get(content_type)
    if found is not None:
        return found
    if (match := _SHORT.match(content_type)) is not None:
        return f".{match[1]}"
    return ".txt" if content_type.startswith(("text/", "multipart/")) else ".bin"


def listed(raw: bytes, nodes: list[Node], shown: Shown) -> tuple[Attachment, ...]:
    """Every leaf that is not the text shown, and the uuencoded blocks of the text, in the order of the mail; behind a
    winmail.dat the files in it."""
    whole = set(shown.nodes) - set(shown.cut)
    views: list[tuple[int, int, str, str, str | None]] = []  # start, end, encoding, type, name
    for index, node in enumerate(nodes):
        if not node.multipart and index not in whole and _is_something(nodes, index):
            views.append((node.body, node.end, node.encoding, node.content_type, _name(raw, node)))
    views += [
        (block.start, block.end, "x-uuencode", "application/octet-stream", safe(block.name)) for block in shown.blocks
    ]
    views.sort(key=lambda view: view[:2])
    packed = {nodes[index].body: each for index, each in shown.packed.items()}
    found: list[Attachment] = []
    used: dict[str, int] = {}

    def add(name: str | None, content_type: str, told: tuple[int, str], view: tuple[int, int, str]) -> None:
        n = len(found) + 1
        start, end, encoding = view
        found.append(
            Attachment(
                n=n, name=_unique(name or f"part-{n}{suffix(content_type)}", used), content_type=content_type,
                size=told[0], sha256=told[1], offset=start, length=end - start, encoding=encoding,
            )
        )  # fmt: skip

    for start, end, encoding, content_type, name in views:
        its = packed.get(start)
        pieces = [its.data] if its is not None and its.whole else transfer.pieces(raw, start, end, encoding)
        add(name, content_type, _measured(pieces), (start, end, encoding))
        if its is None:
            continue
        for file in its.read.files:
            told = _measured([memoryview(its.data)[file.start : file.end]])
            view = (start, end, transfer.stretch(encoding, file.start, file.end))
            given = safe(file.name)
            add(given, file.content_type if _TYPE.match(file.content_type) else _type_of(given), told, view)
    return tuple(found)


def _type_of(name: str | None) -> str:
    """What a name's suffix says."""
    match = _SUFFIX.match(name or "")
    return _TYPES.get(match[2].lower(), "application/octet-stream") if match else "application/octet-stream"


def _is_something(nodes: list[Node], index: int) -> bool:
    """An empty body is an attachment only if it has a name, or a type that says what it would be."""
    node = nodes[index]
    if node.body < node.end:
        return True
    kind = node.content_type
    return index > 0 and bool(node.filename or not kind.startswith(("text/", "multipart/")))


def _name(raw: bytes, node: Node) -> str | None:
    given = safe(node.filename)
    if given is not None:
        return given
    if node.content_type in ("message/rfc822", "message/global"):
        subject = _subject(raw, node)
        if subject is not None:
            return _short(f"{subject[:150]}.eml")
    return _NAMES.get(node.content_type)


def _subject(raw: bytes, node: Node) -> str | None:
    """The subject of a mail in this mail, as a name."""
    head, _ = transfer.head(raw, node.body, min(node.end, node.body + 32_768), node.encoding, 32_768)
    newline = newline_of(head, 0, len(head))
    stop, _ = headers.bounds(head, 0, len(head), newline)
    found, _, _ = headers.fields(head[:stop], newline)
    text = next((value for name, value in found if name.lower() == "subject"), "")
    return safe(headers.decode(text[:2_000]).replace("/", "-").replace("\\", "-"))


def _unique(name: str, used: dict[str, int]) -> str:
    """The name, numbered if it is taken in this mail (in any case of letters)."""
    match = _SUFFIX.match(name)
    stem, end = (match[1], match[2]) if match else (name, "")
    candidate, number = name, used.get(name.casefold(), 1)
    while candidate.casefold() in used:
        number += 1
        candidate = f"{stem}-{number}{end}"
    used[candidate.casefold()] = 1
    used[name.casefold()] = number
    return candidate


def _measured(pieces: Iterable[transfer.Piece]) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()
