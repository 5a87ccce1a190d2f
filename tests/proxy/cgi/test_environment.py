"""The environment that a CGI program gets of a request."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.http.errors import HandlerError
from snake.proxy.cgi.environment import Environment
from snake.proxy.contract import Outgoing, UpstreamError
from snake.proxy.fastcgi import FastCGITransport
from snake.standard import MODULES
from tests.proxy.cgi.conversation import Body, outgoing


def variables(
    request: Outgoing, *splits: str, root: str = "/srv", length: int = 0, **env: str
) -> dict[str, str]:
    """Return the variables of a request."""
    environment = Environment(root, splits or (".php",), env, real_root=False)
    made = environment.of(request, length)
    return {name: value.decode("utf-8", "surrogateescape") for name, value in made.items()}


@pytest.mark.parametrize(
    ("path", "script", "info"),
    [
        ("/index.php", "/index.php", ""),
        ("/a/b.php/c/d", "/a/b.php", "/c/d"),
        ("/a.PhP/x", "/a.PhP", "/x"),
        ("/a.php.php/x", "/a.php", ".php/x"),
        ("/a.phpx", "/a.php", "x"),
        ("/plain", "/plain", ""),
        # What only looks like .php, or folds to it, is another file (CVE-2026-27590, 45135).
        ("/a.p%EF%BD%88p/b", "/a.p\uff48p/b", ""),
        ("/%C4%B0.php/x", "/\u0130.php", "/x"),
        ("/%E2%84%AA%C8%BA.php/x", "/\u212a\u023a.php", "/x"),
        ("/a%EF%BC%8Ephp/x.php", "/a\uff0ephp/x.php", ""),
        ("/%FF.php/x", "/\udcff.php", "/x"),
    ],
)
def test_script_and_path_info(path: str, script: str, info: str) -> None:
    """A path is split after the first delimiter; only ASCII's letters have two cases."""
    made = variables(outgoing(path))
    assert (made["SCRIPT_NAME"], made["PATH_INFO"]) == (script, info)
    assert made["SCRIPT_FILENAME"] == f"/srv{script}"
    assert made["DOCUMENT_URI"] == script
    assert made.get("PATH_TRANSLATED") == (f"/srv{info}" if info.startswith("/") else
                                           f"/srv/{info}" if info else None)  # fmt: skip


def test_delimiter_that_folds_to_ascii() -> None:
    """The sign of Kelvin is no k: what is split at `.k` has one."""
    assert variables(outgoing("/a.%E2%84%AA/x"), ".k")["PATH_INFO"] == ""
    assert variables(outgoing("/a.K/x"), ".k")["PATH_INFO"] == "/x"


def test_without_delimiters() -> None:
    """All of the path is for the program when nothing says where its name ends."""
    made = Environment("/srv", (), {}, real_root=False).of(outgoing("/a/b"), 0)
    assert (made["SCRIPT_NAME"], made["PATH_INFO"]) == (b"", b"/a/b")
    assert (made["SCRIPT_FILENAME"], made["PATH_TRANSLATED"]) == (b"/srv", b"/srv/a/b")


def test_path_info_of_a_matcher() -> None:
    """What the file matcher left is the path info of a path without a delimiter."""
    request = outgoing("/plain")
    request.request.set_value("http.matchers.file.remainder", "/rest")
    assert variables(request)["PATH_INFO"] == "/rest"


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd.php", "/%2e%2e/%2e%2e/etc/passwd.php", "/a/../../../etc/passwd.php"]
)
def test_nothing_above_the_root(path: str) -> None:
    """Dot segments lead no script out of the root."""
    assert variables(outgoing(path))["SCRIPT_FILENAME"] == "/srv/etc/passwd.php"


def test_nul_in_a_path() -> None:
    """PHP might run what is before it: such a request is refused (Caddy #4574)."""
    with pytest.raises(HandlerError) as error:
        variables(outgoing("/upload.png%00.php"))
    assert error.value.status == 400


def test_httpoxy() -> None:
    """A client cannot set the variable HTTP_PROXY, which programs take for their own."""
    fields = [(b"host", b"a"), (b"proxy", b"http://evil"), (b"x-proxy", b"1")]
    made = variables(outgoing(fields=fields))
    assert "HTTP_PROXY" not in made
    assert made["HTTP_X_PROXY"] == "1"


