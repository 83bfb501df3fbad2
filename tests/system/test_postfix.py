"""contrib/postfix with a real Postfix: the fragments as they are shipped, but for paths, user and domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from system.desks import USER, Desk
from system.mailservers import Postfix, Sink, wait_for

pytestmark = pytest.mark.requires("root", "postfix", "smtp-sink", "system-python")

SENDER = "carla@customer.test"
REJECT = 'unknown-recipient = "reject"'
MAIL = """\
From: Carla <carla@customer.test>
To: {to}
Subject: {title}
Date: Mon, 02 Nov 2026 10:00:00 +0100
Message-ID: <{title}@customer.test>

The printer prints nothing.
"""


def mail(title: str, to: str = "support@tickets.test") -> bytes:
    """A customer's mail; the title makes it a mail of its own."""
    return MAIL.format(title=title, to=to).encode()


@pytest.fixture
def serve(
    public: Path, sink: Sink, desk: Desk, contributed: Callable[[str], str]
) -> Iterator[Callable[..., Postfix]]:
    """Start a Postfix with contrib/postfix for the desk; `program` takes the place of its filter."""
    with ExitStack() as stack:

        def local(name: str, program: str) -> str:
            text = contributed(f"postfix/{name}")
            for ours, theirs in (
                ("/usr/local/bin/ticketctl-postmaster", program),
                ("/etc/postfix/", "@ETC@/"),
                ("user=ticketctl", f"user={USER}"),
                ("tickets.example.org", "tickets.test"),
            ):
                text = text.replace(ours, theirs)
            return text

        def start(program: str = "") -> Postfix:
            program = program or desk.filter()
            settings = dict(line.split(" = ") for line in local("main.cf", program).splitlines() if line)
            files = {name: local(name, program) for name in ("aliases", "ticketctl-addresses", "ticketctl-status")}
            files["ticketctl-addresses"] += "@tickets.test unknown\n"  # so that only the filter knows better
            server = Postfix(
                public,
                sink=sink.port,
                owner=USER,
                main=settings | {"alias_maps": "hash:@ETC@/aliases"},
                master=local("master.cf", program),
                files=files,
            )
            return stack.enter_context(server)

        yield start


@pytest.mark.parametrize("to", ["support@tickets.test", "SUPPORT@Tickets.test", "support@local.test"])
def test_a_mail_becomes_a_ticket_by_pipe_and_by_alias(serve: Callable[..., Postfix], desk: Desk, to: str) -> None:
    line = serve().deliver(mail("printer"), sender=SENDER, to=to)
    assert "dsn=2.0.0, status=sent" in line
    assert [(ticket["title"], ticket["queue"], ticket["articles"]) for ticket in desk.tickets()] == [
        ("printer", "Support", 1)
    ]


@pytest.mark.parametrize("to", ["support@tickets.test", "support@local.test"])
def test_a_mail_that_cannot_be_stored_waits_and_becomes_one_ticket(
    serve: Callable[..., Postfix], desk: Desk, to: str
) -> None:
    server = serve()
    desk.hide()
    line = server.deliver(mail("patience"), sender=SENDER, to=to)
    assert "dsn=4.3.0, status=deferred" in line
    [queued] = server.queue()
    server.flush()
    assert "status=deferred" in server.fate(str(queued["queue_id"]), after=1)
    desk.restore()
    server.flush()
    assert "status=sent" in server.fate(str(queued["queue_id"]), after=2)
    wait_for("an empty queue", lambda: not server.queue())
    assert desk.titles() == ["patience"]


def test_the_same_mail_twice_is_one_article(serve: Callable[..., Postfix], desk: Desk) -> None:
    server = serve()
    for _ in range(2):
        assert "status=sent" in server.deliver(mail("again"), sender=SENDER, to="support@tickets.test")
    assert [(ticket["title"], ticket["articles"]) for ticket in desk.tickets()] == [("again", 1)]


def test_an_unknown_recipient_bounces_where_the_policy_says_reject(
    serve: Callable[..., Postfix], desk: Desk, sink: Sink, database: str
) -> None:
    desk.apply(REJECT)
    line = serve().deliver(mail(f"nobody-on-{database}"), sender=SENDER, to="nosuch@tickets.test")
    assert "dsn=5.1.1, status=bounced" in line

    def bounce() -> list[str]:
        return [text for text in sink.mails() if f"nobody-on-{database}" in text]

    wait_for("the bounce", bounce)
    [text] = bounce()
    assert "Status: 5.1.1" in text
    assert "X-Rcpt-Args: <carla@customer.test>" in text
    assert desk.tickets() == []


def test_an_unknown_recipient_goes_to_the_default_queue_otherwise(serve: Callable[..., Postfix], desk: Desk) -> None:
    assert "status=sent" in serve().deliver(mail("stray"), sender=SENDER, to="nosuch@tickets.test")
    assert [(ticket["title"], ticket["queue"]) for ticket in desk.tickets()] == [("stray", "Raw")]


@pytest.mark.parametrize("to", ["support@tickets.test", "support@local.test"])
def test_the_null_sender_stays_one(serve: Callable[..., Postfix], desk: Desk, to: str) -> None:
    assert "status=sent" in serve().deliver(mail("null"), sender="", to=to)
    [letter] = desk.letters()
    assert (letter["sender"], letter["subject"], letter["kind"]) == ("", "null", "auto")


@pytest.mark.parametrize(
    ("script", "fate"),
    [
        ("exit 67", "dsn=5.1.1, status=bounced"),
        ("exit 77", "dsn=5.7.0, status=bounced"),
        ("exit 75", "dsn=4.3.0, status=deferred"),
        ("exit 1", "dsn=4.3.0, status=deferred"),
        ("kill -9 $$", "dsn=4.3.0, status=deferred"),
        ("exec /nonexistent/python", "dsn=4.3.0, status=deferred"),
    ],
)
def test_what_postfix_makes_of_each_end_of_the_program(
    serve: Callable[..., Postfix], public: Path, script: str, fate: str
) -> None:
    program = public / f"end-{abs(hash(script))}"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\n{script}\n")
    program.chmod(0o755)
    assert fate in serve(str(program)).deliver(mail("end"), sender=SENDER, to="support@tickets.test")


def test_a_program_that_is_not_there_keeps_the_mail_queued(serve: Callable[..., Postfix], public: Path) -> None:
    server = serve(str(public / "no-such-program"))
    assert "dsn=4.3.0, status=deferred" in server.deliver(mail("gone"), sender=SENDER, to="support@tickets.test")
    assert len(server.queue()) == 1
