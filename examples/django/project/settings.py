"""The least that Django needs: one app, templates, and where static files are gathered."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).parent.parent

# For a site of your own, set SECRET_KEY in the environment, and list its names here.
SECRET_KEY = os.environ.get("SECRET_KEY", "only for this example")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

INSTALLED_APPS = ["django.contrib.staticfiles", "pages"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
ROOT_URLCONF = "project.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
WSGI_APPLICATION = "project.wsgi.application"

# `collectstatic` copies every app's files here, and the Caddyfile serves them from here.
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"

USE_TZ = True
