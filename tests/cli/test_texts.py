"""Texts that are none: bytes of the command line that no encoding has, and policies with texts in other files."""

from __future__ import annotations

import pytest

from cli.conftest import Desk


@pytest.mark.parametrize(
    "words",
    [
        ["note", "1", "-m", "\udcff"],
        ["note", "1", "-m", "\udcff", "-a", "FILE"],
        ["close", "1", "-m", "\udcff"],
        ["title", "1", "a\udcff"],
        ["new", "-Q", "Raw", "--customer", "a\udcff@x.test", "--title", "T", "-m", "x"],
        ["new", "-Q", "Raw", "--customer", "a@x.test", "--title", "\udcff", "-m", "x"],
        ["list", "\udcff"],
        ["policy", "set", "desk.name", "\udcff"],
    ],
)
def test_bytes_that_are_no_text_are_bad_data(desk: Desk, words: list[str]) -> None:
    desk.ticket()
    file = desk.root / "file"
    file.write_text("x")
    ran = desk.run(*(str(file) if word == "FILE" else word for word in words))
    assert (ran.status, "not UTF-8" in ran.err) == (65, True), ran
    assert desk.history(1) == ["system Created", "system ArticleAdded"]


def test_a_file_may_have_any_name(desk: Desk) -> None:
    desk.ticket()
    path = desk.root / "a\udcff.txt"
    path.write_text("content")
    desk.done("note", "1", "-m", "x", "-a", str(path))
    assert [each["name"] for each in desk.shown(1)["articles"][1]["attachments"]] == ["a?.txt"]
