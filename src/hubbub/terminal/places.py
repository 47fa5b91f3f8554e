"""One's conversations as rows: what is unread, in which order they stand, and in which folder.

Rows come whole from the server and are brought up to date by every entry (protocol.md 10.9, 14.5).  It asks nobody
anything; what a row cannot know by folding is said to whoever can ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec.structs import replace

from hubbub.base.clock import Clock
from hubbub.client import Conversation, Draft, Entry, Kind, Notify
from hubbub.client.models import MemberState, Post
from hubbub.terminal.fold import fold_conversation

FOR_EVER_MS: Final = 9_007_199_254_740_991
"""Muted until that: until somebody says otherwise."""


class Section(msgspec.Struct, frozen=True):
    """Conversations that stand together."""

    folder: str
    """Empty: those without one, which come first."""
    places: tuple[Conversation, ...]


class Places:
    """The rows of one person."""

    def __init__(self, me: str, clock: Clock) -> None:
        self._me = me
        self._clock = clock
        self.rows: dict[str, Conversation] = {}
        self._unkept: set[str] = set()

    def __getitem__(self, conversation_id: str) -> Conversation:
        return self.rows[conversation_id]

    def get(self, conversation_id: str) -> Conversation | None:
        """Return a row."""
        return self.rows.get(conversation_id)

    # ------------------------------------------------------------ what changes them

    def remembered(self, earlier: Iterable[Conversation], known: Iterable[Conversation]) -> None:
        """Take up what an earlier run left, here and in the client; of two rows of one the newer."""
        self.rows = {place.id: place for place in earlier}
        for held in known:
            mine = self.rows.get(held.id)
            if mine is None or (held.version, held.as_of) > (mine.version, mine.as_of):
                self.rows[held.id] = held
        self.drop_left()

    def hold(self, place: Conversation) -> None:
        """Take a row as it is now; it is to be kept."""
        self.rows[place.id] = place
        self._unkept.add(place.id)

    def meet(self, place: Conversation) -> None:
        """Take a row that was asked for, unless there is one."""
        self.rows.setdefault(place.id, place)

    def fold(self, entry: Entry) -> bool:
        """Bring a row up to date; True if it must be asked for anew."""
        place = self.rows.get(entry.conversation_id)
        if place is None:
            return False
        folded, again = fold_conversation(place, entry, self._me)
        self.hold(folded)
        return again

    def replace(self, row: Conversation, recent: Iterable[Entry]) -> bool:
        """Take a row of the server, and fold in what was heard since it was read; False if it is an old one."""
        held = self.rows.get(row.id)
        if held is not None and row.version < held.version:
            return False
        for entry in recent:
            row, _ = fold_conversation(row, entry, self._me)
        self.hold(row)
        return True

    def saw(self, conversation_id: str, seq: int) -> bool:
        """The person saw everything up to a seq; False if that is no news."""
        place = self.rows.get(conversation_id)
        if place is None or seq <= place.read_seq:
            return False
        counts = {"unread": 0, "mentions": 0} if seq >= place.as_of else {}
        self.hold(replace(place, read_seq=seq, **counts))
        return True

    def drafted(self, conversation_id: str, draft: Draft, *, thread: int = 0) -> None:
        """The server has taken a draft; one without a text takes it away."""
        place = self.rows.get(conversation_id)
        if place is None:
            return
        kept = (replace(draft, thread_seq=thread),) if draft.text else ()
        if thread:
            others = [one for one in place.own.thread_drafts if one.thread_seq != thread]
            self.hold(replace(place, own=replace(place.own, thread_drafts=(*others, *kept))))
        else:
            self.hold(replace(place, own=replace(place.own, draft=kept[0] if kept else None)))

    def drop_left(self, *, but: str = "") -> None:
        """Forget conversations one is no longer in."""
        for place in list(self.rows.values()):
            if place.state is not MemberState.JOINED and place.kind is not Kind.SYSTEM and place.id != but:
                del self.rows[place.id]

    def keep_only(self, ids: Iterable[str]) -> None:
        """Forget all others."""
        wanted = set(ids)
        self.rows = {id_: place for id_, place in self.rows.items() if id_ in wanted}

    def unkept(self) -> list[Conversation]:
        """Return the rows that changed since the last time."""
        unkept, self._unkept = self._unkept, set()
        return [self.rows[id_] for id_ in unkept if id_ in self.rows]

    # ------------------------------------------------------------ what is shown

    def sections(self) -> list[Section]:
        """Return the rows as they are shown: without a folder, then folder by folder."""
        folders: dict[str, list[Conversation]] = {"": []}
        for place in self._in_order():
            folders.setdefault(place.own.folder, []).append(place)
        return [Section(name, tuple(folders[name])) for name in sorted(folders, key=str.casefold) if folders[name]]

    def listed(self) -> list[Conversation]:
        """Return the rows in the order of `sections`."""
        return [place for section in self.sections() for place in section.places]

    def _in_order(self) -> Iterator[Conversation]:
        """Yield pinned ones first, then the most recent; archived ones only while something is unread."""
        kept = [place for place in self.rows.values() if not place.own.archived or place.unread]
        yield from sorted(kept, key=lambda place: (not place.own.pinned, -place.last_time_ms, place.id))

    def unread_but(self, conversation_id: str) -> int:
        """Return how many other conversations have something unread that is not muted."""
        others = (place for place in self.rows.values() if place.id != conversation_id and not self.is_muted(place))
        return sum(bool(place.unread or place.own.marked_unread) for place in others)

    def is_muted(self, place: Conversation) -> bool:
        """Whether its person wants no word of what is said there."""
        return place.own.muted_until_ms > self._clock.now_ms() or place.own.notify is Notify.NOTHING

    def tells_of(self, place: Conversation, entry: Entry) -> bool:
        """Whether the person is to be told of a message somewhere else."""
        post = entry.action
        if not isinstance(post, Post) or post.withdrawn or entry.sender_id == self._me or self.is_muted(place):
            return False
        match place.own.notify:
            case Notify.ALL:
                return True
            case Notify.MENTIONS:
                return mentions(entry, self._me)
        return place.kind is Kind.DIRECT or mentions(entry, self._me)


def mentions(entry: Entry, user_id: str) -> bool:
    """Whether a message mentions somebody, or everybody."""
    post = entry.action
    return isinstance(post, Post) and (post.mention_all or user_id in post.mentions)
