"""The feed of one large conversation on this node: its listeners here and how far they were told.

Small conversations are addressed to people and need no state.  A large one has one feed for all its listeners, which
finds gaps in what the bus brought and holds what came early.  It does no I/O: what is missing is the owner's to fetch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hubbub.chat.model import MAX_SEQ, Entry
from hubbub.gateway import audience, mapping_out
from hubbub.gateway.encoding import Push
from hubbub.gateway.people import Person
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.timeline import Timeline

if TYPE_CHECKING:
    from hubbub.gateway.session import Session

EARLY_LIMIT = 1024
"""Entries kept while it is not known yet where the feed begins."""


class Channel:
    """One large conversation with at least one listener here."""

    __slots__ = ("_early", "_edges", "doubted", "fetching", "id", "opened", "sessions", "timeline", "waiting")

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self.sessions: set[Session] = set()
        self.doubted: dict[str, Person] = {}
        """Who listened before a part was skipped that may have removed them; they hear nothing until it is known."""
        self.timeline: Timeline[Entry] = Timeline()
        self.opened = False
        """Whether the feed knows where it begins."""
        self.waiting = False
        """Whether a look at a gap is due."""
        self.fetching = False
        self._early: list[Entry] = []
        self._edges: audience.Spans = {}
        """Listeners who may not see everything that is still to come."""

    @property
    def pushed(self) -> int:
        """The seq up to which the listeners were told."""
        return self.timeline.seen

    def open(self, seq: int) -> list[Entry]:
        """Begin after `seq`; return what came since and is in order."""
        if self.opened:
            self.timeline.announce(seq)
            return []
        self.opened = True
        self.timeline.reset(seq)
        early, self._early = self._early, []
        released: list[Entry] = []
        for entry in early:
            released += self.timeline.receive(entry.seq, entry)
        return released

    # ------------------------------------------------------------ listeners

    def join(self, person: Person, first_seq: int = 0) -> None:
        """Let this person's sessions hear entries from `first_seq` on."""
        self._admit(person)
        if first_seq > self.pushed + 1:
            self._edges[person.user_id] = [(first_seq, MAX_SEQ)]
        else:
            self._edges.pop(person.user_id, None)

    def enter(self, person: Person, head: int) -> None:
        """Let this person's sessions hear what comes after `head`; what is known of their place stays."""
        if self.has(person):
            self.sessions.update(person.sessions)
        else:
            self.join(person, head + 1 if self.opened else 0)

    def part(self, person: Person, last_seq: int) -> None:
        """Let this person hear entries up to `last_seq`, and none after it."""
        if not self.has(person):
            return
        if last_seq <= self.pushed:
            self._remove(person)
        else:
            self._edges[person.user_id] = audience.until(self._edges.get(person.user_id), last_seq)

    def doubt(self) -> None:
        """Let nobody hear anything more until it is known who they are."""
        for session in self.sessions:
            if session.person is not None:
                self.doubted[session.user_id] = session.person
        for person in self.doubted.values():
            person.drop(self.id)
        self.sessions.clear()
        self._edges.clear()

    def has(self, person: Person) -> bool:
        """Whether this person listens; a session that is still entering may not be among the listeners yet."""
        return any(session in self.sessions for session in person.sessions)

    def _admit(self, person: Person) -> None:
        if not self.has(person):
            person.channels.append(self.id)
        self.sessions.update(person.sessions)

    def _remove(self, person: Person) -> None:
        self._edges.pop(person.user_id, None)
        person.drop(self.id)
        self.sessions.difference_update(person.sessions)

    # ------------------------------------------------------------ entries

    def receive(self, entries: Sequence[Entry]) -> list[Entry]:
        """Take entries from the bus; return those that are in order now."""
        if not self.opened:
            if len(self._early) < EARLY_LIMIT:
                self._early += entries
            return []
        return self.timeline.cover(entries[0].seq, entries[-1].seq, [(entry.seq, entry) for entry in entries])

    def push(self, entries: Sequence[Entry], newcomers: Iterable[Person] = ()) -> None:
        """Tell the listeners of entries that are in order.

        `newcomers` are the people on this node whom the entries may add.
        """
        first, last = entries[0].seq, entries[-1].seq
        if audience.changes_members(entries):
            self._change(entries, {person.user_id: person for person in newcomers})
        whole = entries_push(self.id, first, last, entries)
        if not self._edges:
            for session in self.sessions:
                if session.live:
                    session.write(whole.ready(session.encoding))
                else:
                    session.push(whole, self.id, last)
            return
        for session in list(self.sessions):
            edge = self._edges.get(session.user_id)
            if edge is None:
                session.push(whole, self.id, last)
            elif part := audience.visible(entries, edge):
                session.push(entries_push(self.id, part[0].seq, part[-1].seq, part), self.id, part[-1].seq)
        self._settle(last)

    def _change(self, entries: Sequence[Entry], newcomers: dict[str, Person]) -> None:
        for name, ranges in audience.spans(entries).items():
            person = newcomers.get(name)
            if person is not None and ranges[-1][1] == MAX_SEQ and not self.has(person):
                self._admit(person)
            known = self._edges.get(name)
            if ranges[0][0] == 0:
                # They were in before: only the end of what they may see is news.
                self._edges[name] = audience.until(known, ranges[0][1]) + ranges[1:]
            else:
                self._edges[name] = (known or []) + ranges

    def _settle(self, last: int) -> None:
        """Drop the edges that no later entry can touch, with the listeners whom they cut off."""
        gone = {name for name, ranges in self._edges.items() if ranges[-1][1] <= last}
        for session in list(self.sessions):
            if session.user_id in gone:
                self.sessions.discard(session)
                if session.person is not None:
                    session.person.drop(self.id)
        self._edges = {
            name: ranges
            for name, ranges in self._edges.items()
            if name not in gone and (ranges[-1][0] > last or ranges[-1][1] < MAX_SEQ)
        }


def entries_push(conversation_id: str, from_seq: int, to_seq: int, entries: Sequence[Entry]) -> Push:
    """Return the push that tells of these entries."""
    return Push(pb.ServerFrame(entries=mapping_out.entries(conversation_id, from_seq, to_seq, to_seq, entries)))
