"""A Flask app that says who asks, and how."""

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def index():
    """Tell what the app has learned of the request."""
    return {"url": request.url, "client": request.remote_addr}
