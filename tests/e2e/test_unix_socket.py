"""A site on a Unix socket: clients have no address there, and the server has a path."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.server import running

SITE = """http:// {
	bind unix/%s
	@remote remote_ip 0.0.0.0/0 ::/0
	@client client_ip 0.0.0.0/0 ::/0
	header @remote Remote yes
	header @client Client yes
	header Remote-Is "{remote} {remote_host} [{remote_port}] [{client_ip}]"
	respond "{http.request.local} {http.request.local.host} [{http.request.local.port}]"
}
"""


def test_ends_of_a_connection(tmp_path: Path) -> None:
    """As in Caddy, an @ stands for the client, and the server is the socket's path."""
    path = tmp_path / "site.sock"
    transport = httpx.HTTPTransport(uds=str(path))
    with running(SITE % path, tmp_path), httpx.Client(transport=transport) as client:
        answer = client.get("http://localhost/")

    assert answer.headers["remote-is"] == "@ @ [] []"
    assert answer.text == f"{path} {path} []"
    assert not {"remote", "client"} & set(answer.headers)
