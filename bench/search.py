"""How fast a full log is searched: `python bench/search.py [--messages N] [--database sqlite|postgresql|mariadb]`.

It fills a database with messages of made-up words whose frequencies fall as those of a language do, a third of them
Chinese, in 1,000 conversations of very different size; somebody is in 200 of these and in the largest.  First a node
serves for a while, with all of this to be indexed, and somebody says something fifty times a second: how long that
takes is printed, with the index standing still and with the node at it.  Then the rest of the index is made, without
pauses; how long that took and how large it became is printed, and it is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

sys.path.insert(0, str(Path(__file__).resolve().parent))

from append import server  # type: ignore[import-not-found]

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.model import (
    MAX_SEQ,
    Body,
    Caller,
    ConversationKind,
    ConversationRow,
    Created,
    Entry,
    MemberRow,
    Post,
    Submit,
)
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import Changes, Facts, Needs, NewEntry
from hubbub.chat.search.found import Wanted
from hubbub.chat.settings import ChatSettings
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.opening import open_database
from hubbub.storage.sqlite_database import FILE_NAME
from hubbub.storage.tables.search import search_heads, search_terms

ROOMS = 1_000
MINE = 200
WORDS = 30_000
CHARACTERS = 3_000
SPACING_MS = 500


class Language:
    """Words and characters, the first ones frequent."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(WORDS)]
        self.characters = [chr(0x4E00 + at) for at in rng.sample(range(20_000), CHARACTERS)]
        self._word_weights = list(itertools.accumulate(1 / (at + 2) for at in range(WORDS)))
        self._character_weights = list(itertools.accumulate(1 / (at + 20) for at in range(CHARACTERS)))

    def message(self) -> str:
        choose = self._rng.choices
        if self._rng.random() < 0.33:
            said = "".join(choose(self.characters, cum_weights=self._character_weights, k=self._rng.randint(6, 30)))
            return said + choose(self.words, cum_weights=self._word_weights)[0] if self._rng.random() < 0.3 else said
        return " ".join(choose(self.words, cum_weights=self._word_weights, k=self._rng.randint(3, 24)))


