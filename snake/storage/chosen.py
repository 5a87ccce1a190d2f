"""The storage that a part of a document uses: its own, the document's, or Caddy's folder."""

from __future__ import annotations

from snake.config.struct import Guest
from snake.core.modules import Context
from snake.storage.data_folder import data_folder
from snake.storage.folder import FileStorage
from snake.storage.storage import Storage


async def chosen(ctx: Context, own: Guest = None) -> Storage:
    """Return the storage of the guest `own`; without one, that of the whole document.

    Raises `ConfigError`.
    """
    if own is not None:
        storage: Storage = await ctx.load(own, namespace="caddy.storage", key="module")
        return storage
    return ctx.service(Storage) or FileStorage(data_folder())  # type: ignore[type-abstract]
