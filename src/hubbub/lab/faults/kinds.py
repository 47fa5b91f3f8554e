"""The faults: each does its harm for a while, drawn from the seed, and heals what it did.

What a fault leaves behind for the cluster to repair (entries committed and not told, leases of the dead, sockets that
lead nowhere) is the point; what it leaves broken on purpose is nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from hubbub.lab.cluster import CLOCK_SKEW
from hubbub.lab.faults.wires import Wire
from hubbub.lab.faults.world import World
from hubbub.lab.servers import ServerFailed

Fault = Callable[[World], Awaitable[str]]
"""Harms and heals; returns what was done, in words."""

NOTHING = "left out"
"""How the words of a fault begin that did no harm, and so is not counted."""

START_TRIES = 5
BATCHES = (6, 25)
"""Which batch after a node's start a planned fault hits; the first few are of the start itself."""


async def kill_chat(world: World) -> str:
    """Kill a node that stores and orders."""
    return await _kill(world, world.one("chat"))


async def kill_gateway(world: World) -> str:
    """Kill a node that holds connections."""
    return await _kill(world, world.one("gateway"))


async def kill_web(world: World) -> str:
    """Kill a node that serves HTTP, or a worker."""
    return await _kill(world, world.one("web", "worker"))


async def kill_before_publish(world: World) -> str:
    """Kill a chat node exactly between a commit and its publishing."""
    name = world.one("chat")
    number = world.dice.randint(*BATCHES)
    await world.restart_with(name, {"HUBBUB_CHAT_FAULT": f"exit_before_publish:{number}"})
    died = await world.until(lambda: not world.cluster.members[name].running, 15)
    await world.wait(0, 1)
    await world.cluster.stop(name)
    await start(world, name)
    if not died:
        return f"{NOTHING}: {name} never came to commit {number}"
    return f"{name} killed between commit {number} and its publishing"


async def pause_in_transaction(world: World) -> str:
    """Stop a chat node exactly inside a transaction that holds its locks, for longer than the others may wait."""
    name = world.one("chat")
    number = world.dice.randint(*BATCHES)
    await world.restart_with(name, {"HUBBUB_CHAT_FAULT": f"stop_in_transaction:{number}"})
    stopped = await world.until(lambda: world.stopped(name), 15)
    seconds = await world.wait(1, 6)
    await world.cluster.resume(name)
    if not stopped:
        return f"{NOTHING}: {name} never came to transaction {number}"
    return f"{name} stopped inside transaction {number} for {seconds:.1f} s"


async def pause_chat(world: World) -> str:
    """Stop a chat node where it stands."""
    return await _pause(world, world.one("chat"), 0.5, 5)


async def pause_gateway(world: World) -> str:
    """Stop a gateway where it stands."""
    return await _pause(world, world.one("gateway"), 0.5, 8)


async def pause_long(world: World) -> str:
    """Stop a node for longer than its lease: others declare it dead before it goes on."""
    return await _pause(world, world.one("chat", "gateway"), 12, 14)


async def cut_bus(world: World) -> str:
    """Cut a node off from the bus."""
    return await _cut(world, world.bus_wires, "the bus", 0.5, 6)


async def cut_database(world: World) -> str:
    """Cut a node off from the database."""
    return await _cut(world, world.database_wires, "the database", 0.5, 6)


async def cut_edge(world: World) -> str:
    """Cut a gateway off from the edge: its people hear nothing more and are not told that it ended."""
    return await _cut(world, world.edge_wires, "the edge", 0.5, 8, "gateway")


async def tear_edge(world: World) -> str:
    """Reset every connection between the edge and a gateway."""
    name = world.one("gateway")
    world.edge_wires[name].tear()
    await world.wait(0, 1)
    return f"the connections of {name} to the edge reset"


async def tear_bus(world: World) -> str:
    """Reset a node's connections to the bus."""
    name = world.one("chat", "gateway")
    world.bus_wires[name].tear()
    await world.wait(0, 1)
    return f"the connections of {name} to the bus reset"


async def tear_database(world: World) -> str:
    """Reset the connections to the database, also in the middle of a COMMIT."""
    name = world.one("chat")
    for _ in range(3):
        world.database_wires[name].tear()
        await world.wait(0.05, 0.5)
    return f"the connections of {name} to the database reset three times"


async def delay_bus(world: World) -> str:
    """Slow the way between a node and the bus."""
    return await _delay(world, world.bus_wires, "the bus")


async def delay_database(world: World) -> str:
    """Slow the way between a node and the database."""
    return await _delay(world, world.database_wires, "the database")


async def delay_edge(world: World) -> str:
    """Slow the way between people and a node."""
    return await _delay(world, world.edge_wires, "the edge", "gateway", "web")


async def leak_bus(world: World) -> str:
    """Lose single messages on their way to one gateway, which stays connected and is told nothing."""
    return await _leak(world, world.one("gateway"), "messages", _tells)


async def leak_calls(world: World) -> str:
    """Lose single calls on their way to a chat node, or single answers on their way to who asked."""
    return await _leak(world, world.one("chat", "gateway"), "calls and answers", _calls)


