"""Two hosts with the same mail at the same moment: one new, one duplicate, one automatic answer."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from torture.desk import Desk, Ended, letter
from torture.place import Place
from torture.tally import Tally


def same_mail(place: Place, tally: Tally) -> None:
    """Pairs of filters on one database, each pair with a mail of its own; then two that flush."""
    desk = Desk(place, tally)
    with ThreadPoolExecutor(2) as hosts:

        def both(raw: bytes) -> list[Ended]:
            return list(hosts.map(lambda _: desk.offer(raw, "-o", "json"), range(2)))

        for _ in range(place.sizes["HOSTS"]):
            raw = letter(desk.number())
            ends = both(raw)
            while any(ended.status for ended in ends):  # 75: it comes again
                tally.note("again")
                ends = [ended if ended.status == 0 else desk.offer(raw, "-o", "json") for ended in ends]
            results = [json.loads(ended.out) for ended in ends]
            verdicts = Counter(result["verdict"] for result in results)
            tally.hold(verdicts == {"new": 1, "duplicate": 1}, f"{verdicts}")
            tally.hold(len({result["number"] for result in results}) == 1, "two tickets of one mail")
        list(hosts.map(lambda _: desk.verb("flush"), range(2)))
    desk.audit()
    tally.hold(tally.notes["answered"] == place.sizes["HOSTS"], "not every mail was answered once")
