"""`agent`: agents and their rights."""

from __future__ import annotations

from ticketctl.cli.directory import family

COLUMNS = ("name", "full_name", "email", "admin", "roles")

command = family("agent", COLUMNS, help="Agents and their rights.", examples="""
ticketctl agent list
ticketctl agent show me
""")  # fmt: skip
