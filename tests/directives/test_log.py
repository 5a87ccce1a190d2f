"""Facts about the syntax of `log`; what is written is tested with the access log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.config.document import encode
from snake.plugin import CaddyfileError
from snake.standard import catalogue
from tests.site import site


def adapted(caddyfile: str) -> dict[str, Any]:
    """Return a Caddyfile as JSON."""
    document, _ = adapt(caddyfile, "Caddyfile", catalogue())
    config: dict[str, Any] = json.loads(encode(document))
    return config


def test_log_without_settings() -> None:
    """Alone, it turns the access log on and makes no log of its own."""
    config = adapted(":80 {\n log\n}")

    assert config["apps"]["http"]["servers"]["srv0"]["logs"] == {}
    assert "logging" not in config


def test_log_of_its_own() -> None:
    """With settings it is a log of its own, which takes the site's records from the default."""
    config = adapted("http://a.test {\n log {\n output stdout\n level WARN\n }\n}")
    name = "http.log.access.log0"

    assert config["logging"]["logs"]["default"] == {"exclude": [name]}
    assert config["logging"]["logs"]["log0"] == {
        "writer": {"output": "stdout"},
        "level": "WARN",
        "include": [name],
    }


def test_hostnames() -> None:
    """`hostnames` says for which hosts, and adds up."""
    config = adapted("http://*.test {\n log x {\n hostnames a.test\n hostnames b.test\n }\n}")

    names = config["apps"]["http"]["servers"]["srv0"]["logs"]["logger_names"]
    assert names == {"a.test": ["x"], "b.test": ["x"]}


def test_sites_on_several_servers_are_logged_on_each() -> None:
    """A site's log is named on every server that the site is on, and on no other."""
    config = adapted("a.test, http://b.test {\n log x\n}\nhttp://c.test {\n}")

    servers = config["apps"]["http"]["servers"]
    assert servers["srv0"]["logs"] == {"logger_names": {"a.test": ["x"]}}
    assert servers["srv1"]["logs"] == {
        "logger_names": {"b.test": ["x"]},
        "skip_hosts": ["c.test"],
    }


def test_a_line_may_go_on_after_a_plain_writer() -> None:
    """What stands after `output stdout` is the next subdirective, as in Caddy."""
    config = adapted(":80 {\n log {\n output stdout level WARN\n }\n}")

    log = config["logging"]["logs"]["log0"]
    assert (log["writer"], log["level"]) == ({"output": "stdout"}, "WARN")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("log a b", "log takes one name at most, got b"),
        ("log {\n outptu stdout\n }", 'unrecognized subdirective: outptu; did you mean "output"'),
        ("log {\n output\n }", "output takes the place to write to"),
        ("log {\n output stdot\n }", 'caddy.logging.writers.stdot; did you mean "stdout"'),
        ("log {\n output stdout\n output stderr\n }", "'output' is given more than once"),
        ("log {\n output stdout {\n }\n }", "output takes no block"),
        ("log {\n output stdout now\n }", "log: unrecognized subdirective: now"),
        ("log {\n format jsno\n }", 'caddy.logging.encoders.jsno; did you mean "json"'),
        ("log {\n format\n }", "format takes the name of a module"),
        ("log {\n core\n }", "core takes the name of a module"),
        ("log {\n core mokc\n }", 'did you mean "mock"'),
        ("log {\n level\n }", "level takes one argument, got 0"),
        ("log {\n level INFO {\n }\n }", "level takes no block"),
        ("log {\n hostnames\n }", "hostnames takes the names of hosts"),
        ("log {\n no_hostname x\n }", "no_hostname takes no argument"),
        ("log {\n include http\n }", "include is not allowed in the directive log"),
        ("log {\n exclude http\n }", "exclude is not allowed in the directive log"),
        ("log {\n sampling {\n first\n }\n }", "first takes an argument"),
        ("log {\n sampling {\n interval often\n }\n }", 'interval: invalid duration "often"'),
        ("log {\n sampling {\n first 1\n first 1\n }\n }", "'first' is given more than once"),
        ("log {\n sampling {\n every 5\n }\n }", "sampling: unrecognized subdirective: every"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """What cannot be done is refused by name."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {lines}\n}}")
