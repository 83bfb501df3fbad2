"""Jinja2 kept small: what a desk's templates need, and nothing that can run away or look around.

Templates are the admins' own, but a slip of an admin must not stop the desk, and customers' text passes through them.
On top of Jinja2's ImmutableSandboxedEnvironment: an allow-list of nodes, filters and string methods (no macros, no
`range`, no `**`, no `|center`), every loop turn and every filter paid from a budget, and a cap on what is put together.
Plain values come in as `Names`; a customer's text is data and never compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_SOURCE = 64 * 1024  # characters of one template text
MAX_OUTPUT = 256 * 1024  # characters, beside twice those of the values themselves
MAX_STEPS = 20_000  # loop turns, calls, and filters by the length of what they work on
MAX_NUMBER = 10**12

_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.Name, nodes.Const,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.List, nodes.Tuple, nodes.Concat, nodes.Add, nodes.Sub,
    nodes.Mul, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos,
)  # fmt: skip
_METHODS = frozenset((
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "split", "splitlines", "partition",
    "rpartition", "startswith", "endswith", "removeprefix", "removesuffix", "isdigit", "isalpha", "isupper", "islower",
))  # fmt: skip
_TESTS = ("defined", "undefined", "none", "string", "number", "in", "==", "eq", "ne", "lt", "le", "gt", "ge", "odd",
          "even")  # fmt: skip


class Names:
    """Plain values under a name of their own: `ticket.number`. Nothing but what is in the table can be reached."""

    __slots__ = ("name", "table")

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self.name, self.table = name, dict(table)


class Undefined(StrictUndefined):
    """StrictUndefined whose message says which names there are."""

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, Names):
            there = ", ".join(sorted(self._undefined_obj.table))
            return f"'{self._undefined_obj.name}.{self._undefined_name}' is undefined; there are {there}"
        if self._undefined_hint or self._undefined_name is None:
            return super()._undefined_message
        return f"'{self._undefined_name}' is undefined"


class Environment(ImmutableSandboxedEnvironment):
    """One rendering's environment: its budget is used up once."""

    intercepted_binops = frozenset(["+", "-", "*", "//", "%"])

    def __init__(self, room: int = MAX_OUTPUT) -> None:
        super().__init__(
            undefined=Undefined, autoescape=False, optimized=False, cache_size=0, finalize=self.written,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self.room, self.steps, self.left = room, MAX_STEPS, room
        self.globals = {}
        self.tests = {name: self.tests[name] for name in _TESTS}
        self.filters = {name: getattr(self, f"f_{method}") for name, method in _FILTERS.items()}
        self.filters["counted"] = self.counted

    def understood(self, source: str) -> nodes.Template:
        """The tree of a template text. Raises TemplateSyntaxError, with its line, on what is not for templates."""
        if len(source) > MAX_SOURCE:
            raise TemplateSyntaxError(f"longer than {MAX_SOURCE} characters", 1)
        tree = self.parse(source)
        _refuse_strange(tree)
        return tree

    def compiled(self, source: str) -> Template:
        """The template, its loops counted and its joins capped."""
        tree = self.understood(source)
        _rewire(tree)
        code = self.compile(tree, filename="<template>")
        return Template.from_code(self, code, {})  # type: ignore[arg-type, no-any-return, unused-ignore]  # compile is overloaded

    # What a rendering pays

    def pay(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise SecurityError("it takes too long")

    def counted(self, things: Iterable[Any]) -> Iterator[Any]:
        for thing in things:
            self.pay()
            yield thing

    def written(self, value: Any) -> str:
        """What `{{ value }}` prints: text and numbers; None is nothing."""
        text = self.text(value)
        self.left -= len(text)
        if self.left < 0:
            raise SecurityError(f"it writes more than {self.room} characters")
        return text

    def text(self, value: Any) -> str:
        if isinstance(value, Undefined):
            return str(value)  # raises
        if value is None:
            return ""
        if not isinstance(value, str | int | float):
            raise SecurityError("only texts and numbers can be written")
        return self.capped(str(value))

    def capped(self, text: str) -> str:
        self.pay(1 + len(text) // 4096)
        if len(text) > self.room:
            raise SecurityError(f"a text of more than {self.room} characters")
        return text

    # What a template can reach

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Undefined):
            raise UndefinedError(obj._undefined_message)
        if isinstance(obj, Names):
            return obj.table[attribute] if attribute in obj.table else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, str) and attribute in _METHODS:
            self.pay(1 + len(obj) // 4096)
            return getattr(obj, attribute)
        if type(obj).__name__ == "LoopContext" and attribute in ("index", "index0", "first", "last"):
            return getattr(obj, attribute)
        return self.undefined(f"there is no '{attribute}' here")

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Names | Undefined):
            return self.getattr(obj, str(argument))
        if isinstance(obj, str | list | tuple) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except (IndexError, ValueError, TypeError):
                pass
        return self.undefined(f"there is no [{argument!r:.40}] here")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002  (Jinja's signature)
        self.pay()
        for side in (left, right):
            if isinstance(side, Undefined):
                str(side)  # raises
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return self.capped(left + right)
        if not all(isinstance(side, int | float) and abs(side) <= MAX_NUMBER for side in (left, right)):
            raise SecurityError(f"'{operator}' is for numbers of at most 12 digits")
        return self.binop_table[operator](left, right)

    # Filters: each takes and gives little

    def f_default(self, value: Any, other: Any = "", boolean: bool = False) -> Any:
        return other if isinstance(value, Undefined) or (boolean and not value) else value

    def f_lower(self, value: Any) -> str:
        return self.text(value).lower()

    def f_upper(self, value: Any) -> str:
        return self.text(value).upper()

    def f_capitalize(self, value: Any) -> str:
        return self.text(value).capitalize()

    def f_title(self, value: Any) -> str:
        return self.text(value).title()

    def f_trim(self, value: Any) -> str:
        return self.text(value).strip()

    def f_string(self, value: Any) -> str:
        return self.text(value)

    def f_int(self, value: Any) -> int:
        try:
            return int(self.text(value)[:12])
        except ValueError:
            return 0

    def f_length(self, value: Any) -> int:
        return len(value) if isinstance(value, list | tuple) else len(self.text(value))

    def f_first(self, value: Any) -> Any:
        return self.getitem(value, 0)

    def f_last(self, value: Any) -> Any:
        return self.getitem(value, -1)

    def f_join(self, value: Iterable[Any], between: str = "") -> str:
        pieces: list[str] = []
        room = self.room
        for thing in self.counted(value):
            pieces.append(self.text(thing))
            room -= len(pieces[-1]) + len(between)
            if room < -len(between):
                raise SecurityError(f"a text of more than {self.room} characters")
        return self.capped(self.text(between).join(pieces))

    def f_replace(self, value: Any, old: str, new: str) -> str:
        text, old, new = self.text(value), self.text(old), self.text(new)
        if len(text) + text.count(old) * max(0, len(new) - len(old)) > self.room:
            raise SecurityError(f"a text of more than {self.room} characters")
        return self.capped(text.replace(old, new))

    def f_truncate(self, value: Any, length: int = 255) -> str:
        text = self.text(value)
        return text if len(text) <= length else text[: max(0, length - 1)].rstrip() + "…"

    def f_indent(self, value: Any, width: int = 4) -> str:
        if not 0 <= width <= 40:
            raise SecurityError("indent takes 0 to 40")
        return self.f_replace(value, "\n", "\n" + " " * width)


_FILTERS = {name: name for name in ("default", "lower", "upper", "capitalize", "title", "trim", "string", "int",
                                    "length", "first", "last", "join", "replace", "truncate", "indent")}  # fmt: skip
_FILTERS |= {"d": "default", "count": "length"}


def _refuse_strange(tree: nodes.Template) -> None:
    """What runs away or hides names is not for templates of a desk."""
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, _NODES) or (isinstance(node, nodes.For) and node.recursive):
            raise TemplateSyntaxError(f"'{type(node).__name__.lower()}' is not for templates", node.lineno)
        if isinstance(node, nodes.List | nodes.Tuple) and not all(map(_flat, node.items)):
            raise TemplateSyntaxError("a list in a template has plain texts and numbers only", node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise TemplateSyntaxError(f"no filter '{node.name}'; there are {', '.join(sorted(_FILTERS))}", node.lineno)
        if isinstance(node, nodes.Test) and node.name not in _TESTS:
            raise TemplateSyntaxError(f"no test '{node.name}'; there are {', '.join(_TESTS[:6])}", node.lineno)
        waiting += node.iter_child_nodes()


def _flat(item: nodes.Expr) -> bool:
    """A constant, or a loop's own name: no list of lists, which doubles with every line of a template."""
    return isinstance(item, nodes.Const) or (isinstance(item, nodes.Name) and item.ctx == "store")


def _rewire(tree: nodes.Template) -> None:
    """Loops count their turns; `a ~ b` goes through the capped join."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
    _replace_concat(tree)


def _replace_concat(node: nodes.Node) -> None:
    for name, value in list(node.iter_fields()):
        if isinstance(value, nodes.Node):
            _replace_concat(value)
            setattr(node, name, _joined(value))
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, nodes.Node):
                    _replace_concat(item)
            setattr(node, name, [_joined(item) for item in value])


def _joined(node: Any) -> Any:
    if not isinstance(node, nodes.Concat):
        return node
    things = nodes.List(list(node.nodes), lineno=node.lineno)
    return nodes.Filter(things, "join", [], [], None, None, lineno=node.lineno)
