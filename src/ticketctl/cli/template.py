"""`template`: templates, and what one makes of a ticket."""

from __future__ import annotations

from datetime import tzinfo

import click

from ticketctl.cli import output
from ticketctl.cli.directory import Value, family, request
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


def _page(value: Value, zone: tzinfo) -> str:
    """A template for people: its texts stand below, each with its language."""
    from ticketctl.page import escape

    texts = ("subject", "body")
    parts = [output.fields({key: content for key, content in value.items() if key not in texts}, zone)]
    for key in texts:
        for language, text in value[key].items():
            title = f"{key} ({language})" if language else key
            lines = "".join(f"    {line}".rstrip() + "\n" for line in escape(text, lines=True).split("\n"))
            parts.append(f"{escape(title)}\n{lines.rstrip()}\n")
    return "\n".join(parts)


command = family("template", ("name", "kind", "languages", "queues"), help="Templates, and what one makes of a ticket.",
                 page=_page, examples="""
ticketctl template list
ticketctl template render vpn 17
""")  # fmt: skip


@verb("render")
@click.argument("name")
@click.argument("ticket")
@click.option("--language", default="", metavar="LANG", help="The customer's language.")
def render(frame: Frame, name: str, ticket: str, language: str) -> None:
    """Show what a template makes of a ticket; nothing is written."""
    from ticketctl.page import escape

    value = frame.do(request("rendered"), name, ticket, language=language)
    subject = f"Subject: {value['subject']}\n\n" if value["subject"] else ""
    text = subject + value["body"]
    output.one(frame, value, lambda: escape(text if text.endswith("\n") else f"{text}\n", lines=True))


command.add_command(render)
