"""The mail filter: one raw mail on stdin, one transaction, one exit status that every mail system understands.

0 the mail is durably ours; 67 every recipient is unknown and the policy says so; 77 refused by a rule; 75 all else
(contract sections 2 and 3). It never sends mail, and prints nothing that came by mail unless it is asked to.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct, field

from ticketctl import errors

if TYPE_CHECKING:
    from datetime import datetime

    from ticketctl.intake import Envelope
    from ticketctl.receive import Received
    from ticketctl.store import Store

PATIENCE = 25.0  # seconds to wait for the database: well below the launcher's limit
CPU_SECONDS = 10  # G9, for reading and deciding one mail
MEMORY = 300 * 1024 * 1024  # G9, bytes of data beside the mail itself
TEMPFAIL = 75
_WORDS = ["recipient=", "sender=", "queue=", "trust", "explain", "output=", "verbose", "config=", "database=", "help"]

USAGE = """\
usage: ticketctl-postmaster [--recipient ADDR]... [--sender ADDR] [--queue NAME] [--trust]
                            [--explain] [-o json] [-v] [--config FILE] [--database URL] < MAIL

examples, in postfix's master.cf, an aliases file, by hand:
  argv=/usr/bin/ticketctl-postmaster --recipient=${recipient} --sender=${sender}
  support: "|/usr/bin/ticketctl-postmaster"
  ticketctl-postmaster --explain < mail.eml

exit statuses: 0 accepted, 67 unknown recipient, 77 refused by a rule, 75 try again. See ticketctl-postmaster(1).
"""


class Request(Struct):
    """The command line."""

    recipients: list[str] = field(default_factory=list)
    sender: str | None = None
    queue: str | None = None
    trust: bool = False
    explain: bool = False
    form: str = "text"
    verbose: bool = False
    flags: dict[str, str] = field(default_factory=dict)
    help: bool = False


def main(argv: list[str], stdin: BinaryIO) -> int:
    """One run of the filter; `argv` without the program's name. Raises nothing that is foreseen."""
    os.umask(os.umask(0o077) | 0o002)  # whatever we are given, nothing of ours is written by others
    try:
        request = parse(argv)
        if request.help:
            _write(USAGE)
            return 0
        raw = stdin.read()
        with _patience(len(raw)):
            return _run(request, raw)
    except errors.Refusal as refusal:
        _say(_harmless(refusal.message.partition("\n")[0][:500]))
        return TEMPFAIL


def parse(argv: list[str]) -> Request:
    """The command line as a Request. Raises Usage."""
    import getopt

    try:
        options, rest = getopt.getopt(argv, "o:vh", _WORDS)
    except getopt.GetoptError as fault:
        raise errors.Usage(f"{fault.msg}; see ticketctl-postmaster --help") from None
    if rest:
        raise errors.Usage(f"unexpected argument {rest[0]!r}; recipients are given by --recipient")
    request = Request()
    for name, value in options:
        match name:
            case "--recipient":
                request.recipients.append(value)
            case "--sender":
                request.sender = value.strip().removeprefix("<").removesuffix(">")
            case "--queue":
                request.queue = value
            case "--trust":
                request.trust = True
            case "--explain":
                request.explain = True
            case "-o" | "--output":
                if value != "json":
                    raise errors.Usage(f"-o {value}: the filter prints json only")
                request.form = "json"
            case "-v" | "--verbose":
                request.verbose = True
            case "--config" | "--database":
                request.flags[name[2:]] = value
            case _:
                request.help = True
    return request


def _run(request: Request, raw: bytes) -> int:
    if not raw:
        raise errors.BadData("no mail on stdin")
    from datetime import UTC, datetime

    from ticketctl import config
    from ticketctl.intake import Envelope
    from ticketctl.store import Store

    settings = config.read(environ=os.environ, flags=request.flags, euid=os.geteuid())
    store = Store(settings.database, timeout=PATIENCE)
    now = datetime.now(UTC)  # noqa: TID251  # this is the shell: it reads the clock, once
    recipients: list[str | None] = [*request.recipients] or [None]
    envelopes = [
        Envelope(recipient=recipient, sender=request.sender, queue=request.queue, trust=request.trust)
        for recipient in recipients
    ]
    return _explain(request, store, raw, envelopes, now) if request.explain else _receive(
        request, store, raw, envelopes, now
    )


