"""`cpu_per_message`, `cross_node` and `buckets`: what it costs that there are several gateways."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import httpx

from hubbub.lab.cluster import Cluster
from hubbub.lab.figures.figure import Figure, Measured, Stage, milliseconds, socket_of
from hubbub.lab.figures.processors import processor_seconds, used_between
from hubbub.lab.figures.timeline import acks_within, delays_s, percentile
from hubbub.lab.figures.told import Told
from hubbub.lab.load.client import Seat
from hubbub.lab.load.messages import now_ns

GATEWAYS = 4
PEOPLE = 200
RATE = 200.0
CALM_RATE = 20.0
WARM_S, IDLE_S, MEASURE_S, ROUNDS = 2.0, 3.0, 8.0, 2
RATIO_TARGET, ADDED_TARGET_MS = 1.3, 3.0

Counters = Mapping[str, float]


def ratio(one: float, other: float) -> float:
    """Return `one` by `other`; 0 when there is nothing to divide by."""
    return one / other if other else 0.0


def spread(nodes: Sequence[str], people: int) -> list[str]:
    """Return a node for each of so many people: as many on each, and neighbours together or apart by chance."""
    places = [nodes[number % len(nodes)] for number in range(people)]
    random.Random(1).shuffle(places)
    return places


# ---------------------------------------------------------------- processor time


async def cpu_per_message(stage: Stage) -> Measured:
    """Compare the processor time of one message with one gateway and with four."""
    people, rate = stage.people(PEOPLE), stage.rate(RATE)
    found = Measured(
        how=f"{people} light clients, direct conversations, {rate:g} messages per second offered, connected to the "
        f"gateways themselves and spread evenly over them; 2 chat, 1 web, 1 worker. First one gateway runs, then "
        f"{GATEWAYS}, in turns, {ROUNDS} times {MEASURE_S:g} s each. Counted is the user and system time of all "
        "processes of nodes, nats-server and PostgreSQL (psutil), divided by the messages acknowledged meanwhile; what "
        "an idle cluster takes is in it."
    )
    cost: dict[int, list[float]] = {1: [], GATEWAYS: []}
    async with stage.cluster(gateway=GATEWAYS, web=1, edge=False) as cluster:
        seats = await stage.seats(cluster, people)
        gateways = cluster.names("gateway")
        for _ in range(ROUNDS):
            for count in cost:
                for name in gateways[count:]:
                    await cluster.stop(name)
                for name in gateways[:count]:
                    await cluster.start(name)
                await cluster.wait_ready()
                cost[count].append(await _cost(stage, cluster, seats, gateways[:count], rate, found))
    one, many = (min(cost[count]) for count in cost)
    found.note(one_gateway_ms=1000 * one, four_gateways_ms=1000 * many, ratio=ratio(many, one))
    for count, costs in cost.items():
        found.note(**{f"runs_{count}_ms": ", ".join(f"{1000 * each:.2f}" for each in costs)})
    measured = f"{ratio(many, one):.2f}x ({milliseconds(one)} with 1, {milliseconds(many)} with {GATEWAYS})"
    what = f"server CPU per message, 1 gateway against {GATEWAYS}"
    reached = 0 < ratio(many, one) <= RATIO_TARGET
    found.figures.append(Figure(what=what, target="1.3x", measured=measured, reached=reached))
    return found


async def _cost(
    stage: Stage, cluster: Cluster, seats: list[Seat], gateways: Sequence[str], rate: float, found: Measured
) -> float:
    """Return the processor seconds of one message, and keep what the cluster takes while nobody talks."""
    addresses = [socket_of(cluster, name) for name in spread(gateways, len(seats))]
    async with stage.crowd(cluster, seats, addresses) as crowd:
        await stage.wait(stage.time(WARM_S), "waiting until it is quiet")
        before, begin_ns = processor_seconds(cluster), now_ns()
        await stage.wait(stage.time(IDLE_S), f"idle with {len(gateways)}")
        idle = used_between(before, processor_seconds(cluster)) / ((now_ns() - begin_ns) / 1e9)
        await crowd.rate(rate)
        await stage.wait(stage.time(WARM_S), "warming up")
        before, begin_ns = processor_seconds(cluster), now_ns()
        await stage.wait(stage.time(MEASURE_S), f"measuring with {len(gateways)}")
        after, end_ns = processor_seconds(cluster), now_ns()
        told = await crowd.told()
    found.judge(told)
    used, messages = used_between(before, after), len(acks_within(told.spoken, begin_ns, end_ns))
    busy = max(0.0, used - idle * (end_ns - begin_ns) / 1e9)
    found.note(
        **{
            f"idle_{len(gateways)}_percent": 100 * idle,
            f"without_idle_{len(gateways)}_ms": 1000 * ratio(busy, messages),
            f"messages_{len(gateways)}": messages,
        }
    )
    return ratio(used, messages)


# ---------------------------------------------------------------- the way between nodes


async def cross_node(stage: Stage) -> Measured:
    """Compare deliveries on one gateway with deliveries between two."""
    people = stage.people(40)
    found = Measured(
        how=f"{people} light clients connected to the gateways themselves: half of the pairs have both on one gateway, "
        f"half have one on each of two; {CALM_RATE:g} messages per second in turn, so both kinds are measured at the "
        "same time. Delivery counts from when a message was due to the receiver's socket."
    )
    async with stage.cluster(gateway=2, web=1, edge=False) as cluster:
        seats = await stage.seats(cluster, people)
        one, other = (socket_of(cluster, name) for name in cluster.names("gateway"))
        kinds = [(one, one), (one, other), (other, other), (other, one)]
        pairs = [kinds[number % len(kinds)] for number in range(people // 2)]
        addresses = [address for pair in pairs for address in pair]
        async with stage.crowd(cluster, seats, addresses) as crowd:
            await crowd.rate(CALM_RATE)
            await stage.wait(stage.time(WARM_S), "warming up")
            begin_ns = now_ns()
            await stage.wait(stage.time(30.0), "talking calmly")
            end_ns = now_ns()
            told = await crowd.told()
    found.judge(told)
    inside = [each for each in told.spoken if begin_ns <= each.due_ns < end_ns]
    same, across = (
        delays_s(each for each in inside if (addresses[each.sender] != addresses[each.receiver]) is apart)
        for apart in (False, True)
    )
    added_ms = 1000 * (percentile(across, 50) - percentile(same, 50))
    for name, delays in (("same", same), ("across", across)):
        found.note(**{f"{name}_p50_ms": 1000 * percentile(delays, 50), f"{name}_p95_ms": 1000 * percentile(delays, 95)})
    found.note(added_p50_ms=added_ms, messages=len(inside))
    measured = (
        f"{added_ms:+.2f} ms (same gateway: p50 {milliseconds(percentile(same, 50))}, "
        f"p95 {milliseconds(percentile(same, 95))}; across: {milliseconds(percentile(across, 50))}, "
        f"{milliseconds(percentile(across, 95))})"
    )
    what = "added p50 of a delivery between two gateways, against one gateway, at a light load"
    reached = bool(same and across) and added_ms < ADDED_TARGET_MS
    found.figures.append(Figure(what=what, target="3 ms", measured=measured, reached=reached))
    return found


# ---------------------------------------------------------------- who hears what


async def buckets(stage: Stage) -> Measured:
    """Show by its counters that a gateway hears only what its users' buckets carry."""
    people, rate = stage.people(40), stage.rate(100.0)
    found = Measured(
        how=f"{people} light clients in direct conversations, spread evenly over {GATEWAYS} gateways, 4,096 buckets; "
        f"{rate:g} messages per second. Read from `/metrics` of every node before and after: events published by the "
        "chat nodes, events received by each gateway, and of those the ones that concerned somebody there. An event "
        "for two people is published to both their buckets and counts twice."
    )
    async with stage.cluster(gateway=GATEWAYS, web=1, edge=False) as cluster:
        seats = await stage.seats(cluster, people)
        gateways, chats = cluster.names("gateway"), cluster.names("chat")
        addresses = [socket_of(cluster, name) for name in spread(gateways, people)]
        async with stage.crowd(cluster, seats, addresses) as crowd:
            await stage.wait(stage.time(WARM_S), "waiting until it is quiet")
            before = await _read_all(cluster, (*gateways, *chats))
            await crowd.rate(rate)
            await stage.wait(stage.time(MEASURE_S), "talking")
            await crowd.rate(0)
            await stage.wait(stage.time(WARM_S), "waiting until it is quiet")
            after = await _read_all(cluster, (*gateways, *chats))
            told = await crowd.told()
    found.judge(told)
    grown = {name: {key: value - before[name].get(key, 0.0) for key, value in after[name].items()} for name in after}
    return buckets_found(found, {name: grown[name] for name in gateways}, [grown[name] for name in chats], told)


