"""Plays on a whole cluster: whichever of its processes dies, the talk goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.clusters import ManyHouses, a_cluster, node_of
from support.house import PASSWORD
from support.stage import Stage

from hubbub.client import HttpApi, MemberAction, State, Transport
from hubbub.client.models import StateEvent


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["postgres", "mysql"])
async def test_two_people_on_two_gateways_talk_on_while_processes_die(tmp_path: Path, database: str) -> None:
    cluster = a_cluster(tmp_path, database=database)
    async with cluster:
        stage = Stage(ManyHouses(cluster), Transport.WEBSOCKET, tmp_path)
        try:
            romeo, juliet = await stage.enter("romeo", "juliet")
            places = {await node_of(romeo), await node_of(juliet)}
            assert places == set(cluster.names("gateway"))
            balcony = await romeo.place(juliet)
            await romeo.says(balcony, "Soft!")
            assert await juliet.hears() == ["Soft!"]

            await cluster.kill(await node_of(juliet))
            await romeo.says(balcony, "What light?")
            assert await juliet.hears() == ["What light?"]
            assert await node_of(juliet) == await node_of(romeo)

            for name in ("chat-1", "bus", "edge", "web-1"):
                await cluster.kill(name)
                saying = romeo.client.send(balcony, f"without {name}")
                if name in ("bus", "edge"):
                    await cluster.start(name)
                await saying
                assert await juliet.hears() == [f"without {name}"]
            await cluster.kill("database")
            saying = romeo.client.send(balcony, "without database")
            await cluster.start("database")
            await saying
            assert await juliet.hears() == ["without database"]
            await juliet.hears_nothing()
        finally:
            await stage.close()
    assert cluster.exits == dict.fromkeys(cluster.exits, 0)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_raw_tcp_goes_through_the_one_address_and_follows_the_death_of_a_node(tmp_path: Path) -> None:
    cluster = a_cluster(tmp_path)
    async with cluster:
        stage = Stage(ManyHouses(cluster), Transport.TCP, tmp_path)
        try:
            romeo, juliet = await stage.enter("romeo", "juliet")
            async with HttpApi(cluster.url) as http:
                tokens = await http.log_in(romeo.username, PASSWORD)
                assert (await http.connect(tokens.access_token)).tcp == cluster.tcp
            # The edge sends each to whoever has the fewest.
            assert {await node_of(romeo), await node_of(juliet)} == set(cluster.names("gateway"))
            balcony = await romeo.place(juliet)
            await romeo.says(balcony, "Soft!")
            assert await juliet.hears() == ["Soft!"]

            await cluster.kill(await node_of(juliet))
            await romeo.says(balcony, "What light?")
            assert await juliet.hears() == ["What light?"]
            assert await node_of(juliet) == await node_of(romeo)
            await juliet.hears_nothing()
        finally:
            await stage.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whoever_is_on_a_node_that_drains_moves_without_a_wait(tmp_path: Path) -> None:
    cluster = a_cluster(tmp_path)
    async with cluster:
        stage = Stage(ManyHouses(cluster), Transport.WEBSOCKET, tmp_path)
        try:
            romeo, juliet = await stage.enter("romeo", "juliet")
            left, balcony = await node_of(juliet), await romeo.place(juliet)
            states: list[State] = []
            juliet.client.on(StateEvent, lambda event: states.append(event.state))
            draining = asyncio.create_task(cluster.stop(left))
            for number in range(20):
                await romeo.says(balcony, str(number))
            assert await juliet.hears(20) == [str(number) for number in range(20)]
            assert await draining == 0
            assert await node_of(juliet) == await node_of(romeo) != left
            await juliet.client.ready()
            # It was sent away, asked where to go, and was let in there at the first try.
            assert states == [State.CONNECTING, State.SYNCING, State.ONLINE]
        finally:
            await stage.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_groups_on_both_sides_of_the_number_that_was_set_are_heard_on_every_node(tmp_path: Path) -> None:
    cluster = a_cluster(tmp_path, environ={"HUBBUB_CHAT_SMALL_AUDIENCE": "2"})
    async with cluster:
        stage = Stage(ManyHouses(cluster), Transport.WEBSOCKET, tmp_path)
        try:
            romeo, juliet, nurse = await stage.enter("romeo", "juliet", "nurse")
            balcony = await romeo.place(juliet)
            house = await romeo.gathers("house", juliet)
            for number in range(3):
                await romeo.says(balcony, f"small {number}")
                await romeo.says(house, f"house {number}")
            assert await juliet.hears(3, where=balcony) == [f"small {number}" for number in range(3)]
            # The third member makes it large.
            await romeo.client.change_members(house.id, MemberAction.ADD, [nurse.user_id])
            for number in range(3, 6):
                await romeo.says(house, f"house {number}")
            for who in (juliet, nurse):
                heard: list[str] = []
                while not heard or heard[-1] != "house 5":
                    heard += await who.hears(where=house)
                assert heard == [f"house {number}" for number in range(6)][-len(heard) :]
                assert len(heard) >= 3
        finally:
            await stage.close()
