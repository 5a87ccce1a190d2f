"""In: which modules may stand in a field that is left undecoded.

A field of guests is `Annotated[msgspec.Raw, In(namespace, key)]`. The guest's own
class says what its JSON is; this says where to look that class up, so that a
whole document can be checked, and described, without running any of it.
"""

from __future__ import annotations

from snake.core.record import Record


class In(Record):
    """The namespace of the guests in a field, and the key that names each.

    Without a `key`, the guest's name is the key of the map that it stands in, as
    it is with matchers.
    """

    namespace: str
    key: str = ""


OF_PLUGINS = {"dns.providers": "; others are plugins, see docs/dns-providers.md"}
"""Namespaces of which most modules are not snake's, and what is said where one is not there."""
