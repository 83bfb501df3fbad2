"""HTML -> text by inscriptis, behind guards that keep its work linear; links show where they really lead.

First a tokenizer of our own passes on only what layout needs (no script, style, comments, attributes, data: images,
deep nesting,
tables that padding would blow up); what inscriptis then cannot read, a plain tag stripper does. Nothing is ever
fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape, unescape

from ticketctl.letter.tables import Tables

INPUT = 512 * 1024  # characters of cleaned HTML that are laid out
OUTPUT = 1 << 20  # characters of text
_PIECES = 30_000  # tags and texts that are laid out
_TAG = 8 * 1024  # characters of a tag that is still read
_NESTING = 20  # lists and quotes in each other
_DEPTH = 200  # elements in each other: libxml2 drops what is deeper than 256
_TABLE = 8_000_000  # rows times characters that padding may make

_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:]{0,30})")
# A ">" in a quoted value does not end a tag, an unbalanced quote does not hide its end.
_REST = re.compile(r"(?:[^>\"'=]++|=\s*+(?:\"[^\"]{0,8192}\"|'[^']{0,8192}')?+|[\"'])*+>")
_MISSES = 100  # tags with unbalanced quotes, after which quotes are not looked at
_ENTITY = re.compile(r"&#[xX]?[0-9a-fA-F]{8,}")  # names no character; int() refuses or is slow
_ATTRIBUTE = re.compile(
    r"\b(href|src|alt|style|hidden)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?", re.IGNORECASE
)
# What a reader does not see, people did not either. Size 0 counts for words alone: newsletters set it around columns.
_HIDDEN = re.compile(
    r"display\s{0,9}:\s{0,9}none|mso-hide\s{0,9}:\s{0,9}all|visibility\s{0,9}:\s{0,9}hidden"
    r"|(?<![a-z-])opacity\s{0,9}:\s{0,9}0(?![.0-9]{0,9}[1-9])",
    re.IGNORECASE,
)
_TOLD = frozenset(("a", "img"))  # whose attributes say more than whether they are seen
_MAY_HIDE = re.compile("style|hidden", re.IGNORECASE)  # a tag
_HIDING = ("none", "mso-hide", "visibility", "opacity")
_TINY = re.compile(r"font-size\s{0,9}:\s{0,9}0(?![.0-9]{0,9}[1-9])", re.IGNORECASE)
_TINY_WORDS = frozenset(("span", "font", "small", "i", "b", "em"))
# Characters without width: between letters they hide words from a search; joiners stay where scripts need them.
_WIDTHLESS = re.compile(
    "[\u00ad\u034f\u180e\u200b\u2060\ufeff]|(?<![^\x00-\xa0])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\xa0])"
)
_CID = re.compile(r"cid:(?://)?(.{1,250})", re.IGNORECASE)
_PERCENT = re.compile("%([0-7][0-9a-fA-F])")
_DROPPED = frozenset((
    "script", "style", "head", "title", "noscript", "svg", "template", "object", "iframe", "math", "select",
))  # fmt: skip
_BLOCKS = frozenset((
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer", "center", "address",
    "pre",
    "hr", "br",
))  # fmt: skip
_NESTED = frozenset(["ul", "ol", "blockquote", "dl", "menu", "dir"])
_TABLES = frozenset(["table", "tr", "td", "th", "tbody", "thead", "tfoot", "caption"])
_LISTS = frozenset(["li", "dt", "dd"])
_INLINE = frozenset(["b", "i", "u", "strong", "em", "code", "tt", "sub", "sup"])
_KEPT = _BLOCKS | _NESTED | _TABLES | _LISTS | _INLINE
_VOID = frozenset(("br", "hr", "img"))
_IMPLIED = frozenset(("p", "li", "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot"))  # end at the next one
_QUOTE = re.compile(r"(</?blockquote>)")
_QUOTES = 200  # tags of quotes, beyond which they are not marked
_SCHEME = re.compile(r"(?:https?|ftp|mailto|tel|news|sms|xmpp|callto)\s*:", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n{4,}")
_RUN = re.compile(r"\s+")

Token = tuple[str, str, str]  # "text", "", text | "open" or "close", name of the element, the whole tag


def to_text(source: str, images: Mapping[str, str] | None = None) -> str:
    """Readable text; empty only where nothing is to be read. `images`: names by Content-ID. Never raises."""
    cleaned, simple = clean(_ENTITY.sub("\ufffd", source), images or {})
    text = _quoted(cleaned) if simple else ""
    if not text.strip():
        text = strip(cleaned)
    return _tidy(text[:OUTPUT])


def _quoted(cleaned: str) -> str:
    """Laid out, what stands in blockquotes behind ">" as in plain mail: history stays, and can be told from news."""
    pieces = _QUOTE.split(cleaned)
    if len(pieces) > _QUOTES:
        return _layout(cleaned)
    out: list[str] = []
    depth = 0
    for piece in pieces:
        if piece == "<blockquote>":
            depth += 1
        elif piece == "</blockquote>":
            depth = max(depth - 1, 0)
        elif piece.strip():
            text = _layout(piece).strip("\n")
            mark = f"{'>' * depth} " if depth else ""
            out += [f"{mark}{line}".rstrip() for line in text.split("\n")] if text.strip() else []
    return "\n".join(out)


def _layout(cleaned: str) -> str:
    try:
        from inscriptis import get_text
        from inscriptis.css_profiles import CSS_PROFILES
        from inscriptis.model.config import ParserConfig

        return str(get_text(f"<html><body>{cleaned}</body></html>", ParserConfig(css=CSS_PROFILES["strict"])))
    except Exception:  # a library's trouble with one mail's HTML is never ours: the stripper reads it
        return ""


def _tidy(text: str) -> str:
    if not text.isascii():
        text = _WIDTHLESS.sub("", text)
    lines = "\n".join(line.rstrip() for line in text.replace("\r", "\n").split("\n"))
    text = _BLANK_LINES.sub("\n\n\n", lines).strip("\n")
    return f"{text}\n" if text else ""


def tokens(source: str) -> Iterator[Token]:
    """Text and tags in order; comments, declarations and tags too long to be honest are left out. Linear."""
    position, length = 0, len(source)
    comments = True  # does one that opens here ever close? Asked once
    misses = 0
    while position < length:
        begin = source.find("<", position)
        if begin < 0:
            yield "text", "", source[position:]
            return
        if begin > position:
            yield "text", "", source[position:begin]
        follower = source[begin + 1 : begin + 2]
        name = _NAME.match(source, begin)
        if comments and source.startswith("<!--", begin):
            end = source.find("-->", begin + 4)
            comments = end >= 0
            position = end + 3 if comments else begin + 4
        elif follower and follower in "!?":
            end = source.find(">", begin)
            if end < 0:  # nothing that opens from here on ever closes
                yield "text", "", source[begin:]
                return
            position = end + 1
        elif name is None:
            yield "text", "", "<"
            position = begin + 1
        else:
            match = _REST.match(source, name.end(), name.end() + 2 * _TAG) if misses < _MISSES else None
            misses += match is None
            end = match.end() if match is not None else source.find(">", name.end()) + 1
            if end <= 0:
                return
            tag = source[begin:end] if end - begin <= _TAG else name[0]
            yield "close" if follower == "/" else "open", name[1].lower().rpartition(":")[2], tag
            position = end


def clean(source: str, images: Mapping[str, str]) -> tuple[str, bool]:
    """Only what layout needs; and whether it is small and flat enough to be laid out."""
    page = _Cleaner(images)
    if not _fed(page, source):
        page = _Cleaner(images, hides=False)
        _fed(page, source)
    text = "".join(page.out)
    simple = page.deepest <= _DEPTH and len(text) <= INPUT and len(page.out) <= _PIECES
    return (_without_tables(text) if page.rows * page.width > _TABLE else text), simple


def _fed(page: _Cleaner, source: str) -> bool:
    """Gives a page to the cleaner; false where something hidden never ends, so that all behind it would be lost."""
    skip = ""
    skipped = 0
    for kind, name, value in tokens(source):
        if skip:
            if name != skip:
                continue
            if kind == "close" or skip not in _IMPLIED:
                skipped += 1 if kind == "open" else -1
                skip = skip if skipped else ""
                continue
            skip = ""  # the next of its kind ends it
        if kind == "text":
            page.text(value)
        elif kind == "close":
            page.close(name)
        elif page.open(name, value):
            skip, skipped = name, 1
    page.end_link()
    return not skip or skip in _DROPPED


class _Cleaner:
    """Writes tags that layout knows, without attributes; pictures and links as text. `hides`: what is hidden is left
    out."""

    def __init__(self, images: Mapping[str, str], *, hides: bool = True) -> None:
        self.images = images
        self.hides = hides
        self.out: list[str] = []
        self.tables = Tables(self.out)
        self.stack: list[str] = []
        self.link: tuple[str, int] | None = None  # target, and where in `out` its text begins
        self.deepest = self.rows = self.width = self.nested = 0

    def text(self, value: str) -> None:
        self.out.append(value.replace("<", "&lt;"))
        self.width += len(value)
        if self.tables.opened:
            self.tables.text(len(value), blank=value.isspace() or value == "&nbsp;")

    def open(self, name: str, tag: str) -> bool:
        """An opening tag; true where all is to be passed over up to its end."""
        attributes = _attributes(name, tag) if name in _TOLD or _MAY_HIDE.search(tag) else {}
        if name in _DROPPED or (self.hides and "hidden" in attributes and name not in _VOID):
            return not tag.endswith("/>") and name not in _VOID and name != "body"
        if name == "a":
            self.end_link()
            self.link = (attributes.get("href", ""), len(self.out))
        elif name == "img":
            if shown := _image(attributes, self.images):
                self.out.append(escape(shown))
                self.tables.text(len(shown), blank=False)
        elif name in _KEPT:
            self.nested += name in _NESTED
            if name not in _NESTED or self.nested <= _NESTING:
                self._element(name)
        return False

    def _element(self, name: str) -> None:
        self.rows += name == "tr"
        self.out.append(f"<{name}>")
        if name in _TABLES:
            self.tables.open(name)
        elif name not in _INLINE:
            self.tables.line_break()
        if name not in _VOID and name not in _LISTS and name != "p":
            self.stack.append(name)
            self.deepest = max(self.deepest, len(self.stack))

    def close(self, name: str) -> None:
        if name == "a":
            self.end_link()
            self.link = None
        elif name in _KEPT and name not in _VOID:
            if name in _NESTED:
                self.nested = max(self.nested - 1, 0)
                if self.nested >= _NESTING:
                    return
            if self.stack and self.stack[-1] == name:
                self.stack.pop()
            self.out.append(f"</{name}>")
            if name in _TABLES:
                self.tables.close(name)
            elif name not in _INLINE:
                self.tables.line_break()

    def end_link(self) -> None:
        """Puts a link's target behind its text, unless the text is the target."""
        if self.link is None:
            return
        target, begin = self.link
        if not _SCHEME.match(target):
            return
        target = _RUN.sub("", target)[:2_000]
        text = unescape("".join(piece for piece in self.out[begin:] if not piece.startswith("<"))).strip()
        if _bare(text) != _bare(target):
            self.out.append(f" &lt;{escape(target)}&gt;")
            self.tables.text(len(target) + 3, blank=False)


