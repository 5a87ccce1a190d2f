"""markdown: Markdown as GitHub has it, with footnotes and heading IDs, to HTML."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def to_html(text: str) -> str:
    """Return the HTML of a Markdown text. Raw HTML in it stays."""
    return _parser().render(text)  # type: ignore[no-any-return]


@cache
def _parser() -> MarkdownIt:
    # Only where a template asks for it.
    from markdown_it import MarkdownIt  # noqa: PLC0415
    from mdit_py_plugins.anchors import anchors_plugin  # noqa: PLC0415
    from mdit_py_plugins.footnote import footnote_plugin  # noqa: PLC0415
    from mdit_py_plugins.tasklists import tasklists_plugin  # noqa: PLC0415

    parser = MarkdownIt("gfm-like", {"html": True})
    if parser.linkify is not None:
        parser.linkify.set({"fuzzy_email": True})
    return (
        parser.use(footnote_plugin)
        .use(tasklists_plugin)
        .use(anchors_plugin, max_level=6, permalink=False)
    )
