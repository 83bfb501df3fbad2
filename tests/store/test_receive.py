"""Letters through one transaction on a real database: once, whole, held where we fail, and never lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from store.conftest import ANNA, BERT, CARLA, NOW, everything, quick_store
from ticketctl import errors, intake, letter
from ticketctl.change import Assigned, DeliveryFailed, Taken
from ticketctl.change.step import Owed
from ticketctl.intake import Envelope
from ticketctl.receive import accept, read, receive, retry, told
from ticketctl.store import Store
from ticketctl.ticket import SYSTEM, Kind, State, message_id, token

POLICY = """
[desk]
name = "Example Help Desk"
domain = "example.org"
{desk}
[queues.Raw]
addresses = ["raw@example.org"]
[queues.Support]
addresses = ["support@example.org", "help@example.org"]
auto-reply = "received"
auto-follow-up = "received"
[queues.Sales]
addresses = ["sales@example.org"]
[agents.anna]
name = "Anna Martin"
email = "anna@example.org"
logins = ["anna"]
admin = true
[agents.bert]
name = "Bert"
email = "bert@example.org"
logins = ["bert"]
roles = ["all"]
[agents.carla]
name = "Carla"
email = "carla@example.org"
roles = ["reader"]
[roles.all.queues]
"*" = ["rw"]
[roles.reader.queues]
Support = ["ro"]
[templates.received]
kind = "auto"
subject = "We have it"
body = "Your number is {{{{ ticket.number }}}}."
"""
SUPPORT = Envelope(recipient="support@example.org", sender="kim@customer.test")
SALES = Envelope(recipient="sales@example.org", sender="kim@customer.test")
HEADERS = {
    "From": "Kim <kim@customer.test>",
    "To": "support@example.org",
    "Subject": "Printer",
    "Message-ID": "<1@customer.test>",
    "Date": "Mon, 23 Nov 2026 08:00:00 +0100",
}


def mail(body: str = "It burns.\n", top: str = "", **headers: str | None) -> bytes:
    fields = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)
    return f"{top}{lines}\n{body}".encode()


def desk(where: str, **values: str) -> Store:
    return quick_store(where, POLICY.format(desk=values.get("desk", "")))


@pytest.fixture
def store(place, tmp_path):
    made = desk(place(tmp_path / "desk.db"))
    yield made
    made.close()


def answered(store: Store, ticket: int, agent=BERT) -> str:
    """The agent takes the ticket and answers it: the Message-ID of that mail."""
    mark = token()
    from store.conftest import reply

    with store.writing(agent, NOW) as tx:
        one = tx.ticket(ticket)
        own = message_id(mark, one.number, "example.org")
        owed = Owed(mail_class="agent", audience="customer", token=mark, message_id=own,
                    sender="support@example.org", recipients=("kim@customer.test",))  # fmt: skip
        tx.change(ticket, Taken(owner=agent.agent), reply(one.articles + 1, owed))
    return own


# -- verdicts ---------------------------------------------------------------------------------------------------


def test_a_new_mail_is_a_ticket_with_its_article_its_bytes_and_one_answer_owed(store):
    raw = mail()
    found = receive(store, raw, SUPPORT, NOW)
    assert (found.decision.verdict, found.n, found.status) == ("new", 1, 0)
    with store.reading() as tx:
        ticket = tx.ticket(found.ticket)
        (article,) = tx.articles(ticket.id)
        (owed,) = tx.outbox()
        assert (ticket.title, ticket.queue, ticket.state, ticket.articles) == ("Printer", "Support", "new", 1)
        assert (article.mail, article.author.address) == (found.mail, "kim@customer.test")
        assert tx.raw(article.raw_sha256) == raw
        assert (owed.mail_class, owed.recipients, owed.plan["answer"]) == ("auto", ("kim@customer.test",), "auto-reply")
        assert [type(each.change).__name__ for each in tx.history(ticket.id)] == ["Created", "ArticleAdded", "Answered"]
        assert tx.letter(found.mail).number == ticket.number == found.number


def test_the_machine_output_is_the_contracts_mail_object(store):
    value = receive(store, mail(), SUPPORT, NOW).as_value(NOW)
    assert value == {
        "id": 1, "received": "2026-11-22T09:30:00Z", "recipient": "support@example.org", "sender": "kim@customer.test",
        "message_id": "<1@customer.test>", "from": {"address": "kim@customer.test", "name": "Kim"},
        "subject": "Printer", "verdict": "new", "kind": "personal", "rule": None, "why": value["why"],
        "number": value["number"], "article": "1/1", "raw_sha256": read(mail()).letter.sha256,
    }  # fmt: skip


@pytest.mark.parametrize(
    "again",
    [
        mail(),
        mail().replace(b"\n", b"\r\n"),
        mail() + b"\n",
        mail(top="Return-Path: <kim@customer.test>\nDelivered-To: x@y.test\nReceived: from a by b with SMTP id 9\n"),
        mail(top="From kim@customer.test Mon Nov 23 08:00:00 2026\n"),
        mail(DKIM_Signature="v=1; b=abc"),
    ],
)
def test_the_same_mail_again_changes_nothing_and_leads_to_the_same_ticket(store, again):
    first = receive(store, mail(), SUPPORT, NOW)
    before = everything(store)
    found = receive(store, again, SUPPORT, NOW + timedelta(hours=1))
    assert found.decision.verdict == "duplicate"
    assert (found.mail, found.number, found.n) == (first.mail, first.number, first.n)
    assert everything(store) == before


def test_two_addresses_of_one_queue_are_one_delivery(store):
    receive(store, mail(), SUPPORT, NOW)
    assert receive(store, mail(), Envelope(recipient="help@example.org"), NOW).decision.verdict == "duplicate"


def test_the_same_id_with_other_content_is_stored_and_flagged(store):
    receive(store, mail(), SUPPORT, NOW)
    found = receive(store, mail("Something else.\n"), SUPPORT, NOW)
    assert found.decision.verdict == "new"
    assert found.decision.article.remarks == ("same id, other content",)


RECEIVED = "Received: from a by b with ESMTP id {}; Mon, 23 Nov 2026 08:00:00 +0100\n"


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (RECEIVED.format("4XyZ"), RECEIVED.format("4XyZ"), "duplicate"),
        (RECEIVED.format("4XyZ"), RECEIVED.format("4XyA"), "new"),
        ("", "", "new"),
    ],
)
def test_without_a_message_id_the_queue_id_tells_and_without_both_nothing_is_swallowed(store, first, second, verdict):
    receive(store, mail(top=first, Message_ID=None), SUPPORT, NOW)
    found = receive(store, mail(top=second, Message_ID=None), SUPPORT, NOW)
    assert found.decision.verdict == verdict
    if not second:
        assert [remark for remark in found.decision.article.remarks if "neither Message-ID" in remark]


def test_one_mail_to_two_queues_is_an_article_in_each_linked_from_both_and_answered_once(store):
    incoming = read(mail())
    one, two = (receive(store, incoming, envelope, NOW) for envelope in (SUPPORT, SALES))
    assert [each.decision.verdict for each in (one, two)] == ["new", "new"]
    with store.reading() as tx:
        assert [link.other for link in tx.links(one.ticket)] == [two.ticket]
        assert [link.other for link in tx.links(two.ticket)] == [one.ticket]
        assert len(tx.outbox()) == 1


def test_two_copies_that_lead_to_one_ticket_are_one_article(store):
    first = receive(store, mail(), SUPPORT, NOW)
    own = answered(store, first.ticket)
    reply = mail(Message_ID="<2@customer.test>", In_Reply_To=own)
    one, two = (receive(store, reply, envelope, NOW) for envelope in (SUPPORT, SALES))
    assert (one.ticket, one.n, one.decision.verdict) == (two.ticket, two.n, two.decision.verdict)
    assert one.mail != two.mail
    with store.reading() as tx:
        assert len(tx.articles(first.ticket)) == 3
        assert tx.letter(two.mail).n == 3


def test_a_customers_answer_reopens_belongs_to_who_answered_and_tells_him(store):
    first = receive(store, mail(), SUPPORT, NOW)
    own = answered(store, first.ticket)
    with store.writing(BERT, NOW) as tx:
        from ticketctl.change import StateSet

        tx.change(first.ticket, StateSet(state=State.CLOSED_SUCCESSFUL))
    found = receive(store, mail(Message_ID="<2@customer.test>", In_Reply_To=own), SUPPORT, NOW)
    with store.reading() as tx:
        ticket = tx.ticket(first.ticket)
        notices = [row for row in tx.outbox() if row.mail_class == "notice"]
        changes = [each.change for each in tx.history(ticket.id)]
    assert (found.ticket, ticket.state, ticket.owner, ticket.locked) == (first.ticket, "open", "bert", True)
    assert Assigned(owner="bert", locked=True) in changes
    assert [(row.recipients, row.plan["event"]) for row in notices] == [(("bert@example.org",), "follow-up")]
    assert [row for row in everything(store)["token"] if row[3] == "agent"]


def test_a_stranger_gets_a_ticket_of_his_own_and_the_other_one_only_a_link(store):
    first = receive(store, mail(), SUPPORT, NOW)
    stranger = mail(From="eve@evil.test", Message_ID="<e@evil.test>", Subject=f"Re: [Ticket#{first.number}] x")
    found = receive(store, stranger, Envelope(recipient="support@example.org", sender="eve@evil.test"), NOW)
    with store.reading() as tx:
        assert (found.decision.verdict, tx.ticket(found.ticket).title) == ("new", f"Re: {first.number} x")
        assert len(tx.articles(first.ticket)) == 1
        assert [link.other for link in tx.links(first.ticket)] == [found.ticket]


def test_a_bounce_marks_the_delivery_of_its_own_article(store):
    first = receive(store, mail(), SUPPORT, NOW)
    own = answered(store, first.ticket)
    bounce = (
        "From: MAILER-DAEMON@mx.test\nTo: support@example.org\nSubject: Undelivered Mail\nMessage-ID: <b@mx.test>\n"
        "Date: Mon, 23 Nov 2026 09:00:00 +0100\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nNo such user.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n"
        "Final-Recipient: rfc822; kim@customer.test\nAction: failed\nStatus: 5.1.1\n"
        f"--b\nContent-Type: message/rfc822\n\nFrom: support@example.org\nMessage-ID: {own}\n\nhello\n--b--\n"
    ).encode()
    found = receive(store, bounce, Envelope(recipient="support@example.org", sender=""), NOW)
    with store.reading() as tx:
        (delivery,) = tx.deliveries(first.ticket)[2]
        failed = [each.change for each in tx.history(first.ticket) if isinstance(each.change, DeliveryFailed)]
    assert (found.decision.verdict, found.decision.kind, found.ticket) == ("follow-up", "bounce", first.ticket)
    assert (delivery["status"], delivery["code"], delivery["permanent"]) == ("failed", "5.1.1", True)
    assert [(change.n, change.recipient) for change in failed] == [(2, "kim@customer.test")]


def test_the_answer_of_a_ticket_is_owed_once_a_day(store):
    first = receive(store, mail(), SUPPORT, NOW)
    own = answered(store, first.ticket)

    def follow(n: int, later: timedelta):
        raw = mail(f"Once more, for the {n}. time.", Message_ID=f"<{n}@c.test>", In_Reply_To=own)
        return receive(store, raw, SUPPORT, NOW + later).decision

    assert follow(2, timedelta(hours=23)).silence == ("A14",)
    assert follow(3, timedelta(hours=25)).answer.answer == "auto-follow-up"
    assert follow(4, timedelta(hours=26)).silence == ("A14",)


def test_a_machine_that_says_the_same_again_under_another_subject_is_not_answered(store):
    text = "Thank you for your message about 2026112210000014. We are busy.\n"

    def said(n: int, body: str, later: timedelta, sender: str = "bot@customer.test"):
        raw = mail(body, From=sender, Subject=f"Thank you {n}", Message_ID=f"<{n}@c.test>")
        return receive(store, raw, SUPPORT, NOW + later).decision.silence

    hour = timedelta(hours=1)
    assert [said(n, text, 3 * n * hour) for n in range(3)] == [(), (), ()]
    assert said(3, f"> {text}{text.replace('14.', '22.')}", 9 * hour) == ("A15",)
    assert said(4, text, 10 * hour, "bot@elsewhere.test") == ()
    assert said(5, "A new problem.\n", 12 * hour) == ()
    assert said(6, text, 15 * hour) == ()
    assert said(7, text, 18 * hour) == ()
    assert said(8, text, 21 * hour) == ("A15",)
    assert said(9, text, timedelta(days=40)) == ()


def test_an_unknown_recipient_is_refused_and_nothing_is_kept_where_the_policy_says_so(place, tmp_path):
    store = desk(place(tmp_path / "desk.db"), desk='unknown-recipient = "reject"')
    before = everything(store)
    found = receive(store, mail(), Envelope(recipient="nobody@example.org"), NOW)
    assert (found.decision.verdict, found.status, found.mail) == ("refused", 67, None)
    assert everything(store) == before


def test_an_unknown_queue_is_refused_in_words(store):
    with pytest.raises(errors.NotThere, match="no queue 'Nowhere'"):
        receive(store, mail(), Envelope(queue="Nowhere"), NOW)


def test_explain_writes_nothing_and_decides_the_same(store):
    before = everything(store)
    found, _ = told(store, mail(), SUPPORT, NOW)
    assert everything(store) == before
    assert found.decision == receive(store, mail(), SUPPORT, NOW).decision


# -- the breaker ------------------------------------------------------------------------------------------------


LIMITS = "[desk.auto-limits]\ntotal-hour = {total}\nper-address-hour = 9\nper-ticket-day = 9"


def asked(store: Store, n: int, at=NOW):
    """Another customer's first mail."""
    return receive(store, mail(f"{n}", From=f"kim@c{n}.test", Message_ID=f"<{n}@c.test>"), SUPPORT, at).decision


