"""Provision a whole document in this process: what a worker runs, and what `validate` tries."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from snake.config.document import Document
from snake.config.pki import PKIApp
from snake.config.tls import TLSApp
from snake.core.modules import Context
from snake.engine import needs
from snake.engine.warm import registry
from snake.http.app import RunningServer, provision_http
from snake.logs.app import Logs, open_logs


async def provision(
    document: Document, stack: AsyncExitStack, offers: Mapping[type[Any], Any] | None = None
) -> list[RunningServer]:
    """Bring a document to life; `stack` closes it. Raises `ConfigError` and `StartError`.

    `offers` are services of the host: `Figures` of all workers, `Pools` of apps.
    """
    ctx = Context(registry(), stack)
    logs = await open_logs(ctx.at("logging"), document.logging)
    ctx = Context(ctx.registry, stack, {**(offers or {}), Logs: logs})
    if document.apps is not None and document.apps.filesystems is not None:
        # Few configs have any, and what reads files takes a while to load.
        from snake.files.filesystem import FileSystems  # noqa: PLC0415

        found = await FileSystems.provision(
            ctx.at("apps", "caddy.filesystems"), document.apps.filesystems
        )
        ctx = ctx.offering(FileSystems, found)
    if document.apps is not None and document.apps.tls is not None:
        ctx = ctx.offering(TLSApp, document.apps.tls)
    if document.apps is not None and document.apps.pki is not None:
        ctx = ctx.offering(PKIApp, document.apps.pki)
    if document.storage is not None:
        ctx = await _with_storage(ctx, document.storage)
    servers = await provision_http(ctx.at("apps", "http"), needs.http(document), logs)
    needs.check(document, ctx.registry)
    logs.reclaim()
    return servers


async def _with_storage(ctx: Context, own: msgspec.Raw) -> Context:
    """Offer the document's storage, where it has one; the default one needs no offer."""
    # Most configs have the default one.
    from snake.storage.chosen import chosen  # noqa: PLC0415
    from snake.storage.storage import Storage  # noqa: PLC0415

    storage = await chosen(ctx.at("storage"), own)
    return ctx.offering(Storage, storage)  # type: ignore[type-abstract]
