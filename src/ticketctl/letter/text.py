"""The text that is shown: which leaves of the mail it is, and how they read (mail-rules section 2).

text/plain, joined in order; else readable text from HTML. format=flowed is unfolded (RFC 3676), uuencoded blocks are
taken
out, quoted history stays. What is shown is capped; the leaf is an attachment too then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from ticketctl.letter import charsets, transfer
from ticketctl.letter.structure import DEPTH, Node

if TYPE_CHECKING:
    from ticketctl.letter.tnef import Tnef

LIMIT = 1 << 20  # bytes of text shown
BLOCKS = 100  # uuencoded blocks of one mail
PACKED = 3  # files of Outlook's (winmail.dat) that are opened

_UU_BEGIN = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{0,1000})\r?\n?")
_META = re.compile(rb"<meta[^>]{1,200}charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_-]{2,40})", re.IGNORECASE)
_UU_END = re.compile(rb"[\r\n]end[ \t]*(?=[\r\n]|\Z)")
_NO_TEXT = frozenset(
    ("text/calendar", "text/x-vcard", "text/vcard", "text/directory", "text/csv", "text/rfc822-headers")
)
_PACKED = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_PACKED_NAMES = frozenset(("winmail.dat", "win.dat"))
_MARKED_UP = frozenset(("text/html", "text/enriched", "text/richtext", "text/x-amp-html"))


class Block(Struct, frozen=True, kw_only=True):
    """A uuencoded file inside a text, by offsets into the raw mail."""

    node: int
    name: str
    start: int
    end: int


class Packed(Struct, frozen=True, kw_only=True):
    """What Outlook packed into a leaf: its bytes, `whole` unless they were cut, and what was read in them."""

    data: bytes
    whole: bool
    read: Tnef


class Shown(Struct, frozen=True, kw_only=True):
    """The text, the leaves it came from, those of them that were cut, the uuencoded blocks found in it; and what
    leaves of Outlook's hold."""

    text: str = ""
    body_type: str = "text/plain"
    nodes: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    blocks: tuple[Block, ...] = ()
    packed: Mapping[int, Packed] = {}  # by leaf
    remarks: tuple[str, ...] = ()


