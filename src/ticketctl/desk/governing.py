"""The policy's revisions: show, check, apply, revert. What is applied is read, compiled and rendered first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from msgspec import Struct

from ticketctl import policy as document
from ticketctl.desk import Desk, Value, attempt
from ticketctl.desk.who import needs_admin
from ticketctl.errors import BadData
from ticketctl.page import moment
from ticketctl.policy import Policy

if TYPE_CHECKING:
    from ticketctl.store import Revision


class Applied(Struct, frozen=True, kw_only=True):
    """A revision that was made, and what its policy says that is not in force yet.

    `changed` is false where the text was that of the current revision: none was made.
    """

    n: int
    changed: bool = True
    remarks: tuple[str, ...] = ()


def show(desk: Desk, n: int | None = None) -> Value:
    """A revision: its number, who, when, why, and the text. Any agent may."""
    with desk.reading() as view:
        return _value(view.tx.revision(n))


def log(desk: Desk) -> tuple[list[Value], tzinfo]:
    """Every revision, newest first, without the texts; and the agent's time zone."""
    with desk.reading() as view:
        found = [{key: value for key, value in _value(each).items() if key != "text"} for each in view.tx.revisions()]
        return found, view.zone()


def get(desk: Desk, key: str) -> str:
    """What holds for a dotted key."""
    with desk.reading() as view:
        return document.get(view.tx.revision().text, key)


def check(text: str, *, source: str) -> Policy:
    """The policy of a document that stands alone, its templates rendered on a sample. Raises BadData."""
    from ticketctl import render

    policy = document.read(text, source=source)
    problems = render.check(policy)
    if problems:
        raise BadData("\n".join(f"{source}: {problem}" for problem in problems))
    return policy


def may_change(desk: Desk) -> None:
    """Raises NotAllowed (77) unless the caller may change the policy: asked before an editor opens."""
    with desk.reading() as view:
        needs_admin(view.policy, view.actor)


def may_replay(desk: Desk) -> tzinfo:
    """The agent's time zone. Raises NotAllowed (77) unless the caller is an admin: letters of every queue are shown."""
    with desk.reading() as view:
        needs_admin(view.policy, view.actor)
        zone: tzinfo = view.zone()
        return zone


def apply(desk: Desk, text: str, *, reason: str, base: int, source: str = "policy", force: bool = False) -> Applied:
    """A new revision made from revision `base`.

    Refused: no admin left, or the caller's own admin lost (65 unless `force`); a queue gone that has open tickets
    (65); another revision that came between (75). The text of the current revision makes no new one.
    """
    with desk.reading() as view:
        actor, newest = view.actor, view.tx.revision()
        needs_admin(view.policy, actor)
    new = check(text, source=source)
    left = document.admins(new)
    if not left and not force:
        raise BadData("the policy leaves no admin with a login: nobody could change it again (--force does it anyway)")
    own = new.agent_of_login(desk.caller.login) if desk.caller.login else None
    if (own is None or own.name not in left) and not force:
        raise BadData(f"you ({desk.caller.login}) would be no admin any more: --force does it anyway")
    if newest.n == base and newest.text == text:
        return Applied(n=base, changed=False, remarks=tuple(document.remarks(new)))
    made = attempt(desk, actor, lambda _view, tx: tx.apply(text, actor.real or actor.name, reason, base))
    return Applied(n=made.n, remarks=tuple(document.remarks(new)))


def revert(desk: Desk, n: int, *, reason: str | None = None, force: bool = False) -> Applied:
    """Revision `n` once more, as a new one."""
    with desk.reading() as view:
        old, newest = view.tx.revision(n), view.tx.revision()
    return apply(desk, old.text, reason=reason or f"revert to revision {n}", base=newest.n,
                 source=f"revision {n}", force=force)  # fmt: skip


def set_(desk: Desk, key: str, value: str, *, reason: str | None = None, force: bool = False) -> Applied:
    """One key changed, all else byte for byte, as a new revision."""
    with desk.reading() as view:
        current = view.tx.revision()
    text = document.set_(current.text, key, value)
    return apply(desk, text, reason=reason or f"set {key}", base=current.n, force=force)


def difference(desk: Desk, one: int | str | None, other: int | str | None = None) -> str:
    """A unified diff. A number is a revision, a text a document that is no revision yet, None the current one."""
    with desk.reading() as view:
        sides: Sequence[int | str | None] = (one, other)
        texts = [each if isinstance(each, str) else view.tx.revision(each).text for each in sides]
        names: list[int | str] = [
            "new" if isinstance(each, str) else view.tx.revision(each).n for each in sides
        ]
    return document.diff(texts[0], texts[1], before=names[0], after=names[1])


def _value(revision: Revision) -> Value:
    return {
        "revision": revision.n,
        "at": moment(revision.at),
        "author": revision.author,
        "reason": revision.reason or None,
        "text": revision.text,
    }
