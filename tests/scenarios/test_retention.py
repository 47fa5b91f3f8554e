"""Messages are kept for some days: who was away meanwhile misses nothing that is still there, and sees no hole."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.house import House
from support.stage import Stage

from hubbub.client import Entry, EntryEvent, Event, ResetEvent, Transport
from hubbub.client.models import Conversation, ConversationChange
from hubbub.storage.sqlite_database import FILE_NAME

DAY_MS = 86_400_000


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    house = House(tmp_path, chat_keep_days="30", chat_retention_look_s="0.2")
    await house.opens()
    stage = Stage(house, Transport.WEBSOCKET, tmp_path)
    yield stage
    await stage.close()
    assert await house.closes() == 0, house.log()


def forty_days_pass(house: House) -> None:
    """Make everything that a server which is closed has stored as old as that."""
    with sqlite3.connect(house.data / FILE_NAME) as db:
        db.execute("UPDATE entries SET time_ms = time_ms - ?", (40 * DAY_MS,))
        db.execute("UPDATE conversations SET last_time_ms = last_time_ms - ?", (40 * DAY_MS,))
    db.close()


def lets_go(entry: Entry) -> int | None:
    return entry.action.kept_from if isinstance(entry.action, ConversationChange) else None


async def test_who_was_away_comes_back_over_what_is_gone(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    group = await romeo.gathers("Verona", juliet)
    await romeo.says(group, "heard long ago")
    assert await juliet.hears(1, where=group) == ["heard long ago"]
    await juliet.goes_offline()
    for n in range(3):
        await romeo.says(group, f"never heard {n}")
    await stage.house.closes()
    forty_days_pass(stage.house)
    await stage.house.opens()
    assert await romeo.awaits_entry(lets_go) == 6, "who is there hears of it"
    new = await romeo.says(group, "new")
    await juliet.returns()
    # The log has no hole: she is shown what is there, and never what is gone.
    resets: list[ResetEvent] = []

    def new_one(event: Event) -> bool | None:
        if isinstance(event, ResetEvent):
            resets.append(event)
        return True if isinstance(event, EntryEvent) and event.entry.seq == new.seq else None

    await juliet.awaits(new_one)
    await juliet.hears_nothing()
    assert resets == []
    assert [entry.seq for entry in juliet.entries if entry.conversation_id == group.id] == [1, 2, 6, new.seq]
    state: Conversation = await juliet.client.conversation(group.id)
    assert (state.unread, state.kept_from, state.as_of) == (1, 6, new.seq)
    page = await juliet.client.history(group.id)
    assert [item.text for item in page.items if hasattr(item, "text")] == ["new"]
    assert (await romeo.client.conversation(group.id)).unread == 0
