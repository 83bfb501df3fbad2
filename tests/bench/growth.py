"""What the verbs of a day and the kinds of mail cost on a desk of a thousand tickets, and on a large one.

The same works on both desks, in turns: what the program's own process needs of the CPU, what the request alone needs of
it in a process that is warm, and what it makes the database do (SQLite's virtual machine counts its steps, whatever
else the machine is at; servers are timed). Ratios are large desk to small desk.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, event

from bench import madeup
from ticketctl.desk import Caller, Desk, closing, directory, locking, moving, noting, outbox, reading, searching
from ticketctl.desk import mail as letters
from ticketctl.flush import flush
from ticketctl.intake import Envelope
from ticketctl.post import Transport
from ticketctl.query import parse
from ticketctl.receive import receive
from ticketctl.store import Store, bulk
from ticketctl.store.tables import metadata
from ticketctl.ticket import SYSTEM

FEW, MANY, TARGET = 1_000, int(os.environ.get("TICKETS", "30000")), 1.1
NOW = madeup.ENDED + timedelta(hours=1)
STEP = 25  # of SQLite's virtual machine, between two looks at it


def fill(url: str, size: int, login: str) -> Store:
    """A made-up desk; on a terminal its progress."""
    store = Store.create(url)
    with store.writing(SYSTEM, madeup.BEGUN) as tx:
        tx.apply(madeup.policy(login), "root", "first", 0)

    def progress(done: int) -> None:
        print(f"\r{done:,} of {size:,} tickets", end="" if done < size else "\n", file=sys.stderr, flush=True)

    bulk.load(store, madeup.desk(size), NOW, progress=progress if sys.stderr.isatty() else None)
    with store.writing(SYSTEM, NOW) as tx:
        if store.path is None:
            analysed(tx._connection)
    return store


def analysed(connection: Connection) -> None:
    """The server knows what it holds, as after its own maintenance."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")
        return
    for table in metadata.tables:
        connection.exec_driver_sql(f"ANALYZE TABLE {table}").all()


class Cost(NamedTuple):
    """Milliseconds of CPU of the request, and what the database did: thousands of steps, or milliseconds."""

    cpu: float
    base: float


class Bench:
    """One desk under test."""

    def __init__(self, store: Store, login: str) -> None:
        self.store = store
        self.desk = Desk(store=store, caller=Caller(uid=os.getuid(), login=login, owns=True), now=NOW)
        self.steps = 0.0
        self._begun = 0.0
        self._watch()
        with store.reading() as tx:
            wanted = parse("type:new lock:unlocked", now=NOW, zone=UTC)
            self.free = [str(each.number) for each in tx.find(wanted, queues=None, limit=100)]
            replied = tx.find(parse("waiting:customer", now=NOW, zone=UTC), queues=None, limit=100)
            self.replied = [(each, tx.articles(each.id)) for each in replied]
            asked = tx.find(parse("state:closed-successful", now=NOW, zone=UTC), queues=None, limit=400)
            self.asked = [(each, tx.articles(each.id)) for each in asked[::4]]

    def _watch(self) -> None:
        engine = self.store._engine
        if self.store.path is not None:

            def step() -> None:
                self.steps += STEP / 1000

            @event.listens_for(engine, "checkout")
            def _seen(driver: Any, _record: Any, _proxy: Any) -> None:
                driver.set_progress_handler(step, STEP)

            return

        @event.listens_for(engine, "before_cursor_execute")
        def _before(*_: Any) -> None:
            self._begun = time.perf_counter()

        @event.listens_for(engine, "after_cursor_execute")
        def _after(*_: Any) -> None:
            self.steps += (time.perf_counter() - self._begun) * 1000

    def cost(self, work: Callable[[Bench, int], object], n: int) -> Cost:
        self.steps = 0.0
        begun = time.process_time()
        work(self, n)
        return Cost((time.process_time() - begun) * 1000, self.steps)


Work = Callable[[Bench, int], object]


def listed(text: str = "", **options: Any) -> Work:
    """A page of `list`, as on a terminal unless `limit` says otherwise."""
    return lambda bench, _: reading.tickets(bench.desk, text, **({"limit": 50} | options))


