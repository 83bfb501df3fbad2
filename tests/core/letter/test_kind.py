"""Rows A1 to A13 as a table of values: what a mail says of itself, and the whole judgement that follows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketctl.letter import kind, read
from ticketctl.letter.value import Judgement, Letter, Ours
from ticketctl.ticket import Kind

OURS = Ours(
    addresses=frozenset({"support@desk.example", "sales@desk.example"}),
    domain="desk.example",
    delimiter="+",
    trusted_servers=frozenset({"mx.desk.example"}),
)
PERSONAL = Judgement(kind=Kind.PERSONAL, rule=None)
TOKEN = "abcdefghijklmnopqrstuvwx27"


def letter(
    *fields: str, body: str = "My printer burns.", subject: str = "Printer", author: str = "anna@home.example"
) -> Letter:
    """A person's mail, with these fields in front; a field given here replaces the usual one."""
    usual = {
        "From": author,
        "To": "support@desk.example",
        "Subject": subject,
        "Date": "Mon, 6 May 2024 10:00:00 +0200",
        "Message-ID": "<1@home.example>",
    }
    given_names = {field.split(":", 1)[0].lower() for field in fields}
    lines = [*fields, *(f"{name}: {value}" for name, value in usual.items() if name.lower() not in given_names)]
    return read(("\n".join(lines) + "\n\n" + body + "\n").encode())


def judged(mail: Letter, sender: str | None = "anna@home.example", **envelope: str | None) -> Judgement:
    return kind.judge(
        mail,
        sender=sender,
        recipient=envelope.get("recipient", "support@desk.example"),
        ours=OURS,
        delivered_to=envelope.get("delivered_to"),
    )


def one(row: str, of: Kind, *more: str) -> Judgement:
    return Judgement(kind=of, rule=row, silence=(row, *more))


def test_a_persons_mail_is_personal_and_may_be_answered() -> None:
    assert judged(letter()) == PERSONAL


@pytest.mark.parametrize(
    "sender",
    ["", "<>", "#@[]", "<#@[]>", "MAILER-DAEMON", "Mailer-Daemon@mx.home.example", "double-bounce@mx.home.example"],
)
def test_a1_a_null_sender_forbids_an_answer_and_is_auto_where_no_report_is_seen(sender: str) -> None:
    assert judged(letter(), sender=sender) == one("A1", Kind.AUTO)


@pytest.mark.parametrize("path", ["<>", " <> ", "<#@[]>", "<MAILER-DAEMON>", "<MAILER-DAEMON@mx.home.example>"])
@pytest.mark.parametrize("sender", [None, "anna@home.example"])
def test_a1_a_null_return_path_counts_beside_any_envelope(path: str, sender: str | None) -> None:
    assert judged(letter(f"Return-Path: {path}"), sender=sender) == one("A1", Kind.AUTO)


def test_a1_the_from_line_of_an_mbox_counts_where_nothing_better_is_known() -> None:
    raw = b"From MAILER-DAEMON Mon May  6 10:00:00 2024\n" + letter().raw
    assert judged(read(raw), sender=None) == one("A1", Kind.AUTO)
    assert judged(read(raw), sender="anna@home.example") == PERSONAL
    assert judged(read(b"From - Mon May  6 10:00:00 2024\n" + letter().raw), sender=None) == PERSONAL


REPORT = """--b
Content-Type: text/plain

Hello.
--b
Content-Type: {type}

{fields}
--b--
"""


@pytest.mark.parametrize(
    ("report", "part", "fields", "of"),
    [
        ("delivery-status", "message/delivery-status", "Final-Recipient: rfc822; b@x.example", Kind.BOUNCE),
        ("delivery-status", "message/global-delivery-status", "Final-Recipient: utf-8; b@x.example", Kind.BOUNCE),
        ("disposition-notification", "message/disposition-notification", "Disposition: a/b; displayed", Kind.MDN),
        ("feedback-report", "message/feedback-report", "Feedback-Type: abuse", Kind.FEEDBACK),
        ("tlsrpt", "application/tlsrpt+gzip", "", Kind.FEEDBACK),
        ("delivery-status", "text/plain", "the part is lost", Kind.BOUNCE),
        ("disposition-notification", "text/plain", "the part is lost", Kind.MDN),
        ("something-new", "text/plain", "", Kind.BOUNCE),
    ],
)
def test_a2_a_multipart_report_is_what_it_reports_whoever_sent_it(
    report: str, part: str, fields: str, of: Kind
) -> None:
    mail = letter(
        f"Content-Type: multipart/report; report-type={report}; boundary=b",
        body=REPORT.format(type=part, fields=fields),
    )
    assert judged(mail) == one("A2", of)
    assert judged(mail, sender="") == Judgement(kind=of, rule="A1", silence=("A1", "A2"))


