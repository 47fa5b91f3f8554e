"""Values that change while everything runs: checked, the same everywhere, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from support.air import Air, Wire
from unit.cluster.town import Breaking

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.cluster.live_config import LiveConfig
from hubbub.cluster.live_settings import KEYS, LiveSettings, describe
from hubbub.cluster.model import ConfigVersion
from hubbub.cluster.settings import ClusterSettings
from hubbub.storage.memory.cluster import MemoryConfig

POLICY, RATE = "gateway.login_policy", "chat.submits_per_s"


class Process:
    """One process with a live configuration."""

    def __init__(self, store: Breaking, wire: Wire, defaults: LiveSettings) -> None:
        self.store = store
        self.config = LiveConfig(store, wire, defaults)
        self.wire = wire
        self.told: list[LiveSettings] = []
        self.changed = asyncio.Event()
        self.config.on_change(self._hear)

    def _hear(self, settings: LiveSettings) -> None:
        self.told.append(settings)
        self.changed.set()


class Place:
    def __init__(self) -> None:
        self.rows = MemoryConfig(ManualClock())
        self.air = Air()
        self.processes: list[Process] = []

    async def starts(self, defaults: LiveSettings | None = None) -> Process:
        process = Process(Breaking(self.rows), self.air.wire(), defaults or LiveSettings())
        self.processes.append(process)
        await process.config.start()
        return process


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    yield made
    for process in made.processes:
        await process.config.stop()


async def refused(waiting: object) -> ChatError:
    with pytest.raises(ChatError) as error:
        await waiting  # type: ignore[misc]
    return error.value


async def test_without_live_values_everything_is_as_the_process_was_started(place: Place) -> None:
    one = await place.starts(LiveSettings(login_policy="replace"))
    assert one.config.current.login_policy == "replace"
    assert one.config.version == 0
    setting = one.config.get(POLICY)
    assert (setting.value, setting.default, setting.is_set) == ("replace", "replace", False)


async def test_a_change_is_in_force_at_once_here_and_soon_everywhere(place: Place) -> None:
    one, two = await place.starts(), await place.starts()
    made = await one.config.set(POLICY, "reject", author="prince", note="for the feast")
    assert (made.version, made.author, made.note) == (1, "prince", "for the feast")
    assert one.config.current.login_policy == "reject"
    assert one.config.get(POLICY).is_set
    await asyncio.wait_for(two.changed.wait(), 2)
    assert two.config.current.login_policy == "reject"
    assert [len(process.told) for process in (one, two)] == [1, 1]


async def test_who_missed_the_signal_reads_it_later(place: Place) -> None:
    one, two = await place.starts(), await place.starts()
    two.wire.deaf = True
    await one.config.set(POLICY, "reject", author="prince")
    assert two.config.version == 0
    await two.config.refresh()
    assert two.config.current.login_policy == "reject"


async def test_a_newcomer_starts_with_what_is_in_force(place: Place) -> None:
    await (await place.starts()).config.set(RATE, 5, author="prince")
    assert (await place.starts()).config.current.submits_per_s == 5.0


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("gateway.policy", "reject", "There is no live setting 'gateway.policy'; there are auth."),
        (POLICY, "everybody", "gateway.login_policy is one of many, reject, replace."),
        (POLICY, 1, "gateway.login_policy is one of many"),
        (RATE, -1, "chat.submits_per_s is a number from 0 to 1,000,000."),
        (RATE, "5", "chat.submits_per_s is a number"),
        (RATE, None, "chat.submits_per_s is a number"),
        (RATE, True, "chat.submits_per_s is a number"),
        ("gateway.heartbeat_ms", 1, "gateway.heartbeat_ms is a whole number from 1,000 to 120,000."),
        ("gateway.heartbeat_ms", 2000.5, "gateway.heartbeat_ms is a whole number"),
        ("auth.registration_open", "yes", "auth.registration_open is true or false."),
        ("flags.polls", "on", "flags.polls is true or false."),
        ("flags.", True, "There is no live setting"),
        ("flags.Polls", True, "There is no live setting"),
        ("flags", {"polls": True}, "There is no live setting"),
    ],
)
async def test_what_a_key_does_not_take_is_refused_with_what_it_takes(
    place: Place, key: str, value: object, sentence: str
) -> None:
    one = await place.starts()
    error = await refused(one.config.set(key, value, author="prince"))
    assert error.code is Code.BAD_REQUEST
    assert str(error).startswith(sentence)
    assert (one.config.version, one.told) == (0, [])


async def test_every_key_says_what_it_means_and_its_default_is_good(place: Place) -> None:
    one = await place.starts()
    for key in KEYS:
        described = describe(key)
        assert described.description.endswith(".")
        assert described.allowed
        await one.config.set(key, one.config.get(key).default, author="prince")
    assert one.config.current == LiveSettings()
    assert one.told == []
    assert len(one.config.settings()) == len(KEYS) > 10


def test_defaults_are_those_of_the_cluster() -> None:
    live, static = LiveSettings(), ClusterSettings()
    assert (live.strategy, live.connects_per_s) == (static.strategy, static.connects_per_s)


async def test_a_flag_is_off_until_it_is_set(place: Place) -> None:
    one = await place.starts()
    assert not one.config.current.flag("polls")
    await one.config.set("flags.polls", True, author="prince")
    assert one.config.current.flag("polls")
    assert one.config.settings()[-1].key == "flags.polls"
    await one.config.unset("flags.polls", author="prince")
    assert not one.config.current.flag("polls")


async def test_an_unset_key_has_its_default_again(place: Place) -> None:
    one = await place.starts()
    await one.config.set(RATE, 5, author="prince")
    made = await one.config.unset(RATE, author="prince")
    assert (made.version, one.config.current.submits_per_s) == (2, 500.0)
    error = await refused(one.config.unset("nonsense", author="prince"))
    assert error.code is Code.BAD_REQUEST


async def test_setting_what_is_set_makes_no_version(place: Place) -> None:
    one = await place.starts()
    await one.config.set(RATE, 5, author="prince")
    assert (await one.config.set(RATE, 5, author="paris")).version == 1
    assert (await one.config.unset(POLICY, author="paris")).version == 1


async def test_an_expected_version_must_be_the_newest(place: Place) -> None:
    one, two = await place.starts(), await place.starts()
    await one.config.set(RATE, 5, author="prince", expect=0)
    error = await refused(two.config.set(POLICY, "reject", author="paris", expect=0))
    assert error.code is Code.CONFLICT
    assert "at version 1, not 0" in str(error)
    assert (await two.config.set(POLICY, "reject", author="paris", expect=1)).version == 2


async def test_changes_of_different_keys_at_once_are_all_made(place: Place) -> None:
    processes = [await place.starts() for _ in range(3)]
    keys = ("flags.a", "flags.b", "flags.c")
    await asyncio.gather(
        *(process.config.set(key, True, author="prince") for process, key in zip(processes, keys, strict=True))
    )
    newest = await place.rows.current()
    assert (newest.version, sorted(newest.values)) == (3, list(keys))


async def test_rolling_back_is_a_new_version_with_old_values(place: Place) -> None:
    one = await place.starts()
    await one.config.set(RATE, 5, author="prince")
    await one.config.set(POLICY, "reject", author="prince")
    made = await one.config.rollback(1, author="paris")
    assert (made.version, made.values, made.note) == (3, {RATE: 5.0}, "back to version 1")
    assert one.config.current.login_policy == "many"
    assert (await one.config.rollback(0, author="paris")).values == {}
    assert one.config.current == LiveSettings()
    assert [version.version for version in await one.config.history()] == [4, 3, 2, 1]
    assert [version.version for version in await one.config.history(3, 1)] == [2]
    assert (await refused(one.config.rollback(9, author="paris"))).code is Code.NOT_FOUND


async def test_what_a_newer_program_stored_is_ignored_and_kept(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    await place.rows.change(0, {"gateway.teleport": 7, POLICY: "merge", RATE: 5, "flags.x": "half"}, "future")
    one = await place.starts()
    assert one.config.current == msgspec.structs.replace(LiveSettings(), submits_per_s=5.0)
    assert "which are ignored: gateway.teleport, gateway.login_policy, flags.x" in caplog.text
    made = await one.config.set("flags.polls", True, author="prince")
    assert made.values["gateway.teleport"] == 7
    made = await one.config.unset("gateway.teleport", author="prince")
    assert "gateway.teleport" not in made.values


async def test_while_the_database_is_away_what_is_in_force_stays(place: Place) -> None:
    one = await place.starts()
    await one.config.set(RATE, 5, author="prince")
    one.store.away = True
    await one.config.refresh()
    assert one.config.current.submits_per_s == 5.0
    assert (await refused(one.config.set(RATE, 6, author="prince"))).code is Code.UNAVAILABLE


async def test_a_reading_that_was_overtaken_by_a_change_takes_nothing_back(place: Place) -> None:
    one = await place.starts()
    await one.config.set(RATE, 5, author="prince")
    read, has_read, go_on = place.rows.current, asyncio.Event(), asyncio.Event()

    async def slow() -> ConfigVersion:
        found = await read()
        has_read.set()
        await go_on.wait()
        return found

    place.rows.current = slow  # type: ignore[method-assign]
    reading = asyncio.create_task(one.config.refresh())
    await asyncio.wait_for(has_read.wait(), 2)
    place.rows.current = read  # type: ignore[method-assign]
    await one.config.set(RATE, 6, author="prince")
    go_on.set()
    await reading
    assert (one.config.version, one.config.current.submits_per_s) == (2, 6.0)
    assert [settings.submits_per_s for settings in one.told] == [5.0, 6.0]


async def test_one_failing_listener_leaves_the_others_told(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    one = await place.starts()

    def fails(settings: LiveSettings) -> None:
        raise ZeroDivisionError

    told: list[LiveSettings] = []
    one.config.on_change(fails)
    one.config.on_change(told.append)
    await one.config.set(RATE, 5, author="prince")
    assert [settings.submits_per_s for settings in told] == [5.0]
    assert "a listener failed" in caplog.text
