"""`role`: roles, what they allow, who has them."""

from __future__ import annotations

from ticketctl.cli.directory import family

command = family("role", ("name", "queues", "agents"), help="Roles: what they allow, and who has them.", examples="""
ticketctl role list
""")  # fmt: skip
