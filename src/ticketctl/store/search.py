"""`search`: tickets in whose texts something was found, the best or the newest first, and the places in them.

The rank is our own, since each database has another: a word counts more in a title than in a subject, there more than
in an author, there more than in a text, and the more the fewer of the tickets found have it; of equals the newest
comes first. It looks at the newest RANKED tickets that match, and of a common word or phrase at those of its newest
WINDOW hits that the agent may read (`window`), so that one which a million articles have costs no more.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Literal

from msgspec.structs import replace
from sqlalchemy import Connection, or_, select

from ticketctl import words
from ticketctl.query import And, Not, Or, Query, Term, terms
from ticketctl.store import find, fulltext, rows, seek, walk, window
from ticketctl.store import tables as t
from ticketctl.store.indexing import ARTICLE, author, dialect_of
from ticketctl.store.value import Find, Hit
from ticketctl.ticket import Ticket
from ticketctl.words import Needle

Order = Literal["rank", "newest"]
RANKED = 500
WINDOW = 2_500  # hits of a common word
_SOON = 12  # hits for each of the newest tickets wanted
MOST_PLACES = 3  # articles of a ticket that are shown, and its title
_LOOSE = 20  # articles that have the words of a phrase, and are read for it
_HEADS = 5_000  # articles whose subjects and authors are looked at
_SNIPPET, _BEFORE = 160, 50  # characters of a line, and of them before the first hit
_WEIGHTS = {"title": 8, "subject": 4, "from": 2, "text": 1}

Asked = tuple[words.Field, Needle]


def needles(query: Query) -> list[Asked]:
    """What the query looks for in texts, but for what must not be there."""
    match query:
        case Term(field="word" | "from" | "subject" as field):
            where: words.Field = "any" if field == "word" else "from" if field == "from" else "subject"
            made = [(where, words.needle(str(value), where)) for value in query.values]
            return [(field, each) for field, each in made if each is not None]
        case Not() | Term():
            return []
        case _:
            return list(dict.fromkeys(each for part in query.parts for each in needles(part)))


def search(connection: Connection, asked: find.Page, order: Order, *, places: bool) -> list[Hit]:
    """The tickets of the page that match, with `places` also where; `asked.sort` is not looked at."""
    looked_for = needles(asked.query)
    query = fulltext.resolved(connection, asked.query, anywhere=True)
    limit = asked.limit if order == "newest" else RANKED
    found = _newest(connection, replace(asked, query=query, sort="created", reverse=True, limit=limit), order)
    if order == "rank":
        found = _ranked(connection, found, asked.query, looked_for)[: asked.limit]
    return [
        Hit(ticket=ticket, finds=tuple(_places(connection, ticket, looked_for)) if places else ())
        for ticket in found
    ]  # fmt: skip


def _newest(connection: Connection, asked: find.Page, order: Order) -> list[Ticket]:
    """The newest tickets of the page, from a window of hits; a wider one where that is not enough, not for rank."""
    if asked.limit is None:
        return _to_the_letter(connection, asked)
    most = WINDOW if order == "rank" else min(WINDOW, _SOON * asked.limit)
    while True:
        seen = window.window(connection, asked.query, most, asked.queues)
        found = _to_the_letter(connection, asked if seen is None else replace(asked, query=seen.query))
        if order == "rank" or seen is None or not seen.more or len(found) >= asked.limit:
            return found
        most *= 8


def _to_the_letter(connection: Connection, asked: find.Page) -> list[Ticket]:
    """The page, its phrases word for word. Where the index knows no more than a phrase's words, the tickets of the page
    are looked into, until no ticket is on it that was not."""
    seen: _Seen = {lookup: {} for lookup in _rough(asked.query)}
    limit = asked.limit
    while True:
        query = _settled(asked.query, seen, wanted=True)
        found = [rows.ticket_of(row) for row in seek.tickets(connection, replace(asked, query=query, limit=limit))]
        page = found[: asked.limit]
        if all(ticket.id in known for known in seen.values() for ticket in page):
            return page
        for lookup, known in seen.items():
            unseen = [ticket.id for ticket in found if ticket.id not in known]
            have = fulltext.having(connection, lookup, unseen)
            known |= {each: each in have for each in unseen}
        limit = None if limit is None else 2 * limit


_Seen = dict[fulltext.Lookup, dict[int, bool]]  # which tickets were looked into, and whether they have the phrase


def _rough(query: Query) -> list[fulltext.Lookup]:
    values = (value for term in terms(query) if term.field == "has" for value in term.values)
    return [value for value in values if isinstance(value, fulltext.Lookup) and value.is_rough]


def _settled(query: Query, seen: _Seen, *, wanted: bool) -> Query:
    """The query with what is known of its phrases; who was not seen yet may be on the page: has a phrase that is
    `wanted`, where he has its words, and none that is not."""
    match query:
        case And(parts=parts):
            return And(tuple(_settled(part, seen, wanted=wanted) for part in parts))
        case Or(parts=parts):
            return Or(tuple(_settled(part, seen, wanted=wanted) for part in parts))
        case Not(part=part):
            return Not(_settled(part, seen, wanted=not wanted))
        case Term(field="has", values=(fulltext.Lookup() as lookup,)) if lookup in seen:
            have, lack = (tuple(each for each, has in seen[lookup].items() if has is so) for so in (True, False))
            return And((query, Not(Term(field="id", values=lack)))) if wanted else Term(field="id", values=have)
        case _:
            return query


def _are_all_wanted(query: Query) -> bool:
    """Has every ticket that matches each of the words?"""
    parts = walk.parts(query)
    return all(len(part.values) == 1 if isinstance(part, Term) else isinstance(part, Not) for part in parts)


def _ranked(connection: Connection, found: list[Ticket], query: Query, looked_for: Sequence[Asked]) -> list[Ticket]:
    """The best first; what is equally good stays in its order."""
    if len(found) < 2:
        return found
    heads = _heads(connection, [ticket.id for ticket in found])
    all_have = _are_all_wanted(query)
    score: defaultdict[int, float] = defaultdict(float)
    for field, asked in looked_for:
        pattern = re.compile(asked.pattern)
        weights: dict[int, int] = {}
        for ticket in found:
            where = {"title": [ticket.title, ticket.number]} | heads[ticket.id]
            standing = (_WEIGHTS[name] for name, texts in where.items() if field in ("any", name)
                        and any(pattern.search(words.folded(text)) for text in texts))  # fmt: skip
            weights[ticket.id] = max(standing, default=0)
        have = weights if all_have else _having(connection, found, weights, field, asked)
        rarity = math.log(1 + len(found) / max(len(have), 1))
        for ticket_id in have:
            score[ticket_id] += rarity * max(weights[ticket_id], 1)
    return sorted(found, key=lambda ticket: -score[ticket.id])


def _having(
    connection: Connection, found: list[Ticket], weights: dict[int, int], field: words.Field, asked: Needle
) -> Collection[int]:
    """Those tickets that have it at all: in the text alone is not seen in the heads."""
    unseen = [ticket.id for ticket in found if not weights[ticket.id]]
    if not unseen:
        return weights
    lookup = fulltext.Lookup(dialect=dialect_of(connection), field=field, needle=asked)
    seen = (ticket_id for ticket_id, weight in weights.items() if weight)
    return {*fulltext.having(connection, lookup, unseen), *seen}


def _heads(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    """Subjects and authors of the tickets' newest articles."""
    c = t.article.c
    wanted = select(c.ticket_id, c.subject, c.author_name, c.author_address).where(c.ticket_id.in_(ids))
    found: dict[int, dict[str, list[str]]] = {each: {"subject": [], "from": []} for each in ids}
    for row in connection.execute(wanted.order_by(c.id.desc()).limit(_HEADS)):
        found[row.ticket_id]["subject"].append(row.subject[: words.HEAD])
        found[row.ticket_id]["from"].append(author(row._asdict())[: words.HEAD])
    return found


