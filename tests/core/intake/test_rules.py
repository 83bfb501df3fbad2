"""Rules on mail: which conditions hold, what is set, and what text from outside can do with it."""

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
    judged,
    known,
    letter,
    policy,
    ticket,
)
from ticketctl.change import Assigned, Moved, Prioritised, Retitled, StateSet, Tagged
from ticketctl.intake import Decision, Envelope, Known, Opening, decide, route, rules
from ticketctl.intake.wishes import Ruled
from ticketctl.letter.value import Letter
from ticketctl.policy import Policy, Role, Rule
from ticketctl.ticket import Address, Attachment, Kind, Priority, State

OURS = f"<t.{TOKEN}.{NUMBER}@example.org>"
TO_SUPPORT = Envelope(recipient="support@example.org", sender="bounces@customer.test")
MAIL = {
    "subject": "PROBLEM: web1 is down",
    "text": "Disk full.\nSend help.",
    "raw": b"x" * 2048,
    "headers": (("X-Spam-Flag", "YES"), ("Received", "a"), ("Received", "b"), ("X-Ticketctl-Queue", "Sales")),
    "cc": (Address(address="Boss@example.net"),),
    "attachments": tuple(
        Attachment(n=n, name=name, content_type="x/y", size=1, sha256="", offset=0, length=1, encoding="7bit")
        for n, name in enumerate(("a.txt", "invoice.PDF"), 1)
    ),
}


def rule(when: dict | None = None, *, name: str = "r", stop: bool = False, **values: object) -> Rule:
    given = {word.replace("_", "-"): value for word, value in values.items()}
    return Rule(name=name, when=when or {"subject": "*"}, set=given, stop=stop)


def ruled(mail: Letter, *these: Rule, envelope: Envelope = TO_SUPPORT, kind: Kind = Kind.PERSONAL) -> Ruled:
    return rules.run(mail, envelope, judged(kind=kind), replace(policy(), rules=these))


def became(
    mail: Letter,
    *these: Rule,
    knows: Known | None = None,
    envelope: Envelope = TO_SUPPORT,
    kind: Kind = Kind.PERSONAL,
    desk: dict | None = None,
    queue: dict | None = None,
    under: Policy | None = None,
) -> Decision:
    """The decision under these rules."""
    under = replace(under or policy(queue=queue, **(desk or {})), rules=these)
    says = judged(kind=kind)
    found = rules.run(mail, envelope, says, under)
    way = route(mail, envelope, under)
    return decide(mail, envelope, way, says, knows or known(), under, NOW, found)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"from": "*@customer.test"}, True),
        ({"from": CUSTOMER.upper()}, True),
        ({"from": "*@elsewhere.test"}, False),
        ({"from": ["*@elsewhere.test", "/customer/"]}, True),
        ({"to": "help@*"}, False),
        ({"to": "support@example.org"}, True),
        ({"to": "boss@*"}, True),
        ({"subject": "problem: *"}, True),
        ({"subject": "problem:"}, False),
        ({"subject": r"/\bweb\d\b/"}, True),
        ({"body": "*send help*"}, True),
        ({"body": "send help"}, False),
        ({"body": "/(?m)^Send help\\.$/"}, True),
        ({"header": {"x-spam-flag": "yes"}}, True),
        ({"header": {"X-Spam-Flag": "no"}}, False),
        ({"header": {"X-Spam-Flag": "*", "X-Other": "*"}}, False),
        ({"header": {"received": "b"}}, True),
        ({"header": {"X-Ticketctl-Queue": "*"}}, False),
        ({"envelope": "support@*"}, True),
        ({"envelope": "bounces@*"}, True),
        ({"envelope": {"recipient": "support@*", "sender": "bounces@*"}}, True),
        ({"envelope": {"recipient": "bounces@*"}}, False),
        ({"envelope": {"sender": ""}}, False),
        ({"size": "2k.."}, True),
        ({"size": "..2k"}, True),
        ({"size": "2049.."}, False),
        ({"size": "1k..1M"}, True),
        ({"size": "..1k"}, False),
        ({"kind": "personal"}, True),
        ({"kind": ["auto", "bulk"]}, False),
        ({"attachment": "*.pdf"}, True),
        ({"attachment": "*.exe"}, False),
        ({"all": [{"from": "*"}, {"subject": "*"}]}, True),
        ({"all": [{"from": "*"}, {"subject": "no"}]}, False),
        ({"any": [{"from": "no"}, {"subject": "*web1*"}]}, True),
        ({"any": [{"from": "no"}, {"subject": "no"}]}, False),
        ({"not": {"subject": "no"}}, True),
        ({"not": {"subject": "*"}}, False),
        ({"not": {"any": [{"kind": "auto"}, {"size": "1M.."}]}, "from": "*"}, True),
    ],
)
def test_when_a_condition_holds(when, holds):
    assert bool(ruled(letter(**MAIL), rule(when)).fired) == holds


