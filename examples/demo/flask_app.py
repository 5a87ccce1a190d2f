"""A Flask app that shows what it is told of a request."""

import os

from flask import Flask, render_template_string, request, url_for

app = Flask(__name__)

PAGE = """<!doctype html>
<html lang="en">
<title>Flask on snake</title>
<link rel="stylesheet" href="/style.css">
<main>
  <h1>Flask</h1>
  <p>Process {{ pid }} answered. <a href="{{ url_for('hello', name='you') }}">Say hello</a>,
  or <a href="/">go back</a>.</p>
  <table>
    {% for name, value in facts %}<tr><th>{{ name }}</th><td>{{ value }}</td></tr>
    {% endfor %}
  </table>
</main>
</html>
"""


@app.get("/")
def index():
    """Show the request as WSGI has it."""
    names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR")
    facts = [(name, request.environ.get(name, "")) for name in names]
    return render_template_string(PAGE, pid=os.getpid(), facts=facts)


@app.get("/hello/<name>")
def hello(name):
    """Greet, in JSON."""
    return {"message": f"Hello, {name}!", "self": url_for("hello", name=name)}
