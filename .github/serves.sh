#!/usr/bin/env bash
# See that the snake on the PATH serves: a site, an app, and HTTPS by its own authority.
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
export XDG_DATA_HOME=$folder/data XDG_CONFIG_HOME=$folder/config SNAKE_INSTALL_TRUST=off
export XDG_STATE_HOME=$folder/state CADDY_ADMIN=localhost:9019

cat >main.py <<'APP'
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from the app"]
APP
cat >Caddyfile <<'SITES'
{
	http_port 9080
	https_port 9443
}
http://localhost:9081 {
	respond "from the site"
}
http://localhost:9082 {
	python {
		module_wsgi main:app
	}
}
https://localhost:9443 {
	tls internal
	respond "by HTTPS"
}
SITES

snake run --config Caddyfile &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT

answers() { # URL, and what it answers
  [ "$(curl --silent --show-error --insecure --retry 60 --retry-delay 1 --retry-all-errors "$1")" = "$2" ]
}
answers http://localhost:9081/ "from the site"
answers http://localhost:9082/ "from the app"
answers https://localhost:9443/ "by HTTPS"
sed -i.before 's/from the site/from the site anew/' Caddyfile
snake reload --config Caddyfile
answers http://localhost:9081/ "from the site anew"
kill -TERM "$server"
wait "$server"

snake start --config Caddyfile
trap 'snake stop || true' EXIT
sleep 1 # whatever belongs to the command that has ended is gone by then
answers http://localhost:9082/ "from the app"
snake reload --force --config Caddyfile
answers http://localhost:9081/ "from the site anew"
snake stop
trap - EXIT
echo "snake serves"