class Reader:
    """Reads leaves of one mail as text, each once, within one limit for all."""

    def __init__(self, raw: bytes, nodes: list[Node]) -> None:
        self.raw = raw
        self.nodes = nodes
        self.children: dict[int, list[int]] = {}
        for index, node in enumerate(nodes):
            if node.parent is not None:
                self.children.setdefault(node.parent, []).append(index)
        self.left = LIMIT
        self.texts: dict[int, str] = {}
        self.cut: list[int] = []
        self.blocks: list[Block] = []
        self.remarks: list[str] = []

    def shown(self) -> Shown:
        """The text of the mail."""
        chosen = self.choose()
        joined = self.text(chosen[0]) if len(chosen) == 1 else self._joined(chosen)
        kept = tuple(index for index in self.cut if index in chosen)
        if kept:
            self.remarks.append("parser: text cut")
        html = any(self.nodes[index].content_type == "text/html" for index in chosen)
        body_type = "text/html" if html else "text/plain"
        packed = self._packed()
        if packed and not joined.strip():
            texts_of_theirs = (each.read.text() for each in packed.values())
            joined, body_type = next((told for told in texts_of_theirs if told[0].strip()), (joined, body_type))
        return Shown(
            text=joined, body_type=body_type, nodes=tuple(chosen), cut=kept,
            blocks=tuple(block for block in self.blocks if block.node in chosen), packed=packed,
            remarks=tuple(self.remarks),
        )  # fmt: skip

    def _joined(self, chosen: list[int]) -> str:
        """The texts in order, each from a line of its own."""
        pieces: list[str] = []
        for number, index in enumerate(chosen):
            text = self.text(index)
            last = number + 1 == len(chosen)
            pieces.append(text if last or text.endswith("\n") else f"{text}\n")
            if not last and chosen[number + 1] > index + 1:
                pieces.append(self._between(index, chosen[number + 1]))
        return "".join(pieces)

    def _packed(self) -> dict[int, Packed]:
        """What Outlook has packed into leaves."""
        some = [
            index
            for index, node in enumerate(self.nodes)
            if node.content_type in _PACKED
            or (node.filename is not None and not node.multipart and node.filename.lower() in _PACKED_NAMES)
        ]
        if not some:
            return {}
        from ticketctl.letter import tnef

        found = {}
        for index in some[:PACKED]:
            node = self.nodes[index]
            data, cut = transfer.head(self.raw, node.body, node.end, node.encoding, tnef.SIZE)
            its = tnef.read(data)
            found[index] = Packed(data=data, whole=not cut, read=its)
            self.remarks += [*its.remarks, *(["parser: TNEF cut"] if cut and not its.remarks else [])]
        return found

    def choose(self) -> list[int]:
        """The leaves to show, in order. Bottom up over the tree, since children stand behind their parents."""
        for loose in (False, True):  # a named text, or one of another type, only where there is no other
            picked: dict[int, list[int]] = {}
            for index in range(len(self.nodes) - 1, -1, -1):
                node = self.nodes[index]
                if node.multipart:
                    picked[index] = self._of_children(node, [picked[child] for child in self.children[index]])
                else:
                    picked[index] = [index] if self._is_text(node, loose) else []
            if picked[0]:
                return picked[0][:1] if loose else picked[0]
        return []

    def _of_children(self, node: Node, options: list[list[int]]) -> list[int]:
        kind = node.content_type
        if kind == "multipart/alternative":
            return self._alternative(options)
        if kind == "multipart/related":
            return next((option for option in options if option), [])
        if kind == "multipart/encrypted":
            return []
        if kind in ("multipart/signed", "multipart/appledouble"):
            return options[0]
        leaves = [index for option in options for index in option]
        first = next((index for index in leaves if len(leaves) == 1 or self._full(index)), None)
        if first is None or self._plain(first):
            return [index for index in leaves if self._plain(index)] or leaves[:1]
        return leaves  # HTML first: a plain footer behind it belongs to it

    def _alternative(self, options: list[list[int]]) -> list[int]:
        """The first plain one that says something, else the last other one that does (RFC 2046 section 5.1.4)."""
        some = [option for option in options if option]
        plain = [option for option in some if all(self._plain(index) for index in option)]
        rest = [option for option in reversed(some) if option not in plain]
        for option in (*plain, *rest):
            if len(some) == 1 or any(self._full(index) for index in option):
                return option
        return some[0] if some else []

    def _full(self, index: int) -> bool:
        return bool(self.text(index).strip())

    def _plain(self, index: int) -> bool:
        return self.nodes[index].content_type not in _MARKED_UP

    def _is_text(self, node: Node, loose: bool) -> bool:
        kind = node.content_type
        if node.disposition == "attachment" or kind in _NO_TEXT:
            return False
        if kind.startswith("multipart/"):  # its parts were not to be found
            return node.body < node.end and node.path.count(".") + 1 < DEPTH
        if kind in ("text/plain", "text/html"):
            above = None if node.parent is None else self.nodes[node.parent].content_type
            return loose or above in (None, "multipart/alternative") or not node.filename
        return loose and kind.startswith("text/")

    def text(self, index: int) -> str:
        """The text of one leaf."""
        if index not in self.texts:
            self.texts[index] = self._text(index)
        return self.texts[index]

    def _text(self, index: int) -> str:
        node = self.nodes[index]
        limit = max(self.left, 0)
        data, cut = self._data(index, limit)
        self.left -= len(data)
        if cut:
            self.cut.append(index)
        text = charsets.decode(data, node.charset or _meta(node, data))
        if node.content_type in _MARKED_UP:
            from ticketctl.letter import html

            return html.to_text(text, self._images() if "cid:" in text else None)
        text = _lines(text)
        if node.parameters.get("format", "").strip().lower() == "flowed":
            text = flowed(text, node.parameters.get("delsp", "").strip().lower() == "yes")
        return text

    def _images(self) -> dict[str, str]:
        """Names of the pictures that text can show, by their Content-IDs (RFC 2392)."""
        from ticketctl.letter.attachments import safe

        found: dict[str, str] = {}
        for node in self.nodes:
            key, name = node.first("content-id"), safe(node.filename)
            if key and name:
                found.setdefault(key.strip().strip("<>"), name)
        return found

    def _between(self, first: int, second: int) -> str:
        """Lines for the pictures that stand between two texts of a mail."""
        from ticketctl.letter.attachments import safe

        inline = (
            node
            for node in self.nodes[first + 1 : second]
            if node.content_type.startswith("image/") and node.disposition == "inline"
        )
        return "".join(f"[image: {safe(node.filename)}]\n" if node.filename else "[image]\n" for node in inline)

    def _data(self, index: int, limit: int) -> tuple[bytes, bool]:
        """The decoded bytes of a leaf without its uuencoded blocks, at most `limit` of them."""
        node = self.nodes[index]
        blocks: list[Block] = []
        if node.content_type == "text/plain" and transfer.identity(node.encoding):
            for block in _uuencoded(self.raw, index, node):
                if len(self.blocks) + len(blocks) >= BLOCKS:
                    break
                blocks.append(block)
        if not blocks:
            return transfer.head(self.raw, node.body, node.end, node.encoding, limit)
        self.blocks += blocks
        found = bytearray()
        edges = [node.body, *(edge for block in blocks for edge in (block.start, block.end)), node.end]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            found += self.raw[start : min(end, start + limit + 1)]
            if len(found) > limit:
                return bytes(found[:limit]), True
        return bytes(found), False


