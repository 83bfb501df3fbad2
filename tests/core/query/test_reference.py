"""TICKET and ARTICLE as they are typed and pasted."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketctl.errors import Usage
from ticketctl.query import ArticleRef, TicketRef, article, reference, ticket

NUMBER = "2026112210000017"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("17", TicketRef(id=17)),
        (" 17\n", TicketRef(id=17)),
        ("#17", TicketRef(id=17)),
        ("id:17", TicketRef(id=17)),
        (NUMBER, TicketRef(id=int(NUMBER), number=NUMBER)),
        (f"id:{NUMBER}", TicketRef(id=int(NUMBER))),
        (f"number:{NUMBER}", TicketRef(number=NUMBER)),
        ("number:17", TicketRef(number="17")),
        ("00000017", TicketRef(number="00000017")),
        ("99999999999999999999", TicketRef(number="99999999999999999999")),
        (f"[Ticket#{NUMBER}]", TicketRef(number=NUMBER)),
        (f"Ticket#{NUMBER}", TicketRef(number=NUMBER)),
        (f"[Case: {NUMBER}]", TicketRef(number=NUMBER)),
        (f"[{NUMBER}]", TicketRef(number=NUMBER)),
        ("17/3", ArticleRef(ticket=TicketRef(id=17), article=3)),
        ("#17/3", ArticleRef(ticket=TicketRef(id=17), article=3)),
        ("17/-1", ArticleRef(ticket=TicketRef(id=17), article=-1)),
        ("17/3/2", ArticleRef(ticket=TicketRef(id=17), article=3, attachment=2)),
        (f"[Ticket#{NUMBER}]/3", ArticleRef(ticket=TicketRef(number=NUMBER), article=3)),
    ],
)
def test_a_word_names_a_ticket_or_an_article(word: str, expected: object) -> None:
    assert reference(word) == expected


@pytest.mark.parametrize("word", ["", "x", "0", "#", "-", "17/", "/3", "17/0", "17/3/0", "17//3", "17/3/2/1", "id:",
                                  "-17", "\u0661\u0667", "1" * 5000, "id:9223372036854775808"])  # fmt: skip
def test_another_word_is_wrong_usage(word: str) -> None:
    with pytest.raises(Usage):
        reference(word)


def test_a_ticket_is_wanted_and_an_article_is_given_or_the_other_way_round() -> None:
    with pytest.raises(Usage, match="this wants a ticket, '#17'"):
        ticket("17/3")
    with pytest.raises(Usage, match="this wants an article, as '#17/3'"):
        article("17")
    assert ticket("17") == TicketRef(id=17)
    assert article("17/3").article == 3


@given(st.text() | st.text(alphabet="0123456789/#[]:-id Ticket"))
def test_no_text_makes_it_raise_anything_but_usage(word: str) -> None:
    with contextlib.suppress(Usage):
        reference(word)