def buckets_found(found: Measured, gateways: Mapping[str, Counters], chats: Sequence[Counters], told: Told) -> Measured:
    """Compute the figure from how much the counters of each node grew."""
    published = sum(map(published_events, chats))
    shares = {}
    for name, counters in gateways.items():
        received, heard = received_events(counters), counters.get("heard", 0.0)
        shares[name] = ratio(received, published)
        found.note(**{f"{name}_received": int(received), f"{name}_heard": int(heard), f"{name}_share": shares[name]})
    heard = sum(counters.get("heard", 0.0) for counters in gateways.values())
    unwanted = sum(counters.get("unwanted", 0.0) for counters in gateways.values())
    wanted = ratio(heard, heard + unwanted)
    found.note(published=int(published), messages=len(told.spoken), wanted_share=wanted)
    listed = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
    measured = f"{listed} of {published:,.0f} published"
    what = f"events that each of {len(gateways)} gateways received"
    reached = published > 0 and 0 < max(shares.values()) < 0.6
    found.figures.append(Figure(what=what, target="its users' buckets only", measured=measured, reached=reached))
    what = "of the events received, those that concerned somebody there"
    found.figures.append(Figure(what=what, measured=f"{100 * wanted:.1f} %"))
    return found


EVENTS = ("user", "conversation", "all")


def published_events(counters: Counters) -> float:
    """Return how many events a node put on the bus."""
    return sum(counters.get(f"sent {kind}", 0.0) for kind in EVENTS)


def received_events(counters: Counters) -> float:
    """Return how many events a node got from the bus."""
    return sum(counters.get(f"received {kind}", 0.0) for kind in EVENTS)


def read_counters(text: str) -> dict[str, float]:
    """Read the counters of the bus from the words of Prometheus."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith("hubbub_bus_items_total{"):
            labels = dict(part.split("=") for part in name[name.index("{") + 1 : -1].split(","))
            found[f"{labels['direction']} {labels['kind']}".replace('"', "")] = float(value)
        elif name in ("hubbub_bus_heard_total", "hubbub_bus_unwanted_total"):
            found[name.removeprefix("hubbub_bus_").removesuffix("_total")] = float(value)
    return found


async def _read_all(cluster: Cluster, names: Sequence[str]) -> dict[str, Counters]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        return {name: read_counters((await http.get(f"{cluster.nodes[name].url}/metrics")).text) for name in names}
