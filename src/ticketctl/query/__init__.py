"""What agents write to name tickets and times: queries (contract 4a), references (TICKET, ARTICLE) and WHEN.

Pure: the clock and the zone are arguments, and nobody here knows which queues, agents or tickets there are.
"""

from ticketctl.query.field import FIELDS
from ticketctl.query.parse import joined, parse
from ticketctl.query.reference import ArticleRef, TicketRef, article, reference, ticket
from ticketctl.query.value import (
    ME,
    NOBODY,
    And,
    Not,
    Or,
    Query,
    Span,
    Term,
    Value,
    mentions,
    terms,
)
from ticketctl.query.when import duration, when

__all__ = [
    "FIELDS",
    "ME",
    "NOBODY",
    "And",
    "ArticleRef",
    "Not",
    "Or",
    "Query",
    "Span",
    "Term",
    "TicketRef",
    "Value",
    "article",
    "duration",
    "joined",
    "mentions",
    "parse",
    "reference",
    "terms",
    "ticket",
    "when",
]