async def skew_clock(world: World) -> str:
    """Restart a node on a machine whose clock is wrong by up to two hours."""
    name = world.one("chat", "gateway", "web")
    seconds = world.dice.choice((-7200, -60, 60, 7200))
    await world.restart_with(name, {CLOCK_SKEW: str(seconds)})
    await world.wait(1, 3)
    return f"{name} restarted with a clock {seconds:+} s off"


async def restart_bus(world: World) -> str:
    """Kill the bus and start it again."""
    await world.cluster.kill("bus")
    seconds = await world.wait(0, 5)
    await start(world, "bus")
    return f"the bus killed, back after {seconds:.1f} s"


async def kill_edge(world: World) -> str:
    """Kill what stands in front of the cluster, and with it every connection."""
    return await _kill(world, "edge")


async def pause_bus(world: World) -> str:
    """Have the bus stand still, connections and all."""
    return await _pause(world, "bus", 0.5, 5)


async def restart_database(world: World) -> str:
    """Kill the database as a power cut would."""
    await world.cluster.kill("database")
    seconds = await world.wait(0, 3)
    await start(world, "database")
    return f"the database killed, back after {seconds:.1f} s"


async def pause_database(world: World) -> str:
    """Have the database stand still, as during a fail-over."""
    return await _pause(world, "database", 0.5, 6)


async def fill_disk(world: World) -> str:
    """Fill the disk of the database."""
    disk = world.disk
    if disk is None:
        return f"{NOTHING}: no disk of a given size can be mounted here"
    await asyncio.to_thread(disk.fill)
    seconds = await world.wait(1, 4)
    disk.free()
    await start(world, "database")
    return f"the disk of the database full for {seconds:.1f} s"


async def restart_in_order(world: World) -> str:
    """Drain a node and start it again."""
    name = world.one("chat", "gateway", "web")
    await world.cluster.restart(name)
    return f"{name} drained and restarted"


KINDS: dict[str, Fault] = {
    "kill_chat": kill_chat,
    "kill_gateway": kill_gateway,
    "kill_web": kill_web,
    "kill_edge": kill_edge,
    "kill_before_publish": kill_before_publish,
    "pause_in_transaction": pause_in_transaction,
    "pause_chat": pause_chat,
    "pause_gateway": pause_gateway,
    "pause_long": pause_long,
    "cut_bus": cut_bus,
    "cut_database": cut_database,
    "cut_edge": cut_edge,
    "tear_edge": tear_edge,
    "tear_bus": tear_bus,
    "tear_database": tear_database,
    "delay_bus": delay_bus,
    "delay_database": delay_database,
    "delay_edge": delay_edge,
    "leak_bus": leak_bus,
    "leak_calls": leak_calls,
    "skew_clock": skew_clock,
    "restart_bus": restart_bus,
    "pause_bus": pause_bus,
    "restart_database": restart_database,
    "pause_database": pause_database,
    "fill_disk": fill_disk,
    "restart_in_order": restart_in_order,
}
"""Every kind, by the name it has on the command line."""


async def start(world: World, name: str) -> None:
    """Start a member, again if it could not at first: what it stands on may be coming back itself."""
    for left in reversed(range(START_TRIES)):
        try:
            await world.cluster.start(name)
            return
        except ServerFailed:
            if not left:
                raise
            await asyncio.sleep(0.5)


async def _kill(world: World, name: str) -> str:
    await world.cluster.kill(name)
    seconds = await world.wait(0, 2)
    await start(world, name)
    return f"{name} killed, started again after {seconds:.1f} s"


async def _pause(world: World, name: str, least_s: float, most_s: float) -> str:
    await world.cluster.pause(name)
    try:
        seconds = await world.wait(least_s, most_s)
    finally:
        await world.cluster.resume(name)
    return f"{name} stopped for {seconds:.1f} s"


async def _cut(world: World, wires: dict[str, Wire], what: str, least_s: float, most_s: float, *roles: str) -> str:
    name = world.one(*(roles or ("chat", "gateway", "web")))
    wires[name].cut()
    seconds = await world.wait(least_s, most_s)
    wires[name].mend()
    return f"{name} cut off from {what} for {seconds:.1f} s"


async def _delay(world: World, wires: dict[str, Wire], what: str, *roles: str) -> str:
    name = world.one(*(roles or ("chat", "gateway")))
    wires[name].delay_s = delay_s = world.dice.uniform(0.02, 0.3)
    seconds = await world.wait(1, 4)
    wires[name].delay_s = 0.0
    return f"{name} and {what} {delay_s * 1000:.0f} ms apart for {seconds:.1f} s"


async def _leak(world: World, name: str, what: str, concerned: Callable[[bytes], bool]) -> str:
    wire = world.bus_wires[name]
    share = world.dice.uniform(0.05, 0.5)
    # Dice of its own: how many messages pass must not change what is drawn later.
    dice = random.Random(world.dice.random())
    before = wire.lost
    wire.leaks = lambda subject: concerned(subject) and dice.random() < share
    seconds = await world.wait(1, 4)
    wire.leaks = None
    if wire.lost == before:
        return f"{NOTHING}: none of the {what} to {name} could be lost"
    return f"{wire.lost - before} {what} to {name} lost on the bus in {seconds:.1f} s"


def _tells(subject: bytes) -> bool:
    return b".u." in subject or b".c." in subject or subject.endswith(b".all")


def _calls(subject: bytes) -> bool:
    return b".q." in subject or b".r." in subject
