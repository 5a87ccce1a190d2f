"""One file per request matcher: its Caddyfile syntax, its JSON, what it matches."""
