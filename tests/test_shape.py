"""The rules of the house that a linter cannot know."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    if (ROOT / name).exists()
]
PYTHON = [path for path in TRACKED if path.suffix == ".py"]
SHIPPED = [path for path in PYTHON if path.is_relative_to(ROOT / "snake")]
TESTS = [path for path in PYTHON if path.is_relative_to(ROOT / "tests")]
DIRECTIVES = [path for path in SHIPPED if path.parent.name == "directives" and path.stem[0] != "_"]
MATCHERS = [path for path in SHIPPED if path.parent.name == "matchers" and path.stem[0] != "_"]
OPTIONS = [path for path in SHIPPED if path.parent.name == "options" and path.stem[0] != "_"]

TOP_LEVEL = {
    *("pyproject.toml", "snake", "grammar", "examples", "tests", "benchmarks"),
    *("Caddyfile.example", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"),
    *("Makefile", "Dockerfile", "builder.Dockerfile", "deploy", "docs", "mkdocs.yml"),
}
SHAPELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"}
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|[Ff]or now|[Pp]hase \d|[Ii]ssue #?\d+)\b")
MACHINE = re.compile(r"(?<![\w.*}])/(?:home|Users)/(?!user\b)\w+|(?<![\w.*}])/root/\w")


def name(path: Path) -> str:
    """Return a path as a test's ID."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[Function]:
    """Return every function in a file, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Return the lines of a function without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def depth(node: ast.AST) -> int:
    """Return how deep blocks stand in one another below `node`; `elif` is no deeper than `if`."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef | ast.Lambda):
            continue
        deeper = isinstance(child, BLOCKS) and not is_elif(child, node)
        deepest = max(deepest, depth(child) + deeper)
    return deepest


def is_elif(child: ast.AST, parent: ast.AST) -> bool:
    """Whether `child` is the `elif` of `parent`."""
    return isinstance(child, ast.If) and isinstance(parent, ast.If) and parent.orelse == [child]


def imports(path: Path) -> Iterator[str]:
    """Return the modules that a file imports from snake."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("snake."):
            yield node.module or ""


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_file_is_short(path: Path) -> None:
    """No file is longer than a reader will hold in mind."""
    lines = path.read_text().splitlines()

    assert len(lines) <= 400, f"{len(lines)} lines"


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_functions_are_short(path: Path) -> None:
    """No function is longer than a screen, its docstring not counted."""
    assert {each.name: length(each) for each in functions(path) if length(each) > 50} == {}


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_functions_are_flat(path: Path) -> None:
    """No function has blocks four deep."""
    assert {each.name: depth(each) for each in functions(path) if depth(each) > 3} == {}


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_module_is_named_for_a_thing(path: Path) -> None:
    """No module or folder has a name that would fit anything."""
    assert not SHAPELESS & {*path.relative_to(ROOT).with_suffix("").parts}


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_module_says_what_it_is(path: Path) -> None:
    """Every module begins with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_tests_state_facts(path: Path) -> None:
    """Every test has a docstring, which says what is true of snake."""
    tests = [each for each in functions(path) if each.name.startswith("test_")]

    assert [each.name for each in tests if not ast.get_docstring(each)] == []


@pytest.mark.parametrize("path", DIRECTIVES, ids=name)
def test_directive_is_complete(path: Path) -> None:
    """A directive has a manual, a golden file and a test, all under its own name."""
    manual = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert manual.startswith(f"{path.stem}: ")
    assert "\nSyntax::\n" in manual
    assert list((ROOT / "tests/adapt").glob(f"{path.stem}*.caddyfiletest"))
    assert (ROOT / f"tests/directives/test_{path.stem}.py").exists()


@pytest.mark.parametrize("path", MATCHERS, ids=name)
def test_matcher_is_complete(path: Path) -> None:
    """A matcher has a manual, a golden file and a test, all under its own name."""
    word = path.stem.rstrip("_")
    manual = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert manual.startswith(f"{word}: ")
    assert "\nSyntax::\n" in manual
    assert list((ROOT / "tests/adapt").glob(f"*{word}*.caddyfiletest"))
    assert (ROOT / f"tests/matchers/test_{word}.py").exists()


@pytest.mark.parametrize("path", OPTIONS, ids=name)
def test_option_is_complete(path: Path) -> None:
    """A file of options has a manual, and a test under its own name."""
    manual = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert "\nSyntax::\n" in manual
    assert (ROOT / f"tests/options/test_{path.stem}.py").exists()


@pytest.mark.parametrize("path", DIRECTIVES, ids=name)
def test_directive_needs_what_a_plugin_gets(path: Path) -> None:
    """A directive knows of the adapter and the Caddyfile what a plugin knows, and no more."""
    closed = ("snake.adapter", "snake.caddyfile", "snake.transport")

    assert [each for each in imports(path) if each.startswith(closed)] == []


def test_top_level_is_fixed() -> None:
    """The top level has what the design names, and dot-files."""
    found = {path.relative_to(ROOT).parts[0] for path in TRACKED}

    assert {each for each in found if not each.startswith(".")} <= TOP_LEVEL


def test_project_speaks_of_itself_alone() -> None:
    """No file tells of unfinished work, of how it came to be, or of the machine it was made on."""
    found = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in TRACKED
        if path != Path(__file__) and path.suffix not in {".png", ".svg", ".ico"}
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if UNFINISHED.search(line) or MACHINE.search(line)
    ]

    assert found == []
