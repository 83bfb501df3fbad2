"""The desk's whole configuration as one document: TOML that people write, read and checked into the Policy value.

Hot paths need the value and `load` alone; what parses, checks and edits the text is imported when it is called.
`ticketctl.policy.keys.SECTIONS` is the table of all keys, which validates and which the manual is held to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ticketctl.policy.value import (
    AUTO_ANSWERS,
    RIGHTS,
    Agent,
    AutoLimits,
    Calendar,
    ClosedFollowUp,
    Desk,
    Duration,
    FollowUpSender,
    NumberScheme,
    Policy,
    Queue,
    Rights,
    Role,
    Rule,
    Template,
    TemplateKind,
)

if TYPE_CHECKING:
    from ticketctl.policy.keys import Section

__all__ = [
    "AUTO_ANSWERS",
    "RIGHTS",
    "Agent",
    "AutoLimits",
    "Calendar",
    "ClosedFollowUp",
    "Desk",
    "Duration",
    "FollowUpSender",
    "NumberScheme",
    "Policy",
    "Queue",
    "Rights",
    "Role",
    "Rule",
    "Template",
    "TemplateKind",
    "admins",
    "compiled",
    "diff",
    "embed",
    "first",
    "get",
    "gone",
    "load",
    "read",
    "remarks",
    "sections",
    "set_",
]


def read(
    text: str, *, source: str = "policy", bodies: Callable[[str], str] | None = None, revision: int = 0,
    kept: bool = False,
) -> Policy:  # fmt: skip
    """The policy of a TOML document (contract section 7), checked whole.

    `source` names the document in messages; `bodies` gives the text of a body-file (its OSError and
    UnicodeDecodeError become problems); without it a body-file is a problem. `kept`: a revision of the desk, whose
    rules an older version may have checked less strictly. Raises BadData and nothing else:
    its message has a line for every problem, `policy.toml:17: desk.hook: what is wrong; the way out`.
    """
    from ticketctl.policy import reading

    return reading.read(text, source=source, bodies=bodies, revision=revision, kept=kept)


def embed(text: str, read_file: Callable[[str], str], *, source: str = "policy") -> str:
    """The document with each `body-file` replaced by its text as `body`, so that a revision stands alone.

    Everything else stays byte for byte. `read(text, bodies=read_file)` first: it names every problem. Raises BadData.
    """
    from ticketctl.policy import editing

    return editing.embed(text, read_file, source=source)


def get(text: str, key: str) -> str:
    """What holds for a dotted key, `queues."Support::Europe".addresses`: a scalar raw, else TOML; maybe a default.

    Quotes are needed around dots alone; rules count from 0, `rules[0].name`. Raises BadData (no key), NotThere.
    """
    from ticketctl.policy import editing

    return editing.get(text, key)


def set_(text: str, key: str, value: str) -> str:
    """The document with this one key changed or added, all else byte for byte; not validated: `read` the result.

    Texts need no quotes, lists and tables are TOML. Raises BadData.
    """
    from ticketctl.policy import editing

    return editing.set_(text, key, value)


def first(
    domain: str,
    name: str,
    queues: Mapping[str, str],
    admin: str,
    *,
    full_name: str | None = None,
    email: str | None = None,
    timezone: str = "UTC",
    language: str = "en",
) -> str:
    """The first document, as `init` writes it: `queues` are name -> address, `admin` is a login. `read` the result."""
    from ticketctl.policy import opening

    return opening.first(
        domain, name, queues, admin, full_name=full_name, email=email, timezone=timezone, language=language
    )


def diff(old: str, new: str, *, before: int | str = "old", after: int | str = "new") -> str:
    """A unified diff, empty where nothing differs; a number is named `revision N`."""
    from ticketctl.policy import difference

    return difference.diff(old, new, before=before, after=after)


def compiled(policy: Policy) -> bytes:
    """The policy as bytes for `load`, to be kept beside the text of its revision."""
    from ticketctl.policy import encoding

    return encoding.compiled(policy)


def load(data: bytes) -> Policy | None:
    """The policy that `compiled` encoded; None where another version did or bytes are damaged: `read` the text."""
    from ticketctl.policy import encoding

    return encoding.load(data)


def sections() -> tuple[Section, ...]:
    """Every section with its keys, defaults and one line on each: what ticketctl-policy(5) must have."""
    from ticketctl.policy import keys

    return keys.SECTIONS


def remarks(policy: Policy) -> list[str]:
    """What the policy says that is kept but not in force in this version: a line each, for stderr."""
    from ticketctl.policy import difference

    return difference.remarks(policy)


def gone(old: Policy, new: Policy) -> list[str]:
    """The queues of the old policy that the new one has no more, sorted."""
    return sorted(old.queues.keys() - new.queues.keys())


def admins(policy: Policy) -> list[str]:
    """The agents who can change the policy: those with `admin` and a login to be known by. In the document's order."""
    return [agent.name for agent in policy.agents.values() if agent.admin and agent.logins]
