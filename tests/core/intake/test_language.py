"""The language of an automatic answer: what the mail's own headers ask for, of what the template has."""

from __future__ import annotations

import pytest

from core.intake.desk import decided, letter, policy
from ticketctl.intake.language import TAGS_LOOKED_AT, language, wanted
from ticketctl.policy.value import Template

TABLE = Template(name="received", kind="auto", body={"en": "We have it.", "fr": "Nous l'avons.", "pt-BR": "Temos."})
PLAIN = Template(name="received", kind="auto", body={"": "We have it."})


@pytest.mark.parametrize(
    ("headers", "tags", "chosen"),
    [
        ((), (), ""),
        ((("Accept-Language", "fr-CH, en-US"),), ("fr-ch", "en-us"), "fr"),
        ((("accept-language", "en;q=0.3, de, FR; q=0.8"),), ("de", "fr", "en"), "fr"),
        ((("Content-Language", "fr"),), ("fr",), "fr"),
        ((("Content-Language", "en"), ("Accept-Language", "fr")), ("fr", "en"), "fr"),
        ((("Accept-Language", "de-DE"), ("Content-Language", "fr")), ("de-de", "fr"), "fr"),
        ((("Accept-Language", "pt-br"),), ("pt-br",), "pt-BR"),
        ((("Accept-Language", "pt"),), ("pt",), ""),
        ((("Accept-Language", "pt-BR-x-office"),), ("pt-br-x-office",), "pt-BR"),
        ((("Accept-Language", "fr;q=0, en;q=0.1"),), ("en",), "en"),
        ((("Accept-Language", "*, fr;q=nan, fr;q=9, call 555, <script>, f"),), (), ""),
        ((("Accept-Language", "aa," * TAGS_LOOKED_AT + "fr"),), ("aa",), ""),
        ((("Accept-Language", "a" * 100_000),), (), ""),
    ],
)
def test_what_a_mail_asks_for_and_what_it_gets(headers, tags, chosen):
    mail = letter(headers=headers)
    assert (wanted(mail), language(mail, TABLE)) == (tags, chosen)


def test_a_template_without_a_table_has_no_language_and_one_that_is_gone_none():
    mail = letter(headers=(("Accept-Language", "fr"),))
    assert (language(mail, PLAIN), language(mail, None)) == ("", "")


def test_the_answer_says_in_which_language_and_only_in_the_templates_own_words():
    from msgspec.structs import replace

    under = replace(policy(), templates={"received": TABLE})
    found = decided(letter(headers=(("Accept-Language", "FR-ca"),)), under=under)
    assert found.answer.language == "fr"
    assert found.why[-1] == "answer: auto-reply to carla@customer.test, template received in fr (A18)"
    assert decided(under=under).why[-1] == "answer: auto-reply to carla@customer.test, template received (A18)"
