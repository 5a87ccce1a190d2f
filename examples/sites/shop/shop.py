"""The shop."""

import json

PRICES = {"apple": 30, "pear": 40}


def app(environ, start_response):
    """Answer a fruit's price, or all of them."""
    fruit = environ["PATH_INFO"].strip("/")
    if fruit and fruit not in PRICES:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no such fruit\n"]
    body = json.dumps(PRICES[fruit] if fruit else PRICES).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]
