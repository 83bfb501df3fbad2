"""A ticket to be read: head and thread, one article, the history, and the line that a verb prints of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from ticketctl.page.safe import escape
from ticketctl.page.table import BOLD, DIM, RED, YELLOW, local, paint, width_of

Value = Mapping[str, Any]

_LABEL = 11  # cells, the blank behind it included
_DUE = (("first_response_due", "first answer"), ("update_due", "update"), ("solution_due", "solution"))
_BAD = ("failed", "held", "unknown")
_HEAD = re.compile(r"--\s+\d+/\d")  # how the line above an article begins


def change_line(ticket: Value, *also: str) -> str:
    """What a verb that changes prints of a ticket: one line; `also` names keys that it tells besides."""
    held = "locked by" if ticket["lock"] == "locked" else "owned by"
    owner = f", {held} {ticket['owner']}" if ticket["owner"] else ""
    tried = "would be: " if ticket.get("dry_run") else ""
    text = f"{ticket['number']} (#{ticket['id']}) {tried}{ticket['state']} in {ticket['queue']}{owner}"
    text += "".join(f", {key} {ticket[key]}" for key in also)
    return f"{escape(text)}: {escape(ticket['title'] or '(no title)')}\n"


def show_page(value: Value, *, width: int, color: bool, zone: tzinfo) -> str:
    """A ticket's head and its thread, times in the agent's zone; `value` is that of `show`."""
    title = escape(value["title"] or "(no title)")
    head = [paint(f"{value['number']} (#{value['id']})  {title}", BOLD, color), *_head(value, zone)]
    thread = [article_page(article, value["id"], width=width, color=color, zone=zone) for article in value["articles"]]
    return "\n".join(["\n".join(head) + "\n", *thread])


def _head(value: Value, zone: tzinfo) -> list[str]:
    until = f" until {local(value['pending_until'], zone)}" if value["pending_until"] else ""
    waiting = f", waiting for {value['waiting_on']}" if value["waiting_on"] else ""
    lock = "locked" if value["lock"] == "locked" else "not locked"
    owner = f"{value['owner'] or 'nobody'}, {lock}"
    due = "; ".join(f"{name} {local(value[key], zone)}" for key, name in _DUE if value[key])
    closed = f", closed {local(value['closed'], zone)}" if value["closed"] else ""
    lines = (
        ("Queue", value["queue"]),
        ("State", value["state"] + until + waiting),
        ("Priority", value["priority"]),
        ("Owner", owner),
        ("Also", value["responsible"] and f"{value['responsible']} is responsible"),
        ("Customer", person(value["customer"])),
        ("Parties", _people(value, "accepted", "mailed")),
        ("Outsiders", _people(value, "third party")),
        ("Created", f"{local(value['created'], zone)}, changed {local(value['changed'], zone)}{closed}"),
        ("Due", due),
        ("Tags", ", ".join(value["tags"])),
        ("Watchers", ", ".join(value["watchers"])),
        ("Merged", value["merged_into"] and f"into {value['merged_into']}"),
        ("Fields", ", ".join(f"{key}={text}" for key, text in value["fields"].items())),
        ("Links", ", ".join(f"{link['type']} {link['number']}" for link in value.get("links", ()))),
    )
    return [labelled(label, text) for label, text in lines if text]


def _people(value: Value, *roles: str) -> str:
    """Those of these roles, by address: `boss@example.org (accepted)`."""
    return ", ".join(
        f"{each['address']} ({each['role']})" for each in value.get("parties", ()) if each["role"] in roles
    )


def labelled(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{escape(text)}"


def person(address: Value) -> str:
    """`Anna Martin <anna@example.org>`, as far as it is known."""
    if address["name"] and address["address"]:
        return f"{address['name']} <{address['address']}>"
    return str(address["name"] or address["address"] or "unknown")


def article_page(
    article: Value,
    ticket: int,
    *,
    width: int,
    color: bool,
    zone: tzinfo,
    unfold: bool = False,
    meetings: Sequence[dict[str, Any]] = (),
) -> str:
    """One article: who, when, to whom; remarks, text, attachments with their addresses, the fate of its mail.

    Quoted history is one line that tells how long it is, unless `unfold`. `meetings` are those of its calendars
    (`meeting_value`).
    """
    where = f"{ticket}/{article['n']}"
    what = [article["channel"], f"by {article['sender_type']}"]
    what += [] if article["kind"] == "personal" else [article["kind"]]
    what += [] if article["visible"] else ["internal"]
    rule = f"-- {where}  {', '.join(what)}  {local(article['received'], zone)} "
    rule += "-" * max(min(width, 100) - width_of(rule), 2)
    head = [paint(rule, BOLD if article["visible"] else YELLOW, color)]
    lines = (
        ("From", person(article["from"])),
        ("To", ", ".join(person(address) for address in article["to"])),
        ("Cc", ", ".join(person(address) for address in article["cc"])),
        ("Subject", article["subject"]),
    )
    head += [labelled(label, text) for label, text in lines if text]
    head += [paint(labelled("Remark", remark), YELLOW, color) for remark in article["remarks"]]
    body = _body(article, color, unfold)
    met = _meetings(meetings, zone)
    return "\n".join([*head, *(["", *body] if any(body) else []), *met, *_foot(article, where, color), ""])


def _meetings(meetings: Sequence[dict[str, Any]], zone: tzinfo) -> list[str]:
    if not meetings:
        return []
    from ticketctl.page.meeting import meeting_lines

    return ["", *[labelled(label, text) for label, text in meeting_lines(meetings, zone)]]


def _body(article: Value, color: bool, unfold: bool) -> list[str]:
    """The text's lines, history folded."""
    text = (article["body"] or "").replace("\r\n", "\n")
    lines = [_quoted(_told(line), color) for line in escape(text, lines=True).rstrip().split("\n")]
    if unfold or len(lines) <= 4:
        return lines
    from ticketctl.page.folding import folds

    for begin, end in reversed(folds({**article, "body": text})):
        lines[begin:end] = [paint(f"[{end - begin} lines of history: --unfold]", DIM, color)]
    return lines