def owed(store: Store) -> Counter:
    with store.reading() as tx:
        return Counter(row.mail_class for row in tx.outbox())


def braked(store: Store) -> list[tuple[str, str]]:
    with store.reading() as tx:
        return [(brake.name, brake.author) for brake in tx.brakes()]


def test_a_full_desk_stops_its_answers_once_and_tells_each_admin_once(place, tmp_path):
    store = desk(place(tmp_path / "desk.db"), desk=LIMITS.format(total=2))
    assert [asked(store, n).silence for n in range(5)] == [(), (), ("A16",), ("A16",), ("A16",)]
    with store.reading() as tx:
        (brake,) = tx.brakes()
        classes = [(row.mail_class, row.recipients, row.plan.get("event")) for row in tx.outbox()]
    assert (brake.name, brake.author, brake.reason) == (
        "auto", "postmaster", "2 automatic answers in an hour; the limit is 2")  # fmt: skip
    assert classes == [
        ("auto", ("kim@c0.test",), None), ("auto", ("kim@c1.test",), None),
        ("notice", ("anna@example.org",), "breaker"),
    ]  # fmt: skip
    with store.writing(SYSTEM, NOW) as tx:
        assert [row.mail_class for row in tx.claim()] == ["notice"]


def test_a_breaker_that_tripped_stays_until_an_admin_lets_go_and_then_is_quiet_for_the_hour(store):
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(POLICY.format(desk=LIMITS.format(total=2)), "root", "limits", 1)
    for n in range(3):
        asked(store, n)
    assert asked(store, 3, NOW + timedelta(hours=5)).silence == ("A16",)  # nothing gathers while it is on
    released = NOW + timedelta(minutes=30)
    with store.writing(ANNA, released) as tx:
        tx.brake("auto", False)
    assert asked(store, 4, released).silence == ("A16",)  # the figure holds
    assert (braked(store), owed(store)) == ([], {"auto": 2, "notice": 1})
    later = NOW + timedelta(minutes=61)
    assert [asked(store, n, later).silence for n in (5, 6, 7, 8)] == [(), (), ("A16",), ("A16",)]
    assert (braked(store), owed(store)) == ([("auto", "postmaster")], {"auto": 4, "notice": 2})


