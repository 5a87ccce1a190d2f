"""The environment variables that snake sets for apps."""

from __future__ import annotations

from typing import Final

CACHE: Final = "SNAKE_CACHE"
"""The address of the cache that the app's processes share; see `cache.address`."""
WORKER_ID: Final = "CADDYSNAKE_WORKER_ID"
"""The number of the process among those of its app: 0, 1, … The name is Caddy Snake's."""
