"""`help`: the manual page, or --help where there is none."""

from __future__ import annotations

import sys

import click

from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


@verb("help", examples="""
ticketctl help reply
ticketctl help query       how to ask: ticketctl-query(7)
""")  # fmt: skip
@click.argument("words", nargs=-1, metavar="[VERB|TOPIC]")
def command(frame: Frame, words: tuple[str, ...]) -> int:
    """Open the manual page of the program, a verb or a topic; print --help where there is none."""
    from ticketctl.cli import cli, output
    from ticketctl.errors import NotThere

    name = "-".join(words)
    page = f"ticketctl-{name}" if name else "ticketctl"
    if _man(page):
        return 0
    context = click.get_current_context().find_root()
    if not words:
        sys.stdout.write(cli.get_help(context) + "\n")
        return 0
    found = cli.get_command(context, words[0]) if words[0] in cli.rows else None
    if found is None and words and (meant := frame.config.alias.get(words[0])) is not None:
        output.lines([f"{words[0]} stands for: {meant}"])
        return 0
    if found is None:
        raise NotThere(f"no verb and no manual page {name!r}; `ticketctl --help` lists the verbs")
    inner = click.Context(found, info_name=words[0], parent=context)
    sys.stdout.write(found.get_help(inner) + "\n")
    return 0


def _man(page: str) -> bool:
    """Shows a manual page, if man(1) and the page are there."""
    import shutil
    import subprocess

    man = shutil.which("man")
    if man is None:
        return False
    sys.stdout.flush()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    if subprocess.run([man, "-w", page], check=False, **quiet).returncode:  # type: ignore[call-overload]  # kwargs
        return False
    return subprocess.run([man, page], check=False).returncode == 0