@pytest.mark.parametrize("name", ["delivery-status", "disposition-notification", "feedback-report"])
def test_a2_reports_count_in_a_multipart_mixed_but_not_in_a_mail_that_somebody_attached(name: str) -> None:
    part = f"--b\nContent-Type: message/{name}\n\nStatus: 5.1.1\n"
    assert judged(letter("Content-Type: multipart/mixed; boundary=b", body=part + "--b--")).rule == "A2"
    attached = "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/report; boundary=c\n\n-"
    attached += part.replace("b", "c", 1)
    assert judged(letter("Content-Type: multipart/mixed; boundary=b", body=attached + "\n--b--")) == PERSONAL
    forwarded = letter(
        "Content-Type: multipart/mixed; boundary=b", body=part + "--b--", subject="Fwd: your mail bounced"
    )
    assert judged(forwarded) == PERSONAL


def test_a2_failed_recipients_in_the_header_make_a_bounce() -> None:
    assert judged(letter("X-Failed-Recipients: bert@x.example")) == one("A2", Kind.BOUNCE)


@pytest.mark.parametrize(
    "fields",
    [
        ("Subject: Report Domain: desk.example Submitter: big.example Report-ID: <1>",),
        ("TLS-Report-Domain: desk.example",),
    ],
)
def test_a2_dmarc_and_tls_reports_are_feedback(fields: tuple[str, ...]) -> None:
    assert judged(letter(*fields)) == one("A2", Kind.FEEDBACK)


def test_a2_amazons_notices_of_bounces_and_complaints_are_known_by_their_json() -> None:
    for word, of in (("Bounce", Kind.BOUNCE), ("Complaint", Kind.FEEDBACK)):
        mail = letter("X-Amz-Sns-Message-Id: 1", body=f'{{"Message" : "{{\\"notificationType\\":\\"{word}\\"}}"}}')
        assert judged(mail) == Judgement(kind=of, rule="A2", silence=("A2", "A9"))


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Return Receipt", "This is a Return Receipt for the mail that you sent to bert@x.example."),
        ("Gelesen: Angebot", "Ihre Nachricht an bert@x.example wurde gelesen am Montag."),
        ("Lu : devis", "Votre message a été lu le lundi."),
        ("Read: offer", "Your message\n  To: bert\n  Subject: offer\nwas read on Monday."),
    ],
)
def test_a2_a_receipt_in_prose_is_an_mdn_if_subject_and_text_say_so(subject: str, text: str) -> None:
    assert judged(letter(subject=subject, body=text)) == one("A2", Kind.MDN)
    assert judged(letter(subject=subject, body="Please send me that book.")) == PERSONAL


