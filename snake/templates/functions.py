"""Functions: what a template can call, beside what Jinja has.

Their names are those of Caddy's functions and fields, the first letter small. HTML that
a function has made is not escaped again; what it has read or been given is.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, quote_plus

from jinja2 import TemplateRuntimeError
from markupsafe import Markup

from snake.core.hostport import split_port
from snake.core.thread import in_thread
from snake.http.errors import HandlerError
from snake.http.placeholders import lookup
from snake.http.request import Request
from snake.http.template import as_text
from snake.templates import front_matter
from snake.templates.humanize import humanize
from snake.templates.limits import check_size
from snake.templates.markdown import to_html
from snake.templates.strip_html import strip_html

INLINE = 16_384
"""Characters of Markdown above which a thread makes the HTML."""
_LETTERS = string.ascii_letters + string.digits


def of_request(request: Request) -> dict[str, Any]:
    """Return the functions that tell of a request."""

    def placeholder(name: str) -> str:
        # A template may come from anywhere: it reads files below its root and no others.
        getter = None if str(name).startswith("file.") else lookup(str(name))
        return as_text(getter(request)) if getter else ""

    def cookie(name: str) -> str:
        return placeholder(f"http.request.cookie.{name}")

    return {
        "placeholder": placeholder,
        "ph": placeholder,
        "cookie": cookie,
        "host": split_port(request.hostport)[0],
        "remoteIP": (request.scope.get("client") or ("",))[0],
        "clientIP": request.client_ip,
    }


def http_error(status: int, message: str | None = None) -> str:
    """End the request with this status, by the error routes."""
    if not isinstance(status, int) or not 100 <= status <= 999:  # noqa: PLR2004
        raise TemplateRuntimeError(f"httpError: {status!r} is no status")
    raise HandlerError(status, message)


async def markdown(text: object) -> Markup:
    """Return the HTML of a Markdown text."""
    given = as_text(text)
    html = await in_thread(to_html, given) if len(given) > INLINE else to_html(given)
    return Markup(html)  # noqa: S704  (that raw HTML in it stays is told)


def rand_alpha_num(length: int) -> str:
    """Return letters and digits by chance."""
    check_size(length * 100)
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _b64dec(text: object) -> str:
    try:
        return base64.b64decode(_bytes(text), validate=True).decode("utf-8", "surrogateescape")
    except ValueError:
        raise TemplateRuntimeError("b64dec: the text is not in base 64") from None


def _bytes(text: object) -> bytes:
    return str(text).encode("utf-8", "surrogateescape")


FILTERS: Mapping[str, Callable[..., Any]] = {
    "b64dec": _b64dec,
    "b64enc": lambda text: base64.b64encode(_bytes(text)).decode(),
    "markdown": markdown,
    "pathEscape": lambda text: quote(_bytes(text), safe="$&+:=@"),
    "queryEscape": lambda text: quote_plus(_bytes(text)),
    "sha256sum": lambda text: hashlib.sha256(_bytes(text)).hexdigest(),
    "splitFrontMatter": front_matter.split,
    "stripHTML": strip_html,
}
"""Functions of one text, which can be written behind it as well: `text | markdown`."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **FILTERS,
    "env": lambda name: os.environ.get(str(name), ""),
    "httpError": http_error,
    "humanize": humanize,
    "now": lambda: datetime.now().astimezone(),
    "randAlphaNum": rand_alpha_num,
    "uuid": lambda: str(uuid.uuid4()),
}
"""Functions that need no request."""
