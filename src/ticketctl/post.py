"""A finished mail -> sendmail(8) or SMTP: what became of it, recipient by recipient.

Everything the far end can do is an Outcome; only a way that is not there at all (no program, no server, no login) is
Unavailable, since it concerns every mail alike. Statuses are those of sysexits.h and RFC 5321 section 4.2.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from ticketctl.errors import BadData, Misconfigured, Unavailable

if TYPE_CHECKING:
    import smtplib
    import subprocess

Status = Literal["sent", "deferred", "failed", "unknown"]

TIMEOUT = 120.0  # seconds
_SAID = 4000  # bytes of what sendmail writes that are looked at
_TEXT = 300  # characters of it that are kept
_PERMANENT = {65: "5.6.0", 67: "5.1.1", 68: "5.1.2", 77: "5.7.1"}  # EX_DATAERR, EX_NOUSER, EX_NOHOST, EX_NOPERM
_SYSEXITS = {
    64: "usage", 65: "bad data", 66: "no input", 67: "no such user", 68: "no such host", 69: "service unavailable",
    70: "internal error", 71: "operating system error", 72: "system file missing", 73: "cannot create", 74: "I/O error",
    75: "try again", 76: "protocol error", 77: "not permitted", 78: "configuration wrong",
}  # fmt: skip


class Outcome(Struct, frozen=True, kw_only=True):
    """`unknown`: it may have been taken or not. `code` is RFC 3463's, `permanent` None where nobody can tell."""

    recipient: str
    status: Status
    code: str | None = None
    permanent: bool | None = None
    text: str = ""


class Sendmail(Struct, frozen=True, kw_only=True):
    """A command that takes a mail on stdin, as /usr/sbin/sendmail -i; sender and recipients are put behind it."""

    argv: tuple[str, ...]


class Smtp(Struct, frozen=True, kw_only=True):
    """A server. `starttls` true: encrypted or not at all; port 465 is TLS from the start (RFC 8314 section 3.3)."""

    host: str
    port: int = 587
    starttls: bool = True
    user: str | None = None
    password_file: str | None = None
    password_command: tuple[str, ...] | None = None


Transport = Sendmail | Smtp


class SmtpSettings(Protocol):
    """What a configuration says of a server."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def starttls(self) -> bool: ...
    @property
    def user(self) -> str | None: ...
    @property
    def password_file(self) -> str | None: ...
    @property
    def password_command(self) -> tuple[str, ...] | None: ...


def transport(sendmail: tuple[str, ...] | None, smtp: SmtpSettings | None) -> Transport | None:
    """The way out that a configuration names: its sendmail, else its server, None where it has neither."""
    if sendmail:
        return Sendmail(argv=sendmail)
    if smtp is None:
        return None
    return Smtp(host=smtp.host, port=smtp.port, starttls=smtp.starttls, user=smtp.user,
                password_file=smtp.password_file, password_command=smtp.password_command)  # fmt: skip


def send(
    raw: bytes,
    *,
    sender: str,
    recipients: Sequence[str],
    via: Transport,
    timeout: float = TIMEOUT,
    partial: bool = True,
) -> list[Outcome]:
    """Hands a finished mail over; one Outcome a recipient, in order. `sender` "" is the null sender.

    `partial` false: where a server wants some recipient to wait, nobody gets the mail yet, so that a later try does not
    send it twice to the others. Raises Unavailable where there is no way to send anything, Misconfigured for a
    password that others can read, BadData for an address that begins with "-" or holds a blank.
    """
    for address in (*recipients, *([sender] if sender else [])):
        if address.startswith("-") or re.search(r"[\s\x00-\x1f\x7f<>]", address) or "@" not in address:
            raise BadData(f"not an address that mail can be sent to: {address!r:.80}")
    if not recipients:
        return []
    wired = [_wired(address) for address in recipients]
    if isinstance(via, Sendmail):
        outcomes = _by_sendmail(raw, _wired(sender), wired, via, timeout)
    else:
        outcomes = _by_smtp(raw, _wired(sender), wired, via, timeout, partial)
    return [_like(outcome, recipient) for outcome, recipient in zip(outcomes, recipients, strict=True)]


def _wired(address: str) -> str:
    """The address with its domain in ASCII (IDNA), as every server knows it."""
    local, at, domain = address.rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    return f"{local}{at}{domain}"


def clean(text: str | bytes) -> str:
    """What a program or server said, as one short line without control characters."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in plain).split())
    return line if len(line) <= _TEXT else line[: _TEXT - 1] + "…"


# sendmail


