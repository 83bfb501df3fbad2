"""Who and what there is: queues, agents, roles, templates, customers; and who I am."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ticketctl.desk import Desk, Value, View, named, who
from ticketctl.errors import NotThere
from ticketctl.page import moment
from ticketctl.policy import RIGHTS, Agent, Policy, Queue, Template

if TYPE_CHECKING:
    from ticketctl.store.value import ByCustomer, CustomerRow


class Listed(Struct, frozen=True, kw_only=True):
    """What there is, the agent's time zone, and whether that agent has no rights on any queue."""

    values: list[Value]
    zone: tzinfo
    blind: bool


def _listed(view: View, values: Iterable[Value]) -> Listed:
    return Listed(values=list(values), zone=view.zone(), blind=not view.queues())


def queues(desk: Desk) -> Listed:
    """The queues that I may read; an admin sees all of the policy."""
    with desk.reading() as view:
        return _listed(view, (_queue(view, view.policy.queues[name]) for name in _shown(view)))


def queue(desk: Desk, name: str) -> tuple[Value, tzinfo]:
    """A queue with all that the policy says of it."""
    with desk.reading() as view:
        found = view.policy.queues[named("queue", name, _shown(view))]
        more = ("unlock_after", "first_response", "update", "solution", "notify_before", "calendar", "closed_follow_up",
                "answer_blind_copies", "salutation", "signature", "templates")  # fmt: skip
        rest = {key: _plain(getattr(found, key)) for key in more}
        return {**_queue(view, found), **rest, "auto": dict(found.auto)}, view.zone()


def _shown(view: View) -> list[str]:
    """The queues that stand in lists of the policy: for an admin, all."""
    return list(view.policy.queues) if view.admin else view.queues()


def _queue(view: View, queue: Queue) -> Value:
    return {
        "name": queue.name,
        "addresses": list(queue.addresses),
        "from_name": queue.from_name,
        "rights": _short(view.rights.of(queue.name)),
    }


def addresses(desk: Desk) -> list[Value]:
    """Every address of every queue: what a mail server has to take."""
    with desk.reading() as view:
        return [
            {"address": address, "queue": queue.name}
            for queue in view.policy.queues.values()
            for address in queue.addresses
        ]


def agents(desk: Desk) -> Listed:
    with desk.reading() as view:
        return _listed(view, map(_agent, view.policy.agents.values()))


def agent(desk: Desk, name: str) -> tuple[Value, tzinfo]:
    """An agent (`me`: who asks), with the rights on each queue that the one who asks may read; an admin sees all."""
    with desk.reading() as view:
        key = view.agent if name == "me" else named("agent", name, view.policy.agents)
        person = view.policy.agents[key]
        more = {"timezone": person.timezone, "language": person.language, "confirm": person.confirm}
        return {**_agent(person), **more, "rights": _rights(view.policy, key, _shown(view))}, view.zone()


def _agent(agent: Agent) -> Value:
    return {
        "name": agent.name,
        "full_name": agent.full_name,
        "email": agent.email,
        "logins": list(agent.logins),
        "admin": agent.admin,
        "roles": list(agent.roles),
        "my_queues": list(agent.my_queues),
        "away": agent.away,
    }


def _rights(policy: Policy, agent: str, names: list[str]) -> dict[str, list[str]]:
    rights = policy.rights(agent)
    return {name: held for name in names if (held := _short(rights.of(name)))}


def _short(held: frozenset[str]) -> list[str]:
    """Rights in their order; rw says them all."""
    return ["rw"] if "rw" in held else [right for right in RIGHTS if right in held]


def roles(desk: Desk) -> Listed:
    with desk.reading() as view:
        return _listed(view, (_role(view, name) for name in view.policy.roles))


def role(desk: Desk, name: str) -> tuple[Value, tzinfo]:
    with desk.reading() as view:
        return _role(view, named("role", name, view.policy.roles)), view.zone()


