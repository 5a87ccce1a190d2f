"""Caddy and snake write the same requests in each format, through each filter, to each log."""

from __future__ import annotations

import json
import re
import stat
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.differential.pair import pair

TIMES = (
    *("unix_seconds_float", "unix_milli_float", "unix_nano", "iso8601", "rfc3339"),
    *("rfc3339_nano", "wall", "wall_milli", "wall_nano", "common_log", "Mon Jan _2 15:04 2006"),
)
FORMATS = {
    **{f"time{n}": f'json {{\ntime_format "{name}"\n}}' for n, name in enumerate(TIMES)},
    **{
        f"duration-{name}": f"json {{\nduration_format {name}\nlevel_format upper\n}}"
        for name in ("ms", "ns", "string", "s")
    },
    "color": "json {\nlevel_format color\n}",
    "keys": "json {\ntime_key t\nlevel_key severity\nmessage_key m\nname_key n\n}",
    "no-keys": 'json {\ntime_key ""\nlevel_key ""\nmessage_key ""\nname_key ""\nline_ending ""\n}',
    "console": "console",
    "console-plain": 'console {\nlevel_format lower\ntime_format common_log\nname_key ""\n}',
    "journald": "journald",
    "journald-console": "journald {\nwrap console\n}",
    "append": "append {\nplace here\nnumber 5\ntruth true\nhome {env.NOT_THERE}\nwrap json\n}",
    "append-filter": "filter {\nplace delete\nwrap append {\nplace here\nother there\n}\n}",
    "delete": "filter {\nrequest>headers delete\nresp_headers>A delete\nts delete\n}",
    "rename": "filter {\nrequest>uri rename url\nstatus rename code\n}",
    "replace": "filter {\nrequest>uri replace X\nsize replace Y\nrequest>headers>X-A replace Z\n}",
    "hash": "filter {\nrequest>uri hash\nrequest>headers>X-A hash\nuser_id hash\n}",
    "ip": "filter {\nrequest>remote_ip ip_mask 8 32\nrequest>headers>X-Ip ip_mask {\nipv4 16\n"
    "ipv6 32\n}\n}",
    "query": "filter {\nrequest>uri query {\nreplace a R\ndelete b\nhash c\n}\n}",
    "cookie": "filter {\nrequest>headers>Cookie cookie {\nreplace s R\ndelete t\nhash u\n}\n}",
    "set-cookie": "filter {\nresp_headers>Set-Cookie set_cookie {\nreplace s R\nhash t\n}\n}",
    "regexp": 'filter {\nrequest>uri regexp "[0-9]+" N\nrequest>headers>X-A regexp "(.)b" "$1-"\n}',
    "regexps": 'filter {\nrequest>uri regexp "x" y\nrequest>uri regexp "y" z\n}',
}
HEADERS = {
    "Host": "one.test",
    "X-A": 'a"b\\',
    "X-Ip": "10.1.2.3, 2001:db8:1:2::3, odd, 10.9.8.7:80",
    "Cookie": 's=1; t=2; u="3"; v=4',
    "Authorization": "Basic c2VjcmV0",
}
TARGETS = ("/", "/x1y22?a=1&b=2&c=3&a=4", "/fails", "/e?x=%22%0a%c3%a9")


def site() -> str:
    """Return a site with a log in each format, whose server shows credentials."""
    logs = "".join(
        f"log {{\noutput file logs/{name}.log {{\nmode 0640\n}}\nformat {form}\n}}\n"
        for name, form in FORMATS.items()
    )
    return (
        f"http://one.test:PORT {{\n{logs}"
        "header A b\nheader +Set-Cookie s=1;Path=/\nheader +Set-Cookie t=2\n"
        'error /fails "it fails" 500\nrespond ok\n}\n'
    )


OPTIONS = """	servers {
		log_credentials
		trace
	}
	log inner {
		output file logs/inner.log
		level debug
		include http.log.error http.log.trace
	}
	log few {
		output file logs/few.log
		include http.log.access
		exclude http.log.access.log1
		level ERROR
	}
	log sampled {
		output file logs/sampled.log
		include http.log.access.log0
		sampling {
			interval 1h
			first 1
			thereafter 2
		}
	}"""

