"""The writer: all of a change is kept, or nothing; the row is the fold of its history."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from store.conftest import ANNA, BERT, CARLA, LATER, NOW, added, asks, everything, letter, mail, opened, received, reply
from ticketctl.change import Created, DeliveryFailed, Linked, Moved, Retitled, StateSet, Taken, fold
from ticketctl.errors import BadData, Locked, NotAllowed, NotThere, TryAgain
from ticketctl.store import Entry, Store, Writer
from ticketctl.ticket import POSTMASTER, SYSTEM, Address, Kind, Priority, State, Ticket


def test_a_ticket_is_the_fold_of_its_history(store, ticket):
    made = ticket(added(1))
    assert made == Ticket(
        id=1, number="2026112210000014", version=2, title="printer", queue="Raw", state=State.NEW,
        priority=Priority.NORMAL, customer=Address(address="Kim@Customer.example"), created=NOW, changed=NOW,
        waiting_on="us", articles=1, last_customer_article=1,
    )  # fmt: skip
    with store.writing(ANNA, LATER) as tx:
        after = tx.change(made.id, Taken(owner="anna"), StateSet(state=State.OPEN))
    with store.reading() as tx:
        history = tx.history(made.id)
        assert tx.ticket(made.id) == after == fold((entry.change, entry.at) for entry in history)
    assert history[2] == Entry(
        ticket=1, version=3, at=LATER, actor="anna", as_=None, via="cli", uid=1000, change=Taken(owner="anna")
    )
    assert [entry.actor for entry in history] == ["postmaster", "postmaster", "anna", "anna"]


def test_as_keeps_both_names(store, ticket):
    from ticketctl.ticket import Actor

    made = ticket()
    with store.writing(Actor(agent="bert", real="anna", uid=7), NOW) as tx:
        tx.change(made.id, Taken(owner="bert"))
    with store.reading() as tx:
        last = tx.history(made.id)[-1]
    assert (last.actor, last.as_, last.uid) == ("anna", "bert", 7)


def test_a_whole_article_comes_back(store, ticket):
    from ticketctl.ticket import Article, Attachment

    whole = Article(
        n=1, channel="email", sender_type="customer", visible=True, author=Address(address="k@x.example", name="Kim"),
        to=(Address(address="raw@example.org"),), cc=(Address(name="nobody"),),
        reply_to=(Address(address="r@x.example"),),
        subject="S", date=NOW, received=LATER, message_id="<1@x>", in_reply_to="<0@x>", references=("<a@x>", "<0@x>"),
        body="line\n", body_type="text/html", kind=Kind.AUTO, remarks=("by number",),
        attachments=(Attachment(n=1, name="a.png", content_type="image/png", size=3, sha256="f" * 64, offset=9,
                                length=4, encoding="base64"),),
    )  # fmt: skip
    from ticketctl.change import ArticleAdded
    from ticketctl.change.step import Step

    change = ArticleAdded(n=1, channel="email", sender_type="customer", visible=True, kind=Kind.AUTO)
    made = ticket(Step(change=change, article=whole, raw=b"raw bytes"))
    with store.reading() as tx:
        found = tx.article(made.id, -1)
        assert found is not None
        assert tx.raw(found.raw_sha256) == b"raw bytes"
        assert tx.articles(made.id) == [found]
        assert tx.article(made.id, 2) is None
        assert tx.article(made.id, 0) is None
    from msgspec.structs import replace

    assert replace(found, id=None, raw_sha256=None) == whole


@pytest.mark.parametrize(
    ("actor", "change", "refusal"),
    [
        (BERT, Retitled(title="mine"), Locked),
        (CARLA, Retitled(title="mine"), NotThere),
        (SYSTEM, Moved(queue="Nowhere"), NotThere),
        (SYSTEM, DeliveryFailed(n=7, recipient="x"), BadData),
    ],
)
def test_a_denied_change_leaves_nothing_behind(store, ticket, actor, change, refusal):
    made = ticket(added(1), Taken(owner="anna"))
    before = everything(store)
    note = added(2, sender_type="agent", visible=False, channel="note", raw=b"gone", owed=(mail(),))
    with pytest.raises(refusal), store.writing(actor, LATER) as tx:
        tx.change(made.id, note, change)
    assert everything(store) == before


def test_create_covers_what_comes_with_a_new_ticket_and_no_more(store):
    text_rights = CARLA
    with pytest.raises(NotAllowed), store.writing(text_rights, NOW) as tx:
        opened(tx, queue="Support")


def test_a_new_ticket_cannot_skip_legal_steps(store):
    with pytest.raises(BadData), store.writing(ANNA, NOW) as tx:
        opened(tx, added(2))


def test_a_ticket_that_is_not_there_is_66(store):
    with pytest.raises(NotThere), store.writing(SYSTEM, NOW) as tx:
        tx.change(99, Retitled(title="x"))


def test_nul_and_surrogates_never_reach_the_database_and_the_row_still_folds(store, ticket):
    made = ticket(added(1, subject="a\0b\ud800", body="c\0"), title="t\0\udfff")
    assert made.title == "t\ufffd\ufffd"
    with store.reading() as tx:
        assert tx.ticket(made.id) == made == fold((e.change, e.at) for e in tx.history(made.id))
        found = tx.articles(made.id)[0]
    assert (found.subject, found.body) == ("a\ufffdb\ufffd", "c\ufffd")


def test_a_stale_version_is_try_again(store, ticket, monkeypatch):
    made = ticket()
    monkeypatch.setattr(Writer, "ticket", lambda _tx, _id: made.evolve(version=made.version - 1))
    with pytest.raises(TryAgain), store.writing(ANNA, NOW) as tx:
        tx.change(made.id, Retitled(title="x"))


def test_links_are_in_the_history_of_both_and_twice_is_once(store, ticket):
    one, two = ticket(), ticket()
    for _ in range(2):
        with store.writing(POSTMASTER, NOW) as tx:
            tx.link(one.id, two.id, "parent")
    with store.reading() as tx:
        assert [(x.type, x.other, x.number) for x in tx.links(one.id)] == [("parent", two.id, two.number)]
        assert [(x.type, x.other, x.number) for x in tx.links(two.id)] == [("child", one.id, one.number)]
        assert tx.history(two.id)[-1].change == Linked(other=one.id, number=one.number, type="child")
        assert tx.ticket(one.id).version == 2


def test_the_number_is_of_the_desks_day(store):
    with store.writing(SYSTEM, NOW + timedelta(hours=14)) as tx:  # 00:30 in Paris
        assert opened(tx).number.startswith("20261123")


def test_times_must_be_utc(store):
    from datetime import datetime

    with pytest.raises(Exception, match="UTC"), store.writing(SYSTEM, datetime(2026, 1, 1)) as tx:
        tx.change(None, Created(id=1, number="12345678", title="", queue="Raw", state=State.NEW))


def test_a_reply_owes_a_mail_with_its_bytes(store, ticket):
    made = ticket(added(1))
    owed = mail()
    with store.writing(ANNA, LATER) as tx:
        tx.change(made.id, Taken(owner="anna"), reply(2, owed, raw=b"finished"))
    with store.reading() as tx:
        (row,) = tx.outbox()
        assert (row.mail_class, row.status, row.ticket, row.number, row.n, row.agent) == (
            "agent", "owed", made.id, made.number, 2, "anna")  # fmt: skip
        assert tx.raw(row.raw_sha256) == b"finished"
        assert tx.known(asks(tokens=(owed.token,)), LATER).tokens[owed.token].recipients == ("kim@customer.example",)
        assert tx.deliveries(made.id) == {
            2: [{"recipient": "Kim@Customer.example", "status": "owed", "code": None, "permanent": None, "at": LATER}]
        }


def test_a_large_mail_is_kept_in_pieces_and_viewed_in_stretches(store: Store, tmp_path: Path):
    import random

    data = random.Random(1).randbytes(3 * 1024 * 1024 + 5) + b"x" * 2_000_000
    received(store, letter(data), asks())
    sizes = [len(row[-1]) for row in everything(store)["raw_piece"]]
    assert len(sizes) == 5
    assert max(sizes) <= 1 << 20
    with store.reading() as tx:
        row = tx.letters(held_only=False)[0]
        assert tx.raw(row.raw_sha256) == data
        for offset, length in [(0, 1), (1 << 20, 1 << 20), ((1 << 20) - 1, 3), (len(data) - 2, 9), (17, 0)]:
            assert tx.raw_view(row.raw_sha256, offset, length) == data[offset : offset + length]


def statements(tx: Writer) -> list[str]:
    said: list[str] = []
    event.listen(tx._connection, "before_cursor_execute", lambda *given: said.append(given[2]))
    return said


def test_the_rows_owed_are_told_by_token(store, ticket):
    made, owed, notice = ticket(added(1)), mail(), mail(mail_class="notice", audience="agent")
    with store.writing(ANNA, LATER) as tx:
        tx.change(made.id, Taken(owner="anna"), reply(2, owed))
        tx.owe(notice)
        assert tx.owed == {owed.token: 1, notice.token: 2}
    with store.writing(ANNA, LATER) as tx:
        assert tx.owed == {}


def test_what_was_read_is_not_read_again(store, ticket):
    one, two = ticket(added(1)), ticket(added(1))
    with store.writing(ANNA, LATER) as tx:
        said = statements(tx)
        assert tx.policy() is tx.current() is tx.policy()
        assert tx.ticket(one.id) == one
        tx.change(one.id, Taken(owner="anna"))
        tx.change(one.id, Retitled(title="other"))
        assert tx.ticket(one.id).title == "other"
        reads = [each for each in said if each.startswith("SELECT")]
        assert len(reads) == 2, reads
        del said[:]
        tx.link(one.id, two.id)
        tx.link(one.id, two.id)
        assert len([each for each in said if each.startswith("SELECT")]) == 3, said
    with store.reading() as tx:
        assert [len(tx.links(each)) for each in (one.id, two.id)] == [1, 1]