def _by_sendmail(raw: bytes, sender: str, recipients: Sequence[str], via: Sendmail, timeout: float) -> list[Outcome]:
    import subprocess
    import tempfile

    argv = [*via.argv, "-f", sender or "<>", "--", *recipients]
    try:
        with tempfile.TemporaryFile() as mail:  # not a pipe: a program that never reads cannot stop us
            mail.write(raw)
            mail.seek(0)
            with subprocess.Popen(
                argv, stdin=mail, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
            ) as process:
                said, in_time = _watched(process, timeout)
    except (OSError, ValueError) as error:
        name = via.argv[0] if via.argv else "sendmail"
        raise Unavailable(f"{name} cannot be run: {clean(getattr(error, 'strerror', None) or str(error))}") from None
    each = _judged(process.returncode, said, in_time=in_time, timeout=timeout)
    return [Outcome(recipient=recipient, **each) for recipient in recipients]


def _judged(returncode: int, said: bytes, *, in_time: bool, timeout: float) -> dict[str, Any]:
    """What an exit status means, of a program that had the mail: sysexits.h.

    A signal, our time limit and all statuses that are neither 0 nor final leave it open whether the mail was taken:
    with 75 Postfix's has not queued it, Sendmail's has it in the queue, and a wrapper may say anything.
    """
    words = clean(said)
    if not in_time:
        return {"status": "unknown", "text": _with(f"killed after {timeout:g} s", words)}
    if returncode == 0:
        return {"status": "sent"}
    if returncode < 0:
        name = signal.Signals(-returncode).name if -returncode in list(signal.Signals) else str(-returncode)
        return {"status": "unknown", "text": _with(f"died by {name}", words)}
    why = f"exit {returncode}" + (f", {_SYSEXITS[returncode]}" if returncode in _SYSEXITS else "")
    if returncode in _PERMANENT:
        return {"status": "failed", "code": _PERMANENT[returncode], "permanent": True, "text": _with(why, words)}
    return {"status": "unknown", "text": _with(why, words)}


def _with(why: str, words: str) -> str:
    return clean(f"{why}: {words}" if words else why)


def _watched(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bool]:
    """The beginning of what it writes to stderr, and whether it ended in time; if not, it is killed with its children.

    A child that it leaves behind may keep the pipe open or flood it: neither is waited for.
    """
    import select
    import time

    if process.stderr is None:
        return b"", True
    stderr = process.stderr.fileno()
    watch, said, deadline = select.poll(), b"", time.monotonic() + timeout
    watch.register(stderr, select.POLLIN)
    open_pipe = True
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return said, False
        ended = process.poll() is not None
        if open_pipe:
            ready = watch.poll(0 if ended else min(left * 1000, 50))
            chunk = os.read(stderr, 65536) if ready else b""
            open_pipe = bool(chunk) or not ready
            said = (said + chunk)[:_SAID]
            if ended and (not ready or not open_pipe or len(said) >= _SAID):
                return said, True
        elif ended:
            return said, True
        else:
            time.sleep(0.01)


# SMTP


def _by_smtp(
    raw: bytes, sender: str, recipients: Sequence[str], via: Smtp, timeout: float, partial: bool
) -> list[Outcome]:
    import smtplib

    server = _connected(via, timeout)
    try:
        return _Talk(server, sender, tuple(recipients)).sent(raw, partial=partial)
    except (OSError, smtplib.SMTPException) as error:  # before the final dot: nothing was taken
        return _all(recipients, "deferred", text=_said(error))
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _connected(via: Smtp, timeout: float) -> smtplib.SMTP:
    """A session that mail can be given to: encrypted and logged in, as the settings want it."""
    import smtplib
    import ssl

    secret = _password(via) if via.user else None
    where = f"{via.host}:{via.port}"
    try:
        if via.port == 465:
            server: smtplib.SMTP = smtplib.SMTP_SSL(via.host, via.port, timeout=timeout,
                                                    context=ssl.create_default_context())  # fmt: skip
        else:
            server = smtplib.SMTP(via.host, via.port, timeout=timeout)
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"{where}: {_said(error)}") from None
    try:
        if via.starttls and via.port != 465:
            server.ehlo_or_helo_if_needed()
            if not server.has_extn("starttls"):
                raise Unavailable(f"{where}: the server offers no STARTTLS, and smtp.starttls asks for it")
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if via.user and secret is not None:
            server.login(via.user, secret)
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        raise Unavailable(f"{where}: {_said(error)}") from None
    except Unavailable:
        server.close()
        raise
    return server