def test_answers_that_an_admin_holds_gather_and_nobody_is_told(store):
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(POLICY.format(desk=LIMITS.format(total=2)), "root", "limits", 1)
    with store.writing(ANNA, NOW) as tx:
        tx.brake("auto", True, "by hand")
    assert [asked(store, n).silence for n in range(4)] == [(), (), ("A16",), ("A16",)]
    assert (braked(store), owed(store)) == ([("auto", "anna")], {"auto": 2})


def test_mail_that_is_not_answered_anyhow_trips_no_breaker(store):
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(POLICY.format(desk=LIMITS.format(total=1)), "root", "limits", 1)
    asked(store, 0)
    found = receive(store, mail(Message_ID="<m@c.test>", Auto_Submitted="auto-replied"), SUPPORT, NOW)
    assert found.decision.silence == ("A5", "A16")
    assert braked(store) == []


@pytest.mark.parametrize(
    ("limits", "senders", "answers"),
    [
        ("total-hour = 3\nper-address-hour = 9", [f"kim@c{n}.test" for n in range(8)], {"auto": 3, "notice": 1}),
        ("per-address-hour = 3", ["kim@c.test", "Kim+1@C.test", "prvs=1=kim@c.test", "kim+2@c.test"] * 2, {"auto": 3}),
        ("per-domain-hour = 3", [f"kim{n}@c.test" for n in range(8)], {"auto": 3}),
    ],
)
def test_g13_hosts_that_answer_at_the_same_moment_stay_below_the_figures_together(store, limits, senders, answers):
    with store.writing(SYSTEM, NOW) as tx:
        tx.apply(POLICY.format(desk=f"[desk.auto-limits]\n{limits}"), "root", "limits", 1)
    hosts = [Store(store.url.render_as_string(hide_password=False)) for _ in range(4)]

    def deliver(n: int) -> None:
        raw = mail(f"It burns {n}.", From=senders[n], Message_ID=f"<{n}@c.test>")
        receive(hosts[n % 4], raw, Envelope(recipient="support@example.org", sender=senders[n]), NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(deliver, range(len(senders))))
    for each in hosts:
        each.close()
    assert owed(store) == answers


