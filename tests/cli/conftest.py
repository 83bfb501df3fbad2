"""A desk in tmp_path, worked through `ticketctl.cli.main`: real SQLite, a policy of the tests' own, frozen time."""

from __future__ import annotations

import io
import json
import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from ticketctl import cli
from ticketctl.change import ArticleAdded, Assigned, Created, StateSet
from ticketctl.change.step import Step
from ticketctl.store import Store
from ticketctl.ticket import SYSTEM, Address, Article, Priority, State

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LOGIN = pwd.getpwuid(os.getuid()).pw_name
EMMA = Address(address="emma@shop.test", name="Emma Jones")

POLICY = """\
[desk]
name = "Example Help Desk"
domain = "example.org"
timezone = "Europe/Paris"
default-queue = "Raw"
[queues.Raw]
addresses = ["raw@example.org"]
[queues.Support]
addresses = ["support@example.org", "help@example.org"]
from-name = "Example Support"
[queues."Support::Europe"]
addresses = ["europe@example.org"]
[queues.Sales]
addresses = ["sales@example.org"]
[agents.anna]
name = "Anna Martin"
email = "anna@example.org"
logins = ["{login}"]
admin = true
roles = ["all"]
my-queues = ["Support"]
[agents.bert]
name = "Bert Jansen"
email = "bert@example.org"
logins = ["bert"]
[agents.bert.queues]
Support = ["rw"]
[roles.all.queues]
"*" = ["rw"]
[templates.vpn]
kind = "answer"
body = "Please restart the VPN client, {{{{ customer.name }}}}."
{more}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The error objects on stderr, a line each."""
        return [json.loads(line) for line in self.err.splitlines()]


class Desk:
    """A desk and its command line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = f"sqlite:///{root}/desk.db"
        self.store = Store(self.url)

    def run(self, *words: str, stdin: str | bytes = "") -> Ran:
        """One command line, as the agent that the test's login belongs to: anna, an admin."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        outs = [io.BytesIO(), io.BytesIO()]
        before = sys.stdin, sys.stdout, sys.stderr
        sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
        sys.stdout, sys.stderr = (io.TextIOWrapper(out, encoding="utf-8", write_through=True) for out in outs)
        try:
            status = cli.main(words)
        finally:
            wrappers = sys.stdin, sys.stdout, sys.stderr
            sys.stdin, sys.stdout, sys.stderr = before
        for wrapper in wrappers[1:]:
            wrapper.flush()
        out, err = (out.getvalue().decode() for out in outs)
        return Ran(status=status, out=out, err=err)

    def done(self, *words: str, stdin: str | bytes = "") -> str:
        """What a command printed that must end with 0."""
        ran = self.run(*words, stdin=stdin)
        assert ran.status == 0, ran
        return ran.out

    def ticket(
        self,
        *,
        title: str = "No dial tone",
        queue: str = "Support",
        state: State = State.NEW,
        priority: Priority = Priority.NORMAL,
        customer: Address = EMMA,
        owner: str | None = None,
        locked: bool = False,
        body: str = "It is dead.\n",
        age: timedelta = timedelta(),
    ) -> int:
        """A ticket with one mail by its customer; gives its id."""
        at = NOW - age
        with self.store.writing(SYSTEM, at) as tx:
            ticket_id, number = tx.number(tx.policy().desk)
            made = Created(id=ticket_id, number=number, title=title, queue=queue, state=State.NEW, priority=priority,
                           customer=customer)  # fmt: skip
            article = Article(n=1, channel="email", sender_type="customer", visible=True, author=customer,
                              subject=title, received=at, body=body)  # fmt: skip
            added = ArticleAdded(n=1, channel="email", sender_type="customer", visible=True, author=customer.address,
                                 subject=title)  # fmt: skip
            tx.change(None, made, Step(change=added, article=article))
            if state is not State.NEW:
                until = NOW + timedelta(days=1) if state.value.startswith("pending") else None
                tx.change(ticket_id, StateSet(state=state, pending_until=until))
            if owner is not None:
                tx.change(ticket_id, Assigned(owner=owner, locked=locked))
        return ticket_id

    def shown(self, word: int | str) -> Any:
        """A ticket as `show -o json` has it."""
        return json.loads(self.done("show", str(word), "-o", "json"))

    def history(self, word: int | str) -> list[str]:
        """Its history: actor and change of each entry."""
        entries = json.loads(self.done("history", str(word), "-o", "json"))
        return [f"{each['as'] or each['actor']} {each['change']}" for each in entries]


MakeDesk = Callable[..., Desk]


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, to be copied: making one costs more than a test."""
    root = tmp_path_factory.mktemp("fresh")
    store = Store.create(f"sqlite:///{root}/desk.db")
    store.close()
    return root / "desk.db"


@pytest.fixture
def make_desk(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeDesk]:
    """Makes a desk whose policy has `more` at its end, and points the environment at it."""
    made: list[Desk] = []

    def make(more: str = "") -> Desk:
        shutil.copy(fresh, tmp_path / "desk.db")
        sendmail = tmp_path / "sendmail"
        sendmail.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/sent.args\ncat >> {tmp_path}/sent\n')
        sendmail.chmod(0o755)
        (tmp_path / "ticketctl.toml").write_text("")
        monkeypatch.setenv("TICKETCTL_CONFIG", str(tmp_path / "ticketctl.toml"))
        monkeypatch.setenv("TICKETCTL_DATABASE", f"sqlite:///{tmp_path}/desk.db")
        monkeypatch.setenv("TICKETCTL_SENDMAIL", str(sendmail))
        desk = Desk(tmp_path)
        with desk.store.writing(SYSTEM, NOW) as tx:
            tx.apply(POLICY.format(login=LOGIN, more=more), "anna", "for a test", 0)
        made.append(desk)
        return desk

    with freeze_time(NOW):
        yield make
    for desk in made:
        desk.store.close()


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk()