def test_fields() -> None:
    """Each field is a variable; one that comes twice is one list."""
    fields = [(b"host", b"a:8080"), (b"x-a", b"1"), (b"accept", b"*/*"), (b"x-a", b"\xff")]
    made = variables(outgoing(fields=fields))
    assert (made["HTTP_X_A"], made["HTTP_ACCEPT"]) == ("1, \udcff", "*/*")
    assert (made["HTTP_HOST"], made["SERVER_NAME"], made["SERVER_PORT"]) == ("a:8080", "a", "8080")


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [
        ("a", "a", "80"),
        ("a:", "a", "80"),
        ("[::1]:81", "::1", "81"),
        ("[::1]", "[::1]", "80"),
        ("::1", "::1", "80"),
        ("", "", "80"),
    ],
)
def test_server_name(host: str, name: str, port: str) -> None:
    """Name and port are those of the Host; the port is the scheme's without one."""
    made = variables(outgoing(fields=[(b"host", host.encode())]))
    assert (made["SERVER_NAME"], made["SERVER_PORT"]) == (name, port)


def test_https() -> None:
    """Over TLS a program is told so in the way of Apache."""
    made = variables(outgoing(scheme="https"))
    assert (made["HTTPS"], made["REQUEST_SCHEME"], made["SERVER_PORT"]) == ("on", "https", "443")
    assert "HTTPS" not in variables(outgoing())


def test_addresses() -> None:
    """The client's address and ours; behind a Unix socket there are none."""
    made = variables(outgoing(client=("2001:db8::1", 99), server=("2001:db8::2", 80)))
    assert (made["REMOTE_ADDR"], made["REMOTE_PORT"]) == ("2001:db8::1", "99")
    assert made["SERVER_ADDR"] == "2001:db8::2"
    made = variables(outgoing(client=None, server=None))
    assert (made["REMOTE_ADDR"], made["REMOTE_PORT"]) == ("", "")
    assert "SERVER_ADDR" not in made


@pytest.mark.parametrize(
    ("method", "kind", "told", "length"),
    [
        ("GET", b"", "", "3"),
        ("HEAD", b"", "", "0"),
        ("OPTIONS", b"text/plain", "text/plain", "0"),
        ("POST", b"", "application/x-www-form-urlencoded", "3"),
        ("PUT", b"text/plain", "text/plain", "3"),
    ],
)
def test_body(method: str, kind: bytes, told: str, length: str) -> None:
    """A body without a type is taken for a form's."""
    fields = [(b"host", b"a"), *([(b"content-type", kind)] if kind else [])]
    request = outgoing(method=method, fields=fields, content=Body([b"abc"], length=3))
    made = variables(request, length=3)
    assert (made["REQUEST_METHOD"], made["CONTENT_TYPE"]) == (method, told)
    assert (made["CONTENT_LENGTH"], made["HTTP_CONTENT_LENGTH"]) == (length, "3")


def test_given_variables() -> None:
    """`env` sets variables, with placeholders, over all but those of fields."""
    request = outgoing("/a?b=c", fields=[(b"host", b"h"), (b"x", b"1")])
    made = variables(request, SERVER_NAME="{nope}", A="{http.request.uri}", HTTP_X="2")
    assert (made["SERVER_NAME"], made["A"], made["HTTP_X"]) == ("", "/a?b=c", "1")


def test_uri_is_the_one_that_the_client_sent() -> None:
    """A rewrite changes the script, but not REQUEST_URI."""
    request = outgoing("/nice%20url?a=1")
    request.request.set_path(b"/index.php")
    rewritten = Outgoing(request.request, "GET", b"/index.php?a=1", request.fields)
    made = variables(rewritten)
    assert (made["REQUEST_URI"], made["SCRIPT_NAME"]) == ("/nice%20url?a=1", "/index.php")


def test_root(tmp_path: Path) -> None:
    """The root is absolute; by default the site's, and a link's target if that is wanted."""
    request = outgoing()
    assert variables(request, root="")["DOCUMENT_ROOT"] == str(Path.cwd())
    request.request.vars["root"] = "/var/www/"
    assert variables(request, root="")["DOCUMENT_ROOT"] == "/var/www"
    (tmp_path / "v1").mkdir()
    (tmp_path / "now").symlink_to("v1")
    real = Environment(str(tmp_path / "now"), (".php",), {}, real_root=True)
    assert real.of(request, 0)["DOCUMENT_ROOT"] == bytes(tmp_path / "v1")
    (tmp_path / "now").unlink()
    with pytest.raises(UpstreamError, match="root"):
        real.of(request, 0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"split_path": [".php", ".p\uff48p"]}, "x/split_path/1: .*only ASCII"),
        ({"read_timeout": "1x"}, "x/read_timeout: "),
        ({"write_timeout": "s"}, "x/write_timeout: "),
        ({"dial_timeout": "-"}, "x/dial_timeout: "),
    ],
)
async def test_wrong_config(config: dict[str, Any], message: str) -> None:
    """What cannot work is told with its place when it is loaded."""
    module = msgspec.convert(config, FastCGITransport)
    with pytest.raises(ConfigError, match=message):
        await module.provision(Context(Registry(MODULES), AsyncExitStack()).at("x"))
