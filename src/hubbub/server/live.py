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
    found: dict[str, object] = {}
    for key in KEYS:
        room, _, name = key.partition(".")
        found[names[key]] = getattr(getattr(settings, room), name)
    return msgspec.structs.replace(LiveSettings(), **found)


def live_settings(settings: ServerSettings, live: LiveSettings) -> ServerSettings:
    """Return the settings with the live values in their places."""
    rooms: dict[str, dict[str, object]] = {}
    for key in KEYS:
        room, _, name = key.partition(".")
        rooms.setdefault(room, {})[name] = value_of(live, key)
    changed = {room: msgspec.structs.replace(getattr(settings, room), **values) for room, values in rooms.items()}
    return msgspec.structs.replace(settings, **changed)