LISTS: dict[str, Work] = {
    "list": listed(),
    "list -Q Sales::": listed(queues=("Sales::",)),
    "list --all": listed(everything=True),
    **{f"list --sort {sort}": listed(sort=sort) for sort in (
        "changed", "due", "priority", "number", "title", "queue", "state", "owner", "customer")},
    **{f"list --all --sort {sort}": listed(sort=sort, everything=True) for sort in (
        "changed", "due", "priority", "number", "title", "queue", "state", "owner", "customer")},
    **{f"list {text}": listed(text) for text in (
        "type:new", "state:closed", "state:pending-reminder", "owner:me", "owner:none", "priority:high..",
        "lock:locked", "waiting:us", "waiting:customer", "kind:feedback", "tag:vip", "tag:rare",
        "customer:@rare.example", "customer:of:17", "age:..30d", "age:90d..", "created:2026-11", "changed:2026-11-19..",
        "due:..now", "not queue:Support waiting:us", "owner:me or tag:vip", "type:new (lock:unlocked or owner:me)",
        "queue:Sales priority:high owner:none", "printer")},
    **{f"list --all {text}": listed(text, everything=True) for text in (
        "owner:agent3", "priority:very-high", "waiting:us", "kind:feedback", "kind:personal", "tag:vip", "tag:rare",
        "customer:@rare.example", "customer:kim3@c2.example", "age:..30d", "created:2023-05", "changed:2023-05-01..",
        "tag:rare waiting:us", "customer:@rare.example queue:Support", "state:merged", "printer", "printer tag:rare")},
    **{f"list --all {text}, all of it": listed(text, everything=True, limit=None) for text in (
        "tag:rare", "customer:@rare.example", "kind:feedback", "customer:@rare.example tag:rare")},
    "list owner:me, all of it": listed("owner:me", limit=None),
}  # fmt: skip

FEW_QUEUES = ("Junk",)  # one ticket of a hundred


def searched(text: str, **options: Any) -> Work:
    """A page of `search`, as on a terminal."""
    return lambda bench, _: searching.search(bench.desk, text, limit=20, **options)


def _among_others(bench: Bench, text: str) -> object:
    """A search of who may read hardly any of what is found."""
    with bench.store.reading() as tx:
        return tx.search(parse(text, now=NOW, zone=UTC), queues=FEW_QUEUES, limit=21)


SEARCHES: dict[str, Work] = {  # a word of ours is in every tenth title and in every second text
    **{f"search {text}": searched(text) for text in (
        "printer", "printer network", "'printer network'", "print*", "printer tag:rare", "printer not network",
        "kim3 from:rare.example", "subject:printer queue:Billing")},
    **{f"search --sort newest {text}": searched(text, order="newest") for text in (
        "printer", "printer network", "'printer network'", "print*", "printer or network")},
    "search printer, of few queues": lambda bench, _: _among_others(bench, "printer"),
    "search print*, of few queues": lambda bench, _: _among_others(bench, "print*"),
}  # fmt: skip


def _mail(subject: str, sender: str, name: str, *more: str) -> bytes:
    head = (f"From: {sender}", "To: sales@example.org", f"Subject: {subject}", f"Message-ID: <{name}@bench.example>")
    return "\n".join((*head, "Date: Fri, 20 Nov 2026 12:30:00 +0000", *more, "", "It burns.\n" * 40)).encode()


def _new(bench: Bench, n: int) -> tuple[bytes, Envelope]:
    return _mail("Printer", f"kim{n}@new{n}.example", _serial(bench, n, "new")), Envelope()


def _serial(bench: Bench, n: int, what: str) -> str:
    return f"{what}.{n}.{time.monotonic_ns()}.{id(bench)}"


def _ours(articles: Sequence[Any]) -> Any:
    return next(each for each in articles if each.sender_type == "agent" and each.channel == "email")


def _follow(bench: Bench, n: int, how: str) -> tuple[bytes, Envelope]:
    """A mail that belongs to a ticket, by one kind of evidence."""
    ours = how in ("token", "reply", "bounce")
    ticket, articles = (bench.replied if ours else bench.asked)[n]
    sender, envelope, more, subject = str(ticket.customer.address), Envelope(), [], "Re: it"
    first = articles[0].message_id
    match how:
        case "token":
            token = _ours(articles).message_id.split(".")[1]
            envelope = Envelope(recipient=f"sales+{token}@example.org", sender=sender)
        case "reply":
            more = [f"In-Reply-To: {_ours(articles).message_id}"]
        case "id":
            more = [f"In-Reply-To: {first}"]
        case "references":
            more = ["In-Reply-To: <nobody@knows.example>", f"References: {first} <nobody@knows.example>"]
        case "number":
            subject = f"Re: [Ticket#{ticket.number}] it"
        case "awaited":
            more = [f"In-Reply-To: <lost{ticket.id - 1}@mail.example>"]
        case _:
            pass
    return _mail(subject, sender, _serial(bench, n, how), *more), envelope


def _bounce(bench: Bench, n: int) -> tuple[bytes, Envelope]:
    ticket, articles = bench.replied[n + 20]
    mark, to = _ours(articles).message_id, ticket.customer.address
    body = (
        "--b\nContent-Type: text/plain\n\nundelivered\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {to}\nAction: failed\nStatus: 5.1.1\n"
        f"--b\nContent-Type: message/rfc822\n\nMessage-ID: {mark}\nSubject: it\n\nhello\n--b--\n"
    )
    kind = 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"'
    head = _mail("Undelivered Mail", "MAILER-DAEMON@mx.example", _serial(bench, n, "bounce"), kind)
    return head.partition(b"\n\n")[0] + b"\n\n" + body.encode(), Envelope(recipient="sales@example.org", sender="")


