"""What people are called: asked once, kept on this machine, and known without a connection from then on."""

from __future__ import annotations

from collections.abc import Iterable

from hubbub.base.ids import NOBODY
from hubbub.client import Client, Conversation, Kind, User
from hubbub.terminal.local_log import LocalLog
from hubbub.terminal.safe import line, lined_up

PER_REQUEST = 100


class People:
    """Everybody this person has met."""

    def __init__(self, client: Client, log: LocalLog) -> None:
        self._client = client
        self._log = log
        self.known: dict[str, User] = {}
        self._absent: set[str] = set()
        """Ids nobody goes by; not asked for again in this run."""
        self._asking: set[str] = set()

    def remembered(self, people: Iterable[User]) -> None:
        """Take up who was met earlier."""
        for user in people:
            self.known.setdefault(user.id, user)

    async def learn(self, user_ids: Iterable[str]) -> bool:
        """Ask for those not known yet; True if there is news.  Raises HubbubError without a connection."""
        unknown = [id_ for id_ in dict.fromkeys(user_ids) if id_.strip("0") and not self._has(id_)][:PER_REQUEST]
        if not unknown:
            return False
        self._asking.update(unknown)
        try:
            found = await self._client.users(unknown)
        finally:
            self._asking.difference_update(unknown)
        self._absent.update(set(unknown) - {user.id for user in found})
        await self.met(found)
        return bool(found)

    async def met(self, people: Iterable[User]) -> None:
        """Keep people as the server has just described them."""
        fresh = [user for user in people if self.known.get(user.id) != user]
        self.known |= {user.id: user for user in fresh}
        if fresh:
            await self._log.remember(people=fresh)

    def name(self, user_id: str) -> str:
        """Return a person's name, or the beginning of an id nobody is known to go by; safe to show."""
        if user_id == NOBODY or not user_id:
            return "hubbub"
        user = self.known.get(user_id)
        return line(lined_up(user.username)) if user else user_id[:8]

    def named(self, username: str) -> User | None:
        """Return the person called `username`, if met before."""
        wanted = username.casefold()
        return next((user for user in self.known.values() if user.username.casefold() == wanted), None)

    def title(self, conversation: Conversation) -> str:
        """Return what a conversation is called: #title, or @name for a private chat; safe to show."""
        if conversation.kind is Kind.DIRECT:
            return f"@{self.name(conversation.peer_id)}"
        if conversation.kind is Kind.SYSTEM:
            return f"#{line(lined_up(conversation.title)) or 'announcements'}"
        return f"#{line(lined_up(conversation.title)) or conversation.id[:8]}"

    def _has(self, user_id: str) -> bool:
        return user_id in self.known or user_id in self._absent or user_id in self._asking
