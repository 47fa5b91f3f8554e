"""The edge follows what can be read of the nodes, and nothing else."""

from __future__ import annotations

import asyncio
import logging

import pytest
from support.edges import WrittenRegistry, view

from hubbub.server.edge.keeper import Keeper
from hubbub.server.edge.plan import Plan
from hubbub.server.edge.process import CannotRun


class Wall:
    """An edge that notes what is asked of it."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.broken = ""
        self._asked = asyncio.Event()

    async def apply(self, wanted: Plan) -> None:
        if self.broken:
            raise CannotRun(self.broken)
        self.plans.append(wanted)
        self._asked.set()

    async def asked(self) -> None:
        """Wait until it was asked for something since the last call."""
        await self._asked.wait()
        self._asked.clear()

    @property
    def web(self) -> list[str]:
        return [place.address for place in self.plans[-1].web]


WEB = view("web-1", ("web",), http="127.0.0.1:80")


class Names(dict[str, str]):
    """Hosts, and the address each leads to."""

    async def resolve(self, name: str) -> list[str]:
        if name not in self:
            raise OSError("no such name")
        return [self[name]]


async def test_nothing_is_changed_before_the_nodes_were_read_once() -> None:
    registry, wall = WrittenRegistry(WEB), Wall()
    keeper = Keeper(registry, wall)
    registry.away = "no database"
    await keeper.step()
    assert wall.plans == []
    registry.away = ""
    await keeper.step()
    assert wall.web == ["127.0.0.1:80"]


async def test_what_was_known_last_holds_while_the_registry_is_away() -> None:
    registry, wall = WrittenRegistry(WEB), Wall()
    keeper = Keeper(registry, wall)
    await keeper.step()
    registry.away = "no database"
    await keeper.step()
    assert wall.plans[0] == wall.plans[1]


async def test_trouble_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hubbub.edge")
    registry, wall = WrittenRegistry(WEB), Wall()
    keeper = Keeper(registry, wall)
    wall.broken = "not today"
    for _ in range(3):
        await keeper.step()
    wall.broken = ""
    for _ in range(3):
        await keeper.step()
    assert [record.message for record in caplog.records] == [
        "the edge does not follow: not today",
        "the edge follows again",
    ]


async def test_names_become_addresses() -> None:
    names = Names()
    registry, wall = WrittenRegistry(view("web-1", ("web",), http="web-1.chat:80")), Wall()
    keeper = Keeper(registry, wall, resolve=names.resolve)
    await keeper.step()
    assert wall.web == []
    names["web-1.chat"] = "10.0.0.1"
    await keeper.step()
    assert wall.web == ["10.0.0.1:80"]
    names["web-1.chat"] = "10.0.0.2"
    await keeper.step()
    assert wall.web == ["10.0.0.2:80"]


async def test_a_name_that_cannot_be_asked_for_keeps_its_address() -> None:
    names = Names({"web-1.chat": "10.0.0.1"})
    registry, wall = WrittenRegistry(view("web-1", ("web",), http="web-1.chat:80")), Wall()
    keeper = Keeper(registry, wall, resolve=names.resolve)
    await keeper.step()
    names.clear()
    await keeper.step()
    assert wall.web == ["10.0.0.1:80"]


async def test_a_change_is_followed_at_once() -> None:
    registry, wall = WrittenRegistry(WEB), Wall()
    keeper = Keeper(registry, wall, every_s=60.0)
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(5):
        await wall.asked()
        registry.write(view("web-2", ("web",), http="127.0.0.2:80"))
        await wall.asked()
    assert wall.web == ["127.0.0.1:80", "127.0.0.2:80"]
    running.cancel()


async def test_a_look_that_fails_is_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    registry, wall = WrittenRegistry(WEB), Wall()

    class Stumbling(Wall):
        async def apply(self, wanted: Plan) -> None:
            if not wall.plans:
                wall.plans.append(wanted)
                raise KeyError("a fault of our own")
            await wall.apply(wanted)

    running = asyncio.create_task(Keeper(registry, Stumbling(), every_s=0.01).run())
    async with asyncio.timeout(5):
        await wall.asked()
    assert "a look at the nodes failed" in caplog.text
    running.cancel()
