"""One person on several devices, under every login policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.house import PASSWORD, House
from support.stage import Stage

from hubbub.client import Client, HttpApi, HubbubError, State, StateEvent, Transport


@asynccontextmanager
async def house_rules(folder: Path, policy: str, transport: Transport) -> AsyncIterator[Stage]:
    """A stage in a house with this login policy."""
    house = House(folder, gateway_login_policy=policy)
    await house.opens()
    stage = Stage(house, transport, folder)
    yield stage
    await stage.close()
    assert await house.closes() == 0


async def test_every_device_hears_everything_also_what_was_said_on_the_other(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    phone = await stage.another_device(juliet)
    await romeo.says(juliet, "Soft!")
    for device in (juliet, phone):
        assert await device.hears() == ["Soft!"]
    stored = await phone.says(romeo, "from the phone")
    own = await juliet.awaits_entry(lambda entry: entry if entry.sender_id == juliet.user_id else None)
    assert (own.seq, own.text) == (stored.seq, "from the phone")


async def test_a_device_that_connects_twice_replaces_itself(stage: Stage) -> None:
    romeo = await stage.registered("romeo")
    async with HttpApi(stage.house.http) as http:
        token = (await http.log_in(romeo.username, PASSWORD)).access_token
    first, second = (Client(stage.house.http, token=token, transport=stage.transport) for _ in range(2))
    async with first:
        await first.ready(15)
        async with second:
            await second.ready(15)
            async with asyncio.timeout(10):
                async for state in first.states():
                    assert state in (State.ONLINE, State.CLOSED)
            assert first.error is not None
            assert first.error.code == "session_replaced"
            assert second.state is State.ONLINE


async def test_logging_in_again_on_a_device_ends_its_earlier_login(stage: Stage) -> None:
    (romeo,) = await stage.enter("romeo")
    twin = stage.twin(romeo)
    await twin.returns()
    await romeo.awaits(lambda event: True if isinstance(event, StateEvent) and event.state is State.CLOSED else None)
    assert romeo.client.error is not None
    assert romeo.client.error.code == "session_ended"
    assert twin.client.state is State.ONLINE


async def test_logging_out_ends_only_that_device(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    phone = await stage.another_device(juliet)
    await juliet.logs_out()
    await romeo.says(juliet, "still there?")
    assert await phone.hears() == ["still there?"]


@pytest.mark.parametrize("transport", list(Transport))
async def test_where_one_device_is_allowed_the_new_one_takes_the_place(tmp_path: Path, transport: Transport) -> None:
    async with house_rules(tmp_path, "replace", transport) as stage:
        romeo, juliet = await stage.enter("romeo", "juliet")
        phone = await stage.another_device(juliet)
        await juliet.awaits(
            lambda event: True if isinstance(event, StateEvent) and event.state is State.CLOSED else None
        )
        assert juliet.client.error is not None
        assert juliet.client.error.code == "session_replaced"
        await romeo.says(juliet, "Soft!")
        assert await phone.hears() == ["Soft!"]


async def test_where_the_first_device_stays_another_waits_until_it_left(tmp_path: Path) -> None:
    async with house_rules(tmp_path, "reject", Transport.WEBSOCKET) as stage:
        romeo, juliet = await stage.enter("romeo", "juliet")
        phone = stage.twin(juliet, same_device=False)
        with pytest.raises(HubbubError):
            await phone.returns(timeout=1.0)
        await juliet.goes_offline()
        await phone.returns()
        await romeo.says(juliet, "Soft!")
        assert await phone.hears() == ["Soft!"]
