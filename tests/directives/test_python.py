"""The `python` directive: what it runs, and what it refuses."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snake.core.errors import ConfigError, SnakeError, StartError
from tests.directives.adapted import handlers, mistake, warnings
from tests.site import site, site_of_routes

MAIN = """
import os

calls = []

def wsgi(environ, start_response):
    start_response("200 OK", [])
    place = environ["SCRIPT_NAME"] + "|" + environ["PATH_INFO"]
    return [f"wsgi {place} {os.getcwd()}".encode()]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        scope["state"]["from"] = "startup"
        for word in ("startup", "shutdown"):
            calls.append((await receive())["type"])
            await send({"type": f"lifespan.{word}.complete"})
        return
    body = "asgi " + scope.get("state", {}).get("from", "no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})

def fails(environ, start_response):
    raise LookupError("oops")

def size(environ, start_response):
    start_response("200 OK", [])
    return [str(len(environ["wsgi.input"].read())).encode()]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    """The current folder, with a `main.py`. The process is put back after."""
    (tmp_path / "main.py").write_text(MAIN)
    cwd, path, environ = Path.cwd(), sys.path.copy(), dict(os.environ)
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(cwd)
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environ)
    sys.modules.pop("main", None)


def block(*lines: str) -> str:
    """Return a site whose `python` block has these lines."""
    return "http://localhost {\npython {\n" + "\n".join(lines) + "\n}\n}\n"


async def refused(config: dict[str, Any]) -> ConfigError:
    """Return the error of a JSON handler that is refused."""
    with pytest.raises(ConfigError) as caught:
        async with site_of_routes({"handle": [{"handler": "python", **config}]}):
            pass
    return caught.value


async def test_short_form_runs_a_wsgi_app(folder: Path) -> None:
    """`python main:app` is all that an app in the current folder needs."""
    async with site("http://localhost {\npython main:wsgi\n}\n") as running:
        response = await running.get("/page")

    assert response.text == f"wsgi |/page {folder}"


async def test_handle_path_is_the_script_name(folder: Path) -> None:
    """An app under a prefix is told of it."""
    text = "http://localhost {\nhandle_path /app/* {\npython main:wsgi\n}\n}\n"
    async with site(text) as running:
        response = await running.get("/app/page")

    assert response.text == f"wsgi /app|/page {folder}"


