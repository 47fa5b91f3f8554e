"""The server goes; what it acknowledged does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.house import House
from support.stage import Stage

from hubbub.base.ids import direct_id
from hubbub.client import Transport


@pytest.fixture(params=list(Transport))
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A stage in a house of its own, which may burn down."""
    house = House(tmp_path)
    await house.opens()
    stage = Stage(house, request.param, tmp_path)
    yield stage
    await stage.close()
    await house.closes()


async def test_a_restart_loses_nothing_and_everybody_comes_back(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    await romeo.says(juliet, "before")
    assert await stage.house.closes() == 0
    sending = romeo.client.send(direct_id(romeo.user_id, juliet.user_id), "meanwhile")
    await stage.house.opens()
    assert (await sending).seq == 3
    await romeo.says(juliet, "after")
    assert await juliet.hears(3) == ["before", "meanwhile", "after"]
    await juliet.hears_nothing()


async def test_a_killed_server_has_every_acknowledged_message_once_and_in_order(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    sending = []
    for fire in range(3):
        sending += [romeo.client.send(chat, f"{fire} {n}") for n in range(100)]
        acknowledged = [await one for one in sending[-100:-60]]
        assert acknowledged[-1].seq > 0
        await stage.house.burns_down()
        await stage.house.opens()
    seqs = [(await one).seq for one in sending]
    assert seqs == list(range(2, 302))
    assert await juliet.hears(300) == [f"{fire} {n}" for fire in range(3) for n in range(100)]
    await juliet.hears_nothing()
    assert (await juliet.client.conversation(chat)).unread == 100
