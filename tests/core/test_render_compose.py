"""A reply's draft, automatic answers and notices: who, what subject, which thread, and what never leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from ticketctl.errors import BadData, NotThere
from ticketctl.letter import read
from ticketctl.party import is_ours
from ticketctl.policy.value import Agent, Desk, Policy, Queue, Template
from ticketctl.render import Outgoing, auto_answer, build, draft, notice
from ticketctl.render.identity import chain, speaks_from, subject
from ticketctl.ticket import Address, Article, Kind, Priority, State, Ticket

NOW = datetime(2026, 11, 22, 20, 26, tzinfo=UTC)
TOKEN = "abcdefghijklmnopqrstuvwxyz"
CANARY = "canary-5c1f"
KIM = Address(address="kim@customer.example", name="Kim")


def policy(delimiter: str = "", **templates: Template) -> Policy:
    made = {
        "hello": Template(name="hello", kind="salutation", body={"": "Hello {{ customer.name or customer.address }},"}),
        "desk": Template(name="desk", kind="signature", body={"": "{{ agent.name }}, {{ desk.name }}"}),
        "received": Template(
            name="received",
            kind="auto",
            subject={"": "We have your mail"},
            body={"": "Your request has number {{ ticket.number }}."},
        ),
        "vpn": Template(name="vpn", kind="answer", body={"en": "Restart it.", "fr": "Relancez-le."}),
    }
    support = Queue(
        name="Support",
        addresses=("support@example.org", "help@example.org"),
        from_name="Example Support",
        salutation="hello",
        signature="desk",
        auto={"auto-reply": "received"},
    )
    return Policy(
        desk=Desk(
            name="Example Help Desk", domain="example.org", timezone="Europe/Paris", recipient_delimiter=delimiter
        ),
        queues={
            "Raw": Queue(name="Raw", addresses=("raw@example.org",)),
            "Support": support,
            "Support::Europe": Queue(name="Support::Europe"),
        },
        agents={
            "anna": Agent(name="anna", full_name="Anna Martin", email="anna@example.org"),
            "bert": Agent(name="bert", full_name="Bert", email="bert@example.org"),
        },
        templates=made | templates,
    )


def ticket(**fields: Any) -> Ticket:
    given: dict[str, Any] = {
        "id": 17,
        "number": "2026112210000017",
        "version": 3,
        "title": "printer",
        "queue": "Support",
        "state": State.OPEN,
        "priority": Priority.NORMAL,
        "customer": KIM,
        "created": NOW,
        "changed": NOW,
    }
    return Ticket(**(given | fields))


def article(n: int = 1, **fields: Any) -> Article:
    given: dict[str, Any] = {
        "channel": "email",
        "sender_type": "customer",
        "visible": True,
        "author": KIM,
        "received": NOW,
        "subject": "printer",
        "to": (Address(address="support@example.org"),),
        "message_id": f"<{n}@customer.example>",
        "body": "It is on fire.\n> old\n",
    }
    return Article(n=n, **(given | fields))


def note(n: int = 2) -> Article:
    return article(
        n,
        channel="note",
        sender_type="agent",
        visible=False,
        body=CANARY,
        subject=CANARY,
        author=Address(address=f"{CANARY}@example.org", name=CANARY),
        message_id=f"<{CANARY}@x>",
    )


def drafted(*articles: Article, of: Policy | None = None, about: Ticket | None = None, **fields: Any) -> Outgoing:
    return draft(
        of or policy(),
        about or ticket(),
        articles,
        **({"agent": "anna", "token": TOKEN, "now": NOW, "text": "Try water."} | fields),
    )


def people(addresses: tuple[Address, ...]) -> list[str | None]:
    return [each.address for each in addresses]


def test_a_reply_is_this_value():
    assert drafted(
        article(references=("<0@customer.example>",), cc=(Address(address="lee@customer.example", name="Lee"),))
    ) == (
        Outgoing(
            token=TOKEN,
            message_id=f"<t.{TOKEN}.2026112210000017@example.org>",
            date=NOW,
            sender="support@example.org",
            from_=Address(address="support@example.org", name="Example Support"),
            to=(KIM,),
            cc=(Address(address="lee@customer.example", name="Lee"),),
            subject="[Ticket#2026112210000017] printer",
            in_reply_to="<1@customer.example>",
            references=("<0@customer.example>", "<1@customer.example>"),
            body="Hello Kim,\n\nTry water.\n\nAnna Martin, Example Help Desk\n\n"
            "Kim wrote on 2026-11-22 21:26:\n> It is on fire.\n>> old\n",
        )
    )


@pytest.mark.parametrize("date", [datetime(9999, 12, 31, 23, 30, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_date_at_the_end_of_time_is_quoted_and_stops_no_reply(date, zone):
    given = policy()
    given = replace(given, desk=replace(given.desk, timezone=zone))
    quoted = drafted(article(date=date), of=given).body
    assert f"Kim wrote on {date.year}-" in quoted.replace("on 000", "on ")


def test_a_template_stands_between_salutation_and_text_in_the_customers_language():
    mail = drafted(article(), template="vpn", language="fr", quote=False)
    assert mail.body == "Hello Kim,\n\nRelancez-le.\n\nTry water.\n\nAnna Martin, Example Help Desk\n"


def test_a_template_can_place_the_text_itself():
    own = policy(vpn=Template(name="vpn", kind="answer", body={"": "You asked:\n{{ quote }}\nWe say: {{ text }}"}))
    body = drafted(article(body="why?"), of=own, template="vpn").body
    assert body == (
        "Hello Kim,\n\nYou asked:\nKim wrote on 2026-11-22 21:26:\n> why?\nWe say: Try water.\n\n"
        "Anna Martin, Example Help Desk\n"
    )


def test_an_unknown_template_is_not_there():
    with pytest.raises(NotThere, match="no template 'nope'"):
        drafted(article(), template="nope")


@pytest.mark.parametrize(
    ("articles", "fields", "to", "cc"),
    [
        ([article()], {}, ["kim@customer.example"], []),
        ([article(reply_to=(Address(address="office@customer.example"),))], {}, ["office@customer.example"], []),
        ([article(reply_to=(Address(address="SUPPORT@example.org"),))], {}, ["kim@customer.example"], []),
        ([article(author=Address())], {}, ["kim@customer.example"], []),
        ([], {}, ["kim@customer.example"], []),
        (
            [article(1), article(2, author=Address(address="bot@x.example"), kind=Kind.AUTO)],
            {},
            ["kim@customer.example"],
            [],
        ),
        (
            [article(1), article(2, visible=False, author=Address(address="stranger@x.example"))],
            {},
            ["kim@customer.example"],
            [],
        ),
        (
            [article(1), article(2, author=Address(address="lee@customer.example"))],
            {},
            ["lee@customer.example"],
            ["kim@customer.example"],
        ),
        (  # lee made the ticket, and it was given to kim
            [article(author=Address(address="lee@customer.example"))],
            {},
            ["kim@customer.example"],
            [],
        ),
        (
            [
                article(
                    cc=tuple(
                        Address(address=each)
                        for each in (
                            "lee@c.example",
                            "LEE@c.example",
                            "help@example.org",
                            "kim@customer.example",
                            "raw@example.org",
                        )
                    )
                )
            ],
            {},
            ["kim@customer.example"],
            ["lee@c.example"],
        ),
        ([article(cc=(Address(address="lee@c.example"),))], {"keep_cc": False}, ["kim@customer.example"], []),
        (
            [article(cc=(Address(address="lee@c.example"),))],
            {"cc": (Address(address="max@c.example"),), "to": (Address(address="new@c.example"),)},
            ["new@c.example"],
            ["max@c.example"],  # who is written to is outside: the customer's copies are not for them
        ),
        (
            [article(cc=(Address(address="lee@c.example"),))],
            {"cc": (Address(address="max@c.example"),), "to": (Address(address="Kim@customer.example"),)},
            ["Kim@customer.example"],
            ["max@c.example", "lee@c.example"],
        ),
    ],
)
def test_whom_a_reply_goes_to(articles, fields, to, cc):
    mail = drafted(*articles, **fields)
    assert (people(mail.to), people(mail.cc)) == (to, cc)


def test_what_a_number_alone_brought_says_neither_where_answers_go_nor_who_gets_copies():
    """Its From is the customer's, and anybody can have written that."""
    thief, lee = Address(address="thief@x.example"), Address(address="Lee@c.example")
    forged = article(reply_to=(thief,), cc=(thief, lee), remarks=("by number",))
    mail = drafted(forged, about=ticket(parties=("lee@c.example",)))
    assert (people(mail.to), people(mail.cc)) == (["kim@customer.example"], ["Lee@c.example"])


