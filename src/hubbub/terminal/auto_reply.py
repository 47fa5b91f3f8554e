"""Answers that are given by themselves, by a function that a program may replace.

`:ai` turns them on.  Only what is meant for this person is answered: private chats, and messages that mention them.
Two programs that answer each other would never end, so answers have a pause between them and a limit until a person
speaks, and bots get none.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from hubbub.base.clock import Clock
from hubbub.client import Conversation, Entry, Kind, User
from hubbub.client.models import Post

HOOK_S: Final = 30.0
"""How long a function may take."""

PAUSE_S: Final = 2.0
"""Between two answers in one conversation."""

IN_A_ROW: Final = 50
"""Answers in one conversation until its person says something again."""


class Asked(msgspec.Struct, frozen=True):
    """What a hook is given."""

    text: str
    sender: str
    """The sender's username."""
    sender_id: str
    conversation_id: str
    direct: bool
    """Said in a private chat; otherwise it mentions this person."""


Hook = Callable[[Asked], str | Awaitable[str | None] | None]
"""Returns what to answer, or None for nothing; it may be a coroutine function.  A plain one runs in a thread."""


class HookNotFound(ValueError):
    """There is no such function."""


def asked_of(entry: Entry, place: Conversation, sender: User | None, me: str) -> Asked | None:
    """Return what a hook is asked for an entry; None if it is not meant for `me`."""
    post = entry.action
    if not isinstance(post, Post) or post.withdrawn or entry.sender_id == me or not entry.text:
        return None
    direct = place.kind is Kind.DIRECT
    if not direct and me not in post.mentions:
        return None
    return Asked(entry.text, sender.username if sender else "", entry.sender_id, entry.conversation_id, direct)


def load_hook(name: str) -> Hook:
    """Return the function named `MODULE:FUNCTION`; modules of the present folder count.  Raises HookNotFound."""
    module_name, _, function_name = name.partition(":")
    if not module_name or not function_name:
        raise HookNotFound(f"{name!r} is not MODULE:FUNCTION.")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: object = importlib.import_module(module_name)
        for part in function_name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as exc:
        raise HookNotFound(f"{name!r} cannot be loaded: {exc}") from exc
    if not callable(found):
        raise HookNotFound(f"{name!r} is no function.")
    return found


class AutoReply:
    """Whether and what to answer.  It sends nothing itself."""

    def __init__(self, hook: Hook, clock: Clock) -> None:
        self._hook = hook
        self._clock = clock
        self.on = False
        self._last: dict[str, float] = {}
        self._in_a_row: dict[str, int] = {}

    def person_spoke(self, conversation_id: str) -> None:
        """The person said something there: answers may go on."""
        self._in_a_row.pop(conversation_id, None)

    async def answer(self, asked: Asked, *, bot: bool = False) -> str:
        """Return what to answer; empty for nothing.  Raises what the hook raises, and TimeoutError."""
        where, now = asked.conversation_id, self._clock.monotonic()
        if not self.on or bot or not asked.text:
            return ""
        if self._in_a_row.get(where, 0) >= IN_A_ROW or now - self._last.get(where, -PAUSE_S) < PAUSE_S:
            return ""
        self._last[where] = now
        async with asyncio.timeout(HOOK_S):
            if inspect.iscoroutinefunction(self._hook):
                said = await self._hook(asked)
            else:
                said = await asyncio.to_thread(self._hook, asked)
                if inspect.isawaitable(said):
                    said = await said
        if not said or not self.on:
            return ""
        self._in_a_row[where] = self._in_a_row.get(where, 0) + 1
        return str(said)
