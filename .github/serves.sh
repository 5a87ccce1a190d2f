#!/usr/bin/env bash
# See that the snake on the PATH serves: a site, an app, and HTTPS by its own authority.
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
export XDG_DATA_HOME=$folder/data XDG_CONFIG_HOME=$folder/config CADDY_ADMIN=off SNAKE_INSTALL_TRUST=off

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
kill -TERM "$server"
wait "$server"
echo "snake serves"
