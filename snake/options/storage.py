"""storage: where certificates and other things that outlive the server are kept.

Syntax::

    storage <module> [<options...>]
    storage file_system <folder>
    storage file_system {
        root <folder>
    }
    storage redis {
        address  <host:port>
        username <name>
        password <password>
        ...
    }

Without it, that is Caddy's folder: `$XDG_DATA_HOME/caddy` or `~/.local/share/caddy`. All machines
that share a storage share certificates and accounts, one of them obtains or renews a certificate,
and each answers what a CA asks of another.

`redis` has the fields of a module for Caddy (https://github.com/pberkel/caddy-storage-redis), and
shares a Redis with it: `host`, `port`, `db`, `timeout` in seconds, `key_prefix` (`caddy`),
`encryption_key` of 32 bytes, `compression` (`flate` or `zlib`), `tls_enabled`, `tls_insecure`,
`tls_server_certs_pem` and `tls_server_certs_path`. Clusters and Sentinel are refused by name.
"""

from __future__ import annotations

import msgspec

from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: object, guests: Guests) -> msgspec.Raw:
    del earlier
    return guests.json(line.rest, "caddy.storage", "module")


storage = Option("storage", _parse)
