"""How the python directive runs WSGI and ASGI apps."""
