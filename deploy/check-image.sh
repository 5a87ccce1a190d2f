#!/usr/bin/env bash
# Run an image, and see that it does what docs/deployment.md says: deploy/check-image.sh [IMAGE].
#
# `3.13` is what deploy/build-image.sh makes for that Python.
# It is run as strictly as it can be: any user, no capability, nothing to write but its volumes.
set -euo pipefail
cd "$(dirname "$0")"

image=${1:-3.13}
[[ ! $image =~ ^3\.[0-9]+$ ]] || image=snake:py$image
name=snake-check-$$
work=$(mktemp -d)
options=(--network none --read-only --tmpfs /tmp --cap-drop ALL
  --security-opt no-new-privileges --sysctl net.ipv4.ip_unprivileged_port_start=0)

if docker info >/dev/null 2>&1; then
  engine=docker
else
  engine=podman
  # crun knows control groups of version 1 or 2, not both; in a container there may be both, and
  # no right to more than one has.
  if mountpoint -q /sys/fs/cgroup/unified; then
    [ -n "${UNSHARED:-}" ] || UNSHARED=1 exec unshare --mount "./$(basename "$0")" "$@"
    umount /sys/fs/cgroup/unified
    options+=(--cgroups=disabled --ulimit nofile=1024:1024 --ulimit nproc=1000:1000)
  fi
  # Health checks of podman are timers of systemd.
  [ -d /run/systemd/system ] || options+=(--no-healthcheck)
fi

cleanup() {
  $engine kill "$name" >/dev/null 2>&1 || true
  $engine rm --force "$name" >/dev/null 2>&1 || true
  $engine volume rm --force "$name" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "not ok: $1" >&2
  $engine logs "$name" >&2 || true
  exit 1
}

# Run Python in the container.
python() { $engine exec "$name" python -c "$1"; }

get() {
  python "import urllib.request as u; print(u.urlopen('http://localhost$1', timeout=20).read().decode())"
}

start() {
  $engine run --detach --name "$name" "${options[@]}" --user 4242:4242 \
    --volume "$name:/data" --volume "$work:/etc/snake:ro" --workdir /etc/snake "$image" >/dev/null
  for _ in $(seq 50); do
    healthy && return
    sleep 0.2
  done
  fail "it is not healthy after 10 s"
}

# The command of HEALTHCHECK, as the engine would run it.
healthy() { $engine exec "$name" "${health[@]}" >/dev/null 2>&1; }

serial() {
  python "
import ssl, hashlib, socket
context = ssl._create_unverified_context()
with context.wrap_socket(socket.create_connection(('localhost', 443)), server_hostname='localhost') as s:
    print(hashlib.sha256(s.getpeercert(True)).hexdigest())"
}

cat >"$work/Caddyfile" <<'CADDYFILE'
{
	skip_install_trust
}
http://localhost {
	handle_path /app/* {
		python main:app
	}
	handle {
		root /usr/share/snake
		file_server
	}
}
https://localhost {
	tls internal
	respond ok
}
CADDYFILE
cat >"$work/main.py" <<'APP'
import os
import subprocess
import time


def app(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1.5)
    if environ["PATH_INFO"] == "/orphans":
        subprocess.run(["sh", "-c", "sleep 0.1 & sleep 0.2 &"], check=True)
    return [str(os.getuid()).encode()]
APP
chmod -R a+rX "$work"

mapfile -t health < <($engine image inspect "$image" | python3 -c '
import json, sys
image = json.load(sys.stdin)[0]
check = (image.get("Config") or {}).get("Healthcheck") or image.get("Healthcheck")
print("\n".join(check["Test"][1:]))')

start
echo "ok: healthy, by: ${health[*]}"
[ "$(get /app/)" = 4242 ] || fail "the app is not run by the user of the container"
get / | grep -q "snake works" || fail "the file on port 80 is not served"
echo "ok: a user without any right serves an app and files on port 80"
for _ in 1 2 3; do get /app/orphans >/dev/null; done
sleep 1
zombies=$(python "
import pathlib
states = [p.read_text().rpartition(')')[2].split()[0] for p in pathlib.Path('/proc').glob('[0-9]*/stat')]
print(states.count('Z'))")
[ "$zombies" = 0 ] || fail "there are $zombies zombies"
echo "ok: orphans of the app are reaped"
before=$(serial)
get /app/slow >"$work/slow" &
sleep 0.7
$engine stop --time 20 "$name" >/dev/null
wait $! || fail "the request that was under way was cut off"
[ "$(cat "$work/slow")" = 4242 ] || fail "the request that was under way has no answer"
code=$($engine inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" = 0 ] || fail "the exit code is $code"
echo "ok: SIGTERM lets requests finish, and the exit code is 0"
$engine rm "$name" >/dev/null
start
[ "$(serial)" = "$before" ] || fail "the certificate is another one after a new start"
echo "ok: /data keeps the certificate"
size=$($engine image inspect --format '{{.Size}}' "$image")
echo "ok: the image has $((size / 1000000)) MB"
