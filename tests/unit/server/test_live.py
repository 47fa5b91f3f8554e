"""A live value stands in for the setting of the same name, in the room that uses it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.settings import describe
from hubbub.cluster.live_settings import KEYS, LiveSettings, overlay, value_of
from hubbub.server.live import live_defaults, live_settings, setting
from hubbub.server.settings import ServerSettings
from hubbub.server.wiring import Reachable, build


def test_every_live_key_is_a_setting_and_begins_as_the_process_was_started() -> None:
    settings = ServerSettings()
    started = live_defaults(msgspec.structs.replace(settings, auth=AuthSettings(logins_per_minute=7.0)))
    assert started.logins_per_minute == 7.0
    for key in KEYS:
        if key != "auth.logins_per_minute":
            assert value_of(started, key) == setting(settings, key), key


def test_live_values_take_the_places_of_settings() -> None:
    given = {"auth.registration_open": False, "gateway.heartbeat_ms": 5_000, "drain_s": 60}
    values, ignored = overlay(LiveSettings(), given)
    assert ignored == []
    settings = live_settings(ServerSettings(), values)
    assert settings.drain_s == 60.0
    assert (settings.auth.registration_open, settings.gateway.heartbeat_ms) == (False, 5_000)
    assert settings.chat == ServerSettings().chat


def test_no_two_settings_say_how_long_a_node_drains() -> None:
    assert [name for name, _, _ in describe(ServerSettings) if name.endswith("drain_s")] == ["drain_s"]


async def test_closing_registration_closes_it_without_a_restart(tmp_path: Path) -> None:
    settings = ServerSettings(data=str(tmp_path), node="alone")
    async with AsyncExitStack() as stack:
        server = await build(settings, ManualClock(), Reachable(http="127.0.0.1:1"), stack, lambda _: None)
        assert server.gateway is not None
        stack.push_async_callback(server.gateway.stop)
        await server.accounts.register("romeo", "wherefore art thou")
        await server.live.set("auth.registration_open", False, author="prince")
        with pytest.raises(ChatError) as refused:
            await server.accounts.register("juliet", "wherefore art thou")
        assert refused.value.code is Code.REGISTRATION_CLOSED
        await server.live.set("gateway.connections", 7, author="prince")
        assert server.gateway.settings.connections == 7
