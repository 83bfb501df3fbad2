"""Every key of the policy, in one table: it validates, gives the defaults, and the manual is held to it.

The order is that of ticketctl-policy(5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from msgspec import Struct

from ticketctl.policy import value as v
from ticketctl.policy.calendars import CLOSED, HOURS
from ticketctl.policy.conditions import SET, WHEN
from ticketctl.policy.kinds import (
    ADDRESS,
    COUNTRY,
    DELIMITER,
    DIGITS,
    DOMAIN,
    DURATION,
    FILE,
    FLAG,
    HOOK,
    HOST,
    LANGUAGE,
    LINE,
    LOGIN,
    RIGHTS_BY_QUEUE,
    TEXT,
    ZONE,
    Kind,
    by_language,
    each,
    named,
    one_of,
    template,
    whole,
)  # fmt: skip


class Key(Struct, frozen=True, kw_only=True):
    """`default` as the document would write it, None where there is none; `later`: kept, not in force yet.

    `field`: the field of the value that it fills, where that has another name.
    """

    name: str
    kind: Kind
    doc: str
    default: str | None = None
    required: bool = False
    later: bool = False
    field: str = ""

    @property
    def attribute(self) -> str:
        return self.field or self.name.replace("-", "_")


class Section(Struct, frozen=True, kw_only=True):
    """`name` of the table in the document; `many`: it holds a table for each name; `make` builds one value."""

    name: str
    doc: str
    keys: tuple[Key, ...]
    make: Callable[..., Any]
    many: bool = True

    def key(self, name: str) -> Key | None:
        return next((key for key in self.keys if key.name == name), None)


def _queue(**fields: Any) -> v.Queue:
    auto = {word: fields.pop(word) for word in v.AUTO_ANSWERS if word in fields}
    return v.Queue(auto=auto, **fields)


def _agent(**fields: Any) -> v.Agent:
    return v.Agent(**{"full_name": fields["name"], **fields})


def _template(**fields: Any) -> v.Template:
    from_file = fields.pop("body_file", None)
    return v.Template(**({"body": from_file} if from_file is not None else {}), **fields)


_LIMIT = whole(1, 1_000_000)

AUTO_LIMITS = Section(
    name="desk.auto-limits", many=False, make=v.AutoLimits,
    doc="How many automatic answers there may be, so that no two machines talk to each other for ever.",
    keys=(
        Key(name="per-ticket-day", kind=_LIMIT, default="1", doc="on one ticket in 24 hours"),
        Key(name="per-address-hour", kind=_LIMIT, default="3", doc="to one address in an hour"),
        Key(name="per-address-day", kind=_LIMIT, default="10", doc="to one address in 24 hours"),
        Key(name="per-domain-hour", kind=_LIMIT, default="30", doc="to one domain in an hour"),
        Key(name="total-hour", kind=_LIMIT, default="200", doc="in all, in an hour"),
    ),
)  # fmt: skip

DESK = Section(
    name="desk", many=False, make=v.Desk, doc="The desk as a whole.",
    keys=(
        Key(name="name", kind=LINE, required=True, doc="what the desk is called; desk.name in templates"),
        Key(name="domain", kind=DOMAIN, required=True, doc="right-hand side of our Message-IDs"),
        Key(name="hook", kind=HOOK, default='"Ticket#"', doc="the mark in front of the number in a subject"),
        Key(name="system-id", kind=DIGITS, default='"10"', doc="part of the number, tells ours from a partner's"),
        Key(name="number", kind=one_of(*get_args(v.NumberScheme)), default='"date-checksum"',
            doc="how numbers are made; date-checksum is date, system-id, sequence and a check digit"),
        Key(name="timezone", kind=ZONE, default='"UTC"', doc="zone of dates in numbers, lists and templates"),
        Key(name="language", kind=LANGUAGE, default='"en"', doc="language of texts where the customer's is unknown"),
        Key(name="default-queue", kind=named("queues"), default='"Raw"', doc="where a mail goes that names no queue"),
        Key(name="unknown-recipient", kind=one_of("default-queue", "reject"), default='"default-queue"',
            doc="what becomes of mail to an address that no queue has; reject is free of backscatter with LMTP only"),
        Key(name="recipient-delimiter", kind=DELIMITER, default='""', doc='"+" where the mail server has one'),
        Key(name="follow-up-sender", kind=one_of(*get_args(v.FollowUpSender)), default='"party"',
            doc="who may continue a ticket by its number alone"),
        Key(name="authserv-ids", kind=each(HOST), default="[]", doc="hosts whose Authentication-Results we believe"),
        Key(name="auto-limits", kind=Kind(word="table", check=lambda value, _place: value, text=False),
            doc="see desk.auto-limits"),
    ),
)  # fmt: skip

QUEUES = Section(
    name="queues", make=_queue,
    doc="A queue; :: in the name makes a child, [queues.\"Support::Europe\"], which needs no parent.",
    keys=(
        Key(name="addresses", kind=each(ADDRESS), default="[]", doc="mail to them comes here; the first is From"),
        Key(name="from-name", kind=LINE, doc="the name beside the address in answers"),
        Key(name="unlock-after", kind=DURATION, later=True, doc="a lock falls when its holder did nothing for so long"),
        Key(name="first-response", kind=DURATION, later=True, doc="time for the first answer"),
        Key(name="update", kind=DURATION, later=True, doc="time for every further answer"),
        Key(name="solution", kind=DURATION, later=True, doc="time until the ticket is closed"),
        Key(name="notify-before", kind=whole(1, 99), default="80", later=True,
            doc="percent of a time after which agents are warned"),
        Key(name="calendar", kind=named("calendars"), later=True, doc="working hours in which these times are counted"),
        Key(name="closed-follow-up", kind=one_of(*get_args(v.ClosedFollowUp)), default='"reopen"',
            doc="what the customer's answer to a closed ticket does"),
        Key(name="answer-blind-copies", kind=FLAG, default="false",
            doc="answer automatically where none of our addresses is in To or Cc"),
        Key(name="auto-reply", kind=template("auto"), field="auto-reply", doc="the automatic answer to a new ticket"),
        Key(name="auto-follow-up", kind=template("auto"), field="auto-follow-up",
            doc="the automatic answer to a follow-up"),
        Key(name="auto-reject", kind=template("auto"), field="auto-reject",
            doc="the automatic answer to a rejected follow-up"),
        Key(name="auto-new-ticket", kind=template("auto"), field="auto-new-ticket",
            doc="the automatic answer to a follow-up that made a new ticket"),
        Key(name="salutation", kind=template("salutation"), doc="stands above an answer"),
        Key(name="signature", kind=template("signature"), doc="stands below an answer"),
        Key(name="templates", kind=each(template("answer")), default="[]", doc="answers offered here; none named: all"),
    ),
)  # fmt: skip

AGENTS = Section(
    name="agents", make=_agent, doc="An agent, by the name that lists and history show.",
    keys=(
        Key(name="name", kind=LINE, field="full_name", doc="the full name; the agent's name where it is not given"),
        Key(name="email", kind=ADDRESS, doc="where notices go; mail from here is an agent's"),
        Key(name="logins", kind=each(LOGIN), default="[]", doc="the Unix users who are this agent"),
        Key(name="admin", kind=FLAG, default="false", doc="may change the policy; gives no right on tickets"),
        Key(name="roles", kind=each(named("roles")), default="[]", doc="their rights add up"),
        Key(name="queues", kind=RIGHTS_BY_QUEUE, doc="rights of the agent's own, beside those of the roles"),
        Key(name="my-queues", kind=each(named("queues")), default="[]", doc="what list and status show"),
        Key(name="timezone", kind=ZONE, doc="zone in which this agent reads and writes times; the desk's if not given"),
        Key(name="language", kind=LANGUAGE, doc="the agent's language; the desk's if not given"),
        Key(name="confirm", kind=FLAG, default="true", doc="ask before an answer is sent"),
        Key(name="away", kind=FLAG, default="false", doc="gets no ticket locked by a follow-up"),
    ),
)  # fmt: skip

ROLES = Section(
    name="roles", make=v.Role, doc="A role: rights that several agents share.",
    keys=(
        Key(name="queues", kind=RIGHTS_BY_QUEUE,
            doc='rights by queue, of ro move_into create note owner priority rw; "*" is every queue not named; '
                "a queue's rights hold for its children that are not named"),
    ),
)  # fmt: skip

CALENDARS = Section(
    name="calendars", make=v.Calendar, doc="Working hours, for a queue's times.",
    keys=(
        Key(name="timezone", kind=ZONE, default='"UTC"', later=True, doc="zone of the hours"),
        Key(name="hours", kind=HOURS, required=True, later=True,
            doc='by day, like { mon-fri = "08:00-12:00, 13:00-17:00" }'),
        Key(name="holidays", kind=COUNTRY, later=True, doc="country whose public holidays are free"),
        Key(name="closed", kind=each(CLOSED), default="[]", later=True,
            doc='free days, "2026-12-24" or "2026-12-27/2026-12-31"'),
    ),
)  # fmt: skip

TEMPLATES = Section(
    name="templates", make=_template, doc="A text with {{ names }}; see ticketctl-templates(5).",
    keys=(
        Key(name="kind", kind=one_of(*get_args(v.TemplateKind)), required=True, doc="what the text is for"),
        Key(name="subject", kind=by_language(LINE), doc="subject of an automatic answer"),
        Key(name="body", kind=by_language(TEXT), doc="the text, or a table of texts by language"),
        Key(name="body-file", kind=by_language(FILE), field="body_file",
            doc="a file with the text; it becomes body when the policy is applied"),
    ),
)  # fmt: skip

RULES = Section(
    name="rules", many=False, make=v.Rule, doc="A rule on mail that comes in; rules run in their order.",
    keys=(
        Key(name="name", kind=LINE, required=True, doc="what history and explain call it"),
        Key(name="when", kind=WHEN, required=True,
            doc="envelope, header, from, to, subject, body, size, kind, attachment; all, any, not; "
                "a text is a glob, /.../ a regular expression"),
        Key(name="set", kind=SET,
            doc="queue, priority, state, owner, lock, title, tags, visible, answer, ticket, follow-up; "
                "drop, hold, refuse"),
        Key(name="stop", kind=FLAG, default="false", doc="no further rule is tried"),
    ),
)  # fmt: skip

SECTIONS = (DESK, AUTO_LIMITS, QUEUES, AGENTS, ROLES, CALENDARS, TEMPLATES, RULES)


def find(path: tuple[str | int, ...]) -> Key | None:
    """The key that a path leads to, `("queues", "Support", "calendar")`; None where the table has none."""
    if path[:2] == ("desk", "auto-limits"):
        section, rest = AUTO_LIMITS, path[2:]
    else:
        found = next((section for section in SECTIONS if path[:1] == (section.name,)), None)
        if found is None:
            return None
        section, rest = found, path[2 if found.many or found is RULES else 1 :]
    return section.key(rest[0]) if len(rest) == 1 and isinstance(rest[0], str) else None