_NUMBERS = re.compile(r"\d+")
_MOMENT = re.compile(r"^(<\d>)?(\d{4}/\S+ \S+|\d+/\w+/\S+ \S+)")
_FLOAT = re.compile(r'("(?:duration|ts|t)": ?)[0-9.e+-]+')
_OWN = (
    (re.compile(r'"remote_port": ?"\d+"'), '"remote_port":"P"'),
    (re.compile(r'"err_id":"\w+"'), '"err_id":"I"'),
    (re.compile(r'"err_trace":"[^"]+"'), '"err_trace":"T"'),
    (re.compile(r'"snake"'), '"Caddy"'),
    (_FLOAT, r"\1F"),
)


def _record(text: str) -> Any:
    """Return a line without what differs every time: moments keep their form."""
    for form, instead in _OWN[:-1]:
        text = form.sub(instead, text)
    if text.startswith(("<6>{", "<3>{")):
        return text[:3], _record(text[3:])
    if not text.startswith("{"):
        return _sorted(_MOMENT.sub(lambda found: _NUMBERS.sub("0", found[0]), text))
    record = json.loads(text)
    for name in ("ts", "t", "duration"):
        value = record.get(name)
        shape = re.sub(r"[A-Z][a-z]{2}\b|[+-]0+\b|[µm]?s$", "", _NUMBERS.sub("0", str(value)))
        record[name] = shape if isinstance(value, str) else type(value).__name__
    return _without_order(record)


def _sorted(text: str) -> Any:
    """Return a console's line: what is before the fields, and the fields."""
    before, tab, fields = _FLOAT.sub(r"\g<1>0", text).rpartition("\t")
    return before, tab, _without_order(json.loads(fields))


def _without_order(record: dict[str, Any]) -> dict[str, Any]:
    for name in ("resp_headers",):
        headers = record.get(name)
        if isinstance(headers, dict) and not headers.get("Content-Type"):
            headers.pop("Content-Type", None)
    return record


def _logs(folder: Path, port: int, count: int) -> dict[str, list[Any]]:
    """Return the records of every log, once the one that is written last is complete."""
    found: dict[str, list[Any]] = {}
    for _ in range(200):
        files = {path.stem: path.read_text() for path in (folder / "logs").iterdir()}
        if all(files[name].count("\n") >= count for name in FORMATS):
            break
        time.sleep(0.05)
    for name, text in files.items():
        lines = text.replace(str(port), "PORT").splitlines()
        found[name] = [_record(line) for line in lines]
    return found


def test_formats_filters_and_rules(tmp_path: Path) -> None:
    """Every log has the same records, in the same form."""
    with pair(site(), tmp_path, OPTIONS, workers=1) as both:
        for target in TARGETS:
            caddy, snake = both.ask(target, headers=HEADERS)
            assert snake == caddy
        theirs = _logs(tmp_path / "caddy", both.caddy, len(TARGETS))
        ours = _logs(tmp_path / "snake", both.snake, len(TARGETS))

    assert sorted(ours) == sorted(theirs)
    assert [name for name in FORMATS if ours[name] != theirs[name]] == []
    for name in FORMATS:
        assert len(ours[name]) == len(TARGETS), name
    for name in ("few", "sampled"):
        assert ours[name] == theirs[name], name
        assert ours[name]
    assert _traced(ours["inner"]) == _traced(theirs["inner"])
    assert _errors(ours["inner"]) == _errors(theirs["inner"])
    for who in ("caddy", "snake"):
        made = (tmp_path / who / "logs").stat(), (tmp_path / who / "logs/hash.log").stat()
        assert [stat.S_IMODE(each.st_mode) for each in made] == [0o700, 0o640]


def _traced(records: list[Any]) -> Counter[str]:
    return Counter(each["msg"] for each in records if each["logger"] == "http.log.trace")


def _errors(records: list[Any]) -> list[Any]:
    return [each for each in records if each["logger"].startswith("http.log.error")]