async def fill(store: SqlStore, rng: random.Random, language: Language, messages: int) -> tuple[str, list[str]]:
    """Fill the log; return the searcher and the people who wrote."""
    me = new_id()
    people = [new_id() for _ in range(300)]
    weights = list(itertools.accumulate(1 / (at + 1) for at in range(ROOMS)))
    sizes = Counter(rng.choices(range(ROOMS), cum_weights=weights, k=messages))
    mine = {0, *rng.sample(range(ROOMS), MINE)}
    for room in range(ROOMS):
        id_ = new_id()
        there = [*rng.sample(people, 5), *([me] if room in mine else [])]
        count = sizes[room]
        step_ms = max(1, messages * SPACING_MS // max(count, 1))

        def begin(facts: Facts, id_: str = id_, there: list[str] = there) -> Changes:
            created = Entry(id_, 1, 0, there[0], new_id(), Created(ConversationKind.GROUP))
            row = ConversationRow(id_, ConversationKind.GROUP, head=1, member_count=len(there))
            members = [MemberRow(id_, user, intervals=((1, MAX_SEQ),)) for user in there]
            return Changes(entries=[NewEntry(created, bytes(8))], conversations=[row], members=members)

        await store.commit(Needs(conversations={id_}), begin)
        for at in range(0, count, 1_000):

            def append(
                facts: Facts,
                id_: str = id_,
                there: list[str] = there,
                at: int = at,
                count: int = count,
                step: int = step_ms,
            ) -> Changes:
                row = facts.conversations[id_]
                new = []
                for number in range(at, min(at + 1_000, count)):
                    row.head += 1
                    row.last_time_ms = number * step + 1
                    post = Post(Body(text=language.message()))
                    entry = Entry(id_, row.head, row.last_time_ms, rng.choice(there), new_id(), post)
                    new.append(NewEntry(entry, bytes(8), True))
                return Changes(entries=new, conversations=[row])

            await store.commit(Needs(conversations={id_}), append)
    return me, people


async def serve(store: SqlStore, me: str, language: Language, seconds: float, *, indexing: bool) -> None:
    """Serve with a backlog for a while; print how long a commit takes."""
    settings = ChatSettings(limits_on=False, index_gather_s=0.25 if indexing else 3_600.0)
    node = ChatNode(store, LocalBus(), SystemClock(), settings)
    await node.start()
    taken: list[float] = []
    try:
        caller = Caller(me)
        room = (await node.create_conversation(caller, new_id(), ConversationKind.GROUP, title="Verona")).conversation
        until = time.perf_counter() + seconds
        while (before := time.perf_counter()) < until:
            await node.submit(caller, Submit(room.id, new_id(), Post(Body(text=language.message()))))
            taken.append((time.perf_counter() - before) * 1e3)
            await asyncio.sleep(max(0.0, 0.02 - (time.perf_counter() - before)))
    finally:
        await node.stop()
    taken.sort()
    print(
        f"{len(taken):,} commits while the index {'is made' if indexing else 'stands still'}: median"
        f" {taken[len(taken) // 2]:.1f} ms, 99 % {taken[int(len(taken) * 0.99)]:.1f} ms, worst {taken[-1]:.1f} ms",
        flush=True,
    )


async def ask(store: SqlStore, me: str, name: str, wanted: Callable[[], Wanted], times: int) -> list[float]:
    """Ask for the first page many times; print the median and the slow ones."""
    taken, found = [], 0
    for _ in range(times):
        query = wanted()
        before = time.perf_counter()
        rows, _ = await store.search(me, query, "", 20)
        taken.append((time.perf_counter() - before) * 1e3)
        found += len(rows)
    taken.sort()
    print(
        f"{name:<46} median {taken[times // 2]:>7.1f} ms   95 % {taken[int(times * 0.95)]:>7.1f} ms"
        f"   worst {taken[-1]:>7.1f} ms   {found / times:.0f} found",
        flush=True,
    )
    return taken


async def measure(database: Database, messages: int, times: int, seconds: float) -> None:
    store = SqlStore(database)
    rng = random.Random(7)
    language = Language(rng)
    began = time.perf_counter()
    me, people = await fill(store, rng, language, messages)
    print(f"{messages:,} messages written in {time.perf_counter() - began:.0f} s", flush=True)
    for indexing in (False, True):
        await serve(store, me, language, seconds, indexing=indexing)
    done = await database.read(lambda conn: conn.execute(select(func.sum(search_heads.c.seq))).scalar_one())
    print(f"{int(done or 0):,} entries indexed in these {seconds:g} s", flush=True)
    began = time.perf_counter()
    looked = ""
    while True:
        behind, looked = await store.behind(looked, 100)
        while behind:
            behind = sorted(await store.index(behind, 300))
        if not looked:
            break
    rows = await database.read(lambda conn: conn.execute(select(func.count()).select_from(search_terms)).scalar_one())
    took = time.perf_counter() - began
    print(f"indexed in {took:.0f} s ({messages / took:,.0f} messages/s), {rows:,} rows", flush=True)
    words, characters = language.words, language.characters
    frequent = lambda: rng.choice(words[:50])  # noqa: E731
    rare = lambda: rng.choice(words[5_000:])  # noqa: E731
    kinds: dict[str, Callable[[], Wanted]] = {
        "a frequent word": lambda: Wanted((frequent(),)),
        "a rare word": lambda: Wanted((rare(),)),
        "two frequent words": lambda: Wanted((frequent(), frequent())),
        "a frequent and a rare word": lambda: Wanted((frequent(), rare())),
        "a word that nobody wrote": lambda: Wanted(("zzzzqqqq", "xq")),
        "the first letter of a word": lambda: Wanted((rare()[:1],)),
        "two letters": lambda: Wanted((rare()[:2],)),
        "a frequent word and two letters": lambda: Wanted((frequent(), rare()[:2])),
        "one character": lambda: Wanted((rng.choice(characters),)),
        "two characters": lambda: Wanted(("".join(rng.choices(characters[:100], k=2)),)),
        "four characters": lambda: Wanted(("".join(rng.choices(characters[:30], k=4)),)),
        "a word of one person": lambda: Wanted((frequent(),), senders=(rng.choice(people),)),
        "all of one person": lambda: Wanted((), senders=(rng.choice(people),)),
        "a word before a moment": lambda: Wanted((frequent(),), before_ms=rng.randrange(messages * SPACING_MS)),
        "a rare word before a moment": lambda: Wanted((rare(),), before_ms=rng.randrange(messages * SPACING_MS)),
    }
    everything: list[float] = []
    for name, wanted in kinds.items():
        everything += await ask(store, me, name, wanted, times)
    everything.sort()
    print(f"{'all of these':<46} 95 % {everything[int(len(everything) * 0.95)]:.1f} ms   worst {everything[-1]:.1f} ms")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=20.0, help="How long to serve with a backlog.")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "mariadb"), default="sqlite")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hubbub-search-"))
    try:
        with server(None if options.database == "sqlite" else options.database) as url:
            database = await open_database(url, folder, clock=SystemClock(), accept_unsafe=True)
            try:
                await measure(database, options.messages, options.times, options.seconds)
                if not url:
                    print(f"size of the file: {(folder / FILE_NAME).stat().st_size / 1e6:,.0f} MB")
            finally:
                await database.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    asyncio.run(main())