def _told(line: str) -> str:
    """The line; a blank goes before one that has the look of an article's head: a text that could write one would
    make an agent say what it likes."""
    return f" {line}" if _HEAD.match(line) else line


def _quoted(line: str, color: bool) -> str:
    return paint(line, DIM, color) if line.startswith(">") else line


def _foot(article: Value, where: str, color: bool) -> list[str]:
    """Attachments and deliveries, after a blank line where there are any."""
    lines = []
    for attachment in article["attachments"]:
        name = attachment["name"] or "(no name)"
        text = f"{where}/{attachment['n']}  {name}  {attachment['content_type']}, {size(attachment['size'])}"
        lines.append(labelled("Attached", text))
    for delivery in article["deliveries"]:
        code = f" ({delivery['code']})" if delivery["code"] else ""
        text = labelled("Mail", f"{delivery['status']}{code}: {delivery['recipient']}")
        colour = RED if delivery["status"] in _BAD else YELLOW if delivery["status"] == "delayed" else None
        lines.append(paint(text, colour, color))
    return ["", *lines] if lines else []


def answer_lines(answers: Sequence[Value], color: bool) -> str:
    """The automatic answers below a thread, a line each: how they stand, to whom, of which template."""
    lines = []
    for each in answers:
        made = f"template {each['template']}, " if each["template"] else ""
        text = labelled("Answered", f"{each['status']}: {each['recipient']} ({made}mail {each['id']} of the outbox)")
        lines.append(paint(text, RED if each["status"] in _BAD else None, color) + "\n")
    return "".join(lines)


def size(count: int) -> str:
    """Bytes for people: `312 B`, `12 kB`, `2.5 MB` (of 1000, as mail limits are)."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1_000_000:.1f} MB"


def history_page(entries: Sequence[Value], *, width: int, color: bool, zone: tzinfo) -> str:
    """Who, what, when, through what; as given, a line each. Nothing is cut: `width` is for the gaps alone."""
    rows = []
    for entry in entries:
        who = entry["actor"] + (f" as {entry['as']}" if entry["as"] else "")
        what = entry["text"] or entry["change"]
        old = f" (was {entry['old']})" if entry["old"] and entry["old"] != entry["new"] else ""
        rows.append((local(entry["at"], zone), escape(who), escape(entry["via"]), escape(what + old)))
    names = max((width_of(row[1]) for row in rows), default=0) if width >= 60 else 0
    return "".join(
        f"{paint(at, DIM, color)}  {who}{' ' * (names - width_of(who))}  {via:<6}  {what}\n"
        for at, who, via, what in rows
    )
