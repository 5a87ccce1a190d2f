"""Sockets to ASGI and back."""
