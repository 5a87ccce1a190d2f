"""Texts that templates make of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateRuntimeError

from snake.templates.front_matter import split
from snake.templates.humanize import humanize, since, size
from snake.templates.markdown import to_html
from snake.templates.strip_html import strip_html


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("h1", "h1"),
        ("<h1>h1</h1>", "h1"),
        ('<h1">">h1</h1>', "h1"),
        ("<h1><b>h1</b></h1>", "h1"),
        ("<h1", ""),
        ("<h1<b>hi", ""),
        ("<<>img src=x onerror=alert('XSS')>", ""),
        ("<<<<<>>>>><b>hello</b>", "hello"),
        ("hello <world", "hello "),
        ('<a href="foo>bar">text</a>', "text"),
        ("<a href='foo>bar'>text</a>", "text"),
        ("stray > bracket", "stray > bracket"),
        ("it's <b>'a'</b>", "it's 'a'"),
        ("<a title='>\"<img onerror=x>", ""),
        ("<scr<script>ipt>alert(1)</scr</script>ipt>", "alert(1)"),
        ("&lt;b&gt;", "&lt;b&gt;"),
    ],
)
def test_tags_are_stripped(text: str, left: str) -> None:
    """What stands in tags goes, as in Caddy since it has been made safe."""
    assert strip_html(text) == left


@given(st.text(alphabet="<>\"'/a b=!-", max_size=60))
def test_no_tag_is_left(text: str) -> None:
    """However brackets and quotes are put together, nothing that is left begins a tag."""
    assert "<" not in strip_html(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (9, "9 B"),
        (83, "83 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9999, "10 kB"),
        (2_048_000, "2.0 MB"),
        ("82854982", "83 MB"),
        (10**18, "1.0 EB"),
        (2**64 - 1, "18 EB"),
    ],
)
def test_size(number: object, text: str) -> None:
    """A size is written with two digits and a unit of a thousand."""
    assert size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "now"),
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (7200, "2 hours ago"),
        (86_400, "1 day ago"),
        (-86_400 * 3, "3 days from now"),
        (86_400 * 13, "1 week ago"),
        (86_400 * 14, "2 weeks ago"),
        (86_400 * 45, "1 month ago"),
        (86_400 * 359, "11 months ago"),
        (86_400 * 400, "1 year ago"),
        (86_400 * 545, "2 years ago"),
        (86_400 * 365 * 5, "5 years ago"),
        (86_400 * 365 * 50, "a long while ago"),
    ],
)
def test_time(seconds: int, text: str) -> None:
    """A time is told in the largest unit of which it is more than one."""
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert since(now - timedelta(seconds=seconds), now) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("time", "Fri, 05 May 2022 15:04:05 +0200"),
        ("time", "2022-05-05T15:04:05Z"),
        ("time", "2022-05-05"),
        ("time:%Y-%b-%d", "2022-May-05"),
        ("time", datetime(2022, 5, 5, tzinfo=UTC)),
    ],
)
def test_forms_of_time(kind: str, value: object) -> None:
    """A time is a date as in mail, as in ISO 8601, in a form that is given, or one already."""
    assert humanize(kind, value).endswith(" years ago")


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("---\r\ntitle: Welcome\r\n---\r\n# Test", "Welcome", "\r\n# Test"),
        ("---\ntitle: Welcome\n---\n### Test", "Welcome", "\n### Test"),
        ("\n\n---\ntitle: Welcome\n---\nx", "Welcome", "\nx"),
        ("---\ntitle: Welcome\n...\n### Test", "Welcome", "\n### Test"),
        ("---\ntitle: Welcome\n---\nTest\n...\nyeah", "Welcome", "\nTest\n...\nyeah"),
        ('+++\ntitle = "Welcome"\n+++\nTest', "Welcome", "\nTest"),
        ('+++\r\ntitle = "Welcome"\r\n+++\r\nTest', "Welcome", "\r\nTest"),
        ('{\n"title": "Welcome"\n}\nTest', "Welcome", "\nTest"),
        ("Test\n---\n", None, "Test\n---\n"),
        ("", None, ""),
        ("---\n- a\n---\nx", None, "\nx"),
    ],
)
def test_front_matter(text: str, title: str | None, body: str) -> None:
    """Fields in YAML, TOML or JSON are split from what follows them."""
    parts = split(text)

    assert (parts.meta.get("title"), parts.body) == (title, body)


@pytest.mark.parametrize(
    "text",
    [
        "---\na: 1",
        "+++\na\n+++",
        "{\na\n}",
        "---\n!!python/object/apply:os.system [id]\n---",
        "{\n" + '"a":' + "[" * 100_000 + "\n}",
    ],
)
def test_front_matter_that_cannot_be_read(text: str) -> None:
    """What is none is an error, and never runs anything."""
    with pytest.raises(TemplateRuntimeError):
        split(text)


def test_markdown() -> None:
    """Markdown is GitHub's, with footnotes, IDs of headings, and HTML as it is."""
    html = to_html(
        "# A b\n\n~~x~~ www.x.org a@b.org\n\n- [x] t\n\n|a|b|\n|-|:-:|\n|1|2|\n\n[^1]\n\n"
        "[^1]: foo\n\n```go\nx := 1\n```\n<b>raw</b>\n\n## A b\n"
    )

    for part in (
        '<h1 id="a-b">A b</h1>',
        '<h2 id="a-b-1">A b</h2>',
        "<s>x</s>",
        '<a href="http://www.x.org">www.x.org</a>',
        '<a href="mailto:a@b.org">a@b.org</a>',
        '<input class="task-list-item-checkbox" checked="checked" disabled="disabled"',
        '<th style="text-align:center">b</th>',
        '<section class="footnotes">',
        '<pre><code class="language-go">x := 1\n</code></pre>',
        "<b>raw</b>",
    ):
        assert part in html
