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


class Pace:
    """Moments within the time that a program takes, which changes with what else the machine does."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._chance = seconds, random.Random(SEED)

    def moment(self) -> float:
        """Seconds after the start of a program: sometimes a little after its end."""
        return self._chance.uniform(0.1, 1.1) * self._seconds

    def ended(self, status: int, seconds: float) -> None:
        """A program took so long, or was killed then: the next may take longer, so that some come to an end."""
        wanted = 1.5 * self._seconds if status == KILLED else seconds
        self._seconds += (wanted - self._seconds) / 4


def of_the_filter(place: Place, tally: Tally) -> None:
    """As a mail system would: killed, again, killed, again, until it is acknowledged."""
    desk = Desk(place, tally)
    begun = time.monotonic()
    desk.offer(letter(desk.number()))
    pace = Pace(time.monotonic() - begun)

    def one(_: int) -> None:
        raw = letter(desk.number())
        for _ in range(TRIES):
            begun = time.monotonic()
            ended = desk.offer(raw, kill_after=pace.moment(), allowed=(0, 75, KILLED))
            pace.ended(ended.status, time.monotonic() - begun)
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
    paces = {"reply": Pace(time.monotonic() - begun)}
    texts: dict[str, str] = {}

    def killed(*words: str) -> int:
        pace, begun = paces.setdefault(words[0], Pace(0.5)), time.monotonic()
        status = desk.verb(*words, kill_after=pace.moment(), allowed=(0, KILLED)).status
        pace.ended(status, time.monotonic() - begun)
        return status

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
