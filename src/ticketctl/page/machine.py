"""For other programs: JSON, JSON lines, TSV, ids (contract sections 4 and 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ticketctl.page.safe import escape, field, in_json

TSV_COLUMNS = ("number", "id", "queue", "state", "priority", "lock", "owner", "customer", "created", "title")


def json_(value: object) -> str:
    """An object or an array, its keys in the contract's order, safe on a terminal; no newline after it."""
    import json  # late: tables and TSV do without

    return in_json(json.dumps(value, ensure_ascii=False, indent=2))


def jsonl(values: Iterable[object]) -> str:
    """A line each."""
    import json  # late, as above

    return "".join(in_json(json.dumps(value, ensure_ascii=False)) + "\n" for value in values)


def tsv(rows: Iterable[Mapping[str, object]], columns: Sequence[str] = TSV_COLUMNS, *, header: bool = False) -> str:
    r"""A line each, `\t \n \\` in a field escaped, null as an empty field, nothing cut."""
    lines = ["\t".join(columns)] if header else []
    lines += ["\t".join(field(plain(row.get(column))) for column in columns) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def ids(tickets: Iterable[Mapping[str, object]], *, nul: bool = False) -> str:
    """The numbers, a line each; with `nul` each ends in NUL instead, for xargs -0."""
    end = "\0" if nul else "\n"
    return "".join(f"{escape(str(ticket['number']))}{end}" for ticket in tickets)


def plain(value: object) -> str:
    """A value as one field: an address of a person, a list with commas, true and false, nothing for null."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case {"address": address}:
            return plain(address)
        case Mapping():
            return ",".join(f"{key}={plain(inner)}" for key, inner in value.items())
        case list() | tuple():
            return ",".join(plain(inner) for inner in value)
        case _:
            return str(value)
