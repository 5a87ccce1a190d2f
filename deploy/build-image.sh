#!/usr/bin/env bash
# Build the image: deploy/build-image.sh [PYTHON_VERSION], 3.11 to 3.14. It is tagged snake:py3.13.
#
# Docker, podman or buildah does it, whichever there is. Where no registry can be reached, a base
# made of Debian's packages plays the part of python:X-slim, for the Pythons that Debian has.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:-3.13}
base=${BASE:-docker.io/library/python:$version-slim}
tag=${TAG:-snake:py$version}

# Debian's release for a Python; the others are in no Debian.
release() {
  case $1 in
    3.11) echo bookworm ;;
    3.13) echo trixie ;;
    *) return 1 ;;
  esac
}

# Make localhost/python-of-debian:VERSION.
stand_in() {
  local suite root container
  suite=$(release "$version") || {
    echo "no registry can be reached, and Debian has no Python $version: use 3.11 or 3.13" >&2
    exit 1
  }
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder of now
  trap "rm -rf '$root'" EXIT
  echo "making a base of Debian $suite" >&2
  debootstrap --variant=minbase --include="python3,python3-venv,python3-pip,libpython$version,ca-certificates" \
    "$suite" "$root" >&2
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  # As in python:X-slim: a Python of one's own, that pip may install into.
  rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
  ln -s /usr/bin/python3 "$root"/usr/local/bin/python
  # A mirror of this machine may have an authority of its own.
  cp /etc/ssl/certs/ca-certificates.crt "$root"/etc/ssl/certs/ca-certificates.crt
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$root"/etc/pip.conf
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$root" / >&2
  buildah config --cmd python3 "$container"
  buildah commit --quiet "$container" "localhost/python-of-debian:$version" >&2
  buildah rm "$container" >/dev/null
}

if docker info >/dev/null 2>&1; then
  exec docker build --build-arg PYTHON_VERSION="$version" --build-arg BASE="$base" --tag "$tag" .
fi
command -v buildah >/dev/null || { echo "docker or buildah is needed" >&2; exit 1; }
# Without an engine, and maybe in a container itself: processes share this one's network.
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
if [ -z "${BASE:-}" ] && ! buildah pull --quiet "$base" >/dev/null 2>&1; then
  base=localhost/python-of-debian:$version
  buildah inspect --type image "$base" >/dev/null 2>&1 || stand_in
fi
# The format of Docker has a health check; OCI's has none.
buildah build --format docker --network host --pull=never \
  --build-arg PYTHON_VERSION="$version" --build-arg BASE="$base" --tag "$tag" .
