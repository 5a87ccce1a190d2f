"""What calls a Python app: WSGI and ASGI, in any process that has one. Standard library only."""
