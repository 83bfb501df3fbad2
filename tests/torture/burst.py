"""A burst of mail beside agents at work and a flush every moment.

Most of the mails come through `receive` in a few worker processes, as a warm receiver would bring them; a part comes
through the filter itself.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random

from ticketctl.errors import Refusal
from ticketctl.intake import Envelope
from ticketctl.receive import receive
from ticketctl.store import Store
from torture.desk import Desk, letter
from torture.kills import kept_once
from torture.place import Place
from torture.tally import Tally

WORKERS = 2
SURE = (0, 75, 79)  # of verbs
FIRST = 1_000_000  # number of the first mail of the burst


def mails(place: Place, tally: Tally) -> None:
    """All of them are there once at the end, and no verb said anything but 0, 75, 79."""
    sizes = place.sizes
    desk = Desk(place, tally, agents=sizes["AGENTS"])
    for _ in range(2 * sizes["AGENTS"]):
        desk.ticket()
    over = threading.Event()
    texts: dict[str, str] = {}
    through_filter = min(sizes["BURST_FILTER"], sizes["BURST"])
    by_workers = sizes["BURST"] - through_filter
    with ThreadPoolExecutor(sizes["AGENTS"] + 2) as pool:
        agents = [pool.submit(_agent, desk, n, texts, over) for n in range(1, sizes["AGENTS"] + 1)]
        flushing = pool.submit(_flushing, desk, over)
        filtering = pool.submit(lambda: [desk.offer(letter(FIRST + by_workers + n)) for n in range(through_filter)])
        begun = time.monotonic()
        try:
            for status, count in _delivered(desk, by_workers).items():
                tally.note(f"worker said {status}", count)
            filtering.result()
            tally.note("mails in a second", int(sizes["BURST"] / (time.monotonic() - begun)))
        finally:
            over.set()
        for each in (*agents, flushing):
            each.result()
    desk.audit()
    kept_once(desk, texts)


def _delivered(desk: Desk, count: int) -> Counter[str]:
    """Brings the mails through worker processes; what each said, by status."""
    share = -(-count // WORKERS)
    command = [sys.executable, "-m", "torture.burst", desk.url]
    environment = {**desk.home.environment, "PYTHONPATH": ":".join(sys.path)}
    running = [
        subprocess.Popen([*command, str(FIRST + first), str(min(share, count - first))], env=environment,
                         stdout=subprocess.PIPE)
        for first in range(0, count, share)
    ]  # fmt: skip
    statuses: Counter[str] = Counter()
    for each in running:
        out, _ = each.communicate()
        desk.tally.hold(each.returncode == 0, f"a worker ended with {each.returncode}")
        statuses += Counter(json.loads(out or b"{}"))
    for n in range(count):
        raw = letter(FIRST + n)
        desk.offered[hashlib.sha256(raw).hexdigest()] = raw
        desk.acknowledged.add(hashlib.sha256(raw).hexdigest())
    return statuses


def _agent(desk: Desk, n: int, texts: dict[str, str], over: threading.Event) -> None:
    """Takes the next, notes, answers, closes; looks at lists; sometimes takes what another has."""
    chance = Random(n)
    me = ("--as", f"agent{n}")
    while not over.is_set() and not desk.tally.bad:
        ended = desk.verb(*me, "-o", "ids", "take", "--next", allowed=SURE)
        number = ended.out.decode().strip()
        if ended.status or not number:
            continue
        for verb, word in (("note", "Note"), ("reply", "Answer")):
            text = f"{word} {desk.number()}"
            while desk.verb(*me, verb, number, "-m", text, *(("-y",) if verb == "reply" else ()),
                            allowed=SURE).status == 75:  # fmt: skip
                desk.tally.note("again")
            texts[text] = number
        desk.verb(*me, chance.choice(("list", "status")), allowed=(0,))
        if texts and chance.random() < 0.3:
            desk.verb(*me, "priority", chance.choice([*texts.values()]), "high", allowed=SURE)
        desk.verb(*me, "close", number, allowed=SURE)


def _flushing(desk: Desk, over: threading.Event) -> None:
    """As cron does, only more often."""
    while not over.wait(1):
        desk.verb("flush", "--limit", "20", allowed=(0, 75))


def _worked(url: str, first: int, count: int) -> Iterator[str]:
    """A worker's part: each mail until it is taken."""
    store = Store(url)
    for n in range(first, first + count):
        while True:
            try:
                receive(store, letter(n), Envelope(recipient="support@example.org"), datetime.now(UTC))
            except Refusal as refusal:
                yield str(refusal.status)
                continue
            yield "0"
            break


if __name__ == "__main__":
    said = Counter(_worked(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps(said))
