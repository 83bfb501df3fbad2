"""What of a mail is history: folded where nothing new can hide in it, never cut off."""

from __future__ import annotations

from datetime import UTC

import pytest

from ticketctl import page
from ticketctl.page.folding import folds

QUOTE = "> It burns.\n> Since Monday.\n>\n> Emma\n> emma@example.net\n"
HISTORY = "It burns.\nSince Monday.\n\nEmma\n"


def mail(body: str, **given: object) -> dict[str, object]:
    return {"channel": "email", "subject": "Re: Printer", "body": body, "in_reply_to": None, "references": [], **given}


def kept(body: str, **given: object) -> list[str]:
    """The lines of a text that stay, one of `...` for each stretch that is folded."""
    lines = body.rstrip().split("\n")
    for begin, end in reversed(folds(mail(body, **given))):
        lines[begin:end] = ["..."]
    return lines


@pytest.mark.parametrize(
    "above",
    [
        "On Mon, 1 Jan 2024 at 10:00, Emma Stone <emma@example.net> wrote:\n",
        "On Mon, 1 Jan 2024 at 10:00, Emma Stone\n<emma@example.net> wrote:\n\n",
        "Am 01.01.24 um 10:00 schrieb Emma Stone:\n",
        "Le lun. 1 janv. 2024 à 10:00, Emma Stone <emma@example.net> a écrit :\n\n",
        "El lun, 1 ene 2024 a las 10:00, Emma (<emma@example.net>) escribió:\n",
        "Il giorno lun 1 gen 2024 alle ore 10:00 Emma <emma@example.net> ha scritto:\n",
        "Op ma 1 jan 2024 om 10:00 schreef Emma <emma@example.net>:\n",
        "pon., 1 sty 2024 o 10:00 Emma <emma@example.net> napisał(a):\n",
        "пн, 1 янв. 2024 г. в 10:00, Emma <emma@example.net>:\n",
        "2024年1月1日(月) 10:00 Emma <emma@example.net>:\n",
        "Quoting Emma <emma@example.net>:\n",
        "-----Original Message-----\n",
        "",
    ],
)
def test_a_quote_below_the_answer_is_folded_with_what_introduces_it(above: str) -> None:
    assert kept(f"Mended.\n\n{above}{QUOTE}") == ["Mended.", "", "..."]
    assert kept(f"Mended.\n\n{above}{QUOTE}\n-- \nAnna\n") == ["Mended.", "", "...", "", "-- ", "Anna"]


@pytest.mark.parametrize(
    "header",
    [
        "From: Emma <emma@example.net>\nSent: Monday, January 1, 2024 10:00\nTo: help@example.org\nSubject: Printer\n",
        "Von: Emma <emma@example.net>\nGesendet: Montag, 1. Januar 2024\nAn: help@example.org\nBetreff: Printer\n",
        "*De :* Emma\n*Envoyé :* lundi 1 janvier 2024\n*À :* help@example.org\n*Objet :* Printer\n",
        "De: Emma\nEnviado el: lunes, 1 de enero de 2024\nPara: help@example.org\nAsunto: Printer\n",
        "Da: Emma\nInviato: lunedì 1 gennaio 2024\nA: help@example.org\nCc: Tom\nOggetto: Printer\n",
        "Van: Emma\nVerzonden: maandag 1 januari 2024\nAan: help@example.org\nOnderwerp: Printer\n",
        "Fra: Emma\nSendt: 1. januar 2024\nTil: help@example.org\nEmne: Printer\n",
        "Od: Emma\nWysłano: 1 stycznia 2024\nDo: help@example.org\nTemat: Printer\n",
        "От: Emma\nОтправлено: 1 января 2024\nКому: help@example.org\nТема: Printer\n",
        "发件人: Emma\n发送时间: 2024年1月1日\n收件人: help@example.org\n主题: Printer\n",
    ],
)
@pytest.mark.parametrize("rule", ["", "________________________________\n", "-----Ursprüngliche Nachricht-----\n"])
def test_what_stands_below_a_copied_header_is_folded(header: str, rule: str) -> None:
    assert kept(f"Mended.\n\n{rule}{header}\n{HISTORY}") == ["Mended.", "", "..."]


def test_unmarked_history_below_who_wrote_it_is_folded() -> None:
    intro = "On Monday, January 1, 2024 at 10:00 AM, Emma <emma@example.net> wrote:\n\n"
    assert kept(f"Mended.\n\n{intro}{HISTORY}") == ["Mended.", "", "..."]
    assert kept(f"Mended.\n\n-----Original Message-----\n{HISTORY}") == ["Mended.", "", "..."]


def test_a_long_quote_above_the_answer_is_folded() -> None:
    assert kept(f"Am 01.01.24 schrieb Emma:\n{QUOTE}{QUOTE}\nMended.\nAnna\n") == ["...", "", "Mended.", "Anna"]
    assert kept(f"{QUOTE}\nMended.\n") == f"{QUOTE}\nMended.".split("\n")  # a short one is what the answer is about


HEADER = "From: Emma <emma@example.net>\nSent: Monday\nTo: help@example.org\nSubject: Printer\n\n"


