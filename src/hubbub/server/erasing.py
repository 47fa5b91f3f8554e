"""Recall what people wrote who deleted their account, where the operator wants that.

That an account is to be treated so is a row, written with its deletion, and stays until all is done; so a worker that
dies is followed by another, and two at once do each recall once, because its key is a function of the message.  It
speaks as the person, to any chat, and page by page: what it may not recall (a conversation that was left or dissolved)
stays, without a name.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Protocol

from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop
from hubbub.chat.model import Caller, Post, Recall, Submit
from hubbub.chat.service import Chat

__all__ = ["Erasing"]

_log = logging.getLogger(__name__)

_PEOPLE = 10
"""At a time."""


class _Store(Protocol):
    async def to_recall(self, limit: int) -> list[str]: ...

    async def recalled(self, user_id: str) -> None: ...


class Erasing:
    """A worker's loop."""

    def __init__(self, store: _Store, chat: Chat, *, every_s: float = 30.0) -> None:
        self._store = store
        self._chat = chat
        self._loop = Loop("erasing", self.step, every_s=every_s)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def step(self) -> None:
        """Recall everything of a few people."""
        for user_id in await self._store.to_recall(_PEOPLE):
            await self._erase(Caller(user_id))
            await self._store.recalled(user_id)

    async def _erase(self, caller: Caller) -> None:
        cursor = ""
        while True:
            states, cursor = await self._chat.conversations(caller, cursor, 0)
            for state in states:
                await self._erase_in(caller, state.conversation.id)
            if not cursor:
                return

    async def _erase_in(self, caller: Caller, conversation_id: str) -> None:
        after = 0
        while True:
            page = await self._chat.entries(caller, conversation_id, after, 0)
            for entry in page.entries:
                if entry.sender_id == caller.user_id and isinstance(entry.action, Post) and not entry.action.withdrawn:
                    await self._recall(caller, conversation_id, entry.seq)
            if page.to_seq >= page.as_of or page.to_seq <= after:
                return
            after = page.to_seq

    async def _recall(self, caller: Caller, conversation_id: str, seq: int) -> None:
        key = hashlib.blake2b(f"erase {conversation_id} {seq}".encode(), digest_size=16).hexdigest()
        try:
            await self._chat.submit(caller, Submit(conversation_id, key, Recall(seq)))
        except ChatError as refusal:
            if refusal.retry:
                raise
            _log.info("a message of a deleted account stays: %s", refusal)
