"""Who is the agent? The kernel's uid, its login, the agent of the policy that has it; never $USER or $LOGNAME."""

from __future__ import annotations

from msgspec import Struct

from ticketctl.errors import NotAllowed, NotThere
from ticketctl.policy import Policy
from ticketctl.ticket import Actor


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks, as far as the operating system knows. `as_agent` is the word after `--as`.

    `owns`: root, or the owner of the database.
    """

    uid: int
    login: str | None
    as_agent: str | None = None
    owns: bool = False

    def __str__(self) -> str:
        return f"{self.login or 'no login'}, uid {self.uid}"


def own_name(policy: Policy, caller: Caller) -> str | None:
    """The name of the agent that the caller's login belongs to."""
    agent = policy.agent_of_login(caller.login) if caller.login else None
    return agent.name if agent else None


def agent(policy: Policy, caller: Caller) -> Actor:
    """The agent who acts; `--as` is for admins, gives that agent's rights, and keeps both names.

    Raises NotAllowed (77) for a stranger, NotThere (66) for an unknown agent after `--as`.
    """
    own = own_name(policy, caller)
    if own is None:
        raise NotAllowed(
            f"you ({caller}) are no agent of this desk: an admin puts your login into `logins` of an agent "
            "(ticketctl policy edit)"
        )
    if caller.as_agent is None or caller.as_agent == own:
        return Actor(agent=own, uid=caller.uid)
    if not policy.agents[own].admin:
        raise NotAllowed("--as is for admins of the desk")
    if caller.as_agent not in policy.agents:
        raise NotThere(f"no agent {caller.as_agent!r}; `ticketctl agent list` names them")
    return Actor(agent=caller.as_agent, real=own, uid=caller.uid)


def system(policy: Policy | None, caller: Caller) -> Actor:
    """The desk itself, run by root, the database's owner or an admin; NotAllowed (77) for others.

    `policy` None: the desk has none that can be read, and only the owner may.
    """
    own = own_name(policy, caller) if policy else None
    admin = policy is not None and own is not None and policy.agents[own].admin
    if not (caller.owns or admin):
        raise NotAllowed("this is for root, the owner of the database, or an admin of the desk")
    return Actor(agent=None, real=own, via="system", uid=caller.uid, system=True)


def needs_admin(policy: Policy, actor: Actor) -> None:
    """Raises NotAllowed (77) unless the acting agent (with `--as`, that one) is an admin."""
    if actor.agent is None or not policy.agents[actor.agent].admin:
        raise NotAllowed("this is for admins of the desk")
