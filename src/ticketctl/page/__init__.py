"""The contract's values -> table, text, JSON, JSON lines, TSV, ids; and nothing in them can steer a terminal.

Pure: the width, the colours, the clock and the zone are arguments. Results end as they are to be
written, newline included; only `json_` has none, as `json.dumps`.
"""

from ticketctl.page.hits import hit_value, hits_page
from ticketctl.page.machine import TSV_COLUMNS, ids, json_, jsonl, tsv
from ticketctl.page.safe import escape
from ticketctl.page.status import brake_line, status_page, status_short
from ticketctl.page.story import step_value, story_page
from ticketctl.page.table import (
    HELD_COLUMNS,
    LIST_COLUMNS,
    MAIL_COLUMNS,
    OUTBOX_COLUMNS,
    age,
    local,
    table,
    telling,
    width_of,
)
from ticketctl.page.thread import answer_lines, article_page, change_line, history_page, show_page
from ticketctl.page.value import (
    article_value,
    delivery_value,
    history_value,
    mail_value,
    moment,
    outbox_value,
    show_value,
    ticket_value,
)

__all__ = [
    "HELD_COLUMNS",
    "LIST_COLUMNS",
    "MAIL_COLUMNS",
    "OUTBOX_COLUMNS",
    "TSV_COLUMNS",
    "age",
    "answer_lines",
    "article_page",
    "article_value",
    "brake_line",
    "change_line",
    "delivery_value",
    "escape",
    "history_page",
    "history_value",
    "hit_value",
    "hits_page",
    "ids",
    "json_",
    "jsonl",
    "local",
    "mail_value",
    "moment",
    "outbox_value",
    "show_page",
    "show_value",
    "status_page",
    "status_short",
    "step_value",
    "story_page",
    "table",
    "telling",
    "ticket_value",
    "tsv",
    "width_of",
]
