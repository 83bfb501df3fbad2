"""How does it read? The `old`, `new` and `text` of a history entry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

from ticketctl.change.value import (
    Answered,
    ArticleAdded,
    Assigned,
    Change,
    Created,
    CustomerSet,
    Delivered,
    DeliveryDelayed,
    DeliveryFailed,
    GaveBack,
    Linked,
    Moved,
    PartyAccepted,
    Prioritised,
    Reassigned,
    Retitled,
    Sent,
    StateSet,
    Stolen,
    Tagged,
    Taken,
    Unlocked,
)
from ticketctl.ticket import Priority, State, Ticket

_EPOCH = datetime.fromtimestamp(0, UTC)
_NOTHING = Ticket(id=0, number="", version=0, title="", queue="", state=State.NEW, priority=Priority.NORMAL,
                  created=_EPOCH, changed=_EPOCH)  # fmt: skip


def describe(change: Change, before: Ticket | None) -> tuple[str | None, str | None, str]:
    """Old value, new value, a sentence: the `old`, `new` and `text` of the history's machine output."""
    was = before or _NOTHING
    match change:
        case Created():
            return None, change.number, f"created in {change.queue}: {change.title}"
        case ArticleAdded():
            return None, str(change.n), _article_text(change)
        case Taken(owner=owner):
            return was.owner, owner, f"locked by {owner}, who owns it"
        case Stolen(owner=owner):
            return was.owner, owner, f"lock taken over by {owner}"
        case Unlocked():
            return was.owner, None, "unlocked"
        case GaveBack(owner=former):
            return was.owner, former, "given up: lock and owner as they were"
        case Assigned(owner=owner, locked=locked):
            return was.owner, owner, f"belongs to {owner}" + (", locked" if locked else "")
        case Reassigned(owner=owner):
            return was.owner, owner, f"given to {owner}, who holds the lock"
        case Moved(queue=queue):
            return was.queue, queue, f"moved to {queue}"
        case Prioritised(priority=priority):
            return was.priority.value, priority.value, f"priority {priority.value}"
        case Retitled(title=title):
            return was.title, title, f"title: {title}"
        case StateSet(state=state, pending_until=until):
            text = state.value + (f" until {until:%Y-%m-%dT%H:%M:%SZ}" if until else "")
            return was.state.value, state.value, text
        case CustomerSet(customer=customer):
            return was.customer.address, customer.address, f"customer {customer.address}"
        case PartyAccepted(address=address):
            return None, address, f"{address} accepted as a party"
        case Tagged(added=added, removed=removed):
            marks = [*(f"+{tag}" for tag in added), *(f"-{tag}" for tag in removed)]
            return None, None, f"tags {' '.join(marks)}"
        case Linked(number=number, type=kind):
            return None, number, f"linked ({kind}) with {number}"
        case Answered(answer=answer, recipient=recipient):
            return None, recipient, f"{answer} owed to {recipient}"
        case Sent(n=n, recipient=recipient):
            return None, recipient, (f"article {n}" if n else "automatic answer") + f" sent to {recipient}"
        case DeliveryFailed(n=n, recipient=recipient):
            what = f"article {n}" if n else "automatic answer"
            text = f"{what} did not reach {recipient}: {change.code or ''} {change.why}".rstrip(": ")
            return None, recipient, text
        case DeliveryDelayed(n=n, recipient=recipient):
            what = f"article {n}" if n else "automatic answer"
            return None, recipient, f"{what} is late for {recipient}: {change.code or ''} {change.why}".rstrip(": ")
        case Delivered(n=n, recipient=recipient):
            return None, recipient, (f"article {n}" if n else "automatic answer") + f" delivered to {recipient}"
        case _:
            assert_never(change)


def _article_text(change: ArticleAdded) -> str:
    who = {"customer": "from", "agent": "by", "system": "by"}[change.sender_type]
    hidden = "" if change.visible else ", internal"
    return f"{change.channel} {who} {change.author or 'unknown'}{hidden}: {change.subject}".rstrip(": ")
