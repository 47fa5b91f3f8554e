"""Searching the memory store: every message is looked at, which says what an index must find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubbub.base.errors import ChatError
from hubbub.chat.model import ConversationKind, ConversationState, MemberState, MessageRow
from hubbub.chat.search.found import Wanted
from hubbub.chat.search.order import cursor_at, is_meant, place, place_of
from hubbub.chat.search.words import Words
from hubbub.storage.chat.named import contains
from hubbub.storage.chat.sight import within
from hubbub.storage.memory.reads import MemoryReader
from hubbub.storage.memory.tables import Seen


class MemorySearch(MemoryReader):
    """The searching part of `MemoryStore`."""

    async def search(self, user_id: str, wanted: Wanted, cursor: str, limit: int) -> tuple[list[MessageRow], str]:
        words = Words(wanted.words, last_goes_on=wanted.last_goes_on)
        found = [row for seen in self._seen(user_id, wanted) for row in self._messages(user_id, seen)]
        found = sorted((row for row in found if is_meant(wanted, words, row)), key=place)
        if cursor:
            found = [row for row in found if place(row) > place_of(cursor)]
        return found[:limit], cursor_at(place(found[limit - 1])) if len(found) > limit else ""

    def _seen(self, user_id: str, wanted: Wanted) -> Iterator[Seen]:
        mine = [conversation.id for conversation, _ in self._pairs(user_id)]
        for id_ in wanted.conversation_ids or mine:
            try:
                yield self._tables.look(user_id, id_)
            except ChatError:
                continue

    def _messages(self, user_id: str, seen: Seen) -> Iterator[MessageRow]:
        id_ = seen.conversation.id
        for seq in range(1, seen.end + 1):
            message = self._tables.message(id_, seq)
            if message is None or not within(seen.spans, seq) or (user_id, id_, seq) in self._tables.hidden:
                continue
            yield self._state_of(user_id, seen.conversation, seen.spans, message).message

    async def find_conversations(self, user_id: str, query: str, limit: int) -> list[ConversationState]:
        found = []
        for pair in self._pairs(user_id):
            conversation, member = pair
            if member.state is not MemberState.JOINED or conversation.kind is ConversationKind.SYSTEM:
                continue
            called: tuple[str, ...] = (conversation.title,)
            if conversation.peers is not None:
                low, high = conversation.peers
                peer = self._tables.users.get(high if low == user_id else low)
                called = (peer.username, peer.display_name) if peer else ()
            if any(contains(name, query) for name in called):
                found.append(pair)
        found.sort(key=lambda pair: (-pair[0].last_time_ms, pair[0].id))
        return [self._state(user_id, pair) for pair in found[:limit]]

    async def index(self, conversation_ids: Sequence[str], most: int) -> set[str]:
        return set()

    async def behind(self, after: str, limit: int) -> tuple[list[str], str]:
        return [], ""
