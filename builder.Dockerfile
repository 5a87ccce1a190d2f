# An image of your app, with snake as its server.
#
#     docker build -f builder.Dockerfile --build-arg PYTHON_VERSION=3.13 --tag myapp path/to/app
#     docker run -p 80:80 -p 443:443 -p 443:443/udp -v myapp:/data myapp
#
# The folder of the app has a requirements.txt and a Caddyfile. The app's packages are in a venv
# of their own, which apps get without a word in the Caddyfile, by VIRTUAL_ENV.

ARG PYTHON_VERSION=3.13
# Where packages are installed: the base of the image, or one that has compilers as well.
ARG BASE=docker.io/library/python:${PYTHON_VERSION}-slim
# What the Dockerfile beside this file makes, with the same Python.
ARG SNAKE=snake

FROM ${BASE} AS packages
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt ./
RUN /venv/bin/pip install --no-cache-dir --requirement requirements.txt

FROM ${SNAKE}
COPY --from=packages /venv /venv
ENV VIRTUAL_ENV=/venv
WORKDIR /app
COPY . .
CMD ["snake", "run", "--config", "/app/Caddyfile"]
