"""The frame: global options, statuses, errors, aliases, other programs, help, and what it must not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import Desk, MakeDesk
from ticketctl import __version__
from ticketctl.cli import VERBS, cli

FIRST = "2026112210000014"
COMPLETING = {"_TICKETCTL_COMPLETE": "bash_complete"}
SOURCE = Path(__file__).resolve().parents[2] / "src"
MAIN = "import sys; from ticketctl.cli import main; sys.exit(main())"
HELPS = [["--help"], ["--version"], ["list", "--help"], ["take", "--help"], ["mail", "--help"]]
Program = Callable[[str], list[str]]


def ran(program: list[str], *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **(env or {})}
    return subprocess.run([*program, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          env=environment)  # fmt: skip


def test_global_options_stand_on_both_sides_of_the_verb(desk: Desk) -> None:
    desk.ticket()
    assert desk.done("-o", "ids", "list") == desk.done("list", "-o", "ids") == f"{FIRST}\n"
    assert desk.done("-o", "json", "list", "-o", "ids") == f"{FIRST}\n"
    assert desk.done("--as", "bert", "whoami", "-o", "json") == desk.done("whoami", "--as", "bert", "-o", "json")
    assert desk.done("-o", "ids", "queue", "list") == desk.done("queue", "-o", "ids", "list")
    assert desk.done("queue", "-o", "ids", "list") == desk.done("queue", "list", "-o", "ids")


def test_format_version_is_one(desk: Desk) -> None:
    assert desk.run("list", "--format-version", "1").status == 0
    assert desk.run("--format-version", "2", "list").status == 2


def test_errors_are_objects_where_json_is_asked_for(desk: Desk) -> None:
    for words in (["show", "9", "-o", "json"], ["-o", "jsonl", "show", "9"], ["--output=json", "show", "9"]):
        assert desk.run(*words).errors == [
            {"error": "not-there", "status": 66, "message": "no ticket 9", "ticket": "9", "by": None}
        ]
    for words in (["list", "-o", "json", "--bogus"], ["-ojson", "nonsense"], ["close", "-o", "json"]):
        (error,) = desk.run(*words).errors
        assert (error["error"], error["status"]) == ("usage", 2)


def test_an_unknown_verb_is_2_and_names_one_that_is_near(desk: Desk) -> None:
    found = desk.run("lst")
    assert found.status == 2
    assert "did you mean 'list'?" in found.err


def test_a_family_without_its_word_shows_its_help(desk: Desk) -> None:
    alone = desk.run("queue")
    assert (alone.status, alone.out) == (2, "")
    assert alone.err == desk.done("queue", "--help")
    assert alone.err.startswith("Usage: ticketctl queue ")
    (error,) = desk.run("queue", "-o", "json").errors
    assert (error["status"], error["message"]) == (2, "a word is missing (see `ticketctl queue --help`)")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["policy", "shwo"], "no word 'shwo'; did you mean 'show'? (see `ticketctl policy --help`)"),
        (["policy", "foo"], "no word 'foo'; `ticketctl policy --help` lists them"),
        (["completion"], "which shell? bash, zsh or fish (see `ticketctl completion --help`)"),
    ],
)
def test_a_word_that_is_wrong_or_missing_is_said_in_our_words(desk: Desk, words: list[str], said: str) -> None:
    ran = desk.run(*words)
    assert (ran.status, ran.err) == (2, f"ticketctl: {said}\n")


@pytest.mark.parametrize("family", ["queue", "agent", "template", "mail", "outbox", "policy", "db"])
def test_the_help_of_a_family_cuts_nothing_and_offers_what_its_words_take(desk: Desk, family: str) -> None:
    text = desk.done(family, "--help")
    assert not any(line.endswith("...") for line in text.splitlines()[1:])
    assert ("--dry-run" in text) == (family in ("mail", "outbox", "policy"))


def test_help_of_an_alias_says_what_it_stands_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(desk.root))
    (desk.root / "ticketctl.toml").write_text('[alias]\nmine = "list owner:me"\n')
    assert desk.done("help", "mine") == "mine stands for: list owner:me\n"


def test_a_policy_that_stays_as_it_is_makes_no_revision(desk: Desk) -> None:
    desk.done("policy", "set", "desk.name", "Bench")
    text = desk.done("policy", "show")
    for words in (["set", "desk.name", "Bench"], ["apply", "-"], ["revert", "2"]):
        ran = desk.run("policy", *words, stdin=text)
        assert (ran.status, ran.out, ran.err) == (0, "revision 2 holds\n", "ticketctl: nothing changed\n"), words
    assert len(desk.run("policy", "log", "-o", "json").json) == 2


def test_a_template_is_shown_with_its_texts_as_they_are(make_desk: MakeDesk) -> None:
    desk = make_desk(
        "[templates.hi]\nkind = 'answer'\nsubject = 'S'\n"
        "[templates.hi.body]\nen = 'Hi'\nfr = \"Salut\\n\\nA bientot\"\n"
    )
    body = "body\n    Please restart the VPN client, {{ customer.name }}.\n"
    assert desk.done("template", "show", "vpn") == f"name       vpn\nkind       answer\n\n{body}"
    assert desk.done("template", "show", "hi") == (
        "name       hi\nkind       answer\nlanguages  en,fr\n\nsubject\n    S\n\n"
        "body (en)\n    Hi\n\nbody (fr)\n    Salut\n\n    A bientot\n"
    )


def test_as_is_for_admins(desk: Desk) -> None:
    assert desk.run("--as", "zoe", "list").status == 66
    assert desk.run("--as", "bert", "--as", "anna", "list").status == 0


def test_who_is_no_agent_may_ask_who_he_is_and_nothing_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "anna")
    monkeypatch.setenv("LOGNAME", "anna")
    monkeypatch.setattr(os, "getuid", lambda: 1)
    desk.ticket()
    value = desk.run("whoami", "-o", "json").json
    assert (value["agent"], value["login"], value["rights"], value["system"]) == (None, "daemon", {}, False)
    for words in (["list"], ["show", "1"], ["take", "1"], ["flush"], ["mail", "list"], ["--as", "anna", "list"]):
        assert desk.run(*words).status == 77, words


def test_whoami_explains(desk: Desk) -> None:
    text = desk.done("whoami", "--explain")
    assert text.startswith("anna (admin)\n")
    assert "Support: rw\n" in text
    assert "whoever may write the file can do anything" in text
    assert desk.done("--as", "bert", "whoami") == "anna, with the rights of bert\n"


def test_an_alias_stands_for_words_and_hides_no_verb(desk: Desk) -> None:
    toml = desk.root / "ticketctl.toml"
    toml.write_text('[alias]\nmine = "list owner:me"\nloop = "loop"\nlist = "status"\nbad = "list \'"\n')
    desk.ticket(owner="anna")
    assert desk.done("mine", "-o", "ids") == f"{FIRST}\n"
    assert desk.done("list", "-o", "ids") == f"{FIRST}\n"
    assert desk.run("loop").status == 2
    assert desk.run("bad").status == 2


def test_an_alias_may_be_a_shells(desk: Desk, program: Program) -> None:
    (desk.root / "ticketctl.toml").write_text('[alias]\nshout = "!echo"\n')
    done = ran(program("ticketctl"), "shout", "a b", "c")
    assert (done.returncode, done.stdout) == (0, "a b c\n")


def test_another_program_on_path_is_a_verb(desk: Desk, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    other = desk.root / "ticketctl-hello"
    other.write_text('#!/bin/sh\necho "$TICKETCTL_DATABASE" "$@"\nexit 7\n')
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{desk.root}:{os.environ['PATH']}")
    done = ran(program("ticketctl"), "--database", "/other.db", "hello", "-x", "y")
    assert (done.returncode, done.stdout) == (7, "/other.db -x y\n")


def test_version_and_help() -> None:
    def said(*words: str) -> str:
        return ran([sys.executable, "-c", MAIN], *words).stdout

    assert said("--version") == f"ticketctl {__version__}\n"
    text = said("--help")
    assert text.index("Examples:") < text.index("Look:") < text.index("Options")
    assert all(f"  {row.name} " in text for row in VERBS)


@pytest.mark.parametrize("name", [row.name for row in VERBS])
def test_every_verb_has_a_module_a_summary_and_examples_before_its_options(desk: Desk, name: str) -> None:
    text = desk.done(name, "--help")
    assert text.index("Examples:") < text.index("Options of every verb:")
    row = cli.rows[name]
    assert len(row.summary) < 70
    assert not row.summary.endswith(".")


def test_help_of_a_verb_is_its_help_where_there_is_no_man(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(desk.root))
    assert desk.done("help", "take").startswith("Usage: ticketctl take ")
    assert desk.done("help").startswith("Usage: ticketctl ")
    assert desk.run("help", "nonsense").status == 66


@pytest.mark.parametrize("words", HELPS)
def test_help_imports_nothing_slow(words: list[str]) -> None:
    slow = ["sqlalchemy", "jinja2", "alembic", "email", "msgspec", "asyncio", "ticketctl.store", "ticketctl.policy"]
    code = (
        "import sys, io; from ticketctl.cli import main; sys.stdout = io.StringIO(); status = main(sys.argv[1:]);"
        f"print(status, [name for name in {slow} if name in sys.modules], file=sys.stderr)"
    )
    assert ran([sys.executable, "-c", code], *words).stderr == "0 []\n"


def test_completion_of_the_top_level_loads_no_verb() -> None:
    code = (
        "import sys; from ticketctl.cli import main; status = main([]);"
        "print(status, sorted(name for name in sys.modules if name.startswith('ticketctl.')"
        " or name in ('sqlalchemy', 'jinja2', 'alembic', 'email', 'msgspec')), file=sys.stderr)"
    )
    done = ran([sys.executable, "-c", code], env={**COMPLETING, "COMP_WORDS": "ticketctl re", "COMP_CWORD": "1"})
    assert done.stdout.split() == ["plain,reply", "plain,reassign", "plain,reopen"]
    assert done.stderr == "0 ['ticketctl.cli', 'ticketctl.cli.group']\n"


def test_completion_knows_words_and_options(desk: Desk) -> None:
    def completed(words: str) -> list[str]:
        environment = {**COMPLETING, "COMP_WORDS": words, "COMP_CWORD": "2"}
        return ran([sys.executable, "-c", MAIN], env=environment).stdout.split()

    assert completed("ticketctl mail re") == ["plain,retry"]
    assert "plain,--unsuccessful" in completed("ticketctl close --")
    for shell in ("bash", "zsh", "fish"):
        assert "_TICKETCTL_COMPLETE" in desk.done("completion", shell)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("list -Q Sup", "Support Support::Europe"),
        ("move 1 -Q Ra", "Raw"),
        ("reassign 1 --to b", "bert"),
        ("--as an", "anna"),
        ("reply 1 -t ", "vpn"),
        ("list que", "queue:"),
        ("list queue:Sa", "queue:Sales"),
        ("list queue : Sa", "Sales"),
        ("list owner:", "owner:me owner:none owner:anna owner:bert"),
        ("list state:o", "state:open"),
        ("list nonsense:o", ""),
    ],
)
def test_completion_knows_names(desk: Desk, words: str, offered: str) -> None:
    def completed() -> str:
        environment = {**COMPLETING, "COMP_WORDS": f"ticketctl {words}", "COMP_CWORD": str(words.count(" ") + 1)}
        done = ran([sys.executable, "-c", MAIN], env=environment)
        assert done.stderr == ""
        return " ".join(line.removeprefix("plain,") for line in done.stdout.split())

    assert completed() == offered
    (desk.root / "desk.db").write_text("rubbish")
    assert completed() in ("", offered.removesuffix(" owner:anna owner:bert"))


def test_config_tells_what_holds_and_why(desk: Desk) -> None:
    toml = desk.root / "ticketctl.toml"
    toml.write_text('pager = "cat"\n')
    values = {each["key"]: each for each in desk.run("config", "show", "--origin", "-o", "json").json}
    assert values["pager"] == {"key": "pager", "value": "cat", "origin": str(toml)}
    assert values["database"]["origin"] == "$TICKETCTL_DATABASE"
    assert values["send"] == {"key": "send", "value": True, "origin": "default"}
    assert desk.done("config", "get", "pager") == "cat\n"
    assert desk.run("config", "get", "nope").status == 66
    toml.write_text("nope = 1\n")
    found = desk.run("config", "show")
    assert found.status == 78
    assert "nope" in found.err


def test_the_directory_of_the_desk(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ticket()
    assert desk.done("queue", "list", "-o", "ids") == "Raw\nSupport\nSupport::Europe\nSales\n"
    assert desk.done("--as", "bert", "queue", "list", "-o", "ids") == "Support\nSupport::Europe\n"
    assert desk.run("--as", "bert", "queue", "show", "Sales").status == 66
    queue = desk.run("queue", "show", "Support", "-o", "json").json
    assert queue["addresses"] == ["support@example.org", "help@example.org"]
    assert desk.done("queue", "addresses", "--format", "postfix").splitlines()[1] == "support@example.org  support"
    assert desk.run("agent", "show", "me", "-o", "json").json["name"] == "anna"
    assert desk.run("agent", "show", "zoe").status == 66
    assert desk.done("agent", "list", "-o", "ids") == "anna\nbert\n"
    role = desk.run("role", "show", "all", "-o", "json").json
    assert role == {"name": "all", "queues": {"*": ["rw"]}, "agents": ["anna"]}
    assert desk.done("template", "render", "vpn", "1") == "Please restart the VPN client, Emma Jones.\n"
    assert desk.run("template", "render", "nope", "1").status == 66
    assert desk.run("template", "show", "vpn").status == 0
    assert desk.done("customer", "list") == "emma@shop.test\tEmma Jones\t1\t2026-11-22T10:00:00Z\n"
    assert desk.run("customer", "show", "EMMA@shop.test", "-o", "json").json["tickets"] == 1
    assert desk.run("customer", "show", "no@where.test").status == 66


def test_an_admin_without_roles_sees_all_of_the_policy(make_desk: MakeDesk) -> None:
    desk = make_desk('[agents.root]\nname = "Root"\nadmin = true\n[agents.carl]\nname = "Carl"\n')
    names = ["Raw", "Support", "Support::Europe", "Sales"]
    assert desk.done("--as", "root", "queue", "list", "-o", "ids").splitlines() == names
    assert desk.done("--as", "root", "queue", "list", "-o", "table").splitlines()[1].split() == [
        "Raw", "raw@example.org", "-"
    ]  # fmt: skip
    assert desk.run("--as", "root", "queue", "show", "Raw", "-o", "json").json["rights"] == []
    assert "\nrights               -\n" in desk.done("--as", "root", "queue", "show", "Raw")
    assert desk.run("--as", "root", "agent", "show", "bert", "-o", "json").json["rights"] == {
        "Support": ["rw"], "Support::Europe": ["rw"],
    }  # fmt: skip
    for agent in ("anna", "root", "bert", "carl"):
        assert "\nrights " in desk.done("--as", agent, "agent", "show", "carl")
    assert desk.run("--as", "carl", "queue", "show", "Raw").status == 66


def test_people_read_times_on_their_own_clock(desk: Desk) -> None:
    desk.ticket()
    desk.done("new", "-Q", "Raw", "--customer", "b@x.test", "--title", "t", "--channel", "email", "-m", "x",
              "--queue-only")  # fmt: skip
    here, there = "2026-11-22 11:00", "2026-11-22T10:00:00Z"
    emma = "emma@shop.test"
    for words in (["policy", "log"], ["customer", "list"], ["customer", "show", emma], ["outbox", "show", "1"]):
        shown = desk.done(*words, "-o", "table")
        assert (here in shown, there in shown) == (True, False), words
        for form in ("json", "tsv"):
            assert there in desk.done(*words, "-o", form), words


def test_without_a_database_it_is_78(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    found = desk.run("list", "--database", str(tmp_path / "none.db"))
    assert found.status == 78
    assert "ticketctl init" in found.err
    (tmp_path / "bad.db").write_bytes(b"this is no database, however long it is" * 50)
    assert desk.run("list", "--database", str(tmp_path / "bad.db")).status == 69
    (tmp_path / "empty.db").touch()
    assert desk.run("list", "--database", str(tmp_path / "empty.db")).status == 78
    assert desk.run("list", "--config", str(tmp_path / "none.toml")).status == 78
    assert desk.run("list", "--database", "postgresql://user:secret@host/db").status == 2


def test_a_reader_that_went_away_is_no_error(desk: Desk, program: Program) -> None:
    for number in range(50):
        desk.ticket(title=f"{number} " + "x" * 200)
    command = " ".join(program("ticketctl"))
    done = ran(["/bin/bash", "-c", f"{command} list | head -c 1; echo ${{PIPESTATUS[0]}}"])
    assert (done.stdout[1:], done.stderr) == ("0\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_stdout_is_69(desk: Desk, program: Program) -> None:
    desk.ticket()
    done = ran(["/bin/bash", "-c", f"{' '.join(program('ticketctl'))} list > /dev/full"])
    assert done.returncode == 69
    assert done.stderr == "ticketctl: stdout: No space left on device\n"


def test_a_fault_of_ours_is_one_line_and_1(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from ticketctl.desk import reading

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by \x1b nothing")

    monkeypatch.setattr(reading, "tickets", broken)
    found = desk.run("list")
    assert found.status == 1
    assert found.err == "ticketctl: a fault of ours: ZeroDivisionError: by \\x1b nothing; -v shows where\n"
    assert "Traceback" in desk.run("list", "-v").err
    monkeypatch.setattr(reading, "tickets", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
    assert desk.run("list").status == 130


def test_json_is_json(desk: Desk) -> None:
    desk.ticket(title="ü \u202e")
    assert json.loads(desk.done("show", "1", "-o", "json"))["title"] == "ü \u202e"