def _image(attributes: Mapping[str, str], images: Mapping[str, str]) -> str:
    """What stands for a picture: the name of one in the mail, else the words that it was given, else nothing."""
    inside = _CID.match(attributes.get("src", ""))
    if inside is not None:
        key = _PERCENT.sub(lambda match: chr(int(match[1], 16)), inside[1]).strip()
        return f"[image: {images[key]}]" if key in images else "[image]"
    words = attributes.get("alt", "").strip()[:200]
    return f"[{words}]" if words else ""


def _attributes(name: str, tag: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(tag):
        value = next((group for group in match.groups()[1:] if group is not None), "")
        key = match[1].lower()
        if key == "style":
            if _hides(name, value.lower()):
                found["hidden"] = ""
        elif key == "hidden" and tag[match.start() - 1 : match.start()].isspace() and not match[2]:
            found.setdefault("hidden", "")
        elif key in ("href", "alt", "src"):
            found.setdefault(key, unescape(value).strip())
    return found


def _hides(name: str, style: str) -> bool:
    """Does that style, in lower case, keep an element from being seen? Its plain words are looked for first."""
    if any(word in style for word in _HIDING) and _HIDDEN.search(style):
        return True
    return name in _TINY_WORDS and "font-size" in style and _TINY.search(style) is not None


def _bare(target: str) -> str:
    """A target without what people leave out when they write it."""
    plain = target.strip().lower()
    for prefix in ("mailto:", "tel:", "https://", "http://"):
        plain = plain.removeprefix(prefix)
    return plain.rstrip("/")


_TABLE_TAG = re.compile(r"<(/?)(table|tr|td|th|tbody|thead|tfoot|caption)>")


def _without_tables(text: str) -> str:
    return _TABLE_TAG.sub(lambda match: " " if match[2] in ("td", "th") else f"<{match[1]}div>", text)


def strip(source: str) -> str:
    """Text without its tags, a line for each block: for what no layout could read."""
    out: list[str] = []
    size = 0
    for kind, name, value in tokens(source):
        if kind == "text":
            out.append(_RUN.sub(" ", unescape(value)))
            size += len(value)
        elif kind == "open" and name in ("li", "dt", "dd", "tr", *_BLOCKS, *_NESTED):
            out.append("\n")
        if size > OUTPUT:
            break
    return "\n".join(line.strip() for line in "".join(out).split("\n"))
