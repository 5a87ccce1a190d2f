"""examples/compose, without containers: the app and its Redis on this machine."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from tests.cache.serving import NO_REDIS, REDIS, redis
from tests.examples.example import copy_example
from tests.server import free_ports, running


@pytest.mark.skipif(REDIS is None, reason=NO_REDIS)
def test_the_app_is_served_with_a_certificate_from_redis(tmp_path: Path) -> None:
    """The Caddyfile runs as it is but for the ports, and its certificate is in the Redis."""
    copy_example("compose", tmp_path)
    port, http, https = free_ports(3)
    text = (tmp_path / "Caddyfile").read_text().replace("redis:6379", f"127.0.0.1:{port}")
    options = f"{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {http}\n\thttps_port {https}\n"
    with (
        redis("--port", str(port), "--requirepass", "secret"),
        running(
            options + text.removeprefix("{\n"), tmp_path, env={"REDIS_PASSWORD": "secret"}
        ) as on,
    ):
        on.wait_for("certificate obtained")
        context = ssl._create_unverified_context()  # noqa: SLF001  (its authority is in Redis)
        with (
            socket.create_connection(("127.0.0.1", https), 20) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as client,
        ):
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
        assert b'"url":"https://localhost/"' in answer
        assert not (tmp_path / "xdg-data/caddy/pki").exists()
