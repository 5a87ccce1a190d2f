"""One file per directive: its manual, its JSON fields, what it does, its Caddyfile syntax."""
