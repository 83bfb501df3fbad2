"""Templates of the policy: filled with plain values, and checked before a policy is applied.

The values are the contract's (section 7): `ticket customer agent desk text quote now`; an automatic answer knows no
agent and repeats nobody's text (mail-rules A18). Jinja2 is imported when the first template is filled, not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ticketctl.errors import BadData
from ticketctl.policy import Policy
from ticketctl.policy.value import Template, TemplateKind

if TYPE_CHECKING:
    from ticketctl.render.sandbox import Environment

NAMES: dict[str, tuple[str, ...]] = {
    "agent": ("email", "name"),
    "customer": ("address", "language", "name"),
    "desk": ("domain", "name"),
    "now": (),
    "quote": (),
    "text": (),
    "ticket": ("created", "number", "priority", "queue", "state", "title"),
}
NOT_IN_AUTO = frozenset({"agent", "quote", "text"})

SAMPLE: dict[str, Any] = {
    "agent": {"email": "agent@example.org", "name": "A. Agent"},
    "customer": {"address": "customer@example.net", "language": "en", "name": "C. Customer"},
    "desk": {"domain": "example.org", "name": "Help Desk"},
    "now": "2026-11-22 21:26",
    "quote": "> a question",
    "text": "an answer",
    "ticket": {
        "created": "2026-11-22 09:00", "number": "2026112210000017", "priority": "normal", "queue": "Support",
        "state": "open", "title": "a title",
    },
}  # fmt: skip


class Filled(Struct, frozen=True, kw_only=True):
    """A template's subject ("" where it has none) and body, and which of the values it asked for by itself."""

    subject: str
    body: str
    used: frozenset[str] = frozenset()


def names(kind: TemplateKind) -> dict[str, tuple[str, ...]]:
    """What templates of this kind may name: a value, and the fields it has."""
    return {name: fields for name, fields in NAMES.items() if kind != "auto" or name not in NOT_IN_AUTO}


def choose(texts: Mapping[str, str], *languages: str) -> str:
    """The language to take: the first wanted one that is there (`fr-CH` finds `fr`), the desk's own, else any."""
    for wanted in languages:
        for tag in (wanted.lower(), wanted.lower().replace("_", "-").split("-", 1)[0]):
            for language in texts:
                if tag and language.lower() == tag:
                    return language
    return "" if "" in texts else min(texts)


def fill(template: Template, language: str, values: Mapping[str, Any], *, desk_language: str = "") -> Filled:
    """The template in the customer's language, else the desk's, else any, with these values. One pass.

    Raises BadData naming template, language, line and reason: an undefined name, a syntax error, too much output.
    """
    known = {name: values[name] for name in names(template.kind) if name in values}
    subject, body, used = "", "", frozenset[str]()
    for part, texts in (("subject", template.subject), ("body", template.body)):
        if not texts:
            continue
        tongue = choose(texts, language, desk_language)
        text, more = _render(texts[tongue], known, _place(template, part, tongue))
        used |= more
        if part == "subject":
            subject = " ".join(text.split())
        else:
            body = text
    return Filled(subject=subject, body=body, used=used)


def check(policy: Policy) -> list[str]:
    """Every problem of every template, in every language: names that are not there, wherever they stand; what fails
    on a sample. `policy apply` refuses a policy with one."""
    problems: list[str] = []
    for template in policy.templates.values():
        for part, texts in (("subject", template.subject), ("body", template.body)):
            for language, source in texts.items():
                problems += check_text(source, template.kind, _place(template, part, language))
    return problems


def check_text(source: str, kind: TemplateKind, place: str) -> list[str]:
    """The problems of one text; each begins with `place`."""
    known = names(kind)
    try:
        wrong = _undefined(source, known)
    except _faults() as fault:
        return [_say(fault, place, known)]
    if wrong:
        return [f"{place}: line {line}: {said}" for line, said in wrong]
    try:
        _render(source, {name: SAMPLE[name] for name in known}, place)
    except BadData as fault:
        return [fault.message]
    return []


def _place(template: Template, part: str, language: str) -> str:
    return f"templates.{template.name}.{part}" + (f".{language}" if language else "")


def _faults() -> tuple[type[Exception], ...]:
    """What a template can raise: Jinja2's own, and what Python says to a nest too deep or a number too long."""
    from jinja2.exceptions import TemplateError

    return (TemplateError, RecursionError, MemoryError, SyntaxError, ValueError, TypeError, ArithmeticError,
            LookupError, AttributeError)  # fmt: skip


def _render(source: str, values: Mapping[str, Any], place: str) -> tuple[str, frozenset[str]]:
    from jinja2 import meta

    from ticketctl.render.sandbox import MAX_OUTPUT, Environment, Names

    given = {name: Names(name, value) if isinstance(value, Mapping) else value for name, value in values.items()}
    environment = Environment(MAX_OUTPUT + 2 * sum(len(value) for value in given.values() if isinstance(value, str)))
    try:
        used = frozenset(meta.find_undeclared_variables(environment.understood(source)))
        return environment.compiled(source).render(given), used
    except _faults() as fault:
        raise BadData(_say(fault, place, values)) from None


def _say(fault: Exception, place: str, known: Mapping[str, Any]) -> str:
    """`templates.vpn.body.fr: line 2: 'tickt' is undefined; there are ...`"""
    said = getattr(fault, "message", None) or str(fault) or type(fault).__name__
    if isinstance(fault, RecursionError | MemoryError):
        said = "nested too deeply"
    if said.endswith("is undefined"):
        said += "; there are " + ", ".join(sorted(known))
    line = getattr(fault, "lineno", None) or _line(fault)
    return f"{place}: " + (f"line {line}: " if line else "") + said


def _line(fault: BaseException) -> int | None:
    """The template's line: Jinja2 rewrites its frames to those of the source."""
    trace, line = fault.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _undefined(source: str, known: Mapping[str, tuple[str, ...]]) -> list[tuple[int, str]]:
    """(line, what is wrong) of names that are not there, also in branches that no sample reaches."""
    from jinja2 import nodes

    from ticketctl.render.sandbox import Environment

    environment: Environment = Environment()
    tree = environment.understood(source)
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    own |= {"loop"} if tree.find(nodes.For) else set()
    wrong = []
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)):
        match node:
            case nodes.Name(name=name, ctx="load") if name not in known and name not in own:
                wrong.append((node.lineno, f"'{name}' is undefined; there are {', '.join(sorted(known))}"))
            case (
                nodes.Getattr(node=nodes.Name(name=name), attr=field)
                | nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=str(field)))
            ) if name not in own and known.get(name) and field not in known[name]:
                wrong.append((node.lineno, f"'{name}.{field}' is undefined; there are {', '.join(known[name])}"))
    return sorted(set(wrong))