def _twice(bench: Bench, n: int) -> tuple[bytes, Envelope]:
    made = _mail("Printer", f"kim{n}@new.example", f"twice.{n}"), Envelope()
    receive(bench.store, *made, NOW)
    return made


Make = Callable[[Bench, int], tuple[bytes, Envelope]]
MAILS: dict[str, Make] = {
    "new": _new,
    "follow-up, token in the envelope": partial(_follow, how="token"),
    "follow-up, In-Reply-To ours": partial(_follow, how="reply"),
    "follow-up, In-Reply-To theirs": partial(_follow, how="id"),
    "follow-up, References": partial(_follow, how="references"),
    "follow-up, number": partial(_follow, how="number"),
    "follow-up, awaited": partial(_follow, how="awaited"),
    "duplicate": _twice,
    "bounce": _bounce,
}


def _reply(bench: Bench, word: str) -> object:
    from ticketctl.desk import answering

    begun = answering.begin(bench.desk, word, answering.Wish(text="Have you tried water?"))
    return answering.commit(bench.desk, begun["ticket"]["number"], begun["draft"], seen=begun["seen"])


VERBS: dict[str, Work] = {
    "status": lambda bench, _: reading.status(bench.desk),
    "show": lambda bench, n: reading.show(bench.desk, bench.free[n]),
    "history": lambda bench, n: reading.history(bench.desk, bench.free[n]),
    "take": lambda bench, n: locking.take(bench.desk, [bench.free[10 + n]]),
    "take --next": lambda bench, _: locking.take_next(bench.desk),
    "note": lambda bench, n: noting.note(bench.desk, [bench.free[n]], text="a note"),
    "move": lambda bench, n: moving.move(bench.desk, [bench.free[20 + n]], queue="Billing"),
    "close": lambda bench, n: closing.close(bench.desk, [bench.free[30 + n]]),
    "reply": lambda bench, n: _reply(bench, bench.free[40 + n]),
    "outbox list": lambda bench, _: outbox.mails(bench.desk, limit=20),
    "mail list": lambda bench, _: letters.mails(bench.desk),
    "mail list --all --limit 50": lambda bench, _: letters.mails(bench.desk, everything=True, limit=50),
    "customer show": lambda bench, _: directory.customer(bench.desk, "kim3@c2.example"),
    "customer list": lambda bench, _: directory.customers(bench.desk, limit=51, counted=101),
    "customer list --sort address": lambda bench, _: directory.customers(
        bench.desk, sort="address", limit=51, counted=101),
    "customer list @rare.example": lambda bench, _: directory.customers(
        bench.desk, "@rare.example", limit=51, counted=101),
    "customer list 'kim2*'": lambda bench, _: directory.customers(bench.desk, "kim2*", limit=51, counted=101),
    "policy set": lambda bench, n: _policy(bench, n),
    "flush of some": lambda bench, _: flush(bench.store, _nowhere(), _policy_of(bench), now=NOW, limit=3),
    "flush of nothing": lambda bench, _: flush(bench.store, _nowhere(), _policy_of(bench), now=madeup.BEGUN),
}


def _policy(bench: Bench, n: int) -> object:
    from ticketctl.desk import governing

    return governing.set_(bench.desk, "desk.name", f"Desk {n}")


def _policy_of(bench: Bench) -> Any:
    with bench.store.reading() as tx:
        return tx.policy()


def _nowhere() -> Transport:
    from ticketctl.post import Sendmail

    return Sendmail(argv=("/bin/true",))


def growth(desks: dict[int, str], login: str, *, rounds: int = 5, programs: tuple[str, str] | None = None) -> None:
    """The table: `desks` has the URL of a filled desk by its size; `programs`: whole processes as well."""
    benches = {size: Bench(Store(url), login) for size, url in sorted(desks.items())}
    few, many = benches
    unit = "k steps" if benches[few].store.path is not None else "base ms"
    print(f"{'work':48}{'cpu ms':>9}{f'{many:,}':>11}{'ratio':>7}{unit:>10}{f'{many:,}':>11}{'ratio':>7}")
    works: dict[str, Work] = VERBS | LISTS | SEARCHES
    for name, work in works.items():
        _row(name, benches, rounds, lambda bench, n, work=work: bench.cost(work, n))
    for name, make in MAILS.items():
        _row(f"mail: {name}", benches, rounds, lambda bench, n, make=make: _received(bench, make(bench, n)))
    if programs is not None:
        _processes(benches, desks, programs, rounds)


