"""How fast the log takes plain messages: `python bench/append.py [--conversations N] [--seconds S]`.

It commits batches through `SqlStore` with the smallest planner there can be, so that what is measured is the storage
alone: the transaction, the statements and the disk.  Messages of 200 bytes go to conversations of two people in turn.
Printed are messages per second and the CPU of the whole process and of the event loop's thread per message.  With
`--busy` the event loop computes all the while, as it does under load, so that the writing thread must win back the
interpreter's lock each time it has given it away; the loop's share is then meaningless.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from hubbub.base.clock import SystemClock
from hubbub.base.ids import direct_id, new_id
from hubbub.chat.model import (
    MAX_SEQ,
    Body,
    ConversationKind,
    ConversationRow,
    Created,
    Entry,
    MemberRow,
    Post,
)
from hubbub.chat.ports import Changes, Facts, Needs, NewEntry
from hubbub.lab.servers import MariaDbServer, PostgresServer
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.opening import open_database

TEXT = "m" * 200


async def make_conversations(store: SqlStore, count: int) -> list[tuple[str, str]]:
    """Make private chats; return (conversation, one of the two)."""
    made: list[tuple[str, str]] = []
    for _ in range(count):
        one, other = sorted((new_id(), new_id()))
        id_ = direct_id(one, other)

        def plan(facts: Facts, id_: str = id_, one: str = one, other: str = other) -> Changes:
            created = Created(ConversationKind.DIRECT, user_ids=(one, other))
            return Changes(
                entries=[NewEntry(Entry(id_, 1, 0, one, new_id(), created), bytes(8))],
                conversations=[
                    ConversationRow(id_, ConversationKind.DIRECT, head=1, member_count=2, peers=(one, other))
                ],
                members=[MemberRow(id_, user, intervals=((1, MAX_SEQ),)) for user in (one, other)],
            )

        await store.commit(Needs(conversations={id_}), plan)
        made.append((id_, one))
    return made


async def append(store: SqlStore, batch: list[tuple[str, str]]) -> None:
    """Store one message for each (conversation, sender)."""
    posts = [(id_, sender, new_id()) for id_, sender in batch]
    needs = Needs(
        conversations={id_ for id_, _ in batch},
        keys=set(posts),
        members=set(batch),
    )

    def plan(facts: Facts) -> Changes:
        changes = Changes()
        now = time.time_ns() // 1_000_000
        for key in posts:
            id_, sender, client_id = key
            if key in facts.keys or (id_, sender) not in facts.members:
                continue
            conversation = facts.conversations[id_]
            conversation.head += 1
            conversation.last_time_ms = max(conversation.last_time_ms, now)
            entry = Entry(id_, conversation.head, conversation.last_time_ms, sender, client_id, Post(Body(text=TEXT)))
            changes.entries.append(NewEntry(entry, bytes(8), counts=True))
            changes.audiences[id_] = facts.audiences[id_]
        changes.conversations = list(facts.conversations.values())
        return changes

    done = await store.commit(needs, plan)
    await store.clear_outbox(done.outbox_id)


async def keep_busy() -> None:
    """Compute in slices of half a millisecond, like a gateway that serves many sockets."""
    while True:
        until = time.perf_counter() + 0.0005
        while time.perf_counter() < until:
            sum(range(50))
        await asyncio.sleep(0)


async def measure(store: SqlStore, chats: list[tuple[str, str]], size: int, seconds: float, writers: int) -> None:
    stored = commits = at = 0
    slowest = 0.0
    began, cpu, loop_cpu = time.perf_counter(), time.process_time(), time.thread_time()

    async def write() -> None:
        nonlocal stored, commits, at, slowest
        while time.perf_counter() - began < seconds:
            batch = [chats[(at + n) % len(chats)] for n in range(size)]
            at += size
            before = time.perf_counter()
            await append(store, batch)
            slowest = max(slowest, time.perf_counter() - before)
            stored += size
            commits += 1

    async with asyncio.TaskGroup() as all_of_them:
        for _ in range(writers):
            all_of_them.create_task(write())
    elapsed = time.perf_counter() - began
    cpu, loop_cpu = time.process_time() - cpu, time.thread_time() - loop_cpu
    print(
        f"{size:>6} {stored / elapsed:>12,.0f} {cpu / stored * 1e6:>14.1f} {loop_cpu / stored * 1e6:>15.1f}"
        f" {elapsed / commits * 1e3:>10.2f} {slowest * 1e3:>10.1f}"
    )


@contextlib.contextmanager
def server(name: str | None) -> Iterator[str]:
    """Start a database server of this name; yield the URL of an empty database, empty for none."""
    if name is None:
        yield ""
        return
    servers: dict[str, Callable[[], MariaDbServer | PostgresServer]] = {
        "mariadb": lambda: MariaDbServer(settings={"innodb-buffer-pool-size": "512M", "innodb-log-file-size": "512M"}),
        "postgresql": PostgresServer,
    }
    with servers[name]() as started:
        yield started.new_database()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--sizes", type=int, nargs="*", default=[8, 64, 200])
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--switch-ms", type=float, default=sys.getswitchinterval() * 1e3)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--url", default="")
    parser.add_argument("--server", choices=["postgresql", "mariadb"])
    parser.add_argument("--writers", type=int, default=1)
    options = parser.parse_args()
    sys.setswitchinterval(options.switch_ms / 1e3)
    with server(options.server) as url:
        await run(options, options.url or url)


async def run(options: argparse.Namespace, url: str) -> None:
    folder = Path(tempfile.mkdtemp(dir=options.data, prefix="hubbub-append-"))
    db = await open_database(url, folder, clock=SystemClock())
    try:
        store = SqlStore(db)
        chats = await make_conversations(store, options.conversations)
        what = make_url(url).get_backend_name() if url else "SQLite, synchronous=FULL"
        print(f"{os.cpu_count()} cores, {what}, {options.conversations} conversations, 200 bytes")
        print(" batch   messages/s   CPU us/message   of it the loop   ms/commit   slowest ms")
        busy = asyncio.create_task(keep_busy()) if options.busy else None
        for size in options.sizes:
            await measure(store, chats, size, options.seconds, options.writers)
        if busy is not None:
            busy.cancel()
    finally:
        await db.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    asyncio.run(main())
