"""Anything that can happen to a ticket, as data; an accepted change *is* its history row.

`permit` says whether it may, `evolve` what the ticket is afterwards, `describe` how it reads; all three are pure.
Event sourcing, as in M. Fowler's pattern of that name.
"""

from ticketctl.change.describe import describe
from ticketctl.change.evolve import evolve, fold
from ticketctl.change.permit import needs, permit, see
from ticketctl.change.value import (
    CHANGES,
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
    LinkType,
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
    decode,
    encode,
)

__all__ = [
    "CHANGES",
    "Answered",
    "ArticleAdded",
    "Assigned",
    "Change",
    "Created",
    "CustomerSet",
    "Delivered",
    "DeliveryDelayed",
    "DeliveryFailed",
    "GaveBack",
    "LinkType",
    "Linked",
    "Moved",
    "PartyAccepted",
    "Prioritised",
    "Reassigned",
    "Retitled",
    "Sent",
    "StateSet",
    "Stolen",
    "Tagged",
    "Taken",
    "Unlocked",
    "decode",
    "describe",
    "encode",
    "evolve",
    "fold",
    "needs",
    "permit",
    "see",
]
