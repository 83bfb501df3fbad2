"""The way out by SMTP: servers that answer what servers answer, encrypted and not; RFC 5321 section 4.2."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ticketctl.errors import Misconfigured, Unavailable
from ticketctl.post import Outcome, Smtp, send

RAW = b"Subject: x\n\n.dot\nFrom me\nend\n"
KIM, LEE = "kim@customer.example", "lee@customer.example"


def posted(via: Smtp, *recipients: str, **options) -> list[Outcome]:
    return send(RAW, sender="support@example.org", recipients=recipients or (KIM,), via=via, **options)


def sent(*recipients: str) -> list[Outcome]:
    return [Outcome(recipient=each, status="sent") for each in recipients]


def refused(status, text, code=None, permanent=False) -> Outcome:
    return Outcome(recipient=KIM, status=status, code=code, permanent=permanent, text=text)


# a server of our own: `replies` by command, or by command and address; "" hangs up


@dataclass
class Server:
    replies: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("8BITMIME", "SIZE 1000000")
    context: ssl.SSLContext | None = None
    port: int = 0
    heard: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)


class Talk(socketserver.StreamRequestHandler):
    server: Loopback
    timeout = 10

    def handle(self) -> None:
        desk = self.server.desk
        with suppress(OSError, ValueError):
            self.say(desk.replies.get("CONNECT", "220 here"))
            while line := self.rfile.readline().decode("utf-8", "replace").strip():
                verb = line.split(" ")[0].upper()
                line = verb + line[len(verb) :]
                desk.heard.append(line)
                reply = next(
                    (desk.replies[key] for key in (line, line.split(" SIZE")[0], verb) if key in desk.replies), None
                )
                if reply == "":
                    break
                self.say(reply or self.usual(verb, desk))
                if verb == "DATA" and not reply:
                    self.data(desk)
                elif verb == "STARTTLS" and desk.context is not None and not reply:
                    self.request = desk.context.wrap_socket(self.request, server_side=True)
                    self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
                elif verb == "QUIT":
                    break
        with suppress(OSError):
            self.request.close()

    def usual(self, verb: str, desk: Server) -> str:
        if verb == "EHLO":
            return "\r\n".join(["250-here", *(f"250-{each}" for each in desk.extensions), "250 HELP"])
        return {"DATA": "354 go", "STARTTLS": "220 go", "AUTH": "235 welcome", "QUIT": "221 bye"}.get(
            verb, "250 2.0.0 ok"
        )

    def data(self, desk: Server) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        desk.mails.append(b"".join(lines))
        if desk.replies.get(".") == "":
            raise ConnectionResetError
        self.say(desk.replies.get(".", "250 2.0.0 queued"))

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class Loopback(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    desk: Server

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is what some tests are about."""


@contextmanager
def served(**fields) -> Iterator[Server]:
    with Loopback(("127.0.0.1", 0), Talk) as server:
        server.desk = Server(port=server.server_address[1], **fields)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.desk
        finally:
            server.shutdown()
            thread.join()


def via(server: Server, **fields) -> Smtp:
    return Smtp(**({"host": "127.0.0.1", "port": server.port, "starttls": False} | fields))


def test_a_server_gets_crlf_and_doubled_dots():
    with served() as server:
        assert posted(via(server), KIM, LEE) == sent(KIM, LEE)
    assert server.mails == [b"Subject: x\r\n\r\n..dot\r\nFrom me\r\nend\r\n"]
    assert server.heard[1:] == [
        "MAIL FROM:<support@example.org> SIZE=38",
        f"RCPT TO:<{KIM}>",
        f"RCPT TO:<{LEE}>",
        "DATA",
        "QUIT",
    ]


def test_the_null_sender_and_eight_bits_are_said_to_the_server():
    with served() as server:
        send("Subject: x\n\nü".encode(), sender="", recipients=[KIM], via=via(server))
    assert server.heard[1] == "MAIL FROM:<> BODY=8BITMIME SIZE=21"


FAILED = refused("failed", "550 5.1.1 nobody here", "5.1.1", True)
WAITS = refused("deferred", "451 4.7.1 later", "4.7.1", False)


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ({"RCPT": "550 5.1.1 nobody here"}, FAILED),
        ({"RCPT": "451 4.7.1 later"}, WAITS),
        ({"DATA": "451 4.7.1 later"}, WAITS),
        ({".": "451 4.7.1 later"}, WAITS),
        ({".": "554 spam\x1b!"}, refused("failed", "554 spam !", "5.0.0", True)),
        ({"MAIL": "550 5.1.1 nobody here"}, FAILED),
        ({"MAIL": "421 4.7.1 later"}, refused("deferred", "421 4.7.1 later", "4.7.1", False)),
        ({"RCPT": "999 what"}, refused("deferred", "999 what", "4.0.0", False)),
        ({"RCPT": ""}, refused("deferred", "Connection unexpectedly closed")),
        ({"DATA": ""}, refused("deferred", "Connection unexpectedly closed")),
        ({".": "999 what"}, Outcome(recipient=KIM, status="unknown", text="999 what")),
        ({".": ""}, Outcome(recipient=KIM, status="unknown", text="Connection unexpectedly closed")),
        ({"QUIT": ""}, Outcome(recipient=KIM, status="sent")),
    ],
)
def test_a_reply_says_what_became_of_the_mail(replies, outcome):
    with served(replies=replies) as server:
        assert posted(via(server)) == [outcome]


