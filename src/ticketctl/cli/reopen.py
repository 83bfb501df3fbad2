"""`reopen`: state open again."""

from __future__ import annotations

from ticketctl.cli import editor, output, words
from ticketctl.cli.frame import Frame
from ticketctl.cli.group import verb
from ticketctl.cli.words import expanded


@verb("reopen", changes=True, examples="""
ticketctl reopen 17 -m 'It broke again.'
""")  # fmt: skip
@words.tickets
@words.text_options
def command(frame: Frame, words: tuple[str, ...], message: str | None, file: str | None) -> int:
    """Give tickets the state open again. -m adds an internal note."""
    from ticketctl.desk import closing

    text = editor.optional(frame, message, file, words=words)
    return output.changed(frame, frame.do(closing.reopen, expanded(frame, words), text=text))
