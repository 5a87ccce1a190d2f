import os
from pathlib import Path


def app(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{os.environ['GREETING']} from {os.environ['SITE']}, in {Path.cwd()}\n".encode()]
