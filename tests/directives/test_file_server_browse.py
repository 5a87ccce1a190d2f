"""The page that `file_server browse` makes of a folder."""

from __future__ import annotations

import asyncio
import os
import re
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from snake.core.errors import ConfigError
from tests.directives.static_site import NOBODY, serving, write_files
from tests.site import Site

Serve = Callable[..., Site]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a site of a few files, with a folder that has no index file."""
    root = write_files(tmp_path)
    folder = root / "list"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("hello world")
    (folder / "photo.png").write_bytes(b"x" * 2000)
    (folder / "<b>&\"'\n.txt").write_text("x")
    (folder / "link").symlink_to("a.txt")
    return root


@pytest.fixture
def serve(root: Path) -> Serve:
    """Return a function that makes a site of `file_server browse` with these settings."""
    return partial(serving, root)


class Page(HTMLParser):
    """What is in a page: its tags, the texts of items, where links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.names: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        given = dict(attrs)
        self.tags.append(tag)
        self._inside.append(tag)
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag == "bdi":
            self.names.append("")
        for name in given:
            assert not name.startswith("on")
            assert name != "style"

    def handle_endtag(self, tag: str) -> None:
        """Note its end."""
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if self._inside and self._inside[-1] == "bdi":
            self.names[-1] += data


async def test_page_lists_what_is_there(serve: Serve) -> None:
    """Every item is a link, and its name is text and nothing else."""
    async with serve(browse={}) as s:
        answer = await s.get("/list/")

    page = Page(answer.text)
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert page.names == ["list", "sub", r"""<b>&"'\n.txt""", "a.txt", "link", "photo.png"]
    assert "b" not in page.tags
    assert {"../", "./sub/", "./a.txt", "./%3Cb%3E&%22%27%0A.txt"} <= set(page.links)


async def test_page_allows_nothing_but_its_own_script_and_style(serve: Serve) -> None:
    """The policy has the digests of what is in the page, and no other source."""
    async with serve(browse={}) as s:
        answer = await s.get("/list/")

    policy = answer.header("content-security-policy") or ""
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_page_can_be_filtered_without_a_script(serve: Serve) -> None:
    """The address has the filter, for those who have no script; it is no markup."""
    async with serve(browse={}) as s:
        some = await s.get("/list/?filter=PHOTO")
        none = await s.get('/list/?filter="><script>')

    assert Page(some.text).names == ["list", "photo.png"]
    assert Page(none.text).names == ["list"]
    assert "No name matches." in none.text
    assert Page(none.text).tags.count("script") == 1


async def test_page_has_a_grid_with_pictures(serve: Serve) -> None:
    """In a grid, pictures are shown."""
    async with serve(browse={}) as s:
        answer = await s.get("/list/?layout=grid")

    page = Page(answer.text)
    assert page.tags.count("img") == 1
    assert page.names == ["list", "sub", r"""<b>&"'\n.txt""", "a.txt", "link", "photo.png"]


async def test_links_are_told_when_they_may_be(serve: Serve) -> None:
    """Where a link leads is shown by `reveal_symlinks`."""
    async with serve(browse={"reveal_symlinks": True}) as s:
        shown = await s.get("/list/")
    async with serve(browse={}) as s:
        hidden = await s.get("/list/")

    assert "a.txt" in Page(shown.text).names[Page(shown.text).names.index("link") + 1]
    assert len(Page(hidden.text).names) == len(Page(shown.text).names) - 1


async def test_parts_of_a_list_lead_to_the_others(serve: Serve) -> None:
    """With a limit, there are links to what is before and after."""
    async with serve(browse={}) as s:
        first = Page((await s.get("/list/?limit=2")).text)
        second = Page((await s.get("/list/?limit=2&offset=2")).text)
        last = Page((await s.get("/list/?limit=2&offset=4")).text)

    assert "?limit=2&offset=2" in first.links
    assert {"?limit=2", "?limit=2&offset=4"} <= set(second.links)
    assert "?limit=2&offset=2" in last.links
    assert "?limit=2&offset=6" not in last.links


async def test_empty_folder_says_so(serve: Serve, root: Path) -> None:
    """An empty folder and the top one have pages as well."""
    (root / "index.html").unlink()
    async with serve(browse={}) as s:
        empty, top = await s.get("/empty/"), await s.get("/")

    assert "This folder is empty." in empty.text
    assert "../" not in Page(top.text).links


async def test_list_has_at_most_so_many_files(serve: Serve) -> None:
    """`file_limit` bounds what is read of a folder."""
    async with serve(browse={"file_limit": 2}) as s:
        answer = await s.get("/list/", headers={"accept": "text/plain"})

    assert len(answer.text.splitlines()) == 4


async def test_negative_limit_is_none(serve: Serve) -> None:
    """As in Caddy, a negative number of files is all of them."""
    async with serve(browse={"file_limit": -1}) as s:
        answer = await s.get("/list/", headers={"accept": "text/plain"})

    assert len(answer.text.splitlines()) == 7