def _received(bench: Bench, mail: tuple[bytes, Envelope]) -> Cost:
    return bench.cost(lambda b, _: receive(b.store, *mail, NOW), 0)


def _row(name: str, benches: dict[int, Bench], rounds: int, cost: Callable[[Bench, int], Cost]) -> None:
    """The least of some rounds, the two desks in turn: what else the machine does only adds."""
    found: dict[int, list[Cost]] = {size: [] for size in benches}
    for n in range(rounds):
        for size, bench in benches.items():
            try:
                found[size].append(cost(bench, n))
            except Exception as trouble:
                print(f"{name:48} {size:,}: {trouble!r}"[:150])
                return
    (few, many) = (Cost(min(x.cpu for x in each), min(x.base for x in each)) for each in found.values())
    ratios = [b / a if a else 1.0 for a, b in zip(few, many, strict=True)]
    more = "" if max(ratios) <= TARGET else "  *"
    print(f"{name:48}{few.cpu:9.1f}{many.cpu:11.1f}{ratios[0]:7.2f}{few.base:10.1f}{many.base:11.1f}{ratios[1]:7.2f}{more}",
          flush=True)  # fmt: skip


PROCESSES: dict[str, tuple[str, ...]] = {
    "list": ("list", "--limit", "50"),
    "list --all --sort title": ("list", "--all", "--sort", "title", "--limit", "50"),
    "list --all tag:rare": ("list", "--all", "tag:rare"),
    "list --all customer:@rare.example": ("list", "--all", "customer:@rare.example"),
    "status": ("status",),
    "show": ("show", "FREE"),
    "history": ("history", "FREE"),
    "take --next": ("take", "--next"),
    "note": ("note", "FREE", "-m", "a note"),
    "outbox list": ("outbox", "list"),
    "customer show": ("customer", "show", "kim3@c2.example"),
    "customer list": ("customer", "list", "--limit", "50"),
    "search": ("search", "printer", "--limit", "20"),
    "db upgrade": ("db", "upgrade"),
}


def _processes(benches: dict[int, Bench], desks: dict[int, str], programs: tuple[str, str], rounds: int) -> None:
    """Whole processes: CPU, and the most memory."""
    ticketctl, postmaster = programs
    few, many = benches
    print(f"\n{'whole process':48}{'cpu ms':>9}{f'{many:,}':>11}{'ratio':>7}{'MB':>10}{f'{many:,}':>11}{'ratio':>7}")
    works: dict[str, Callable[[Bench, int], tuple[list[str], bytes]]] = {
        name: lambda bench, n, words=words: (
            [ticketctl, *(bench.free[50 + n] if word == "FREE" else word for word in words)], b"")
        for name, words in PROCESSES.items()
    }  # fmt: skip
    works |= {
        f"mail: {name}": lambda bench, n, make=make: _filter(postmaster, *make(bench, n + rounds))
        for name, make in MAILS.items()
    }
    for name, work in works.items():
        spent: dict[int, list[tuple[float, float]]] = {size: [] for size in benches}
        for n in range(rounds):
            for size, bench in benches.items():
                spent[size].append(_process(*work(bench, n), desks[size]))
        medians = [[statistics.median(each) for each in zip(*spent[size], strict=True)] for size in (few, many)]
        (a, x), (b, y) = medians
        more = "" if max(b / a, y / x) <= TARGET else "  *"
        print(f"{name:48}{a:9.1f}{b:11.1f}{b / a:7.2f}{x:10.1f}{y:11.1f}{y / x:7.2f}{more}", flush=True)


def _filter(postmaster: str, mail: bytes, envelope: Envelope) -> tuple[list[str], bytes]:
    words = [postmaster]
    words += ["--recipient", envelope.recipient] if envelope.recipient is not None else []
    words += ["--sender", envelope.sender] if envelope.sender is not None else []
    return words, mail


def _process(command: list[str], stdin: bytes, url: str) -> tuple[float, float]:
    """Milliseconds of CPU and megabytes at most, of a process that must end well."""
    import tempfile

    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(stdin)
        given.seek(0)
        running = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=said,
                                   env={**os.environ, "TICKETCTL_DATABASE": url})  # fmt: skip
        status, usage, peak = _ended(running.pid)
        running.returncode = status
        if status:
            said.seek(0)
            raise SystemExit(f"{command}: {status}\n{said.read().decode()}")
    return (usage.ru_utime + usage.ru_stime) * 1000, peak


def _ended(pid: int) -> tuple[int, Any, float]:
    """Status and usage of a process when it has ended, and its peak in megabytes: what `ru_maxrss` says begins with
    the peak of the process that it was forked from, so it is asked for while it runs."""
    peak = 0
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return status, usage, peak / 1024
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        peak = max([peak, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))])
        time.sleep(0.003)