def _places(connection: Connection, ticket: Ticket, looked_for: Sequence[Asked]) -> Iterator[Find]:
    """The title, where something is found in it, and the newest articles where something is."""
    anywhere = [asked.pattern for field, asked in looked_for if field == "any"]
    if anywhere and (title := _snippet(ticket.title, anywhere)) is not None:
        yield Find(n=None, where="title", text=title[0], marks=title[1])
    if not looked_for:
        return
    c, dialect = t.article.c, dialect_of(connection)
    have = or_(*(fulltext.on_article(dialect, asked) for _, asked in looked_for))
    most = _LOOSE if any(asked.loose for _, asked in looked_for) else MOST_PLACES
    wanted = select(c.n, *ARTICLE).where(c.ticket_id == ticket.id, have).order_by(c.n.desc()).limit(most)
    found = (place for row in connection.execute(wanted).all() for place in _in_article(row, looked_for))
    yield from islice(found, MOST_PLACES)


def _in_article(row: Any, looked_for: Sequence[Asked]) -> Iterator[Find]:
    """The line of an article that shows best what was found: of its text, else its subject, else its author."""
    for where, text in reversed(fulltext.article_texts(row).items()):
        patterns = [asked.pattern for field, asked in looked_for if field in ("any", where)]
        if patterns and (found := _snippet(text, patterns)) is not None:
            yield Find(n=row.n, where=where, text=found[0], marks=found[1])
            return


def _snippet(text: str, patterns: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]] | None:
    """About a line of the text around the first place where all is found, or else any of it, and where in that line."""
    image = words.folded(text[: words.LONGEST])
    firsts = [found for found in (re.search(each, image) for each in patterns) if found]
    if not firsts:
        return None
    first = min(firsts, key=lambda found: found.start())
    line = _around(text, image.count("\n", 0, first.start()), patterns)
    marks = words.spans(line, patterns)
    begin = max(marks[0][0] - _BEFORE, 0) if marks else 0
    begin = 0 if begin < _BEFORE // 2 else begin
    shown = line[begin : begin + _SNIPPET]
    inside = tuple((one - begin, min(other - begin, len(shown))) for one, other in marks if one - begin < len(shown))
    return shown, inside


def _around(text: str, above: int, patterns: Sequence[str]) -> str:
    """The text from the line with so many above it on, its blanks made single; from within it, where it is long."""
    start = 0
    for _ in range(above):
        start = text.find("\n", start) + 1
    for at in range(start, len(text), words.HEAD // 2):
        part = text[at : at + words.HEAD]
        if any(re.search(each, words.folded(part)) for each in patterns):
            return " ".join(part.split())
    return ""
