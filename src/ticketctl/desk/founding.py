"""`init`: the database, the first policy, the host's configuration file, and what the mail system needs to be told."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from ticketctl import policy
from ticketctl.errors import Misconfigured, TryAgain, Unavailable
from ticketctl.ticket import SYSTEM

if TYPE_CHECKING:
    from ticketctl.store import Store

OWNER = "ticketctl"  # the user and group that a desk of the whole host belongs to, where they exist


class Plan(Struct, frozen=True, kw_only=True):
    """What `init` was told. `config_file` is None where there is one already."""

    url: str
    domain: str
    queues: Mapping[str, str]
    admin: str
    full_name: str | None = None
    timezone: str = "UTC"
    config_file: Path | None = None


class Founded(Struct, frozen=True, kw_only=True):
    """What was made, each a sentence; nothing where all was there."""

    made: tuple[str, ...]
    addresses: tuple[str, ...]  # of the desk's queues
    fresh: bool  # the policy was made now


def found(plan: Plan, now: datetime, *, root: bool, progress: Callable[[str], None] | None = None) -> Founded:
    """Makes what is missing and leaves the rest as it is; twice is harmless.

    Raises BadData for what the first policy cannot hold, Misconfigured (78) for a database of another schema.
    """
    from ticketctl.store import Store
    from ticketctl.store import parsed as parsed_url

    text = policy.first(plan.domain, f"Help desk of {plan.domain}", plan.queues, plan.admin,
                        full_name=plan.full_name, timezone=plan.timezone)  # fmt: skip
    policy.read(text, source="first policy")
    where = parsed_url(plan.url)
    path = Path(str(where.database)) if where.get_backend_name() == "sqlite" else None
    made = [] if path is None else _folder(path.parent, root)
    fresh = Store(plan.url).schema() is None if path is None else not path.exists()
    store = Store.create(plan.url, mode=mode(root), progress=progress)
    if fresh:
        made.append(f"made {'the tables in' if path is None else 'the database'} {store.place}")
    try:
        with store.reading() as tx:
            addresses, founded = _addresses(tx.policy()), False
    except Misconfigured:
        addresses, founded = _first_policy(store, text, plan, now, made), True
    store.close()
    if path is not None and root and fresh:
        _give(path)
    if plan.config_file is not None:
        made.append(_configuration(plan.config_file, plan.url))
    return Founded(made=tuple(made), addresses=tuple(addresses), fresh=founded)


def _first_policy(store: Store, text: str, plan: Plan, now: datetime, made: list[str]) -> list[str]:
    try:
        with store.writing(SYSTEM, now) as tx:
            tx.apply(text, plan.admin, "the first policy, by init", 0)
        made.append(f"made the first policy: {plan.admin} is its admin (ticketctl policy edit)")
    except TryAgain:  # somebody else's init was faster
        pass
    with store.reading() as tx:
        return _addresses(tx.policy())


def _addresses(current: policy.Policy) -> list[str]:
    return [address for queue in current.queues.values() for address in queue.addresses]


def _folder(folder: Path, root: bool) -> list[str]:
    """Where the database is to lie. A desk of the whole host is its group's, and setgid: what SQLite puts beside the
    database, whoever makes it, is the group's too."""
    if folder.is_dir():
        return []
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as trouble:
        raise Unavailable(f"cannot make {folder}: {trouble.strerror}") from None
    if root and _owner() is not None:
        _give(folder)
        folder.chmod(0o2770)
    return [f"made {folder}"]


def mode(root: bool) -> int:
    """Of a new database's file: one of the whole host is its group's."""
    return 0o660 if root and _owner() else 0o600


def hand_over(url: str) -> None:
    """The file of a new database to whom a desk of the whole host belongs; nothing for a server."""
    from ticketctl.store import parsed as parsed_url

    where = parsed_url(url)
    if where.get_backend_name() == "sqlite":
        _give(Path(str(where.database)))


def _owner() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(OWNER)
    except KeyError:
        return None


def _give(path: Path) -> None:
    """To the user ticketctl, where there is one; SQLite's side files go with it."""
    owner = _owner()
    if owner is None:
        return
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if each.exists():
            os.chown(each, owner.pw_uid, owner.pw_gid)


def _configuration(path: Path, url: str) -> str:
    """The host's configuration file with its one line that matters; the others stand there to be uncommented.

    Whole or not there: an empty one, of an init that was killed, would be kept by the next.
    """
    text = (
        "# What differs between hosts: see ticketctl.toml(5). The desk itself is its policy: ticketctl policy edit.\n"
        f"database = {_quoted(url)}\n"
        '# sendmail = ["/usr/sbin/sendmail", "-i"]\n'
        "# send = true\n"
    )
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o644 if "@" not in url else 0o600
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        return f"kept {path}"
    except OSError as trouble:
        raise Unavailable(f"cannot write {path}: {trouble.strerror}") from None
    finally:
        with contextlib.suppress(OSError):  # a hidden file that stays does no harm
            beside.unlink(missing_ok=True)
    return f"wrote {path}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mail_lines(addresses: tuple[str, ...], *, beside: str) -> str:
    """What an aliases file, postfix, procmail and cron need on this host. `beside`: the path of the running program."""
    here = Path(beside).resolve().parent
    program, cron = (
        str(here / name) if (here / name).exists() else shutil.which(name) or name
        for name in ("ticketctl-postmaster", "ticketctl")
    )
    domains = sorted({address.rpartition("@")[2] for address in addresses})
    aliases = "".join(f'{address.rpartition("@")[0]}: "|{program}"\n' for address in addresses)
    return f"""\
# aliases: where the desk shares its domain with people; the file's owner runs the program, and must be able to
# write the database (postalias, then: chown {OWNER} aliases aliases.db)
{aliases}# postfix, master.cf: for a domain that is the desk's alone (contrib/postfix has the whole of it)
ticketctl unix - n n - 4 pipe
  -o pipe_delivery_status_filter=regexp:/etc/postfix/ticketctl-status
  flags=DORXhu user={OWNER} null_sender=
  argv={program} --recipient=${{recipient}} --sender=${{sender}}
# postfix, main.cf; the map: ticketctl queue addresses --format postfix > ticketctl-addresses && postmap ...
virtual_mailbox_domains = {" ".join(domains)}
virtual_mailbox_maps = hash:/etc/postfix/ticketctl-addresses
virtual_transport = ticketctl
ticketctl_destination_recipient_limit = 1
ticketctl_time_limit = 60s
# procmailrc: what is not delivered goes back to the mail system (contrib/procmail passes on 67 and 77, too)
:0 w
| {program}
EXITCODE=75
HOST
# crontab: what could not be sent at once, and automatic answers
* * * * * {cron} flush
"""


def ownership(path: Path) -> str | None:
    """What keeps the users of a host's desk from working together on its database; None where nothing does."""
    if _owner() is not None:
        return None
    return (
        f"there is no user {OWNER}, so only root can open {path}: `adduser --system --group {OWNER}`, then "
        f"`chown -R {OWNER}:{OWNER} {path.parent}; chmod 2770 {path.parent}; chmod 660 {path}*`, "
        f"and agents into the group {OWNER}"
    )
