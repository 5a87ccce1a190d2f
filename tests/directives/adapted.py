"""Adapt lines of a site, and see what comes of them."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.cli.adapt import as_text
from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.standard import MODULES, catalogue


def _adapt(lines: str) -> tuple[Any, list[str]]:
    document, warnings = adapt(f":80 {{\n{lines}\n}}\n", "Caddyfile", catalogue())
    told = [str(warning) for warning in warnings if "is not formatted" not in warning.message]
    return json.loads(as_text(document, pretty=False)), told


def handlers(lines: str) -> list[dict[str, Any]]:
    """Return the handlers of the first route of a site with these lines."""
    document, _ = _adapt(lines)
    found: list[dict[str, Any]] = document["apps"]["http"]["servers"]["srv0"]["routes"][0]["handle"]
    return found


def warnings(lines: str) -> list[str]:
    """Return what is warned of in a site with these lines, which begin in the second one.

    That they are not formatted is not told.
    """
    return _adapt(lines)[1]


def mistake(lines: str) -> tuple[int, str, str]:
    """Return the line (the first of these is 2) and word of an error, and its message."""
    with pytest.raises(CaddyfileError) as raised:
        _adapt(lines)
    error = raised.value
    word = error.source[error.column - 1 :][: error.width]
    return error.line, word, error.message


async def refusal(config: dict[str, Any]) -> ConfigError:
    """Return what a handler's JSON is refused with when it is to run."""
    ctx = Context(Registry(MODULES), AsyncExitStack()).at("handle", 0)
    with pytest.raises(ConfigError) as raised:
        await ctx.load(
            msgspec.Raw(msgspec.json.encode(config)), namespace="http.handlers", key="handler"
        )
    return raised.value
