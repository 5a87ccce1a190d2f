"""Terms: how one authority is to be, with what its configuration leaves out filled in."""

from __future__ import annotations

import re

from snake.config.pki import CA, KeyPair
from snake.config.struct import Duration, seconds
from snake.core.modules import Context
from snake.core.record import Record
from snake.core.surroundings import surrounding

DEFAULT_ID = "local"
"""The authority that is meant where none is named."""

_NAME = "Caddy Local Authority"
_ROOT_NAME = "{pki.ca.name} - {time.now.year} ECC Root"
_INTERMEDIATE_NAME = "{pki.ca.name} - ECC Intermediate"
_INTERMEDIATE_LIFETIME = 7 * 24 * 3600.0
_INTERVAL = 600.0
_RATIO = 0.2
_FORMATS = ("", "pem_file")
_LONGEST_NAME = 64
"""Characters of a common name (RFC 5280, appendix A)."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Terms(Record):
    """What an authority is made by."""

    id: str
    name: str = _NAME
    root_name: str = _ROOT_NAME
    """The common name of its root, with placeholders; so is the next."""
    intermediate_name: str = _INTERMEDIATE_NAME
    intermediate_lifetime: float = _INTERMEDIATE_LIFETIME
    """Seconds."""
    interval: float = _INTERVAL
    """Seconds between two looks at what is to be renewed."""
    ratio: float = _RATIO
    """What part of its lifetime is left of a certificate that is to be renewed."""
    root: KeyPair | None = None
    intermediate: KeyPair | None = None
    install_trust: bool = True

    @classmethod
    def read(cls, ctx: Context, id: str, config: CA) -> Terms:
        """Return the terms that a configuration has. Raises `ConfigError`."""
        if not id:
            raise ctx.fail(f"an authority needs an ID; the default one is {DEFAULT_ID!r}")
        for field in ("root", "intermediate"):
            _check_pair(ctx.at(field), getattr(config, field))
        terms = cls(
            id=id,
            name=config.name or _NAME,
            root_name=config.root_common_name or _ROOT_NAME,
            intermediate_name=config.intermediate_common_name or _INTERMEDIATE_NAME,
            intermediate_lifetime=_seconds(
                ctx, "intermediate_lifetime", config.intermediate_lifetime, _INTERMEDIATE_LIFETIME
            ),
            interval=_seconds(ctx, "maintenance_interval", config.maintenance_interval, _INTERVAL),
            ratio=(config.renewal_window_ratio if 0 < config.renewal_window_ratio <= 1 else _RATIO),
            root=config.root,
            intermediate=config.intermediate,
            install_trust=config.install_trust is not False,
        )
        if config.root is None:
            terms.common_name(ctx.at("root_common_name"), terms.root_name)
        if config.intermediate is None:
            terms.common_name(ctx.at("intermediate_common_name"), terms.intermediate_name)
        return terms

    def common_name(self, ctx: Context, text: str) -> str:
        """Return a name with its placeholders filled in. Raises `ConfigError`."""
        found = self.filled(text)
        if not 0 < len(found) <= _LONGEST_NAME:
            raise ctx.fail(
                f"a common name has 1 to {_LONGEST_NAME} characters, not {len(found)}: {found!r}"
            )
        return found

    def filled(self, text: str) -> str:
        """Return a text with its placeholders filled in."""
        return _PLACEHOLDER.sub(self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        if found[1] == "pki.ca.name":
            return self.name
        get = surrounding(found[1])
        return "" if get is None else str(get())


def _check_pair(ctx: Context, pair: KeyPair | None) -> None:
    if pair is None:
        return
    if pair.format not in _FORMATS:
        raise ctx.at("format").fail(f"unsupported format: {pair.format}; there is: pem_file")
    if not pair.certificate:
        raise ctx.fail("a pair needs the file of its certificate")


def _seconds(ctx: Context, field: str, value: Duration, default: float) -> float:
    found = seconds(value, ctx.at(field).path)
    return default if found is None else found
