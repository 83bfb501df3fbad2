"""`show`: a ticket with its thread, an article, an attachment, the bytes of a mail."""

from __future__ import annotations

from datetime import tzinfo
from typing import TypedDict

import click

from ticketctl.cli import output, saving, terminal
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb


class Look(TypedDict):
    """How pages look."""

    width: int
    color: bool
    zone: tzinfo


@verb("show", examples="""
ticketctl show 17               head and thread
ticketctl show 17/-1            its last article
ticketctl show 17/3/2 > a.pdf   the second attachment of its third article
ticketctl show 17/1 --raw       that mail, byte for byte
ticketctl show 17 --unfold      with all that the mails quote
ticketctl show 17 --save .      every attachment into files
""")  # fmt: skip
@click.argument("word", metavar="TICKET|ARTICLE")
@click.option("--raw", is_flag=True, help="The mail's bytes exactly as they came.")
@click.option("--headers", is_flag=True, help="Every header of the mail, too.")
@click.option("--save", metavar="DIR", help="Write the attachments into files there.")
@click.option("--unfold", is_flag=True, help="Quoted history in full, too.")
def command(frame: Frame, word: str, raw: bool, headers: bool, save: str | None, unfold: bool) -> None:
    """Show a ticket, one of its articles (17/3), or an attachment (17/3/2)."""
    from ticketctl import page
    from ticketctl.desk import reading
    from ticketctl.errors import NotThere, Usage
    from ticketctl.query import ArticleRef, reference

    if raw + headers + (save is not None) > 1:
        raise Usage("--raw, --headers and --save are one or another")
    ref = reference(word)
    if raw:
        saving.to_stdout(frame.do(reading.raw, word), force_text=True)
        return
    if save is not None:
        files = frame.do(reading.attachments, word)
        if not files:
            raise NotThere(f"no attachments at {word}")
        output.lines(saving.to_directory(files, save))
        return
    if isinstance(ref, ArticleRef) and ref.attachment is not None:
        saving.to_stdout(frame.do(reading.attachments, word)[0])
        return
    shown = frame.do(reading.show, word)
    value = shown.value
    if headers:
        fields = frame.do(reading.headers, word)
        for article in value["articles"]:
            article["headers"] = [list(pair) for pair in fields.get(article["n"], [])]

    def text() -> str:
        look = Look(width=terminal.width(), color=terminal.color(frame), zone=shown.zone)
        parts = []
        for article in value["articles"]:
            listed = "".join(f"{page.escape(f'{name}: {content}')}\n" for name, content in article.get("headers", []))
            told = page.article_page(
                article, value["id"], unfold=unfold, meetings=shown.meetings.get(article["n"], ()), **look
            )
            parts.append(listed + ("\n" if listed else "") + told)
        if isinstance(ref, ArticleRef):
            return "".join(parts)
        if shown.answers:
            parts.append(page.answer_lines(shown.answers, look["color"]))
        return "\n".join([page.show_page({**value, "articles": []}, **look), *parts])

    printed = value["articles"][0] if isinstance(ref, ArticleRef) else value
    if isinstance(ref, ArticleRef) and frame.options.output == "ids":
        printed = {**printed, "number": value["number"]}
    output.one(frame, printed, text)
