"""HTTPS by a whole snake: sessions over workers and reloads, real clients, own certificates."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme

from tests.server import Server, free_ports, run, running

INTERNAL = """
{
	admin off
	skip_install_trust
	http_port HTTP_PORT
	https_port PORT
	grace_period 5s
}
localhost, a.localhost {
	tls internal
	respond "hello {http.request.tls.server_name}"
}
m.localhost {
	tls internal {
		client_auth {
			mode require
		}
	}
	respond "mutual"
}
"""
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def internal() -> str:
    """Return a configuration whose ports are free."""
    return INTERNAL.replace("HTTP_PORT", str(free_ports(1)[0]))


def root_of(server: Server) -> Path:
    """Return the certificate of the server's own authority."""
    return next(server.folder.rglob("pki/authorities/local/root.crt"))


def client(root: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """Return a client that trusts an authority."""
    context = ssl.create_default_context(cafile=str(root))
    context.maximum_version = newest
    return context


def visit(
    server: Server,
    context: ssl.SSLContext,
    name: str = "localhost",
    session: ssl.SSLSession | None = None,
) -> tuple[bytes, ssl.SSLSession | None, bool]:
    """Make one request on a new connection; return the body, the session, and if it is resumed."""
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as sock,
        context.wrap_socket(
            sock, server_hostname=name, session=session, do_handshake_on_connect=True
        ) as tls,
    ):
        tls.sendall(request)
        answer = b""
        while data := tls.recv(65_536):
            answer += data
        return answer.partition(b"\r\n\r\n")[2], tls.session, bool(tls.session_reused)


@pytest.mark.slow
@pytest.mark.parametrize("newest", VERSIONS)
def test_sessions(tmp_path: Path, newest: ssl.TLSVersion) -> None:
    """A session goes on with any worker, and after a reload; but not at another policy's site."""
    with running(internal(), tmp_path) as server:
        assert len(server.workers()) > 1
        context = client(root_of(server), newest)
        _, session, resumed = visit(server, context)
        assert not resumed
        assert all(visit(server, context, session=session)[2] for _ in range(10))
        server.send(signal.SIGUSR1)
        server.wait_for("reloaded the configuration")
        assert all(visit(server, context, session=session)[2] for _ in range(10))
        with pytest.raises((ssl.SSLError, OSError)):
            visit(server, context, "m.localhost", session)


@pytest.mark.slow
def test_clients(tmp_path: Path) -> None:
    """Curl and openssl are content with the certificate, the protocols and the end."""
    with running(internal(), tmp_path) as server:
        root, port = str(root_of(server)), server.port
        for options, version in (
            (("--http1.1",), "1.1"),
            (("--http2",), "2"),
            (("--tlsv1.2", "--tls-max", "1.2"), "2"),
            (("--tlsv1.3",), "2"),
        ):
            found = subprocess.run(
                [
                    *("curl", "-sS", "--cacert", root, *options, "-w", " %{http_version}"),
                    f"https://localhost:{port}/",
                ],
                capture_output=True,
                text=True,
                check=True,
                timeout=20,
            )
            assert found.stdout == f"hello localhost {version}"
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        found = subprocess.run(
            [
                *("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", root),
                *("-servername", "a.localhost", "-verify_return_error", "-quiet", "-ign_eof"),
            ],
            input="GET / HTTP/1.1\r\nHost: a.localhost\r\nConnection: close\r\n\r\n",
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        assert found.stdout.endswith("hello a.localhost")


OWN = """
{
	admin off
	http_port HTTP_PORT
	https_port PORT
}
localhost {
	tls SITE.crt SITE.key
	respond "own"
}
folder.localhost {
	tls {
		load FOLDER
	}
	respond "folder"
}
"""


def own(folder: Path, ca: trustme.CA) -> str:
    """Write certificates into files, and return the configuration that names them."""
    site = ca.issue_cert("localhost")
    site.private_key_pem.write_to_path(str(folder / "site.key"))
    (folder / "site.crt").write_bytes(b"".join(pem.bytes() for pem in site.cert_chain_pems))
    (folder / "folder" / "deeper").mkdir(parents=True)
    other = ca.issue_cert("folder.localhost")
    other.private_key_and_cert_chain_pem.write_to_path(str(folder / "folder/deeper/one.pem"))
    text = OWN.replace("SITE", str(folder / "site")).replace("FOLDER", str(folder / "folder"))
    return text.replace("HTTP_PORT", str(free_ports(1)[0]))


@pytest.mark.slow
def test_own_certificates(tmp_path: Path) -> None:
    """A site has the certificate in its files, or the one that is somewhere in its folder."""
    ca = trustme.CA()
    with running(own(tmp_path, ca), tmp_path) as server:
        context = ssl.create_default_context()
        ca.configure_trust(context)
        assert visit(server, context)[0] == b"own"
        assert visit(server, context, "folder.localhost")[0] == b"folder"


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["missing", "mismatch", "encrypted", "no key", "garbage"])
def test_wrong_own_certificates(tmp_path: Path, fault: str) -> None:
    """A certificate that cannot be used stops the start with its file and what is wrong with it."""
    ca = trustme.CA()
    text = own(tmp_path, ca).replace("PORT", str(free_ports(1)[0]))
    key = tmp_path / "site.key"
    expected = f"{key}: no PRIVATE KEY pem block"
    match fault:
        case "missing":
            key.unlink()
            expected = f"cannot read {key}: No such file or directory"
        case "mismatch":
            ca.issue_cert("localhost").private_key_pem.write_to_path(str(key))
            expected = f"{tmp_path / 'site.crt'}, {key}: the private key is not that of the"
        case "encrypted":
            key.write_text(
                re.sub("(BEGIN|END) .*?PRIVATE", r"\1 ENCRYPTED PRIVATE", key.read_text())
            )
            expected = f"{key}: encrypted private keys are not supported"
        case "no key":
            key.write_bytes((tmp_path / "site.crt").read_bytes())
        case _:
            key.write_bytes(b"\x00garbage")
    (tmp_path / "Caddyfile").write_text(text)
    found = run("run", "--config", "Caddyfile", folder=tmp_path)
    assert found.returncode != 0
    assert expected in found.stderr
    assert "PRIVATE KEY-----" not in found.stderr