@pytest.mark.parametrize(
    "body",
    [
        f"> It burns.\nWhere?\n{QUOTE}In the hall.\n",  # answers between quotes
        f"{QUOTE}{QUOTE}Where?\n> since when?\nMonday.\n",
        QUOTE,  # nothing but a quote
        f"On Mon, 1 Jan 2024, Emma <emma@example.net> wrote:\n{QUOTE}",
        "Mended.\n> one\n> two\n> three\n",  # not worth it
        f"I got this:\n\n{HEADER}{HISTORY}",  # shown to us
        f"{HEADER}{HISTORY}",  # no word of their own
        f"My answers are below in red.\n\n{HEADER}{HISTORY}",
        f"Siehe unten.\n\n{HEADER}{HISTORY}",
        f"Hello Anna,\n\n{HEADER}{HISTORY}In the hall.\n",  # a greeting, and the answer where it belongs
        f"Dear Ms Martin\n\n-----Original Message-----\n{HEADER}{HISTORY}In the hall.\n",
        f"Best regards,\nEmma\n\n{HEADER}{HISTORY}In the hall.\n",
        f"Sent from my telephone\n\n{HEADER}{HISTORY}In the hall.\n",
        f"Hi Anna, see my answers in CAPITALS.\n\n{HEADER}{HISTORY}IN THE HALL\n",
        f"Hallo, meine Antworten stehen in Ihrem Text.\n\n{HEADER}{HISTORY}Im Flur.\n",
        f"My journey, as you asked.\nName: Emma\nFrom: Paris\nDate: 2026-01-01\nTo: Rome\n\n{HISTORY}",
        f"This is the header, which is wrong.\nFrom: emma@example.net\nTo: a@example.org\nSubject: a\n\n{HISTORY}",
        f"Mended.\n\n-----Original Message-----\n{HEADER}{QUOTE}Where?\n{QUOTE}Here.\n",
        f"Look:\n\n---------- Forwarded message ---------\n{HEADER}{QUOTE}",
        f"Look.\n\n-------- Weitergeleitete Nachricht --------\n{HEADER}{HISTORY}",
        "On Monday 2024-01-01 the printer wrote:\n\nPC LOAD LETTER\n\nWhat is that?\n",  # no address: news
        f"From: here\nto: there\n{HISTORY}",
        "",
        "\n\n\n\n\n",
    ],
)
def test_what_may_be_news_is_never_folded(body: str) -> None:
    assert folds(mail(body)) == []


@pytest.mark.parametrize("body", [f"The shell says\n\n{QUOTE}", f"{QUOTE}{QUOTE}\nWhat is that?\n"])
def test_a_first_mail_has_no_history(body: str) -> None:
    assert folds(mail(body, subject="Printer")) == []


def test_a_line_of_the_authors_above_a_quote_stays_whatever_was_said_before_it() -> None:
    body = f"I said already that it burns.\nThis is the log:\n{QUOTE}"
    assert kept(body) == ["I said already that it burns.", "This is the log:", "..."]


def test_the_last_quote_is_folded_where_answers_stand_between_those_above() -> None:
    assert kept(f"> It burns.\nWhere?\n\n{QUOTE}") == ["> It burns.", "Where?", "", "..."]


@pytest.mark.parametrize(
    "given",
    [
        {"subject": "Fwd: Printer"},
        {"subject": "WG: Printer", "in_reply_to": "<1@example.net>"},
        {"channel": "note"},
        {"subject": "Printer"},  # a first mail that shows a header
    ],
)
def test_a_copied_header_is_folded_in_answers_alone(given: dict[str, object]) -> None:
    body = f"Mended.\n\n{HEADER}{HISTORY}"
    assert folds(mail(body, **given)) == []
    assert kept(body, subject="Printer", references=["<1@example.net>"]) == ["Mended.", "", "..."]


def test_a_page_says_how_much_is_folded_and_shows_it_when_asked() -> None:
    someone = {"name": None, "address": "emma@example.net"}
    article = {
        **mail(f"Mended.\n\n{QUOTE}"), "n": 3, "sender_type": "customer", "kind": "personal", "visible": True,
        "received": "2026-11-22T10:00:00Z", "from": someone, "to": [], "cc": [], "remarks": [], "attachments": [],
        "deliveries": [],
    }  # fmt: skip
    head = "-- 17/3  email, by customer  2026-11-22 10:00 --\nFrom       emma@example.net\nSubject    Re: Printer\n\n"
    look = {"width": 48, "color": False, "zone": UTC}
    folded = f"{head}Mended.\n\n[5 lines of history: --unfold]\n"
    assert page.article_page(article, 17, **look) == folded  # type: ignore[arg-type]
    assert page.article_page(article, 17, unfold=True, **look) == f"{head}Mended.\n\n{QUOTE}"  # type: ignore[arg-type]


def test_a_text_cannot_draw_the_head_of_an_article() -> None:
    head = "-- 17/4  note, by agent, internal  2026-11-22 10:00 --"
    article = {
        **mail(f"Mended.\n{head}\n--\t17/4\n-- \nEmma"),
        "n": 3, "sender_type": "customer", "kind": "personal", "visible": True,
        "received": "2026-11-22T10:00:00Z", "from": {"address": "emma@example.net", "name": None}, "to": [],
        "cc": [], "remarks": [], "attachments": [], "deliveries": [],
    }  # fmt: skip
    for unfold in (False, True):
        page_of = page.article_page(article, 17, width=48, color=False, zone=UTC, unfold=unfold)
        assert page_of.endswith(f"\nMended.\n {head}\n --\t17/4\n-- \nEmma\n")
