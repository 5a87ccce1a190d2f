"""snake: the web server for Python apps. Caddy's language, with the app inside."""

__version__ = "0.1.0"