async def test_cookies_are_secure_on_https(serve: Serve) -> None:
    """What was chosen is remembered for HTTPS alone, where it was chosen there."""
    async with serve(browse={}) as s:
        answer = await s.get("/list/?sort=size")

    assert answer.headers("set-cookie") == ["sort=size; HttpOnly; SameSite=Lax"]


async def test_other_requests_go_on_while_a_large_folder_is_listed(
    serve: Serve, root: Path
) -> None:
    """A folder of thousands of files is read and written in threads."""
    many = root / "many"
    many.mkdir()
    for number in range(3000):
        (many / f"{number}.txt").touch()
    async with serve(browse={}) as s:
        listing = asyncio.create_task(s.get("/many/"))
        count = 0
        while not listing.done():
            await asyncio.sleep(0.001)
            assert (await s.get("/a.txt")).status == 200
            count += 1

    assert count > 3
    assert listing.result().text.count("<time ") == 3000


async def test_folder_that_may_not_be_read_is_forbidden() -> None:
    """What the system refuses is a 403."""
    user = os.geteuid()
    # Not tmp_path: its parents let nobody in but their owner.
    with TemporaryDirectory() as folder:
        root = write_files(Path(folder))
        root.parent.chmod(0o755)
        async with serving(root, browse={}) as s:
            assert (await s.get("/empty/")).status == 200
            (root / "empty").chmod(0o700 if user == 0 else 0)
            if user == 0:  # who may read everything
                os.seteuid(NOBODY)
            try:
                answer = await s.get("/empty/")
            finally:
                os.seteuid(user)
        (root / "empty").chmod(0o755)

    assert answer.status == 403


TEMPLATE = """\
{{ respHeader.set("X-Folder", name) }}
{%- for item in items -%}
{{ item.name }} {{ item.humanSize }} {{ item.humanModTime("%Y") }}
{%- if item.isDir %} folder{% endif %}{% if item.hasExt(".TXT") %} text{% endif %}
{% endfor -%}
{{ numDirs }} {{ numFiles }} {{ placeholder("http.request.host") }}
"""


async def test_page_can_be_a_template_of_ones_own(serve: Serve, root: Path) -> None:
    """A template has what Caddy's has, escapes it, and is read again when it changes."""
    for file in (root / "list").iterdir():
        os.utime(file, (0, 0), follow_symlinks=False)
    template = root.parent / "page.html"
    template.write_text(TEMPLATE)
    async with serve(browse={"template_file": str(template)}) as s:
        answer = await s.get("/list/?sort=name")
        template.write_text("changed")
        changed = await s.get("/list/")
        template.write_text("{{ nobody() }}")
        broken = await s.get("/list/")
        template.unlink()
        gone = await s.get("/list/")

    assert answer.header("x-folder") == "list"
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.text.splitlines() == [
        "&lt;b&gt;&amp;&#34;&#39;",
        ".txt 1 B 1970 text",
        "a.txt 11 B 1970 text",
        "link 11 B 1970",
        "photo.png 2.0 KiB 1970",
        "sub/ 4.0 KiB 1970 folder",
        "1 4 localhost",
    ]
    assert changed.text == "changed"
    assert (broken.status, gone.status) == (500, 500)


@pytest.mark.parametrize(
    ("browse", "message"),
    [
        ({"sort": ["weight"]}, "browse/sort/0: 'weight' is not one of name, namedirfirst, size"),
        ({"sort": ["desc"]}, "browse/sort/0: 'desc' is not one of"),
        ({"sort": ["name", "size"]}, "browse/sort/1: 'size' is not one of asc, desc"),
        ({"sort": ["name", "asc", "asc"]}, "browse/sort/2: sort takes a column and an order"),
        ({"template_file": "none.html"}, "browse/template_file: cannot read none.html"),
        (
            {"template_file": "{go}"},
            r"browse/template_file: .*:2: {{range .Items is in the language",
        ),
        ({"template_file": "{bad}"}, r"browse/template_file: .*:1: .*templates of Jinja"),
        ({"revealsymlinks": True}, 'unknown field "revealsymlinks"; did you mean'),
    ],
)
async def test_wrong_setting_is_refused(
    serve: Serve, tmp_path: Path, browse: dict[str, Any], message: str
) -> None:
    """What cannot work is told when the config is loaded."""
    (tmp_path / "go.html").write_text("{{ range(3) }}\n{{range .Items}}{{end}}")
    (tmp_path / "bad.html").write_text("{% for %}")
    if (name := browse.get("template_file", "")).startswith("{"):
        browse = {"template_file": str(tmp_path / f"{name[1:-1]}.html")}
    with pytest.raises(ConfigError, match=message):
        async with serve(browse=browse):
            pass
