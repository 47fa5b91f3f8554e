"""An operator changes a running server, and ends it, from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.house import PASSWORD, House
from support.terminal import Terminal


class Office:
    """A server of one's own and its admin's terminal."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.home = folder / "home"

    async def opens(self) -> None:
        await self.house.opens()
        self.prince = Terminal(self.house, self.home, "prince")
        flags = ("--server", self.house.http, "--username", "prince", "--name", "Verona", "--password-stdin")
        ran = await self.prince.runs("setup", "--data", str(self.house.data), *flags, typed=f"{PASSWORD}\n")
        assert ran.status == 0, ran.err
        assert (await self.prince.runs("login", "prince")).status == 0


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(tmp_path)
    try:
        await office.opens()
        yield office
    finally:
        await office.house.closes()


async def test_registration_is_closed_and_opened_while_the_server_runs(office: Office) -> None:
    romeo = Terminal(office.house, office.home, "romeo")
    closed = await office.prince.runs(
        "config", "set", "auth.registration_open", "false", "--note", "The feast is full."
    )
    assert (closed.status, closed.out) == (0, "version 1\n")
    refused = await romeo.runs("register", "romeo", "--json")
    assert refused.objects()[0]["error"] == "registration_closed"
    assert (await office.prince.runs("config", "rollback", "0")).status == 0
    assert (await romeo.runs("register", "romeo")).status == 0
    assert (await office.house.closes()) == 0
    await office.house.opens()
    history = await office.prince.runs("config", "history", "--json")
    assert [(one["version"], one["author"]) for one in history.objects()] == [(2, "prince"), (1, "prince")]


async def test_what_a_person_may_do_is_limited_while_they_do_it(office: Office) -> None:
    romeo = Terminal(office.house, office.home, "romeo")
    for args in (("register", "romeo"), ("login", "romeo"), ("send", "@prince", "one")):
        assert (await romeo.runs(*args)).status == 0
    for key, value in (("chat.limits_on", "true"), ("chat.submits_burst", "1"), ("chat.submits_per_s", "0.001")):
        assert (await office.prince.runs("config", "set", key, value)).status == 0
    assert (await romeo.runs("send", "@prince", "two")).status == 0
    limited = await romeo.runs("send", "@prince", "three", "--timeout", "1", "--json")
    assert limited.status != 0


async def test_the_one_node_is_listed_and_ends_when_it_is_drained(office: Office) -> None:
    listed = await office.prince.runs("nodes", "--json")
    (node,) = listed.objects()
    assert (node["state"], node["roles"]) == ("up", ["web", "gateway", "chat", "worker"])
    watching = await office.prince.starts("nodes", "--watch", "--every", "0.1", "--json")
    for _ in range(2):
        assert '"state": "up"' in await watching.line()
    assert await watching.interrupt() == 130
    drained = await office.prince.runs("drain", node["node_id"], "--wait", "--timeout", "30")
    assert (drained.status, drained.out) == (0, f"{node['node_id']} has ended.\n")
    async with asyncio.timeout(20):
        assert await office.house.closes() == 0
