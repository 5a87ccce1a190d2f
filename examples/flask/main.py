"""A list of tasks, kept in memory."""

from flask import Flask, abort, request

app = Flask(__name__)
tasks = ["write an app", "write a Caddyfile"]


@app.get("/")
def index():
    """List the tasks."""
    return {"tasks": tasks}


@app.post("/")
def add():
    """Add a task: `{"task": "..."}`."""
    task = request.get_json().get("task")
    if not isinstance(task, str):
        abort(422)
    tasks.append(task)
    return {"tasks": tasks}, 201


@app.get("/export")
def export():
    """Stream the tasks, a line each."""
    return (f"{task}\n" for task in tasks), {"Content-Type": "text/plain; charset=utf-8"}
