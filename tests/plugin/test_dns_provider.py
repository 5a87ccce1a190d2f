"""examples/dns-provider: a DNS provider in a package of its own, installed as pip does it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest

from snake.dns.solver import Solver, SolverError
from tests.dns.provisioned import context
from tests.fetch.hostile import API, api, status
from tests.plugin.installing import install
from tests.proxy.dns_server import DNSServer, dns_server
from tests.server import ROOT, run

SUBDOMAIN = "d420c923-bbd7-4056-ab64-c3ca54c9b3cf"
TEXT = (ROOT / "examples/dns-provider/Caddyfile").read_text()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the plugin is installed."""
    return install("dns-provider", tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def package() -> ModuleType:
    """The plugin's package, imported as it stands."""
    file = ROOT / "examples/dns-provider/snake_dns_acmedns/__init__.py"
    spec = importlib.util.spec_from_file_location("snake_dns_acmedns", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def acme_dns(server: DNSServer) -> AsyncIterator[API]:
    """Play an acme-dns server whose records are those of a DNS server."""

    async def answer(head: str, writer: asyncio.StreamWriter, body: bytes) -> None:
        fields = json.loads(body)
        if "x-api-key: secret" not in head.lower() or fields["subdomain"] != SUBDOMAIN:
            writer.write(status(401, b'{"error":"forbidden"}'))
            return
        records = server.zone.setdefault((f"{SUBDOMAIN}.auth.test.", "TXT"), [])
        records.append(f'"{fields["txt"]}"')
        writer.write(status(200, body))

    async with api(answer) as found:
        yield found


async def test_name_is_proved_by_it(package: ModuleType) -> None:
    """The alias of a name leads to the server, where the record is put and seen."""
    zone = {
        ("auth.test.", "SOA"): ["ns.auth.test. x.auth.test. 1 1 1 1 1"],
        ("_acme-challenge.a.test.", "CNAME"): [f"{SUBDOMAIN}.auth.test."],
    }
    with dns_server(zone) as server:
        async with acme_dns(server) as played:
            settings = {"username": "u", "subdomain": SUBDOMAIN, "server_url": played.url}
            for password in ("secret", "wrong"):
                module = package.AcmeDNS(password=password, **settings)
                provider = await module.provision(context())
                solver = Solver(provider, resolvers=[f"127.0.0.1:{server.port}"])
                if password == "secret":
                    async with solver.solving("a.test", "t.x"):
                        assert server.asked["TXT"] == 1
                    continue
                with pytest.raises(SolverError, match=r"does not take the record: .*401"):
                    async with solver.solving("a.test", "t.x"):
                        pass


def test_caddyfile_names_it(installed: dict[str, str], tmp_path: Path) -> None:
    """`dns acmedns` is the provider's module, in whatever Caddyfile."""
    (tmp_path / "Caddyfile").write_text(TEXT)

    document = json.loads(run("adapt", folder=tmp_path, env=installed).stdout)

    [policy] = document["apps"]["tls"]["automation"]["policies"]
    assert policy["issuers"][0]["challenges"]["dns"]["provider"] == {
        "name": "acmedns",
        "server_url": "https://auth.acme-dns.io",
        "username": "{env.ACMEDNS_USERNAME}",
        "password": "{env.ACMEDNS_PASSWORD}",
        "subdomain": SUBDOMAIN,
    }


def test_mistakes_show_the_form(installed: dict[str, str], tmp_path: Path) -> None:
    """What is wrong in its lines is said with its own manual, and it is suggested by its name."""
    for wrong, message in {
        TEXT.replace("password ", "pasword "): 'pasword; did you mean "password"?',
        TEXT.replace("dns acmedns", "dns acmedsn"): 'acmedsn; did you mean "acmedns"?',
    }.items():
        (tmp_path / "Caddyfile").write_text(wrong)
        done = run("adapt", folder=tmp_path, env=installed)
        assert done.returncode == 1
        assert message in done.stderr


def test_without_the_package_it_is_unknown(tmp_path: Path) -> None:
    """Without the package, the error says which providers there are, and where others are from."""
    (tmp_path / "Caddyfile").write_text(TEXT)

    done = run("adapt", folder=tmp_path)

    assert done.returncode == 1
    assert "module not registered: dns.providers.acmedns" in done.stderr
    assert "known: cloudflare, rfc2136; others are plugins" in done.stderr
