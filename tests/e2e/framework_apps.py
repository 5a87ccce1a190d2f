"""One app for each framework, as its users write it; all have the same paths.

`/` is the app's own URL as the framework builds it, `/upload` the length of a body that is read
in pieces, `/download` a stream of `SIZE` bytes, and `/ws` says what it hears.
"""

from __future__ import annotations

SIZE = 48 * 1024 * 1024
PIECES = f"PIECES = [bytes(65_536)] * {SIZE // 65_536}\n\n"

FLASK = """
from flask import Flask, request, url_for

app = Flask(__name__)

@app.get("/")
def here():
    return url_for("here", _external=True)

@app.post("/upload")
def upload():
    return str(sum(len(piece) for piece in iter(lambda: request.stream.read(65_536), b"")))

@app.get("/download")
def download():
    return (piece for piece in PIECES)
"""

FASTAPI = """
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse

app = FastAPI()

@app.get("/", response_class=PlainTextResponse)
async def here(request: Request):
    return str(request.url_for("here"))

@app.post("/upload", response_class=PlainTextResponse)
async def upload(request: Request):
    return str(sum([len(piece) async for piece in request.stream()]))

@app.get("/download")
def download():
    return StreamingResponse(iter(PIECES))

@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)
"""

STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

async def here(request):
    return PlainTextResponse(str(request.url_for("here")))

async def upload(request):
    return PlainTextResponse(str(sum([len(piece) async for piece in request.stream()])))

async def pieces():
    for piece in PIECES:
        yield piece

async def download(request):
    return StreamingResponse(pieces())

async def ws(socket):
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)

app = Starlette(routes=[
    Route("/", here), Route("/upload", upload, methods=["POST"]), Route("/download", download),
    WebSocketRoute("/ws", ws),
])
"""

LITESTAR = """
from litestar import Litestar, MediaType, Request, WebSocket, get, post, websocket
from litestar.response import Stream

@get("/", media_type=MediaType.TEXT, name="here")
async def here(request: Request) -> str:
    return request.url_for("here")

@post("/upload", media_type=MediaType.TEXT, request_max_body_size=None)
async def upload(request: Request) -> str:
    return str(sum([len(piece) async for piece in request.stream()]))

@get("/download")
async def download() -> Stream:
    return Stream(iter(PIECES))

@websocket("/ws")
async def ws(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_data():
        await socket.send_text(text)

app = Litestar([here, upload, download, ws])
"""

QUART = """
from quart import Quart, request, url_for, websocket

app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = None

@app.get("/")
async def here():
    return url_for("here", _external=True)

@app.post("/upload")
async def upload():
    request.body_timeout = None
    return str(sum([len(piece) async for piece in request.body]))

@app.get("/download")
async def download():
    async def pieces():
        for piece in PIECES:
            yield piece
    return pieces()

@app.websocket("/ws")
async def ws():
    while True:
        await websocket.send(await websocket.receive())
"""

FALCON_WSGI = """
import falcon

class Here:
    def on_get(self, req, resp):
        resp.text = req.prefix + req.path

class Upload:
    def on_post(self, req, resp):
        read = req.bounded_stream.read
        resp.text = str(sum(len(piece) for piece in iter(lambda: read(65_536), b"")))

class Download:
    def on_get(self, req, resp):
        resp.stream = iter(PIECES)

app = falcon.App()
for path, resource in {"/": Here(), "/upload": Upload(), "/download": Download()}.items():
    app.add_route(path, resource)
"""

FALCON_ASGI = """
import falcon.asgi

class Here:
    async def on_get(self, req, resp):
        resp.text = req.uri

class Upload:
    async def on_post(self, req, resp):
        resp.text = str(sum([len(piece) async for piece in req.stream]))

class Download:
    async def on_get(self, req, resp):
        async def pieces():
            for piece in PIECES:
                yield piece
        resp.stream = pieces()

class Socket:
    async def on_websocket(self, req, ws):
        await ws.accept()
        try:
            while True:
                await ws.send_text(await ws.receive_text())
        except falcon.WebSocketDisconnected:
            pass

app = falcon.asgi.App()  # it does not look at root_path
for path, resource in {
    "/": Here(), "/upload": Upload(), "/download": Download(), "/ws": Socket(),
}.items():
    app.add_route("/falcon-asgi" + path, resource)
"""

DJANGO = {
    "manage.py": """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
    "site1/__init__.py": "",
    "site1/settings.py": """
from pathlib import Path

SECRET_KEY = "tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site1.urls"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.sessions", "django.contrib.messages",
                  "django.contrib.staticfiles"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
              "OPTIONS": {"context_processors": [
                  "django.template.context_processors.request",
                  "django.contrib.auth.context_processors.auth",
                  "django.contrib.messages.context_processors.messages"]}}]
BASE = Path(__file__).parents[1]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "db.sqlite3"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE / "collected"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
""",
    "site1/urls.py": PIECES
    + """
from django.contrib import admin
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

def here(request):
    return HttpResponse(request.build_absolute_uri())

@csrf_exempt
def upload(request):
    return HttpResponse(str(sum(len(piece) for piece in iter(lambda: request.read(65_536), b""))))

def download(request):
    if not hasattr(request, "scope"):
        return StreamingHttpResponse(iter(PIECES))
    async def pieces():
        for piece in PIECES:
            yield piece
    return StreamingHttpResponse(pieces())

urlpatterns = [path("", here), path("upload", upload), path("download", download),
               path("admin/", admin.site.urls)]
""",
    "site1/wsgi.py": """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")
application = get_wsgi_application()
""",
    "site1/asgi.py": """
import os
from channels.generic.websocket import WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")

class Echo(WebsocketConsumer):
    def receive(self, text_data):
        self.send(text_data=text_data)

application = ProtocolTypeRouter({
    "http": get_asgi_application(),
    "websocket": URLRouter([path("ws", Echo.as_asgi())]),
})
""",
}
"""The files of a Django project with its admin, and with Channels."""

SOCKETIO = """
import socketio

sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
app = socketio.ASGIApp(sio, socketio_path="socketio/socket.io")  # nor does it

@sio.event
async def say(sid, text):
    return text.upper()
"""

APPS = {
    "flask": ("wsgi", FLASK),
    "falcon": ("wsgi", FALCON_WSGI),
    "fastapi": ("asgi", FASTAPI),
    "starlette": ("asgi", STARLETTE),
    "litestar": ("asgi", LITESTAR),
    "quart": ("asgi", QUART),
    "falcon-asgi": ("asgi", FALCON_ASGI),
}
"""What each app of one file is, by the name of its path."""