def test_a_name_beside_the_address_is_no_author_and_nobody_is_none():
    forged = Address(address=STRANGER, name="nagios@example.org")
    assert not ruled(letter(author=forged), rule({"from": "*nagios*"})).fired
    nobody = letter(author=Address(), claimed="a@example.org, b@example.org")
    assert not ruled(nobody, rule({"from": "*"})).fired


def test_an_envelope_of_bytes_that_are_no_utf8_is_looked_at_as_any() -> None:
    eight = Envelope(recipient="support@example.org", sender="b\udcff@customer.test")
    wanted = rule({"envelope": {"sender": r"/(?P<local>\S+)@customer/"}}, tags=["{local}"])
    assert ruled(letter(), wanted, envelope=eight).new.tags == ("b?",)


def test_the_null_sender_and_one_that_nobody_told():
    null = rule({"envelope": {"sender": ""}})
    assert ruled(letter(), null, envelope=Envelope(sender="")).fired
    assert not ruled(letter(), null, envelope=Envelope()).fired


def test_where_nobody_told_the_recipient_the_trace_headers_do():
    wanted = rule({"envelope": {"recipient": "sales@*"}})
    assert ruled(letter(trace_recipients=("sales@example.org",)), wanted, envelope=Envelope()).fired


def test_control_headers_are_seen_where_the_mail_is_trusted():
    wanted = rule({"header": {"X-Ticketctl-Queue": "Sales"}})
    assert ruled(letter(**MAIL), wanted, envelope=Envelope(trust=True)).fired


def test_what_is_looked_at_of_a_body_is_bounded():
    wanted = rule({"body": "/needle/"})
    assert ruled(letter(text="x" * (rules.BODY_LOOKED_AT - 6) + "needle"), wanted).fired
    assert not ruled(letter(text="x" * rules.BODY_LOOKED_AT + "needle"), wanted).fired


def test_rules_run_in_their_order_the_last_word_counts_tags_add_up_and_stop_ends():
    found = ruled(
        letter(),
        rule(name="one", queue="Sales", priority="high", tags=["a"]),
        rule({"subject": "no"}, name="two", queue="Raw"),
        rule(name="three", priority="low", tags=["b", "a"], stop=True),
        rule(name="four", queue="Raw"),
    )
    assert [each.name for each in found.fired] == ["one", "three"]
    assert (found.new.queue, found.new.priority, found.new.tags, found.tried) == (
        "Sales", Priority.LOW, ("a", "b"), 3,
    )  # fmt: skip
    assert found.why == (
        "rule one: queue Sales, priority high, tags a",
        "rule three: priority low, tags b, a; no further rule",
    )


GROUP = {"subject": "/^(?P<x>.*)$/"}


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("web1", "host web1"),
        ("{x} {{x}} {0.__class__}", "host {x} {{x}} {0.__class__}"),
        (f"[Ticket#{NUMBER}] x", f"host {NUMBER} x"),
        ("a\x1b[31mb\u202ec\u2028d", "host a [31mb c d"),
        ("y" * 900, "host " + "y" * 200),
        ("   ", None),
    ],
)
def test_what_a_group_took_is_cleaned_cut_defused_and_put_in_once(subject, title):
    found = ruled(letter(subject=subject), rule(GROUP, title="host {x}"))
    assert found.new.title == title


def test_a_cut_title_arms_no_hook():
    found = ruled(letter(subject="Ticket#" + "1" * 60), rule(GROUP, title="z" * 240 + " {x}"))
    assert found.new.title == "z" * 240 + " Ticket#11"
    longer = ruled(letter(subject="Ticket#" + "1" * 60), rule(GROUP, title="z" * 230 + " {x}"))
    assert longer.new.title == "z" * 230 + " " + "1" * 12


