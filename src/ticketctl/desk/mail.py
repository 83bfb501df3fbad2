"""Letters as they were received: what is held, why, and who may place it. Placing itself is `receive`'s."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

from msgspec import Struct

from ticketctl.desk import Desk, Value, View, attempt
from ticketctl.desk.reading import letter_fields
from ticketctl.errors import BadData, NotAllowed, NotThere, Usage
from ticketctl.page import mail_value
from ticketctl.query.when import since as since_
from ticketctl.ticket import Actor

if TYPE_CHECKING:
    from ticketctl.store import LetterRow, Writer


class Letters(Struct, frozen=True, kw_only=True):
    """Letters, newest first, why those are held that are, by id, and the agent's time zone."""

    mails: list[Value]
    held: dict[int, str]
    zone: tzinfo


def mails(
    desk: Desk,
    *,
    everything: bool = False,
    limit: int | None = None,
    since: str | None = None,
    queue: str | None = None,
    verdict: str | None = None,
    kind: str | None = None,
    rule: str | None = None,
) -> Letters:
    """Held letters, or every one ever received: all for an admin, else those of queues where the agent has rw.

    `since`: a past WHEN in the agent's zone; `rule`: a row ("A5") or the name of a rule. Raises Usage, NotThere.
    """
    with desk.reading() as view:
        if queue is not None and (queue not in view.policy.queues or not view.rights.may(queue, "ro")):
            raise NotThere(f"no queue {queue!r}; `ticketctl queue list` names them")
        moment = since_(since, now=desk.now, zone=view.zone()) if since is not None else None
        found = view.tx.letters(
            held_only=not everything and verdict is None, queues=None if view.admin else view.queues("rw"),
            limit=limit, since=moment, queue=queue, verdict=verdict, kind=kind, rule=rule,
        )  # fmt: skip
        held = {each.id: each.held for each in found if each.held}
        return Letters(mails=[mail_value(letter_fields(each)) for each in found], held=held, zone=view.zone())


def mail(desk: Desk, word: str) -> tuple[Value, str | None, tzinfo]:
    """One letter, by id or <message-id>; why it is held, if it is; the agent's time zone."""
    with desk.reading() as view:
        found = visible_letter(view, word)
        return mail_value(letter_fields(found)), found.held, view.zone()


def raw(desk: Desk, word: str) -> bytes:
    """Its bytes exactly as they came."""
    with desk.reading() as view:
        return view.tx.raw(visible_letter(view, word).raw_sha256)


def may_place(desk: Desk, word: str) -> tuple[int, Actor]:
    """The id of a letter that the agent may retry or place, and who acts. Raises BadData for what is placed already."""
    with desk.reading() as view:
        found = _to_place(view, word)
        if found.verdict not in ("held", "dropped"):
            raise BadData(f"mail {found.id} is not held: it is {found.verdict}, article {found.ticket}/{found.n}")
        return found.id, view.actor


def ticket_id(desk: Desk, word: str) -> int:
    """The ticket that a letter is to go to."""
    with desk.reading() as view:
        return view.ticket(word).id


def queue(desk: Desk, name: str) -> str:
    """The queue that a letter is to go to: there, and one where the agent may make tickets."""
    with desk.reading() as view:
        if name not in view.policy.queues or not view.rights.may(name, "ro"):
            raise NotThere(f"no queue {name!r}; `ticketctl queue list` names them")
        if not view.rights.may(name, "create"):
            raise NotAllowed(f"you lack the right 'create' on queue {name}")
        return name


def drop(desk: Desk, word: str) -> Value:
    """A held letter that nobody needs: no longer shown as held; its bytes stay."""
    number, actor = may_place(desk, word)

    def work(view: View, tx: Writer) -> Value:
        found = tx.letter(number)
        if found.verdict != "held":
            raise BadData(f"mail {number} is not held: it is {found.verdict}")
        tx.relabel(number, "dropped", why=[*found.why, f"dropped by {view.agent}"])
        return mail_value(letter_fields(tx.letter(number)))

    return attempt(desk, actor, work)


def visible_letter(view: View, word: str) -> LetterRow:
    """The letter, the newest that the agent may see of those that bear that id; the same NotThere otherwise."""
    found = bearing(view, word)
    if not found:
        raise NotThere(f"no mail {word}: `ticketctl mail list --all` shows every letter")
    return found[0]


def bearing(view: View, word: str) -> list[LetterRow]:
    """The letters of that id or <message-id> that the agent may see, newest first."""
    name = word.strip()
    if not (name.isascii() and name.isdigit()) and "@" not in name:
        raise Usage(f"not a mail: {word!r}; write its id, or its <message-id>")
    if name.isdigit() and int(name) >= 2**31:
        return []
    found = view.tx.bearing(int(name) if name.isdigit() else name)
    return [each for each in found if _visible(view, each)]


def _visible(view: View, found: LetterRow) -> bool:
    """A letter that was placed is where its ticket is now, not where it came to."""
    ticket = view.tx.ticket(found.ticket) if found.ticket is not None else None
    return view.admin or view.rights.may(ticket.queue if ticket else found.queue, "rw")


def _to_place(view: View, word: str) -> LetterRow:
    """The one letter that is meant: held before dropped, dropped before placed. Usage (2) for one of several."""
    found = bearing(view, word)
    for verdict in ("held", "dropped"):
        some = [each for each in found if each.verdict == verdict]
        if len(some) > 1:
            raise Usage(f"several mails are {word}: {', '.join(str(each.id) for each in some[:10])}; write an id")
        if some:
            return some[0]
    return visible_letter(view, word)