def _password(via: Smtp) -> str:
    """From a file that nobody else can read, or from a command's first line. Misconfigured where there is none."""
    import subprocess

    if via.password_file is not None:
        try:
            with open(via.password_file, encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise Misconfigured(f"{via.password_file}: others can read the password: chmod 600 it")
                return file.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = clean(getattr(error, "strerror", None) or "not UTF-8")
            raise Misconfigured(f"smtp.password-file {via.password_file}: {why}") from None
    if via.password_command:
        try:
            done = subprocess.run(list(via.password_command), capture_output=True, timeout=30, check=True,
                                  stdin=subprocess.DEVNULL)  # fmt: skip
            return done.stdout.decode("utf-8").split("\n", 1)[0].rstrip("\r")
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
            raise Misconfigured(f"smtp.password-command gave no password: {type(error).__name__}") from None
    raise Misconfigured("smtp.user is set, but neither smtp.password-file nor smtp.password-command")


class _Talk:
    """One mail through an open session: RFC 5321 section 3.3, command by command, to know what each recipient got."""

    def __init__(self, server: smtplib.SMTP, sender: str, recipients: tuple[str, ...]) -> None:
        self.server, self.sender, self.recipients = server, sender, recipients

    def sent(self, raw: bytes, *, partial: bool) -> list[Outcome]:
        import smtplib

        options = self._options(raw)
        if options is None:
            return _all(self.recipients, "failed", code="5.6.7", permanent=True,
                        text="the server takes no addresses outside ASCII (SMTPUTF8)")  # fmt: skip
        reply = self.server.mail(self.sender, options)
        if reply[0] != 250:
            return [_refused(recipient, *reply) for recipient in self.recipients]
        replies = {recipient: self.server.rcpt(recipient) for recipient in self.recipients}
        taken = [recipient for recipient, (code, _) in replies.items() if code in (250, 251, 252)]
        waits = any(400 <= code < 500 for code, _ in replies.values())
        if not taken or (waits and not partial):
            self.server.rset()
            held = Outcome(recipient="", status="deferred", permanent=False, text="another recipient has to wait")
            reply = (450, b"")
        else:
            reply = self.server.docmd("DATA")
            if reply[0] == 354:
                try:
                    self.server.send(_wire(raw))
                    reply = self.server.getreply()
                except (OSError, smtplib.SMTPException) as error:
                    reply = (0, _said(error).encode())
            held = _after_data("", *reply)
        return [
            _like(held, recipient) if recipient in taken else _refused(recipient, *replies[recipient])
            for recipient in self.recipients
        ]

    def _options(self, raw: bytes) -> list[str] | None:
        """The parameters of MAIL FROM: only those that are needed, and that the server knows."""
        options = []
        if not all(address.isascii() for address in (self.sender, *self.recipients)):
            if not self.server.has_extn("smtputf8"):
                return None
            self.server.command_encoding = "utf-8"
            options.append("SMTPUTF8")
        if not raw.isascii() and self.server.has_extn("8bitmime"):
            options.append("BODY=8BITMIME")
        if self.server.has_extn("size"):
            options.append(f"SIZE={len(_wire(raw))}")
        return options


def _wire(raw: bytes) -> bytes:
    """Line ends CRLF, leading dots doubled, the final dot (RFC 5321 section 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _after_data(recipient: str, code: int, words: bytes) -> Outcome:
    """The reply to the final dot. 4xx and 5xx: the server has not taken the mail (RFC 5321 section 4.2.5)."""
    if code // 100 == 2:
        return Outcome(recipient=recipient, status="sent")
    if code // 100 in (4, 5):
        return _refused(recipient, code, words)
    said = words.decode("utf-8", "replace")
    return Outcome(recipient=recipient, status="unknown", text=clean(f"{code} {said}" if code > 0 else said))


def _refused(recipient: str, code: int, words: bytes) -> Outcome:
    """A 4xx waits, a 5xx is final, anything else is a server that cannot talk: wait."""
    permanent = 500 <= code < 600
    enhanced = re.match(rb"([245]\.\d{1,3}\.\d{1,3})\b", words)
    return Outcome(
        recipient=recipient,
        status="failed" if permanent else "deferred",
        code=enhanced[1].decode() if enhanced else "5.0.0" if permanent else "4.0.0",
        permanent=permanent,
        text=clean(f"{code} " + words.decode("utf-8", "replace")),
    )


def _like(outcome: Outcome, recipient: str) -> Outcome:
    return replace(outcome, recipient=recipient)


def _all(
    recipients: Sequence[str], status: Status, *, code: str | None = None, permanent: bool | None = False, text: str
) -> list[Outcome]:
    return [
        Outcome(recipient=recipient, status=status, code=code, permanent=permanent, text=text)
        for recipient in recipients
    ]


def _said(error: Exception) -> str:
    """An exception of smtplib or the socket in a line."""
    code, words = getattr(error, "smtp_code", None), getattr(error, "smtp_error", None)
    if isinstance(words, bytes):
        words = words.decode("utf-8", "replace")
    return clean(f"{code} {words}" if code and words else str(error) or type(error).__name__)
