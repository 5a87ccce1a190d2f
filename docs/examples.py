"""Pages of the site that show folders and files of the repository."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from docs.page import Page

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples"
LONGEST = 40_000
"""Files with more characters are named and not shown."""

LANGUAGES = {
    ".py": "python",
    ".json": "json",
    ".html": "html",
    ".css": "css",
    ".js": "javascript",
    ".md": "markdown",
    ".toml": "toml",
    ".yml": "yaml",
    ".yaml": "yaml",
    ".sh": "shell",
    ".service": "ini",
    ".socket": "ini",
    ".caddyfile": "caddyfile",
}


def pages() -> Iterator[Page]:
    """Return an index of the examples and a page for each folder that has a README."""
    readmes = sorted(FOLDER.glob("*/README.md"))
    rows = "\n".join(
        f"| [`{each.parent.name}`]({each.parent.name}.md) | {_title(each)} |" for each in readmes
    )
    yield Page(
        "examples/index.md",
        "# Examples\n\nEach is a folder in `examples/` of the repository that works as it "
        "is; the tests see to it.\n\n"
        f"| | |\n|---|---|\n{rows}\n",
    )
    for readme in readmes:
        yield _example(readme)


def shown(path: str) -> Page:
    """Return a page that shows a file of the repository, or all files of a folder."""
    there = ROOT / path
    if there.is_dir():
        files = [f"## {each}\n\n{_block(there / each)}" for each in _tracked(there)]
        return Page(f"source/{path}.md", "\n".join([f"# {path}\n", *files]))
    return Page(f"source/{path}.md", f"# {there.name}\n\n`{path}`\n\n{_block(there)}")


def _example(readme: Path) -> Page:
    folder = readme.parent
    parts = [readme.read_text(), "## Files\n"]
    parts += [
        f"### {path}\n\n{_block(folder / path)}" for path in _tracked(folder) if path != "README.md"
    ]
    return Page(f"examples/{folder.name}.md", "\n".join(parts), str(readme.relative_to(ROOT)))


def _title(readme: Path) -> str:
    return readme.read_text().partition("\n")[0].removeprefix("# ")


def _tracked(folder: Path) -> list[str]:
    """Return the files of a folder that belong to the project, by the alphabet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "."],  # noqa: S607
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else _found(folder)
    return sorted(name for name in names if (folder / name).is_file())


def _found(folder: Path) -> list[str]:
    """Return all files, where there is no git to ask."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def _block(path: Path) -> str:
    """Return a file in a fence that is longer than those in it."""
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return "This file is not text.\n"
    if not text.strip():
        return "This file is empty.\n"
    if len(text) > LONGEST:
        return f"This file has {len(text.splitlines()):,} lines.\n"
    language = "caddyfile" if "addyfile" in path.name else LANGUAGES.get(path.suffix, "text")
    return f"````{language}\n{text.rstrip()}\n````\n"