def _uuencoded(raw: bytes, index: int, node: Node) -> Iterator[Block]:
    position = node.body
    while (begin := _UU_BEGIN.search(raw, position, node.end)) is not None:
        if begin.start() > node.body and raw[begin.start() - 1] not in (10, 13):
            position = begin.end()
            continue
        end = _UU_END.search(raw, begin.end() - 1, node.end)
        if end is None:
            return
        position = end.end()
        first = next(transfer.lines(raw, begin.end(), min(end.start() + 1, begin.end() + 200)), b"").rstrip(b"\r")
        count = (first[0] - 32) & 63 if first else 0
        if first and (len(first) - 1) // 4 * 3 >= count and len(first) <= 64 and max(first) <= 96:
            yield Block(node=index, name=charsets.guess(begin[1]), start=begin.start(), end=position)
        else:
            position = begin.end()
            if end.start() - begin.start() > 10_000:  # prose, far from any end: look no further
                return


def _meta(node: Node, data: bytes) -> str | None:
    """The charset that HTML names in itself, where its header names none."""
    found = _META.search(data, 0, 4096) if node.content_type == "text/html" else None
    return found[1].decode("ascii") if found else None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def flowed(text: str, delsp: bool) -> str:
    """RFC 3676 section 4: lines that end in a blank go on in the next of the same quote depth; stuffing is taken
    out."""
    out: list[str] = []
    run: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        quotes = len(line) - len(content)
        content = content.removeprefix(" ")
        if run and (quotes != depth or content == "-- "):
            out.append(_paragraph(run, depth))
            run = []
        depth = quotes
        if content.endswith(" ") and content != "-- ":
            run.append(content[:-1] if delsp else content)
        else:
            out.append(_paragraph([*run, content], depth))
            run = []
    if run:
        out.append(_paragraph(run, depth))
    return "\n".join(out)


def _paragraph(run: list[str], depth: int) -> str:
    text = "".join(run)
    return f"{'>' * depth} {text}".rstrip(" ") if depth else text
