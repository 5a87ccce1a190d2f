"""From text to document: what no other program could be asked."""

from __future__ import annotations

import json
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from snake.adapter.adapt import adapt
from snake.adapter.catalogue import Catalogue
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.guests import Guests
from snake.config.document import encode
from snake.core.errors import ConfigError
from snake.core.modules import Registry
from snake.core.plugins import Table
from snake.plugin import Directive, Module, Scope, Segment
from snake.standard import DIRECTIVES, MATCHERS, MODULES, OPTIONS, catalogue


def document(text: str, words: Catalogue | None = None) -> Any:
    """Return the JSON that a Caddyfile makes."""
    adapted, _ = adapt(textwrap.dedent(text), "Caddyfile", words or catalogue())
    return json.loads(encode(adapted))


def refusal(text: str, words: Catalogue | None = None) -> CaddyfileError:
    """Return the error that a Caddyfile gives."""
    with pytest.raises(CaddyfileError) as raised:
        adapt(textwrap.dedent(text), "Caddyfile", words or catalogue())
    return raised.value


@pytest.mark.parametrize(
    ("text", "line", "shown", "message"),
    [
        (":80 {\n\trespnd a\n}", 2, "respnd", 'did you mean "respond"?'),
        (":80 {\n\thandle {\n\t\trespnd a\n\t}\n}", 3, "respnd", "unrecognized directive: respnd"),
        ("{\n\thttp_prot 80\n}", 2, "http_prot", 'did you mean "http_port"?'),
        (":80 {\n\t@a paht /x\n}", 2, "paht", 'unrecognized matcher: paht; did you mean "path"?'),
        (":80 {\n\t@ab path /x\n\trespond @ba x\n}", 3, "@ba", 'did you mean "@ab"?'),
        (":80 {\n\t@a path /x\n\t@a path /y\n}", 3, "@a", "matcher is defined more than once: @a"),
        ("respond a", 1, "respond", "parsed 'respond' as a site address, but it is a known"),
        ("a.com,b.com {\n}", 1, "a.com,b.com", "Site addresses cannot contain a comma"),
        (":80{\n}", 1, ":80{", "put a space between the token and the brace"),
        ("a.com,", 1, "a.com,", "unexpected EOF"),
        ("a.com, {\n}", 1, "a.com,", "check for extra comma"),
        ("@a {\n}", 1, "@a", "request matchers may not be defined globally"),
        ("(a) b {\n}", 1, "(a)", "does not qualify for certificate: '(a)'"),
        (":80 {\n\thandle {\n\t\tlog\n\t}\n}", 3, "log", "log can only stand directly in a site"),
        ("a.com {\n}\nb.com a.com {\n}", 3, "a.com", "ambiguous site definition: a.com"),
        ("http://a:90 {\n}\nhttps://b:90 {\n}", 3, "https://b:90", "cannot natively multiplex"),
        ("a.com {\n}\nb.c.*.com {\n}", 3, "b.c.*.com", "does not qualify for certificate"),
        ("{\n\tgrace_period soon\n}", 2, "soon", "invalid duration"),
        ("{\n\torder respnd first\n}", 2, "respnd", "is not a registered directive; did you mean"),
        ("{\n\torder respond after hander\n}", 2, "hander", "not found; did you mean"),
    ],
)
def test_mistake_is_shown_where_it_stands(text: str, line: int, shown: str, message: str) -> None:
    """One message with its place, the line, a caret under the word, and the nearest known name."""
    error = refusal(text)

    assert message in str(error)
    assert error.line == line
    report = str(error).splitlines()
    source, carets = report[1], report[2]
    assert source[carets.index("^") :].startswith(shown)
    assert carets.count("^") == len(shown)


def test_second_site_without_braces_is_explained() -> None:
    """Two sites need braces, and the error for a line of the second says so."""
    assert "you must use curly braces around each site" in str(refusal(":80\n\na.com\nrespond b"))


def test_empty_file_is_refused() -> None:
    """A file without a byte is no configuration; one with a comment is an empty one."""
    assert "empty" in str(refusal(""))
    assert document("# nothing") == {}


