"""A host with `send = false`: what is owed is rendered once and kept; when it sends again, last week's mail stays."""

from __future__ import annotations

from datetime import timedelta

from store.conftest import NOW, mail
from store.test_flush import answer, box, desk, flushed, owe, rows, sent, told

__all__ = ["box", "desk"]  # fixtures

BROKEN = "templates.broken.body: line 1: integer division or modulo by zero"
WEEK = timedelta(days=7)


def test_a_week_in_the_shadow_then_only_what_an_agent_wrote_is_sent(desk, box, tmp_path):
    owe(desk, mail())
    owe(desk, answer())
    owe(desk, answer("broken"))
    owe(desk, told())
    assert flushed(desk, box(), shadow=True) == [
        ("rendered", None), ("rendered", None), ("rendered", BROKEN), ("rendered", None),
    ]  # fmt: skip
    assert flushed(desk, box(), shadow=True) == []
    assert [(row.mail_class, row.status, row.tries) for row in rows(desk)] == [
        ("agent", "owed", 0), ("auto", "owed", 0), ("auto", "owed", 0), ("notice", "owed", 0),
    ]  # fmt: skip
    assert [row.last_error for row in rows(desk)] == [None, None, BROKEN, None]
    owe(desk, answer())
    assert flushed(desk, box(), shadow=True) == [("rendered", None)]

    assert flushed(desk, box(), NOW + WEEK, shadow=True) == []
    old = "too old: it waited for more than a day"
    assert [(row.mail_class, row.status) for row in rows(desk)] == [
        ("agent", "owed"), ("auto", "dropped"), ("auto", "dropped"), ("notice", "dropped"), ("auto", "dropped"),
    ]  # fmt: skip
    with desk.reading() as tx:
        assert [each.change.why for each in tx.history(2) if hasattr(each.change, "why")] == [f"never sent: {old}"]
    assert sent(tmp_path) == []
    assert flushed(desk, box(), NOW + WEEK) == [("sent", None)]
    assert sent(tmp_path) == ["Kim@Customer.example"]


def test_a_host_that_sends_again_at_once_drops_what_the_shadow_left(desk, box, tmp_path):
    owe(desk, answer())
    flushed(desk, box(), shadow=True)
    assert flushed(desk, box(), NOW + WEEK) == []
    assert [row.status for row in rows(desk)] == ["dropped"]


def test_a_limit_ends_a_pass_in_the_shadow_and_the_next_one_goes_on(desk, box):
    for _ in range(3):
        owe(desk, answer())
    assert [len(flushed(desk, box(), shadow=True, limit=2)) for _ in range(3)] == [2, 1, 0]
