"""From what the bus says to what each session is sent.

An event becomes bytes once per encoding and is appended to the outbox of every session that may see it; the sessions
are written once, at the end of the turn.  Nothing here waits: what needs the log (a gap, a feed that opens) is asked
for by `Feeds`.  Up to sixteen members an event names its people and no state is kept; larger conversations have a
`Channel`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hubbub.base.errors import Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import (
    MAX_SEQ,
    SMALL_AUDIENCE,
    ConversationKind,
    ConversationState,
    Entry,
    MemberAction,
    MemberChange,
    MemberState,
)
from hubbub.chat.ports import (
    RIGHTS_CHANGED,
    EntriesAppended,
    Event,
    HeadsAnnounced,
    LoginEnded,
    MarksMoved,
    TypingChanged,
    UserChanged,
)
from hubbub.gateway import audience, mapping_out
from hubbub.gateway.channel import Channel, entries_push
from hubbub.gateway.encoding import Push
from hubbub.gateway.people import People, Person
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.feeds import Feeds
    from hubbub.gateway.session import Session

_RECENT = 65_536
"""How many small conversations' heads are remembered, twice over, to keep repeated announcements from clients."""


class Fanout:
    """Hands events to sessions."""

    def __init__(self, people: People, feeds: Feeds, small_audience: int = SMALL_AUDIENCE) -> None:
        """`small_audience`: up to how many members a conversation is told to its people one by one."""
        self._small_audience = small_audience
        self._people = people
        self._feeds = feeds
        self._recent: dict[str, int] = {}
        self._older: dict[str, int] = {}
        self._handlers: dict[type, Callable[[Any], None]] = {
            EntriesAppended: self._entries,
            UserChanged: self._user_changed,
            MarksMoved: self._marks,
            TypingChanged: self._typing,
            HeadsAnnounced: self._heads,
            LoginEnded: self._login_ended,
        }

    def hear(self, event: Event) -> None:
        """Take one event from the bus.  Called in the loop, in the order of the publisher."""
        self._handlers[type(event)](event)

    # ------------------------------------------------------------ entries

    def _entries(self, event: EntriesAppended) -> None:
        entries = event.entries
        channel = self._feeds.get(event.conversation_id)
        if event.audience is None:
            if channel is not None:
                released = channel.receive(entries)
                if released:
                    channel.push(released, self.newcomers(released))
                self._feeds.look(channel)
            return
        if channel is not None and channel.opened:
            # Still followed from when it was larger, or just outgrown the small ones: keep its place.
            channel.timeline.cover(entries[0].seq, entries[-1].seq, ())
            limited = audience.spans(entries) if audience.changes_members(entries) else {}
            for person in self._here(event.audience):
                first_seq, last_seq = limited.get(person.user_id, [(entries[0].seq, MAX_SEQ)])[-1]
                if last_seq < MAX_SEQ:
                    channel.part(person, last_seq)
                elif person.user_id in limited or not channel.has(person):
                    # The feed may be behind, and what it lacks may be from before they came.
                    channel.join(person, first_seq)
        elif len(event.audience) > self._small_audience:
            self._feeds.grow(event.conversation_id, entries[-1].seq, self._here(event.audience))
        self._remember(event.conversation_id, entries[-1].seq)
        self._to_people(event.audience, event.conversation_id, entries)

    def _to_people(self, names: Sequence[str], conversation_id: str, entries: Sequence[Entry]) -> None:
        people = self._people
        last = entries[-1].seq
        whole = entries_push(conversation_id, entries[0].seq, last, entries)
        limited = audience.spans(entries) if audience.changes_members(entries) else {}
        for name in names:
            person = people.get(name)
            if person is None:
                continue
            if name in limited:
                part = audience.visible(entries, limited[name])
                if part:
                    push = entries_push(conversation_id, part[0].seq, part[-1].seq, part)
                    for session in person.sessions:
                        session.push(push, conversation_id, part[-1].seq)
                continue
            for session in person.sessions:
                if session.live:
                    session.write(whole.ready(session.encoding))
                else:
                    session.push(whole, conversation_id, last)

    def newcomers(self, entries: Sequence[Entry]) -> list[Person]:
        """Return the people on this node whom these entries add to a conversation."""
        names: set[str] = set()
        for entry in entries:
            change = entry.action
            if type(change) is MemberChange and change.action in (MemberAction.ADD, MemberAction.JOIN):
                names.update(change.user_ids or (entry.sender_id,))
        return self._here(names)

    def _here(self, names: Iterable[str]) -> list[Person]:
        return [person for name in names if (person := self._people.get(name)) is not None]

    def _remember(self, conversation_id: str, seq: int) -> None:
        recent = self._recent
        recent[conversation_id] = seq
        if len(recent) > _RECENT:
            self._older, self._recent = recent, {}

    # ------------------------------------------------------------ heads

    def _heads(self, event: HeadsAnnounced) -> None:
        for conversation_id, head in event.heads.items():
            channel = self._feeds.get(conversation_id)
            if channel is not None:
                if channel.opened:
                    channel.timeline.announce(head)
                    self._feeds.look(channel)
                continue
            names = event.audiences.get(conversation_id)
            if names is None:
                continue
            if len(names) > self._small_audience:
                self._feeds.grow(conversation_id, head, self._here(names))
            known = self._recent.get(conversation_id) or self._older.get(conversation_id, 0)
            if known < head:
                self._remember(conversation_id, head)
                self.announce(conversation_id, head, self._sessions(conversation_id, names))

    def catch_up(self, heads: Mapping[str, int], hearers: Mapping[str, Iterable[Session]]) -> None:
        """Announce heads of small conversations to those who hear them, but where nothing newer is known to exist."""
        for conversation_id, head in heads.items():
            known = self._recent.get(conversation_id) or self._older.get(conversation_id, 0)
            if known < head:
                self.announce(conversation_id, head, hearers[conversation_id])

    def announce(self, conversation_id: str, head: int, sessions: Iterable[Session]) -> None:
        """Tell sessions how far a conversation reaches; they fetch what they lack."""
        push = Push(pb.ServerFrame(heads=pb.Heads(heads=[pb.Head(conversation_id=conversation_id, seq=head)])))
        for session in sessions:
            session.push(push, conversation_id, head)

    # ------------------------------------------------------------ people

    def _user_changed(self, event: UserChanged) -> None:
        person = self._people.get(event.user_id)
        if person is None:
            return
        for state in event.state.conversations:
            self._place(person, state)
        push = Push(pb.ServerFrame(user_changed=mapping_out.user_state(event.state)))
        for session in person.sessions:
            session.push(push)

    def _place(self, person: Person, state: ConversationState) -> None:
        conversation_id, member = state.conversation.id, state.member
        if conversation_id == SYSTEM_CONVERSATION or not person.learns(conversation_id, member.version):
            return
        if member.state is MemberState.JOINED:
            person.note(conversation_id, joined=True)
            channel = self._feeds.get(conversation_id)
            if channel is not None:
                if not channel.has(person):
                    channel.join(person, member.intervals[-1][0] if member.intervals else 0)
            elif (
                state.conversation.member_count > self._small_audience
                # Joining a channel is no entry, so nobody would tell its members that it outgrew the small ones.
                or state.conversation.kind is ConversationKind.CHANNEL
            ):
                self._feeds.grow(conversation_id, state.conversation.head, [person])
            return
        person.note(conversation_id, joined=False)
        channel = self._feeds.get(conversation_id)
        if channel is not None:
            channel.part(person, member.intervals[-1][1] if member.intervals else 0)
            self._feeds.settle(channel)

    def _login_ended(self, event: LoginEnded) -> None:
        person = self._people.get(event.user_id)
        if person is None:
            return
        for session in list(person.sessions):
            # A session that logs itself out ends after its answer.
            if session.logged_out:
                continue
            if event.device_id and session.device_id != event.device_id:
                continue
            if event.code == RIGHTS_CHANGED:
                session.rights_changed()
            else:
                session.end(Code(event.code))

    # ------------------------------------------------------------ best effort

    def _sessions(self, conversation_id: str, names: Sequence[str] | None) -> list[Session]:
        if names is not None:
            return [session for person in self._here(names) for session in person.sessions]
        channel: Channel | None = self._feeds.get(conversation_id)
        return list(channel.sessions) if channel is not None else []

    def _marks(self, event: MarksMoved) -> None:
        push = Push(pb.ServerFrame(marks=mapping_out.marks(event.conversation_id, event.marks)))
        for session in self._sessions(event.conversation_id, event.audience):
            session.push(push)

    def _typing(self, event: TypingChanged) -> None:
        push = Push(
            pb.ServerFrame(
                typing=pb.Typing(conversation_id=event.conversation_id, user_id=event.user_id, typing=event.typing)
            )
        )
        for session in self._sessions(event.conversation_id, event.audience):
            if session.user_id != event.user_id and session.live:
                session.push(push)
