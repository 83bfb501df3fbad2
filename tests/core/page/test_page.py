"""The contract's values, and what becomes of them: table, TSV, JSON, ids, pages."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ticketctl import page
from ticketctl.party import Party
from ticketctl.ticket import Actor, Address, Article, Attachment, Kind, State, Ticket
from ticketctl.ticket import Priority as P

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
NUMBER = "2026112210000017"


def ticket(**given: Any) -> Ticket:
    plain = Ticket(id=17, number=NUMBER, version=3, title="Printer on fire", queue="Support", state=State.OPEN,
                   priority=P.NORMAL, created=NOW - timedelta(days=3), changed=NOW, articles=2,
                   customer=Address(address="anna@example.org", name="Anna Martin"))  # fmt: skip
    return plain.evolve(**given)


def value(**given: Any) -> dict[str, Any]:
    return page.ticket_value(ticket(**given))


def article(**given: Any) -> Article:
    plain = Article(n=1, channel="email", sender_type="customer", visible=True, received=NOW, body="It burns.\n",
                    author=Address(address="anna@example.org"), to=(Address(address="help@example.org"),),
                    subject="Printer on fire")  # fmt: skip
    return replace(plain, **given)


def table(
    *rows: dict[str, Any], columns: tuple[str, ...] = page.LIST_COLUMNS, width: int = 120, color: bool = False
) -> str:
    return page.table(rows, columns, width=width, color=color, now=NOW, zone=PARIS)


# -- values


def test_a_ticket_has_the_contracts_keys_in_their_order_and_null_for_unknown() -> None:
    assert list(value().items()) == [
        ("number", NUMBER), ("id", 17), ("version", 3), ("title", "Printer on fire"), ("queue", "Support"),
        ("state", "open"), ("state_type", "open"), ("priority", "normal"), ("lock", "unlocked"), ("owner", None),
        ("responsible", None), ("customer", {"address": "anna@example.org", "name": "Anna Martin"}),
        ("created", "2026-11-19T10:00:00Z"), ("changed", "2026-11-22T10:00:00Z"), ("closed", None),
        ("pending_until", None), ("first_response_due", None), ("update_due", None), ("solution_due", None),
        ("waiting_on", None), ("unread", False), ("articles", 2), ("tags", []), ("watchers", []),
        ("merged_into", None), ("fields", {}),
    ]  # fmt: skip


def test_empty_texts_are_null_and_a_dry_run_says_so() -> None:
    shown = page.ticket_value(ticket(title="", owner="", customer=Address(address="", name="")), dry_run=True)
    assert (shown["title"], shown["owner"], shown["customer"]) == (None, None, {"address": None, "name": None})
    assert shown["dry_run"] is True


def test_a_pending_ticket_tells_state_and_type() -> None:
    shown = value(state=State.PENDING_REMINDER, locked=True, owner="anna", pending_until=NOW)
    assert (shown["state"], shown["state_type"], shown["lock"]) == ("pending reminder", "pending", "locked")
    assert shown["pending_until"] == "2026-11-22T10:00:00Z"


def test_an_article_has_the_contracts_keys_in_their_order() -> None:
    attached = Attachment(n=1, name="a.pdf", content_type="application/pdf", size=3, sha256="ab", offset=0, length=4,
                          encoding="base64")  # fmt: skip
    owed = page.delivery_value(recipient="anna@example.org", status="owed")
    shown = page.article_value(article(attachments=(attached,), kind=Kind.LIST, date=NOW), deliveries=[owed])
    assert list(shown.items()) == [
        ("id", None), ("n", 1), ("mail", None), ("channel", "email"), ("sender_type", "customer"), ("visible", True),
        ("from", {"address": "anna@example.org", "name": None}),
        ("to", [{"address": "help@example.org", "name": None}]), ("cc", []),
        ("subject", "Printer on fire"), ("date", "2026-11-22T10:00:00Z"),
        ("received", "2026-11-22T10:00:00Z"), ("message_id", None), ("in_reply_to", None), ("references", []),
        ("body", "It burns.\n"), ("body_type", "text/plain"), ("kind", "list"), ("remarks", []),
        ("attachments", [{"n": 1, "name": "a.pdf", "content_type": "application/pdf", "size": 3, "sha256": "ab"}]),
        ("raw_sha256", None),
        ("deliveries", [{"recipient": "anna@example.org", "status": "owed", "code": None, "permanent": None,
                         "at": None}]),
        ("crypto", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("actor", "names"),
    [
        (Actor(agent="anna"), ("anna", None, "cli")),
        (Actor(agent="bert", real="anna"), ("anna", "bert", "cli")),
        (Actor(agent=None, via="mail", system=True), ("postmaster", None, "mail")),
        (Actor(agent=None, via="clock", system=True), ("system", None, "clock")),
    ],
)
def test_history_keeps_who_sat_there_and_as_whom(actor: Actor, names: tuple[str, str | None, str]) -> None:
    entry = page.history_value(version=2, at=NOW, actor=actor, change="Moved", old="Raw", new="Support", text="moved")
    assert entry == {"version": 2, "at": "2026-11-22T10:00:00Z", "actor": names[0], "as": names[1], "via": names[2],
                     "change": "Moved", "old": "Raw", "new": "Support", "text": "moved"}  # fmt: skip


def test_mail_and_outbox_have_the_contracts_keys_and_no_others() -> None:
    assert list(page.mail_value({"id": 1, "received": NOW, "from": Address(address="a@b")})) == [
        "id", "received", "recipient", "sender", "message_id", "from", "subject", "verdict", "kind", "rule", "why",
        "number", "article", "raw_sha256",
    ]  # fmt: skip
    assert page.outbox_value({"id": 1, "created": NOW, "recipients": ("a@b",), "last_error": ""}) == {
        "id": 1, "created": "2026-11-22T10:00:00Z", "class": None, "status": None, "number": None,
        "recipients": ["a@b"], "subject": None, "tries": None, "next_try": None, "last_error": None,
    }  # fmt: skip
    with pytest.raises(KeyError, match="recipent"):
        page.mail_value({"recipent": "a@b"})


# -- for programs


def test_tsv_has_the_contracts_columns_no_header_and_cuts_nothing() -> None:
    row = value(title="a\tb\\c\n" + "x" * 300)
    fields = [NUMBER, "17", "Support", "open", "normal", "unlocked", "", "anna@example.org", "2026-11-19T10:00:00Z",
              "a\\tb\\\\c\\n" + "x" * 300]  # fmt: skip
    assert page.tsv([row]) == "\t".join(fields) + "\n"
    assert page.tsv([row], ("id", "unread", "tags"), header=True) == "id\tunread\ttags\n17\tfalse\t\n"
    assert page.tsv([]) == ""


def test_ids_are_numbers_a_line_each_or_ended_by_nul() -> None:
    assert page.ids([value(), value(number="18")]) == f"{NUMBER}\n18\n"
    assert page.ids([value(), value(number="18")], nul=True) == f"{NUMBER}\0" + "18\0"
    assert page.ids([]) == ""


def test_json_keeps_the_order_of_keys_and_readable_letters() -> None:
    assert page.json_({"b": "Müller\u202e", "a": []}) == '{\n  "b": "Müller\\u202e",\n  "a": []\n}'
    assert page.json_([]) == "[]"
    assert page.jsonl([{"a": 1}, {"a": None}]) == '{"a": 1}\n{"a": null}\n'


# -- for people


def test_columns_that_tell_nothing_are_left_out() -> None:
    plain = value(id=1, number="2026112210000014")
    assert page.telling([plain]) == ("number", "id", "age", "queue", "state", "customer", "title")
    assert page.telling([plain, value(id=2, number="2026112210000022", locked=True, owner="bert")]) == (
        "number", "id", "age", "queue", "state", "lock", "owner", "customer", "title"
    )  # fmt: skip


def test_a_table_is_aligned_and_tells_ages_and_locks() -> None:
    other = value(
        id=118, number="2026112210000028", title="Hi", locked=True, owner="bert", created=NOW, priority=P.HIGH
    )
    assert table(value(), other) == (
        "NUMBER             ID  AGE  QUEUE    STATE  PRIORITY  LOCK    OWNER  CUSTOMER          TITLE\n"
        "2026112210000017   17   3d  Support  open   normal                   anna@example.org  Printer on fire\n"
        "2026112210000028  118   0m  Support  open   high      locked  bert   anna@example.org  Hi\n"
    )


def test_no_rows_are_no_table() -> None:
    assert table() == ""


def test_a_narrow_table_cuts_the_widest_columns_and_never_the_number() -> None:
    shown = table(value(title="t" * 100), columns=("number", "queue", "title"), width=40)
    assert shown.splitlines()[1] == f"{NUMBER}  Support  {'t' * 12}…"


def test_wide_and_combining_characters_are_counted_as_they_are_drawn() -> None:
    assert page.width_of("プリンタ") == 8
    assert page.width_of("e\u0301") == 1
    rows = [value(queue="プリンタ"), value(queue="e\u0301abc")]
    assert table(*rows, columns=("queue", "id")) == "QUEUE     ID\nプリンタ  17\ne\u0301abc      17\n"
    assert table(value(queue="プリンタ障害"), columns=("number", "queue"), width=25).endswith("プリン…\n")


def test_a_hostile_title_cannot_break_a_table_even_in_colour() -> None:
    shown = table(value(title="\x1b[2J\nfake line\u202e"), color=True)
    assert shown.count("\n") == 2
    assert "\u202e" not in shown
    assert "\x1b[2J" not in shown
    assert shown.startswith("\x1b[1mNUMBER")


@given(st.lists(st.text(), min_size=1, max_size=4), st.integers(min_value=0, max_value=200))
def test_no_line_is_wider_than_asked_where_the_columns_allow_it(titles: list[str], width: int) -> None:
    shown = page.table([value(title=title) for title in titles], ("title", "queue"), width=width, color=False,
                       now=NOW, zone=PARIS)  # fmt: skip
    assert all(page.width_of(line) <= max(width, 18) for line in shown.split("\n"))
    assert shown.count("\n") == len(titles) + 1


@pytest.mark.parametrize(
    ("lapse", "text"),
    [
        (timedelta(seconds=-5), "0m"),
        (timedelta(minutes=59), "59m"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=3, hours=23), "3d"),
        (timedelta(days=99), "99d"),
        (timedelta(days=140), "20w"),
    ],
)
def test_an_age_is_its_greatest_unit_rounded_down(lapse: timedelta, text: str) -> None:
    assert page.age(lapse) == text


def test_show_is_head_and_thread_in_the_agents_zone() -> None:
    attached = Attachment(n=2, name="a\x1b.pdf", content_type="application/pdf", size=2_500_000, sha256="ab", offset=0,
                          length=4, encoding="base64")  # fmt: skip
    failed = page.delivery_value(recipient="anna@example.org", status="failed", code="5.1.1", permanent=True, at=NOW)
    articles = [
        page.article_value(article(body="It burns.\n\x1b[2J\n> old\n", attachments=(attached,), remarks=("no date",))),
        page.article_value(article(n=2, channel="note", sender_type="agent", visible=False, body="Call her",
                                   author=Address(name="Bert"), to=(), subject="")),
        page.article_value(article(n=3, sender_type="agent", body=""), deliveries=[failed]),
    ]  # fmt: skip
    head = page.ticket_value(ticket(locked=True, owner="anna", waiting_on="us", solution_due=NOW, tags=("vip", "fire")))
    links = [{"type": "parent", "number": "18"}]
    people = [
        Party(address="anna@example.org", role="customer"),
        Party(address="lee@x.test", role="accepted"),
        Party(address="max@x.test", role="mailed"),
        Party(address="zoe\x1b@x.test", role="third party"),
    ]
    value = page.show_value(head, articles=articles, links=links, parties=people)
    shown = page.show_page(value, width=60, color=False, zone=PARIS)
    assert shown == (
        "2026112210000017 (#17)  Printer on fire\n"
        "Queue      Support\n"
        "State      open, waiting for us\n"
        "Priority   normal\n"
        "Owner      anna, locked\n"
        "Customer   Anna Martin <anna@example.org>\n"
        "Parties    lee@x.test (accepted), max@x.test (mailed)\n"
        "Outsiders  zoe\\x1b@x.test (third party)\n"
        "Created    2026-11-19 11:00, changed 2026-11-22 11:00\n"
        "Due        solution 2026-11-22 11:00\n"
        "Tags       vip, fire\n"
        "Links      parent 18\n"
        "\n"
        "-- 17/1  email, by customer  2026-11-22 11:00 --------------\n"
        "From       anna@example.org\n"
        "To         help@example.org\n"
        "Subject    Printer on fire\n"
        "Remark     no date\n"
        "\n"
        "It burns.\n"
        "\\x1b[2J\n"
        "> old\n"
        "\n"
        "Attached   17/1/2  a\\x1b.pdf  application/pdf, 2.5 MB\n"
        "\n"
        "-- 17/2  note, by agent, internal  2026-11-22 11:00 --------\n"
        "From       Bert\n"
        "\n"
        "Call her\n"
        "\n"
        "-- 17/3  email, by agent  2026-11-22 11:00 -----------------\n"
        "From       anna@example.org\n"
        "To         help@example.org\n"
        "Subject    Printer on fire\n"
        "\n"
        "Mail       failed (5.1.1): anna@example.org\n"
    )


def test_a_change_is_told_in_a_line() -> None:
    assert page.change_line(value()) == f"{NUMBER} (#17) open in Support: Printer on fire\n"
    tried = page.ticket_value(ticket(locked=True, owner="anna", title="a\nb"), dry_run=True)
    assert page.change_line(tried) == f"{NUMBER} (#17) would be: open in Support, locked by anna: a\\nb\n"


def test_history_tells_who_what_when_and_through_what() -> None:
    entries = [
        page.history_value(version=1, at=NOW, actor=Actor(agent=None, via="mail", system=True), change="Created",
                           new=NUMBER, text="created in Raw: Printer\x1b"),
        page.history_value(version=2, at=NOW, actor=Actor(agent="bert", real="anna"), change="Moved", old="Raw",
                           new="Support", text="moved to Support"),
    ]  # fmt: skip
    assert page.history_page(entries, width=80, color=False, zone=PARIS) == (
        "2026-11-22 11:00  postmaster    mail    created in Raw: Printer\\x1b\n"
        "2026-11-22 11:00  anna as bert  cli     moved to Support (was Raw)\n"
    )


def test_status_shows_what_there_is_and_counts_for_tmux() -> None:
    held = page.mail_value(
        {"id": 4, "received": NOW, "verdict": "held", "from": Address(address="x@y"), "subject": "s"}
    )
    what = {"new": [value()] * 12, "overdue": [], "held": [held]}
    shown = page.status_page(what, width=120, color=False, now=NOW, zone=PARIS)
    lines = shown.splitlines()
    assert lines[0] == "New in my queues: 12"
    assert lines[1] == f"{NUMBER}  17  Support  normal  anna@example.org  3d  Printer on fire"
    assert lines[11:] == ["... and 2 more", "", "Held mail: 1", "4  2026-11-22 11:00  held    x@y  s"]
    assert page.status_short({key: len(rows) for key, rows in what.items()}) == "12 new, 1 held\n"
    assert page.status_page({}, width=80, color=False, now=NOW, zone=PARIS) == "Nothing to do.\n"
    assert page.status_short({}) == "\n"


def test_a_story_is_told_in_chapters_with_what_was_tried_found_and_decided() -> None:
    steps = [
        {"step": "came", "tried": "a", "found": "b\x1b", "decided": None},
        {"step": "came", "tried": None, "found": None, "decided": "c\nd"},
        {"step": "else", "tried": None, "found": "e", "decided": "f"},
    ]
    assert page.story_page(steps, "end\x07") == (
        "How it came\n  a: b\\x1b\n  -> c\\nd\nAnd\n  e\n  -> f\n=> end\\x07\n"
    )


# -- what it costs


@pytest.mark.parametrize("module", ["page", "query", "config"])
def test_what_every_run_imports_pulls_in_nothing_slow(module: str) -> None:
    slow = {"click", "json", "tomllib", "zoneinfo", "difflib", "unicodedata", "rich", "sqlalchemy", "pwd"}
    had = "import sys, msgspec, datetime, enum; had = set(sys.modules)"
    code = f"{had}; import ticketctl.{module}; print(*sorted(set(sys.modules) - had))"
    source = str(Path(page.__file__).parents[2])
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={"PYTHONPATH": source})  # fmt: skip
    assert f"ticketctl.{module}" in run.stdout
    assert set(run.stdout.split()) & slow == set()
