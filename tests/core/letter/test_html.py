"""HTML of newsletters and of tricksters in 80 columns: layout tables, pictures, what nobody was meant to see."""

from __future__ import annotations

import base64

import pytest

from ticketctl.letter import html, read

LONG = "Our very good printers are so cheap that you will not believe it, and more follows."
SHORT = "Printers"


def table(*rows: str) -> str:
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def cells(*texts: str) -> str:
    return "".join(f"<td>{text}</td>" for text in texts)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (  # it fits: a table
            table(cells("Article", "Price"), cells("Printer", "100"), cells("Toner with a long name", "20")),
            "Article                 Price\nPrinter                 100\nToner with a long name  20\n",
        ),
        (table(cells(LONG, f"<p>{LONG}</p>")), f"{LONG}\n{LONG}\n"),  # it does not: cell by cell
        (table(cells(f"{SHORT}<br>" * 3, "x")), f"{SHORT}\n{SHORT}  x\n{SHORT}\n"),  # lines count, not their sum
        (table(cells(LONG)), f"{LONG}\n"),  # one column is no table
        (table(cells("", LONG, "&nbsp;", " ")), f"{LONG}\n"),
        (table(cells(table(cells("a", "b")))), "a  b\n"),
        (table(cells(table(cells("x" * 50, "b")), "y" * 50)), f"{'x' * 50}  b\n{'y' * 50}\n"),
        (table(cells(table(cells(LONG, SHORT)), table(cells("a", "b")))), f"{LONG}\n{SHORT}\na  b\n"),
        (f"<table><tr><td>{LONG}<td>{SHORT}<tr><td>c<td>d</table>", f"{LONG}\n{SHORT}\nc\nd\n"),
        (f"</td></table><td>{SHORT}</table>", f"{SHORT}\n"),
    ],
)
def test_tables_stay_tables_where_they_fit(source: str, text: str) -> None:
    lines = [line.strip(" ") for line in html.to_text(source).split("\n")]
    assert "\n".join(line for line in lines if line) == text.strip()


def test_a_long_target_of_a_link_is_no_reason_to_lose_a_table_of_others() -> None:
    link = f'<a href="https://example.net/{"x" * 90}">here</a>'
    told = html.to_text(table(cells("see", link)) + table(cells("a", "b")))
    assert told.split("\n") == ["see", f"here <https://example.net/{'x' * 90}>", "a  b", ""]


@pytest.mark.parametrize(
    "style",
    [
        "display:none", "display : none !important", "mso-hide:all", "visibility:hidden", "opacity:0", "opacity: 0.0;",
        "font-size:0", "font-size:0px", "FONT-SIZE: 0.0em",
    ],
)  # fmt: skip
def test_what_people_could_not_see_is_not_shown(style: str) -> None:
    assert html.to_text(f'<p>seen<span style="{style}">hidden <b>x</b></span></p>') == "seen\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('<p style="display:none">preview<p>seen<p>too', "seen\n\ntoo\n"),
        ('<table><tr style="display:none"><td>no<tr><td>seen</table>too', "seen\n\ntoo\n"),
        ("<ul><li hidden>no<li>seen</ul>", "* seen\n"),
        ('<div style="display:none">preview<p>seen', "preview\n\nseen\n"),
        ('<span style="font-size:0">preview<div>seen</div>', "preview\nseen\n"),
    ],
)
def test_what_is_hidden_and_never_ends_hides_nothing_behind_it(source: str, text: str) -> None:
    assert html.to_text(source).replace("  ", "") == text


@pytest.mark.parametrize("style", ["opacity:0.5", "font-size:0.8em", "fill-opacity:0", "display:block"])
def test_what_people_could_see_is_shown(style: str) -> None:
    assert html.to_text(f'<p>seen <span style="{style}">too</span></p>') == "seen too\n"


def test_size_zero_around_columns_hides_nothing() -> None:
    assert html.to_text('<table><tr><td style="font-size:0px"><div>seen</div></td></tr></table>') == "seen\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("vi\u200bag\u00adra\ufeff &shy;x", "viagra x\n"),
        ("a\u200cb&zwnj;&nbsp;c", "ab c\n"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\n"),
        ("\U0001f468\u200d\U0001f4bb", "\U0001f468\u200d\U0001f4bb\n"),
    ],
)
def test_characters_without_width_hide_no_word(source: str, text: str) -> None:
    assert html.to_text(f"<p>{source}</p>").replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("picture", "text"),
    [
        ('<img src="cid:logo@example.net">', "[image: logo.png]"),
        ('<img alt="Logo" src=cid:logo%40example.net>', "[image: logo.png]"),
        ('<img src="cid:other" alt="x">', "[image]"),
        ('<img src="https://t.test/p.gif" alt="Our shop">', "[Our shop]"),
        ('<img src="https://t.test/p.gif" width=1 height=1>', ""),
    ],
)
def test_pictures_are_named(picture: str, text: str) -> None:
    images = {"logo@example.net": "logo.png"}
    assert html.to_text(f"<p>a {picture} b</p>", images) == f"a {text} b\n".replace("  ", " ")


def picture(*fields: str) -> str:
    return "\n".join(["Content-Type: image/png", *fields, "", base64.b64encode(b"PNG").decode()])


def test_a_picture_inside_the_mail_is_named_where_it_stands() -> None:
    raw = (
        "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n"
        '<p>see <img src="cid:1@x"></p>\n--b\n'
        + picture("Content-ID: <1@x>", 'Content-Disposition: inline; filename="../l.png"')
        + "\n--b--\n"
    )
    letter = read(raw.encode())
    assert (letter.text, [each.name for each in letter.attachments]) == ("see [image: l.png]\n", ["l.png"])


def test_a_picture_between_two_texts_is_named_between_them() -> None:
    text = "Content-Type: text/plain\n\n"
    parts = [
        f"{text}above", picture("Content-Disposition: inline; filename=a.png"), picture("Content-Disposition: inline"),
        picture("Content-Disposition: attachment; filename=c.png"), f"{text}below",
    ]  # fmt: skip
    raw = "Content-Type: multipart/mixed; boundary=b\n\n" + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    assert read(raw.encode()).text == "above\n[image: a.png]\n[image]\nbelow"
