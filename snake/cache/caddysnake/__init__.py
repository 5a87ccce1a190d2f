"""The module `caddysnake`, as apps written for Caddy Snake know it. See `app.caddysnake`."""

from .kv_cache import (
    Cache,
    CacheConfigurationError,
    CacheError,
    cache,
    worker_id,
)

__all__ = [
    "Cache",
    "CacheConfigurationError",
    "CacheError",
    "cache",
    "worker_id",
]
