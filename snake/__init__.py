"""snake: the web server for Python apps. It speaks Caddy's language and runs the app inside itself."""

__version__ = "0.1.0"
