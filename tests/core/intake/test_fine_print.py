"""Section 4's fine print on whole mails: ids and numbers as real clients write them, copies, mails out of order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.intake.desk import (
    AGENT_TOKEN,
    ANNA,
    CUSTOMER,
    NOW,
    NUMBER,
    STRANGER,
    TOKEN,
    decided,
    judged,
    known,
    letter,
    policy,
    ticket,
)
from ticketctl.change import PartyAccepted, StateSet
from ticketctl.intake import Candidate, Decision, Envelope, Known, Twin, asks, route
from ticketctl.intake.evidence import numbers
from ticketctl.intake.party import COPIES_LOOKED_AT, PARTIES_AT_MOST
from ticketctl.letter import Letter, read
from ticketctl.letter.value import Judgement
from ticketctl.ticket import Address, Kind, State

OURS = f"t.{TOKEN}.{NUMBER}@example.org"
SUPPORT = Envelope(recipient="support@example.org")
SALES = Envelope(recipient="sales@example.org")


def written(*lines: str, sender: str = CUSTOMER, subject: str = "Printer") -> Letter:
    """A mail as it comes, with these header lines."""
    head = [f"From: {sender}", "To: support@example.org", f"Subject: {subject}", "Message-ID: <new@customer.test>"]
    return read("\r\n".join([*head, *lines, "", "It burns.", ""]).encode())


# ids


@pytest.mark.parametrize(
    "line",
    [
        f"In-Reply-To: <{OURS}>",
        f"In-Reply-To:\r\n <{OURS}>",
        f"In-Reply-To: <t.{TOKEN}.\r\n {NUMBER}@example.org>",
        f"In-Reply-To: < t.{TOKEN}.{NUMBER}@example.org >",
        f"In-Reply-To: <t.{TOKEN}. {NUMBER} @ example.org>",
        f"In-Reply-To: <<{OURS}>>",
        f"In-Reply-To: {OURS}",
        f"In-Reply-To: <{OURS.upper()}>",
        f"in-reply-to: <{OURS}",
        f"In-Reply-To: Your message of Mon, 23 Nov 2026 09:00:00 +0000\r\n\t<{OURS}>",
        f'In-Reply-To: Your message of "Mon, 23 Nov 2026 09:00:00 +0000" <{OURS}>',
        f'In-Reply-To: <{OURS}> from "Example Support" at Nov 23, 26 09:00:00 am',
        f"In-Reply-To: Message from support@example.org <{OURS}>.",
        f"In-Reply-To: =?us-ascii?Q?=3Ct=2E{TOKEN}=2E{NUMBER}=40example=2Eorg=3E?=",
        f"In-Reply-To: =?us-ascii?Q?=3Ct=2E{TOKEN[:9]}?=\r\n =?us-ascii?Q?{TOKEN[9:]}=2E{NUMBER}=40example=2Eorg=3E?=",
        f"References: <a@b.test>, <{OURS}>",
        f"References: <a@b.test>,<{OURS}>,<c@d.test>",
        f"References: <a@b.test><{OURS}>",
        f"References: a@b.test; {OURS}",
        f"References: <a@b.test>\r\n\t<{OURS}>\r\n\t<c@d.test>",
        f"References: <{OURS}> <{'x' * 150}@d.test> <{'y' * 150}"[: 12 + 255],
        f"References: <{OURS}> <{'x' * 1200}@d.test>",
        f"References: (a comment) <{OURS}>",
        f"References: <{OURS}> =?utf-8?Q?=3Cc=40d=2Etest=3E?=",
    ],
)
def test_our_token_is_found_however_a_client_writes_it(line: str) -> None:
    found = decided(written(line))
    assert (found.verdict, found.ticket, found.article and found.article.visible) == ("follow-up", 1, True)


@pytest.mark.parametrize(
    "line",
    [
        "In-Reply-To: Your message of Mon, 23 Nov 2026 09:00:00 +0000",
        f"In-Reply-To: <t.{TOKEN[:-1]}.{NUMBER}@example.org>",
        f"In-Reply-To: <t.{TOKEN}x.{NUMBER}@example.org>",
        f"In-Reply-To: <{NUMBER}@example.org>",
        "In-Reply-To: <support@example.org>",
        "In-Reply-To: <>",
        f"X-In-Reply-To: <{OURS}>",
        "References: <" + ">" * 2000,
        f"References: {'<' * 2000}{TOKEN[2:]}",
    ],
)
def test_what_is_no_id_of_ours_is_no_evidence(line: str) -> None:
    assert decided(written(line)).verdict == "new"


def test_an_id_cut_off_by_a_client_is_that_id() -> None:
    long = f"<{'x' * 300}@customer.test>"
    knows = known(ids={("x" * 250): (1, "Support")})
    for line in (f"In-Reply-To: {long}", f"In-Reply-To: {long[:255]}", f"In-Reply-To: {long[:252]}>"):
        assert decided(written(line), knows=knows).ticket == 1


def test_the_twentieth_reference_from_the_right_is_looked_at_and_in_reply_to_besides() -> None:
    def chain(before: int) -> str:
        return "References: " + " ".join([f"<{OURS}>", *(f"<{n}@a.test>" for n in range(before))])

    assert decided(written(chain(19))).ticket == 1
    assert decided(written(chain(20))).verdict == "new"
    assert decided(written(chain(20), f"In-Reply-To: <{OURS}>")).ticket == 1
    assert decided(written(chain(19), "In-Reply-To: <x@y.test>")).ticket == 1


# numbers


@pytest.mark.parametrize(
    "subject",
    [
        f"Re: [Ticket#{NUMBER}] Printer",
        f"=?UTF-8?Q?Re:_[Ticket#{NUMBER}]_Dr=C3=BCcker_brennt_?=\r\n         =?UTF-8?Q?noch?=",
        f"=?ISO-8859-15?Q?Re=3A_=5BTicket#{NUMBER}=5D_Dr=FCcker?=",
        "Re: =?iso-8859-1?Q?=5BTicket#2026112210?=\r\n =?iso-8859-1?Q?000014=5D_Dr=FCcker?=",
        "=?utf-8?B?UmU6IFtUaWNrZXQjMjAyNjExMjIxMDA=?= =?utf-8?B?MDAwMTRdIERyw7xja2Vy?=",
        f"Re: [Ticket#{NUMBER}] {'a long subject ' * 10}"[:100],
        f"AW: [ticket#{NUMBER}]Printer",
        f"WG: Ticket#: {NUMBER}",
        f"TR: [Ticket#\r\n {NUMBER}]",
        f"SV: [Fwd: [Ticket#{NUMBER}] Printer]",
        f"RV: \u200e[Ticket#{NUMBER}] Printer",
    ],
)
def test_a_number_is_found_in_a_subject_however_it_is_encoded_wrapped_or_cut(subject: str) -> None:
    found = decided(written(subject=subject))
    assert (found.verdict, found.ticket) == ("follow-up", 1)
    assert found.article is not None
    assert found.article.remarks == ("by number",)
    stranger = decided(written(subject=subject, sender=STRANGER))
    assert (stranger.verdict, stranger.links) == ("new", (1,))
    assert stranger.opening is not None
    assert not numbers(stranger.opening.title, policy())
    assert NUMBER in stranger.opening.title


@pytest.mark.parametrize(
    "subject",
    [
        "[Ticket#２０２６１１２２１００００１４] in full width",
        f"[Ticket#{NUMBER[:15]}] a digit short",
        f"[Ticket#{NUMBER}0] a digit more",
        f"[Ticket {NUMBER}] without the hook's mark",
        f"[MyTicket#{NUMBER}] somebody else's hook",
        f"[Ticket##{NUMBER}]",
        f"Ticket#\u2003{NUMBER}",
    ],
)
def test_what_is_no_number_of_ours_names_no_ticket(subject: str) -> None:
    assert (decided(written(subject=subject)).verdict, decided(written(subject=subject)).links) == ("new", ())


def test_the_number_of_another_system_id_counts_if_there_is_such_a_ticket_after_those_that_are_surely_ours() -> None:
    subject = f"[Ticket#12345678] and [Ticket#{NUMBER}]"
    assert numbers(subject, policy()) == [NUMBER, "12345678"]
    assert decided(written(subject="[Ticket#12345678]"), knows=known(numbers={"12345678": 1})).ticket == 1


# copies


def two_queues(mail: Letter) -> tuple[Decision, Decision]:
    """What each queue makes of one mail, Sales second."""
    twin = Twin(mail=1, queue="Support", ticket=1, n=1)
    return decided(mail, knows=Known()), decided(mail, knows=known(twins=(twin,)), envelope=SALES)


def test_one_mail_to_two_queues_is_a_ticket_in_each_linked() -> None:
    first, second = two_queues(letter())
    assert (first.verdict, first.queue, second.verdict, second.queue) == ("new", "Support", "new", "Sales")
    assert (second.links, second.same_article) == ((1,), False)


@pytest.mark.parametrize("again", ["support@example.org", "help@example.org", "sales@example.org"])
def test_an_answer_to_reply_to_and_from_is_one_article(again: str) -> None:
    mail = letter(in_reply_to=(f"<{OURS}>",))
    twin = Twin(mail=7, queue="Support", ticket=1, n=2)
    found = decided(mail, knows=known(twins=(twin,)), envelope=Envelope(recipient=again))
    assert (found.verdict, found.ticket, found.same_article, found.answer) == ("follow-up", 1, True, None)


def test_a_forward_to_another_queue_with_the_number_left_in_is_a_follow_up() -> None:
    mail = letter(references=(f"<{OURS}>",), subject=f"Fwd: [Ticket#{NUMBER}] Printer")
    assert decided(mail, envelope=SALES).ticket == 1
    assert decided(replace(mail, subject="Fwd: Printer"), envelope=SALES).verdict == "new"


def test_references_to_the_queue_where_the_mail_went_then_count_though_the_ticket_has_moved() -> None:
    mail = letter(references=("<first@customer.test>",))
    assert decided(mail, knows=known(ticket=ticket(queue="Sales"))).ticket == 1


# out of order


def test_an_answer_that_overtakes_its_mail_ends_on_one_ticket_with_it() -> None:
    """Carla writes to us and her boss, who answers all. Whichever comes first makes the ticket, and has the other."""
    boss = "boss@customer.test"
    root = letter(message_id="<root@customer.test>", cc=(Address(address=boss),))
    child = letter(message_id="<child@customer.test>", sender=boss, in_reply_to=("<root@customer.test>",),
                   to=(Address(address=CUSTOMER), Address(address="support@example.org")))  # fmt: skip
    for first, second in ((root, child), (child, root)):
        made = decided(first, knows=Known())
        other = str(second.author.address)
        assert (made.verdict, made.changes) == ("new", (PartyAccepted(address=other),))
        author = first.author
        named = {"ids": {"root@customer.test": (1, "Support")}} if first is root else {"ids": {}}
        knows = known(ticket=ticket(customer=author), parties=(author.address, other), **named,
                      awaited={"root@customer.test": 1} if first is child else {})  # fmt: skip
        assert (decided(second, knows=knows).verdict, decided(second, knows=knows).ticket) == ("follow-up", 1)


def test_a_strangers_mail_that_was_answered_before_it_came_is_linked_only() -> None:
    mail = letter(sender=STRANGER, message_id="<root@customer.test>")
    assert (decided(mail).verdict, decided(mail).links) == ("new", (1,))
    assert decided(mail, envelope=SALES).links == ()


def test_copies_of_one_answer_to_a_mail_never_seen_stay_two_tickets() -> None:
    mail = letter(in_reply_to=("<root@customer.test>",), message_id="<root@customer.test>")
    twin = Twin(mail=7, queue="Sales", ticket=1, n=1)
    found = decided(mail, knows=known(twins=(twin,), ids={}))
    assert (found.verdict, found.links) == ("new", (1,))


def test_what_is_looked_up_holds_its_own_id() -> None:
    mail = letter(message_id="<ROOT@Customer.test>")
    assert asks(mail, route(mail, SUPPORT, policy()), SUPPORT, policy(), "digest").message_id == "<ROOT@Customer.test>"
    assert decided(mail).ticket == 1


# parties


def named(*addresses: str) -> tuple[Address, ...]:
    return tuple(Address(address=each) for each in addresses)


def accepted(decision: Decision) -> list[str]:
    return [change.address for change in decision.changes if isinstance(change, PartyAccepted)]


def test_whom_the_customer_copies_on_a_new_ticket_is_a_party() -> None:
    mail = letter(cc=named("Boss@Partner.test", "boss@partner.test", ANNA, "help@example.org", CUSTOMER, "no-domain"),
                  to=named("support+17@example.org", "lee@partner.test"))  # fmt: skip
    found = decided(mail, under=policy(recipient_delimiter="+"))
    assert accepted(found) == ["boss@partner.test", "lee@partner.test"]
    assert "copied, and a party from now on: boss@partner.test, lee@partner.test" in found.why


@pytest.mark.parametrize(
    ("fields", "parties"),
    [
        ({"in_reply_to": (f"<{OURS}>",)}, ["lee@partner.test"]),
        ({"in_reply_to": ("<first@customer.test>",)}, ["lee@partner.test"]),
        ({"subject": f"[Ticket#{NUMBER}]"}, []),  # anybody can write the customer's From and a number
        ({"in_reply_to": ("<root@customer.test>",)}, []),
        ({"in_reply_to": (f"<{OURS}>",), "sender": "old@partner.test"}, []),  # a party, not the customer
        ({"in_reply_to": (f"<{OURS}>",), "sender": STRANGER}, []),
    ],
)
def test_on_a_ticket_only_the_customers_own_proven_mail_brings_others_in(fields, parties) -> None:  # type: ignore[no-untyped-def]
    mail = letter(cc=named("lee@partner.test", "old@partner.test"), **fields)
    one = ticket(parties=("old@partner.test",))
    assert accepted(decided(mail, knows=known(ticket=one, parties=(CUSTOMER, "old@partner.test")))) == parties


@pytest.mark.parametrize("says", [judged(silence=("A12",)), judged(kind=Kind.LIST, rule="A6", silence=("A6",))])
def test_neither_what_is_marked_as_forged_nor_a_machines_mail_brings_anybody_in(says: Judgement) -> None:
    assert accepted(decided(letter(cc=named("lee@partner.test")), says=says)) == []


def test_an_agents_internal_answer_to_a_notice_brings_nobody_in_though_the_ticket_is_theirs() -> None:
    mail = letter(sender=ANNA, cc=named("lee@partner.test"), in_reply_to=(f"<t.{AGENT_TOKEN}.{NUMBER}@example.org>",))
    found = decided(mail, knows=known(ticket=ticket(customer=Address(address=ANNA))))
    assert (found.verdict, found.changes) == ("follow-up", ())


def test_a_follow_up_on_a_ticket_that_stays_closed_brings_nobody_in() -> None:
    mail = letter(cc=named("lee@partner.test"), in_reply_to=(f"<{OURS}>",))
    one = known(ticket=ticket(state=State.CLOSED_SUCCESSFUL))
    assert decided(mail, knows=one, under=policy(queue={"closed_follow_up": "reject"})).changes == ()
    assert accepted(decided(mail, knows=one)) == ["lee@partner.test"]


def test_a_mail_brings_in_so_many_and_a_ticket_has_so_many() -> None:
    crowd = named(*(f"n{n}@partner.test" for n in range(500)))
    assert len(accepted(decided(letter(cc=crowd)))) == COPIES_LOOKED_AT
    many = tuple(f"p{n}@partner.test" for n in range(PARTIES_AT_MOST - 3))
    knows = known(ticket=ticket(parties=many), parties=(CUSTOMER, *many))
    assert len(accepted(decided(letter(cc=crowd, in_reply_to=(f"<{OURS}>",)), knows=knows))) == 3


# merged tickets


def chain(*ends: int | None) -> Known:
    """Tickets 1, 2, ... of a customer each, merged into what `ends` says; ticket 1 is Carla's."""
    tickets = {}
    for n, into in enumerate(ends, 1):
        address = CUSTOMER if n == 1 else f"c{n}@customer.test"
        state = State.OPEN if into is None else State.MERGED
        one = ticket(id=n, number=f"{n}" * 8, state=state, merged_into=into, customer=Address(address=address))
        tickets[n] = Candidate(ticket=one, parties=frozenset({address}))
    return known(tickets=tickets)


