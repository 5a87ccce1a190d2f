"""Certificates while a client waits: who is asked, how often, and what a flood of names costs."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.e2e.ask_server import ask_server
from tests.e2e.handshakes import shake, shake_all
from tests.server import Server, free_port, running

OPTIONS = """\
	admin off
	skip_install_trust
	http_port {http}
	https_port PORT
"""
SITE = 'https:// {\ntls internal {\non_demand\n}\nrespond "hi {host}"\n}\n'
OTHER = 'other.test {\ntls internal\nrespond "still here"\n}\n'


@contextmanager
def serving(folder: Path, permission: str, site: str = SITE) -> Iterator[Server]:
    """Run a server whose on-demand certificates this permission allows."""
    on_demand = f"\ton_demand_tls {{\n\t\t{permission}\n\t}}\n" if permission else ""
    text = f"{{\n{OPTIONS.format(http=free_port())}{on_demand}}}\n{site}{OTHER}"
    with running(text, folder) as server:
        server.wait_for("certificate obtained")
        yield server


def obtained(server: Server, count: int = 0) -> list[str]:
    """Return the names that certificates were obtained for, beside that of the other site.

    So many are waited for: the log is read a bit later than it is written.
    """
    server.wait_for("certificate obtained", count=count + 1)
    found = [each["name"] for each in server.records if each["msg"] == "certificate obtained"]
    return [name for name in found if name != "other.test"]


def good(name: str) -> int:
    """Allow the names of one domain."""
    return 200 if name.endswith("good.test") else 403


def test_permission_decides(tmp_path: Path) -> None:
    """A name that may has a certificate and a site; one that may not gets an alert."""
    with ask_server(good) as ask, serving(tmp_path, f"ask {ask.url}") as server:
        first = shake(server.port, "A.good.test")
        second = shake(server.port, "a.good.test")
        refused = [shake(server.port, "bad.test") for _ in range(5)]
        names = obtained(server, 1)

    assert (first.names, first.body) == (["a.good.test"], "hi A.good.test")
    assert second.certificate == first.certificate
    assert all("internal error" in each.fault for each in refused)
    assert names == ["a.good.test"]
    assert ask.names == ["a.good.test", "bad.test"]


def test_names_that_are_none_are_not_asked_about(tmp_path: Path) -> None:
    """What is no host name gets an alert, and nobody is asked."""
    with ask_server(lambda _: 200) as ask, serving(tmp_path, f"ask {ask.url}") as server:
        for name in ("under_score.test", "*.good.test", "x--y-.test", "xn--a.test"):
            assert shake(server.port, name).fault
        assert shake(server.port, "fine.test").body == "hi fine.test"

    assert ask.names == ["fine.test"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_endpoint_that_does_not_allow(tmp_path: Path, status: int) -> None:
    """A redirect, which is not followed, and an error allow nothing; other sites go on."""
    with ask_server(lambda _: status) as ask, serving(tmp_path, f"ask {ask.url}") as server:
        assert "internal error" in shake(server.port, "a.test").fault
        assert shake(server.port, "other.test").body == "still here"
        assert obtained(server) == []

    assert ask.names == ["a.test"]


def test_endpoint_that_is_down(tmp_path: Path) -> None:
    """When nobody can be asked nothing is allowed, and the log says why, once."""
    url = f"http://127.0.0.1:{free_port()}/ask"
    with serving(tmp_path, f"ask {url}") as server:
        for number in range(20):
            assert "internal error" in shake(server.port, f"a{number}.test").fault
        assert shake(server.port, "other.test").body == "still here"
        reason = "nobody can say whether a0.test may have a certificate: the permission endpoint: "
        server.wait_for(f"{reason}{url.split('/')[2]}: Connection refused")
        assert len([each for each in server.records if each["level"] == "error"]) == 1
        warnings = [each for each in server.records if each["level"] == "warn"]
        assert len([each for each in warnings if each.get("logger") != "admin"]) <= 1
        assert obtained(server) == []


@pytest.mark.slow
def test_endpoint_that_is_slow(tmp_path: Path) -> None:
    """An endpoint that hangs costs who waits for it 10 seconds, and others nothing."""
    with ask_server(lambda _: 0) as ask, serving(tmp_path, f"ask {ask.url}") as server:
        begun = time.monotonic()
        waiting = threading.Thread(target=shake_all, args=(server.port, ["a.test"] * 20, 20))
        waiting.start()
        answers = [shake(server.port, "other.test").body for _ in range(10)]
        took = time.monotonic() - begun
        waiting.join()
        waited = time.monotonic() - begun
        assert obtained(server) == []

    assert answers == ["still here"] * 10
    assert took < waited
    assert waited > 9
    assert ask.names == ["a.test"]


def test_many_handshakes_of_one_name(tmp_path: Path) -> None:
    """Fifty handshakes at once for a new name are one question and one certificate."""
    with ask_server(good) as ask, serving(tmp_path, f"ask {ask.url}") as server:
        found = shake_all(server.port, ["new.good.test"] * 50, 50)
        names = obtained(server, 1)

    assert [each.fault for each in found if each.fault] == []
    assert len({each.certificate for each in found}) == 1
    assert {each.body for each in found} == {"hi new.good.test"}
    assert names == ["new.good.test"]
    assert ask.names == ["new.good.test"]


def memory(server: Server) -> int:
    """Return the kilobytes that the supervisor and its workers have."""
    pids = [server.pid, *server.workers()]
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in texts)


@pytest.mark.slow
def test_flood_of_names(tmp_path: Path) -> None:
    """Two thousand random names cost a bounded number of questions, and other networks nothing."""
    with ask_server(good) as ask, serving(tmp_path, f"ask {ask.url}") as server:
        shake_all(server.port, [f"{secrets.token_hex(8)}.flood.test" for _ in range(100)], 20)
        before, begun = memory(server), time.monotonic()
        names = [f"{secrets.token_hex(8)}.flood.test" for _ in range(2000)]
        flood = threading.Thread(target=shake_all, args=(server.port, names, 20))
        flood.start()
        slowest = _slowest(server, flood)
        took = time.monotonic() - begun
        grown = memory(server) - before
        lines = len(server.records)

        after = shake(server.port, "after.good.test", client="127.9.9.9")
        assert after.body == "hi after.good.test"
        assert obtained(server, 1) == ["after.good.test"]

    assert slowest < 20
    assert ask.most_at_once <= 16
    assert len(ask.names) <= 100 + 10 * (took + 15)
    assert grown < 30_000
    assert lines < 200


def _slowest(server: Server, flood: threading.Thread) -> float:
    """Return how long the other site took at most while there is a flood."""
    slowest = 0.0
    while flood.is_alive():
        begun = time.monotonic()
        assert shake(server.port, "other.test").body == "still here"
        slowest = max(slowest, time.monotonic() - begun)
        flood.join(0.2)
    return slowest


def test_permission_by_folders(tmp_path: Path) -> None:
    """With python_dir, a name may have a certificate if there is a folder for it."""
    (tmp_path / "apps" / "shop").mkdir(parents=True)
    permission = (
        f"permission python_dir {{\n\t\t\troot {tmp_path}/apps\n\t\t\tdomain_suffix x.test\n\t\t}}"
    )
    with serving(tmp_path, permission) as server:
        assert shake(server.port, "shop.x.test").body == "hi shop.x.test"
        assert shake(server.port, "blog.x.test").fault
        assert shake(server.port, "shop.y.test").fault
        (tmp_path / "apps" / "late").mkdir()
        assert shake(server.port, "late.x.test").body == "hi late.x.test"
        assert obtained(server, 2) == ["shop.x.test", "late.x.test"]


def test_certificate_from_a_url(tmp_path: Path) -> None:
    """A manager has the certificates of the names that it answers for; of others there are none."""
    authority = trustme.CA()
    issued = authority.issue_cert("managed.test")
    bundle = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    bundle += issued.private_key_pem.bytes()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    with ask_server(lambda name: bundle if name == "managed.test" else 204) as ask:
        site = (
            f"https:// {{\n\ttls {{\n\t\tget_certificate http {ask.url}\n\t}}\n\trespond hi\n}}\n"
        )
        with serving(tmp_path, "", site) as server:
            for _ in range(10):
                found = shake(server.port, "managed.test", root=tmp_path / "root.pem")
                assert found.body == "hi", found.fault
            assert shake(server.port, "else.test").fault
            workers = len(server.workers())

    assert ask.names.count("managed.test") <= workers
    assert all(
        "signature_schemes=" in each and "local_ip=127.0.0.1" in each for each in ask.targets
    )
