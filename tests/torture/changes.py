"""Every small change of a module that a careless hand could make: what :mod:`torture.random_mutants` draws from."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SWAPPED = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
"""What stands for an operator in a program, and what takes its place."""

SPOKEN = {"print", "warn", "info", "debug", "warning", "error", "Bar", "ReconError", "add_argument", "add_parser"}
"""Calls whose texts and numbers only people read."""


@dataclass(frozen=True)
class Change:
    """One change of a module's text.

    Attributes:
        kind: operator, constant, condition, arguments, sorted or statement.
        start: Where it begins, in bytes.
        end: Where it ends.
        text: What stands there then.
    """

    kind: str
    start: int
    end: int
    text: str

    def apply(self, source: str) -> str:
        """Return the changed module."""
        content = source.encode()
        return (content[: self.start] + self.text.encode() + content[self.end :]).decode()


def changes(source: str, rng: random.Random) -> list[Change]:
    """List the changes of a module, some of which may say the same as before or cannot be read (:func:`is_other`).

    Args:
        source: The module.
        rng: Decides where there is a choice, such as one more or one less.
    """
    return list(_Places(source, rng).visit_all(ast.parse(source)))


def is_other(source: str, change: Change) -> bool:
    """Tell whether a change makes another program that can be read."""
    try:
        return ast.dump(ast.parse(change.apply(source))) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


class _Places:
    """Walks a module, past what nobody runs: docstrings, annotations, decorators, messages."""

    def __init__(self, source: str, rng: random.Random) -> None:
        self.content = source.encode()
        self.rng = rng
        self.lines = [0]
        for line in self.content.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def visit_all(self, node: ast.AST) -> Iterator[Change]:
        yield from self.of(node)
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_params"} or isinstance(node, ast.JoinedStr):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_silent(child):
                    yield from self.visit_all(child)

    def of(self, node: ast.AST) -> Iterator[Change]:
        yield from self.expression(node)
        for test in [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp) else getattr(node, "ifs", []):
            yield self.replace("condition", test, f"(not ({self.text(test)}))")
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return | ast.Raise | ast.Continue | ast.Break):
            yield self.replace("statement", node, "pass")

    def expression(self, node: ast.AST) -> Iterator[Change]:
        match node:
            case ast.BinOp(left=left, op=op, right=right) if not _is_text(left) and not _is_text(right):
                yield from self.operator(left, op, right)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for first, op, second in zip([left, *others], ops, others, strict=False):
                    yield from self.operator(first, op, second)
            case ast.BoolOp(op=op, values=values):
                for first, second in pairwise(values):
                    yield from self.operator(first, op, second)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self.replace("operator", node, f"({self.text(operand)})")
            case ast.Constant(value=value):
                if (text := self.constant(value)) is not None:
                    yield self.replace("constant", node, text)
            case ast.Call():
                yield from self.call(node)

    def operator(self, left: ast.expr, op: ast.AST, right: ast.expr) -> Iterator[Change]:
        """Change the operator between two operands."""
        symbol, other = SWAPPED.get(type(op), (None, None))
        start, end = self.place(left)[1], self.place(right)[0]
        pattern = re.escape(symbol) if symbol and not symbol[0].isalpha() else rf"\b{symbol}\b"
        if symbol and (seen := re.search(pattern.encode(), self.content[start:end])):
            yield Change("operator", start + seen.start(), start + seen.end(), other)

    def constant(self, value: object) -> str | None:
        """Return another constant of the kind; none for prose and for what has no other."""
        if isinstance(value, bool):
            return str(not value)
        if isinstance(value, int):
            nearby = [value + 1, value - 1, *([round(1.2 * value)] if abs(value) >= 10 else [])]
            return str(self.rng.choice(nearby)).join("()")
        if isinstance(value, float):
            return repr(self.rng.choice([value + 1, value * 1.2])).join("()") if abs(value) < 1e300 else None
        return '""' if isinstance(value, str) and value and " " not in value else None

    def call(self, node: ast.Call) -> Iterator[Change]:
        """Swap two arguments; leave ``sorted`` out."""
        if getattr(node.func, "id", "") == "sorted":
            yield self.replace("sorted", node, f"list({self.text(node.args[0])})")
        positional = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
        if len(positional) > 1 and len(positional) == len(node.args):
            place = self.rng.randrange(len(positional) - 1)
            first, second = positional[place : place + 2]
            start, end = self.place(first)[0], self.place(second)[1]
            between = self.content[self.place(first)[1] : self.place(second)[0]].decode()
            yield Change("arguments", start, end, self.text(second) + between + self.text(first))

    def replace(self, kind: str, node: ast.AST, text: str) -> Change:
        """Put a text in the place of a node."""
        return Change(kind, *self.place(node), text)

    def place(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node begins and ends, in bytes."""
        return self.lines[node.lineno - 1] + node.col_offset, self.lines[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> str:
        """Return a node as it is written."""
        return self.content[slice(*self.place(node))].decode()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_silent(node: ast.AST) -> bool:
    """Tell whether nobody would notice: a text that stands alone, a message, an exported name."""
    if isinstance(node, ast.Expr):
        return _is_text(node.value) or _is_silent(node.value)
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
        return True
    return isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in SPOKEN
