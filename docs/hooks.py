"""What mkdocs asks while it builds the site: pages that are generated, and links between all pages.

A page is written for the repository, where its links are paths between files. Here each such path
becomes the page that shows the file: `../examples/flask/` is a page made of that folder,
`directives.md#log` is the page of the directive.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import TYPE_CHECKING, Any

from pygments.lexers import LEXERS

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from docs import charts, directives, examples, schema, tables  # noqa: E402  (mkdocs runs this file alone)
from docs.page import Page  # noqa: E402

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page as SitePage

ROOT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages outside of docs/, and where on the site they are."""

PICTURES = (".svg", ".png")

LINK = re.compile(r"(\]\()(?![a-z]+:)([^)#\s]*)(#[^)\s]*)?(\))")
FENCE = re.compile(r"^(```+)[^\n]*\n.*?^\1\s*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^ *\|.*$", re.MULTILINE)
WRITTEN_BY = re.compile(r"`make docs` writes this page\s+from [^.;]*[.;]\s*")
"""What only those want to know who have the repository."""
CODE = re.compile(r"`[^`\n]+`")

Nav = list[Any]


class Site:
    """The generated pages of one build."""

    def __init__(self) -> None:
        pages = [
            *directives.pages(),
            *schema.pages(),
            *examples.pages(),
            *(
                Page(target, (ROOT / source).read_text(), source)
                for source, target in ROOT_PAGES.items()
            ),
        ]
        self.pages = {page.path: page for page in pages}
        self._shown = {page.source: page.path for page in pages if page.source}
        self._anchors = directives.anchors()
        self.pictures: set[str] = set()

    def origin(self, path: str) -> str:
        """Return the file of the repository that a page of the site shows."""
        page = self.pages.get(path)
        return page.source if page and page.source else f"docs/{path}"

    def target(self, source: str, path: str, anchor: str) -> str:
        """Return where a link of the file `source` leads on the site; a path below docs/."""
        wanted = normpath(str(PurePosixPath(source).parent / path)) if path else source
        if wanted == "docs/directives.md":
            page = self._anchors.get(anchor.removeprefix("#"), f"directives/{anchor}")
            return page if anchor else "directives/index.md"
        if wanted == "README.md":
            return "index.md" + anchor
        if wanted.startswith("docs/"):
            return wanted.removeprefix("docs/") + anchor
        found = self._shown.get(wanted) or self._shown.get(f"{wanted}/README.md")
        return (found or self._file(wanted)) + anchor

    def _file(self, wanted: str) -> str:
        """Return the page that shows a file of the repository; a link to it makes one."""
        if not (ROOT / wanted).exists():
            return f"missing/{wanted}"  # of which mkdocs complains
        if wanted.endswith(PICTURES):
            return self._picture(wanted)
        page = examples.shown(wanted)
        self.pages[page.path] = page
        return page.path

    def _picture(self, wanted: str) -> str:
        """Return where a picture of the repository is on the site."""
        self.pictures.add(wanted)
        return f"source/{wanted}"


site: Site


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the pages, and put them into the nav where it names their folder."""
    global site  # noqa: PLW0603  (mkdocs calls functions of a module)
    # Pygments has one of its own, which knows Caddy's directives and no others.
    for name in [name for name, (_, _, aliases, *_) in LEXERS.items() if "caddyfile" in aliases]:
        del LEXERS[name]
    LEXERS["CaddyfileLexer"] = ("docs.lexer", "Caddyfile of snake", ("caddyfile",), (), ())
    site = Site()
    config.nav = list(_filled(config.nav or []))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and one for each file that a page links to."""
    from mkdocs.structure.files import File, InclusionLevel  # noqa: PLC0415

    pages = [(f"docs/{file.src_uri}", file.content_string) for file in files.documentation_pages()]
    pages += [(page.source, page.text) for page in site.pages.values() if page.source]
    for source, text in pages:
        for _, path, anchor, _ in LINK.findall(FENCE.sub("", text)):
            site.target(source, path, anchor)
    for path, page in site.pages.items():
        file = File.generated(config, path, content=page.text)
        if path.startswith("source/"):
            file.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(file)
    for picture in site.pictures:
        files.append(File.generated(config, f"source/{picture}", abs_src_path=str(ROOT / picture)))
    return files


def on_page_markdown(markdown: str, page: SitePage, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files into links between pages, and marks into charts."""
    del config, files
    here = page.file.src_uri
    source = site.origin(here)

    def link(found: re.Match[str]) -> str:
        before, path, anchor, after = found.groups("")
        if not path:
            return found[0]
        target, mark, fragment = site.target(source, path, anchor).partition("#")
        way = relpath(target, str(PurePosixPath(here).parent))
        return f"{before}{way}{mark}{fragment}{after}"

    text = WRITTEN_BY.sub("", tables.filled(markdown), count=1)
    return charts.drawn(_bars(_outside_code(text, link)))


def _bars(markdown: str) -> str:
    r"""Take the backslash from `\|` in code in tables: a repository wants it, mkdocs shows it."""

    def row(found: re.Match[str]) -> str:
        return CODE.sub(lambda code: code[0].replace(r"\|", "|"), found[0])

    return ROW.sub(row, markdown)


def _outside_code(markdown: str, link: Any) -> str:  # noqa: ANN401
    """Replace links, but not those that stand in code."""
    parts, end = [], 0
    for code in FENCE.finditer(markdown):
        parts += [LINK.sub(link, markdown[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, LINK.sub(link, markdown[end:])])


def _filled(nav: Nav) -> Iterator[Any]:
    """Yield a nav with what was generated in the place of each folder."""
    for entry in nav:
        if isinstance(entry, dict):
            yield {title: _filled_value(value) for title, value in entry.items()}
        else:
            yield entry


def _filled_value(value: str | Nav) -> str | Nav:
    if isinstance(value, str):
        pages = [path for path in site.pages if path.startswith(value)]
        return pages if value.endswith("/") else value
    return list(_filled(value))
