"""What the documentation shows in blocks works: Caddyfiles, JSON, Python and commands."""

from __future__ import annotations

import ast
import json
import shlex
from contextlib import nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.format import format_caddyfile
from snake.cli.main import snake as snake_command
from snake.config.document import Document
from snake.core.check import check
from snake.core.modules import Registry, decode
from snake.standard import DIRECTIVES, MODULES, OPTIONS, catalogue
from tests.docs.blocks import PAGES, Block, blocks, every
from tests.site import Site

LANGUAGES = {
    *("caddyfile", "json", "python", "sh", "console", "text"),
    *("css", "dockerfile", "html", "http", "ini", "jinja", "nginx", "toml", "yaml", "promql"),
}
"""What a block may be; the second row is shown and not run."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_say_what_they_are(page: Path) -> None:
    """Each block names its language, so that it is known what is to be done with it."""
    unknown = [str(each) for each in blocks(page) if each.language not in LANGUAGES]

    assert unknown == [], f"write one of {sorted(LANGUAGES)} after the fence"


@pytest.mark.parametrize("block", every("caddyfile"), ids=str)
async def test_caddyfile_works(block: Block) -> None:
    """A Caddyfile, or a part of one, is adapted, each field has the right type, and sites start."""
    with pytest.raises(CaddyfileError) if block.note == "wrong" else nullcontext():
        document, _ = adapt(whole(block), str(block.page.parent / "Caddyfile"), catalogue())
        check(document, Registry(MODULES))
        if document.apps is not None and document.apps.http is not None:
            async with Site(document, MODULES | {"http.handlers.python": "tests.docs.stub:Absent"}):
                pass


@pytest.mark.parametrize("block", every("caddyfile"), ids=str)
def test_caddyfile_is_formatted(block: Block) -> None:
    """A Caddyfile is laid out as `snake fmt` does it."""
    assert block.text == format_caddyfile(block.text)


@pytest.mark.parametrize("block", every("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    """JSON is read, and a configuration is checked."""
    value = json.loads(block.text)
    if isinstance(value, dict) and value.keys() <= {*Document.__struct_fields__}:
        check(decode(block.text.encode(), Document), Registry(MODULES))


@pytest.mark.parametrize("block", every("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    """Python is compiled, and what it imports from snake is there."""
    code = compile(
        block.text, str(block), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    )
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("snake"):
            module = import_module(node.module or "")
            missing = [each.name for each in node.names if not hasattr(module, each.name)]
            assert [each for each in missing if find_spec(f"{node.module}.{each}") is None] == []


@pytest.mark.parametrize("block", every("sh", "console"), ids=str)
def test_commands_are_there(block: Block) -> None:
    """Each command of snake's has the flags that it is shown with."""
    for words in commands(block):
        read(snake_command, words, None)


def read(command: click.Command, words: list[str], parent: click.Context | None) -> None:
    """Read the arguments of a command, and run nothing. Raises `UsageError`."""
    if not isinstance(command, click.Group):
        command.make_context(command.name, words, parent=parent)
        return
    ctx = click.Context(command, parent=parent, info_name=command.name, **command.context_settings)
    _, found, rest = command.resolve_command(ctx, words)
    assert found is not None
    read(found, rest, ctx)


def whole(block: Block) -> str:
    """Return a part of a Caddyfile with what it stands in around it."""
    if block.note.startswith("in: "):
        text = block.text
        for line in reversed(block.note.removeprefix("in: ").split(" / ")):
            text = f"{line} {{\n{text}\n}}\n"
        return text
    first = next((line for line in block.text.split("\n") if line and line[0] != "#"), "")
    word = first.split(" ")[0]
    if word in DIRECTIVES or word.startswith("@"):
        return f"example.com {{\n{block.text}\n}}\n"
    return f"{{\n{block.text}\n}}\n" if word in OPTIONS else block.text


def commands(block: Block) -> list[list[str]]:
    """Return the arguments of each `snake …` in a block."""
    found = []
    for line in block.text.replace("\\\n", " ").split("\n"):
        if block.language == "console" and not line.startswith("$ "):
            continue
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and "=" in words[0]:  # variables in front of it
            del words[0]
        if words[:1] == ["snake"]:
            end = next((at for at, word in enumerate(words) if word in {"|", ">", "&", "&&"}), None)
            found.append(words[1:end])
    return found