def test_braces_are_written_twice():
    assert ruled(letter(), rule(title="a {{b}} { c")).new.title == "a {b} { c"


@pytest.mark.parametrize(
    ("subject", "values", "why"),
    [
        ("Nowhere", {"queue": "{x}"}, "queue: there is no queue 'Nowhere': passed over"),
        ("'; DROP TABLE t; --", {"queue": "{x}"}, "queue: there is no queue \"'; DROP TABLE t; --\": passed over"),
        ("eve", {"owner": "{x}"}, "owner: there is no agent 'eve': passed over"),
        ("\x00\x07", {"ticket": "external:a {x}"}, "ticket: group {x} took nothing: passed over"),
        ("x", {"queue": "Gone"}, "queue: there is no queue 'Gone': passed over"),
        ("x", {"state": "merged"}, "state: a new ticket cannot be 'merged': passed over"),
        ("x", {"priority": "urgent"}, "priority: there is no priority 'urgent': passed over"),
        ("x", {"ticket": "{x}"}, "ticket: '{x}' does not begin with external:: passed over"),
        ("x", {"colour": "red"}, "colour: there is nothing of that name to set: passed over"),
    ],
)  # fmt: skip
def test_what_names_nothing_is_passed_over_and_said(subject, values, why):
    found = ruled(letter(subject=subject), rule(GROUP, tags=["t"], **values))
    assert (found.new.tags, found.new.queue, found.new.owner, found.ticket) == (("t",), None, None, None)
    assert found.why == ("rule r: tags t", f"rule r: {why}")


def test_a_queue_that_a_group_names_is_taken():
    assert became(letter(subject="Sales"), rule(GROUP, queue="{x}")).queue == "Sales"


def test_a_rule_of_an_older_policy_that_cannot_be_run_stops_no_mail():
    old, odd = rule({"subject": r"/(a)\1/"}, name="old"), rule({"moon": "full"}, name="odd")
    found = ruled(letter(), old, odd, rule(tags=["t"]))
    assert [each.name for each in found.fired] == ["r"]
    assert found.why[0].startswith("rule old: passed over: invalid escape sequence")
    assert found.why[1] == "rule odd: passed over: there is no condition 'moon'"


def test_of_two_groups_of_one_name_the_first_condition_counts():
    when = {"subject": "/(?P<x>a)/", "body": "/(?P<x>b)(?P<y>.)/"}
    assert ruled(letter(subject="a", text="bc"), rule(when, title="{x}{y}")).new.title == "ac"


# -- a new ticket -----------------------------------------------------------------------------------------------


def test_a_new_ticket_gets_all_that_is_set():
    values = {"queue": "Sales", "priority": "high", "state": "open", "owner": "anna", "lock": True, "title": "T",
              "tags": ["a", "b"], "visible": False, "answer": False}  # fmt: skip
    found = became(letter(), rule(**values))
    assert found.opening == Opening(
        title="T", queue="Sales", state=State.OPEN, priority=Priority.HIGH, customer=Address(address=CUSTOMER)
    )
    assert found.changes == (Assigned(owner="anna", locked=True), Tagged(added=("a", "b")))
    assert (found.queue, found.article.visible, found.answer) == ("Sales", False, None)
    assert "rule" in found.silence
    said = "queue Sales, priority high, state open, owner anna, lock yes, title T, tags a, b, visible no, answer no"
    routed = "queue Support: envelope recipient support@example.org"
    assert found.why[:4] == (routed, "kind personal", f"rule r: {said}", "queue Sales: a rule")


def test_without_answer_false_it_is_answered():
    assert became(letter(), rule(tags=["t"])).answer is not None


@pytest.mark.parametrize(
    ("word", "verdict", "held", "refused"),
    [("drop", "dropped", None, None), ("hold", "held", "rule r", None), ("refuse", "refused", None, "rule r")],
)
def test_a_mail_that_a_rule_keeps_out(word, verdict, held, refused):
    found = became(letter(in_reply_to=(OURS,)), rule(**{word: True}))
    assert (found.verdict, found.held, found.refused_by, found.article) == (verdict, held, refused, None)
    assert found.why[-1] == f"{verdict}: rule r"


