"""Precompressed files: `style.css.br` beside `style.css`, one class per coding."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from snake.core.modules import Context, Module


class Sidecar(NamedTuple):
    """The coding as Accept-Encoding names it, and what its files' names end in."""

    coding: str
    suffix: str


class Precompressed(Module):
    """The base of modules in `http.precompressed`."""

    sidecar: ClassVar[Sidecar]

    async def provision(self, ctx: Context) -> Sidecar:
        """Return what to look for."""
        del ctx
        return self.sidecar


class Brotli(Precompressed):
    """The JSON of `http.precompressed.br`."""

    id = "http.precompressed.br"
    sidecar = Sidecar("br", ".br")


class Gzip(Precompressed):
    """The JSON of `http.precompressed.gzip`."""

    id = "http.precompressed.gzip"
    sidecar = Sidecar("gzip", ".gz")

    level: int = 0
    """What an encoder of the same name would use; files are compressed already."""


class Zstd(Precompressed):
    """The JSON of `http.precompressed.zstd`."""

    id = "http.precompressed.zstd"
    sidecar = Sidecar("zstd", ".zst")

    level: str = ""
    """What an encoder of the same name would use; files are compressed already."""
    checksum: bool | None = None
    """Likewise."""
