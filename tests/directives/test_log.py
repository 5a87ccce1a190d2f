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


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("log a b", "log takes one name at most"),
        ("log {\n sampling {\n }\n }", "log: sampling is not available"),
        ("log {\n core mock\n }", "log: core is not available"),
        ("log {\n outptu stdout\n }", 'did you mean "output"'),
        ("log {\n output\n }", "output takes the place to write to"),
        ("log {\n output net localhost\n }", "net: this log output of Caddy's is not in this"),
        ("log {\n output stdot\n }", 'did you mean "stdout"'),
        ("log {\n output file\n }", "output file is given the wrong number of arguments"),
        ("log {\n output file a b\n }", "output file is given the wrong number of arguments"),
        ("log {\n output file a {\n mode rw\n }\n }", "rw is no octal mode"),
        ("log {\n output file a {\n dir_mode rw\n }\n }", "rw is no octal mode"),
        ("log {\n output file a {\n roll_keep few\n }\n }", "takes a whole number, got few"),
        ("log {\n output file a {\n roll_size big\n }\n }", 'invalid size "big"'),
        ("log {\n output file a {\n roll_szie 1MB\n }\n }", 'did you mean "roll_size"'),
        ("log {\n output stdout\n output stderr\n }", "output is given twice"),
        ("log {\n output stdout {\n }\n }", "output takes no block"),
        ("log {\n format jsno\n }", 'did you mean "json"'),
        ("log {\n format json {\n time_fromat wall\n }\n }", 'did you mean "time_format"'),
        ("log {\n level\n }", "level takes one argument"),
        ("log {\n hostnames\n }", "hostnames takes the names of hosts"),
        ("log {\n no_hostname x\n }", "no_hostname takes no argument"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """What cannot be done is refused by name."""
    with pytest.raises(CaddyfileError, match=message):
        site(f":80 {{\n {lines}\n}}")
