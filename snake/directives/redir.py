"""redir: send the client to another URL.

Syntax::

    redir [<matcher>] <to> [<code>]

The code is a number from 300 to 399, `permanent` (301), `temporary` (302, the
default), a placeholder, or 401 for scripts that read the Location themselves.
`html` answers 200 with a page that redirects browsers alone.

A target that begins with a slash needs a matcher before it (`redir * /new`),
since it would be taken for one.
"""

from __future__ import annotations

import html

from snake.directives.respond import StaticResponse
from snake.http.status import Status, status_json
from snake.plugin import Directive, Scope, Segment, Token, Words, warn_of_rest

CODES = {"": "302", "temporary": "302", "permanent": "301"}
HINT = "the code is 300 to 399, 401, permanent, temporary, html or a placeholder"

PAGE = """<!DOCTYPE html>
<html>
	<head>
		<title>Redirecting...</title>
		<script>window.location.replace("{to}");</script>
		<meta http-equiv="refresh" content="0; URL='{to}'">
	</head>
	<body>Redirecting to <a href="{to}">{to}</a>...</body>
</html>
"""
"""What `html` answers, Caddy's to the letter."""


def parse(line: Segment, scope: Scope) -> StaticResponse:
    """Read a `redir` line."""
    if not line.args:
        line.fail(
            "redir takes a target and maybe a code",
            "a target that begins with / needs a matcher first: redir * /target",
        )
    words = Words(line)
    to = words.take().text
    given = words.take() if words.has_arguments else None
    warn_of_rest(words, scope)
    code = given.text if given else ""
    if code == "html":
        return _page(to)
    status = status_json(CODES.get(code, code))
    if given and code not in CODES:
        _check(given, status)
    return StaticResponse(status_code=status, headers={"Location": (to,)})


def _page(to: str) -> StaticResponse:
    # Go's html.EscapeString writes quotes as numbers.
    safe = html.escape(to, quote=False).replace('"', "&#34;").replace("'", "&#39;")
    return StaticResponse(
        status_code=200,
        headers={"Content-Type": ("text/html; charset=utf-8",)},
        body=PAGE.replace("{to}", safe),
    )


def _check(word: Token, status: Status) -> None:
    is_code = isinstance(status, int) and (300 <= status <= 399 or status == 401)  # noqa: PLR2004
    if not is_code and not word.text.startswith("{"):
        word.fail(f"redir: {word} is no code to redirect with", HINT)


directive = Directive("redir", parse)