async def test_asgi_app_in_the_short_form_is_recognised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An ASGI app that is named as WSGI runs as what it is, and the log says so."""
    with caplog.at_level(logging.INFO, "snake.python"):
        async with site("http://localhost {\npython main:asgi\n}\n") as running:
            response = await running.get()

    assert response.text == "asgi no lifespan"
    assert "the app named as WSGI is ASGI, and runs as ASGI" in caplog.messages


async def test_wsgi_app_named_as_asgi_is_refused() -> None:
    """The message has the name of the right subdirective."""
    with pytest.raises(StartError, match=r"is a WSGI app: .*module_wsgi"):
        async with site(block("module_asgi main:wsgi")):
            pass


async def test_lifespan_is_on_when_asked_for() -> None:
    """The app hears of both ends, and requests have its state."""
    async with site(block("module_asgi main:asgi", "lifespan on")) as running:
        response = await running.get()
        main = sys.modules["main"]
        assert main.calls == ["lifespan.startup"]

    assert response.text == "asgi startup"
    assert main.calls == ["lifespan.startup", "lifespan.shutdown"]


async def test_lifespan_of_a_wsgi_app_is_ignored_loudly(caplog: pytest.LogCaptureFixture) -> None:
    """`lifespan on` means nothing for WSGI, and the log says so."""
    async with site(block("module_wsgi main:wsgi", "lifespan on")) as running:
        assert (await running.get()).status == 200

    assert "lifespan is ignored: the app is WSGI" in caplog.messages


async def test_app_that_is_named_twice_runs_once() -> None:
    """Two handlers of one app share it, and its lifespan."""
    text = """http://localhost {
        python /a* {
            module_asgi main:asgi
            lifespan on
        }
        python {
            module_asgi main:asgi
            lifespan on
        }
    }"""
    async with site(text) as running:
        texts = [(await running.get(path)).text for path in ("/a", "/b")]
        calls = list(sys.modules["main"].calls)

    assert texts == ["asgi startup", "asgi startup"]
    assert calls == ["lifespan.startup"]


async def test_error_page_for_an_app_that_fails() -> None:
    """`handle_errors` answers for an app that raised."""
    text = """http://localhost {
        python main:fails
        handle_errors {
            respond "sorry: {err.status_code}"
        }
    }"""
    async with site(text) as running:
        response = await running.get()

    assert (response.status, response.text) == (500, "sorry: 500")


async def test_working_dir_is_where_the_app_is(folder: Path) -> None:
    """Modules are found in the working directory before any other place."""
    (folder / "sub").mkdir()
    (folder / "sub" / "main.py").write_text(MAIN)
    async with site(block("module_wsgi main:wsgi", "working_dir sub")) as running:
        response = await running.get("/")

    assert response.text == f"wsgi |/ {folder / 'sub'}"


async def test_apps_in_one_process_share_an_environment(folder: Path) -> None:
    """Two working directories in one configuration are refused, with the place of the second."""
    (folder / "sub").mkdir()
    first = {"handler": "python", "module_wsgi": "main:wsgi"}
    second = {**first, "working_dir": "sub", "env_vars": {"A": "1"}}
    with pytest.raises(ConfigError) as caught:
        async with site_of_routes({"handle": [first]}, {"handle": [second]}):
            pass

    assert caught.value.path == "apps/http/servers/srv0/routes/1/handle/0"
    assert "another working_dir and env_var than an app before it" in caught.value.message


@pytest.mark.parametrize(("length", "status"), [(10, 200), (11, 413)])
async def test_body_has_a_limit(length: int, status: int) -> None:
    """A body that is longer than `request_body` is a 413, told or not."""
    async with site(block("module_wsgi main:size", "request_body 10")) as running:
        told = await running.request(
            "POST", headers={"content-length": str(length)}, body=b"x" * length
        )
        untold = await running.request(
            "POST", headers={"transfer-encoding": "chunked"}, body=b"x" * length
        )

    assert (told.status, untold.status) == (status, status)


APP = {"module_wsgi": "main:wsgi"}


@pytest.mark.parametrize(
    ("config", "field", "message"),
    [
        ({"module_esgi": "main:app"}, "module_esgi", "module_esgi is not available"),
        ({**APP, "runtime": "gevent"}, "runtime", "runtime gevent is not available"),
        ({**APP, "cache": {"mode": "cluster"}}, "cache", "cache cluster is not available"),
    ],
)
async def test_what_there_is_not_is_refused_by_name(
    config: dict[str, Any], field: str, message: str
) -> None:
    """A setting that cannot be honoured is an error, never ignored."""
    error = await refused(config)

    assert error.path == f"apps/http/servers/srv0/routes/0/handle/0/{field}"
    assert message in error.message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "exactly one of module_wsgi, module_asgi is required"),
        ({**APP, "module_asgi": "a:b"}, "exactly one of module_wsgi, module_asgi is required"),
        ({**APP, "workers": "abc"}, 'invalid workers value "abc"'),
        ({**APP, "start_timeout": "soon"}, "invalid start_timeout"),
        ({**APP, "cache": {"mode": "foo"}}, 'unknown cache mode "foo"; expected local'),
        ({**APP, "cache": {"mode": "cluster"}}, "machines share a Redis or Valkey, cache redis:"),
        ({**APP, "cache": {"listen": ":1"}}, "cache local does not accept cluster options"),
        ({**APP, "cache": {"url": "redis://h", "mode": "local"}}, "a url or a mode, not both"),
        ({**APP, "cache": {"url": "http://h"}}, "begins with redis://, rediss:// or unix://"),
        ({**APP, "cache": {"url": "redis://h/x"}}, "the database of a Redis is a number"),
        ({**APP, "cache": {"uri": "redis://h"}}, 'unknown field "uri"'),
        ({**APP, "lifespan": "maybe"}, 'lifespan must be on or off, got "maybe"'),
        ({**APP, "runtime": "uvloop"}, 'wsgi runtime must be gevent or sync, got "uvloop"'),
        ({**APP, "env_vars": {"LD_PRELOAD": "x"}}, "disallowed environment variable name"),
        ({**APP, "request_body_max_size": "0"}, "must be greater than 0"),
        ({**APP, "max_dynamic_apps": "0"}, 'invalid max_dynamic_apps: "0"'),
        ({**APP, "max_dynamic_apps": "many"}, 'invalid max_dynamic_apps: "many"'),
        ({**APP, "working_dir": "/srv/{host}"}, "chosen by placeholders needs a process"),
        ({**APP, "module_wsgy": "a:b"}, 'unknown field "module_wsgy"; did you mean "module_wsgi"?'),
    ],
)
async def test_what_is_wrong_is_refused(config: dict[str, Any], message: str) -> None:
    """A value that is none is an error with its place."""
    error = await refused(config)

    assert message in error.message
    assert error.path.startswith("apps/http/servers/srv0/routes/0/handle/0")


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (
            ("module_wsgi a:b", "wokers 2"),
            4,
            'unrecognized subdirective: wokers; did you mean "workers"',
        ),
        (("module_wsgi",), 3, "module_wsgi takes one argument"),
        (("module_wsgi a:b c:d",), 3, "unrecognized subdirective: c:d"),
        (("module_wsgi a:b", "env_var A"), 4, "env_var takes two arguments: VARNAME value"),
        (("module_wsgi a:b", "env_var 1 A"), 4, "env_var"),
        (("module_wsgi a:b", "autoreload off"), 4, "autoreload takes no argument"),
        (("module_wsgi a:b", "lifespan maybe"), 4, "exactly one argument for lifespan: on|off"),
        (("module_wsgi a:b", "start_timeout 0s"), 4, "start_timeout must be a positive duration"),
        (("module_wsgi a:b", "cache local x"), 4, "expected cache mode or a cache block"),
        (("module_wsgi a:b", "cache redsi://h"), 4, 'not "redsi"; did you mean "redis"?'),
        (("module_wsgi a:b", "cache redis://h:x"), 4, "its port no number"),
        (("module_wsgi a:b", "cache redis://h?nmespace=a"), 4, 'did you mean "namespace"?'),
        (("module_wsgi a:b", "cache redis://h x"), 4, "expected cache mode or a cache block"),
        (("module_wsgi a:b", "cache redis://h {", "mode local", "}"), 4, "cache"),
        (("module_wsgi a:b", "isolation docker {", "mount a", "}"), 5, "two or three arguments"),
        (("module_wsgi a:b", "isolation podman"), 4, 'unknown isolation backend "podman"'),
        (("module_wsgi a:b", "cache {", "mod x", "}"), 5, "cache: unrecognized subdirective: mod"),
        (("module_wsgi a:b", "request_body lots"), 4, 'invalid request_body max_size "lots"'),
        (("module_wsgi a:b", "request_body"), 4, "request_body requires max_size"),
        (("module_wsgi a:b", "isolation docker {", "imag x", "}"), 5, 'did you mean "image"'),
    ],
)
def test_mistake_in_a_caddyfile_has_its_line(
    lines: tuple[str, ...], line: int, message: str
) -> None:
    """Each mistake is told with file, line and the word it is about."""
    with pytest.raises(SnakeError) as caught:
        site(block(*lines))

    text = str(caught.value)
    assert text.startswith(f"Caddyfile:{line}: ")
    assert message in text
    assert "^" in text


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("python {\nworkers 2\n}", "exactly one of module_wsgi, module_asgi is required"),
        ("python {\nmodule_wsgi a:b\nmodule_asgi a:b\n}", "exactly one of module_wsgi"),
        ("python a:b {\nworkers 2\n}", "the app is 2, as in Caddy Snake; in a block the app is"),
    ],
)
def test_lines_that_do_not_run_are_warned_of(lines: str, message: str) -> None:
    """They are adapted as Caddy Snake does, which refuses them when they are to run."""
    assert any(message in each for each in warnings(lines))


def test_block_after_an_app() -> None:
    """Each line of it is read as the directive is: a lone argument is an app."""
    assert handlers("python a:b {\nx c:d {\ny e:f\n}\nz {\nworkers 2\n}\n}") == [
        {"handler": "python", "module_wsgi": "e:f", "workers": "2"}
    ]
    assert mistake("python a:b {\nx c d\n}")[:2] == (3, "d")
