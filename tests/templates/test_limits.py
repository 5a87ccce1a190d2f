"""What a template cannot do: leave the sandbox, run for ever, fill the memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from snake.http.errors import HandlerError
from tests.templates.page import fault, render, shown

_SECRETS = (
    "''.__class__",
    "''.__class__.__mro__[1].__subclasses__()",
    "include.__self__",
    "include.__func__.__globals__",
    "include.__globals__",
    "req._request",
    "req._request.scope",
    "respHeader._response",
    "req.header._values",
    "req.__init__.__globals__",
    "namespace.__init__.__globals__",
    "cycler.__init__.__globals__.os",
    "self._TemplateReference__context",
    "self.__init__.__globals__",
    "now().__class__",
    "fileStat('a').__class__",
    "(1).__class__",
    "[].__class__",
    "''|attr('__class__')",
    "'{0.__class__}'.format('')",
    "'{0.__class__}'.format_map({'0': ''})",
    "('{0.__class__}'|format)",
    "('{0.__class__.__mro__}'.format)(x)",
    "(['{0.__class__}']|map('format', ''))|list",
    "[('', '')]|map(attribute='__class__')|list",
    "joiner.__init__",
    "httpError.__code__",
    "markdown.__code__",
    "httpInclude('/x').cr_frame",
    "dict.__base__",
    "range.__class__",
    "e.__traceback__",
)


def _grown(step: str) -> str:
    """Return a page that takes a step again and again, from the text `a` and the number 7."""
    start = "{% set n = namespace(x='a', y=7) %}{% for i in range(99) %}"
    return start + step + "{% endfor %}"


@pytest.mark.parametrize("expression", _SECRETS)
async def test_no_attribute_leads_out(expression: str, tmp_path: Path) -> None:
    """What a template must not see is empty or an error, however it is asked for."""
    (tmp_path / "a").write_text("x")
    source = shown(expression)
    try:
        text = await render(source, tmp_path, escapes=False)
    except HandlerError as error:
        text = error.message

    assert "<class" not in text
    assert "object at" not in text
    assert "<function" not in text


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{{ range(99999)|list }}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for x in 'abc' recursive %}{{ loop(x) }}{% endfor %}",
        "{{ range(10**9) }}",
        "{{ 'x' * 10**9 }}",
        "{{ 10**9 * [1] }}",
        "{{ 7 ** (7 ** (7 ** 7)) }}",
        _grown("{% set n.x = n.x ~ n.x %}"),
        _grown("{% set n.x = n.x + n.x %}"),
        _grown("{% set n.x = n.x.replace('a', 'aa') %}"),
        _grown("{% set n.x = n.x|replace('a', 'aa') %}"),
        _grown("{% set n.x = [n.x, n.x]|join %}"),
        _grown("{% set n.x = ''.join([n.x, n.x]) %}"),
        _grown("{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}"),
        _grown("{% set n.y = n.y * n.y %}"),
        "{{ 'a'.ljust(10**9) }}{{ 'a'.zfill(10**9) }}",
        "{{ 'a'|center(10**9) }}",
        "{{ 'a\nb'|indent(10**9) }}",
        "{{ [1]|batch(10**9, 1)|list }}",
        "{{ [1]|slice(10**9)|list }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ [1]|tojson(10**9) }}",
        "{{ randAlphaNum(10**9) }}",
        "{% for i in range(99999) %}" + "a" * 1000 + "{% endfor %}",
        "{{ include('loop.html') }}",
        "{% include 'loops.html' %}",
        "{% extends 'itself.html' %}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{% if 1 %}" * 500 + "{% endif %}" * 500,
    ],
)
async def test_too_much_is_an_error(source: str, tmp_path: Path) -> None:
    """A template that would go on for ever or fill the memory ends as a 500, soon."""
    (tmp_path / "loop.html").write_text("{{ include('loop.html') }}")
    (tmp_path / "loops.html").write_text("{% include 'loops.html' %}")
    (tmp_path / "itself.html").write_text("{% extends 'itself.html' %}")
    before = time.perf_counter()
    error = await fault(source, tmp_path)

    assert error.status == 500
    assert time.perf_counter() - before < 10


async def test_others_have_their_turn() -> None:
    """While a template loops for long, the event loop goes on."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    text = await render(
        "{% for a in range(300) %}{% for b in range(300) %}{% endfor %}.{% endfor %}"
    )
    task.cancel()

    assert text == "." * 300
    assert turns > 50


async def test_ordinary_work_is_within_the_limits() -> None:
    """Loops know their length, texts are joined and formatted, numbers computed."""
    source = (
        "{% for x in [1, 2, 3] %}{{ loop.index }}/{{ loop.length }}"
        "{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}"
        " {{ 'a' ~ 1 ~ '<' }} {{ ['a', '<']|join('-') }} {{ '%05.1f' % 3.14 }} {{ 2 ** 10 }}"
        " {{ 'ab' * 2 }} {{ '{:>4}'.format(1) }} {{ 'x'.ljust(3) }}| {{ 'aXb'|replace('X', '-') }}"
        " {{ [3, 1, 2]|sort|join }} {{ [{'a': 1}, {'a': 2}]|join(',', attribute='a') }}"
        " {{ [1, 2, 3]|batch(2)|list }} {{ 'ab'.join('12') }}"
    )

    assert await render(source) == (
        "1/3, 2/3, 3/3 a1&lt; a-&lt; 003.1 1024 abab    1 x  | a-b 123 1,2 [[1, 2], [3]] 1ab2"
    )
