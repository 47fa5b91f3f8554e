"""A whole chat node over a real store, with people, and an ear on its bus."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from sqlalchemy import insert
from unit.chat.world import ANNA, BEN, CLEO, DORA, fresh_id, text

from hubbub.base.clock import ManualClock
from hubbub.bus.local import LocalBus
from hubbub.chat.model import Accepted, Action, Caller, ConversationKind, Submit, UserRow
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import ChatStore, Event
from hubbub.chat.settings import ChatSettings
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.memory.store import MemoryStore
from hubbub.storage.sqlite_database import SqliteDatabase
from hubbub.storage.tables.account import users

QUICK = ChatSettings(
    marks_interval_s=0.001, retry_base_s=0.0005, sweep_interval_s=3600.0, schedule_interval_s=3600.0, quiet_s=1.0
)
"""The loops that act by the clock hardly ever run by themselves here: tests call their steps."""


async def a_store(folder: Path, clock: ManualClock, people: Sequence[str]) -> tuple[SqliteDatabase, SqlStore]:
    """Open a store in which these people exist."""
    database = await SqliteDatabase.open(folder, clock=clock)
    rows = [
        {
            "id": user_id,
            "username": f"user{number}",
            "username_key": f"user{number}",
            "display_name": f"User {number}",
            "signature": "",
            "bot": False,
            "is_admin": False,
            "active": True,
            "password_hash": "",
            "auth_epoch": 0,
            "created_ms": 0,
            "last_seen_ms": 0,
            "welcomed": True,
        }
        for number, user_id in enumerate(people)
    ]
    if rows:
        await database.write(lambda conn: conn.execute(insert(users), rows))
    return database, SqlStore(database)


def a_memory(clock: ManualClock, people: Sequence[str]) -> MemoryStore:
    """Return a store in memory in which these people exist."""
    store = MemoryStore(clock)
    for number, user_id in enumerate(people):
        store.add_user(UserRow(user_id, f"user{number}", f"User {number}"))
    return store


class BreakableBus(LocalBus):
    """A bus that loses its connection when told to."""

    broken = False

    async def publish(self, events: Sequence[Event]) -> None:
        if self.broken:
            raise ConnectionError("no bus")
        await super().publish(events)


class Stage:
    """A node, its clock, and everything its bus carried."""

    def __init__(self, store: ChatStore, clock: ManualClock, settings: ChatSettings) -> None:
        self.store = store
        self.clock = clock
        self.heard: list[Event] = []
        self.bus = BreakableBus()
        self.bus.feed(self.heard.extend, everything=True)
        self.node = ChatNode(store, self.bus, clock, settings)

    async def group(self, owner: str = ANNA, *others: str, kind: ConversationKind = ConversationKind.GROUP) -> str:
        """Make a group or a channel."""
        state = await self.node.create_conversation(Caller(owner), fresh_id(), kind, title="The group", user_ids=others)
        return state.conversation.id

    async def does(self, who: str, conversation_id: str, action: Action, *, client_id: str = "") -> Accepted:
        """Submit one command."""
        return await self.node.submit(Caller(who), Submit(conversation_id, client_id or fresh_id(), action))

    async def says(self, who: str, conversation_id: str, words: str = "hello") -> Accepted:
        """Send one message."""
        return await self.does(who, conversation_id, text(words))


@contextlib.asynccontextmanager
async def a_stage(
    folder: Path | None, people: Sequence[str] = (ANNA, BEN, CLEO, DORA), settings: ChatSettings = QUICK
) -> AsyncIterator[Stage]:
    """Set the stage, in memory or in a folder, and take it down."""
    clock = ManualClock()
    async with contextlib.AsyncExitStack() as after:
        store: ChatStore
        if folder is None:
            store = a_memory(clock, people)
        else:
            database, store = await a_store(folder, clock, people)
            after.push_async_callback(database.close)
        stage = Stage(store, clock, settings)
        await stage.node.start()
        after.push_async_callback(stage.node.stop)
        yield stage