def test_mistake_in_an_imported_file_names_the_import(tmp_path: Path) -> None:
    """The error of an imported line has that file's name, and the lines that imported it."""
    (tmp_path / "part").write_text("respnd a\n")
    main = tmp_path / "Caddyfile"

    with pytest.raises(CaddyfileError) as raised:
        adapt(":80 {\n\timport part\n}", str(main), catalogue())

    assert str(raised.value).splitlines()[0].startswith(f"{tmp_path}/part:1: ")
    assert f"imported from {main}:2 (import part)" in str(raised.value)


def test_odd_addresses_are_warned_of() -> None:
    """A path in an address, and an address that looks like a socket, are pointed out."""
    _, warnings = adapt("a.com/x {\n}\n0.0.0.0:80 {\n}\n", "Caddyfile", catalogue())

    assert [(warning.line, warning.message.split(":")[0]) for warning in warnings] == [
        (1, "a.com/x"),
        (3, "0.0.0.0"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_layout_is_warned_of_after_all_else(end: str) -> None:
    """The first line that formatting would change is named; line ends of Windows are no fault."""
    tidy = "a.com/x {\n\trespond a\n}\n"
    _, none = adapt(tidy.replace("\n", end), "Caddyfile", catalogue())
    _, warnings = adapt(tidy.replace("\t", "  ").replace("\n", end), "Caddyfile", catalogue())

    assert len(none) == 1
    assert warnings[:-1] == none
    assert str(warnings[-1]) == (
        "Caddyfile:2: Caddyfile input is not formatted; "
        "run 'snake fmt --overwrite' to fix inconsistencies"
    )


class Stamp(Module):
    """A plugin's handler."""

    id = "http.handlers.stamp"

    text: str = ""


def _parse(line: Segment, scope: Scope) -> Stamp:
    del scope
    if line.texts == ["fail"]:
        raise ConfigError("this is not possible")
    return Stamp(text=line.arg())


placed = Directive("stamp", _parse, after="header")
unplaced = Directive("loose", _parse)
PLUGINS = Catalogue(
    Table({**DIRECTIVES, "stamp": f"{__name__}:placed", "loose": f"{__name__}:unplaced"}),
    MATCHERS,
    OPTIONS,
    Guests(Registry(MODULES)),
)


def _handlers(adapted: Any) -> list[str]:
    routes = adapted["apps"]["http"]["servers"]["srv0"]["routes"]
    return [handler["handler"] for route in routes for handler in route["handle"]]


def test_plugin_is_sorted_where_it_asks_to_be() -> None:
    """A plugin's directive runs at its place, and takes a matcher like any other."""
    adapted = document(":80 {\n\trespond a\n\tstamp b\n\theader A b\n}", PLUGINS)

    assert _handlers(adapted) == ["headers", "stamp", "static_response"]


def test_plugin_without_place_needs_a_route() -> None:
    """A directive that has no place in the order can stand in `route`, or be given one."""
    error = refusal(":80 {\n\tloose a\n}", PLUGINS)

    assert "is not an ordered HTTP handler" in error.message
    assert _handlers(document(":80 {\n\troute {\n\t\tloose a\n\t}\n}", PLUGINS)) == ["subroute"]
    ordered = "{\n\torder loose first\n}\n:80 {\n\theader A b\n\tloose a\n}"
    assert _handlers(document(ordered, PLUGINS)) == ["stamp", "headers"]


def test_error_of_a_plugin_gets_a_place() -> None:
    """An error that knows no line is reported at the line of the directive."""
    error = refusal(":80 {\n\tstamp fail\n}", PLUGINS)

    assert (error.line, error.message) == (2, "stamp: this is not possible")


@pytest.mark.slow
def test_two_thousand_sites_take_seconds() -> None:
    """Adapting grows with the size of the file, and not with its square."""
    site = (
        "\theader A b\n\t@m path /x\n\trespond @m {path} 200\n\thandle /y {\n\t\trespond y\n\t}\n"
    )
    text = "".join(
        f"site{number}.com, s{number}.localhost {{\n{site}}}\n" for number in range(2000)
    )
    start = time.perf_counter()

    adapt(text, "Caddyfile", catalogue())

    assert time.perf_counter() - start < 20
