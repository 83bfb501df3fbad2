"""`completion`: the lines a shell needs to complete our words."""

from __future__ import annotations

import sys

import click

from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


@verb("completion", examples="""
ticketctl completion bash > ~/.local/share/bash-completion/completions/ticketctl
ticketctl completion zsh > ~/.zfunc/_ticketctl
""")  # fmt: skip
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")), required=False, metavar="SHELL")
def command(_frame: Frame, shell: str | None) -> None:
    """Print the completion of a shell: bash, zsh or fish."""
    if shell is None:
        raise click.UsageError("which shell? bash, zsh or fish", ctx=click.get_current_context())
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    from ticketctl.cli import COMPLETE, PROGRAM, cli

    made = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell](cli, {}, PROGRAM, COMPLETE)
    # not made.source(): it starts the shell to ask its version
    sys.stdout.write(made.source_template % made.source_vars() + "\n")
