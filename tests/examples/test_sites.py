"""examples/sites."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.examples.example import Served, example


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example, served once for all tests."""
    with example("sites", tmp_path_factory.mktemp("sites")) as served:
        yield served


def ask(served: Served, host: str, path: str) -> httpx.Response:
    """Ask one of the sites on the first port; not every resolver knows names under localhost."""
    return served.get(path, headers={"Host": f"{host}:{served.port}"})


def test_shop_runs_an_app(sites: Served) -> None:
    """One name on the first port is the shop's, and the snippet's header says so."""
    answer = ask(sites, "shop.localhost", "/apple")

    assert answer.json() == 30
    assert answer.headers["x-site"] == "shop"
    assert ask(sites, "shop.localhost", "/plum").text == "no such fruit\n"


@pytest.mark.parametrize("host", ["blog.localhost", "www.blog.localhost"])
def test_blog_serves_files(sites: Served, host: str) -> None:
    """Two other names on the same port are the blog's, which finds pages without their .html."""
    first = ask(sites, host, "/first")

    assert first.status_code == 200
    assert "<h1>The first post</h1>" in first.text
    assert first.headers["x-site"] == "blog"


def test_error_is_the_sites_own(sites: Served) -> None:
    """The snippet's error page has the name that the site gave it."""
    answer = ask(sites, "blog.localhost", "/second")

    assert answer.status_code == 404
    assert answer.text == "blog: 404 Not Found\n"


def test_status_has_a_port_of_its_own(sites: Served) -> None:
    """The third site listens on the second port alone."""
    base = f"http://localhost:{sites.second_port}"

    assert httpx.get(f"{base}/health").text == "well\n"
    assert httpx.get(f"{base}/").text == "status: 404 Not Found\n"
    assert sites.get("/health").text == ""
