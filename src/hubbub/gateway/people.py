"""Who is here: people, and the sessions of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubbub.gateway.session import Session


class Person:
    """Somebody with at least one session on this node."""

    __slots__ = ("_entering", "_floor", "_rows", "channels", "departed", "sessions", "user_id")

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.sessions: list[Session] = []
        self.channels: list[str] = []
        """The large conversations this person's sessions listen to.  A list, because most people are in few and there
        is one per person."""
        self.departed: frozenset[str] | set[str] = frozenset()
        """While a session enters: conversations left since, because the audience it reads may be older than that."""
        self._entering = 0
        self._floor = 0
        self._rows: dict[str, int] | None = None

    def knows(self, version: int) -> None:
        """Learn that all this person's rows were read at this version: what older ones say is over."""
        self._floor = max(self._floor, version)

    def learns(self, conversation_id: str, version: int) -> bool:
        """Take note of a row of this version; whether it is newer than what was known of that conversation.

        Rows are read first and told later, by whichever node wrote last, so an old one may come after a newer.
        """
        rows = self._rows
        if rows is None:
            rows = self._rows = {}
        if version <= self.learned(conversation_id):
            return False
        rows[conversation_id] = version
        return True

    def learned(self, conversation_id: str) -> int:
        """Return the version up to which this person's place in a conversation is known."""
        return max(self._floor, (self._rows or {}).get(conversation_id, 0))

    def drop(self, conversation_id: str) -> None:
        """Forget a conversation this person's sessions listened to."""
        self.channels = [name for name in self.channels if name != conversation_id]

    def begin_entering(self) -> None:
        """Begin to note the conversations this person leaves."""
        if self._entering == 0:
            self.departed = set()
        self._entering += 1

    def end_entering(self) -> None:
        """Stop noting them when no other session is entering."""
        self._entering -= 1
        if self._entering == 0:
            self.departed = frozenset()

    def note(self, conversation_id: str, *, joined: bool) -> None:
        """Note that this person is, or is no longer, in a conversation."""
        if isinstance(self.departed, set):
            (self.departed.discard if joined else self.departed.add)(conversation_id)


class People:
    """Everybody on this node by user id."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self.get = self._people.get

    def __len__(self) -> int:
        return len(self._people)

    def everybody(self) -> Iterable[Person]:
        return self._people.values()

    def enter(self, session: Session) -> Person:
        """Add a session to its person, who is made with the first one."""
        person = self._people.get(session.user_id)
        if person is None:
            person = self._people[session.user_id] = Person(session.user_id)
        person.sessions.append(session)
        session.person = person
        return person

    def leave(self, session: Session) -> Person | None:
        """Take a session away; return its person if that was the last one."""
        person, session.person = session.person, None
        if person is None:
            return None
        person.sessions.remove(session)
        if person.sessions:
            return None
        if self._people.get(person.user_id) is person:
            del self._people[person.user_id]
        return person
