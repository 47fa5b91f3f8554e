"""One box over messages, people and conversations.

What was typed is taken apart here and names become ids; who may see what is the store's business.  A name that nobody
has finds nothing, and so does a place the caller may not look into: the answer does not say which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hubbub.base.ids import parse_id
from hubbub.chat import checks
from hubbub.chat.model import MAX_SEQ, Caller, ConversationState, MessageRow, UserRow
from hubbub.chat.ports import LogReader
from hubbub.chat.search.folding import fold, normal
from hubbub.chat.search.found import Found, Hit, Wanted
from hubbub.chat.search.query import Asked, take_apart
from hubbub.chat.search.snippet import snippet
from hubbub.chat.search.terms import has_file, text_of
from hubbub.chat.search.words import Words

BESIDE = 5
"""So many people and conversations are shown beside the messages."""
_PLACES = 20
"""So many conversations may have a name that is looked for."""


class Finding:
    """Answers a query from what a store has."""

    def __init__(self, store: LogReader) -> None:
        self._store = store

    async def search(self, caller: Caller, asked: Asked, cursor: str, limit: int) -> Found:
        """Return a page of messages, and with the first one people and conversations."""
        words = Words(asked.words, last_goes_on=not asked.ended)
        narrowed = asked.senders or asked.places or asked.has_file
        bounded = asked.before_ms is not None or asked.after_ms is not None
        if not words and (asked.words or not (narrowed or bounded)):
            return Found()
        messages, following = await self._messages(caller, asked, checks.a_cursor(cursor), limit)
        hits = tuple(_hit(row, words) for row in messages)
        if cursor or narrowed or bounded:
            return Found(hits, following)
        people, conversations = await self._names(caller, " ".join(asked.words))
        return Found(hits, following, people, conversations)

    async def _messages(self, caller: Caller, asked: Asked, cursor: str, limit: int) -> tuple[list[MessageRow], str]:
        senders = await self._senders(caller, asked.senders)
        places = await self._places(caller, asked.places)
        if (asked.senders and not senders) or (asked.places and not places):
            return [], ""
        wanted = Wanted(
            tuple(asked.words),
            not asked.ended,
            tuple(senders),
            tuple(places),
            0 if asked.after_ms is None else asked.after_ms,
            MAX_SEQ if asked.before_ms is None else asked.before_ms,
            asked.has_file,
        )
        return await self._store.search(caller.user_id, wanted, cursor, limit)

    async def _senders(self, caller: Caller, names: Sequence[str]) -> list[str]:
        found: set[str] = set()
        asked_for: list[str] = []
        for name in names:
            if name.casefold() == "me":
                found.add(caller.user_id)
            elif (id_ := _id(name)) is not None:
                found.add(id_)
            else:
                asked_for.append(name)
        if asked_for:
            found.update(row.id for row in await self._store.users([], asked_for))
        return sorted(found)

    async def _places(self, caller: Caller, names: Sequence[str]) -> list[str]:
        found: set[str] = set()
        for name in names:
            if (id_ := _id(name)) is not None:
                found.add(id_)
                continue
            states = await self._store.find_conversations(caller.user_id, name, _PLACES)
            channels, _ = await self._store.channels(caller.user_id, name, "", _PLACES)
            known = {state.conversation.id: state.conversation.title for state in (*states, *channels)}
            exactly = {id_ for id_, title in known.items() if _folded(title) == _folded(name)}
            found |= exactly or known.keys()
        return sorted(found)

    async def _names(self, caller: Caller, query: str) -> tuple[tuple[UserRow, ...], tuple[ConversationState, ...]]:
        (people, _), mine, (channels, _) = await asyncio.gather(
            self._store.find_users(query, "", BESIDE),
            self._store.find_conversations(caller.user_id, query, BESIDE),
            self._store.channels(caller.user_id, query, "", BESIDE),
        )
        known = {state.conversation.id: state for state in (*mine, *channels)}
        return tuple(people), tuple(known.values())[:BESIDE]


def read_query(query: str, *, from_: str, in_: str, before: str, after: str, has: str) -> Asked:
    """Take a query apart, within bounds."""
    for what, value in (("query", query), ("from", from_), ("in", in_), ("before", before), ("after", after)):
        checks.text(value, checks.QUERY_BYTES, what)
    return take_apart(query, from_=from_, in_=in_, before=before, after=after, has=has)


def _hit(row: MessageRow, words: Words) -> Hit:
    text = normal(text_of(row.post.body))
    pieces = snippet(text, words.find(text) or () if words else ())
    return Hit(
        row.conversation_id,
        row.seq,
        row.time_ms,
        row.sender_id,
        row.post.thread_seq,
        pieces,
        has_file(row.post.body),
    )


def _id(value: str) -> str | None:
    try:
        return parse_id(value)
    except ValueError:
        return None


def _folded(name: str) -> str:
    return fold(normal(name)).text