def test_g13_mails_to_one_ticket_at_the_same_moment_are_answered_once(store):
    own = answered(store, receive(store, mail(), SUPPORT, NOW).ticket)
    later = NOW + timedelta(days=2)

    def follow(n: int) -> None:
        receive(store, mail(f"Once more {n}", Message_ID=f"<f{n}@c.test>", In_Reply_To=own), SUPPORT, later)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(follow, range(6)))
    assert owed(store)["auto"] == 2  # the first mail's, and one


# -- faults of ours ---------------------------------------------------------------------------------------------


class Boom(Exception):
    pass


def boom(*_arguments, **_keywords):
    raise Boom("5.7.1 what the mail says")


FAULTS = [
    (letter, "read", Boom),
    (letter, "read", MemoryError),
    (letter, "read", RecursionError),
    (letter, "fingerprint", Boom),
    (letter, "judge", Boom),
    (intake, "route", Boom),
    (intake, "asks", Boom),
    (intake, "decide", MemoryError),
    (intake, "decide", UnicodeError),
    (Store, "Writer.known", Boom),
    (Store, "Writer.number", OverflowError),
    (Store, "Writer.change", errors.BadData),
    (Store, "Writer.change", errors.NotAllowed),
    (Store, "Writer.place", Boom),
]


@pytest.mark.parametrize(("room", "name", "kind"), FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_whatever_fails_in_reading_deciding_or_writing_is_held_and_can_be_retried(store, monkeypatch, room, name, kind):
    def fail(*_arguments, **_keywords):
        raise kind("5.7.1 a fault")

    with monkeypatch.context() as patched:
        if room is Store:
            from ticketctl.store import Writer

            work, method = getattr(Writer, name.partition(".")[2]), name.partition(".")[2]

            def once(self, *arguments, **keywords):
                if method == "known" and not arguments[0].message_id:
                    return work(self, *arguments, **keywords)  # the bare question of one who is at a loss
                return fail()

            patched.setattr(Writer, method, once)
        else:
            patched.setattr(room, name, fail)
        found = receive(store, mail(), SUPPORT, NOW)
        assert (found.decision.verdict, found.status, found.number) == ("held", 0, None)
        assert kind.__name__ in found.decision.held
        again = receive(store, mail(), SUPPORT, NOW)
        assert (again.decision.verdict, again.mail) == ("duplicate", found.mail)
    with store.reading() as tx:
        (held,) = tx.letters()
        assert tx.raw(held.raw_sha256) == mail()
        assert tx.count_all() == 0
    retried = retry(store, found.mail, NOW)
    assert (retried.decision.verdict, retried.mail, retried.n) == ("new", found.mail, 1)
    with store.reading() as tx:
        letter_row = tx.letter(found.mail)
        assert (letter_row.verdict, letter_row.held, letter_row.queue) == ("new", None, "Support")
        assert tx.letters() == []
        assert [row.mail_class for row in tx.outbox()] == ["auto"]


def test_a_letter_that_our_reader_gives_up_on_is_held(store, monkeypatch):
    from ticketctl.letter import reading

    monkeypatch.setattr(reading, "_read", boom)
    assert receive(store, mail(), SUPPORT, NOW).decision.held == "parser: Boom in reading"


def test_what_was_read_and_cannot_be_stored_is_kept_as_bare_bytes(store, monkeypatch):
    from ticketctl.store import Writer

    accepts = Writer.accept

    def refuse(self, letter, *arguments):
        if letter.subject:
            raise UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates")
        return accepts(self, letter, *arguments)

    monkeypatch.setattr(Writer, "accept", refuse)
    found = receive(store, mail(), SUPPORT, NOW)
    assert (found.decision.verdict, found.letter.subject) == ("held", "")
    with store.reading() as tx:
        assert tx.raw(tx.letter(found.mail).raw_sha256) == mail()


@pytest.mark.parametrize("trouble", [errors.TryAgain, errors.Unavailable, errors.Misconfigured])
def test_trouble_of_the_database_is_no_fault_of_the_letter(store, monkeypatch, trouble):
    from ticketctl.store import Writer

    before = everything(store)

    def fail(*_arguments, **_keywords):
        raise trouble("the disk")

    monkeypatch.setattr(Writer, "change", fail)
    with pytest.raises(trouble):
        receive(store, mail(), SUPPORT, NOW)
    assert everything(store) == before


def test_a_retry_that_fails_as_before_leaves_the_letter_held(store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(intake, "decide", boom)
        held = receive(store, mail(), SUPPORT, NOW)
        with pytest.raises(errors.Failed, match=f"mail {held.mail} stays held: a fault of ours: Boom"):
            retry(store, held.mail, NOW)
        found, _ = told(store, mail("other\n", Message_ID="<9@c.test>"), SUPPORT, NOW)
        assert found.decision.verdict == "held"
        placed = accept(store, held.mail, queue="Sales", ticket=None, actor=BERT, now=NOW)
    with store.reading() as tx:
        assert (tx.ticket(placed.ticket).queue, tx.letter(held.mail).verdict) == ("Sales", "new")


def test_what_was_held_unread_has_its_kind_once_it_is_placed(store, monkeypatch):
    machine = mail(Auto_Submitted="auto-replied")
    for n, place in enumerate((retry, lambda *asked: accept(asked[0], asked[1], queue="Sales", ticket=None, actor=BERT,
                                                            now=asked[2]))):  # fmt: skip
        with monkeypatch.context() as patched:
            patched.setattr(intake, "decide", boom)
            held = receive(store, machine.replace(b"Message-ID: <", b"Message-ID: <%d" % n), SUPPORT, NOW)
        placed = place(store, held.mail, NOW)
        with store.reading() as tx:
            row, article = tx.letter(held.mail), tx.article(placed.ticket, placed.n)
        assert (row.kind, row.rule, article.kind) == ("auto", "A5", Kind.AUTO)
        assert "A5" in row.silence


@pytest.mark.parametrize("actor", [ANNA, BERT])
def test_whom_a_held_mail_was_also_written_to_is_a_party_of_the_ticket_that_a_person_makes_of_it(
    store, monkeypatch, actor
):
    with monkeypatch.context() as patched:
        patched.setattr(intake, "decide", boom)
        held = receive(store, mail(Cc="boss@customer.test, anna@example.org, sales@example.org"), SUPPORT, NOW)
    placed = accept(store, held.mail, queue="Sales", ticket=None, actor=actor, now=NOW)
    with store.reading() as tx:
        assert tx.ticket(placed.ticket).parties == ("boss@customer.test",)


def test_what_would_have_been_done_by_itself_is_no_reason_of_what_a_person_did(store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(intake, "decide", boom)
        held = receive(store, mail(), SUPPORT, NOW)
    accept(store, held.mail, queue="Sales", ticket=None, actor=BERT, now=NOW)
    with store.reading() as tx:
        assert (tx.letter(held.mail).why, tx.outbox()) == (
            ("queue Sales: asked for", "kind personal", "no ticket named: a new one",
             "placed by hand by bert"), [],
        )  # fmt: skip


# -- held by decision, and placed by hand -----------------------------------------------------------------------


def notice_answered(store: Store) -> tuple[int, int]:
    """A notice to bert, answered by somebody else: the ticket, and the held letter."""
    first = receive(store, mail(), SUPPORT, NOW)
    own = answered(store, first.ticket)
    receive(store, mail(Message_ID="<2@customer.test>", In_Reply_To=own), SUPPORT, NOW)
    with store.reading() as tx:
        notice = next(row for row in tx.outbox() if row.mail_class == "notice").message_id
    found = receive(store, mail(From="eve@evil.test", Message_ID="<e@e.test>", In_Reply_To=notice), SUPPORT, NOW)
    assert found.decision.verdict == "held"
    return first.ticket, found.mail


def test_a_retry_holds_again_for_the_same_reason(store):
    _, held = notice_answered(store)
    assert retry(store, held, NOW).decision.verdict == "held"
    with store.reading() as tx:
        assert tx.letter(held).held == "somebody other than its agent answered a notice to an agent"


@pytest.mark.parametrize("actor", [BERT, ANNA])
@pytest.mark.parametrize("where", ["ticket", "queue"])
def test_who_has_rw_and_who_is_admin_may_place_a_letter_and_history_names_them(store, actor, where):
    ticket, held = notice_answered(store)
    target = {"queue": "Sales", "ticket": None} if where == "queue" else {"queue": None, "ticket": ticket}
    placed = accept(store, held, actor=actor, now=NOW, **target)
    with store.reading() as tx:
        article = tx.article(placed.ticket, placed.n)
        entry = tx.history(placed.ticket)[-1]
        row = tx.letter(held)
        unsent = [each.mail_class for each in tx.outbox()]
    assert (placed.ticket == ticket) == (where == "ticket")
    assert (article.visible, article.sender_type) == (False, "customer")  # it may quote what is internal
    assert (entry.actor, row.verdict) == (actor.agent, "follow-up" if where == "ticket" else "new")
    assert row.why[-1] == f"placed by hand by {actor.agent}"
    assert unsent.count("auto") == 1


def test_who_may_only_read_places_nothing(store):
    ticket, held = notice_answered(store)
    for target in ({"queue": None, "ticket": ticket}, {"queue": "Sales", "ticket": None}):
        with pytest.raises(errors.NotAllowed):
            accept(store, held, actor=CARLA, now=NOW, **target)
    with store.reading() as tx:
        assert tx.letter(held).verdict == "held"


def test_what_is_placed_is_placed_once(store):
    ticket, held = notice_answered(store)
    accept(store, held, queue=None, ticket=ticket, actor=BERT, now=NOW)
    with pytest.raises(errors.BadData, match="is not held"):
        accept(store, held, queue=None, ticket=ticket, actor=BERT, now=NOW)
    with pytest.raises(errors.BadData, match="is not held"):
        retry(store, held, NOW)


def test_trust_stays_with_a_held_mail_and_a_queue_that_is_gone_is_forgotten(store, monkeypatch):
    envelope = Envelope(queue="Sales", trust=True)
    with monkeypatch.context() as patched:
        patched.setattr(intake, "decide", boom)
        held = receive(store, mail(X_Ticketctl_Priority="high"), envelope, NOW)
    with store.writing(SYSTEM, NOW) as tx:
        text = POLICY.format(desk="").replace('[queues.Sales]\naddresses = ["sales@example.org"]\n', "")
        tx.apply(text, "root", "no sales", 1)
    retried = retry(store, held.mail, NOW)
    with store.reading() as tx:
        ticket = tx.ticket(retried.ticket)
    assert (ticket.queue, ticket.priority) == ("Support", "high")


def test_a_retry_that_finds_its_mail_delivered_again_meanwhile_makes_no_second_article(store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(letter, "fingerprint", boom)
        held = receive(store, mail(), SUPPORT, NOW)
    first = receive(store, mail(), SUPPORT, NOW)
    assert first.decision.verdict == "new"
    assert retry(store, held.mail, NOW).decision.verdict == "duplicate"
    with store.reading() as tx:
        assert (len(tx.articles(first.ticket)), tx.letter(held.mail).verdict) == (1, "held")


def test_a_retried_copy_of_a_mail_to_two_queues_is_linked_as_it_would_have_been(store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(intake, "decide", boom)
        held = receive(store, mail(), SUPPORT, NOW)
    other = receive(store, mail(), SALES, NOW)
    retried = retry(store, held.mail, NOW)
    with store.reading() as tx:
        assert [link.other for link in tx.links(retried.ticket)] == [other.ticket]


