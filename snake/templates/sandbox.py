"""Sandbox: Jinja as templates get it.

No attribute leads out of it, no value in it can be changed, and what a template does
is counted (`limits`). It is asynchronous: a template that waits, for an included
response or for its turn in a long loop, lets other requests go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import wraps
from types import BuiltinMethodType
from typing import Any, Literal

from jinja2 import TemplateSyntaxError, nodes, pass_context, pass_eval_context
from jinja2.async_utils import auto_aiter
from jinja2.filters import FILTERS, make_attrgetter, sync_do_join
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, soft_str

from snake.templates import limits
from snake.templates.limits import Budget

_TURN = 1000
"""Turns of loops after which other requests have theirs."""
_UNNEEDED = ("lipsum",)
_COUNTED = "counted for the budget"
_JOINED = "joined within the limits"

Delimiters = Sequence[str]
Newline = Literal["\n", "\r\n"]


class Sandbox(ImmutableSandboxedEnvironment):
    """What templates are compiled for and run in; `own` makes the one of a response."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self, delimiters: Delimiters, newline: Newline, *, escapes: bool) -> None:
        super().__init__(
            **_marks(*delimiters),
            newline_sequence=newline,
            keep_trailing_newline=True,
            autoescape=escapes,
            enable_async=True,
            cache_size=0,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        self.budget = Budget()
        for name in _UNNEEDED:
            self.globals.pop(name, None)
        self.filters.update(_LIMITED)
        self.filters.update({_COUNTED: _counted, _JOINED: _joined})

    def own(self) -> Sandbox:
        """Return one with a budget, a loader and values of its own, for a response."""
        own: Sandbox = self.overlay()
        own.budget = Budget()
        return own

    def code(self, source: str, name: str) -> Any:  # noqa: ANN401
        """Compile a template. Raises `TemplateSyntaxError`."""
        try:
            tree = self.parse(source, name, name)
            _guard(tree, self)
            return self.compile(tree, name, name)
        except RecursionError:
            raise TemplateSyntaxError("nested too deeply", 1, name) from None

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        """Do what an operator does, within the limits."""
        limits.check_binary(operator, left, right)
        return super().call_binop(context, operator, left, right)

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Put together what a block or a macro wrote, within the limits."""
        return "".join(limits.check_join("", parts))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ANN401
        """Return what formats a text in its place, within the limits."""
        safe = super().wrap_str_format(value)
        if safe is None:
            return None

        @wraps(safe)
        def limited(*args: Any, **kwargs: Any) -> str:  # noqa: ANN401
            limits.check_format(value.__self__)
            return safe(*args, **kwargs)

        return limited

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, N805, PYI063
        """Call what a template calls, within the limits."""
        __self.budget.take(limits.CALL)
        if isinstance(__obj, BuiltinMethodType) and isinstance(__obj.__self__, str):
            if __obj.__name__ == "join" and args:
                args = (limits.check_join(__obj.__self__, args[0]),)
            limits.check_method(__obj.__self__, __obj.__name__, args)
        return super().call(__context, __obj, *args, **kwargs)


def _marks(opening: str = "{{", closing: str = "}}") -> dict[str, str]:
    """Return Jinja's six marks by the two of Caddy.

    Where one is a character twice, as in `[[ ]]`, the others have it once: `[% %]`.
    """
    doubled = len(opening) == 2 and opening[0] == opening[1]  # noqa: PLR2004
    before = opening[0] if doubled else opening
    doubled = len(closing) == 2 and closing[0] == closing[1]  # noqa: PLR2004
    after = closing[-1] if doubled else closing
    return {
        "variable_start_string": opening,
        "variable_end_string": closing,
        "block_start_string": f"{before}%",
        "block_end_string": f"%{after}",
        "comment_start_string": f"{before}#",
        "comment_end_string": f"#{after}",
    }


def starts(delimiters: Delimiters) -> tuple[str, ...]:
    """Return what a text has somewhere, if it is a template at all."""
    return tuple(mark for name, mark in _marks(*delimiters).items() if "_start" in name)


def _guard(tree: nodes.Template, environment: Sandbox) -> None:
    """Let the turns of every loop be counted, and texts be joined within the limits."""
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
    _replace_concatenations(tree)
    tree.set_environment(environment)


def _replace_concatenations(node: nodes.Node) -> None:
    for field, value in node.iter_fields():
        if isinstance(value, list):
            value[:] = map(_replaced, value)
        else:
            setattr(node, field, _replaced(value))


def _replaced(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, nodes.Node):
        _replace_concatenations(value)
    return _joining(value)


def _joining(node: Any) -> Any:  # noqa: ANN401
    if not isinstance(node, nodes.Concat):
        return node
    parts = nodes.List(node.nodes, lineno=node.lineno)
    return nodes.Filter(parts, _JOINED, [], [], None, None, lineno=node.lineno)


@pass_context
async def _counted(context: Context, values: Any) -> AsyncIterator[Any]:  # noqa: ANN401
    """Yield what a loop goes through, and count it."""
    budget: Budget = context.environment.budget  # type: ignore[attr-defined]
    async for value in auto_aiter(values):
        budget.take()
        if budget.left % _TURN == 0:
            await asyncio.sleep(0)
        yield value


@pass_context
def _joined(context: Context, values: list[Any]) -> str:
    """Do what `~` does."""
    found = limits.check_join("", values)
    if context.eval_ctx.autoescape:
        return Markup("").join(found)
    return "".join(map(soft_str, found))


@pass_eval_context
async def _join(
    context: nodes.EvalContext,
    values: Any,  # noqa: ANN401
    d: str = "",
    attribute: str | int | None = None,
) -> str:
    """Do what the filter `join` does, within the limits."""
    found = [value async for value in auto_aiter(values)]
    if attribute is not None:
        found = list(map(make_attrgetter(context.environment, attribute), found))
    return sync_do_join(context, limits.check_join(str(d), found), d)


def _limited(name: str, check: Callable[..., None]) -> Callable[..., Any]:
    """Return Jinja's filter of this name with what it gets checked before."""
    original = FILTERS[name]

    @wraps(original)
    def limited(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        check(*(arg for arg in args if isinstance(arg, str | int)), **kwargs)
        return original(*args, **kwargs)

    return limited


def _check_numbers(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401
    numbers = [arg for arg in (*args, *kwargs.values()) if isinstance(arg, int)]
    limits.check_size(max(numbers, default=0) * 16)


def _check_replacement(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401
    texts = [str(arg) for arg in (*args, *kwargs.values())]
    if len(texts) > 2:  # noqa: PLR2004
        limits.check_replace(*texts[:3])


def _check_formatted(*args: Any, **_: Any) -> None:  # noqa: ANN401
    limits.check_format(str(args[0]) if args else "")


_LIMITED: Mapping[str, Callable[..., Any]] = {
    **{
        name: _limited(name, _check_numbers)
        for name in ("batch", "center", "indent", "slice", "tojson", "wordwrap")
    },
    "join": _join,
    "format": _limited("format", _check_formatted),
    "replace": _limited("replace", _check_replacement),
}