def test_nobody_to_write_to_asks_for_an_address():
    with pytest.raises(BadData, match="--to"):
        drafted(about=ticket(customer=Address()))


def test_our_own_last_mail_carries_the_thread_where_the_customer_never_wrote():
    ours = article(1, sender_type="agent", author=Address(address="support@example.org"), to=(KIM,))
    mail = drafted(ours)
    assert (mail.in_reply_to, mail.references, people(mail.to)) == (
        "<1@customer.example>",
        ("<1@customer.example>",),
        ["kim@customer.example"],
    )
    assert "fire" not in mail.body


def test_with_a_recipient_delimiter_the_token_is_in_the_reply_address_and_the_envelope():
    tagged = f"support+{TOKEN}@example.org"
    mail = drafted(article(cc=(Address(address="support+xyz@example.org"),)), of=policy("+"))
    assert (mail.sender, mail.reply_to, mail.cc) == (tagged, tagged, ())


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("printer", "printer"),
        ("Re: AW: Re: printer", "printer"),
        ("RE[2]: SV: Fwd: TR: WG: printer", "printer"),
        ("Antw: Re^3: R: I: VS: Odp: printer", "printer"),
        ("Re：printer", "printer"),
        ("AW: [Ticket#2026112210000017] Re: [Ticket#2026112210000017] printer", "printer"),
        ("Re: Ticket#: 2026112210000017 printer", "printer"),
        ("[ticket#2026112210000025] printer", "printer"),
        ("Regarding: re printer", "Regarding: re printer"),
        ("Re:", "the title"),
        ("", "the title"),
        ("a\r\nBcc: x\u2028y", "a Bcc: x y"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_the_mark_is_in_the_subject_once_and_in_front(given, written):
    assert subject(policy(), "2026112210000017", given, "the title") == f"[Ticket#2026112210000017] {written}"


def test_a_subject_of_prefixes_alone_takes_linear_time():
    assert subject(policy(), "17", "Re: " * 100_000, "") == "[Ticket#17]"


@pytest.mark.parametrize(
    ("references", "parent", "kept"),
    [
        ((), None, ()),
        ((), "<1@x>", ("<1@x>",)),
        (("<0@x>", "<1@x>"), "<1@x>", ("<0@x>", "<1@x>")),
        (("<1@x>", "<0@x>"), "<1@x>", ("<0@x>", "<1@x>")),
        (("no", "<a b@x>", "<ü@x>", "<0@x>"), "", ("<0@x>",)),
        (tuple(f"<{n}@x>" for n in range(9)), "<p@x>", ("<0@x>", "<7@x>", "<8@x>", "<p@x>")),
    ],
)
def test_the_thread_is_kept_and_bounded(references, parent, kept):
    assert chain(references, parent, cap=4) == kept


def test_a_queue_without_address_speaks_from_the_one_above():
    assert speaks_from(policy(), "Support::Europe") == Address(address="support@example.org", name="Example Support")
    assert speaks_from(policy(), "Gone") == Address(address="raw@example.org", name="Example Help Desk")


def test_a_tagged_address_of_ours_is_ours_only_with_a_delimiter():
    assert [is_ours("Support+x@example.org", policy(each)) for each in ("", "+")] == [False, True]


def test_g10_a_canary_in_a_note_is_in_no_outgoing_byte():
    """Nor what a third party wrote, who is not visible: neither by quoting nor by names, subject or thread."""
    hidden = [
        note(2),
        article(
            3,
            visible=False,
            body=CANARY,
            subject=CANARY,
            author=Address(address="x@y.example", name=CANARY),
            cc=(Address(address=f"{CANARY}@x.example"),),
            message_id=f"<{CANARY}@y>",
        ),
    ]
    about = ticket()
    mails = [build(drafted(article(), *hidden)), build(drafted(*hidden))]
    mails += [
        notice(
            policy(),
            about,
            event=event,
            by="bert",
            token=TOKEN,
            message_id="<a@b>",
            recipient="anna@example.org",
            now=NOW,
        )
        for event in ("stolen", "reassigned", "follow-up")
    ]
    mails.append(auto(article()))
    for raw in mails:
        assert CANARY not in raw.decode()
        assert CANARY not in read(raw).text


def auto(answered: Article | None, of: Policy | None = None, about: Ticket | None = None, **fields: Any) -> bytes:
    given: dict[str, Any] = {
        "template": "received",
        "token": TOKEN,
        "message_id": f"<t.{TOKEN}.17@example.org>",
        "recipient": "kim@customer.example",
        "now": NOW,
    }
    return auto_answer(of or policy(), about or ticket(), answered, **(given | fields))


def test_an_automatic_answer_says_so_and_answers_its_mail():
    letter = read(auto(article(references=("<0@customer.example>",))))
    assert [pair for pair in letter.headers if not pair[0].startswith(("Content", "MIME"))] == [
        ("Date", "Sun, 22 Nov 2026 20:26:00 +0000"),
        ("From", "Example Support <support@example.org>"),
        ("To", "kim@customer.example"),
        ("Subject", "[Ticket#2026112210000017] We have your mail"),
        ("Message-ID", f"<t.{TOKEN}.17@example.org>"),
        ("In-Reply-To", "<1@customer.example>"),
        ("References", "<0@customer.example> <1@customer.example>"),
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Ticketctl-Loop", "example.org"),
    ]
    assert letter.text.strip() == "Your request has number 2026112210000017."


def test_a18_none_of_the_customers_text_is_in_an_automatic_answer():
    curious = Template(
        name="received",
        kind="auto",
        subject={"": "{{ ticket.title }}"},
        body={"": "{{ ticket.title }}{{ customer.name }} {{ customer.address }}"},
    )
    about = ticket(title=CANARY, customer=Address(address="kim@customer.example", name=CANARY))
    raw = auto(article(body=CANARY, subject=CANARY), policy(received=curious), about)
    assert CANARY not in raw.decode()
    assert read(raw).subject == "[Ticket#2026112210000017] Example Help Desk"


@pytest.mark.parametrize("body", ["word " * 5000, "ü" * 20_000, "line\n" * 5000, "😀" * 9000])
def test_an_automatic_answer_has_at_most_8_kb(body):
    long = Template(name="received", kind="auto", body={"": body})
    ids = tuple(f"<{n}{'x' * 300}@customer.example>" for n in range(30))
    raw = auto(article(references=ids, message_id=ids[-1]), policy(received=long))
    assert 5000 < len(raw) <= 8192
    assert read(raw).text.rstrip().endswith("[...]")


def test_a_template_that_is_gone_is_named():
    with pytest.raises(BadData, match=r"templates\.nope"):
        auto(article(), template="nope")


@pytest.mark.parametrize(
    ("event", "subject", "text"),
    [
        ("stolen", "taken over by Bert: printer", "Bert has taken over ticket 2026112210000017, which you had locked."),
        (
            "reassigned",
            "yours now: printer",
            "Bert has given you ticket 2026112210000017. You own it and hold its lock.",
        ),
        ("follow-up", "answered: printer", "The customer has answered on ticket 2026112210000017, which is yours."),
        ("eaten {0.__class__}", "eaten {0.__class__}: printer", "eaten {0.__class__} on ticket 2026112210000017."),
    ],
)
def test_an_agent_is_told(event, subject, text):
    raw = notice(
        policy(),
        ticket(),
        event=event,
        by="bert",
        token=TOKEN,
        message_id="<a@b>",
        recipient="anna@example.org",
        now=NOW,
    )
    letter = read(raw)
    assert letter.subject == f"[Ticket#2026112210000017] {subject}"
    assert letter.text.startswith(text)
    assert (letter.first("Auto-Submitted"), letter.first("X-Ticketctl-Loop")) == ("auto-generated", "example.org")


def test_admins_are_told_of_the_breaker():
    letter = read(
        notice(
            policy(),
            None,
            event="breaker",
            reason="200 in an hour",
            token=TOKEN,
            message_id="<a@b>",
            recipient="anna@example.org",
            now=NOW,
        )
    )
    assert letter.subject == "Example Help Desk: automatic answers are stopped"
    assert "200 in an hour" in letter.text


def test_titles_and_names_with_format_marks_are_only_text():
    title = "{by.__class__} {0} %s {{ 7*7 }}"
    letter = read(
        notice(
            policy(),
            ticket(title=title),
            event="stolen",
            by="{x}",
            token=TOKEN,
            message_id="<a@b>",
            recipient="anna@example.org",
            now=NOW,
        )
    )
    assert letter.subject.endswith(title)
    assert title in letter.text
