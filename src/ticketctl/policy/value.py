"""The Policy value: a desk's whole configuration, as the contract's section 7 has it, resolved and checked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from msgspec import NODEFAULT, Struct, field

from ticketctl.ticket import normal

RIGHTS = ("ro", "move_into", "create", "note", "owner", "priority", "rw")
AUTO_ANSWERS = ("auto-reply", "auto-follow-up", "auto-reject", "auto-new-ticket")

FollowUpSender = Literal["party", "domain", "anyone"]
ClosedFollowUp = Literal["reopen", "new-ticket", "reject"]
NumberScheme = Literal["date-checksum", "date", "increment", "random"]
TemplateKind = Literal["answer", "auto", "salutation", "signature", "note", "notification"]
DurationUnit = Literal["m", "h", "d", "w"]

_IN_FULL = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Duration(timedelta):
    """A span as the policy writes it, `30m 4h 2d 1w`, which keeps its unit: under a calendar 1d is not 24h."""

    count: int
    unit: DurationUnit

    def __new__(cls, count: int, unit: DurationUnit) -> Duration:
        self = super().__new__(cls, **{_IN_FULL[unit]: count})
        self.count = count
        self.unit = unit
        return self

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    def __repr__(self) -> str:
        return f"Duration({self.count}, {self.unit!r})"

    def __reduce__(self) -> tuple[type[Duration], tuple[int, DurationUnit]]:
        return Duration, (self.count, self.unit)


def default_of(kind: type[Struct], name: str) -> object:
    """The default of a value's field; msgspec.NODEFAULT where it has none."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    return dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)).get(name, NODEFAULT)


class AutoLimits(Struct, frozen=True, kw_only=True):
    """G13: how many automatic answers at most."""

    per_ticket_day: int = 1
    per_address_hour: int = 3
    per_address_day: int = 10
    per_domain_hour: int = 30
    total_hour: int = 200


class Desk(Struct, frozen=True, kw_only=True):
    name: str
    domain: str
    hook: str = "Ticket#"
    system_id: str = "10"
    number: NumberScheme = "date-checksum"
    timezone: str = "UTC"
    language: str = "en"
    default_queue: str = "Raw"
    unknown_recipient: Literal["default-queue", "reject"] = "default-queue"
    recipient_delimiter: str = ""
    follow_up_sender: FollowUpSender = "party"
    authserv_ids: tuple[str, ...] = ()
    auto_limits: AutoLimits = AutoLimits()


class Queue(Struct, frozen=True, kw_only=True):
    """`addresses` as written, first one is the queue's own From. Times are working time under `calendar`."""

    name: str
    addresses: tuple[str, ...] = ()
    from_name: str | None = None
    unlock_after: Duration | None = None
    first_response: Duration | None = None
    update: Duration | None = None
    solution: Duration | None = None
    notify_before: int = 80  # percent
    calendar: str | None = None
    closed_follow_up: ClosedFollowUp = "reopen"
    answer_blind_copies: bool = False
    auto: dict[str, str] = field(default_factory=dict)  # "auto-reply" -> name of a template of kind auto
    salutation: str | None = None
    signature: str | None = None
    templates: tuple[str, ...] = ()  # answers offered in this queue; empty: all answers


class Agent(Struct, frozen=True, kw_only=True):
    name: str  # the key in the policy: "anna"
    full_name: str
    email: str | None = None
    logins: tuple[str, ...] = ()
    admin: bool = False
    roles: tuple[str, ...] = ()
    queues: dict[str, tuple[str, ...]] = field(default_factory=dict)  # rights of the agent's own, beside the roles'
    my_queues: tuple[str, ...] = ()
    timezone: str | None = None
    language: str | None = None
    confirm: bool = True
    away: bool = False


class Role(Struct, frozen=True, kw_only=True):
    name: str
    queues: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Calendar(Struct, frozen=True, kw_only=True):
    """`hours`: weekday 0 (Monday) to 6 -> spans of minutes of the day; `closed`: spans of days, both included."""

    name: str
    timezone: str = "UTC"
    hours: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    holidays: str | None = None
    closed: tuple[tuple[date, date], ...] = ()


class Template(Struct, frozen=True, kw_only=True):
    """`body` by language; the desk's language under "" where the policy gives one text only."""

    name: str
    kind: TemplateKind
    subject: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)


class Rule(Struct, frozen=True, kw_only=True):
    """One of `[[rules]]`, kept as written until rules run (mail-rules section 5)."""

    name: str
    when: dict[str, object] = field(default_factory=dict)
    set: dict[str, object] = field(default_factory=dict)
    stop: bool = False


class Rights(Struct, frozen=True, kw_only=True):
    """What one agent may do, queue by queue. Admin is a right on the desk and gives none on tickets.

    `tables`: one of each role and one of the agent's own; each names queues, or `*` for all it does not name.
    """

    tables: tuple[dict[str, frozenset[str]], ...] = ()
    admin: bool = False

    def of(self, queue: str) -> frozenset[str]:
        """The rights on a queue: what every table gives it, added up."""
        return frozenset().union(*(_nearest(table, queue) for table in self.tables))

    def may(self, queue: str, right: str) -> bool:
        """`rw` includes every right, and every right includes `ro`."""
        held = self.of(queue)
        return right in held or "rw" in held or (right == "ro" and bool(held))


def _nearest(table: dict[str, frozenset[str]], queue: str) -> frozenset[str]:
    """What is named for the queue, else for the nearest queue above it, else for `*`."""
    name, colons = queue, "::"
    while colons:
        if name in table:
            return table[name]
        name, colons, _ = name.rpartition("::")
    return table.get("*", frozenset())


class Policy(Struct, frozen=True, kw_only=True):
    revision: int = 0
    desk: Desk
    queues: dict[str, Queue] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    def queue_of(self, address: str) -> str | None:
        """The queue that has this address, compared normalised; None where none has."""
        wanted = normal(address)
        return next((queue.name for queue in self.queues.values()
                     for own in queue.addresses if normal(own) == wanted), None)  # fmt: skip

    def agent_of_login(self, login: str) -> Agent | None:
        return next((agent for agent in self.agents.values() if login in agent.logins), None)

    def agent_of_address(self, address: str) -> Agent | None:
        wanted = normal(address)
        return next((agent for agent in self.agents.values() if agent.email and normal(agent.email) == wanted), None)

    def rights(self, agent: str) -> Rights:
        """What the agent's roles and the agent's own table allow."""
        person = self.agents[agent]
        tables = [self.roles[role].queues for role in person.roles if role in self.roles] + [person.queues]
        return Rights(
            tables=tuple({queue: frozenset(rights) for queue, rights in table.items()} for table in tables if table),
            admin=person.admin,
        )
