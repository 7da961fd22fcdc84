"""The conditions in a rule file's header, such as ``(META.EXPOSURE.TYPE not in ("MIR_IMAGE", "NRC_IMAGE"))``.

CRDS runs them as Python. Here their tree is walked, so that nothing in them is executed.
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any

from pedigreed.impact.matchers import BrokenRulesError, NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LONGEST = 2_000
_DEEPEST = 20

# What is in no such condition, and what Python's own reading could be made slow with.
_FOREIGN = re.compile(r"[^\w\s.,()\[\]'\"<>=!/*+|:-]", re.ASCII)

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}


class FailedExpressionError(ValueError):
    """The condition can't be evaluated for these values, as in Python."""


class Expression:
    """A condition on the values of a header.

    Attributes:
        keys: the header's keys that it uses, ``META.EXPOSURE.TYPE``.
        words: the texts that values are held against; None where it does more than ask whether they are equal.
    """

    def __init__(self, text: str, parkeys: Sequence[str]) -> None:
        """Read a condition.

        Args:
            text: the condition.
            parkeys: the keys that the rule file names: the only ones that a condition may use.

        Raises:
            BrokenRulesError: CRDS can't load a rule file with it.
            NotUnderstoodError: it is beyond what is read here.
        """
        if len(text) > _LONGEST or _FOREIGN.search(text) or _depth_of(text) > _DEEPEST:
            raise NotUnderstoodError(f"a condition that is not understood: {text[:60]}")
        names = {}
        for key in parkeys:
            if "." in key:
                names[key.replace(".", "_")] = key
                text = text.replace(key, key.replace(".", "_"))
        try:
            # CRDS reads it as a program first, and then as an expression.
            ast.parse(text)
            self._tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
            raise BrokenRulesError(f"a condition that Python can't read: {text[:60]}") from fault
        self._names = names
        self.keys = tuple(sorted({names[name] for name in self._checked(self._tree, _DEEPEST)}))
        self.words = _words(self._tree)

    def value(self, header: Mapping[str, str]) -> object:
        """Evaluate it for the values of a header.

        Raises:
            FailedExpressionError: Python would raise an error.
        """
        try:
            return self._value(self._tree, header)
        except TypeError as fault:
            raise FailedExpressionError(str(fault)) from fault

    def _checked(self, node: ast.expr, depth: int) -> set[str]:
        """The names in a part of the condition, which is seen to be of the kinds that are read."""
        if depth == 0:
            raise NotUnderstoodError("a condition that is too deep")
        parts: Sequence[ast.expr]
        match node:
            case ast.Constant(value=str() | int() | float() | None):
                parts = ()
            case ast.Name(id=name):
                if name not in self._names:
                    raise NotUnderstoodError(f"a condition on {name}")
                return {name}
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.BoolOp(values=parts):
                pass
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                parts = (operand,)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                parts = (test, body, orelse)
            case ast.Compare(left=left, ops=ops, comparators=others) if not any(
                isinstance(op, ast.Is | ast.IsNot) for op in ops
            ):
                parts = (left, *others)
            case ast.Attribute() | ast.Subscript() | ast.Lambda() | ast.BinOp() | ast.Set() | ast.Compare():
                raise BrokenRulesError("a condition with what CRDS forbids")
            case _:
                raise NotUnderstoodError("a condition that is not understood")
        return {name for part in parts for name in self._checked(part, depth - 1)}

    def _value(self, node: ast.expr, header: Mapping[str, str]) -> object:  # noqa: PLR0911 - as many as kinds
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return header[self._names[name]]
            case ast.Tuple(elts=parts):
                return tuple(self._value(part, header) for part in parts)
            case ast.List(elts=parts):
                return [self._value(part, header) for part in parts]
            case ast.BoolOp(op=op, values=parts):
                return self._joined(parts, header, ends=isinstance(op, ast.Or))
            case ast.UnaryOp(operand=operand):
                return not self._value(operand, header)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._value(body if self._value(test, header) else orelse, header)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compared(left, ops, others, header)
        raise AssertionError(node)

    def _joined(self, parts: Sequence[ast.expr], header: Mapping[str, str], *, ends: bool) -> object:
        """The first value of this truth, as `and` and `or` find it; else the last."""
        value: object = None
        for part in parts:
            value = self._value(part, header)
            if bool(value) is ends:
                break
        return value

    def _compared(
        self, left: ast.expr, ops: Sequence[ast.cmpop], others: Sequence[ast.expr], header: Mapping[str, str]
    ) -> bool:
        first = self._value(left, header)
        for op, other in zip(ops, others, strict=True):
            second = self._value(other, header)
            if not _COMPARISONS[type(op)](first, second):
                return False
            first = second
        return True


def _words(node: ast.expr) -> frozenset[str] | None:
    """The texts that names are held against, as long as that is for being equal, or being one of several."""
    match node:
        case ast.Constant():
            return frozenset()
        case ast.BoolOp(values=parts):
            found = [_words(part) for part in parts]
        case ast.UnaryOp(operand=operand):
            found = [_words(operand)]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            found = [_words(part) for part in (test, body, orelse)]
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()], left=left, comparators=[right]):
            found = [_named(left), _named(right)]
        case ast.Compare(
            ops=[ast.In() | ast.NotIn()], left=left, comparators=[ast.Tuple() | ast.List() as several]
        ):
            found = [_named(part) for part in (left, *several.elts)]
        case _:
            return None
    return None if None in found else frozenset().union(*(each for each in found if each is not None))


def _named(node: ast.expr) -> frozenset[str] | None:
    """A text, or a name, which is none. None for every other value."""
    match node:
        case ast.Constant(value=str() as text):
            return frozenset((text,))
        case ast.Name():
            return frozenset()
    return None


def _depth_of(text: str) -> int:
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        deepest = max(deepest, depth)
    return deepest
