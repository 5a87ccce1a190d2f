"""Caddyfiles made by chance, adapted by Caddy and by snake."""
