"""Patterns of rules: what a glob takes, what a regular expression takes, and that none of them takes long."""

from __future__ import annotations

import time

import pytest

from ticketctl import policy
from ticketctl.errors import BadData
from ticketctl.policy import patterns

DESK = '[desk]\nname = "E"\ndomain = "example.org"\n[queues.Raw]\n[agents.anna]\n'
RULE = DESK + '[[rules]]\nname = "r"\n'


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        ("", "", {}),
        ("", "x", None),
        ("*", "", {}),
        ("YES", "yes", {}),
        ("YES", "yes, it is", None),
        ("*@example.org", "Anna@EXAMPLE.org", {}),
        ("*@example.org", "anna@example.org.evil.test", None),
        ("[Jira]*", "[JIRA] ABC-1", {}),
        ("[Jira]*", "Jira", None),
        ("a?c", "abc", {}),
        ("a?c", "ac", None),
        ("*fire*\n*", "a fire\nin line two\n", {}),
        ("*aab*ab", "aaab ab", {}),
        ("*ab*ab", "ab", None),
        ("(a+)+$", "(a+)+$", {}),
        ("été*", "ÉTÉ 2026", {}),
        ("/fire/", "on fire", {}),
        ("/fire/", "on FIRE", None),
        ("/(?i)fire/", "on FIRE", {}),
        (r"/host (?P<host>\S+)/", "host web1 is down", {"host": "web1"}),
        ("/(?P<a>x)|(?P<b>y)/", "y", {"b": "y"}),
        ("/^b/", "a\nb", None),
        ("/(?m)^b/", "a\nb", {}),
        ("//", "anything", {}),
        ("/", "/", {}),
    ],
)
def test_what_a_pattern_takes(pattern, text, groups):
    assert patterns.matcher(pattern)(text) == groups


@pytest.mark.parametrize(
    "pattern",
    ["/(a+)+$/", "/(a|a)*b/", "/(a|aa)+$/", "/^(([a-z])+.)+[A-Z]([a-z])+$/", "/(.*)(.*)(.*)(.*)x$/", "*a*a*a*a*b",
     "*" + "a" * 40 + "*b", "*" + "?" * 30 + "*b"],
)  # fmt: skip
def test_no_pattern_takes_long_on_a_megabyte(pattern):
    match = patterns.matcher(pattern)
    begun = time.process_time()
    assert match("a" * 1_000_000 + "!") is None
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "text", [r"(a)\1", "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?>a+)b", "a++b", "(?P<x>a)(?P=x)"]
)
def test_what_cannot_be_run_in_linear_time_is_refused_when_it_is_applied_and_said_so(text):
    with pytest.raises(BadData) as refusal:
        policy.read(RULE + f"when.subject = '/{text}/'")
    assert "cannot be run in linear time" in refusal.value.message
    assert "policy:8: rules[0].when.subject: " in refusal.value.message


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("when.subject = '/a{1001}/'", "is not a regular expression: invalid repetition size"),
        ("when.subject = '/((a{1000}){9}/'", "is not a regular expression"),
        (f"when.subject = '{'x' * 1001}'", "a pattern has at most 1000 characters"),
        ("when.kind = ['auto', 'robot']", "expected one of personal"),
        ("when.envelope = { from = 'x' }", "unknown key"),
        ("when.size = '1..2..3'", "expected a size in bytes"),
        ("when = {}", "has no condition"),
        ("when.from = 'x'\nset.state = 'pending reminder'", "expected one of new, open, closed successful"),
        ("when.from = 'x'\nset.state = 'merged'", "expected one of new, open, closed successful"),
        ("when.from = 'x'\nset.queue = 'Support'", 'there is no queue "Support"'),
        ("when.from = 'x'\nset.owner = 'bert'", 'there is no agent "bert"'),
        ("when.from = 'x'\nset.ticket = '{id}'", 'expected "external:" and what names the ticket there'),
        ("when.from = 'x'\nset.ticket = 'external: '", 'expected "external:" and what names the ticket there'),
        ("when.from = 'x'\nset.title = 'host {host}'", "there is no group {host} in this rule's patterns"),
        ("when.not.from = '/(?P<host>.)/'\nset.title = 'host {host}'", "there is no group {host}"),
        ("when.from = 'x'\nset = { drop = true, hold = true }", "drop and hold exclude each other"),
        ("when.from = 'x'\nset.drop = 'yes'", "expected true or false"),
        ("when = " + "{ not = " * 11 + "{ from = 'x' }" + " }" * 11, "stands more than 10 conditions deep"),
    ],
)  # fmt: skip
def test_what_a_rule_may_not_hold_is_named(lines, said):
    with pytest.raises(BadData) as refusal:
        policy.read(RULE + lines)
    assert said in refusal.value.message


@pytest.mark.parametrize(
    "lines",
    [
        "when.any = [{ from = '/(?P<a>.)/' }, { all = [{ header.X-A = ['*', '/(?P<b>.)/'] }] }]\nset.title = '{a}{b}'",
        "when.envelope.sender = '/(?P<q>.)/'\nset = { queue = '{q}', owner = '{q}', tags = ['{q}'] }",
        "when.subject = '/(?P<q>.)/'\nset = { ticket = 'external:{q}' }",
        "when.subject = 'x'\nset.title = 'braces {{host}} and { this }'",
        "when.kind = ['auto', 'bulk']\nset = { drop = true, hold = false }",
    ],
)  # fmt: skip
def test_what_a_rule_may_hold(lines):
    assert policy.read(RULE + lines).rules[0].name == "r"
