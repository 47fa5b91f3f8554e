"""The local log of the SDK and that of the terminal app promise different things, and say the same of a message."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.client.log import SCHEMA, MessageLog, write_log
from hubbub.client.models import Action, Body, ConversationChange, Edit, Entry, Message, Pin, Post, Reaction, Recall
from hubbub.terminal.local_log import MEMORY, LocalLog

WHERE, ME, OTHER = "d" * 32, "a" * 32, "b" * 32

TEXTS = st.sampled_from(["Soft!", "soft light", "ＳＯＦＴ", "Straße 100%", "今天天气很好", "a_b\\c"])
TARGETS = st.integers(1, 12)
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    TEXTS.map(lambda text: Post(Body(text))),
    st.builds(lambda target, text: Edit(target, Body(text)), TARGETS, TEXTS),
    st.builds(lambda target: Recall(target), TARGETS),
    st.builds(lambda target: Reaction(target, "🌹", True), TARGETS),
    st.builds(lambda target: Pin(target, True), TARGETS),
    st.builds(lambda kept_from: ConversationChange(kept_from=kept_from), TARGETS),
)


def entries_of(actions: list[Action]) -> list[Entry]:
    return [
        Entry(WHERE, seq, seq * 1000, ME if seq % 2 else OTHER, f"{seq:032x}", possible(action, seq))
        for seq, action in enumerate(actions, 1)
    ]


def possible(action: Action, seq: int) -> Action:
    """No entry says of what comes after it that it is gone."""
    if isinstance(action, ConversationChange) and action.kept_from is not None:
        return ConversationChange(kept_from=min(action.kept_from, seq))
    return action


Told = tuple[list[tuple[int, str, str, bool, bool]], list[int]]
"""What a log says of a conversation, and where it finds a word."""


async def in_the_sdk(entries: list[Entry], word: str) -> Told:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for statement in SCHEMA.split(";\n"):
        db.execute(statement)
    for entry in entries:
        write_log(db, [entry])
    # What is heard again changes nothing.
    write_log(db, [entry for entry in entries if isinstance(entry.action, Post | ConversationChange)])

    async def run(work: Callable[[sqlite3.Connection], Any]) -> Any:
        return work(db)

    log = MessageLog(run)
    said = [
        (one.seq, one.sender_id, one.text, one.recalled, one.edited and not one.recalled)
        for one in await log.history(WHERE)
    ]
    found = sorted(one.seq for one in await log.search(word))
    db.close()
    return said, found


async def in_the_app(entries: list[Entry], word: str) -> Told:
    log = LocalLog(MEMORY)
    await log.open()
    for entry in entries:
        await log.note([entry], ME)
    await log.note(entries[-3:], ME)
    held = await log.page(WHERE)
    messages = [item for item in held.page.items if isinstance(item, Message)] if held is not None else []
    said = [(one.seq, one.sender_id, one.text, one.recalled, bool(one.edits) and not one.recalled) for one in messages]
    found = sorted(one.seq for one in await log.search(word))
    await log.close()
    return said, found


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTIONS, min_size=1, max_size=12), TEXTS)
async def test_whatever_happened_both_logs_tell_the_same(actions: list[Action], word: str) -> None:
    entries = entries_of(actions)
    assert await in_the_sdk(entries, word) == await in_the_app(entries, word)
