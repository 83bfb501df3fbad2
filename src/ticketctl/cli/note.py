"""`note`: what agents tell each other."""

from __future__ import annotations

import click

from ticketctl.cli import editor, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.replying import attachment
from ticketctl.cli.words import expanded


@verb("note", changes=True, examples="""
ticketctl note 17 -m 'Their gateway was replaced last week.'
ticketctl note 17 -m 'Their diagram' -a network.pdf
ticketctl note 17 --channel phone      what the customer said on the telephone
""")  # fmt: skip
@words.tickets
@words.text_options
@click.option("--channel", type=click.Choice(("note", "phone")), default="note", help="phone: a call by the customer.")
@click.option("-a", "--attach", multiple=True, metavar="FILE", help="Attach a file.")
@click.option("-e", "--edit", is_flag=True, help="Edit what -m or -F gave.")
def command(
    frame: Frame,
    words: tuple[str, ...],
    message: str | None,
    file: str | None,
    channel: str,
    attach: tuple[str, ...],
    edit: bool,
) -> int:
    """Add an internal note; it never leaves the desk. Needs no lock."""
    from ticketctl.desk import noting

    files = [attachment(path) for path in attach]
    comment = [f"A note on {' '.join(words)}, for agents only."]
    text = editor.text(frame, message, file, edit=edit, comment=comment, words=words)
    kind: noting.NoteChannel = "phone" if channel == "phone" else "note"
    outcome = frame.do(noting.note, expanded(frame, words), text=text, channel=kind, files=files)
    return output.changed(frame, outcome)
