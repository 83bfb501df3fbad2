"""SIGKILL at random moments: of the filter, which is then given the mail again, and of verbs."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

from torture.desk import KILLED, Desk, letter
from torture.place import Place
from torture.tally import Tally

TRIES = 6  # of one mail, before it is let through
SEED = 20261122


def of_the_filter(place: Place, tally: Tally) -> None:
    """As a mail system would: killed, again, killed, again, until it is acknowledged."""
    desk = Desk(place, tally)
    begun = time.monotonic()
    desk.offer(letter(desk.number()))
    longest = (time.monotonic() - begun) * 1.3
    chance = random.Random(SEED)

    def one(_: int) -> None:
        raw = letter(desk.number())
        for _ in range(TRIES):
            ended = desk.offer(raw, kill_after=chance.uniform(0.1, 1) * longest, allowed=(0, 75, KILLED))
            if ended.status == 0 or tally.statuses[KILLED] >= place.sizes["KILLS"]:
                return

    with ThreadPoolExecutor(place.sizes["JOBS"]) as pool:
        while tally.statuses[KILLED] < place.sizes["KILLS"] and not tally.bad:
            list(pool.map(one, range(4 * place.sizes["JOBS"])))
    desk.audit()


def of_verbs(place: Place, tally: Tally) -> None:
    """Notes, answers, locks, closings and flush: what was not done is done again, what was done is not."""
    desk = Desk(place, tally)
    desk.ticket()
    begun = time.monotonic()
    desk.verb("reply", desk.ticket(), "-m", "Answer 0", "-y")
    longest = (time.monotonic() - begun) * 1.1
    chance = random.Random(SEED)
    texts: dict[str, str] = {}

    def killed(*words: str) -> int:
        until = chance.uniform(0.2, 1) * longest
        return desk.verb(*words, kill_after=until, allowed=(0, KILLED)).status

    def said(number: str, verb: str, text: str) -> None:
        """Until it is kept; what was told to be kept is kept."""
        texts[text] = number
        more = ("-y",) if verb == "reply" else ()
        while not desk.holds(number, text):
            if killed(verb, number, "-m", text, *more) == 0 and not desk.holds(number, text):
                tally.lost.append(f"{text} on {number}, after status 0")
                return

    def one(_: int) -> None:
        number = desk.ticket()
        said(number, "note", f"Note {desk.number()}")
        killed("take", number)
        said(number, "reply", f"Answer {desk.number()}")
        killed("close", number)
        killed("flush")

    with ThreadPoolExecutor(place.sizes["JOBS"]) as pool:
        while tally.statuses[KILLED] < place.sizes["VERB_KILLS"] and not tally.bad:
            list(pool.map(one, range(place.sizes["JOBS"])))
    desk.audit()
    kept_once(desk, texts)


def kept_once(desk: Desk, texts: dict[str, str]) -> None:
    """Each text is one article of its ticket, and what was an answer has left."""
    for text, number in texts.items():
        count = desk.holds(number, text)
        if count != 1:
            (desk.tally.twice if count else desk.tally.lost).append(f"{text} on {number}: {count} articles")
        if text.startswith("Answer") and text not in desk.sent_texts:
            desk.tally.lost.append(f"{text} on {number} was never sent")
