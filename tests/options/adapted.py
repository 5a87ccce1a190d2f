"""Adapt global options, and see what comes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.config.document import encode
from snake.standard import catalogue


def document(options: str, site: str = ":80 {\n}") -> Any:
    """Return the JSON of a site with these options."""
    adapted, _ = adapt(f"{{\n{options}\n}}\n{site}", "Caddyfile", catalogue())
    return json.loads(encode(adapted))


def refusal(options: str, site: str = ":80 {\n}") -> str:
    """Return what these options are refused with; they stand in the second line."""
    with pytest.raises(CaddyfileError) as raised:
        document(options, site)
    assert raised.value.line >= 2
    return str(raised.value)
