"""How much one process can say and hear over the bus, and where its time goes.

    python bench/bus.py                      the work per event, without a server
    python bench/bus.py nats://host:port     (or redis://) events, calls and their round trips over a server

Numbers are per process; with a server on the same machine it takes its own share of the cores.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus import nats, redis
from hubbub.bus.calls import Peer
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.codec import decode_message, unpack
from hubbub.bus.envelope import Opener, Sealer
from hubbub.bus.identity import BusIdentity
from hubbub.bus.packing import Packer
from hubbub.bus.stats import BusStats
from hubbub.bus.subjects import Subjects
from hubbub.chat.model import Body, Entry, Post
from hubbub.chat.ports import EntriesAppended, Event, Topic

BUCKETS = 256
BATCH = 100
EVENTS = 100_000
PEOPLE = [new_id() for _ in range(500)]


def batch(audience: int) -> list[Event]:
    """Return what one commit publishes: a message of 100 bytes in each of a hundred conversations."""
    events: list[Event] = []
    for number in range(BATCH):
        entry = Entry(new_id(), 1, 0, PEOPLE[0], new_id(), Post(Body(text="x" * 100)))
        names = tuple(PEOPLE[(number * 7 + at) % len(PEOPLE)] for at in range(audience))
        events.append(EntriesAppended(entry.conversation_id, (entry,), names or None))
    return events


def identity(name: str) -> BusIdentity:
    return BusIdentity(name, new_id(), b"secret", "epoch")


def measure(name: str, work: Callable[[], object], events: int) -> None:
    rounds = 0
    began = time.perf_counter()
    while time.perf_counter() - began < 1.0:
        work()
        rounds += 1
    each = (time.perf_counter() - began) / rounds / events
    print(f"{name:50} {each * 1e6:8.2f} us per event")


def alone() -> None:
    """Measure each step of the way by itself."""
    for audience in (0, 2, 16):
        steps(audience)


def steps(audience: int) -> None:
    """Measure them for events to so many people; 0: to a conversation."""
    events = batch(audience)
    packer, sealer, stats = Packer(Subjects(BUCKETS)), Sealer(identity("one")), BusStats()
    messages = packer.pack(events)
    print(f"audience {audience or 'conversation'}: {len(messages)} messages")
    measure("  pack", lambda: packer.pack(events), BATCH)
    measure("  seal", lambda: [sealer.seal(subject, body) for subject, body, _ in messages], BATCH)
    sealed = [(subject, data) for subject, body, _ in messages for data in sealer.seal(subject, body)]

    def open_all() -> None:
        opener = Opener(identity("two"), stats, on_jump=lambda subject: None, on_epoch=lambda epoch, peer: None)
        for subject, data in sealed:
            opener.open(subject, data)

    def decode_all() -> None:
        for _, body, _ in messages:
            for packed in decode_message(body):
                unpack(packed, stats)

    measure("  open", open_all, BATCH)
    measure("  decode", decode_all, BATCH)


async def over_a_server(url: str) -> None:
    """Measure one process that speaks and hears from another in the same loop."""

    def join(name: str) -> asyncio.Task[ClusterBus]:
        connect = redis.connect if url.startswith("redis") else nats.connect
        return asyncio.ensure_future(connect(url, identity=identity(name), buckets=BUCKETS, clock=SystemClock()))

    speaker, listener = await join("speaker"), await join("listener")
    heard = 0

    def count(events: object) -> None:
        nonlocal heard
        heard += len(events)  # type: ignore[arg-type]

    feed = listener.feed(count)
    await feed.follow([Topic("user", name) for name in PEOPLE])
    for audience in (1, 2):
        events = batch(audience)
        heard, began, cpu = 0, time.perf_counter(), time.process_time()
        for _ in range(EVENTS // BATCH):
            await speaker.publish(events)
        await listener.caught_up()
        rate = heard / (time.perf_counter() - began)
        cost = (time.process_time() - cpu) / heard * 1e6
        print(
            f"events to {audience} people: {rate:10,.0f}/s said, carried and heard; {cost:.1f} us of this process each"
        )

    async def echo(peer: Peer, payload: bytes) -> bytes:
        return payload

    await listener.calls.serve(listener.identity.incarnation, echo)
    waits: list[float] = []
    for _ in range(500):
        began = time.perf_counter()
        await speaker.calls.request(listener.identity.incarnation, b"x" * 200, timeout_s=5)
        waits.append(time.perf_counter() - began)
    print(f"one call after another: {sorted(waits)[250] * 1e6:,.0f} us")
    for width in (16, 256):
        began = time.perf_counter()
        for _ in range(20_000 // width):
            name = listener.identity.incarnation
            await asyncio.gather(*[speaker.calls.request(name, b"x" * 200, timeout_s=5) for _ in range(width)])
        print(f"{width} calls at a time: {20_000 / (time.perf_counter() - began):10,.0f}/s asked and answered")
    await speaker.close()
    await listener.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import uvloop

        uvloop.run(over_a_server(sys.argv[1]))
    else:
        alone()
