"""The fast form of a policy: equal when it comes back, refused when another version wrote it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from ticketctl import policy as p

SAMPLE = p.read((Path(__file__).parent / "sample.toml").read_text(), revision=12)


def test_a_policy_comes_back_equal_in_every_type() -> None:
    back = p.load(p.compiled(SAMPLE))
    assert back == SAMPLE
    assert repr(back) == repr(SAMPLE)  # a Duration equals a timedelta, and 1d equals 24h


def test_a_form_of_another_version_is_not_loaded() -> None:
    mark, _, rest = p.compiled(SAMPLE).partition(b"\n")
    assert p.load(mark.replace(b" 1 ", b" 0 ") + b"\n" + rest) is None
    assert p.load(mark[:-1] + b"x\n" + rest) is None


@pytest.mark.parametrize("rest", [b"", b"{", b"{}", b"[]", b'{"desk":1}', b"\xff", b"null"])
def test_a_damaged_form_is_not_loaded(rest: bytes) -> None:
    mark = p.compiled(SAMPLE).partition(b"\n")[0]
    assert p.load(rest) is None
    assert p.load(mark + b"\n" + rest) is None


def test_every_prefix_of_a_form_is_refused() -> None:
    data = p.compiled(replace(SAMPLE, templates={}))
    assert [n for n in range(len(data)) if p.load(data[:n]) is not None] == []


def test_loading_imports_nothing_that_parses_or_checks() -> None:
    code = (
        "import sys; from ticketctl.policy import load; load(sys.stdin.buffer.read());"
        "print(*sorted(n for n in sys.modules if n.partition('.')[0] in sys.argv))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "ticketctl", "tomllib", "tomlkit", "difflib"],
        input=p.compiled(SAMPLE),
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(Path(p.__file__).parents[2])},
    )
    assert done.stdout.decode().split() == [
        "ticketctl", "ticketctl.policy", "ticketctl.policy.encoding", "ticketctl.policy.value", "ticketctl.ticket"
    ]  # fmt: skip