def test_one_refused_recipient_does_not_stop_the_others():
    with served(replies={f"RCPT TO:<{KIM}>": "550 5.1.1 nobody here"}) as server:
        assert posted(via(server), KIM, LEE, partial=False) == [FAILED, *sent(LEE)]


def test_one_recipient_who_has_to_wait_lets_the_others_wait_until_we_are_patient_no_more():
    with served(replies={f"RCPT TO:<{KIM}>": "451 4.7.1 later"}) as server:
        held = Outcome(recipient=LEE, status="deferred", permanent=False, text="another recipient has to wait")
        assert posted(via(server), KIM, LEE, partial=False) == [WAITS, held]
        assert server.mails == []
        assert posted(via(server), KIM, LEE, partial=True) == [WAITS, *sent(LEE)]


def test_an_address_outside_ascii_needs_a_server_that_takes_it():
    with served() as server:
        assert posted(via(server), "küm@x.example")[0].code == "5.6.7"
    with served(extensions=("SMTPUTF8", "8BITMIME")) as server:
        assert posted(via(server), "küm@x.example") == sent("küm@x.example")
        assert server.heard[1:3] == ["MAIL FROM:<support@example.org> SMTPUTF8", "RCPT TO:<küm@x.example>"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"replies": {"CONNECT": "554 not you"}}, "554 not you"),
        ({"replies": {"CONNECT": "421 full"}}, "421 full"),
        ({"replies": {"EHLO": "", "HELO": ""}}, "Connection unexpectedly closed"),
    ],
)
def test_a_server_that_takes_nobody_is_a_way_that_is_away(fields, said):
    with served(**fields) as server, pytest.raises(Unavailable, match=said):
        posted(via(server))


def test_no_server_at_all_is_a_way_that_is_away():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{port}: .*refused"):
        posted(Smtp(host="127.0.0.1", port=port))


def test_a_server_that_says_nothing_costs_the_time_limit():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="timed out"):
        posted(Smtp(host="127.0.0.1", port=silent.getsockname()[1]), timeout=0.3)


def test_without_starttls_nothing_is_said_where_it_is_asked_for():
    with served() as server, pytest.raises(Unavailable, match="no STARTTLS"):
        posted(via(server, starttls=True))
    assert not any(line.startswith(("MAIL", "AUTH")) for line in server.heard)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context for 127.0.0.1, and its certificate as the only one that is trusted."""
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            str(key),
            "-out",
            str(made),
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return context


@pytest.mark.requires("openssl")
def test_a_login_goes_through_tls_with_the_password_of_a_file(certificate, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("pass word\nrest\n")
    secret.chmod(0o600)
    with served(context=certificate, extensions=("STARTTLS", "AUTH PLAIN")) as server:
        assert posted(via(server, starttls=True, user="desk", password_file=str(secret))) == sent(KIM)
    assert [line.split(" ")[0].upper() for line in server.heard] == [
        "EHLO",
        "STARTTLS",
        "EHLO",
        "AUTH",
        "MAIL",
        "RCPT",
        "DATA",
        "QUIT",
    ]
    assert server.heard[3] == "AUTH PLAIN AGRlc2sAcGFzcyB3b3Jk"


@pytest.mark.requires("openssl")
def test_a_certificate_that_nobody_trusts_ends_the_talk(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    with (
        served(context=certificate, extensions=("STARTTLS",)) as server,
        pytest.raises(Unavailable, match="(?i)certificate"),
    ):
        posted(via(server, starttls=True))


def test_a_password_that_others_can_read_is_refused_before_anything_is_said(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o640)
    with served() as server, pytest.raises(Misconfigured, match="chmod 600"):
        posted(via(server, user="desk", password_file=str(secret)))
    assert server.heard == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password_file": "/nope/nope"}, "No such file"),
        ({"password_command": ("false",)}, "gave no password: CalledProcessError"),
        ({"password_command": ("/nope/nope",)}, "gave no password: FileNotFoundError"),
        ({}, "neither"),
    ],
)
def test_a_password_that_is_not_to_be_had_is_a_wrong_configuration(fields, said):
    with pytest.raises(Misconfigured, match=said):
        posted(Smtp(host="127.0.0.1", port=9, user="desk", **fields))


def test_a_command_gives_the_password_and_a_refused_login_is_a_way_that_is_away():
    with (
        served(extensions=("AUTH PLAIN",), replies={"AUTH": "535 5.7.8 no"}) as server,
        pytest.raises(Unavailable, match="535"),
    ):
        posted(via(server, user="desk", password_command=("printf", "secret\\nrest\\n")))
    assert server.heard[1] == "AUTH PLAIN AGRlc2sAc2VjcmV0"


@pytest.mark.requires("smtp-sink")
@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), "sent"),
        (("-f", "rcpt"), "failed"),
        (("-r", "rcpt"), "deferred"),
        (("-r", "data"), "deferred"),
        (("-f", "."), "failed"),
        (("-q", "."), "unknown"),
        (("-Q", "mail"), "deferred"),
    ],
)
def test_postfixs_own_sink_agrees(options, status):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    sink = subprocess.Popen(
        ["smtp-sink", *user, *options, f"127.0.0.1:{port}", "10"],
        env={"PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        assert posted(Smtp(host="127.0.0.1", port=port, starttls=False))[0].status == status
    finally:
        sink.terminate()
        sink.wait()
