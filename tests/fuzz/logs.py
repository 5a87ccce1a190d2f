"""The ways to write a log: in a site, and among the global options."""

from __future__ import annotations

from tests.fuzz.forms import ALWAYS, Form, OneOf

_ACTIONS: tuple[Form, ...] = ("replace <word> <text>", "hash <word>", "delete <word>")
_KEYS: tuple[Form, ...] = (
    "(message_key|level_key|time_key|name_key|caller_key|stacktrace_key) <text>",
    "line_ending <text>",
    "time_format (rfc3339|wall|2006-01-02)",
    "time_local",
    "duration_format (ms|string)",
    "level_format (upper|color)",
)
_FILTERS: tuple[Form, ...] = (
    "request>uri delete",
    "a rename <word>",
    "b replace <text>",
    "c hash",
    ("d ip_mask [16 [32]]", ("ipv4 24", "ipv6 64")),
    ("e query", _ACTIONS),
    ("f cookie", _ACTIONS),
    ("g set_cookie", _ACTIONS),
    "h regexp <re> <text>",
    "h regexp b",
    ("i multi_regexp", (ALWAYS + "regexp <re> <text>", "regexp a b")),
)
_WRITERS = OneOf(
    "output (stdout|stderr|discard)",
    ("output net tcp/a.com:90", ("dial_timeout <dur>", "soft_start")),
    (
        "output file <logpath>",
        (
            "mode (640|0600)",
            "dir_mode (0750|inherit|from_file)",
            "roll_disabled",
            "roll_size <size>",
            "roll_interval <dur>",
            "roll_minutes (0,30|5 10)",
            "roll_at (00:00|1:00,2:00)",
            "roll_uncompressed",
            "roll_compression (gzip|zstd|none)",
            "roll_local_time",
            "roll_keep <n>",
            "roll_keep_for <dur>",
            "backup_time_format 2006-01-02",
        ),
    ),
)
_ENCODERS = OneOf(
    ("format (json|console)", _KEYS),
    ("format journald", ("wrap (json|console)",)),
    ("format append", (("wrap json", _KEYS), "a <text>", "b <n>", ("fields", ("c 2.50", "d t")))),
    ("format filter", ("wrap console", *_FILTERS)),
    ("format filter", (("fields", _FILTERS),)),
)
_SETTINGS: tuple[Form, ...] = (
    _WRITERS,
    _ENCODERS,
    "level <level>",
    ("sampling", ("interval <dur>", "first <n>", "thereafter <n>")),
    "core mock",
)
SITE_LOG: tuple[Form, ...] = (
    "log [<name>]",
    ("log [<name>]", (*_SETTINGS, "hostnames <host>...", "no_hostname")),
)
OPTION_LOG: tuple[Form, ...] = (
    ("log [<name>]", (*_SETTINGS, "include a.b http.log", "include c", "exclude z a")),
)
