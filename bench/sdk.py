"""How many messages a second the SDK takes in: `python bench/sdk.py [--messages N] [--write docs/benchmarks.md]`.

A process on one core says hello as a server would and then pushes messages that were made before, as fast as they are
taken; this process, on another core, is a bot that looks at each.  So it is the receiving side alone that is measured:
the socket, the frames, order and gaps, the models a program sees, and its loop.  Every message is counted and its
number compared; a run ends after a number of messages, whatever its speed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from hubbub.client import Client, Entry, MessageEvent
from hubbub.client.blocking import connect as connect_blocking
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY, SUBPROTOCOL_BINARY
from hubbub.wire.framing import OPCODE_BINARY, websocket_message

TARGET = 20_000
ROOM, ROMEO, JULIET = "c" * 32, "a" * 32, "b" * 32
TEXT = "But soft, what light through yonder window breaks? " * 4
WRITE_BYTES = 64 * 1024
TOGETHER = 16
"""Messages in one push, where several share one."""

MARK = "<!-- made by bench/sdk.py -->"


def page_of(first: int, last: int, head: int) -> pb.EntryPage:
    """Return the messages from `first` to `last` of a log that reaches to `head`."""
    message = pb.Message(body=pb.Body(text=pb.Text(text=TEXT)))
    entries = [
        pb.Entry(conversation_id=ROOM, seq=seq, time_ms=seq, sender_id=JULIET, client_id=f"{seq:032x}", message=message)
        for seq in range(first, last + 1)
    ]
    return pb.EntryPage(conversation_id=ROOM, from_seq=first, to_seq=last, as_of=head, entries=entries)


def pushes(messages: int, together: int) -> Iterator[bytes]:
    """Yield the pushes of so many messages, as WebSocket messages."""
    for first in range(1, messages + 1, together):
        last = min(messages, first + together - 1)
        page = page_of(first, last, last)
        yield websocket_message(OPCODE_BINARY, BINARY.encode(pb.ServerFrame(entries=page)))


def pieces(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Join frames into what a busy server would write at once."""
    piece = bytearray()
    for frame in frames:
        piece += frame
        if len(piece) >= WRITE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def be_server(messages: int, together: int, cpu: int, told: Connection) -> None:
    """Serve one client: say hello, push everything, wait until it hangs up."""
    os.sched_setaffinity(0, {cpu})
    written = list(pieces(pushes(messages, together)))
    over = asyncio.Event()

    async def speaks(socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await answers(socket)
        over.set()

    async def answers(socket: ServerConnection) -> None:
        async for data in socket:
            assert isinstance(data, bytes)
            frame, kind = BINARY.decode_client(data)
            if kind == "hello":
                welcome = pb.Welcome(user_id=ROMEO, epoch="e", user_version=1, heartbeat_ms=60_000)
                await socket.send(BINARY.encode(pb.ServerFrame(reply_to=frame.id, welcome=welcome)))
                await socket.send(BINARY.encode(pb.ServerFrame(ready=pb.Ready())))
            elif kind == "list_conversations":
                state = pb.ConversationState(
                    conversation_id=ROOM,
                    kind=pb.CONVERSATION_KIND_CHANNEL,
                    state=pb.MEMBER_STATE_JOINED,
                    intervals=[pb.Interval(from_seq=1)],
                    version=1,
                )
                listed = pb.ConversationPage(conversations=[state])
                await socket.send(BINARY.encode(pb.ServerFrame(reply_to=frame.id, conversation_page=listed)))
            elif kind == "get_entries":
                # A bot that had no room for pushes reads on from the log.
                after = frame.get_entries.after_seq
                page = page_of(after + 1, min(messages, after + 200), messages)
                await socket.send(BINARY.encode(pb.ServerFrame(reply_to=frame.id, entry_page=page)))
            elif kind == "set_typing":
                # The bot is ready: from here on it is a question of who is faster.
                for piece in written:
                    socket.transport.write(piece)
                    # Only to wait until the other side has taken most of it.
                    await socket.drain()  # type: ignore[attr-defined]

    async def main() -> None:
        async with serve(
            speaks,
            "127.0.0.1",
            0,
            subprotocols=[Subprotocol(SUBPROTOCOL_BINARY)],
            compression=None,
            ping_interval=None,
        ) as server:
            told.send(next(iter(server.sockets)).getsockname()[1])
            await asyncio.wait_for(over.wait(), 150)

    asyncio.run(main())


class Count:
    """Counts messages and holds their order; knows the time of the first and the last."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._seen = 0
        self._began = (0.0, 0.0)
        self.took_s = self.cpu_s = 0.0

    def take(self, message: Entry) -> bool:
        """Count one; return whether it was the last."""
        if not self._seen:
            self._began = time.perf_counter(), time.process_time()
        self._seen += 1
        assert message.seq == self._seen, f"{message.seq} came as number {self._seen}"
        assert message.text
        if self._seen < self._wanted:
            return False
        self.took_s = time.perf_counter() - self._began[0]
        self.cpu_s = time.process_time() - self._began[1]
        return True


async def by_iterating(client: Client, count: Count) -> None:
    # uvloop reads more at once than a stream usually holds.
    messages = client.messages(limit=100_000)
    client.typing(ROOM)
    async for message in messages:
        if count.take(message):
            break


async def by_listening(client: Client, count: Count) -> None:
    over = asyncio.Event()

    def heard(event: MessageEvent) -> None:
        if count.take(event.entry):
            over.set()

    client.on(MessageEvent, heard)
    client.typing(ROOM)
    await over.wait()


def asynchronous(
    way: Callable[[Client, Count], Any], runner: Callable[[Any], object], **options: Any
) -> Callable[[str, Count], None]:
    """Return a bot of the asynchronous face."""

    async def bot(address: str, count: Count) -> None:
        async with Client("http://127.0.0.1:1", token="t", address=address, **options) as client:
            await client.ready()
            await way(client, count)

    def run(address: str, count: Count) -> None:
        runner(bot(address, count))

    return run


def blocking(address: str, count: Count) -> None:
    with connect_blocking("http://127.0.0.1:1", token="t", address=address) as client:
        messages = client.messages()

        async def go(chat: Client) -> None:
            # Nobody waits for its answer: it makes the other side begin.
            chat.typing(ROOM)

        client.call(go)
        for message in messages:
            if count.take(message):
                break


def measure(bot: Callable[[str, Count], None], messages: int, together: int) -> Count:
    """Run one bot against a source of its own."""
    mine, other = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
    here, there = multiprocessing.Pipe()
    source = multiprocessing.get_context("spawn").Process(target=be_server, args=(messages, together, mine, there))
    source.start()
    before = os.sched_getaffinity(0)
    try:
        if not here.poll(60):
            raise SystemExit("the source did not start")
        os.sched_setaffinity(0, {other})
        count = Count(messages)
        bot(f"ws://127.0.0.1:{here.recv()}/ws", count)
        return count
    finally:
        os.sched_setaffinity(0, before)
        source.terminate()
        source.join(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--only", default="", help="only bots whose name holds this")
    parser.add_argument("--write", type=Path, help="a page that keeps the table below its mark")
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        kept = {"store": Path(folder) / "bot.db", "keep_messages": True}
        bots: list[tuple[str, int, int, Callable[[str, Count], None]]] = [
            ("`async for` over messages", 1, 1, asynchronous(by_iterating, asyncio.run)),
            (f"the same, {TOGETHER} in a push", TOGETHER, 1, asynchronous(by_iterating, asyncio.run)),
            ("a listener", 1, 1, asynchronous(by_listening, asyncio.run)),
            ("`async for`, on uvloop", 1, 1, asynchronous(by_iterating, uvloop.run)),
            ("`async for`, with a store and a local log", 1, 2, asynchronous(by_iterating, asyncio.run, **kept)),
            ("the blocking face", 1, 4, blocking),
        ]
        for name, together, less, bot in bots:
            if chosen.only not in name:
                continue
            messages = chosen.messages // less
            count = measure(bot, messages, together)
            rows.append((name, messages, messages / count.took_s, messages / count.cpu_s))
            print(f"{name:<45} {rows[-1][2]:>10,.0f}/s   {rows[-1][3]:>10,.0f} per second of processor", flush=True)
    if chosen.write:
        write(chosen.write, rows)


def write(page: Path, rows: list[tuple[str, int, float, float]]) -> None:
    """Put the table at the end of a page, below the mark."""
    lines = [
        MARK,
        "",
        "## The Python SDK receiving",
        "",
        "`python bench/sdk.py --write docs/benchmarks.md`, on the machine above: a process pushes messages of "
        f"{len(TEXT)} bytes that were",
        "made before, a bot on another core looks at each and holds their order. The target is "
        f"{TARGET:,} a second on one core, so",
        "it is held against what a second of processor takes in; by the clock it is less when other work shares the",
        f"cores (load {os.getloadavg()[0]:.1f} at the end of this run).",
        "",
        "| the bot | messages | by the clock | per second of processor | reached |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {messages:,} | {per_s:,.0f}/s | {per_cpu:,.0f} | {'yes' if per_cpu >= TARGET else '**no**'} |"
            for name, messages, per_s, per_cpu in rows
        ),
        "",
    ]
    text = page.read_text("utf-8") if page.exists() else ""
    page.write_text(re.split(re.escape(MARK), text)[0].rstrip() + "\n\n" + "\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
