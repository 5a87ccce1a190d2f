"""Where a configuration comes from, and what is said of one in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snake.config.document import Document
from snake.core.errors import SnakeError
from snake.engine.source import load

GOLDEN = sorted((Path(__file__).parents[1] / "adapt").glob("*.caddyfiletest"))


def loaded(document: object, folder: Path) -> Document:
    """Load a document as JSON."""
    file = folder / "caddy.json"
    file.write_text(json.dumps(document))
    return load(str(file), None).document


def server(**fields: Any) -> Any:
    """Return a document with one server."""
    return {"apps": {"http": {"servers": {"a": fields}}}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            server(listener_wrappers=[{"wrapper": "proxy_protocol", "allow": "10.0.0.0/8"}]),
            "servers/a/listener_wrappers/0/allow: expected `array`, got `str`",
        ),
        (
            server(listener_wrappers=[{"wrapper": "proxy_protocol", "fallback_policy": "no"}]),
            "servers/a/listener_wrappers/0/fallback_policy: no is invalid policy",
        ),
        (
            server(listener_wrappers=[{"wrapper": "http_redirect", "max_header_bytes": "1"}]),
            "listener_wrappers/0/max_header_bytes: expected `int`, got `str`",
        ),
        (
            server(listener_wrappers=[{"wrapper": "tls", "x": 1}]),
            'servers/a/listener_wrappers/0: unknown field "x"',
        ),
        (
            server(packet_conn_wrappers=[{"wrapper": "x"}]),
            "packet_conn_wrappers/0: unknown module: caddy.packetconns.x",
        ),
        (
            server(trusted_proxies={"source": "static", "range": []}),
            'trusted_proxies: unknown field "range"; did you mean "ranges"?',
        ),
        (
            server(trusted_proxies={"source": "statik"}),
            'unknown module: http.ip_sources.statik; did you mean "static"?',
        ),
        (server(read_timeout="5"), 'servers/a/read_timeout: invalid duration "5"'),
        (server(max_header_bytes=2**63), "max_header_bytes: expected a whole number of 64 bits"),
        (server(trusted_proxies_strict=True), "trusted_proxies_strict: expected `int`, got `bool`"),
        (
            {"storage": {"module": "file_system", "root": 5}},
            "storage/root: expected `str`, got `int`",
        ),
        (
            {"admin": {"config": {"load": {"module": "http", "url": 5}}}},
            "admin/config/load/url: expected `str`, got `int`",
        ),
        (
            {"admin": {"config": {"load": {"module": "http", "tls": {"client": ""}}}}},
            'admin/config/load/tls: unknown field "client"',
        ),
        (
            {"apps": {"events": {"subscriptions": [{"handlers": [{"handler": "exec"}]}]}}},
            "subscriptions/0/handlers/0: unknown module: events.handlers.exec",
        ),
        (
            {"apps": {"caddy.filesystems": {"filesystems": [{"file_system": {"backend": "s3"}}]}}},
            "filesystems/0/file_system: unknown module: caddy.fs.s3",
        ),
        (
            {"apps": {"pki": {"certificate_authorities": {"a": {"root": {"cert": ""}}}}}},
            'certificate_authorities/a/root: unknown field "cert"',
        ),
        (
            {"apps": {"pki": {"certificate_authorities": {"a": {"renewal_window_ratio": "1"}}}}},
            "certificate_authorities/a/renewal_window_ratio: expected `float`, got `str`",
        ),
    ],
)
def test_wrong_document_is_refused(document: object, message: str, tmp_path: Path) -> None:
    """A wrong type or name has its file and its JSON path, in modules that do not run as well."""
    with pytest.raises(SnakeError) as caught:
        loaded(document, tmp_path)

    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "caddy.json"))


def test_what_caddy_takes_is_taken(tmp_path: Path) -> None:
    """IDs, nulls, durations in words, policies in any case."""
    found = loaded(
        server(
            **{"@id": "web", "listen": None, "idle_timeout": "1d", "read_timeout": 5},
            listener_wrappers=[{"wrapper": "proxy_protocol", "fallback_policy": "use"}],
            logs={"logger_names": {"a": "one", "b": ["two"]}},
        ),
        tmp_path,
    )

    assert found.apps is not None
    assert found.apps.http is not None
    assert found.apps.http.servers["a"].idle_timeout == "1d"


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_what_we_adapt_can_be_loaded(file: Path, tmp_path: Path) -> None:
    """The JSON of every golden file is a document, but for what Caddy itself cannot load."""
    _, _, expected = file.read_text().partition("\n----------\n")
    if not expected.lstrip().startswith("{"):
        return
    config = tmp_path / "caddy.json"
    config.write_text(expected)

    try:
        load(str(config), None)
    except SnakeError as error:
        assert "module value cannot be null" in str(error)  # noqa: PT017
