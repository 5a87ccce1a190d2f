# snake as an image: a Caddyfile at /etc/snake/Caddyfile, certificates in /data, no root.
#
#     docker build --build-arg PYTHON_VERSION=3.13 --tag snake .
#     docker run -p 80:80 -p 443:443 -p 443:443/udp -v ./Caddyfile:/etc/snake/Caddyfile -v snake:/data snake
#
# Python is 3.11 to 3.14. docs/deployment.md has the rest; builder.Dockerfile makes images of apps.

ARG PYTHON_VERSION=3.13
ARG BASE=docker.io/library/python:${PYTHON_VERSION}-slim

FROM ${BASE} AS wheels
# What is installed beside snake, such as "tracing,re2".
ARG EXTRAS=""
WORKDIR /source
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY grammar grammar
COPY snake snake
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels ".${EXTRAS:+[$EXTRAS]}"

FROM ${BASE}
# /data and /config can be written by any user, so that `--user` works; what snake makes in them
# is its own (0700).
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --root-user-action=ignore --no-index /wheels/*.whl && \
    groupadd --gid 1000 snake && \
    useradd --uid 1000 --gid snake --create-home --shell /usr/sbin/nologin snake && \
    install --directory --mode 1777 /data /config
COPY deploy/container/Caddyfile /etc/snake/Caddyfile
COPY deploy/container/index.html /usr/share/snake/index.html

ENV XDG_CONFIG_HOME=/config \
    XDG_DATA_HOME=/data
VOLUME /data /config
WORKDIR /srv
EXPOSE 80 443 443/udp 2019

# A number, since Kubernetes cannot tell by a name that it is not root.
USER 1000:1000
STOPSIGNAL SIGTERM
# Not `snake status`: a reload that failed is nothing that a new container would cure.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "from snake.cli.admin_address import find_client as f; f(None, None, None).ask('GET', '/config/admin')"]
CMD ["snake", "run", "--config", "/etc/snake/Caddyfile"]

LABEL org.opencontainers.image.title="snake" \
      org.opencontainers.image.description="The web server for Python apps: a Caddyfile in front, the WSGI or ASGI app inside" \
      org.opencontainers.image.licenses="Apache-2.0"
