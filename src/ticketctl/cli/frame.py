"""What a verb is given: the global options, the configuration, the clock read once, the desk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from ticketctl.config import Config
    from ticketctl.desk import Caller, Desk
    from ticketctl.store import Store

P = ParamSpec("P")
T = TypeVar("T")


class Options:
    """The global options as they were given."""

    def __init__(self) -> None:
        self.output: str | None = None
        self.as_agent: str | None = None
        self.quiet = False
        self.verbose = False
        self.yes = False
        self.no_input = False
        self.color = "auto"
        self.header = False
        self.null = False
        self.config: str | None = None
        self.database: str | None = None
        self.dry_run = False


class Frame:
    """One command line. Everything here is made when it is first asked for."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.options = Options()
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The time of this step, UTC: read once for each request, since an editor may stand open between two."""
        return self._now or self.tick()

    def tick(self) -> datetime:
        """The next step begins."""
        from datetime import UTC, datetime

        self._now = datetime.now(UTC)  # noqa: TID251  this is the shell
        return self._now

    @cached_property
    def config(self) -> Config:
        from ticketctl import config

        flags = {name: value for name in ("config", "database") if (value := getattr(self.options, name)) is not None}
        return config.read(environ=os.environ, flags=flags, euid=os.geteuid())

    @cached_property
    def store(self) -> Store:
        """The database; with --dry-run one that keeps nothing."""
        if self.options.dry_run:
            from ticketctl.desk.rehearsal import Rehearsal

            return Rehearsal(self.config.database)
        from ticketctl.store import Store

        return Store(self.config.database)

    @property
    def desk(self) -> Desk:
        """The desk, as the agent meets it whom the kernel names."""
        from ticketctl.desk import Desk

        return Desk(store=self.store, caller=self.caller, now=self.now, dry_run=self.options.dry_run)

    @cached_property
    def caller(self) -> Caller:
        """Who asks, by the kernel's word."""
        return self.caller_of(self.config.database)

    def caller_of(self, url: str) -> Caller:
        """Who asks for that database."""
        from ticketctl.desk import Caller

        uid = os.getuid()
        return Caller(uid=uid, login=login(uid), as_agent=self.options.as_agent, owns=_owns(uid, url))

    def do(self, request: Callable[Concatenate[Desk, P], T], /, *args: P.args, **values: P.kwargs) -> T:
        """A named request to the desk, done where the database is: here, in this process."""
        self.tick()
        return request(self.desk, *args, **values)

    @property
    def form(self) -> str | None:
        """The form that was asked for; also before the command line could be read whole, for its errors."""
        if self.options.output is None:
            for option, value in zip(self.words, [*self.words[1:], ""], strict=False):  # no words: nothing at all
                word = option.partition("=")[2] if option.startswith("--output=") else option.removeprefix("-o")
                if option in ("-o", "--output"):
                    word = value
                if word != option and word in ("json", "jsonl"):
                    return word
        return self.options.output

    @property
    def interactive(self) -> bool:
        """May questions be asked, and an editor opened?"""
        return not self.options.no_input and sys.stdin.isatty() and sys.stdout.isatty()

    def close(self) -> None:
        made: Any = self.__dict__.get("store")
        if made is not None:
            made.close()


def _owns(uid: int, url: str) -> bool:
    """Root, or the owner of the database's file (of its directory, where there is none)."""
    from ticketctl.store import parsed

    where = parsed(url)
    if uid == 0 or where.get_backend_name() != "sqlite":
        return uid == 0
    path = str(where.database)
    try:
        return os.stat(path if os.path.exists(path) else os.path.dirname(path) or ".").st_uid == uid
    except OSError:
        return False


def login(uid: int) -> str | None:
    """The login name of a uid; never $USER or $LOGNAME."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
