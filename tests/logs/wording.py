"""Read the block of a log, and see what its modules are or why they are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.config.document import encode
from snake.standard import catalogue


def log(lines: str) -> Any:
    """Return the JSON of a log with these lines."""
    document, _ = adapt(f":80 {{\nlog {{\n{lines}\n}}\n}}", "Caddyfile", catalogue())
    return json.loads(encode(document))["logging"]["logs"]["log0"]


def refusal(lines: str) -> str:
    """Return what these lines are refused with; they begin in the third line."""
    with pytest.raises(CaddyfileError) as raised:
        log(lines)
    assert raised.value.line >= 3
    return str(raised.value)
