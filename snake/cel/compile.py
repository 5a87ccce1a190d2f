"""The parts of an expression to functions, with their types checked on the way.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from snake.cel.calls import bind
from snake.cel.conversions import CONVERSIONS
from snake.cel.conversions import NAMES as CONVERTING
from snake.cel.errors import EvaluationError, ExpressionError, NoSuchOverloadError
from snake.cel.folds import bound, collected, exactly_one, local, quantified
from snake.cel.formatting import check_format
from snake.cel.lists import LISTS
from snake.cel.logic import conditional, equality, joined, membership
from snake.cel.mathematics import MATHEMATICS
from snake.cel.operators import OPERATORS, searcher
from snake.cel.overload import Library, Overload, library
from snake.cel.parse import parse
from snake.cel.part import Part, Run, constant
from snake.cel.strings import STRINGS
from snake.cel.syntax import Bind, Call, Field, Fold, Foreign, ListOf, Literal, MapOf, Name, Node
from snake.cel.times import TIMES
from snake.cel.types import BOOL, DYN, HOST, Fitting, Type, list_of, map_of
from snake.cel.values import CLASSES, Map, type_of

_TYPES = {name: Type(name) for name in CLASSES}


class Host(Protocol):
    """What the program in which an expression runs adds to the language."""

    variable: str
    """The name of what it gives an expression each time."""
    functions: Mapping[str, Type]
    """The functions of its own, with the types that they return."""

    def arguments(self, call: Foreign) -> Sequence[Node]:
        """Return those arguments of a call that have a value. Raises `ExpressionError`."""
        ...

    def bind(self, function: str, values: Sequence[object]) -> Run:
        """Return the function with its arguments. Raises `EvaluationError`."""
        ...


def compile_expression(text: str, host: Host) -> Part:
    """Compile an expression. Raises `ExpressionError`."""
    return _Compiler(host).part(parse(text, host.functions), ())


@cache
def standard() -> Library:
    """Return the functions of the language, and of the extensions that Caddy has."""
    return library((*OPERATORS, *CONVERSIONS, *STRINGS, *LISTS, *MATHEMATICS, *TIMES))


class _Local(NamedTuple):
    """A variable that a macro has made."""

    name: str
    type: Type


_Scope = tuple[_Local, ...]


class _Compiler:
    """Compiles one expression; `scope` is what variables there are at a place."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._types = Fitting()
        self._by_kind: dict[type[Node], Callable[[Any, _Scope], Part]] = {
            Literal: self._literal,
            Name: self._name,
            Field: self._field,
            Call: self._call,
            ListOf: self._list,
            MapOf: self._map,
            Fold: self._fold,
            Bind: self._bind,
            Foreign: self._foreign,
        }

    def part(self, node: Node, scope: _Scope) -> Part:
        """Compile a part. Raises `ExpressionError`."""
        return self._by_kind[type(node)](node, scope)

    def _literal(self, node: Literal, _: _Scope) -> Part:
        return constant(Type(type_of(node.value)), node.value)

    def _bind(self, node: Bind, scope: _Scope) -> Part:
        value = self.part(node.value, scope)
        result = self.part(node.result, (*scope, _Local(node.variable, value.type)))
        return Part(result.type, bound(value.run, result.run))

    def _name(self, node: Name, scope: _Scope) -> Part:
        for index in range(len(scope) - 1, -1, -1):
            if scope[index].name == node.name:
                return Part(self._types.of(scope[index].type), local(index))
        if node.name == self._host.variable:
            return Part(HOST, lambda host, _: host)
        if found := _TYPES.get(node.name):
            return constant(Type("type", (found,)), found)
        raise _undeclared(node.name, node.at)

    def _field(self, node: Field, scope: _Scope) -> Part:
        dotted = _dotted(node)
        if found := _TYPES.get(dotted or ""):
            return constant(Type("type", (found,)), found)
        of = self.part(node.operand, scope)
        kind = self._types.of(of.type)
        if kind.name not in ("map", "dyn", "any") and not kind.is_parameter:
            raise ExpressionError(f"type '{kind}' does not support field selection", node.at)
        run, name = of.run, node.name
        result = kind.parameters[1] if kind.name == "map" else DYN

        def select(host: object, names: tuple[object, ...]) -> object:
            value = run(host, names)
            if node.is_test:
                return type(value) is Map and name in value
            if type(value) is not Map:
                raise NoSuchOverloadError
            return value[name]

        return Part(BOOL if node.is_test else self._types.of(result), select)

    def _list(self, node: ListOf, scope: _Scope) -> Part:
        parts = [self.part(item, scope) for item in node.items]
        kind = list_of(self._joint(parts))
        if all(part.is_constant for part in parts):
            return constant(kind, [part.constant for part in parts])
        runs = [part.run for part in parts]
        return Part(kind, lambda host, names: [run(host, names) for run in runs])

    def _map(self, node: MapOf, scope: _Scope) -> Part:
        keys = [self.part(key, scope) for key, _ in node.entries]
        values = [self.part(value, scope) for _, value in node.entries]
        kind = map_of(self._joint(keys), self._joint(values))
        if all(part.is_constant for part in (*keys, *values)):
            pairs = [(k.constant, v.constant) for k, v in zip(keys, values, strict=True)]
            return constant(kind, self._now(lambda _, __: Map(pairs), node.at))
        runs = [(key.run, value.run) for key, value in zip(keys, values, strict=True)]
        return Part(
            kind,
            lambda host, names: Map(
                [(key(host, names), value(host, names)) for key, value in runs]
            ),
        )

    def _joint(self, parts: Sequence[Part]) -> Type:
        kind = self._types.fresh()
        for number, part in enumerate(parts):
            kind = self._types.join(kind, part.type) if number else part.type
        return kind

    def _fold(self, node: Fold, scope: _Scope) -> Part:
        over = self.part(node.over, scope)
        kind = self._types.of(over.type)
        if kind.name not in ("list", "map", "dyn") and not kind.is_parameter:
            raise ExpressionError(f"'{kind}' is nothing that {node.kind}() can go through", node.at)
        item = kind.parameters[0] if kind.parameters else DYN
        inner = (*scope, _Local(node.variable, item))
        if node.kind in ("map", "filter"):
            chosen = self._condition(node.predicate, inner) if node.predicate else None
            transform = self.part(node.transform, inner) if node.transform else None
            made = list_of(self._types.of(item if transform is None else transform.type))
            return Part(made, collected(over.run, chosen, transform and transform.run))
        predicate = self._condition(node.predicate or node.over, inner)
        if node.kind == "exists_one":
            return Part(BOOL, exactly_one(over.run, predicate))
        return Part(BOOL, quantified(over.run, predicate, decisive=node.kind == "exists"))

    def _condition(self, node: Node, scope: _Scope) -> Run:
        part = self.part(node, scope)
        if not self._types.fits([part.type], [BOOL]):
            raise ExpressionError(
                f"expected type 'bool' but found '{self._types.of(part.type)}'", node.at
            )
        return part.run

    def _foreign(self, node: Foreign, scope: _Scope) -> Part:
        kind = self._host.functions[node.function]
        parts = [self.part(each, scope) for each in self._host.arguments(node)]
        if all(part.is_constant for part in parts):
            try:
                run = self._host.bind(node.function, [part.constant for part in parts])
            except EvaluationError as error:
                raise ExpressionError(str(error), node.at) from error
            return Part(kind, run)
        make, name = self._host.bind, node.function
        runs = [part.run for part in parts]
        return Part(
            kind,
            lambda host, names: make(name, [run(host, names) for run in runs])(host, names),
        )

    def _call(self, node: Call, scope: _Scope) -> Part:
        match node.function:
            case "_&&_" | "_||_":
                runs = [self._condition(each, scope) for each in node.arguments]
                return Part(BOOL, joined(runs, decisive=node.function == "_||_"))
            case "_?_:_":
                condition = self._condition(node.arguments[0], scope)
                one, other = (self.part(each, scope) for each in node.arguments[1:])
                kind = self._same(node, one, other)
                return Part(kind, conditional(condition, one.run, other.run))
            case "_==_" | "_!=_":
                left, right = (self.part(each, scope) for each in node.arguments)
                self._same(node, left, right)
                return Part(BOOL, equality(left, right, wanted=node.function == "_==_"))
        name, target = node.function, node.target
        if target is not None and f"{_dotted(target)}.{name}" in standard():
            name, target = f"{_dotted(target)}.{name}", None
        nodes = node.arguments if target is None else (target, *node.arguments)
        parts = [self.part(each, scope) for each in nodes]
        overloads, kind = self._resolve(node, name, parts, is_method=target is not None)
        return self._special(node, name, parts, kind, scope) or Part(kind, bind(overloads, parts))

    def _same(self, node: Call, one: Part, other: Part) -> Type:
        """Return the type that both have. Raises `ExpressionError`."""
        kind = self._types.fresh()
        if not self._types.fits([one.type, other.type], [kind, kind]):
            raise self._no_overload(node, node.function, [one, other])
        return self._types.of(kind)

    def _resolve(
        self, node: Call, name: str, parts: Sequence[Part], *, is_method: bool
    ) -> tuple[list[Overload], Type]:
        """Return the forms of a function that fit the arguments, and the type of the result."""
        forms = standard().get(name)
        if forms is None:
            raise _undeclared(name, node.at)
        found: list[Overload] = []
        kind: Type | None = None
        for form in sorted(forms, key=attrgetter("is_hidden")):
            if form.is_method is not is_method or (form.is_hidden and kind is None):
                continue
            *wanted, result = self._types.instance(form.types)
            if self._types.fits([part.type for part in parts], wanted):
                found.append(form)
                result = self._types.of(result)
                kind = kind if form.is_hidden else result if kind in (None, result) else DYN
        if kind is None:
            raise self._no_overload(node, name, parts)
        return found, kind

    def _special(
        self, node: Call, name: str, parts: Sequence[Part], kind: Type, scope: _Scope
    ) -> Part | None:
        """Return a call that can be prepared better than others, because something is constant."""
        if name in CONVERTING and parts[0].is_constant:
            overloads, _ = self._resolve(node, name, parts, is_method=False)
            return constant(kind, self._now(bind(overloads, parts), node.at))
        last = parts[-1].constant
        if name == "@in" and isinstance(last, list):
            run = membership(parts[0], last)
            return Part(kind, run) if run else None
        if name == "matches" and isinstance(last, str):
            search = self._now(lambda _, __: searcher(last), node.at)
            matching = Overload("string bool", lambda text: search(text) is not None)
            return Part(kind, bind([matching], parts[:1]))
        listed = node.arguments[0] if node.arguments else None
        if name == "format" and isinstance(parts[0].constant, str) and isinstance(listed, ListOf):
            values = [self.part(item, scope) for item in listed.items]
            self._check_format(node, parts[0].constant, values)
        return None

    def _check_format(self, node: Call, text: str, parts: Sequence[Part]) -> None:
        """Refuse a text that the values cannot be put into, as far as their types are known."""
        given = [str(self._types.of(part.type)) for part in parts]
        try:
            check_format(text, [kind.partition("(")[0] for kind in given])
        except EvaluationError as error:
            raise ExpressionError(str(error), node.at) from error

    def _now(self, run: Run, at: int) -> Any:  # noqa: ANN401
        """Evaluate what is constant. Raises `ExpressionError`."""
        try:
            return run(None, ())
        except EvaluationError as error:
            raise ExpressionError(str(error), at) from error

    def _no_overload(self, node: Call, name: str, parts: Collection[Part]) -> ExpressionError:
        kinds = ", ".join(f"{self._types.of(part.type)}" for part in parts)
        return ExpressionError(
            f"found no matching overload for '{name}' applied to '({kinds})'", node.at
        )


def _undeclared(name: str, at: int) -> ExpressionError:
    return ExpressionError(f"undeclared reference to '{name}'", at)


def _dotted(node: Node) -> str | None:
    """Return the name that a chain of fields may be, such as `google.protobuf.Duration`."""
    names = []
    while isinstance(node, Field) and not node.is_test:
        names.append(node.name)
        node = node.operand
    return ".".join([node.name, *reversed(names)]) if isinstance(node, Name) else None
