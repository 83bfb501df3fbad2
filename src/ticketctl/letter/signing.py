"""Who signs a mail: a mailer daemon, a mail server or its postmaster, a program, or a person?

By the author's address and by the name beside it. A postmaster may be a person; a person has a name.
"""

from __future__ import annotations

from ticketctl.letter.value import Letter
from ticketctl.letter.wording import fold

_DAEMON = frozenset(("mailerdaemon", "maildaemon", "mdaemon", "mailerdeamon"))
_EXCHANGE = "microsoftexchange329e71ec88ae4615bbc36ab6ce41"  # ...109e@: its own name in every installation
_SERVER = frozenset((
    "postmaster", "mailsystem", "mailadmin", "mailadministrator", "mailerror", "mailerrors", "mailbounce",
    "mailbounces", "bounce", "bounces", "bouncehandler", "mta", "ndr", "dsn", "smtpd", "sysadmin", "daemon",
    "systemadministrator", "systemattendant", "mailgateway", "mailmarshal", "mailsweeper", "mailscanner", "interscan",
    "antispam", "antivirus", "postacertificata", "mailer", "noreply",
    "donotreply", "mailservice", "mailserver", "mailmaster", "mailnotification", "root",
))  # fmt: skip
# Of these, accounts that answer for other things too.
_SHARED = frozenset(("noreply", "donotreply", "sysadmin", "root", "mailadmin", "mailmaster", "antispam", "antivirus"))
_SERVER_NAME = (
    "mail deliver", "mailer-daemon", "mailer daemon", "mail delivery", "system administrator", "mail administrator",
    "postmaster", "mail system", "the post office", "delivery subsystem", "delivery system", "microsoft outlook",
    "microsoft exchange", "mail gateway", "mail server", "mailserver", "content-filter", "systemadministrator",
    "administrateur systeme", "administrador del sistema", "amministratore di sistema", "systeembeheerder",
    "systemadministrator", "delivery notification", "internet mail", "ndr administrator", "mail router",
)  # fmt: skip

# What no person signs with: beside the subject of a report nothing else is needed, whatever the language of the text.
_PROGRAM_NAME = (
    "microsoft outlook", "microsoft exchange", "mail delivery system", "mail delivery sub", "mailer daemon",
    "mail delivery agent", "mail delivery service", "mailer-daemon", "courier mail server",
)  # fmt: skip


def daemon(letter: Letter) -> bool:
    """Does a mailer daemon sign it? No person has that name."""
    author = letter.author.address
    if author is not None:
        local = _compact(fold(author[:320]))
        return local in _DAEMON or local.startswith(_EXCHANGE)
    return "mailer-daemon" in fold(letter.claimed[:320])


def server(letter: Letter) -> bool:
    """Does a mail server, its postmaster or its filter sign it, by address or by name?"""
    claimed = fold(letter.claimed[:320])
    senders = (letter.author.address, letter.return_path, letter.envelope_from)
    locals_ = [_compact(fold(address[:320])) for address in senders if address]
    return (
        claimed in ("", "<>")
        or any(local in _SERVER or local.startswith("noreply") for local in locals_)
        or any(name in claimed for name in _SERVER_NAME)
    )


def program(letter: Letter) -> bool:
    """Does its author bear a name that only mail servers have?"""
    return fold(letter.claimed[:320]).lstrip("\"' ").startswith(_PROGRAM_NAME)


def nameless(letter: Letter) -> bool:
    """Does a server's account sign it, and no name beside the address that a person could have?"""
    address, name = letter.author.address, fold((letter.author.name or "")[:200]).strip("\"' ")
    if address is None or _compact(fold(address[:320])) not in _SERVER - _SHARED:
        return False
    return not name or _compact(name) in _SERVER or any(known in name for known in _SERVER_NAME)


def _compact(address: str) -> str:
    """The local part without its separators: "Mail_Er-Daemon" and "mailer.daemon" are one."""
    return address.split("@", 1)[0].split("+", 1)[0].translate({45: None, 46: None, 95: None, 34: None, 32: None})
