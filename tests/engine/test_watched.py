"""Which files of an app are watched."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from snake.engine.watch import Watch
from snake.engine.watched import MOST_FOLDERS, Watched, editable


def make(*files: Path) -> None:
    """Make empty files, with their folders."""
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a.py", True),
        ("templates/a.html", True),
        ("a.sqlite", False),
        ("a.pyc", False),
        (".venv/a.py", False),
        ("x/node_modules/y/a.py", False),
        (".hidden.py", True),
        ("made/a.py", False),
        ("x/made/a.py", False),
        ("x/y/a.py", False),
        ("x/z/a.py", True),
        ("x/test_a.py", False),
        ("../beside.py", False),
    ],
)
def test_what_counts(tmp_path: Path, name: str, *, counts: bool) -> None:
    """Code and templates do, but not in ignored folders; patterns are of names or of paths."""
    root = tmp_path / "app"
    root.mkdir()
    watched = Watched([root], ignore=["made", "test_*.py", "x/y"])
    path = (root / name).resolve()
    assert watched.wants(str(path), watched.plan()) is counts


def test_env_files_count(tmp_path: Path) -> None:
    """A file that is named counts whatever it is called."""
    make(tmp_path / "app" / "a.py", tmp_path / "settings.env")
    watched = Watched([tmp_path / "app"], [tmp_path / "settings.env"])
    plan = watched.plan()
    assert watched.wants(str(tmp_path / "settings.env"), plan)
    assert plan.watches[str(tmp_path)][0] is False


def test_ignored_folders_are_not_looked_into(tmp_path: Path) -> None:
    """A folder without any is one watch; beside an ignored one, each has its own."""
    make(tmp_path / "a" / "b" / "c.py", tmp_path / "d" / "e.py")
    assert list(Watched([tmp_path]).plan().watches) == [str(tmp_path)]
    make(tmp_path / "node_modules" / "x.py")
    watches = {
        Path(path).name: whole for path, (whole, _) in Watched([tmp_path]).plan().watches.items()
    }
    assert watches == {tmp_path.name: False, "a": True, "d": True}


def test_many_folders_are_one_watch(tmp_path: Path) -> None:
    """A tree that would take very many watches takes one."""
    for number in range(MOST_FOLDERS):
        make(tmp_path / str(number) / "a" / "b.py", tmp_path / str(number) / ".git" / "x")
    assert list(Watched([tmp_path]).plan().watches) == [str(tmp_path)]


def test_links_are_followed_once(tmp_path: Path) -> None:
    """Where a link leads is watched, also if it leads back or nowhere."""
    app, other = tmp_path / "app", tmp_path / "other"
    make(app / "a.py", other / "b.py")
    (app / "link").symlink_to(other)
    (other / "back").symlink_to(app)
    (app / "nowhere").symlink_to(tmp_path / "none")
    (app / "self").symlink_to("self")
    plan = Watched([app]).plan()
    assert set(plan.roots) == {str(app), str(other)}
    assert plan.links[str(app / "link")] == str(other)


def test_editable_projects_are_found(tmp_path: Path) -> None:
    """Folders of `.pth` files, relative or not, and of installers that leave a URL (PEP 610)."""
    packages = tmp_path / "site-packages"
    make(tmp_path / "one" / "a.py", tmp_path / "two words" / "b.py", packages / "own" / "c.py")
    (packages / "a.pth").write_text(f"import os\n# no\n\n{tmp_path / 'one'}\nown\n/not/there\n")
    info = packages / "b.dist-info"
    info.mkdir()
    url = (tmp_path / "two words").as_uri()
    (info / "direct_url.json").write_text(f'{{"url": "{url}", "dir_info": {{"editable": true}}}}')
    (packages / "c.dist-info").mkdir()
    (packages / "c.dist-info" / "direct_url.json").write_text("[]")
    found = [tmp_path / "one", packages / "own", tmp_path / "two words"]
    assert list(editable(packages)) == found


async def test_files_are_polled_where_the_system_watches_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the limit of inotify a warning is logged, and changes are still noticed."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Observer, "schedule", full)
    monkeypatch.setattr(PollingObserver, "schedule", BaseObserver.schedule)
    make(tmp_path / "a.py")
    watch = Watch(Watched([tmp_path]))
    await watch.open()
    (tmp_path / "a.py").write_text("changed")
    assert await watch.changes() == [str(tmp_path / "a.py")]
    watch.close()
    assert "they are looked at again and again" in caplog.text


async def test_a_link_that_leads_elsewhere_is_a_change(tmp_path: Path) -> None:
    """The app's own folder may be a link, as to the present one of several releases."""
    make(tmp_path / "1" / "a.py", tmp_path / "2" / "a.py")
    app = tmp_path / "app"
    app.symlink_to("1")
    watch = Watch(Watched([app]))
    await watch.open()
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").rename(app)
    assert await watch.changes() == [str(app)]
    (tmp_path / "2" / "a.py").write_text("more")
    assert await watch.changes() == [str(tmp_path / "2" / "a.py")]
    watch.close()


async def test_a_folder_that_comes_back_is_a_change(tmp_path: Path) -> None:
    """A root that is taken away and made again is watched again."""
    app = tmp_path / "app"
    make(app / "a.py")
    watch = Watch(Watched([app]))
    await watch.open()
    app.rename(tmp_path / "gone")
    make(app / "b.py")
    assert str(app) in await watch.changes()
    (app / "b.py").write_text("more")
    assert str(app / "b.py") in await watch.changes()
    watch.close()
