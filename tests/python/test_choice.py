"""Choice: which values of placeholders choose an app, and what can never be one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from snake.core.errors import ConfigError
from snake.http.request import Request
from snake.python.choice import LONGEST, Choice, NoAppError
from snake.python.fields import PythonFields

TENANT = "{http.request.header.tenant}"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """A folder of tenants, and one beside it that no name leads to."""
    for name in ("tenants/one", "tenants/UP", "tenants/xn--bcher-kva", "tenants/bücher", "secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tenants" / "file").touch()
    (tmp_path / "tenants" / "out").symlink_to("../secret")
    (tmp_path / "tenants" / "far").symlink_to("/")
    (tmp_path / "tenants" / "self").symlink_to(".")
    (tmp_path / "tenants" / "loop").symlink_to("loop")
    (tmp_path / "tenants" / "alias").symlink_to("one")
    (tmp_path / "tenants" / "one.env").touch()
    return tmp_path


def choice(root: Path, **fields: Any) -> Choice:
    """Return the choice of a handler in `root`."""
    return Choice(PythonFields(**{"module_wsgi": "main:app", **fields}), root)


def request(**headers: str) -> Request:
    """Return a request with these header fields."""
    fields = [(k.encode(), v.encode("utf-8", "surrogateescape")) for k, v in headers.items()]

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": fields}, receive)


def refused(chooser: Choice, *values: str) -> NoAppError:
    """Return why values choose no app."""
    with pytest.raises(NoAppError) as caught:
        chooser.resolve(values)
    return caught.value


@pytest.mark.parametrize("name", ["one", "UP", "xn--bcher-kva", "bücher"])
def test_a_name_is_its_folder(root: Path, name: str) -> None:
    """A folder that is there, by exactly this name, is the app's."""
    fields = choice(root, working_dir=f"tenants/{TENANT}").resolve((name,))
    assert fields.working_dir == str(root / "tenants" / name)


def test_a_link_within_the_folder_is_followed(root: Path) -> None:
    """Two names may mean one folder: then they mean one app."""
    chooser = choice(root, working_dir=f"tenants/{TENANT}")
    assert chooser.resolve(("alias",)) == chooser.resolve(("one",))


