"""`{$NAME:default}`: environment variables, spliced into the text before it is read."""

from __future__ import annotations

import os
import re

from snake.caddyfile.text import repaired

_VARIABLE = re.compile(r"\{\$([^}]+)\}")


def substitute(text: str) -> str:
    """Replace each `{$NAME}` by the variable's value, which is read as Caddyfile text.

    The default after the colon counts when the variable is not set; one that is
    set to nothing gives nothing. What is put in is not looked at again.
    """
    return _VARIABLE.sub(_value, text) if "{$" in text else text


def _value(match: re.Match[str]) -> str:
    name, _, default = match[1].partition(":")
    return repaired(os.environ.get(name, default))
