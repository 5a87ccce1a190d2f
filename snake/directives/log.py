"""log: write an access log for the site.

Syntax::

    log [<name>] {
        hostnames <names...>
        no_hostname
        output stdout | stderr | discard
        output file <path> {
            mode               <octal>
            dir_mode           <octal> | inherit | from_file
            roll_disabled
            roll_size          <size>
            roll_interval      <duration>
            roll_minutes       <minutes...>
            roll_at            <times...>
            roll_uncompressed
            roll_compression   none | gzip | zstd
            roll_local_time
            roll_keep          <number>
            roll_keep_for      <duration>
            backup_time_format <layout>
        }
        output net <address> {
            dial_timeout <duration>
            soft_start
        }
        format json | console {
            message_key | level_key | time_key | name_key | caller_key | stacktrace_key <name>
            line_ending     <text>
            time_format     <format>
            time_local
            duration_format <format>
            level_format    lower | upper | color
        }
        format filter {
            wrap    <encoder> ...
            <field> <filter> ...
        }
        format append {
            wrap    <encoder> ...
            <field> <value>
        }
        format journald {
            wrap <encoder> ...
        }
        level <level>
        sampling {
            interval   <duration>
            first      <number>
            thereafter <number>
        }
        core <core> ...
    }

Without settings, requests go to the default log, as `http.log.access` and a name
if one is given. With settings the log is one of its own, for this site alone.
`hostnames` says for which hosts instead of the site's, `no_hostname` for none of
them by itself.

A file is rolled at `roll_size` (100MiB), `roll_interval` after the last time, at the minutes
`roll_minutes` of each hour and at `roll_at`, times like `03:30` in UTC unless `roll_local_time`
is there. It is renamed, as to `access-2006-01-02T15-04-05.000-size.log`, and compressed; the
last `roll_keep` (10) are kept for `roll_keep_for` (90d). An empty file is not rolled.

`filter` changes fields; the path of one inside of another is written with `>`, as in
`request>headers>Cookie`. Filters are `delete`, `rename <name>`, `replace <text>`, `hash`,
`regexp <expression> <replacement>` (more than one may be given),
`multi_regexp { regexp <expression> <replacement> }`,
`ip_mask [<ipv4> [<ipv6>]] { ipv4 <bits>; ipv6 <bits> }`, and `query`, `cookie`, `set_cookie` with
lines of `replace <name> <text>`, `hash <name>`, `delete <name>`. `append` adds fields: constants,
or a placeholder like `{env.HOST}`. `journald` writes the priority that systemd reads before each
line.

Of records with the same level and message, `sampling` keeps the first ones of each interval,
and of the others every so-many-th.
"""

from __future__ import annotations

from snake.logs.settings import read_settings
from snake.plugin import Directive, LogValue, MatcherArg, Scope, Segment


def parse(line: Segment, scope: Scope) -> LogValue:
    """Read a `log` line or block."""
    settings = read_settings(line, scope.guests, is_option=False)
    return LogValue(settings.name, settings.log, settings.hostnames, settings.no_hostname)


directive = Directive("log", parse, matcher=MatcherArg.NONE)
