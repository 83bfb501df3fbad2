"""`whoami`: who I am to the desk."""

from __future__ import annotations

from typing import Any

import click

from ticketctl.cli import output
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb

ENFORCED = {
    "local": "local: this process opens the database itself. Rights are checked and history keeps who acted, "
    "but whoever may write the file can do anything",
    "server": "a database server: rights are checked by this program, and whoever has the database's password "
    "can do anything",
}


@verb("whoami", examples="""
ticketctl whoami
ticketctl whoami --explain
""")  # fmt: skip
@click.option("--explain", is_flag=True, help="How that was found, what I may do, how far rights are enforced.")
def command(frame: Frame, explain: bool) -> None:
    """Tell which agent I am, what I may do, and how far rights are enforced."""
    from ticketctl.desk import directory

    value = frame.do(directory.whoami)
    output.one(frame, value, lambda: _text(value, explain), key="agent" if value["agent"] else "login")


def _text(value: dict[str, Any], explain: bool) -> str:
    from ticketctl.page import escape

    who = value["agent"] or "no agent of this desk"
    acting = f", with the rights of {value['agent']}" if value["real"] else ""
    lines = [f"{value['real'] or who}{acting}" + (" (admin)" if value["admin"] else "")]
    if explain:
        found = f"is in `logins` of agent {value['real'] or who}" if value["agent"] else "no agent has"
        lines.append(f"uid {value['uid']} is login {value['login'] or '(none)'}, which {found}")
        lines += [f"{queue}: {' '.join(rights)}" for queue, rights in value["rights"].items()] or ["no rights"]
        lines.append("may run flush, fsck and db" if value["system"] else "may not run flush, fsck or db")
        lines.append(f"database {value['database']}")
        lines.append(ENFORCED["local" if value["mode"] == "local" else "server"])
    return "".join(f"{escape(line)}\n" for line in lines)
