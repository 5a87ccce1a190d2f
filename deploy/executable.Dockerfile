# One file that is your app, its packages, snake and Python, built in a container: its C library,
# and not that of this machine, is the oldest that the file runs with.
#
#     docker build -f executable.Dockerfile --output . path/to/app && ./app --listen :9080
#
# docs/executables.md tells of what is packed. The image of snake is made by the Dockerfile.

ARG SNAKE=snake

FROM ${SNAKE} AS program
USER 0:0
# PyInstaller reads libraries with objdump. snake-server is there: only what `build` needs comes.
# hadolint ignore=DL3008,DL3013
RUN apt-get update && \
    apt-get install --yes --no-install-recommends binutils && \
    rm -rf /var/lib/apt/lists/* && \
    python -m pip install --no-cache-dir --root-user-action=ignore "snake-server[build]"
USER 1000:1000
# The app, where it cannot be found: main:app
ARG APP=""
COPY . /app
RUN snake build /app --app "${APP}" --output /tmp/app

FROM scratch
COPY --from=program /tmp/app /app
