"""What an idle authenticated connection costs: `python bench/connection_memory.py [--connections N] [--trace]`.

The server's parts run in this process, on a temporary data folder, joined as `hubbub serve` joins them; accounts are
written straight into the database and a second process opens the connections.  Each person is in twenty groups of
fifty.  Printed is the growth of this process's resident memory per connection; with `--trace`, where it was allocated.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import tracemalloc
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import psutil
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hubbub.auth.accounts import Accounts
from hubbub.auth.ports import Account, Login
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import MAX_SEQ, Body, ConversationKind, ConversationRow, Created, Entry, MemberRow, Post
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import Changes, Facts, Needs, NewEntry
from hubbub.cluster.sessions import SessionRegistry
from hubbub.gateway.gateway import Gateway
from hubbub.gateway.settings import GatewaySettings
from hubbub.gateway.websocket import protocol_class
from hubbub.server.http import HttpServer, bind
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.sqlite_database import SqliteDatabase
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.framing import OPCODE_BINARY

GROUPS_EACH = 20
GROUP_SIZE = 50
WARM = 50


async def no_application(scope: object, receive: object, send: object) -> None:
    """Plain HTTP is not what is measured."""


async def make_people(accounts: Accounts, store: SqlAccounts, count: int) -> dict[str, str]:
    """Add people with a login each; return their access tokens by user id."""
    tokens = {}
    for number in range(count):
        name, now_ms = f"user{number}", SystemClock().now_ms()
        account = Account(new_id(), name, name, name, "", now_ms, welcomed=True)
        await store.add_account(account)
        login = Login(new_id(), account.id, new_id(), "bench", os.urandom(32), os.urandom(32), now_ms, now_ms)
        await store.add_login(login, auth_epoch=account.auth_epoch, keep=10)
        tokens[account.id] = accounts.signing.tokens.sign(account, login)
    return tokens


async def make_groups(store: SqlStore, people: list[str]) -> None:
    """Put everybody into twenty groups with one message each."""
    for shift in range(GROUPS_EACH):
        for start in range(0, len(people), GROUP_SIZE):
            names = sorted({people[(start + step * (shift + 1)) % len(people)] for step in range(GROUP_SIZE)})
            await store.commit(Needs(), partial(a_group, names))


def a_group(names: list[str], facts: Facts) -> Changes:
    """Plan a group with one message."""
    room = new_id()
    row = ConversationRow(room, ConversationKind.GROUP, title="group", head=2, member_count=len(names))
    entries = [
        NewEntry(Entry(room, 1, 1, names[0], new_id(), Created(ConversationKind.GROUP)), b"12345678"),
        NewEntry(Entry(room, 2, 2, names[0], new_id(), Post(Body("hello"))), b"12345678", counts=True),
    ]
    members = [MemberRow(room, name, intervals=((1, MAX_SEQ),)) for name in names]
    return Changes(entries=entries, conversations=[row], members=members)


# ---------------------------------------------------------------- the second process


async def be_clients(port: int, tokens: list[str]) -> None:
    """Open a connection with each token, say so, and keep them until standard input ends."""
    kept = []
    for token in tokens:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=8192)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: hubbub.v1.protobuf\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        hello = pb.Hello(protocol=1, token=token, client="bench 1", heartbeat_ms=120_000)
        payload = pb.ClientFrame(id=1, hello=hello).SerializeToString()
        writer.write(bytes((0x80 | OPCODE_BINARY, 0x80 | 126)) + len(payload).to_bytes(2) + bytes(4) + payload)
        ready = pb.ServerFrame(ready=pb.Ready()).SerializeToString()
        await reader.readuntil(bytes((0x80 | OPCODE_BINARY, len(ready))) + ready)
        kept.append(writer)
    print("open", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


# ---------------------------------------------------------------- the server


async def measure(connections: int, trace: bool) -> None:
    """Serve, have the connections opened, and say what they cost."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        clock, bus = SystemClock(), LocalBus()
        database = await SqliteDatabase.open(Path(folder), clock=clock)
        stack.push_async_callback(database.close)
        store, account_store = SqlStore(database), SqlAccounts(database)
        accounts = Accounts(account_store, AuthSettings(), clock)
        await accounts.start()
        stack.callback(accounts.close)
        chat = ChatNode(store, bus, clock)
        await chat.start()
        stack.push_async_callback(chat.stop)
        tokens = await make_people(accounts, account_store, connections + WARM)
        await make_groups(store, list(tokens))
        gateway = Gateway(
            chat,
            accounts,
            lambda handler: bus.feed(handler, everything=True),
            SessionRegistry(clock),
            clock,
            GatewaySettings(),
            new_id(),
        )
        await gateway.start()
        http = HttpServer(no_application, protocol_class(gateway), sockets=[bind("127.0.0.1", 0)])
        await http.start()
        stack.push_async_callback(http.stop)
        stack.push_async_callback(gateway.stop)
        port = http.addresses[0][1]
        # The first connections pay for what is loaded and cached once.
        with_first = await open_from_elsewhere(port, list(tokens.values())[:WARM])
        stack.callback(with_first.terminate)
        gc.collect()
        if trace:
            tracemalloc.start(12)
            first = tracemalloc.take_snapshot()
        process = psutil.Process()
        before, processor = process.memory_info().rss, process.cpu_times().user
        rest = await open_from_elsewhere(port, list(tokens.values())[WARM:])
        stack.callback(rest.terminate)
        spent = process.cpu_times().user - processor
        gc.collect()
        after = process.memory_info().rss
        assert gateway.sessions == len(tokens)
        print(f"{connections} connections: {(after - before) / connections / 1024:.2f} KiB each", end=", ")
        print(f"{1000 * spent / connections:.2f} ms of processor time to let one in")
        if trace:
            for line in tracemalloc.take_snapshot().compare_to(first, "lineno")[:40]:
                frame = line.traceback[0]
                where = f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}"
                print(f"{line.size_diff / connections:8.0f} B  {line.count_diff / connections:6.2f}  {where}")


async def open_from_elsewhere(port: int, tokens: list[str]) -> subprocess.Popen[str]:
    """Start the second process and return it once its connections are open."""
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, __file__, "--clients", str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(" ".join(tokens) + "\n")
    process.stdin.flush()
    said = await asyncio.get_running_loop().run_in_executor(None, process.stdout.readline)
    if said != "open\n":
        raise RuntimeError("the clients ended early")
    return process


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--clients", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.clients:
        uvloop.run(be_clients(options.clients, sys.stdin.readline().split()))
        return
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    uvloop.run(measure(options.connections, options.trace))


if __name__ == "__main__":
    main()
