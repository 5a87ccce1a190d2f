"""examples/tenants."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import pytest

from tests.examples.example import Served, example


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The example, served once for all tests."""
    with example("tenants", tmp_path_factory.mktemp("tenants")) as served:
        yield served


def ask(served: Served, name: str) -> httpx.Response:
    """Ask for a name; not every resolver knows those under localhost."""
    return served.get("/", headers={"Host": f"{name}.localhost:{served.port}"})


@pytest.mark.parametrize(("name", "greeting"), [("blue", "Hello"), ("green", "Bonjour")])
def test_each_name_has_an_app(tenants: Served, name: str, greeting: str) -> None:
    """A name runs the app of its folder, with the variables of its file."""
    answer = ask(tenants, name)

    assert answer.text.startswith(f"{greeting} from {name}.localhost, in ")
    assert answer.text.endswith(f"/sites/{name}\n")


def test_a_new_folder_is_a_new_app(tenants: Served) -> None:
    """A name without a folder is not found, until there is one."""
    missing = ask(tenants, "red")
    assert (missing.status_code, missing.text) == (404, "red.localhost: 404 Not Found\n")

    shutil.copytree(tenants.folder / "sites" / "blue", tenants.folder / "sites" / "red")
    assert ask(tenants, "red").text.startswith("Hello from red.localhost")
