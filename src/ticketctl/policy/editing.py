"""A policy document edited in place: only the text that must change is touched, comments and all else stay.

What an edit meant is checked on the result: read again, it must be the old document with that one change.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from ticketctl.errors import BadData, NotThere
from ticketctl.policy.keys import AGENTS, ROLES, RULES, SECTIONS, find
from ticketctl.policy.kinds import like, told
from ticketctl.policy.places import Astray, Entry, Path, Span, shown, split_key, walk
from ticketctl.policy.reading import document


def get(text: str, key: str) -> str:
    """What holds for a dotted key: a scalar raw, a list or table as TOML; the default where the document is silent."""
    path, tables = _path(key), document(text)
    try:
        return _printed(_reach(tables, path))
    except LookupError:
        pass
    known = find(path)
    named = path[0] in ("desk", RULES.name) or len(path) == 1 or path[1] in _names(tables, path[0])
    if known is None or not named:
        raise NotThere(_unknown(path, tables))
    if known.default is None:
        raise NotThere(f"{shown(path)}: is not set")
    return _printed(tomllib.loads(f"x = {known.default}")["x"])


def set_(text: str, key: str, value: str) -> str:
    """The document with one value changed or added; nothing else in it changes.

    Texts need no quotes (`policy set desk.name "My Desk"`); lists and tables are TOML (`'["a@example.org"]'`).
    The result is not validated: that is for `read`. Raises BadData for a key or value that cannot be set.
    """
    path, tables = _path(key), document(text)
    wanted = copy.deepcopy(tables)
    written = _written(path, value)
    try:
        _put(wanted, path, tomllib.loads(f"x = {written}")["x"])
        result = _placed(text, path, written)
        if tomllib.loads(result) == wanted:
            return result
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        pass
    raise BadData(f"{shown(path)}: cannot be set by itself here; use `ticketctl policy edit`")


def embed(text: str, read_file: Callable[[str], str], *, source: str = "policy") -> str:
    """The document with each body-file replaced by the text of that file as body, all else byte for byte.

    `read_file` gives the text of a file by the name the policy has; its OSError or UnicodeDecodeError is BadData here.
    Call `read(text, bodies=read_file)` first, which names every problem.
    """
    tables = document(text, source=source)
    edits: list[tuple[Span, str]] = []
    for entry in _walk(text):
        edits += [(span, "body") for path, span in entry.parts if _is_body_file(path) and len(path) == 3]
        if entry.value and _is_body_file(entry.path):
            name = _reach(tables, entry.path)
            if isinstance(name, str):
                edits.append((entry.value, quoted(_read(entry, name, read_file, source))))
    for (begin, end), words in sorted(set(edits), reverse=True):
        text = text[:begin] + words + text[end:]
    document(text, source=f"{source} with its body-files")
    return text


def _walk(text: str) -> list[Entry]:
    try:
        return walk(text)
    except (Astray, RecursionError):
        raise BadData("policy: too intricate to be edited in place; use `ticketctl policy edit`") from None


def _is_body_file(path: Path) -> bool:
    return len(path) in (3, 4) and path[0] == "templates" and path[2] == "body-file"


def _read(entry: Entry, name: str, read_file: Callable[[str], str], source: str) -> str:
    try:
        return read_file(name).replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadData(f"{source}:{entry.line}: {shown(entry.path)}: cannot read {quoted(name)}: {why}") from None


def quoted(text: str) -> str:
    """A text as TOML writes it best: on one line in quotes, or in ''' where it has several lines."""
    plain = re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text) is None
    if "\n" in text:
        if plain and "'''" not in text and not text.endswith("'"):
            return f"'''\n{text}'''"
        return '"""\n' + "".join(c if c == "\n" else _escape(c) for c in text) + '"""'
    if plain and ('"' in text or "\\" in text) and "'" not in text:
        return f"'{text}'"
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character >= " " and character != "\x7f" or character == "\t" else f"\\u{ord(character):04x}"


def _path(key: str) -> Path:
    """A typed key as a path; only rules are counted."""
    try:
        path: Path = split_key(key)
    except Astray:
        raise BadData(
            f"{quoted(key)} is no key; write it like desk.name, with quotes around a piece that holds a dot"
        ) from None
    if path[0] == RULES.name and len(path) > 1 and str(path[1]).isdecimal():
        path = (path[0], int(path[1]), *path[2:])
    return path


def _reach(tables: Any, path: Path) -> Any:
    part: Any
    for part in path:
        if not isinstance(tables, dict if isinstance(part, str) else list):
            raise LookupError(part)
        tables = tables[part]
    return tables


def _names(tables: dict[str, Any], section: str | int) -> list[str]:
    part = tables.get(str(section))
    return list(part) if isinstance(part, dict) else []


def _put(tables: Any, path: Path, value: object) -> None:
    for part in path[:-1]:
        tables = tables.setdefault(part, {}) if isinstance(part, str) else tables[part]
    tables[path[-1]] = value


