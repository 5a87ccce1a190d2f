"""What apps are told of HTTPS, in the workers and in processes of their own."""

from __future__ import annotations

import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.e2e.test_https import ask, serving

APPS = """
import json

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    told = {"scheme": scope["scheme"], **scope["extensions"].get("tls", {})}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})

def wsgi(environ, start_response):
    names = ("wsgi.url_scheme", "HTTPS", "SERVER_PORT")
    start_response("200 OK", [])
    return [json.dumps({name: environ.get(name) for name in names}).encode()]
"""
SITES = """
asgi.localhost {
	tls {
		client_auth {
			mode require_and_verify
			trust_pool file ca.pem
		}
	}
	python {
		module_asgi apps:asgi
		workers 1
PLACE
	}
}
wsgi.localhost {
	python {
		module_wsgi apps:wsgi
PLACE
		workers 1
	}
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("pooled", [False, True], ids=["embedded", "pooled"])
def test_apps_are_told(tmp_path: Path, *, pooled: bool) -> None:
    """Apps know that they are asked by HTTPS; ASGI's also what was agreed on, and by whom."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    client = authority.issue_cert("client.example", common_name="Ann")
    client.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    (tmp_path / "apps.py").write_text(APPS)
    sites = SITES.replace("PLACE\n", "\t\tautoreload\n" if pooled else "")
    with serving(tmp_path, sites) as site:
        told = _asked(site.https, "asgi.localhost", tmp_path / "client.pem")
        by_wsgi = _asked(site.https, "wsgi.localhost")

    assert by_wsgi == {"wsgi.url_scheme": "https", "HTTPS": "on", "SERVER_PORT": "443"}
    assert (told.pop("server_cert") is None) == pooled
    assert told.pop("client_cert_chain")[0].startswith("-----BEGIN CERTIFICATE-----\n")
    assert told.pop("client_cert_name").startswith("CN=Ann,")
    assert told == {
        "scheme": "https",
        "client_cert_error": None,
        "tls_version": 0x0304,
        "cipher_suite": 0x1302,
    }


def _asked(port: int, name: str, client: Path | None = None) -> dict[str, Any]:
    """Return what an app tells."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if client is not None:
        context.load_cert_chain(client)
    raw = socket.create_connection(("127.0.0.1", port), timeout=20)
    with context.wrap_socket(raw, server_hostname=name) as secured:
        told: dict[str, Any] = json.loads(ask(secured, name))
    return told