# (From, subject, text): bounces in prose, made up after servers of many makes; none of them has a report's MIME type.
PROSE = [
    ("MAILER-DAEMON@mx.example", "Rückläufer", "Das war nichts."),
    ("MAILER-DAEMON <>", "", ""),
    (
        "Mail Delivery Subsystem <MAILER-DAEMON>",
        "Returned mail: see transcript for details",
        "----- Transcript of session follows -----",
    ),
    (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        "A message could not be delivered",
    ),
    (
        "postmaster@mx.example",
        "Undeliverable: offer",
        "Delivery has failed to these recipients or groups:\nbert@x.example",
    ),
    (
        "Postmaster <postmaster@mx.example>",
        "Undeliverable Mail",
        "Unknown user: bert@x.example\n\nOriginal message follows.\n\nReceived: from a\n",
    ),
    ("postmaster@mx.example", "Unzustellbar: Angebot", "Fehler bei der Nachrichtenzustellung: 550 5.1.1 User unknown"),
    ("postmaster@mx.example", "Non remis : devis", "Votre message n'a pas pu être remis à bert@x.example"),
    ("postmaster@mx.example", "No se puede entregar: pedido", "No se pudo entregar el mensaje a bert@x.example"),
    ("postmaster@mx.example", "Non recapitabile: ordine", "Impossibile recapitare il messaggio a bert@x.example"),
    ("postmaster@mx.example", "Onbestelbaar: vraag", "Uw bericht kon niet worden afgeleverd bij bert@x.example"),
    (
        "postmaster@mx.example",
        "Det går inte att leverera: fråga",
        "Meddelandet kunde inte levereras till bert@x.example",
    ),
    ("postmaster@mx.example", "Kan ikke leveres: spørgsmål", "Meddelelsen kunne ikke leveres"),
    ("postmaster@mx.example", "Toimitus epäonnistui", "Viestiä ei voitu toimittaa: bert@x.example"),
    ("postmaster@mx.example", "Niedostarczona wiadomość", "Wiadomość nie została dostarczona do bert@x.example"),
    ("postmaster@mx.example", "Nedoručitelné: dotaz", "Zprávu nelze doručit: bert@x.example"),
    ("postmaster@mx.example", "Недоставленное сообщение", "Сообщение не может быть доставлено: bert@x.example"),
    ("postmaster@mx.example", "配信エラー", "次の宛先へメールを送信できませんでした。 bert@x.example"),
    ("postmaster@mx.example", "系统退信", "您的邮件无法送达 bert@x.example"),
    ("postmaster@mx.example", "배달되지 않음: 문의", "메시지를 전달할 수 없습니다 bert@x.example"),
    (
        "post_master@mx.example",
        "Re: offer",
        "Error: invalid user address\n550 - Requested action not taken: no such user here",
    ),
    (
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@mx.example>",
        "Undeliverable: x",
        "Delivery has failed",
    ),
    (
        "System Administrator <admin@mx.example>",
        "Undeliverable: x",
        "Your message did not reach some or all of the intended recipients.",
    ),
    ("no-reply@mx.example", "Mail error", "Could not be delivered to: <bert@x.example>\nAs their mailbox is full."),
    ("MDaemon@mx.example", "WARNING: x", "The attached message had DELIVERY ERRORS"),
]


@pytest.mark.parametrize(("author", "subject", "text"), PROSE)
def test_a2_a_bounce_in_prose_is_known_by_its_sender_subject_and_text(author: str, subject: str, text: str) -> None:
    for sender, row in (("root@mx.example", "A2"), ("", "A1")):
        found = judged(letter(subject=subject, body=text, author=author), sender=sender)
        assert (found.kind, found.rule) == (Kind.BOUNCE, row)


def test_a2_a_bounce_by_an_odd_sender_needs_subject_text_and_our_mail_in_it() -> None:
    text = "Your message could not be delivered to bert@x.example.\n\n--- Original message follows ---\n"
    came_back = "Received: from desk.example\nMessage-ID: <9@desk.example>\n"
    for subject, body, of in (
        ("Delivery failed", text + came_back, Kind.BOUNCE),
        ("Delivery failed", text, Kind.PERSONAL),
        ("Something", text + came_back, Kind.PERSONAL),
        ("Fwd: Delivery failed", text + came_back, Kind.PERSONAL),
        ("Delivery failed", "".join(f"> {line}\n" for line in (text + came_back).split("\n")), Kind.PERSONAL),
    ):
        assert judged(letter(subject=subject, body=body)).kind is of


def test_a2_a_postmaster_who_writes_himself_stays_a_person() -> None:
    author = "Carl Post <postmaster@home.example>"
    person = Judgement(kind=Kind.PERSONAL, rule=None, silence=("A10",))
    for subject, text in (
        ("Question on your invoice", "Hello, what is position 3?"),
        ("Re: your mail server", "Hello, we have changed our MX. Regards"),
        ("Mail delivery", "Hello, may we send you 200 mails an hour?"),
    ):
        assert judged(letter(subject=subject, body=text, author=author)) == person


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Something unheard of", "<bert@x.example>: 550 5.1.1 gibt es nicht"),
        ("Melding", "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; bert@x.example"),
        ("Zpráva", "Toto je server.\n\nReceived: from desk.example by mx.example\nMessage-ID: <9@desk.example>\n"),
        ("Notice", "Your message to bert was rejected by our policy."),
    ],
)
def test_a1_a_null_sender_with_any_sign_of_a_failure_is_a_bounce(subject: str, text: str) -> None:
    assert judged(letter(subject=subject, body=text), sender="").kind is Kind.BOUNCE


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Automatic reply: offer",
            "I am away. My number is 550 1234.\n\n----- Original message -----\nReceived: from a\n",
        ),
        ("Re: offer", "I am on vacation.\n\n-----Original Message-----\nReceived: from desk.example\n"),
        (
            "Please confirm your message",
            "Please confirm your message; it has been held.\n\nReceived: from desk.example by mx\n",
        ),
        ("Ihre Anfrage", "Vielen Dank für Ihre Nachricht. Ticket 550 wurde eröffnet."),
    ],
)
def test_a1_a_vacation_mail_or_challenge_is_auto_even_if_it_gives_our_mail_back(subject: str, text: str) -> None:
    assert judged(letter(subject=subject, body=text), sender="").kind is Kind.AUTO