def test_the_last_of_drop_hold_and_refuse_counts():
    found = became(letter(), rule(name="a", drop=True), rule(name="b", hold=True), rule(name="c", drop=False))
    assert (found.verdict, found.held) == ("held", "rule b")


def test_two_copies_that_a_rule_brings_into_one_queue_are_one_article():
    from ticketctl.intake import Twin

    other = known(twins=(Twin(mail=7, queue="Sales", ticket=1, n=2),))
    found = became(letter(), rule(queue="Support"), knows=other)
    assert (found.verdict, found.ticket, found.same_article, found.opening) == ("follow-up", 1, True, None)
    assert became(letter(), rule(tags=["t"]), knows=other).links == (1,)
    assert became(letter(), rule(queue="Raw"), knows=other).links == (1,)


def test_a_mail_that_came_before_is_a_duplicate_whatever_a_rule_says():
    from ticketctl.intake import Twin

    again = known(again=Twin(mail=7, queue="Support", ticket=1, n=1))
    assert became(letter(), rule(refuse=True), knows=again).verdict == "duplicate"


def test_a_rule_that_gives_a_queue_knows_the_recipient():
    stray = Envelope(recipient="nobody@example.org")
    found = became(letter(), rule(queue="Sales"), envelope=stray, desk={"unknown_recipient": "reject"})
    assert (found.verdict, found.queue) == ("new", "Sales")


CONTROL = (("X-Ticketctl-Queue", "Sales"), ("X-Ticketctl-Priority", "low"), ("X-Ticketctl-Owner", "anna"),
           ("X-Ticketctl-Lock", "yes"))  # fmt: skip


def test_a_rule_has_the_last_word_over_a_trusted_header():
    trusted = replace(TO_SUPPORT, trust=True)
    found = became(letter(headers=CONTROL), rule(priority="high"), envelope=trusted)
    assert (found.queue, found.opening.priority) == ("Sales", Priority.HIGH)
    assert found.changes == (Assigned(owner="anna", locked=True),)
    other = became(letter(headers=CONTROL), rule(owner="bert"), envelope=trusted)
    assert other.changes == (Assigned(owner="bert", locked=False),)


HEADERS = [
    ("Queue", "Sales", {"queue": "Sales"}),
    ("Priority", "very-high", {"priority": Priority.VERY_HIGH}),
    ("State", "closed successful", {"state": State.CLOSED_SUCCESSFUL}),
    ("Owner", "anna", {"changes": (Assigned(owner="anna", locked=False),)}),
    ("Title", "From procmail", {"title": "From procmail"}),
    ("Ignore", "yes", {"verdict": "dropped"}),
    ("Queue", "Nowhere", {"queue": "Support"}),
    ("Priority", "urgent", {"priority": Priority.NORMAL}),
    ("State", "pending reminder", {"state": State.NEW}),
    ("Owner", "eve", {"changes": ()}),
    ("Lock", "yes", {"changes": ()}),
    ("Ignore", "no", {"verdict": "new"}),
]


@pytest.mark.parametrize(("name", "value", "then"), HEADERS)
def test_each_control_header_is_obeyed_with_trust_alone(name, value, then):
    mail = letter(headers=((f"X-Ticketctl-{name}", value),))
    plain, trusted = became(mail), became(mail, envelope=replace(TO_SUPPORT, trust=True))

    def look(found: Decision) -> dict[str, object]:
        opened = found.opening or Opening(title="", queue="")
        seen = {"queue": found.queue, "priority": opened.priority, "state": opened.state, "title": opened.title,
                "changes": found.changes, "verdict": found.verdict}  # fmt: skip
        return {word: seen[word] for word in then}

    assert look(trusted) == then
    assert (plain.verdict, plain.queue, plain.opening.title, plain.changes) == ("new", "Support", "Printer", ())


# -- a ticket that is there -------------------------------------------------------------------------------------

ALL = {"queue": "Sales", "priority": "high", "state": "closed successful", "owner": "anna", "lock": True, "title": "T",
       "tags": ["t"]}  # fmt: skip
ANSWER = {"in_reply_to": (OURS,)}