def _unknown(path: Path, tables: dict[str, Any]) -> str:
    """Names the first piece of the path that leads nowhere, and what may have been meant."""
    section = next((section for section in SECTIONS if section.name == path[0]), None)
    if section is None:
        return f"{shown(path)}: there is no section {path[0]}" + like(str(path[0]), [each.name for each in SECTIONS])
    if section is RULES and len(path) > 1:
        rules = tables.get(section.name)
        count = len(rules) if isinstance(rules, list) else 0
        if not isinstance(path[1], int) or path[1] >= count:
            return f"{shown(path)}: there is no rule {path[1]}; there are {count}, counted from 0"
    names = _names(tables, section.name)
    if section.many and len(path) > 1 and path[1] not in names:
        return f"{shown(path)}: there is no {section.name.removesuffix('s')} {path[1]}" + like(str(path[1]), names)
    return f"{shown(path)}: unknown key" + like(str(path[-1]), [key.name for key in section.keys])


def _printed(value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return _toml(value)
        case _:
            return str(value)


def _toml(value: dict[str, Any] | list[Any]) -> str:
    import tomlkit  # 60 ms, for `policy get` of a table or list alone

    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = {RULES.name: value}
    return tomlkit.dumps(value).strip("\n") if isinstance(value, dict) else tomlkit.item(value).as_string()


def _written(path: Path, value: str) -> str:
    """The value as TOML: a text gets its quotes from the kind that the key is of."""
    known = find(path)
    known_section = path[0] in {section.name for section in SECTIONS}
    if known_section and (len(path) <= (1 if path[0] == "desk" else 2) or path == ("desk", "auto-limits")):
        raise BadData(f"{shown(path)}: is a table; set its keys, or use `ticketctl policy edit`")
    if known is None and not _free(path):
        raise BadData(_unknown(path, {str(path[0]): {path[1]: {}}} if len(path) > 1 else {}))
    try:
        parsed = tomllib.loads(f"x = {value}")
        clean = parsed.keys() == {"x"} and [entry.value for entry in walk(f"x = {value}")][0] == (4, 4 + len(value))
    except (ValueError, RecursionError):
        parsed, clean = {}, False
    text = known.kind.text if known else not clean
    if text and not (clean and isinstance(parsed["x"], str | dict)):
        return quoted(value)
    if not clean:
        word = known.kind.word if known else "value"
        word = '["..."]' if word.startswith("list") else word
        raise BadData(f"{shown(path)}: expected {word} as TOML writes it, not {told(value)}")
    return value


def _free(path: Path) -> bool:
    """Below keys that hold tables of the user's own: rights by queue, texts by language, conditions."""
    above = find(path[:-1])
    return (above is not None and path[0] in (ROLES.name, AGENTS.name)) or any(
        found is not None and (not found.kind.text or "by language" in found.kind.word)
        for found in map(find, (path[:n] for n in range(2, len(path))))
    )


def _placed(text: str, path: Path, written: str) -> str:
    """The text with the value written where it belongs; ValueError or LookupError where there is no such place."""
    entries = walk(text)
    for entry in entries:
        if entry.path == path and entry.value:
            return text[: entry.value[0]] + written + text[entry.value[1] :]
    for place in _places(text, entries, path):
        begin, words = place
        rest = words.format(value="\0").replace("\0", written)
        return text[:begin] + rest + text[begin:]
    raise LookupError(shown(path))


def _places(text: str, entries: list[Entry], path: Path) -> Iterator[tuple[int, str]]:
    """Where a new key may be written, best first: (offset, text with {value})."""
    for n in range(len(path) - 1, 0, -1):
        above, tail = path[:n], _dotted(path[n:])
        inline = [entry for entry in entries if entry.path == above and entry.value and entry.form != "header"]
        if inline:
            span = inline[-1].value or (0, 0)
            if text[span[1] - 1] == "}":
                inside = text[span[0] + 1 : span[1] - 1].strip()
                begin = span[1] - 1 - (text[span[1] - 2] == " " and bool(inside))
                yield begin, f", {tail} = {{value}}" if inside else f" {tail} = {{value}} "
            return
        headers = [entry for entry in entries if entry.form == "header" and entry.path == above]
        if headers and n == len(path) - 1:
            own = [entry for entry in entries if entry.block == above and entry.form == "pair"]
            yield _after(text, own[-1].end if own else headers[-1].end, f"{tail} = {{value}}")
            return
        dotted = [
            entry for entry in entries if entry.form == "pair" and above in [part for part, _ in entry.parts[:-1]]
        ]
        if dotted:
            last = dotted[-1]
            yield _after(text, last.end, f"{_dotted(path[len(last.block) :])} = {{value}}")
            return
    header, newline = _dotted(path[:-1]), _newline(text)
    gap = "" if not text else newline if text.endswith("\n") else newline * 2
    yield len(text), f"{gap}[{header}]{newline}{_dotted(path[-1:])} = {{value}}{newline}"


def _after(text: str, at: int, line: str) -> tuple[int, str]:
    """On a line of its own below the one that ends here, past its comment."""
    end = text.find("\n", at)
    newline = _newline(text)
    return (len(text), newline + line + newline) if end < 0 else (end + 1, line + newline)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _dotted(path: Path) -> str:
    """The pieces of a key, braces doubled since the line is a format."""
    if any(isinstance(part, int) for part in path):
        raise LookupError(shown(path))
    return shown(path).replace("{", "{{").replace("}", "}}")