@pytest.mark.parametrize(
    "address",
    [
        "support@desk.example",
        "SALES@Desk.Example",
        f"support+{TOKEN}@desk.example",
        "support+42@desk.example",
        "SRS0=aa=bb=desk.example=support@relay.example",
        "prvs=123=support@desk.example",
    ],
)
def test_a3_our_own_address_or_token_as_sender_is_a_loop(address: str) -> None:
    assert judged(letter(), sender=address).rule == "A3"
    assert judged(letter(), sender=address).kind is Kind.LOOP
    assert judged(letter(f"Return-Path: <{address}>"), sender=None).rule == "A3"


def test_a3_our_address_in_from_is_a_loop_and_a_name_like_ours_is_not() -> None:
    assert judged(letter(author="Support <support@desk.example>")) == one("A3", Kind.LOOP)
    assert judged(letter(author="support@home.example"), sender="supporter@desk.example") == PERSONAL


def test_a4_our_mark_too_many_hops_and_a_second_delivery_are_loops() -> None:
    loop = one("A4", Kind.LOOP)
    assert judged(letter("X-Ticketctl-Loop: desk.example")) == loop
    assert judged(letter("x-ticketctl-loop:  DESK.example ")) == loop
    assert judged(letter("X-Ticketctl-Loop: other.example")) == PERSONAL
    assert judged(letter(*["Received: from a by b; x"] * 26)) == loop
    assert judged(letter(*["Received: from a by b; x"] * 25)) == PERSONAL
    ours, theirs = "Delivered-To: support@desk.example", "Delivered-To: anna@home.example"
    assert judged(letter(ours, theirs, ours)) == loop
    assert judged(letter(ours, theirs, theirs)) == PERSONAL
    assert judged(letter(ours), delivered_to="support@desk.example") == PERSONAL
    assert judged(letter(theirs, ours), delivered_to="support@desk.example") == loop
    assert judged(letter(theirs), delivered_to="support@desk.example") == PERSONAL


@pytest.mark.parametrize(
    "value",
    [
        "auto-replied",
        "auto-generated",
        "AUTO-NOTIFIED; owner-email=a@x",
        "(yes) auto-replied (vacation)",
        "yes",
        "nonsense",
        "",
    ],
)
def test_a5_any_auto_submitted_but_no_is_auto(value: str) -> None:
    assert judged(letter(f"Auto-Submitted: {value}")) == one("A5", Kind.AUTO)
    assert judged(letter("Auto-submitted: no", f"AUTO-SUBMITTED: {value}")) == one("A5", Kind.AUTO)


@pytest.mark.parametrize("value", ["no", "No", "(a person) no", "no (a person)", "no; comment=x", " no ;"])
def test_a5_no_in_any_spelling_is_no(value: str) -> None:
    assert judged(letter(f"Auto-Submitted: {value}")) == PERSONAL


@pytest.mark.parametrize(
    "field",
    [
        "List-Id: <a.b>",
        "List-ID: x",
        "List-Post: <mailto:a@b>",
        "List-Unsubscribe: <https://x>",
        "List-Help: x",
        "list-owner: x",
        "List-Archive: x",
        "List-Subscribe: x",
        "Mailing-List: contact a; run by ezmlm",
        "Feedback-ID: 1:2:3:x",
        "X-BeenThere: a@b",
        "X-Mailing-List: a@b",
        "X-ML-Name: a",
    ],
)
def test_a6_a_lists_fields_make_it_list(field: str) -> None:
    assert judged(letter(field)) == one("A6", Kind.LIST)


