"""A clock that is a day back, and one ten years on: order is arrival, and nothing happens twice (libfaketime)."""

from __future__ import annotations

from pathlib import Path

from torture.desk import KILLED, Desk, letter
from torture.kills import kept_once
from torture.place import Place
from torture.tally import Tally

CLOCKS = ("-1d", "+3650d", "+0d", "-3650d", "+0d")


def at(clock: str) -> dict[str, str]:
    """The environment of a process whose clock stands elsewhere."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return {"LD_PRELOAD": str(library), "FAKETIME": clock}


def steps(place: Place, tally: Tally) -> None:
    """A ticket through all clocks: mails, notes, answers, flushes, some of them killed half-way."""
    desk = Desk(place, tally)
    first = desk.number()
    desk.offer(letter(first))
    with desk.reading() as tx:
        ticket = tx.ticket_ids(0, 1)[0]
        number = tx.tickets([ticket])[0].number
    thread = {"From": f"Carla <carla{first}@customer{first}.test>",
              "In_Reply_To": f"<{first}.made.up@customer{first}.test>"}  # fmt: skip
    texts: dict[str, str] = {}
    said = []
    clocks = CLOCKS[: place.sizes["CLOCKS"]]
    for clock in clocks:
        raw = letter(desk.number(), **thread)
        text, answer = f"Note {desk.number()}", f"Answer {desk.number()}"
        texts |= {text: number, answer: number}
        desk.offer(raw, environment=at(clock), allowed=(0,))
        desk.offer(raw, environment=at("+1h"), allowed=(0,))  # again
        desk.offer(letter(desk.number()), environment=at(clock), allowed=(0,))  # another ticket, which is answered
        desk.verb("note", number, "-m", text, environment=at(clock))
        desk.verb("reply", number, "-m", answer, "-y", "--queue-only", environment=at(clock))
        desk.verb("flush", environment=at(clock), kill_after=0.25, allowed=(0, KILLED))
        desk.verb("flush", environment=at(clock))
        said += ["It burns", text, answer]
    with desk.reading() as tx:
        bodies = [article.body for article in tx.articles(ticket)][1:]
        order = [word in body for word, body in zip(said, bodies, strict=True)]
        tally.hold(all(order), f"not in order of arrival: {bodies}")
        versions = [entry.version for entry in tx.history(ticket)]
        tally.hold(versions == sorted({*versions}), "the history has gaps in its order")
        numbers = [each.number for each in tx.tickets(tx.ticket_ids(0, 1000))]
        tally.hold(len({*numbers}) == len(numbers) == 1 + len(clocks), f"numbers {numbers}")
    for clock in clocks:
        desk.verb("flush", environment=at(clock))
    desk.audit()
    kept_once(desk, texts)


def stuck(place: Place, tally: Tally) -> None:
    """What a flush of a clock ten years on has claimed and put off leaves when the clock is right again."""
    desk = Desk(place, tally)
    good = desk.home.environment["TICKETCTL_SENDMAIL"]
    texts = {}
    deadly = desk.root / "deadly"  # who called it dies between claiming and stamping
    deadly.write_text("#!/bin/sh\nkill -9 $PPID\n")
    deadly.chmod(0o755)
    for way, status in (("/bin/false", 0), (str(deadly), KILLED)):
        number, text = desk.ticket(), f"Answer {desk.number()}"
        texts[text] = number
        desk.home.environment["TICKETCTL_SENDMAIL"] = way
        desk.verb("reply", number, "-m", text, "-y", environment=at("+3650d"), allowed=(status,))
    desk.home.environment["TICKETCTL_SENDMAIL"] = good
    desk.verb("flush")
    with desk.reading() as tx:
        left = [row.id for row in tx.outbox() if row.mail_class == "agent"]
    tally.hold(not left, f"mails {left} wait for ten years")
    desk.audit()
    kept_once(desk, texts)


