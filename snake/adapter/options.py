"""The global options: read by their own files, and put where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from snake.adapter.catalogue import Catalogue
from snake.caddyfile.manual import reading
from snake.caddyfile.segments import Segment
from snake.config.admin import Admin, AdminConfig


def read_options(lines: Sequence[Segment], catalogue: Catalogue) -> dict[str, Any]:
    """Return the value of each option by name. Raises `CaddyfileError`."""
    options: dict[str, Any] = {}
    for line in lines:
        option = catalogue.option(line)
        with reading(line, option.parse):
            options[line.name] = option.parse(line, options.get(line.name), catalogue.guests)
    return options


def admin_config(options: Mapping[str, Any]) -> Admin | None:
    """Return the admin endpoint that the options `admin` and `persist_config` make."""
    admin: Admin | None = options.get("admin")
    if options.get("persist_config") == "off":
        admin = msgspec.structs.replace(admin or Admin(), config=AdminConfig(persist=False))
    return admin
