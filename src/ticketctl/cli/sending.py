"""The first try to send what an agent has just written; what fails is owed, and flush goes on with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ticketctl.errors import Refusal

if TYPE_CHECKING:
    from ticketctl.cli.frame import Frame
    from ticketctl.flush import Report


def first_try(frame: Frame, owed: Sequence[int]) -> None:
    """Tries to send these mails of the outbox; a failure is a warning, since they are kept."""
    if frame.options.dry_run:
        return
    from ticketctl.cli.output import warn

    for number in owed:
        try:
            report = passed(frame, only=number)
        except Refusal as refusal:
            warn(f"mail {number} is owed, not sent: {refusal.message}")
            continue
        if not report.results:
            warn(f"mail {number} is owed, not sent: mail is held, or on its way; see `ticketctl outbox list`")
        for result in report.results:
            if result.became in ("deferred", "failed", "unknown"):
                warn(f"mail {number} is {result.became}, not sent: {result.error or 'no reason was given'}")
            elif result.became == "rendered":
                warn(f"mail {number} is owed, not sent: `send = false` on this host")


def passed(frame: Frame, *, only: int | None = None, limit: int = 1000) -> Report:
    """One pass over the outbox, by this host's way of sending."""
    from ticketctl import flush, post

    with frame.store.reading() as tx:
        policy = tx.policy()
    transport = post.transport(frame.config.sendmail, frame.config.smtp)
    send = frame.config.send and not frame.options.dry_run
    shadow = not frame.config.send and not frame.options.dry_run and only is None
    frame.tick()
    return flush.flush(frame.store, transport, policy, now=frame.now, limit=limit, send=send, shadow=shadow, only=only)


def muted(frame: Frame) -> None:
    """Says that nothing leaves this host, where it is so."""
    if not frame.config.send:
        from ticketctl.cli.output import remark

        remark(frame, "nothing is sent: `send = false` on this host")


def preview(frame: Frame, number: int) -> bytes:
    """An automatic answer or a notice as it would be made now: for who may send it, since its token is in it."""
    from ticketctl import flush
    from ticketctl.desk import outbox

    frame.do(outbox.own, number)
    with frame.store.reading() as tx:
        return flush.rendered(tx, tx.policy(), tx.outbox_row(number), frame.now)
