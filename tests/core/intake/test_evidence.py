"""Numbers in subjects, and what is asked for."""

from __future__ import annotations

import pytest

from core.intake.desk import NUMBER, TOKEN, letter, policy
from ticketctl.intake import Envelope, asks, message_id_key, route
from ticketctl.intake.evidence import defused, numbers


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (f"Re: [Ticket#{NUMBER}] Printer", [NUMBER]),
        (f"Ticket#: {NUMBER}", [NUMBER]),
        (f"ticket# {NUMBER} burns", [NUMBER]),
        (f"Ticket {NUMBER}", []),
        (f"{NUMBER}", []),
        (f"[OtherTicket#{NUMBER}]", []),
        ("[Ticket#12345678] and [Ticket#2026112210000014]", [NUMBER, "12345678"]),
        ("[Ticket#2026112210000041]", ["2026112210000041"]),
        ("Ticket#" + "9" * 41, []),
        ("".join(f"Ticket#{n} " for n in range(10000000, 10000030)) + f"Ticket#{NUMBER}",
         [NUMBER, *map(str, range(10000000, 10000019))]),
    ],
)  # fmt: skip
def test_a_number_counts_right_after_our_hook_only(subject, expected):
    assert numbers(subject, policy()) == expected


def test_a_defused_subject_keeps_the_number_and_loses_the_hook():
    assert defused(f"Re: [Ticket#{NUMBER}] Printer", policy()) == f"Re: {NUMBER} Printer"


def test_at_most_twenty_references_are_looked_up_from_the_right_and_in_reply_to_is_not_among_them():
    mail = letter(in_reply_to=("<reply@a.test>",), references=tuple(f"<{n}@a.test>" for n in range(30)))
    under = policy()
    envelope = Envelope(recipient="support@example.org")
    asked = asks(mail, route(mail, envelope, under), envelope, under, "digest")
    assert asked.ids == ("reply@a.test", *(f"{n}@a.test" for n in range(29, 9, -1)))


@pytest.mark.parametrize(
    "written", [f"<t.{TOKEN}.{NUMBER}@example.org>", f"<T.{TOKEN.upper()}.1@x>", f"<t.{TOKEN}.20261122", f"{TOKEN}"]
)
def test_a_token_is_found_alone_and_in_any_case(written):
    mail = letter(in_reply_to=(written,))
    under = policy()
    envelope = Envelope(recipient="support@example.org")
    assert asks(mail, route(mail, envelope, under), envelope, under, "digest").tokens == (TOKEN,)


def test_ids_are_compared_without_brackets_blanks_and_case():
    assert message_id_key("<A\r\n\tB@Example.ORG>") == "ab@example.org"
    assert message_id_key(f"<{'x' * 300}@a.test>") == message_id_key(f"<{'x' * 255}")


def test_what_is_asked_is_bounded_whatever_a_mail_holds():
    under = policy(recipient_delimiter="+")
    envelope = Envelope(recipient=f"support+{'.'.join([TOKEN] * 9000)}@example.org")
    mail = letter(in_reply_to=(f"<{'.'.join([TOKEN] * 30)}>",) * 500, subject="Ticket#12345678 " * 100_000)
    asked = asks(mail, route(mail, envelope, under), envelope, under, "digest")
    assert len(asked.tokens) <= 100
    assert len(asked.ids) <= 40
    assert len(asked.numbers) <= 21
