"""Caddyfile text to the JSON document: the whole way on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from snake.adapter.addresses import Ports
from snake.adapter.apps import build_apps
from snake.adapter.catalogue import Catalogue
from snake.adapter.directive import LogValue
from snake.adapter.listening import AdaptedSite, Listening, gather
from snake.adapter.logs import LogNames, logging
from snake.adapter.named_routes import NamedRoutes
from snake.adapter.options import admin_config, read_options
from snake.adapter.order import Order
from snake.adapter.origins import Origins
from snake.adapter.routes import Groups
from snake.adapter.scope import Block, Shared
from snake.adapter.server_options import deprecated
from snake.adapter.sites import Site, split
from snake.caddyfile.errors import CaddyfileWarning
from snake.caddyfile.format import unformatted_line
from snake.caddyfile.read import read
from snake.config.document import Document

_SECOND_SITE = (
    "Did you mean to define a second site? If so, you must use curly braces "
    "around each site to separate their configurations."
)


def adapt(
    text: str, file: str, catalogue: Catalogue, origins: Origins | None = None
) -> tuple[Document, list[CaddyfileWarning]]:
    """Adapt a Caddyfile. `file` is its name, which imports are relative to.

    Environment variables and imported files are read. `origins` takes down
    where each part was written. Raises `CaddyfileError`.
    """
    origins = origins or Origins()
    caddyfile = read(text, file, origins.files)
    parts = split(caddyfile.sections, catalogue)
    options = read_options(parts.options, catalogue)
    origins.add_options(parts.options)
    order = Order(options.get("order", ()), catalogue.directives)
    shared = Shared(file, options, catalogue, order, Groups(), origins, [], {})
    named = NamedRoutes(parts.routes, shared)
    adapted = _adapt_sites(parts.sites, shared)
    servers = gather(adapted, options.get("default_bind", ()), Ports.of(options))
    document = Document(
        admin=admin_config(options),
        logging=logging(options.get("log", ()), list(_logs(servers)), debug="debug" in options),
        storage=options.get("storage"),
        apps=build_apps(servers, shared, named),
    )
    odd = [*caddyfile.warnings, *deprecated(options.get("servers", ())), *shared.warnings]
    return document, [*odd, *_warnings(parts.sites), *_layout_warning(text, file)]


def _adapt_sites(sites: Sequence[Site], shared: Shared) -> list[AdaptedSite]:
    log_names = LogNames()
    adapted: list[AdaptedSite] = []
    for site in sites:
        block = Block(shared, site.files, {})
        results = block.results(site.lines, "" if site.braces else _SECOND_SITE)
        logs = tuple(map(log_names.named, results.logs))
        adapted.append(AdaptedSite(site.addresses, replace(results, logs=logs)))
    return adapted


def _logs(servers: Sequence[Listening]) -> Iterator[LogValue]:
    for server in servers:
        for site in server.sites:
            yield from site.results.logs


def _warnings(sites: Sequence[Site]) -> Iterator[CaddyfileWarning]:
    """Warn of addresses that mean something else than they seem to."""
    for address in (address for site in sites for address in site.addresses):
        key = address.key
        if address.path:
            message = (
                f"{key}: using a path in a site address is deprecated; "
                "please use the 'handle' directive instead"
            )
            yield CaddyfileWarning(key.file, key.line, "", message)
        if address.host in ("0.0.0.0", "::"):  # noqa: S104
            message = (
                f"{key}: an unspecified IP address only matches requests having that Host header; "
                "you probably want the 'default_bind' option to configure the socket"
            )
            yield CaddyfileWarning(key.file, key.line, "", message)


def _layout_warning(text: str, file: str) -> Iterator[CaddyfileWarning]:
    line = unformatted_line(text)
    if line is not None:
        message = (
            "Caddyfile input is not formatted; run 'snake fmt --overwrite' to fix inconsistencies"
        )
        yield CaddyfileWarning(file, line, "", message)