@pytest.mark.parametrize(
    "fields",
    [
        ("Feedback-ID: i1a2b3c4d:Fastmail",),
        ("Feedback-ID: 1234567:user:proton",),
        ("Feedback-ID: rr08:zu08:rf08:ZohoMail",),
        ("X-QQ-mid: webmail1t1", "Feedback-ID: webmail:kunde.example:a:b-0"),
        ("X-QQ-SENDSIZE: 520", "Feedback-ID: esmtpsz:kunde.example:a:b-1"),
    ],
)
def test_a6_the_mark_that_a_host_of_mailboxes_puts_on_every_mail_makes_no_list(fields: tuple[str, ...]) -> None:
    assert judged(letter(*fields)) == PERSONAL
    assert judged(letter(*fields, "List-Id: <a.b>")) == one("A6", Kind.LIST)


@pytest.mark.parametrize("value", ["bulk", "Junk", "LIST", "auto_reply", "bulk (x)", "bulk; x"])
@pytest.mark.parametrize("name", ["Precedence", "X-Precedence", "precedence"])
def test_a7_precedence_makes_it_bulk(name: str, value: str) -> None:
    assert judged(letter(f"{name}: {value}")) == one("A7", Kind.BULK)
    assert judged(letter(f"{name}: first-class")) == PERSONAL


@pytest.mark.parametrize("value", ["All", "OOF", "DR, OOF, AutoReply", "autoreply", "DR;RN;OOF"])
def test_a8_a_wish_for_no_answer_says_nothing_of_the_kind(value: str) -> None:
    found = Judgement(kind=Kind.PERSONAL, rule=None, silence=("A8",))
    assert judged(letter(f"X-Auto-Response-Suppress: {value}")) == found
    assert judged(letter("X-Auto-Response-Suppress: DR, RN, NRN")) == PERSONAL


@pytest.mark.parametrize(
    "field",
    [
        "X-Autoreply: yes",
        "X-Auto-Reply: 1",
        "X-Autorespond: x",
        "X-Autoresponder: x",
        "X-AutoReply-From: a@b",
        "X-Mail-Autoreply: y",
        "X-Apple-Action: VACATION/1",
        "X-FC-MachineGenerated: true",
        "X-MS-Exchange-Inbox-Rules-Loop: a@b",
        "X-Autogenerated: Reply",
        "X-POST-MessageClass: 9; Autoresponder",
        "X-Cron-Env: <SHELL=/bin/sh>",
        "X-OTRS-Loop: True",
        "Delivered-To: Autoresponder",
    ],
)
def test_a9_marks_of_automatic_mail_make_it_auto(field: str) -> None:
    assert judged(letter(field)) == one("A9", Kind.AUTO)


@pytest.mark.parametrize(
    "field", ["X-Autoreply: no", "X-Apple-Action: none", "X-POST-MessageClass: 1", "X-Mailer: Autoreply fan club"]
)
def test_a9_near_misses_stay_personal(field: str) -> None:
    assert judged(letter(field)) == PERSONAL


MUTE = [
    "MAILER-DAEMON",
    "Mailer-Daemon",
    "mailer_daemon",
    "postmaster",
    "post_master",
    "abuse",
    "root",
    "daemon",
    "listserv",
    "majordomo",
    "mailman",
    "noreply",
    "NoReply",
    "no-reply",
    "no_reply",
    "no.reply",
    "noreply123",
    "noreply+tag",
    "no-reply-42",
    "gmail-noreply",
    "noreply-shop",
    "shop.no-reply",
    "do-not-reply",
    "donotreply",
    "do_not_reply",
    "please-do-not-reply",
    "dont-reply",
    "ne-pas-repondre",
    "nepasrepondre",
    "merci-de-ne-pas-repondre",
    "nicht-antworten",
    "bitte-nicht-antworten",
    "keine-antwort",
    "no-responder",
    "noresponder",
    "nao-responda",
    "não-responda",
    "non-rispondere",
    "niet-beantwoorden",
    "svara-inte",
    "svar-ikke",
    "ei-vastata",
    "nie-odpowiadaj",
    "neodpovidat",
    "owner-list",
    "list-owner",
    "list-request",
    "list-bounces",
    "list-bounces+anna=home.example",
    "bounce-17-anna",
    "list-return-123-anna=home.example",
    "prvs=12=noreply",
]
PEOPLE = [
    "anna",
    "casino.reply",
    "mario.replyman",
    "rooter",
    "abuser",
    "daemonica",
    "smith.owner",
    "requests",
    "postmastery",
    "noreen",
    "nora.eply",
    "bouncer",
    "info",
    "support",
    "admin",
    "it-admin",
    "reply",
    "owner.smith",
    "listservice",
]


