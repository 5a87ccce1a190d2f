"""Engine: templates with one kind of marks, each compiled once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

from snake.core.thread import in_thread
from snake.templates.functions import FILTERS, FUNCTIONS
from snake.templates.humanize import humanize
from snake.templates.sandbox import Delimiters, Newline, Sandbox, starts

MOST = 256
"""How many compiled templates are kept: those used last."""
MOST_TEXT = 4 * 1024 * 1024
"""Characters of the texts of all that are kept."""
INLINE = 4096
"""Characters above which a thread compiles."""
_NEWLINES: Sequence[Newline] = ("\n", "\r\n")


class Engine:
    """Compiles templates, for pages that escape HTML and for those that do not."""

    def __init__(
        self, delimiters: Delimiters, extensions: Mapping[str, Callable[..., Any]]
    ) -> None:
        self._starts = starts(delimiters)
        self.extensions = extensions
        self._sandboxes = {
            (newline, escapes): Sandbox(delimiters, newline, escapes=escapes)
            for newline, escapes in product(_NEWLINES, (False, True))
        }
        for sandbox in self._sandboxes.values():
            sandbox.globals.update({**FUNCTIONS, **extensions})
            sandbox.filters.update(FILTERS)
            sandbox.filters["humanize"] = lambda value, kind: humanize(kind, value)
        self._codes: OrderedDict[tuple[str, bool], Any] = OrderedDict()
        self._size = 0

    def is_template(self, source: str) -> bool:
        """Tell whether there is anything to run in a text."""
        return any(start in source for start in self._starts)

    def sandbox(self, *, escapes: bool) -> Sandbox:
        """Return a sandbox for one response."""
        return self._sandboxes["\n", escapes].own()

    async def code(self, source: str, name: str, *, escapes: bool) -> Any:  # noqa: ANN401
        """Return a template compiled. Raises `TemplateSyntaxError`."""
        code = self._known(source, escapes)
        if code is not None:
            return code
        if len(source) <= INLINE:
            return self.code_now(source, name, escapes=escapes)
        code = await in_thread(self._compile, source, name, escapes)
        self._keep(source, escapes, code)
        return code

    def code_now(self, source: str, name: str, *, escapes: bool) -> Any:  # noqa: ANN401
        """Do the same at once, for templates that Jinja's own statements name."""
        code = self._known(source, escapes)
        if code is None:
            code = self._compile(source, name, escapes)
            self._keep(source, escapes, code)
        return code

    def _known(self, source: str, escapes: bool) -> Any:  # noqa: ANN401, FBT001
        key = source, escapes
        if key in self._codes:
            self._codes.move_to_end(key)
            return self._codes[key]
        return None

    def _compile(self, source: str, name: str, escapes: bool) -> Any:  # noqa: ANN401, FBT001
        # Jinja makes all ends of lines alike: those of the first line.
        newline: Newline = "\r\n" if "\r\n" in source else "\n"
        return self._sandboxes[newline, escapes].code(source, name)

    def _keep(self, source: str, escapes: bool, code: Any) -> None:  # noqa: ANN401, FBT001
        if len(source) > MOST_TEXT // 4 or (source, escapes) in self._codes:
            return
        self._codes[source, escapes] = code
        self._size += len(source)
        while len(self._codes) > MOST or self._size > MOST_TEXT:
            (old, _), _ = self._codes.popitem(last=False)
            self._size -= len(old)
