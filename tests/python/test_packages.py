"""What is installed in a folder, told by names alone."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from snake.python.imported import ALWAYS, BY_WORD, TWICE, imported, module_of
from snake.python.packages import look, ours

SNAKE = Path(__file__).parents[2] / "snake"
NOT_IN_WORKERS = {"acme", "click", "lark", "packaging", "rich", "watchdog", "a2wsgi"}
"""What only the command line and the supervisor import, or only annotations name."""


def test_versions_are_in_the_names_of_metadata_folders(tmp_path: Path) -> None:
    """Wheels leave a `.dist-info`, older tools an `.egg-info`; spellings of a name are one."""
    for name in (
        "PyYAML-6.0.1.dist-info",
        "markdown_it_py-3.0.0.dist-info",
        "zope.event-5.0.dist-info",
        "old-1.2-py3.11.egg-info",
        "__pycache__",
    ):
        (tmp_path / name).mkdir()

    assert look([tmp_path]).versions == {
        "pyyaml": "6.0.1",
        "markdown-it-py": "3.0.0",
        "zope-event": "5.0",
        "old": "1.2",
    }


def test_modules_are_files_and_packages(tmp_path: Path) -> None:
    """A module is a `.py`, a compiled file or a package; a folder of data is none."""
    for name in ("one.py", "two.cpython-311-x86_64-linux-gnu.so", "readme.txt", ".hidden.py"):
        (tmp_path / name).touch()
    for name in ("package", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "package" / "__init__.py").touch()

    assert look([tmp_path]).modules == {"one", "two", "package"}


def test_first_folder_counts(tmp_path: Path) -> None:
    """Of two versions the one that Python would find is told, and no folder is an empty one."""
    for folder, version in (("a", "1"), ("b", "2")):
        (tmp_path / folder / f"thing-{version}.dist-info").mkdir(parents=True)

    assert look([tmp_path / "a", tmp_path / "b", tmp_path / "c"]).versions == {"thing": "1"}


def test_own_packages_are_known() -> None:
    """The versions of snake's own packages are those that it has imported."""
    import msgspec  # noqa: PLC0415

    assert ours().versions["msgspec"] == msgspec.__version__
    assert {"msgspec", "h11", "jinja2"} <= ours().modules


@pytest.mark.parametrize(
    ("document", "distribution", "word"),
    [
        (b"{}", "msgspec", ""),
        (b'{"handler":"templates"}', "jinja2", "templates"),
        (b'{"encodings":{"zstd":{}}}', "zstandard", "zstd"),
        (b'{"handler":"metrics"}', "prometheus-client", "metrics"),
        (b'{"tls_connection_policies":[{}]}', "cryptography", "tls_connection_policies"),
    ],
)
def test_document_says_what_is_imported(document: bytes, distribution: str, word: str) -> None:
    """What a directive needs is imported where the directive is used, and nowhere else."""
    assert (distribution, word) in imported(document)
    assert ((distribution, word) in imported(b"{}")) == (word == "")


def third_party() -> set[str]:
    """Return the foreign modules that any file of snake imports."""
    found = set()
    for path in SNAKE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    tops = {name.partition(".")[0] for name in found}
    return tops - sys.stdlib_module_names - {"snake", "caddysnake"}


def test_every_import_of_snake_is_placed() -> None:
    """Whatever snake imports is in the table, or can live twice, or is in no worker."""
    listed = {*ALWAYS, *(name for names in BY_WORD.values() for name in names), *TWICE}
    known = {module_of(name) for name in listed} | NOT_IN_WORKERS

    assert third_party() - known == set()


IMPORTS = """
import asyncio, json, sys

async def main(text):
    from snake.engine import warm, worker
    from tests.site import site
    warm.up()
    before = set(sys.modules)
    one = site(text)
    async with one:
        await one.get("/", headers={"accept-encoding": "gzip, br, zstd"})
    names = {name.partition(".")[0] for name in set(sys.modules) - before}
    names -= sys.stdlib_module_names | {"snake", "tests"}
    from snake.config.document import encode
    print(json.dumps([sorted(names), encode(one._document).decode()]))

asyncio.run(main(sys.argv[1]))
"""
LONG = "text " * 500
SITES = {
    "br": f'encode br\nrespond "{LONG}"',
    "zstd": f'encode zstd\nrespond "{LONG}"',
    "gzip": f'encode gzip\nrespond "{LONG}"',
    "browse": "file_server browse",
    "templates": "templates {\nmime text/plain\n}\nrespond \"{{ markdown('*a*') }}\"",
    "metrics": "metrics",
    "tracing": "tracing\nrespond hi",
    "http_basic": "basic_auth {\na $2a$04$BqpDUAwCYSGhBsJOZGRYHO5eKGhqvlRSDhmJzyJzX3lqXNKkRFMvC\n}",
    "selection_policy": "reverse_proxy 127.0.0.1:1 127.0.0.1:2 {\nlb_policy ip_hash\n}",
    "dynamic_upstreams": "reverse_proxy {\ndynamic a localhost 1\n}",
    "versions": "reverse_proxy h2c://127.0.0.1:1",
}
UNLISTED = {"wrapt", "cython_runtime", "google", "opentelemetry"}
"""Namespaces that several distributions share, and what is no distribution."""


@pytest.mark.slow
@pytest.mark.parametrize("word", SITES)
def test_directive_imports_what_is_listed(word: str, tmp_path: Path) -> None:
    """A site that uses a directive imports of foreign packages only those in the table for it."""
    text = f":80 {{\nroot {tmp_path}\n{SITES[word]}\n}}"
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, text],
        cwd=SNAKE.parent,
        env=os.environ | {"PYTHONPATH": str(SNAKE.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    names, document = json.loads(done.stdout.splitlines()[-1])
    listed = {module_of(name) for name, why in imported(document.encode()) if why}
    own = {name.replace("-", "_") for name in listed} | UNLISTED

    assert f'"{word}"' in document
    assert {name for name in names if not name.startswith("_")} - own == set()