@pytest.mark.parametrize("local", MUTE)
def test_a10_an_address_that_nobody_reads_is_not_answered(local: str) -> None:
    assert not kind.answerable(f"{local}@home.example")
    if "prvs" not in local and "não" not in local:
        found = judged(letter(author=f"{local}@home.example"), sender="anna@elsewhere.example")
        assert found.silence == (("A2", "A10") if "mailer" in local.lower() else ("A10",))


@pytest.mark.parametrize("local", PEOPLE)
def test_a10_peoples_addresses_are_answerable(local: str) -> None:
    assert kind.answerable(f"{local}@home.example")


def test_a10_looks_where_the_answer_would_go() -> None:
    assert not kind.answerable("")
    assert not kind.answerable("MAILER-DAEMON")
    # The envelope sender is where it goes if it is of From's domain, else From.
    assert judged(letter(), sender="bounces+17@home.example").silence == ("A10",)
    assert judged(letter(), sender="bounces+17@elsewhere.example") == PERSONAL


AWAY = (
    """
Automatic reply: Your order|Automatic reply|Automatische Antwort: [Ticket#2026112210000017] Frage
Réponse automatique : devis|Abwesenheitsnotiz|Abwesenheitsnotiz: Angebot|Out of Office
Out of Office AutoReply: hello|Out of the office until 5 May|Autoreply: x|Autoreply from Anna|Auto: Re: x
AUTO: Hans Meier ist außer Haus (Rückkehr am 03.05.2024)|Hans Meier/DE/Acme ist außer Haus.
Anna Smith is out of the office.|Jean Dupont est absent(e).|[EXTERNAL] Automatic reply: x
***SPAM*** Automatic reply: x|AutoRespons :x?|[EXT] [Support] Out of Office|[Auto-Reply] Thanks
【自動返信】お問い合わせ|自動応答: 件名|自动答复: 你好|自动回复：你好|自動回覆: test|不在通知|자동 회신: 문의
Автоответ: Заказ|Автоматический ответ: Заказ|Risposta automatica: ordine|Fuori sede: x
Respuesta automática: pedido|Fuera de la oficina|Resposta automática: pedido|Fora do escritório: x
Automatisch antwoord: vraag|Afwezigheidsbericht: x|Autosvar: fråga|Automatiskt svar: x|Frånvaro: x
Automatisk svar: x|Fraværsmelding: x|Automaattinen vastaus: x|Odpowiedź automatyczna: x|Poza biurem: x
Automatická odpověď: x|Automatická odpoveď: x|Automatikus válasz: x|Otomatik Yanıt: x|Răspuns automat: x
Αυτόματη απάντηση: x|Automatski odgovor: x|Samodejni odgovor: x|Automātiska atbilde: x|Automatinis atsakymas: x
Sjálfvirkt svar: x|Balasan otomatis: x|رد تلقائي: x|תשובה אוטומטית: x|Vacation reply
I am out of the office until Monday|Ich bin im Urlaub|Je suis absent jusqu'au 3 mai|Message d'absence
OOO: Re: call
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
NOT_AWAY = (
    """
Re: Out of office hours support?|Re: Automatic reply: x|AW: Abwesenheitsnotiz|Fwd: Automatic reply: x
Out of office hours support|Out of office assistant does not work|Automatic replies do not work in Outlook
How do I set an automatic reply?|Automatic reply - how do I set it up?|Abwesenheitsnotiz einrichten
Abwesenheitsnotiz geht nicht|Autoreply not working|Auto-reply-to header|Vacation message setup|Vacation request
Urlaubsantrag|Automatische Antwort in Outlook einrichten|Autobahn gesperrt|自動返信メールが届かない
自动回复功能无法使用|不在者投票|Absent students list|Who is out of the office?|On holiday bookings|Automobile: x
Réponse automatique ne fonctionne pas|En vacances, mon routeur ne marche pas|Ausencia de respuesta|Out of memory
Autosave broken
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("subject", AWAY)
def test_a11_a_vacation_mails_subject_is_auto(subject: str) -> None:
    assert judged(letter(subject=subject)) == one("A11", Kind.AUTO)


@pytest.mark.parametrize("subject", NOT_AWAY)
def test_a11_people_who_write_about_vacation_mail_stay_people(subject: str) -> None:
    assert judged(letter(subject=subject)) == PERSONAL


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        (("From: nobody",), "no single valid From"),
        (("From: a@good.example, b@evil.example",), "no single valid From"),
        (("X-Spam-Flag: YES",), "marked as spam"),
        (("X-Spam-Status: Yes, score=9",), "marked as spam"),
        (
            ("Authentication-Results: mx.desk.example; spf=pass; dmarc=fail (p=none) header.from=home.example",),
            "DMARC fails",
        ),
        (("Authentication-Results: MX.desk.example 1; dmarc = fail",), "DMARC fails"),
    ],
)
def test_a12_is_silent_and_says_why(fields: tuple[str, ...], flag: str) -> None:
    found = Judgement(kind=Kind.PERSONAL, rule=None, silence=("A12",), flags=(flag,))
    assert judged(letter(*fields)) == found


