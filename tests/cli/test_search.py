"""search: what is found where, in which order, in which form; and for whose eyes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.conftest import Desk, MakeDesk
from ticketctl.ticket import Address, State

LEE = Address(address="lee@other.test", name="Léa Größe")


@pytest.fixture
def talk(desk: Desk) -> Desk:
    """1 printer, closed; 2 vpn, mentions a printer; 3 Sales, of Léa; 4 Europe, Japanese."""
    desk.ticket(title="Printer on fire", body="The printer on floor 3 burns.\nHelp!\n", age=timedelta(days=3),
                state=State.CLOSED_SUCCESSFUL)  # fmt: skip
    desk.ticket(title="No VPN", body="Hello,\n\nERR_42 from web-17.example.org, since\nthe printer was moved.\n",
                age=timedelta(days=2))  # fmt: skip
    desk.ticket(title="Invoice", body="Out of\npaper, out of ink.", queue="Sales", customer=LEE, age=timedelta(days=1))
    desk.ticket(title="東京の件", body="東京都庁に行きました。 fire in the hall", queue="Support::Europe")
    return desk


def found(desk: Desk, *words: str) -> list[int]:
    return [each["id"] for each in desk.run("search", *words, "-o", "json").json]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["printer"], [1, 2]),
        (["PRINTER", "floor"], [1]),
        (["print"], []),
        (["print*"], [1, 2]),
        (["--sort", "newest", "printer"], [2, 1]),
        (["fire", "or", "vpn"], [2, 1, 4]),
        (["printer", "not", "fire"], [2]),
        (["printer", "state:closed"], [1]),
        (["printer", "not", "state:closed"], [2]),
        (["printer", "queue:Sales"], []),
        (["emma"], [4, 2, 1]),
        (["emma@shop.test"], [4, 2, 1]),
        (["shop.test"], [4, 2, 1]),
        (["lea", "grosse"], [3]),
        (["LÉA"], [3]),
        (["from:lé"], [3]),
        (["subject:inv"], [3]),
        (["subject:ink"], []),
        (["err_42"], [2]),
        (["web-17.example.org"], [2]),
        (["17.example"], [2]),
        (["web-18.example.org"], []),
        (["out of paper"], [3]),
        (['"paper out of"'], [3]),
        (["paper of"], []),
        (["paper", "of"], [3]),
        (["of pap*"], [3]),
        (["東京"], [4]),
        (["京都"], [4]),
        (["東京都"], [4]),
        (["京東"], []),
        (["の"], [4]),
        (["printer", "owner:me"], []),
        (['"printer" AND "* ^floor { NEAR"'], []),
        (['"+printer -(floor \'3"'], []),
        (['"fire:* & !in"'], [4]),
    ],
)
def test_search_finds(talk: Desk, words: list[str], ids: list[int]) -> None:
    assert found(talk, *words) == ids


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["queue:Support"], 2, "search wants a word"),
        ([""], 2, "search wants a word"),
        (["%"], 2, "no letter or figure"),
        (["ab*"], 2, "at least 3 letters"),
        (["printer", "queue:Nope"], 66, "no queue 'Nope'"),
        (["(printer"], 2, "not closed"),
        ([], 2, "Missing argument"),
    ],
)
def test_search_refuses(talk: Desk, words: list[str], status: int, said: str) -> None:
    ran = talk.run("search", *words)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err


def test_a_number_finds_its_ticket(talk: Desk) -> None:
    number = talk.shown(1)["number"]
    assert found(talk, number) == found(talk, f"number:{number}", "fire") == [1]


def test_internal_notes_and_new_titles_are_found_and_old_titles_are_not(talk: Desk) -> None:
    talk.done("note", "2", "-m", "the Querschläger again")
    talk.done("title", "2", "Quench coil")
    assert found(talk, "querschlager") == found(talk, "quench") == [2]
    assert found(talk, "subject:vpn") == [2]
    assert [each["id"] for each in talk.run("list", "vpn", "-o", "json").json] == []
    assert [each["id"] for each in talk.run("list", "quen", "-o", "json").json] == [2]


def test_what_only_others_may_read_is_not_there(talk: Desk) -> None:
    assert found(talk, "--as", "bert", "fire") == [1, 4]
    assert found(talk, "--as", "bert", "paper") == []
    assert found(talk, "--as", "bert", "paper", "or", "ink", "or", "vpn") == [2]
    assert talk.run("search", "--as", "bert", "paper", "queue:Sales").status == 66


def test_json_is_tickets_with_the_places(talk: Desk) -> None:
    (ticket,) = talk.run("search", "printer", "moved", "-o", "json").json
    assert list(ticket)[-1] == "hits"
    assert ticket["hits"] == [
        {"article": "2/1", "in": "text", "snippet": "the printer was moved.", "marks": [[4, 11], [16, 21]]}
    ]
    (ticket,) = talk.run("search", "floor", "subject:print", "-o", "json").json
    assert [(hit["article"], hit["in"], hit["snippet"]) for hit in ticket["hits"]] == [
        ("1/1", "text", "The printer on floor 3 burns. Help!")
    ]
    (ticket,) = talk.run("search", "invoice", "-o", "jsonl").out.splitlines()
    assert '"hits": [{"article": null, "in": "title", "snippet": "Invoice", "marks": [[0, 7]]}, ' in ticket
    (ticket,) = talk.run("search", "grosse", "-o", "json").json
    assert ticket["hits"] == [
        {"article": "3/1", "in": "from", "snippet": "Léa Größe lee@other.test", "marks": [[4, 9]]}
    ]


def test_a_phrase_over_two_lines_is_shown_as_one(talk: Desk) -> None:
    (ticket,) = talk.run("search", "out of paper", "-o", "json").json
    assert ticket["hits"] == [
        {"article": "3/1", "in": "text", "snippet": "Out of paper, out of ink.", "marks": [[0, 12]]}
    ]


def test_the_page_has_a_line_a_ticket_and_its_places_below(talk: Desk) -> None:
    shown = talk.done("search", "printer", "-o", "table").splitlines()
    assert [line.split()[:2] for line in shown[1::2]] == [
        [talk.shown(1)["number"], "1"], [talk.shown(2)["number"], "2"]]  # fmt: skip
    assert shown[2::2] == ["    1/1  The «printer» on floor 3 burns. Help!", "    2/1  the «printer» was moved."]
    assert "\x1b[1mprinter\x1b[0m was" in talk.done("search", "printer", "-o", "table", "--color", "always")


def test_scripts_get_numbers_and_columns(talk: Desk) -> None:
    numbers = [talk.shown(each)["number"] for each in (1, 2)]
    assert talk.done("search", "printer", "-o", "ids").split() == numbers
    assert talk.done("search", "printer") == talk.done("list", "--all", "id:1,2")
    assert talk.done("search", "printer", "--limit", "1", "-o", "ids").split() == numbers[:1]
    assert talk.done("search", "nothing") == ""


def test_hostile_text_is_shown_harmless(desk: Desk) -> None:
    desk.ticket(title="x", body="click \x1b[31m here\u202e now\x07" + "a" * 500)
    assert desk.done("search", "here", "-o", "table", "--color", "always").splitlines()[2].startswith(
        "    1/1  click \\x1b[31m \x1b[1mhere\x1b[0m\\u202e now\\x07aaa")  # fmt: skip
    assert "\x1b" not in desk.done("search", "here", "-o", "json")


def test_a_line_is_cut_around_what_was_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    desk.ticket(title="x", body="blah " * 5000 + "needle " + "blah " * 5000)
    line = desk.done("search", "needle", "-o", "table").splitlines()[2]
    assert "«needle»" in line
    assert len(line) == 60
    (ticket,) = desk.run("search", "needle", "-o", "json").json
    assert len(ticket["hits"][0]["snippet"]) == 160


def test_a_long_thread_shows_its_newest_places(desk: Desk) -> None:
    desk.ticket(body="gasket")
    for each in range(5):
        desk.done("note", "1", "-m", f"gasket {each}")
    (ticket,) = desk.run("search", "gasket", "-o", "json").json
    assert [hit["article"] for hit in ticket["hits"]] == ["1/6", "1/5", "1/4"]


def test_an_agent_without_rights_is_told(make_desk: MakeDesk) -> None:
    desk = make_desk('[agents.nobody]\nname = "N"\nemail = "n@example.org"\nlogins = ["n"]\n')
    ran = desk.run("search", "--as", "nobody", "fire")
    assert (ran.status, ran.out, ran.err) == (0, "", "ticketctl: you have no rights on any queue\n")
