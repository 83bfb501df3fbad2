"""Templates: filled with plain values, in one pass, within bounds; checked before they hold."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from ticketctl.errors import BadData
from ticketctl.policy.value import Desk, Policy, Template
from ticketctl.render import Filled, check, fill
from ticketctl.render.templates import SAMPLE, check_text, choose

ALL = "agent, customer, desk, now, quote, text, ticket"


def template(body: str | dict[str, str], kind: Any = "answer", **subject: str) -> Template:
    return Template(name="vpn", kind=kind, subject=subject, body={"": body} if isinstance(body, str) else body)


def policy(*templates: Template) -> Policy:
    return Policy(desk=Desk(name="D", domain="example.org"), templates={each.name: each for each in templates})


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("Number {{ ticket.number }}.", "Number 2026112210000017."),
        ("{{ ticket['queue'] }}", "Support"),
        ("{{ customer.name or customer.address }}", "C. Customer"),
        ("{{ agent.name }}, {{ desk.name }} ({{ desk.domain }})", "A. Agent, Help Desk (example.org)"),
        ("{{ now }}{# not shown #}", "2026-11-22 21:26"),
        ("{% if ticket.priority == 'normal' %}\nyes\n{% else %}\nno\n{% endif %}\n", "yes\n"),
        ("{% for w in 'a b'.split() %}{{ loop.index }}{{ w }}{% endfor %}", "1a2b"),
        ("{{ ['a', 'b']|join(', ') }} {{ 'a' ~ 1 ~ none }}", "a, b a1"),
        ("{{ ticket.title|upper|truncate(4) }}", "A T…"),
        ("{{ 7 // 2 + 1 }} {{ 'x'|default('y') }}", "4 x"),
        ("{% set greeting = 'Hi ' + customer.name %}{{ greeting }}", "Hi C. Customer"),
        ("{{ customer.name|replace('C.', 'K.')|indent(2) }}", "K. Customer"),
    ],
)
def test_a_template_writes(source, written):
    assert check_text(source, "answer", "here") == []
    assert fill(template(source), "en", SAMPLE).body == written


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a\n{{ tickt.number }}", f"line 2: 'tickt' is undefined; there are {ALL}"),
        ("{% if 0 %}\n\n{{ tickt }}{% endif %}", f"line 3: 'tickt' is undefined; there are {ALL}"),
        (
            "{{ ticket.numbr }}",
            "line 1: 'ticket.numbr' is undefined; there are created, number, priority, queue, state, title",
        ),
        ("{{ desk['nme'] }}", "line 1: 'desk.nme' is undefined; there are domain, name"),
        ("a\n{% for x in %}", "line 2: Expected an expression, got 'end of statement block'"),
        ("{{ text.__class__ }}", "line 1: there is no '__class__' here"),
        ("{{ ''.__class__.__mro__ }}", "line 1: there is no '__class__' here"),
        ("{{ text.format(1) }}", "line 1: there is no 'format' here"),
        ("{{ lipsum() }}", f"line 1: 'lipsum' is undefined; there are {ALL}"),
        ("{{ range(9) }}", f"line 1: 'range' is undefined; there are {ALL}"),
        ("{{ 'a'|center(10**9) }}", None),
        ("{{ 10**10 }}", "line 1: 'pow' is not for templates"),
        ("{{ 'a' * 10000000000 }}", "line 1: '*' is for numbers of at most 12 digits"),
        ("{{ '%1000000000d' % 1 }}", "line 1: '%' is for numbers of at most 12 digits"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "line 1: 'macro' is not for templates"),
        ("{% include 'x' %}", "line 1: 'include' is not for templates"),
        ("{{ customer }}", "line 1: only texts and numbers can be written"),
        ("{{ 1 // 0 }}", "line 1: integer division or modulo by zero"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deeply"),
        ("{{ 1" + "0" * 5000 + " }}", None),
        ("x" * 70_000, "line 1: longer than 65536 characters"),
        ("{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 60, None),
        ("{% set x = 'aaaaaaaaaa' %}" + "{% set x = x + x %}" * 60, None),
        ("{% set x = 'aaaaaaaaaa' %}" + "{% set x = x|replace('a', x) %}" * 9, None),
        ("{% set x = 9 %}" + "{% set x = x * x %}" * 60, None),
        (
            "{% set x = [1] %}" + "{% set x = [x, x] %}" * 60,
            "line 1: a list in a template has plain texts and numbers only",
        ),
        ("{% for a in text %}" * 12 + "{% endfor %}" * 12, "line 1: it takes too long"),
    ],
)
def test_a_template_is_refused_in_little_time(source, said):
    begun = time.monotonic()
    problems = check_text(source, "answer", "templates.vpn.body.fr")
    assert time.monotonic() - begun < 2
    assert len(problems) == 1
    assert problems[0].startswith("templates.vpn.body.fr: ")
    assert said is None or problems == [f"templates.vpn.body.fr: {said}"]


def test_a_loop_over_a_long_text_ends_soon():
    begun = time.monotonic()
    with pytest.raises(BadData, match="it takes too long"):
        fill(
            template("{% for a in text %}{% for b in text %}{% endfor %}{% endfor %}"),
            "en",
            SAMPLE | {"text": "x" * 10**6},
        )
    assert time.monotonic() - begun < 2


def test_what_a_customer_wrote_is_never_compiled():
    evil = "{{ agent.email }}{% for x in y %}"
    filled = fill(template("{{ text }}|{{ customer.name }}"), "en", SAMPLE | {"text": evil, "customer": {"name": evil}})
    assert filled == Filled(subject="", body=f"{evil}|{evil}", used=frozenset({"text", "customer"}))


def test_a_subject_is_one_line():
    assert fill(template("b", en=" a\n {{ ticket.number }} "), "en", SAMPLE).subject == "a 2026112210000017"


@pytest.mark.parametrize(
    ("texts", "wanted", "taken"),
    [
        ({"en": "", "fr": ""}, ("fr", "en"), "fr"),
        ({"en": "", "fr": ""}, ("fr-CH", "en"), "fr"),
        ({"en": "", "FR": ""}, ("fr_CH",), "FR"),
        ({"en": "", "fr": ""}, ("de", "en"), "en"),
        ({"it": "", "fr": ""}, ("de", "en"), "fr"),
        ({"": "", "fr": ""}, ("de", ""), ""),
        ({"": ""}, ("", ""), ""),
    ],
)
def test_the_language_is_the_customers_else_the_desks_else_any(texts, wanted, taken):
    assert choose(texts, *wanted) == taken


def test_check_looks_at_every_subject_body_and_language():
    bad = Template(name="vpn", kind="answer", subject={"en": "{{ a }}"}, body={"en": "ok", "fr": "x\n{{ tickt }}"})
    assert check(policy(bad, Template(name="fine", kind="note", body={"": "{{ text }}"}))) == [
        f"templates.vpn.subject.en: line 1: 'a' is undefined; there are {ALL}",
        f"templates.vpn.body.fr: line 2: 'tickt' is undefined; there are {ALL}",
    ]


@pytest.mark.parametrize("name", ["agent.name", "text", "quote"])
def test_an_automatic_answer_knows_no_agent_and_repeats_no_text(name):
    known = "customer, desk, now, ticket"
    source = template("{{ " + name + " }}", kind="auto")
    assert check(policy(source)) == [
        f"templates.vpn.body: line 1: '{name.split('.')[0]}' is undefined; there are {known}"
    ]
    with pytest.raises(BadData, match=f"templates.vpn.body: line 1: .* is undefined; there are {known}"):
        fill(source, "en", SAMPLE)


def test_a_fault_of_a_branch_that_no_sample_reaches_names_its_line():
    source = template("{% if ticket.number == '7' %}\n{{ ticket.number // 2 }}{% endif %}")
    assert check(policy(source)) == []
    values = SAMPLE | {"ticket": SAMPLE["ticket"] | {"number": "7"}}
    with pytest.raises(BadData, match=r"templates.vpn.body: line 2: '//' is for numbers"):
        fill(replace(source), "en", values)