HOSTILE = [
    *("..", ".", "../secret", "one/../../secret", "/etc", "one/", "/", "a/b", "-rf", ".git"),
    *("one\\..", "..\\secret", "one\x00", "\x00", "one\n", "one\r\n", "one\x1f", "one\x7f"),
    *("%2e%2e", "one%2f", "a b", "one:", "~/x", "$HOME", "*", "one;", "one'", "{x}"),
    *("\uff0e\uff0e", "\u2024\u2024", "\u2025", "\u3002", "one\uff0fx", "a\u2215b", "a\u2044b"),
    *(
        "\uff4f\uff4e\uff45",
        "bu\u0308cher",
        "one\u200b",
        "one\u202e",
        "\udc80",
        "o" * 256,
        "é" * 128,
    ),
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("field", ["working_dir", "venv_path"])
def test_what_is_no_name_is_refused(root: Path, field: str, name: str) -> None:
    """A value is one name: no path, no look-alike of one, nothing that a shell would read."""
    assert refused(choice(root, **{field: f"{root}/tenants/{TENANT}"}), name).status == 400


@pytest.mark.parametrize("name", HOSTILE)
def test_nor_is_it_part_of_a_module_or_an_env_file(root: Path, name: str) -> None:
    """In names of modules and of env files a value is a name as well."""
    assert refused(choice(root, module_wsgi=f"{TENANT}:app"), name).status == 400
    assert refused(choice(root, env_files=(f"tenants/{TENANT}",)), name).status == 400
    assert refused(choice(root, env_files=(f"/etc/{TENANT}",)), name).status == 400


@pytest.mark.parametrize("name", ["", "two", "One", "up", "file", "out", "far", "self", "loop"])
def test_where_there_is_no_folder_is_no_app(root: Path, name: str) -> None:
    """No folder, one of another case, a file, or a link that leads out: not found."""
    assert refused(choice(root, working_dir=f"tenants/{TENANT}"), name).status == 404


def test_an_env_file_chosen_is_there_and_inside(root: Path) -> None:
    """An env file that values name must be in the folder that the configuration names."""
    chooser = choice(root, env_files=(f"tenants/{TENANT}.env",))
    assert chooser.resolve(("one",)).env_files == ("tenants/one.env",)
    assert refused(chooser, "two").status == 404
    (root / "tenants" / "out.env").symlink_to(root / "secret")
    assert refused(chooser, "out").status == 404


@pytest.mark.parametrize(
    ("name", "good"),
    [("one", True), ("a_1", True), ("é", False), ("1a", False), ("a-b", False), ("a+", False)],
)
def test_a_module_is_a_name_of_python(root: Path, name: str, good: object) -> None:
    """The name of an app has Caddy Snake's pattern."""
    chooser = choice(root, module_wsgi=f"{TENANT}:app")
    if good:
        assert chooser.resolve((name,)).module_wsgi == f"{name}:app"
    else:
        assert refused(chooser, name).status == 400


@pytest.mark.parametrize("value", ["", "../x", "a b", "{http.request.host}", "é", "\udc80", "-"])
def test_a_variable_is_any_text(root: Path, value: str) -> None:
    """The value of a variable is taken as it is, and is not filled again."""
    chooser = choice(root, env_vars={"A": f"<{TENANT}>"})
    assert chooser.resolve((value,)).env_vars == {"A": f"<{value}>"}


def test_a_variable_has_no_nul_and_an_end(root: Path) -> None:
    """NUL would end it, and a message to the supervisor has a greatest length."""
    chooser = choice(root, env_vars={"A": TENANT})
    assert refused(chooser, "a\0b").status == 400
    assert refused(chooser, "a" * (LONGEST + 1)).status == 431


def test_values_are_those_of_the_request_and_hosts_are_in_lower_case(root: Path) -> None:
    """Each placeholder has one value, however often it is used; Host means the same in any case."""
    host = "{http.request.host}"
    chooser = choice(root, working_dir=f"tenants/{TENANT}", env_vars={"A": f"{host} {TENANT}"})
    assert chooser.values(request(host="A.Test:80", tenant="One")) == ("One", "a.test")
    assert chooser.values(request()) == ("", "")


def test_what_no_request_says_is_the_operators_word(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A placeholder of the environment may hold a path: no request can change it."""
    monkeypatch.setenv("BASE", f"{root}/tenants")
    chooser = choice(root, working_dir="{env.BASE}/" + TENANT)
    assert chooser.resolve(("one",)).working_dir == f"{root}/tenants/one"
    assert refused(chooser, "out").status == 404


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"working_dir": f"/srv/{TENANT}/../x"}, "working_dir", '".." after a placeholder'),
        ({"venv_path": f"/srv/{TENANT}/.."}, "venv_path", '".." after a placeholder'),
        ({"working_dir": "/srv/{no such}"}, "working_dir", "unknown placeholder"),
        ({"module_wsgi": "{a b}:app"}, "module_wsgi", "unknown placeholder"),
    ],
)
def test_what_no_request_can_fill_is_refused_at_once(
    root: Path, fields: dict[str, Any], field: str, message: str
) -> None:
    """What cannot be right for any request is an error of the configuration."""
    with pytest.raises(ConfigError, match=message) as caught:
        choice(root, **fields)
    assert caught.value.path == field


def test_json_in_a_variable_is_no_placeholder() -> None:
    """Braces that hold no name are text, and do not make an app dynamic."""
    assert PythonFields(module_wsgi="a:b", env_vars={"A": '{"a": {"b": 1}}'}).dynamic is None
    assert PythonFields(module_wsgi="a:b", env_vars={"A": "{http.request.host}"}).dynamic


def test_values_of_other_placeholders_are_refused(root: Path) -> None:
    """A worker that sends too few or too many values gets nothing for them."""
    chooser = choice(root, working_dir=f"tenants/{TENANT}")
    assert refused(chooser).status == 400
    assert refused(chooser, "one", "two").status == 400


def test_a_folder_that_may_not_be_entered_is_not_found(root: Path) -> None:
    """What the server may not look into is as good as not there."""
    if os.getuid() == 0:
        pytest.skip("root may look into any folder")
    (root / "tenants" / "one").chmod(0)
    assert refused(choice(root, working_dir=f"tenants/{TENANT}/sub"), "one").status == 404
