"""How long reads take: `python bench/reads.py [--entries N]`.

It fills a database through `SqlStore` and prints the time of resuming 500 conversations of which 5 changed, of history
and entry pages of a long log against a short one, and of the state of a person with everything unread.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from append import TEXT, append  # type: ignore[import-not-found]

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.chat.model import MAX_SEQ, Body, ConversationKind, ConversationRow, Created, Entry, MemberRow, Post
from hubbub.chat.ports import Changes, Facts, Needs, NewEntry
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.sqlite_database import SqliteDatabase


async def make(store: SqlStore, people: list[str]) -> str:
    """Make a group of these people."""
    id_ = new_id()

    def plan(facts: Facts) -> Changes:
        return Changes(
            entries=[NewEntry(Entry(id_, 1, 0, people[0], new_id(), Created(ConversationKind.GROUP)), bytes(8))],
            conversations=[ConversationRow(id_, ConversationKind.GROUP, head=1, member_count=len(people))],
            members=[MemberRow(id_, user, intervals=((1, MAX_SEQ),)) for user in people],
        )

    await store.commit(Needs(conversations={id_}), plan)
    return id_


async def fill(store: SqlStore, id_: str, sender: str, count: int) -> None:
    """Append so many messages."""
    while count > 0:
        size = min(count, 2000)
        count -= size

        def plan(facts: Facts, size: int = size) -> Changes:
            row = facts.conversations[id_]
            new = []
            for _ in range(size):
                row.head += 1
                new.append(NewEntry(Entry(id_, row.head, 0, sender, new_id(), Post(Body(text=TEXT))), bytes(8), True))
            return Changes(entries=new, conversations=[row])

        await store.commit(Needs(conversations={id_}), plan)


async def timed(name: str, look: Callable[[], Awaitable[object]], times: int = 200) -> None:
    """Print the median and the worst of many."""
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        await look()
        taken.append((time.perf_counter() - before) * 1e3)
    print(f"{name:<44} {statistics.median(taken):>8.2f} ms   95 %: {sorted(taken)[int(times * 0.95)]:>8.2f} ms")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hubbub-reads-"))
    db = await SqliteDatabase.open(folder, clock=SystemClock())
    try:
        store = SqlStore(db)
        me, other = new_id(), new_id()
        rooms = [await make(store, [me, other]) for _ in range(500)]
        await append(store, [(room, other) for room in rooms])
        version = (await store.user_state(me, 0, 1000)).version
        await append(store, [(room, other) for room in rooms[:5]])
        have = [(room, 2) for room in rooms]
        await timed(
            "resume, 500 held and 5 changed", lambda: store.resume(me, have, version, limit=200, state_limit=100)
        )
        await timed("user state, 500 conversations, first 100", lambda: store.user_state(me, 0, 100), 20)
        await timed("conversation list, first 50", lambda: store.conversations(me, "", 50), 20)
        await timed("audience, 500 conversations", lambda: store.audience(me), 20)
        short, long = await make(store, [me, other]), await make(store, [me, other])
        await fill(store, short, other, 1_000)
        began = time.perf_counter()
        await fill(store, long, other, options.entries)
        print(f"filled {options.entries:,} entries in {time.perf_counter() - began:.0f} s")
        for name, room in (("1,000", short), (f"{options.entries:,}", long)):
            middle = (await store.heads([room]))[room] // 2
            await timed(f"newest history page of {name}", lambda room=room: store.history(me, room, limit=50))  # type: ignore[misc]
            await timed(
                f"middle history page of {name}",
                lambda room=room, middle=middle: store.history(me, room, before_seq=middle, limit=50),  # type: ignore[misc]
            )
            await timed(f"100 entries of {name}", lambda room=room, middle=middle: store.entries(me, room, middle, 100))  # type: ignore[misc]
            await timed(f"state with all unread of {name}", lambda room=room: store.conversation(me, room))  # type: ignore[misc]
    finally:
        await db.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    asyncio.run(main())
