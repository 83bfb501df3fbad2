"""G10: what is said inside stays inside. Canaries sit wherever agents, third parties and machines can put a word; then
everything that a desk can send is sent, and everything that it can print is printed to who may not see the queue."""

from __future__ import annotations

import pytest

from cli.conftest import NOW, Desk, MakeDesk
from ticketctl.intake import Envelope
from ticketctl.letter import decoded, read
from ticketctl.receive import Received, receive

INSIDE = "CANARYinside"  # notes, notices answered, machines' mail: for agents alone
VENDOR = "CANARYvendor"  # what a third party wrote: for agents and for them
EMMA, LEE, MAX = "emma@shop.test", "lee@vendor.test", "max@else.test"
MORE = """
[desk.auto-limits]
per-ticket-day = 100
per-address-hour = 100
per-address-day = 100
per-domain-hour = 100
[agents.carol]
name = "Carol"
[templates.hello]
kind = "salutation"
body = "Hello {{ customer.name or customer.address }}, on {{ ticket.title }} in {{ ticket.queue }}:"
[templates.desk]
kind = "signature"
body = "{{ agent.name }} {{ agent.email }}, {{ desk.name }}, {{ now }}"
[templates.all]
kind = "answer"
body = "{{ text }} {{ quote }} {{ ticket.number }} {{ ticket.title }} {{ ticket.state }} {{ ticket.priority }}"
[templates.auto]
kind = "auto"
subject = "{{ ticket.title }} {{ customer.name }}"
body = "{{ ticket.number }} {{ ticket.title }} {{ ticket.queue }} {{ customer.name }} {{ customer.address }}"
"""
SENDMAIL = """#!/bin/sh
name=$(mktemp "{root}/outgoing/XXXXXXXX"); echo "$*" > "$name.arguments"; cat > "$name.eml"
"""


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    made = make_desk(MORE)
    (made.root / "outgoing").mkdir()
    (made.root / "sendmail").write_text(SENDMAIL.format(root=made.root))
    for key, name in (("salutation", "hello"), ("signature", "desk"), ("auto-reply", "auto"),
                      ("auto-follow-up", "auto"), ("auto-reject", "auto"), ("auto-new-ticket", "auto")):  # fmt: skip
        made.done("policy", "set", f"queues.Support.{key}", name)
    return made


