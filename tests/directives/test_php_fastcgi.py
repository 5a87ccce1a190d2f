"""php_fastcgi: what it is short for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from snake.adapter.adapt import adapt
from snake.config.document import encode
from snake.standard import catalogue
from tests.adapter.test_adapt import refusal


def routes(site: str) -> list[dict[str, Any]]:
    """Return the routes of a site."""
    document, _ = adapt(f":80 {{\n{site}\n}}", "Caddyfile", catalogue())
    whole = msgspec.json.decode(encode(document))
    found: list[dict[str, Any]] = whole["apps"]["http"]["servers"]["srv0"]["routes"]
    return found


def handlers(site: str) -> list[str]:
    """Return the names of the first handler of each route."""
    return [route["handle"][0]["handler"] for route in routes(site)]


def test_it_is_short_for_three() -> None:
    """Folders are redirected, what is no file is rewritten, and PHP files go to the upstream."""
    assert handlers("php_fastcgi a") == ["static_response", "rewrite", "reverse_proxy"]


def test_its_routes_stay_together() -> None:
    """They are not sorted among those of another, which may be more specific."""
    found = routes("php_fastcgi a\nphp_fastcgi /longer/path/* b")
    assert [route["handle"][0]["handler"] for route in found] == [
        *("static_response", "rewrite", "reverse_proxy", "subroute")
    ]


def test_redirect_needs_an_index_in_folders() -> None:
    """Without an index file that folders may have, there is nothing to redirect for."""
    assert handlers("php_fastcgi a {\nindex off\n}") == ["reverse_proxy"]
    assert handlers("php_fastcgi a {\ntry_files {path} x\n}") == ["rewrite", "reverse_proxy"]
    assert len(handlers("php_fastcgi a {\ntry_files {path}/index.php\n}")) == 3


@pytest.mark.parametrize(
    ("files", "policy"), [("{path} /x.php", "first_exist_fallback"), ("/x.php /x.html", None)]
)
def test_last_php_file_is_taken_for_granted(files: str, policy: str | None) -> None:
    """Of files whose last is PHP, that one serves what no other does."""
    found = routes(f"php_fastcgi a {{\ntry_files {files}\n}}")
    assert found[0]["match"][0]["file"].get("try_policy") == policy


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("root", "root takes an argument"),
        ("split", "split takes the extensions of PHP files"),
        ("env A", "env takes a name and a value"),
        ("env A b c", "env takes a name and a value"),
        ("index", "index takes one file, or off, got 0"),
        ("try_files", "try_files takes the files to try"),
        ("dial_timeout x", "dial_timeout: invalid duration"),
        ("root /x y", "php_fastcgi: unrecognized subdirective: y"),
        ("root /x {\n}", "root takes no block"),
        ("transport fastcgi", "transport already specified"),
        ("header_up env A b", "header_up takes a field"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """Arguments are counted; one that is the name of a subdirective is that subdirective."""
    error = refusal(f":80 {{\nphp_fastcgi a {{\n{lines}\n}}\n}}")
    assert error.message.startswith(message)