@pytest.mark.parametrize("sender", [CUSTOMER, "c2@customer.test", "c4@customer.test"])
def test_whoever_belonged_to_a_merged_ticket_belongs_to_where_it_went(sender: str) -> None:
    found = decided(letter(sender=sender, in_reply_to=(f"<{OURS}>",)), knows=chain(2, 3, 4, None))
    assert (found.verdict, found.ticket, found.article and found.article.visible) == ("follow-up", 4, True)


def test_a_customer_of_the_ticket_it_went_into_is_a_party_and_not_the_other_way_round() -> None:
    mail = letter(sender="c2@customer.test", subject="[Ticket#11111111]")
    knows = replace(chain(None, 1), numbers={"11111111": 1})
    assert decided(mail, knows=knows).ticket == 1  # 2 went into 1
    unrelated = replace(chain(None, None), numbers={"11111111": 1})
    assert decided(mail, knows=unrelated).links == (1,)


@pytest.mark.parametrize("ends", [(2, 1), (1,), (2, 3, 2), (9,)])
def test_a_merge_that_runs_in_a_ring_or_into_nothing_is_a_new_ticket(ends: tuple[int, ...]) -> None:
    found = decided(letter(in_reply_to=(f"<{OURS}>",)), knows=chain(*ends))
    assert (found.verdict, found.links) == ("new", ())


def test_a_merged_ticket_follows_the_state_of_the_one_it_went_into() -> None:
    knows = chain(2, None)
    closed = knows.tickets[2].ticket.evolve(state=State.CLOSED_SUCCESSFUL, closed=NOW)
    knows = replace(knows, tickets={**knows.tickets, 2: replace(knows.tickets[2], ticket=closed)})
    mail = letter(in_reply_to=(f"<{OURS}>",))
    assert decided(mail, knows=knows).changes == (StateSet(state=State.OPEN),)
    fresh = decided(mail, knows=knows, under=policy(queue={"closed_follow_up": "new-ticket"}))
    assert (fresh.verdict, fresh.links) == ("new", (2,))