@pytest.mark.parametrize(
    "field",
    [
        "Authentication-Results: mx.evil.example; dmarc=fail",
        "Authentication-Results: mx.desk.example; dmarc=pass",
        "X-Spam-Flag: NO",
        "X-Spam-Status: No, score=1",
    ],
)
def test_a12_believes_no_server_but_ours(field: str) -> None:
    assert judged(letter(field)) == PERSONAL


def test_a12_a_mail_without_date_message_id_and_to_is_flagged() -> None:
    bare = read(b"From: anna@home.example\nCc: support@desk.example\nSubject: x\n\nx\n")
    flags = ("no Date, Message-ID and To",)
    assert judged(bare) == Judgement(kind=Kind.PERSONAL, rule=None, silence=("A12",), flags=flags)
    assert judged(read(b"Date: x\n" + bare.raw)) == PERSONAL


@pytest.mark.parametrize("name", ["To", "Cc", "Resent-To", "Resent-Cc"])
def test_a13_we_must_be_named(name: str) -> None:
    to = "To: bert@x.example"
    blind = Judgement(kind=Kind.PERSONAL, rule=None, silence=("A13",))
    assert judged(letter(to)) == blind
    assert judged(letter("To: undisclosed-recipients:;")) == blind
    fields = {"To": "bert@x.example", name: "Desk <SUPPORT+42@desk.example>"}
    assert judged(letter(*(f"{key}: {value}" for key, value in fields.items()))) == PERSONAL
    assert judged(letter("To: alias@desk.example"), recipient="alias@desk.example") == PERSONAL


def test_the_kind_is_the_first_row_and_silence_is_every_row() -> None:
    mail = letter(
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "List-Id: x",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "To: x@y.example",
        subject="Automatic reply: x",
        author="noreply@home.example",
    )
    rows = ("A5", "A6", "A7", "A8", "A9", "A10", "A11", "A13")
    assert judged(mail) == Judgement(kind=Kind.AUTO, rule="A5", silence=rows)


def test_a_desk_that_knows_nothing_of_itself_judges_too() -> None:
    assert kind.judge(letter(), sender=None, recipient=None, ours=Ours()) == PERSONAL


WORDS = st.sampled_from(
    [
        "Automatic reply:",
        "Undeliverable",
        "[",
        "]",
        "(",
        "*",
        ":",
        "<",
        ">",
        "@",
        "no",
        "auto:",
        "é",
        "不在",
        " ",
        "?",
        "5.1.1",
    ]
)
TEXT = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=8).map("".join))
NAMES = st.sampled_from(
    [
        "From",
        "To",
        "Subject",
        "Precedence",
        "Auto-Submitted",
        "Delivered-To",
        "Return-Path",
        "Content-Type",
        "Authentication-Results",
        "X-Auto-Response-Suppress",
        "X-Failed-Recipients",
        "Date",
    ]
)


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, TEXT), max_size=8), TEXT, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT)
def test_it_never_raises(
    fields: list[tuple[str, str]], body: str, sender: str | None, recipient: str | None, delivered_to: str | None
) -> None:
    raw = "".join(f"{name}: {value}\n" for name, value in fields) + "\n" + body
    mail = read(raw.encode("utf-8", "surrogatepass"))
    found = kind.judge(mail, sender=sender, recipient=recipient, ours=OURS, delivered_to=delivered_to)
    assert (found.rule is None) == (found.kind is Kind.PERSONAL)
    assert found.rule is None or found.rule in found.silence
