"""What this client has of every conversation, and what it must ask for.

Entries arrive live, on return, and from fetches, in any interleaving; they leave once and in order, as events.  This
module keeps one `Timeline` per conversation, the person's rows and their version, and says what to fetch; sending the
requests is its owner's work, so it is tested without a connection.

When nobody takes the events (`room` is false), entries are not kept here: their conversation is remembered as behind
and read again from the log once there is room.  So memory stays bounded and nothing is lost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

from hubbub.client.errors import HubbubError
from hubbub.client.models import (
    ContactEvent,
    Conversation,
    ConversationEvent,
    EmojiEvent,
    EntryEvent,
    Event,
    Kind,
    Mark,
    MarksEvent,
    MemberState,
    PresenceEvent,
    ProfileEvent,
    ReminderEvent,
    ResetEvent,
    SignedInEvent,
    TypingEvent,
)
from hubbub.client.translate import contact_of, conversation_of, entry_of, presence_of, reminder_of, user_of
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.timeline import Timeline

Since = Literal["now", "unread", "beginning"]
"""Where a client that holds nothing begins: with what comes, what is unread, or the first entry it may see."""

HAVE_LIMIT: Final = 2_000
"""How many conversations a resume names at most (protocol.md 9.1)."""

CATCH_UP_LIMIT: Final = 100_000
"""A conversation that misses more than this many entries is reset instead of read."""

RECEIPTS_LIMIT: Final = 100
"""Above this many members nobody is shown receipts."""

FETCHES: Final = 4
"""How many pages are asked for at the same time."""


class Track:
    """What is held of one conversation."""

    __slots__ = ("conversation", "fetching", "head", "kept", "timeline")

    def __init__(self, conversation: Conversation | None, seen: int) -> None:
        self.conversation = conversation
        self.timeline: Timeline[pb.Entry] = Timeline(seen)
        self.head = seen
        """The highest seq known to exist; above `timeline.seen` means: something is missing."""
        self.kept = seen
        """The highest seq the program has dealt with; what it takes up again after a restart."""
        self.fetching = False

    @property
    def receipts(self) -> bool:
        """Whether others are shown what this person received (protocol.md 14.7)."""
        held = self.conversation
        return held is not None and held.kind in (Kind.DIRECT, Kind.GROUP) and held.member_count <= RECEIPTS_LIMIT


class Feed:
    """All conversations of one person."""

    def __init__(self, emit: Callable[[Event], None], room: Callable[[], bool], *, since: Since = "now") -> None:
        self._emit = emit
        self._room = room
        self._since: Since = since
        self.epoch = ""
        self.version = 0
        self.based = False
        """Whether the conversations were listed once, so that one not known is new."""
        self.tracks: dict[str, Track] = {}
        self._unknown: dict[str, int] = {}
        """Heads of conversations whose state has not come yet."""
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._fetching = 0
        self.rows_missing = False
        """Whether rows of this person must be asked for (`get_user_state` since `version`)."""
        self.changed: Callable[[str, Track], None] = lambda _id, _track: None
        """Called when a conversation is new, has new rows or jumped, for those who keep it."""

    # ------------------------------------------------------------ what is held

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self._wanted and not self._fetching and not self.rows_missing

    @property
    def hungry(self) -> bool:
        """Whether there is something to ask for."""
        return bool(self._wanted) or self.rows_missing

    def have(self) -> Iterator[pb.Head]:
        """Yield what a resume names: the most recent conversations, at most as many as the server takes."""
        tracks = list(self.tracks.items())
        if len(tracks) > HAVE_LIMIT:
            tracks.sort(key=lambda pair: pair[1].conversation.last_time_ms if pair[1].conversation else 0)
        for conversation_id, track in tracks[-HAVE_LIMIT:]:
            yield pb.Head(conversation_id=conversation_id, seq=track.timeline.seen)

    def restore(self, epoch: str, version: int, held: Iterable[tuple[Conversation, int]]) -> None:
        """Take up what an earlier run had kept."""
        self.epoch, self.version, self.based = epoch, version, True
        for conversation, seen in held:
            self.tracks[conversation.id] = Track(conversation, seen)

    def forget(self, epoch: str, reason: str) -> None:
        """Begin anew under another epoch: numbers of the old one mean nothing."""
        self.tracks.clear()
        self._unknown.clear()
        self._wanted.clear()
        self._fetching = 0
        self.rows_missing = False
        self.epoch, self.version, self.based = epoch, 0, False
        self._emit(ResetEvent("", reason))

    def disconnected(self) -> None:
        """Requests under way will not be answered; what they were for is wanted still."""
        self._fetching = 0
        for conversation_id, track in self.tracks.items():
            track.fetching = False
            if track.head > track.timeline.seen:
                self._wanted[conversation_id] = None

    # ------------------------------------------------------------ rows of the person

    def listed(self, states: Iterable[pb.ConversationState]) -> None:
        """Take states from a list: whole, and as new as their `as_of` says."""
        for state in states:
            self._row(state)

    def user_state(self, state: pb.UserState) -> None:
        """Take rows that were pushed (protocol.md 11.3)."""
        if state.version <= self.version:
            return
        if state.since_version > self.version:
            self.rows_missing = True
            return
        self._rows(state)

    def rows_answered(self, state: pb.UserState) -> None:
        """Take the rows changed since `version`, which were asked for."""
        self.rows_missing = state.more
        self._rows(state)
        if not state.more:
            # Whatever one is in has a row by now; what is still unknown is none of ours.
            self._unknown.clear()

    def _rows(self, state: pb.UserState) -> None:
        held, self.version = self.version, max(self.version, state.version)
        for row in state.conversations:
            self._row(row)
        for contact in state.contacts:
            if contact.version > held:
                self._emit(ContactEvent(contact_of(contact)))
        for reminder in state.reminders:
            if reminder.version > held:
                self._emit(ReminderEvent(reminder_of(reminder)))

    def _row(self, state: pb.ConversationState) -> None:
        conversation = conversation_of(state)
        track = self.tracks.get(conversation.id)
        if track is None:
            track = Track(conversation, self._begin(conversation))
            self.tracks[conversation.id] = track
            track.head = max(track.head, self._unknown.pop(conversation.id, 0))
        else:
            held = track.conversation
            if held is not None and (held.version, held.as_of) >= (conversation.version, conversation.as_of):
                self._raise_head(conversation.id, track, conversation.as_of)
                return
            track.conversation = conversation
        self._emit(ConversationEvent(conversation))
        self.changed(conversation.id, track)
        self._raise_head(conversation.id, track, conversation.as_of)

    def _begin(self, conversation: Conversation) -> int:
        """Return the seq after which a conversation that is new to this client is shown."""
        first = conversation.intervals[0][0] if conversation.intervals else 1
        if self._since == "now" and not self.based:
            return conversation.as_of
        if self._since == "beginning":
            return first - 1
        read = conversation.read_seq
        if self.based and conversation.kind in (Kind.DIRECT, Kind.GROUP):
            # New to this person, not only to this client: the entry that brought them in counts as read, and is shown.
            read -= 1
        return max(read, first - 1)

    # ------------------------------------------------------------ entries

    def page(self, page: pb.EntryPage) -> None:
        """Take entries that were pushed."""
        track = self.tracks.get(page.conversation_id)
        if track is None:
            if page.from_seq > 1 or page.reset:
                self._unknown[page.conversation_id] = max(page.to_seq, self._unknown.get(page.conversation_id, 0))
                self.rows_missing = True
                return
            track = self.tracks[page.conversation_id] = Track(None, 0)
            self.rows_missing = True
        self._take(page.conversation_id, track, page)

    def fetched(self, conversation_id: str, page: pb.EntryPage | HubbubError) -> None:
        """Take the answer to a fetch."""
        track = self.tracks.get(conversation_id)
        if track is None or not track.fetching:
            return
        track.fetching = False
        self._fetching -= 1
        if isinstance(page, HubbubError):
            if not page.retry:
                # Not ours to read (any more): what is there does not concern this person.
                track.head = track.timeline.seen
            elif track.head > track.timeline.seen:
                self._wanted[conversation_id] = None
            return
        before = track.timeline.seen
        if page.as_of > track.head:
            track.head = page.as_of
        self._take(conversation_id, track, page)
        if track.timeline.seen == before and self._room() and page.to_seq <= before:
            # The log ends here for this reader, whatever a head said.
            track.head = before

    def _take(self, conversation_id: str, track: Track, page: pb.EntryPage) -> None:
        timeline = track.timeline
        if page.reset:
            if page.to_seq - timeline.seen > CATCH_UP_LIMIT or page.to_seq < timeline.seen:
                timeline.reset(page.to_seq)
                track.kept = page.to_seq
                track.head = max(track.head, page.to_seq)
                self.changed(conversation_id, track)
                self._emit(ResetEvent(conversation_id, "too much is missing"))
            else:
                self._raise_head(conversation_id, track, page.to_seq)
            return
        if not self._room():
            self._raise_head(conversation_id, track, page.to_seq)
            return
        entries = page.entries
        if len(entries) == 1 and page.from_seq == page.to_seq:
            released = timeline.receive(page.to_seq, entries[0])
        else:
            released = timeline.cover(page.from_seq, page.to_seq, [(entry.seq, entry) for entry in entries])
        for entry in released:
            self._emit(EntryEvent(entry_of(entry)))
        # A page of a resume may end before the head, by its size; the rest is fetched (protocol.md 8.4).
        self._raise_head(conversation_id, track, max(page.to_seq, page.as_of))

    def heads(self, heads: Iterable[pb.Head]) -> None:
        """Take word that entries exist."""
        for head in heads:
            track = self.tracks.get(head.conversation_id)
            if track is not None:
                self._raise_head(head.conversation_id, track, head.seq)
            else:
                self._unknown[head.conversation_id] = max(head.seq, self._unknown.get(head.conversation_id, 0))
                self.rows_missing = True

    def _raise_head(self, conversation_id: str, track: Track, head: int) -> None:
        if head > track.head:
            track.head = head
        if track.head > track.timeline.seen and not track.fetching:
            self._wanted[conversation_id] = None

    # ------------------------------------------------------------ best effort

    def marks(self, marks: pb.Marks) -> None:
        """Take word of what others read."""
        if self._room():
            rows = tuple(Mark(m.user_id, m.read_seq, m.delivered_seq) for m in marks.marks)
            self._emit(MarksEvent(marks.conversation_id, rows))

    def typing(self, typing: pb.Typing) -> None:
        """Take word that somebody types."""
        if self._room():
            self._emit(TypingEvent(typing.conversation_id, typing.user_id, typing.typing))

    def presence(self, presence: pb.Presence) -> None:
        """Take word that somebody came or went."""
        if self._room():
            self._emit(PresenceEvent(presence_of(presence)))

    def profile(self, user: pb.User) -> None:
        """Take word that somebody is called or shown another way."""
        if self._room():
            self._emit(ProfileEvent(user_of(user)))

    def signed_in(self, new: pb.SignIn) -> None:
        """Take word that somebody signed in to this account from a new device."""
        if self._room():
            self._emit(SignedInEvent(new.login_id, new.device_name, new.address, new.time_ms))

    def emoji(self, changed: pb.EmojiChanged) -> None:
        """Take word that the place's own emoji are others."""
        if self._room():
            self._emit(EmojiEvent(changed.version))

    # ------------------------------------------------------------ what to ask for

    def wanted(self) -> Iterator[tuple[str, int]]:
        """Yield (conversation, after_seq) to fetch now; each counts as asked for once it was yielded."""
        while self._wanted and self._fetching < FETCHES and self._room():
            conversation_id, _ = self._wanted.popitem(last=False)
            track = self.tracks.get(conversation_id)
            if track is None or track.fetching or track.head <= track.timeline.seen:
                continue
            track.fetching = True
            self._fetching += 1
            yield conversation_id, track.timeline.seen

    def joined(self) -> list[Conversation]:
        """Return the conversations this person is in, as last heard of."""
        known = (track.conversation for track in self.tracks.values())
        return [c for c in known if c is not None and c.state is MemberState.JOINED]