def test_on_a_follow_up_only_tags_visible_and_answer_hold():
    found = became(letter(**ANSWER), rule(**ALL, visible=False, answer=False))
    assert (found.verdict, found.ticket, found.changes) == ("follow-up", 1, (Tagged(added=("t",)),))
    assert (found.article.visible, found.answer) == (False, None)
    passed = "what rules set on a new ticket is passed over: this one is there, and they lack follow-up = true"
    assert passed in found.why
    assert passed not in became(letter(**ANSWER), rule(tags=["t"])).why
    assert passed not in became(letter(**ANSWER), rule(**ALL, follow_up=True)).why


def test_with_follow_up_all_is_set_in_place_of_what_the_follow_up_would_do():
    closed = known(ticket=ticket(state=State.CLOSED_UNSUCCESSFUL))
    found = became(letter(**ANSWER), rule(**ALL, follow_up=True), knows=closed, queue={"closed_follow_up": "reject"})
    assert found.changes == (
        Moved(queue="Sales"), Assigned(owner="anna", locked=True), StateSet(state=State.CLOSED_SUCCESSFUL),
        Prioritised(priority=Priority.HIGH), Retitled(title="T"), Tagged(added=("t",)),
    )  # fmt: skip


def test_of_a_follow_up_that_rules_decide_nothing_is_told_or_done_that_does_not_hold():
    closed = known(ticket=ticket(state=State.CLOSED_UNSUCCESSFUL, owner="bert"), first_agent="bert")
    found = became(letter(**ANSWER), rule(**ALL, follow_up=True), knows=closed)
    assert [each for each in found.changes if isinstance(each, Assigned | StateSet)] == [
        Assigned(owner="anna", locked=True), StateSet(state=State.CLOSED_SUCCESSFUL),
    ]  # fmt: skip
    assert (found.tell, [line for line in found.why if "becomes" in line or "belongs" in line]) == ("anna", [])


@pytest.mark.parametrize(("sees", "told"), [("*", "anna"), ("Support", None)])
def test_who_may_not_see_where_a_rule_moves_a_ticket_is_not_told_of_its_mail(sees, told):
    under = policy()
    roles = {"all": Role(name="all", queues={sees: ("rw",)})}
    hers = known(ticket=ticket(owner="anna", locked=True))
    found = became(letter(**ANSWER), rule(queue="Sales", follow_up=True), knows=hers, under=replace(under, roles=roles))
    assert (found.changes, found.tell) == ((Moved(queue="Sales"),), told)


def test_what_is_so_already_is_no_change():
    same = ticket(queue="Sales", priority=Priority.HIGH, state=State.CLOSED_SUCCESSFUL, owner="anna", locked=True,
                  title="T", tags=("t",))  # fmt: skip
    assert became(letter(**ANSWER), rule(**ALL, follow_up=True), knows=known(ticket=same)).changes == ()


@pytest.mark.parametrize(
    ("mail", "kind"),
    [
        (letter(sender=STRANGER, **ANSWER), Kind.PERSONAL),
        (letter(**ANSWER), Kind.AUTO),
        (letter(sender=ANNA, in_reply_to=(f"<t.{AGENT_TOKEN}.{NUMBER}@example.org>",)), Kind.PERSONAL),
    ],
    ids=["third party", "machine", "agent"],
)
def test_who_is_no_party_changes_nothing_and_is_not_made_visible(mail, kind):
    found = became(mail, rule(**ALL, follow_up=True, visible=True), kind=kind)
    assert (found.verdict, found.ticket, found.changes, found.article.visible) == ("follow-up", 1, (), False)
    assert "what rules set on the ticket is passed over: no party wrote" in found.why


# -- numbers of a foreign system --------------------------------------------------------------------------------

NAGIOS = {"subject": r"/(?P<host>web\d)/"}
GROUPED = rule(NAGIOS, ticket="external:{host}")
ALARM = letter(sender="nagios@monitor.test", subject="PROBLEM web1", message_id="<a@monitor.test>")


def theirs(**fields: object) -> Known:
    """Ticket 1 is the one that the number leads to."""
    return known(ticket=ticket(customer=Address(address="nagios@monitor.test"), **fields), parties=(), external=1)


