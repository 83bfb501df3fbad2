"""`init`: a desk on this host."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame, login
from ticketctl.cli.group import verb
from ticketctl.errors import Failed, Usage


@verb("init", examples="""
ticketctl init --domain example.org --queue Support=support@example.org
sudo ticketctl init --domain example.org --queue Support=support@example.org --queue Sales=sales@example.org
""")  # fmt: skip
@click.option("--domain", metavar="D", help="The right-hand side of our Message-IDs; by default this host's.")
@click.option("--queue", "queues", multiple=True, metavar="NAME=ADDRESS", help="A queue and its address.")
@click.option("--admin", metavar="LOGIN", help="The first admin; by default you (under sudo, who called it).")
def command(frame: Frame, domain: str | None, queues: tuple[str, ...], admin: str | None) -> int:
    """Make the database, the first policy and the configuration file where they are missing; twice is harmless.

    Prints the lines that postfix, an aliases file or procmail need on this host.
    """
    from ticketctl.desk import founding

    target = _new_file(frame)
    url = frame.config.database
    plan = founding.Plan(
        url=url,
        domain=domain or _domain(),
        queues=_queues(queues),
        admin=admin or _first_admin(os.environ),
        timezone=_zone(),
        config_file=None if frame.config.files else target,
    )
    founded = founding.found(plan, frame.now, root=os.geteuid() == 0)
    for each in founded.made:
        output.remark(frame, each)
    if not founded.made:
        output.remark(frame, "all is there already: nothing was changed")
    if not founded.fresh and (domain or queues or admin):
        output.remark(frame, "there was a policy: --domain, --queue, --admin were not used (`ticketctl policy edit`)")
    path = frame.store.path if os.geteuid() == 0 and frame.config.origin["database"] == "default" else None
    if path is not None and (trouble := founding.ownership(path)):
        output.remark(frame, trouble)
    sys.stdout.write(founding.mail_lines(founded.addresses, beside=sys.argv[0]))
    return 0


def _new_file(frame: Frame) -> Path | None:
    """The configuration file to be written where none is read; one that was named and is not there, is made."""
    named = frame.options.config or os.environ.get("TICKETCTL_CONFIG")
    if named:
        if os.path.exists(named):
            return None
        frame.options.config = None
        os.environ.pop("TICKETCTL_CONFIG", None)
        return Path(named)
    if os.geteuid() == 0:
        return Path("/etc/ticketctl/ticketctl.toml")
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(base, "ticketctl", "ticketctl.toml")


def _queues(words: tuple[str, ...]) -> Mapping[str, str]:
    """NAME=ADDRESS, each. Raises Usage (2)."""
    queues: dict[str, str] = {}
    for word in words:
        name, equals, address = word.partition("=")
        if not (name.strip() and equals and address.strip()):
            raise Usage(f"--queue {word}: write it as Support=support@example.org")
        if name.strip() in queues:
            raise Usage(f"--queue {name.strip()}: named twice; further addresses go into the policy")
        queues[name.strip()] = address.strip()
    return queues


def _first_admin(environ: Mapping[str, str]) -> str:
    """SUDO_UID's login where root was asked through sudo, else the caller's. Raises Failed without one."""
    uid = os.getuid()
    behind = environ.get("SUDO_UID", "")
    if uid == 0 and behind.isdigit():
        uid = int(behind)
    name = login(uid)
    if name is None:
        raise Failed(f"uid {uid} has no login: name the first admin with --admin LOGIN")
    return name


def _domain() -> str:
    """This host's mail name (Debian's /etc/mailname), else its domain; example.org's shape in any case."""
    try:
        name = Path("/etc/mailname").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        name = ""
    name = name or os.uname().nodename
    return name if "." in name else f"{name or 'localhost'}.localdomain"


def _zone() -> str:
    """The host's time zone by name, UTC where it has none (Debian's /etc/timezone)."""
    try:
        name = Path("/etc/timezone").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return "UTC"
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return name
