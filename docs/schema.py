"""The reference of the JSON, from the schema that `snake schema` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from docs.page import Page

Schema = dict[str, Any]

PREFIX = "#/$defs/"

TITLES = {
    "index": (
        "JSON",
        "A whole configuration: what `snake adapt` prints, and what `snake run` reads.",
    ),
    "http": (
        "Servers and routes",
        "`apps.http`: where a server listens, and what it does with requests.",
    ),
    "handlers": ("Handlers", "What may stand in `handle` of a route."),
    "matchers": (
        "Matchers",
        "What may stand in `match` of a route. All names in one object must match.",
    ),
    "reverse-proxy": ("Reverse proxy", "What stands in the handler `reverse_proxy`."),
    "tls": ("TLS and PKI", "`apps.tls` and `apps.pki`: certificates and how they are had."),
    "logging": ("Logging", "`logging`: where records go, and how they look."),
    "admin": ("Admin", "`admin`: the API, and where configurations come from."),
    "storage": ("Storage", "`storage`: where certificates and accounts are kept."),
    "other": ("Other", "File systems and events."),
}
"""The pages by order: titles, and what they are about."""

PAGES = {
    "config.document": "index",
    "http.handlers.": "handlers",
    "http.matchers.": "matchers",
    "matchers.": "matchers",
    "http.reverse_proxy.": "reverse-proxy",
    "proxy.": "reverse-proxy",
    "caddy.network_proxy": "reverse-proxy",
    "config.http": "http",
    "caddy.listeners": "http",
    "caddy.packetconns": "http",
    "http.ip_sources": "http",
    "http.": "handlers",
    "directives.": "handlers",
    "python.": "handlers",
    "auth.": "handlers",
    "config.logging": "logging",
    "caddy.logging": "logging",
    "logs.": "logging",
    "config.admin": "admin",
    "admin.loaders": "admin",
    "caddy.config_loaders": "admin",
    "config.tls": "tls",
    "config.pki": "tls",
    "tls.": "tls",
    "acme.": "tls",
    "issuers.": "tls",
    "dns.": "tls",
    "caddy.storage": "storage",
}
"""Where on the site the JSON of modules and types is, by how their names begin."""

INTRODUCTION = """
Field names, types and meaning are [Caddy's](https://caddyserver.com/docs/json/); `python` is Caddy
Snake's. A field that is not known is an error that names the nearest one.
`snake schema > schema.json` writes all of this for an editor, which then completes names and
underlines mistakes.

Any object may have an `@id`, a name by which the admin API finds it. A duration is a number of
nanoseconds or a text such as `"1m30s"`.

A **module** is an object that one of its fields names:
`{"handler": "static_response", "body": "hi"}` is the module `http.handlers.static_response`. In a
map of modules the key is the name.
"""


def page_of(name: str) -> str:
    """Return the page of the JSON reference that a module or type is on."""
    return next((page for start, page in PAGES.items() if name.startswith(start)), "other")


def slug(name: str) -> str:
    """Return the anchor of a heading that is a name of code."""
    return re.sub(r"[^\w\- ]", "", name.lower())


def pages() -> Iterator[Page]:
    """Return the pages of the reference."""
    definitions = _definitions()
    for page, (title, about) in TITLES.items():
        names = [name for name in definitions if page_of(name) == page and not name.endswith(".*")]
        names.sort(key=_order)
        parts = [f"# {title}\n", f"{about}\n"]
        if page == "index":
            parts.append(INTRODUCTION)
        shown = _Shown(definitions, page)
        parts += [shown.section(name) for name in names]
        yield Page(f"json/{page}.md", "\n".join(parts))


def fields(id: str) -> str:
    """Return the fields of a module as a table, with links as of a page in docs/."""
    return _Shown(_definitions(), "").fields(id)


@cache
def _definitions() -> dict[str, Schema]:
    from snake.config.document import Document  # noqa: PLC0415  (what only names pages needs none)
    from snake.config.fields import descriptions  # noqa: PLC0415
    from snake.core.schema import json_schema  # noqa: PLC0415
    from snake.engine.warm import registry  # noqa: PLC0415

    found: dict[str, Schema] = json_schema(Document, registry(), descriptions())["$defs"]
    return found


class _Shown:
    """Writes definitions as Markdown, for a page of the reference or with no name for any other."""

    def __init__(self, definitions: dict[str, Schema], page: str) -> None:
        self._definitions = definitions
        self._page = page

    def section(self, name: str) -> str:
        """Return the section of a struct or module: what it is, and its fields."""
        about = _about(self._definitions[name])
        return f"## {_heading(name)} {{ #{slug(name)} }}\n\n{about}\n\n{self.fields(name)}"

    def fields(self, name: str) -> str:
        """Return a table of the fields, or what there is instead."""
        schema = self._definitions[name]
        found = {key: value for key, value in schema.get("properties", {}).items() if key != "@id"}
        if "properties" not in schema:
            return f"It is {self._type(schema)}.\n"
        if not found:
            return "It has no fields.\n"
        rows = [
            f"| {_field(key)} | {self._type(value)} | {_note(value)} |"
            for key, value in found.items()
        ]
        return "\n".join(["| field | type | |", "|---|---|---|", *rows]) + "\n"

    def _type(self, schema: Schema) -> str:
        """Return a type in words, with links to what it is made of."""
        match schema:
            case {"examples": ["30s", *_]}:
                words = "duration"
            case {"$ref": reference}:
                return self._named(reference.removeprefix(PREFIX))
            case {"anyOf": choices}:
                kinds = [self._type(each) for each in choices if each.get("type") != "null"]
                words = " or ".join(dict.fromkeys(kinds))
            case {"const": value}:
                words = f"`{value}`"
            case {"enum": values}:
                words = " or ".join(f"`{each}`" for each in values)
            case {"type": "array"}:
                words = f"list of {self._type(schema.get('items', {}))}"
            case {"type": "object", "additionalProperties": dict(value)}:
                words = f"map of {self._type(value)}"
            case {"type": list(kinds)}:
                words = " or ".join(kinds)
            case _:
                words = schema.get("type", "anything")
        return words

    def _named(self, name: str) -> str:
        if not name.endswith(".*"):
            return f"[{_heading(name)}]({self._way(name)})"
        namespace = name.removesuffix(".*")
        found = [
            each
            for each in self._definitions
            if each.startswith(f"{namespace}.")
            and each.count(".") == namespace.count(".") + 1
            and not each.endswith(".*")
        ]
        if not found:
            return f"a module of `{namespace}`: none ships with snake"
        links = ", ".join(f"[`{each.rpartition('.')[2]}`]({self._way(each)})" for each in found)
        return f"module of `{namespace}`: {links}"

    def _way(self, name: str) -> str:
        there = page_of(name)
        if there == self._page:
            return f"#{slug(name)}"
        return f"{there}.md#{slug(name)}" if self._page else f"json/{there}.md#{slug(name)}"


def _order(name: str) -> tuple[bool, bool, str]:
    """Put the document first, and types behind the modules that they are parts of."""
    return (not name.endswith(".Document"), not _heading(name).startswith("`"), name)


def _heading(name: str) -> str:
    """Return how a definition is called: a module by its ID, a type by its class."""
    last = name.rpartition(".")[2]
    return last if last[:1].isupper() else f"`{name}`"


def _about(schema: Schema) -> str:
    """Return what a definition is, without the name in front of it."""
    text: str = schema.get("description") or ""
    name, colon, rest = text.partition(": ")
    if text.startswith("The JSON of") or (colon and " " not in name):
        text = rest
    return text[:1].upper() + text[1:]


def _field(name: str) -> str:
    """Return the name of a field, which may break where its words do."""
    return f'<code class="field">{name.replace("_", "_<wbr>").replace(".", ".<wbr>")}</code>'


def _note(schema: Schema) -> str:
    """Return what a field is; the one that names a module says it by its type."""
    text: str = schema.get("description", "").partition(" A duration: ")[0]
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
