"""What asking chat over the bus costs: `python bench/remote_chat.py [--seconds S] [--inflight N] [--users N]`.

The chat behind it accepts every submit at once, so what is measured is the way there and back: packing, the calls, and
for `nats` a real server between two processes.  Printed are submits per second and the CPU per submit of the side that
asks and, where it is a process of its own, of the side that answers.  Every run is bounded in time and in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.calls import Calls, Peer
from hubbub.bus.chat_server import ChatServer
from hubbub.bus.identity import BusIdentity
from hubbub.bus.local_calls import LocalCalls
from hubbub.bus.nats import connect
from hubbub.bus.remote_chat import RemoteChat
from hubbub.chat.model import Accepted, Body, Caller, Post, Submit
from hubbub.chat.service import Chat
from hubbub.lab.servers import NatsServer

TEXT = "m" * 200
SERVER = "5" * 32
WARM_S = 0.5


class AcceptsAll:
    """Answers submits in the next turn of the loop."""

    def __init__(self) -> None:
        self.seq = 0
        self.cpu_s = 0.0

    def submit(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
        self.seq += 1
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        future.set_result(Accepted(self.seq, 1_700_000_000_000))
        return future

    async def epoch(self) -> str:
        """Return the CPU seconds of this process, so that whoever measures learns them."""
        return str(time.process_time())


def accepts_all() -> Chat:
    return cast(Chat, AcceptsAll())


async def drive(chat: Chat, users: int, inflight: int, seconds: float) -> tuple[int, float]:
    """Keep so many submits under way; return how many were accepted, and the CPU seconds of this process."""
    commands = [
        (Caller(new_id(), new_id(), scopes=frozenset({"chat"})), Submit(new_id(), new_id(), Post(Body(TEXT))))
        for _ in range(users)
    ]
    room = asyncio.Semaphore(inflight)
    accepted = 0

    def answered(future: asyncio.Future[Accepted]) -> None:
        nonlocal accepted
        room.release()
        accepted += future.exception() is None

    until = time.perf_counter() + seconds
    started = time.process_time()
    number = 0
    while time.perf_counter() < until:
        for _ in range(64):
            await room.acquire()
            chat.submit(*commands[number % users]).add_done_callback(answered)
            number += 1
        await asyncio.sleep(0)
    for _ in range(inflight):
        await room.acquire()
    return accepted, time.process_time() - started


async def measure(name: str, chat: Chat, options: argparse.Namespace, there: Callable[[], Awaitable[float]]) -> None:
    await drive(chat, options.users, options.inflight, WARM_S)
    cpu_there = await there()
    started = time.perf_counter()
    count, cpu_s = await drive(chat, options.users, options.inflight, options.seconds)
    took_s = time.perf_counter() - started
    cpu_there = await there() - cpu_there
    line = f"{name:8} {count / took_s:10,.0f} submits/s {cpu_s / count * 1e6:8.1f} us here"
    print(line + (f" {cpu_there / count * 1e6:8.1f} us there" if cpu_there else ""))


async def nowhere() -> float:
    return 0.0


async def remotely(calls: Calls) -> RemoteChat:
    remote = RemoteChat(calls, lambda: [SERVER], SystemClock())
    remote.start()
    return remote


async def over_nats(options: argparse.Namespace) -> None:
    with NatsServer(durable=False) as nats:
        bus = await connect(nats.url, identity=identity("asker"), buckets=64, clock=SystemClock())
        command = [sys.executable, __file__, "--serve", nats.url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: ASYNC220
            assert server.stdout is not None
            await asyncio.to_thread(server.stdout.readline)
            remote = await remotely(bus.calls)

            async def there() -> float:
                return float(await remote.epoch())

            try:
                await measure("nats", remote, options, there)
            finally:
                await remote.stop()
                await bus.close()
                server.kill()


def identity(name: str) -> BusIdentity:
    return BusIdentity(name, SERVER if name == "server" else new_id(), b"secret", "epoch")


async def serve(url: str) -> None:
    """Be the process that answers, until whoever started it ends."""
    bus = await connect(url, identity=identity("server"), buckets=64, clock=SystemClock())
    server = ChatServer(accepts_all(), bus.calls, SystemClock())
    await server.start(SERVER)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def run(options: argparse.Namespace) -> None:
    await measure("direct", accepts_all(), options, nowhere)
    calls = LocalCalls(Peer("asker", new_id()), SystemClock())
    server = ChatServer(accepts_all(), calls, SystemClock())
    await server.start(SERVER)
    remote = await remotely(calls)
    await measure("local", remote, options, nowhere)
    await remote.stop()
    await server.stop()
    await over_nats(options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--inflight", type=int, default=512)
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    work: Any = serve(options.serve) if options.serve else run(options)
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    main()
