"""What may change while the server runs, between the settings it was started with and the rooms that use them.

A live value stands in for the setting of the same name.  Rooms hold their settings as they always did, and are given
them anew after a change.
"""

from __future__ import annotations

import msgspec

from hubbub.cluster.live_settings import KEYS, LiveSettings, value_of
from hubbub.server.settings import ServerSettings


def live_defaults(settings: ServerSettings) -> LiveSettings:
    """Return the live settings as this process was started with them."""
    names = {info.encode_name: info.name for info in msgspec.structs.fields(LiveSettings)}
    return msgspec.structs.replace(LiveSettings(), **{names[key]: setting(settings, key) for key in KEYS})


def live_settings(settings: ServerSettings, live: LiveSettings) -> ServerSettings:
    """Return the settings with the live values in their places."""
    rooms: dict[str, dict[str, object]] = {}
    for key in KEYS:
        room, _, name = key.rpartition(".")
        rooms.setdefault(room, {})[name] = value_of(live, key)
    own = rooms.pop("", {})
    changed = {room: msgspec.structs.replace(getattr(settings, room), **values) for room, values in rooms.items()}
    return msgspec.structs.replace(settings, **own, **changed)


def setting(settings: ServerSettings, key: str) -> object:
    """Return the setting with this dotted name."""
    found: object = settings
    for name in key.split("."):
        found = getattr(found, name)
    return found
