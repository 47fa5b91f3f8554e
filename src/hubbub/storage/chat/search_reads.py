"""Finding messages by the index, newest first.

Only the reader's own conversations are looked into, and in these only what lies within the reader's intervals: so
nothing is found and then thrown away because it may not be seen, and a page is never short for that reason.  Blocks are
opened in the order of their newest message and no more of them than a page needs; what they propose is read from the
log as it is now, and looked at once more.  What was edited, recalled or hidden since is right at once.

A query that finds too little in too much ends early, with a cursor at which it goes on.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from hubbub.base.errors import ChatError
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import ConversationRow, MessageRow
from hubbub.chat.search.found import Wanted
from hubbub.chat.search.order import Place, cursor_at, is_meant, place, place_of
from hubbub.chat.search.terms import ANYBODY, HAS_FILE, from_sender
from hubbub.chat.search.words import Words
from hubbub.storage.chat.cut import cut_messages
from hubbub.storage.chat.facts import load_messages
from hubbub.storage.chat.look import look
from hubbub.storage.chat.postings import descending, unpacked
from hubbub.storage.chat.rows import conversation_of, member_of
from hubbub.storage.chat.sight import Spans, clip, end_of, kept, sight
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.chat import conversations, hidden, members
from hubbub.storage.tables.search import BLOCK, search_blocks

_AT_ONCE = 200
_FIRST_WAVE = 4
_LONGEST_WAVE = 512
_OPENED_AT_ONCE = 16
_READ_AT_ONCE = 48
_LOOKED_AT = 2_000
"""Messages that one query reads to see whether they are meant."""
_ROWS = 60_000
"""Rows of the index that one query reads."""

_Sight = tuple[ConversationRow, Spans]


class _Block:
    """A block with what is left to look at in it."""

    __slots__ = ("bits", "first_ms", "id", "last_ms", "number", "place")

    def __init__(self, id_: str, number: int, first_ms: int, last_ms: int) -> None:
        self.id = id_
        self.number = number
        self.first_ms = first_ms
        self.last_ms = last_ms
        self.bits = 0
        self.place: Place = (-last_ms, "", 0)
        """Everything left stands behind this."""

    def take(self, most: int) -> list[tuple[str, int]]:
        """Return the newest of what is left, and leave the rest."""
        taken: list[tuple[str, int]] = []
        for number in descending(self.bits):
            if len(taken) == most:
                break
            taken.append((self.id, self.number * BLOCK + number))
            self.bits ^= 1 << number
        return taken


def find_messages(
    conn: Connection, dialect: Dialect, user_id: str, wanted: Wanted, cursor: str, limit: int
) -> tuple[list[MessageRow], str]:
    """Return a page of messages, newest first, and where the next one begins."""
    search = _Search(conn, dialect, user_id, wanted, place_of(cursor) if cursor else (-wanted.before_ms, "", 0))
    found: list[MessageRow] = []
    while (message := search.next()) is not None:
        if len(found) == limit:
            return found, cursor_at(place(found[-1]))
        found.append(message)
    return found, "" if search.stopped is None else cursor_at(search.stopped)


class _Search:
    def __init__(self, conn: Connection, dialect: Dialect, user_id: str, wanted: Wanted, behind: Place) -> None:
        self.stopped: Place | None = None
        """Where it ended before its end."""
        self._conn = conn
        self._dialect = dialect
        self._user_id = user_id
        self._wanted = wanted
        self._behind = behind
        self._words = Words(wanted.words, last_goes_on=wanted.last_goes_on)
        self._sights = _sights(conn, user_id, wanted.conversation_ids)
        self._unopened = self._blocks()
        self._wave = _FIRST_WAVE
        self._heap: list[tuple[Place, int, _Block | MessageRow]] = []
        self._pushed = 0
        self._rows = 0
        self._looked_at = 0

    def next(self) -> MessageRow | None:
        """Return the next message, or None at the end or where it stopped."""
        while True:
            while self._unopened and (not self._heap or -self._unopened[-1].last_ms <= self._heap[0][0][0]):
                following: Place = (-self._unopened[-1].last_ms, "", 0)
                if self._rows >= _ROWS and following > self._behind:
                    self.stopped = following
                    return None
                self._open_wave()
            if not self._heap:
                return None
            at, _, item = self._heap[0]
            if isinstance(item, MessageRow):
                heapq.heappop(self._heap)
                return item
            if self._looked_at >= _LOOKED_AT and at > self._behind:
                self.stopped = at
                return None
            self._read()

    def _push(self, at: Place, item: _Block | MessageRow) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (at, self._pushed, item))

    # ------------------------------------------------------------ blocks

    def _blocks(self) -> list[_Block]:
        """Return the blocks in which something may be, the newest at the end."""
        ids = list(self._sights)
        found: list[_Block] = []
        for at in range(0, len(ids), _AT_ONCE):
            statement = select(*search_blocks.c).where(
                search_blocks.c.conversation_id.in_(ids[at : at + _AT_ONCE]),
                search_blocks.c.first_ms <= -self._behind[0],
                search_blocks.c.last_ms >= self._wanted.after_ms,
            )
            found += [_Block(*row) for row in self._conn.execute(statement)]
        found.sort(key=lambda block: (block.last_ms, block.id, block.number))
        return found

    def _open_wave(self) -> None:
        blocks = [self._unopened.pop() for _ in range(min(self._wave, len(self._unopened)))]
        self._wave = min(self._wave * 4, _LONGEST_WAVE)
        blocks = self._with_terms(blocks)
        for block in blocks:
            block.bits &= self._visible(block)
        blocks = [block for block in blocks if block.bits]
        self._skip_newer([block for block in blocks if block.last_ms >= -self._behind[0]])
        for block in blocks:
            if block.bits:
                self._push(max(block.place, (self._behind[0], "", 0)), block)

    def _visible(self, block: _Block) -> int:
        conversation, spans = self._sights[block.id]
        start = block.number * BLOCK
        high = min(start + BLOCK - 1, conversation.head)
        if block.id == self._behind[1] and -self._behind[2] <= high:
            # Of what has the cursor's own time, what is not older in its conversation was shown.
            high = -self._behind[2] - 1
        bits = 0
        for first, last in clip(spans, start, high):
            bits |= ((1 << (last - first + 1)) - 1) << (first - start)
        return bits

    def _with_terms(self, blocks: list[_Block]) -> list[_Block]:
        """Return the blocks in which all terms are, with the bits of the messages that have them all."""
        terms = set(self._words.terms)
        if self._wanted.has_file:
            terms.add(HAS_FILE)
        choices = [(from_sender(user_id),) for user_id in self._wanted.senders]
        senders = {choice for each in choices for choice in each}
        beginnings = sorted(self._words.beginnings, key=len, reverse=True)
        if not terms and not senders and not beginnings:
            beginnings = [ANYBODY]
        if terms or senders:
            keys = [(block.id, block.number, term) for block in blocks for term in terms | senders]
            found: defaultdict[tuple[str, int], dict[bytes, int]] = defaultdict(dict)
            for id_, number, term, postings in self._dialect.find_postings(self._conn, keys):
                found[id_, number][term] = unpacked(postings)
                self._rows += 1
            for block in blocks:
                have = found.get((block.id, block.number), {})
                bits = -1
                for term in terms:
                    bits &= have.get(term, 0)
                if senders:
                    bits &= _union(have.get(term, 0) for term in senders)
                block.bits = bits
            blocks = [block for block in blocks if block.bits]
        else:
            for block in blocks:
                block.bits = -1
        for beginning in beginnings:
            unions: defaultdict[tuple[str, int], int] = defaultdict(int)
            places = [(block.id, block.number) for block in blocks]
            for id_, number, _, postings in self._dialect.find_beginnings(self._conn, places, beginning):
                unions[id_, number] |= unpacked(postings)
                self._rows += 1
            for block in blocks:
                block.bits &= unions.get((block.id, block.number), 0)
            blocks = [block for block in blocks if block.bits]
        return blocks

    def _skip_newer(self, blocks: Sequence[_Block]) -> None:
        """Drop what is too new from blocks that begin before a moment and end after it.

        Times never fall along a conversation, so the place is found by halving, in all blocks at once.
        """
        upto_ms = -self._behind[0]
        places = {block: list(descending(block.bits)) for block in blocks}
        bounds = {block: (0, len(numbers)) for block, numbers in places.items()}
        while open_ := {block: (low + high) // 2 for block, (low, high) in bounds.items() if low < high}:
            keys = {block: (block.id, block.number * BLOCK + places[block][at]) for block, at in open_.items()}
            times = {key: row.time_ms for key, row in self._load(keys.values()).items()}
            for block, at in open_.items():
                low, high = bounds[block]
                newer = times.get(keys[block], 0) > upto_ms
                bounds[block] = (at + 1, high) if newer else (low, at)
        for block, (low, _) in bounds.items():
            for number in places[block][:low]:
                block.bits ^= 1 << number

    # ------------------------------------------------------------ messages

    def _read(self) -> None:
        """Look at the newest messages of the blocks that come next."""
        blocks: list[_Block] = []
        kept = []
        while self._heap and len(blocks) < _OPENED_AT_ONCE:
            at, number, item = heapq.heappop(self._heap)
            if isinstance(item, _Block):
                blocks.append(item)
            else:
                kept.append((at, number, item))
        for each in kept:
            heapq.heappush(self._heap, each)
        most = max(_READ_AT_ONCE // len(blocks), 4)
        taken = {block: block.take(most) for block in blocks}
        keys = [key for each in taken.values() for key in each]
        self._looked_at += len(keys)
        messages = self._load(keys)
        withheld = self._hidden(keys)
        for block, candidates in taken.items():
            oldest: MessageRow | None = None
            for key in candidates:
                message = messages.get(key)
                if message is None:
                    continue
                oldest = message
                if key in withheld or place(message) <= self._behind:
                    continue
                message = self._as_seen(message)
                if is_meant(self._wanted, self._words, message):
                    self._push(place(message), message)
            if block.bits and (oldest is None or oldest.time_ms >= self._wanted.after_ms):
                block.place = block.place if oldest is None else max(block.place, place(oldest))
                self._push(max(block.place, (self._behind[0], "", 0)), block)

    def _load(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], MessageRow]:
        return load_messages(self._conn, self._dialect, keys)

    def _hidden(self, keys: Sequence[tuple[str, int]]) -> set[tuple[str, int]]:
        statement = select(hidden.c.conversation_id, hidden.c.seq).where(
            hidden.c.user_id == self._user_id,
            hidden.c.conversation_id.in_({id_ for id_, _ in keys}),
            hidden.c.seq.in_({seq for _, seq in keys}),
        )
        return {(row.conversation_id, row.seq) for row in self._conn.execute(statement)}

    def _as_seen(self, message: MessageRow) -> MessageRow:
        conversation, spans = self._sights[message.conversation_id]
        if end_of(spans, conversation.head) == conversation.head:
            return message
        return cut_messages(self._conn, conversation, spans, [message])[0]


def _union(sets: Iterable[int]) -> int:
    bits = 0
    for each in sets:
        bits |= each
    return bits


def _sights(conn: Connection, user_id: str, conversation_ids: Sequence[str]) -> dict[str, _Sight]:
    """Return what the reader may look into: what is named, or else everything the reader is or was in."""
    found: dict[str, _Sight] = {}
    if conversation_ids:
        for id_ in conversation_ids:
            try:
                seen = look(conn, user_id, id_)
            except ChatError:
                # Nothing is found in what the reader may not look into, whether or not it exists.
                continue
            found[id_] = (seen.conversation, seen.spans)
        return found
    mine = {row.conversation_id: member_of(row) for row in conn.execute(_MINE.where(members.c.user_id == user_id))}
    ids = [*mine.keys(), *({SYSTEM_CONVERSATION} - mine.keys())]
    for at in range(0, len(ids), _AT_ONCE):
        rows: Any = conn.execute(select(conversations).where(conversations.c.id.in_(ids[at : at + _AT_ONCE])))
        for row in rows:
            conversation = conversation_of(row)
            try:
                found[row.id] = (conversation, kept(conversation, sight(conversation, mine.get(row.id))))
            except ChatError:
                continue
    return found


_MINE = select(members)
