"""What was written and not sent: one text for each conversation and each thread, on this machine and on the server.

A text is kept here first, so that neither a closed terminal nor a lost connection takes it; the server is told, and
all devices have the same (protocol.md 11.10).  What the server has not taken yet counts more than what it says.
"""

from __future__ import annotations

from typing import Final

from hubbub.client import Client, Draft, HubbubError, State
from hubbub.terminal.local_log import LocalLog
from hubbub.terminal.places import Places

NOTHING: Final = Draft()

Key = tuple[str, int]
"""A conversation, and a thread of it or 0."""


class Drafts:
    """The drafts of one person."""

    def __init__(self, client: Client, log: LocalLog, places: Places) -> None:
        self._client = client
        self._log = log
        self._places = places
        self._mine: dict[Key, Draft] = {}
        """What the server does not know; without a text, one that it is to forget."""
        self._unwritten: set[Key] = set()

    async def begin(self) -> None:
        """Take up what an earlier run left.  Raises HubbubError."""
        self._mine = await self._log.drafts()

    def of(self, conversation_id: str, thread: int = 0) -> Draft:
        """Return what was written there and not sent; without a text, nothing was."""
        mine = self._mine.get((conversation_id, thread))
        if mine is not None:
            return mine
        place = self._places.get(conversation_id)
        if place is None:
            return NOTHING
        if thread:
            return next((one for one in place.own.thread_drafts if one.thread_seq == thread), NOTHING)
        return place.own.draft or NOTHING

    def note(self, conversation_id: str, draft: Draft, *, thread: int = 0) -> bool:
        """Take a text as it is now; True if that is news, which `write` and `tell` are to follow."""
        if not draft.text:
            draft = NOTHING
        if same(draft, self.of(conversation_id, thread)):
            return False
        self._mine[conversation_id, thread] = draft
        self._unwritten.add((conversation_id, thread))
        return True

    async def write(self) -> None:
        """Write down on this machine what was noted.  Raises HubbubError."""
        while self._unwritten:
            key = self._unwritten.pop()
            await self._log.keep_draft(*key, self._mine.get(key))

    async def tell(self) -> None:
        """Tell the server what it does not know, while there is a connection.  Raises HubbubError."""
        for key in list(self._mine):
            if self._client.state is State.ONLINE:
                await self._tell(key)

    async def _tell(self, key: Key) -> None:
        conversation_id, thread = key
        draft = self._mine.get(key)
        if draft is None:
            return
        try:
            await self._client.set_draft(
                conversation_id, draft.text, reply_to_seq=draft.reply_to_seq, thread_seq=thread
            )
        except HubbubError as error:
            if error.retry or error.code == "closed" or (thread and draft.text):
                # It stays here, and is told the next time there is a connection.  So does what an older server
                # does not keep: one of a thread.
                return
        if self._mine.get(key) is draft:
            del self._mine[key]
            self._places.drafted(conversation_id, draft, thread=thread)
            await self._log.keep_draft(*key, None)


def same(one: Draft, other: Draft) -> bool:
    """Whether two drafts say the same, whenever they were kept."""
    return (one.text, one.reply_to_seq) == (other.text, other.reply_to_seq)
