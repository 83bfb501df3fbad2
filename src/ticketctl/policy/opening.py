"""The first policy document, as `ticketctl init` writes it: small, valid, and with comments that lead further."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ticketctl.policy.editing import quoted
from ticketctl.policy.places import shown
from ticketctl.policy.reading import RESERVED

_TEXT = """\
# The policy of this desk: its queues, agents, roles and templates, as one document.
# Change it with `ticketctl policy edit`; every revision is kept (`ticketctl policy log`).
# All keys: ticketctl-policy(5). Texts: ticketctl-templates(5).

[desk]
name = {name}
domain = {domain}  # right-hand side of our Message-IDs
timezone = {timezone}
language = {language}
default-queue = "Raw"  # mail that names no queue comes here
# hook = "Ticket#"           # the mark before the number in a subject
# recipient-delimiter = "+"  # where the mail server has one (postfix: recipient_delimiter)
# unknown-recipient = "reject"

# [desk.auto-limits]         # how many automatic answers at most
# per-address-hour = 3
# total-hour = 200

# A queue has one or more addresses; answers go out from the first. "Support::Europe" is a child of Support.
{queues}
# An agent is a person; `logins` are the Unix users that the agent is on this host.
# `admin` may change this policy. Rights on tickets come from roles.
{agent}
# Rights: ro move_into create note owner priority rw (rw includes all). "*" is every queue that is not named;
# a right on Support covers Support::Europe too, unless that is named.
[roles.everything.queues]
"*" = ["rw"]

# [roles.first-level.queues]
# Raw = ["ro", "move_into", "note"]

# Texts. `body` may be a table by language: body = {{ en = "Hello", fr = "Bonjour" }}
[templates.greeting]
kind = "salutation"
body = "Hello {{{{ customer.name or customer.address }}}},"

[templates.desk]
kind = "signature"
body = "{{{{ agent.name }}}}, {{{{ desk.name }}}}"

# The automatic answer to a new ticket. No queue sends it yet: take the # off its auto-reply above
# once mail arrives as it should.
[templates.received]
kind = "auto"
subject = "We have your mail"
body = "Your request has number {{{{ ticket.number }}}}. Please keep it in the subject when you write again."

# An answer that agents can pick: ticketctl reply TICKET -t NAME
# [templates.vpn]
# kind = "answer"
# body = "Please restart the VPN client."

# Rules on mail that comes in, in this order; try them: ticketctl policy check FILE --mail MAIL
# [[rules]]
# name = "spam"
# when = {{ header.X-Spam-Flag = "YES" }}
# set = {{ queue = "Raw", priority = "very-low", answer = false }}
"""
_QUEUE = """\
[{head}]
addresses = [{address}]
salutation = "greeting"
signature = "desk"
# auto-reply = "received"
"""
_AGENT = """\
[{head}]
name = {name}
{email}logins = [{login}]
admin = true
roles = ["everything"]
"""


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
    """The document for a desk with these queues (name -> address) and this login as its first admin.

    A queue Raw is added where there is none; its address is raw@ the domain, where no other queue has that.
    Nothing is checked here: `read` it.
    """
    spare = f"raw@{domain}"
    raw = {} if "Raw" in queues else {"Raw": "" if spare in queues.values() else spare}
    blocks = [
        _QUEUE.format(head=shown(("queues", queue)), address=quoted(address) if address else "")
        for queue, address in {**raw, **queues}.items()
    ]
    agent = _AGENT.format(
        head=shown(("agents", agent_name(admin))),
        name=quoted(full_name or admin),
        email=f"email = {quoted(email)}\n" if email else '# email = ""  # where notices go\n',
        login=quoted(admin),
    )
    return _TEXT.format(
        name=quoted(name), domain=quoted(domain), timezone=quoted(timezone), language=quoted(language),
        queues="\n".join(blocks), agent=agent,
    )  # fmt: skip


def agent_name(login: str) -> str:
    """A name that the policy allows, as near to the login as can be: `EXAMPLE\\anna` becomes `EXAMPLE-anna`."""
    name = re.sub(r"[^\w.-]+", "-", login).strip("-")[:100].rstrip("-") or "admin"
    return f"{name}-agent" if name.lower() in RESERVED else name