def _role(view: View, name: str) -> Value:
    table = view.policy.roles[name].queues
    agents = [agent.name for agent in view.policy.agents.values() if name in agent.roles]
    return {"name": name, "queues": {queue: list(rights) for queue, rights in table.items()}, "agents": agents}


def templates(desk: Desk) -> Listed:
    with desk.reading() as view:
        return _listed(view, (_template(view, each) for each in view.policy.templates.values()))


def template(desk: Desk, name: str) -> tuple[Value, tzinfo]:
    """A template with its texts by language ("" where the policy gives one only)."""
    with desk.reading() as view:
        found = view.policy.templates[named("template", name, view.policy.templates)]
        value = {**_template(view, found), "subject": dict(found.subject), "body": dict(found.body)}
        return value, view.zone()


def _template(view: View, template: Template) -> Value:
    queues = [queue.name for queue in view.policy.queues.values() if template.name in queue.templates]
    languages = sorted({*template.body, *template.subject} - {""})
    return {"name": template.name, "kind": template.kind, "languages": languages, "queues": queues}


def rendered(desk: Desk, name: str, word: str, *, language: str = "") -> Value:
    """A template as it would be for a ticket. Raises BadData (65) where it fails."""
    from ticketctl import render
    from ticketctl.render.compose import customer_values, quotation, ticket_values, values

    with desk.reading() as view:
        found = view.policy.templates[named("template", name, view.policy.templates)]
        ticket = view.ticket(word)
        said = [each for each in view.tx.articles(ticket.id) if each.visible and each.sender_type == "customer"]
        given: dict[str, Any] = values(
            view.policy, ticket_values(view.policy, ticket), customer_values(ticket, language), now=view.now,
            agent=view.agent,
        )  # fmt: skip
        given |= {"text": "", "quote": quotation(view.policy, said[-1] if said else None, language)}
        filled = render.fill(found, language, given, desk_language=view.policy.desk.language)
        return {"template": name, "number": ticket.number, "subject": filled.subject or None, "body": filled.body}


def customers(
    desk: Desk,
    like: str | None = None,
    *,
    sort: ByCustomer = "last",
    limit: int | None = None,
    counted: int | None = None,
) -> Listed:
    """Addresses with tickets in queues that I may read, the latest first unless `sort` says otherwise; only those
    `like` that. `counted`: as far as the tickets of each are counted."""
    with desk.reading() as view:
        found = view.tx.customers(queues=view.queues(), like=like, sort=sort, limit=limit, counted=counted)
        return _listed(view, map(_customer, found))


def customer(desk: Desk, address: str) -> tuple[Value, tzinfo]:
    """One customer, with that very address."""
    with desk.reading() as view:
        found = view.tx.customer(address, queues=view.queues())
        if found is None:
            raise NotThere(f"no customer {address!r}; `ticketctl customer list` names them")
        return _customer(found), view.zone()


def _customer(row: CustomerRow) -> Value:
    return {"address": row.address, "name": row.name, "tickets": row.tickets, "last": moment(row.last)}


def whoami(desk: Desk) -> Value:
    """Agent, rights, and how far they are enforced. A stranger is told so, too."""
    caller = desk.caller
    with desk.store.reading() as tx:
        policy = tx.policy()
        own = who.own_name(policy, caller)
        acting = who.agent(policy, caller) if own or caller.as_agent else None
        name = acting.agent if acting else None
        person = policy.agents[name] if name else None
        local = desk.store.path is not None
        return {
            "agent": name,
            "full_name": person.full_name if person else None,
            "login": caller.login,
            "uid": caller.uid,
            "real": acting.real if acting else None,
            "admin": bool(person and person.admin),
            "system": caller.owns or bool(person and person.admin),
            "mode": "local" if local else desk.store.url.get_backend_name(),
            "database": desk.store.place,
            "rights": _rights(policy, name, list(policy.queues)) if name else {},
        }


def _plain(value: object) -> object:
    match value:
        case timedelta():
            return str(value)
        case tuple():
            return list(value)
        case _:
            return value