def _receive(request: Request, store: Store, raw: bytes, envelopes: list[Envelope], now: datetime) -> int:
    """Each recipient its own transaction: any that is to be tried again makes it 75; refused only if all are."""
    from ticketctl.receive import read, receive

    results: list[Received] = []
    deferred: errors.Refusal | None = None
    incoming = read(raw)
    for envelope in envelopes:
        try:
            received = receive(store, incoming, envelope, now)
        except errors.Refusal as refusal:
            deferred = refusal
            continue
        results.append(received)
        _log(received)
    _print(request, results, now)
    if deferred is not None:
        raise deferred
    refused = [received.status for received in results if received.status]
    return refused[0] if len(refused) == len(results) else 0


def _explain(request: Request, store: Store, raw: bytes, envelopes: list[Envelope], now: datetime) -> int:
    """The story of the mail, for each recipient."""
    from ticketctl.page import json_, step_value, story_page
    from ticketctl.receive import read, told

    incoming = read(raw)
    for envelope in envelopes:
        received, steps = told(store, incoming, envelope, now)
        values = [step_value(step) for step in steps]
        if request.form == "json":
            _write(json_({**received.as_value(now), "steps": values}).rstrip("\n") + "\n")
            continue
        decision = received.decision
        end = f"{decision.verdict}, queue {decision.queue}, kind {decision.kind}: status {received.status}"
        _write(story_page(values, end))
    return 0


def _print(request: Request, results: list[Received], now: datetime) -> None:
    """What -v and -o json show."""
    for received in results:
        if request.form == "json":
            from ticketctl.page import json_

            _write(json_(received.as_value(now)).rstrip("\n") + "\n")
        elif request.verbose:
            _write(summary(received) + "\n")


def _write(text: str) -> None:
    """To stdout, as UTF-8; one that is closed, full, or of another encoding changes nothing of what was done."""
    import contextlib

    with contextlib.suppress(OSError, ValueError):
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()


def _harmless(text: str) -> str:
    """The text with what could steer a terminal or a log made visible."""
    if text.isascii() and text.isprintable():
        return text
    from ticketctl.page import escape

    return escape(text)


def summary(received: Received) -> str:
    """One line about one mail: the log's, and that of -v."""
    decision = received.decision
    place = f" article={received.number}/{received.n}" if received.number else ""
    held = f" held={decision.held!r}" if decision.held else ""
    text = f"mail={received.mail} verdict={decision.verdict} queue={decision.queue} kind={decision.kind}{place}{held}"
    return _harmless(text)


def _log(received: Received) -> None:
    """One line for the mail log; the mail is ours by now, whatever becomes of the line."""
    import contextlib
    import syslog

    recipient = received.envelope.recipient
    to = f" to=<{_harmless(recipient[:200])}>" if recipient else ""
    with contextlib.suppress(OSError, ValueError):
        syslog.openlog("ticketctl-postmaster", syslog.LOG_PID, syslog.LOG_MAIL)
        syslog.syslog(syslog.LOG_INFO, summary(received) + to)


def _say(message: str) -> None:
    """A message for the mail log. The program's name comes first: postfix reads a status out of `4.x.x` there."""
    import contextlib

    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"ticketctl-postmaster: {message}\n")
        sys.stderr.flush()


class TooMuch(Exception):
    """A mail took more than its share of the processor."""


@contextmanager
def _patience(size: int) -> Iterator[None]:
    """The limits of G9: TooMuch or MemoryError inside whatever reads the mail of that size, which is then held."""

    def enough(_number: int, _frame: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        raise TooMuch(f"more than {CPU_SECONDS} s of CPU")

    before = signal.signal(signal.SIGPROF, enough)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = MEMORY + size if hard == resource.RLIM_INFINITY else min(MEMORY + size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