def test_the_first_mail_of_a_number_opens_a_ticket_that_keeps_it():
    found = became(ALARM, GROUPED)
    assert (found.verdict, found.external, found.external_was) == ("new", "web1", None)


@pytest.mark.parametrize(("kind", "visible"), [(Kind.PERSONAL, True), (Kind.AUTO, False)])
def test_later_mails_of_the_number_are_its_articles_whoever_sends_them(kind, visible):
    found = became(letter(sender=STRANGER, subject="web1 again"), GROUPED, knows=theirs(), kind=kind)
    assert (found.verdict, found.ticket, found.article.visible, found.external) == ("follow-up", 1, visible, None)
    assert "ticket 2026112210000014: external in a rule" in found.why


@pytest.mark.parametrize(
    ("state", "wanted", "changes"),
    [
        (State.OPEN, "closed successful", (StateSet(state=State.CLOSED_SUCCESSFUL),)),
        (State.CLOSED_SUCCESSFUL, "open", (StateSet(state=State.OPEN),)),
        (State.CLOSED_SUCCESSFUL, None, ()),
        (State.CLOSED_SUCCESSFUL, "closed successful", ()),
    ],
)
def test_a_machines_mail_leaves_the_state_alone_unless_a_rule_says_it(state, wanted, changes):
    says = rule(NAGIOS, name="s", **({"state": wanted} if wanted else {}))
    found = became(ALARM, GROUPED, says, knows=theirs(state=state), kind=Kind.AUTO)
    assert (found.verdict, found.changes) == ("follow-up", changes)


def test_a_closed_ticket_gives_its_number_to_a_new_one_where_the_queue_says_so():
    closed = theirs(state=State.CLOSED_SUCCESSFUL)
    found = became(ALARM, GROUPED, knows=closed, kind=Kind.AUTO, queue={"closed_follow_up": "new-ticket"})
    assert (found.verdict, found.links, found.external, found.external_was) == ("new", (1,), "web1", 1)
    said = rule(NAGIOS, ticket="external:{host}", state="open")
    again = became(ALARM, said, knows=closed, kind=Kind.AUTO, queue={"closed_follow_up": "new-ticket"})
    assert (again.verdict, again.ticket) == ("follow-up", 1)


def test_a_ticket_that_is_removed_gives_its_number_to_a_new_one():
    found = became(ALARM, GROUPED, knows=theirs(state=State.REMOVED))
    assert (found.verdict, found.external, found.external_was) == ("new", "web1", 1)


def test_a_token_of_ours_has_more_weight_than_a_number_and_all_else_less():
    other = known(parties=(CUSTOMER,), external=2)
    other = replace(other, tickets={**other.tickets, 2: replace(other.tickets[1], ticket=ticket(id=2, number="22"))})
    answers = became(letter(subject="Re: web1", in_reply_to=(OURS,)), GROUPED, knows=other)
    assert (answers.ticket, answers.external, "conflict" in answers.article.remarks) == (1, None, True)
    named = letter(subject=f"web1 [Ticket#{NUMBER}]", in_reply_to=("<first@customer.test>",))
    names = became(named, GROUPED, knows=other)
    assert names.ticket == 2


def test_a_homeless_ticket_is_moved_where_a_rule_opens_it():
    found = became(ALARM, rule(NAGIOS, ticket="external:{host}", state="open"), kind=Kind.AUTO,
                   knows=theirs(queue="Gone", state=State.CLOSED_SUCCESSFUL))  # fmt: skip
    assert found.changes == (Moved(queue="Raw"), StateSet(state=State.OPEN))


def test_no_text_makes_the_rules_raise():
    hostile = "\ud7ff\x00\x1b]0;x\x07{x}{{}}%s${x}" + "(" * 500 + "\u202e" + NUMBER
    every = [
        rule({word: GROUP["subject"]}, queue="{x}", owner="{x}", title="{x}", tags=["{x}"], ticket="external:{x}")
        for word in ("from", "to", "subject", "body", "attachment", "envelope")
    ]
    mail = letter(subject=hostile, text=hostile, author=Address(address=hostile), to=(Address(address=hostile),),
                  headers=((hostile, hostile),))  # fmt: skip
    found = became(mail, *every, envelope=Envelope(recipient=hostile, sender=hostile))
    assert found.verdict == "new"
    assert found.opening.title.isprintable()