def mail(n: int, sender: str, *, subject: str = "Printer", body: str = "It burns.", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    head = f"From: {sender}\nTo: support@example.org\nSubject: {subject}\nMessage-ID: <{n}@out.test>\n{more}"
    return f"{head}Date: Sun, 22 Nov 2026 09:00:00 +0000\n\n{body}\n".encode()


def came(desk: Desk, raw: bytes, sender: str | None = None) -> Received:
    return receive(desk.store, raw, Envelope(recipient="support@example.org", sender=sender), NOW)


def notice(desk: Desk, recipient: str) -> str:
    """The Message-ID of a mail that an agent got."""
    found = [read(raw) for raw in outgoing(desk).values()]
    return next(str(each.message_id) for each in found if each.to[0].address == recipient)


def outgoing(desk: Desk) -> dict[str, bytes]:
    """Every mail that left, by its file; with it, whom the envelope names."""
    return {path.name: path.read_bytes() for path in sorted((desk.root / "outgoing").glob("*.eml"))}


def recipients(desk: Desk, name: str) -> str:
    return (desk.root / "outgoing" / name.replace(".eml", ".arguments")).read_text()


def every_byte(raw: bytes) -> str:
    """A mail as it is, and with all that is encoded in it decoded."""
    letter = read(raw)
    files = b"".join(decoded(raw, each) for each in letter.attachments)
    parts = (raw, files, repr(letter.headers).encode(), letter.text.encode(), letter.subject.encode())
    return b"\n".join(parts).decode("utf-8", "replace")


def said_inside(desk: Desk, said: str) -> None:
    """A note, its file, and every `-m` of a verb."""
    file = desk.root / f"{said}.txt"
    file.write_text(f"{said} in a file")
    desk.done("note", "1", "-m", f"{said} in a note\n> {said} quoted", "-a", str(file))
    desk.done("take", "1")
    for words in (("priority", "1", "high"), ("pend", "1", "-u", "tomorrow"), ("move", "1", "-Q", "Sales"),
                  ("move", "1", "-Q", "Support"), ("customer", "set", "1", f"Emma <{EMMA}>"),
                  ("close", "1"), ("reopen", "1"), ("reassign", "1", "--to", "bert")):  # fmt: skip
        desk.done(*words, "-m", f"{said} with {words[0]}")


def everybody_writes(desk: Desk, ours: str) -> None:
    """A third party, a machine, a bounce, an agent and a stranger who answer notices, a letter placed by hand."""
    named = {"Cc": f"{VENDOR} <{VENDOR}@vendor.test>", "References": f"<{VENDOR}@vendor.test> {ours}"}
    came(desk, mail(10, f"{VENDOR} <{LEE}>", subject=VENDOR, body=f"{VENDOR} says", In_Reply_To=ours, **named))
    away = {"Auto_Submitted": "auto-replied", "In_Reply_To": ours}
    came(desk, mail(11, f"{INSIDE} <{EMMA}>", subject=INSIDE, body=INSIDE, **away), "")
    bounce = f"550 5.1.1 <{EMMA}>: {INSIDE}\n\n------ This is a copy of the message ------\n\nMessage-ID: {ours}\n"
    came(desk, mail(12, "MAILER-DAEMON@mx.test", subject=f"Undelivered {INSIDE}", body=bounce), "")
    to_bert = notice(desk, "bert@example.org")
    came(desk, mail(13, "bert@example.org", subject=INSIDE, body=f"{INSIDE} from bert", In_Reply_To=to_bert))
    held = came(desk, mail(14, f"{INSIDE} <{MAX}>", subject=INSIDE, body=INSIDE, In_Reply_To=to_bert))
    assert held.decision.verdict == "held"
    again = came(desk, mail(15, f"{INSIDE} <{EMMA}>", subject=INSIDE, body=INSIDE, In_Reply_To=to_bert))
    desk.done("mail", "accept", str(again.mail), "--ticket", "1")


def everything_is_sent(desk: Desk, ours: str) -> None:
    """Replies of every shape, automatic answers of every name, notices of every event."""
    desk.done("steal", "1")
    for words in ((), ("-t", "all"), ("-c", "new@else.test"), ("--to", MAX), ("--to", MAX, "-c", EMMA), ("--to", LEE),
                  ("--to", LEE, "-c", EMMA), ("--to", EMMA, "-b", "blind@else.test"), ("--no-cc", "--no-quote"),
                  ("--to", "bert@example.org")):  # fmt: skip
        desk.done("reply", "1", "-m", "We look into it.", "-y", *words)
    came(desk, mail(20, EMMA, In_Reply_To=ours, Cc="boss@shop.test"))
    desk.done("reassign", "1", "--to", "bert")
    desk.done("steal", "1")
    came(desk, mail(21, EMMA, In_Reply_To=ours))
    for n, closed in enumerate(("reject", "new-ticket", "reopen"), 22):
        desk.done("policy", "set", "queues.Support.closed-follow-up", closed)
        desk.done("close", "1")
        came(desk, mail(n, EMMA, In_Reply_To=ours))
    came(desk, mail(25, MAX, subject="Fwd: [Ticket#2026112210000014] Printer"))
    came(desk, mail(26, LEE, In_Reply_To=ours))
    desk.done("new", "-Q", "Support", "--customer", EMMA, "--title", "T", "-m", "x", "-c", MAX, "--channel", "email")
    desk.done("accept", "1", LEE)
    desk.done("reply", "1", "-m", "Both of you", "-y", "-c", LEE)
    came(desk, mail(27, LEE, In_Reply_To=ours))
    desk.done("reply", "1", "-m", "And now", "-y")
    desk.done("flush")


def test_g10_nothing_that_is_inside_leaves_and_a_third_partys_word_goes_back_to_them_alone(desk: Desk) -> None:
    came(desk, mail(1, f"Emma <{EMMA}>", Cc="copy@shop.test"))
    desk.done("reply", "1", "-m", "First of ours.", "-y")
    ours = str(desk.shown(1)["articles"][-1]["message_id"])
    said_inside(desk, INSIDE)
    desk.done("flush")
    everybody_writes(desk, ours)
    everything_is_sent(desk, ours)
    sent = outgoing(desk)
    kinds = {"auto-replied", "auto-generated", None}
    assert {read(raw).first("Auto-Submitted") for raw in sent.values()} == kinds
    assert len(sent) >= 20
    for name, raw in sent.items():
        text = every_byte(raw)
        assert INSIDE not in text, raw.decode()
        assert VENDOR not in text or recipients(desk, name).split(" -- ")[1].split() == [LEE], raw.decode()
    assert any(VENDOR in every_byte(raw) for raw in sent.values()), "lee is answered with what they wrote"
    shown = desk.done("show", "1")
    assert shown.count(INSIDE) >= 12
    assert VENDOR in shown


LOOKS = """\
status
list
list CANARYinside
search CANARYinside
show 1
show 1/3/1
show 1 --headers
history 1
customer list
customer show emma@shop.test
customer show lee@vendor.test
mail list
mail list --all
mail show 3
mail explain 3
outbox list
outbox show 1
template render vpn 1
reply 1 -m x -y -n
note 1 -m x -n
accept 1 a@b.test -n
customer set 1 a@b.test -n
close 1 -m x -n
"""
FORMS = ("table", "json", "jsonl", "tsv", "ids")


def test_g10_who_may_not_see_the_queue_is_shown_nothing_of_it_in_any_form(desk: Desk) -> None:
    came(desk, mail(1, f"Emma <{EMMA}>"))
    desk.done("reply", "1", "-m", "First of ours.", "-y")
    ours = str(desk.shown(1)["articles"][-1]["message_id"])
    said_inside(desk, INSIDE)
    desk.done("flush")
    everybody_writes(desk, ours)
    assert INSIDE in desk.run("show", "1/3/1").out, "a canary that nobody could find would be no test"
    for line in LOOKS.splitlines():
        for form in FORMS:
            ran = desk.run("--as", "carol", "-o", form, *line.split())
            assert "CANARY" not in (ran.out + ran.err).replace(line, "").replace("CANARYinside'", ""), (line, form, ran)
            assert "shop.test" not in ran.out.replace(line, ""), (line, form, ran)
            assert "fault of ours" not in ran.err, (line, form, ran)


def test_g10_a_rehearsal_shows_the_agent_no_more_than_would_be_sent(desk: Desk) -> None:
    came(desk, mail(1, f"Emma <{EMMA}>"))
    desk.done("reply", "1", "-m", "First of ours.", "-y")
    said_inside(desk, INSIDE)
    desk.done("steal", "1")
    out = desk.done("reply", "1", "-m", "Again", "-y", "-n") + desk.done("template", "render", "all", "1")
    assert "It burns." in out
    assert INSIDE not in out
