"""`customer`: who writes to us."""

from __future__ import annotations

from ticketctl.cli.directory import family

command = family("customer", ("address", "name", "tickets", "last"), help="Who writes to us.", examples="""
ticketctl customer list
ticketctl customer show emma@example.org
""")  # fmt: skip
